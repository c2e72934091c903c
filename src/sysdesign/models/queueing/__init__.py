"""Waiting for a server: how full it may run, how many are needed, and what measured traffic would have met."""

from sysdesign.models.queueing import bounded, simulation, sizing, steady_state
from sysdesign.models.queueing.bounded import mmck
from sysdesign.models.queueing.fleet_size import MODELS as FLEETS
from sysdesign.models.queueing.fleet_size import instances
from sysdesign.models.queueing.simulation import ggc, lindley
from sysdesign.models.queueing.sizing import (
    desired_replicas,
    erlang_b,
    erlang_c,
    load_for_blocking,
    servers_for_blocking,
    servers_for_wait,
)
from sysdesign.models.queueing.steady_state import at_load, kingman, littles_law, md1, mg1, mm1, mmc, vut

__all__ = [
    "at_load",
    "desired_replicas",
    "erlang_b",
    "erlang_c",
    "ggc",
    "instances",
    "kingman",
    "lindley",
    "littles_law",
    "load_for_blocking",
    "md1",
    "mg1",
    "mm1",
    "mmc",
    "mmck",
    "servers_for_blocking",
    "servers_for_wait",
    "vut",
]

MODELS = (*steady_state.MODELS, *sizing.MODELS, *FLEETS, *bounded.MODELS, *simulation.MODELS)


def warm() -> None:
    """Compile the kernels of every part."""
    for part in (steady_state, sizing, simulation):
        part.warm()
