"""Retries: how many, at which layer, with what budget and backoff, and when they keep a service down."""

from sysdesign.models.retries import backoff, ladders, lasting, load, metastable
from sysdesign.models.retries.backoff import contention, schedule
from sysdesign.models.retries.ladders import ladder
from sysdesign.models.retries.lasting import rescued
from sysdesign.models.retries.load import amplification, attempts_for, budget, client_throttle, layered, throttled_load
from sysdesign.models.retries.metastable import metastable_loop

__all__ = [
    "amplification",
    "attempts_for",
    "budget",
    "client_throttle",
    "contention",
    "ladder",
    "layered",
    "metastable_loop",
    "rescued",
    "schedule",
    "throttled_load",
]

MODELS = (*load.MODELS, *lasting.MODELS, *ladders.MODELS, *backoff.MODELS, *metastable.MODELS)


def warm() -> None:
    """Compile the kernels of every part."""
    backoff.warm()
