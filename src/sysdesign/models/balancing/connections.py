"""Connections of clients over servers: subsets of them, and old ones that new servers never see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy.stats import binom

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.elementwise import broadcast, plain

MOST_CLIENTS = 100_000
FAR, FARTHER = 10, 60  # deviations and clients from the mean: beyond them, of 100,000 servers there is none


@dataclass(frozen=True)
class Subsets:
    """Connections where each client holds some servers only."""

    connections: Annotated[float, Output("Connections in all")]
    all_to_all: Annotated[float, Output("Connections if every client held every server")]
    each_server: Annotated[float, Output("Clients of a server, mean")]
    fullest: Annotated[float, Output("Clients of the fullest server, mean")]
    emptiest: Annotated[float, Output("Clients of the emptiest server, mean")]
    fullest_share: Annotated[float, Output("Fullest over mean", "share")]
    unused: Annotated[float, Output("Servers without a client, mean")]
    lost_share: Annotated[float, Output("Of a client's servers, one that is lost", "share")]


@checked
def subsets(
    clients: Annotated[int, Input("Clients", low=1, high=MOST_CLIENTS, default=300)] = 300,
    servers: Annotated[int, Input("Servers", low=1, high=MOST_CLIENTS, default=300)] = 300,
    subset: Annotated[
        int, Input("Servers that each client holds", low=1, high=MOST_CLIENTS, default=30, most=AtMost("servers"))
    ] = 30,
    method: Annotated[Literal["random", "dealt"], Input("How a client gets its servers", default="random")] = "random",
) -> Subsets:
    """Connections and their spread where each client holds a subset of the servers.

    Drawn at random by each client, the clients of a server are binomial, and the fullest and emptiest of all servers
    lie apart by several roots of the mean; dealt in rounds from shuffled lists (deterministic subsetting) they differ
    by one at most. Every client is taken to send the same load, so a server's load is its number of clients; the
    fullest and emptiest are means over draws, with servers taken as independent (held against drawing: within 2%).
    Load also varies where clients differ, which no dealing evens out. Takes single numbers, no arrays.
    Raises InvalidInput where a subset is larger than the servers. Source: google-sre-balancing-2016.

    >>> round(subsets(300, 300, 30).fullest), subsets(300, 300, 30, "dealt").fullest
    (45, 30.0)
    """
    if subset > servers:
        raise InvalidInput(f"subset is {subset} of {servers} servers; give at most {servers}")
    mean = clients * subset / servers
    fullest, emptiest, unused = _drawn(clients, servers, subset) if method == "random" else _dealt(mean, servers)
    found = (clients * subset, clients * servers, mean, fullest, emptiest, fullest / mean, unused, 1 / subset)
    return Subsets(*map(float, found))


def _drawn(clients: int, servers: int, subset: int) -> tuple[float, float, float]:
    """Mean of the largest and least of so many binomial numbers, and how many are 0."""
    share = min(subset / servers, 1.0)
    law, mean = binom(clients, share), clients * share
    reach = FAR * math.sqrt(mean * (1 - share)) + FARTHER
    lowest = max(0, math.floor(mean - reach))  # all servers have more, and none has more than the last
    counts = np.arange(lowest, min(clients, math.ceil(mean + reach)))
    largest = lowest + np.sum(-np.expm1(servers * law.logcdf(counts)))
    least = lowest + np.sum(np.exp(servers * law.logsf(counts)))
    return float(largest), float(least), float(servers * law.pmf(0))


def _dealt(mean: float, servers: int) -> tuple[float, float, float]:
    return float(np.ceil(mean)), float(np.floor(mean)), servers * max(0.0, 1 - mean)


@dataclass(frozen=True)
class LongLived:
    """A grown fleet whose old connections stay where they were."""

    new_share: Annotated[float, Output("Load of a new server, of its fair share", "share")]
    old_share: Annotated[float, Output("Load of an old server, of its fair share", "share")]
    even_s: Annotated[float, Output("Until a new server has that much of its fair share", "s")]
    moved: Annotated[float, Output("Connections opened anew since", "share")]
    opened_per_s: Annotated[float, Output("Connections opened a second, all servers", "1/s")]
    new_opened_per_s: Annotated[float, Output("Of these, at one new server at first", "1/s")]


@checked
def long_lived(
    servers: Annotated[float, Input("Servers before", low=1, high=1e6, default=10)] = 10,
    added: Annotated[float, Input("Servers added", low=0.01, high=1e6, default=5)] = 5,
    connections: Annotated[float, Input("Open connections", low=1, high=1e10, default=50_000)] = 50_000,
    life_s: Annotated[
        float, Input("Life of a connection, mean", "s", low=0.001, high=1e9, default=86_400, help="if nobody ends it")
    ] = 86_400,
    max_age_s: Annotated[
        float, Input("Age at which servers end one", "s", low=0, high=1e9, default=1800, help="0: never")
    ] = 1800,
    after_s: Annotated[float, Input("Time since the servers were added", "s", low=0, high=1e9, default=600)] = 600,
    picking: Annotated[Literal["even", "fewest"], Input("New connections go", default="even")] = "even",
    wanted: Annotated[
        float, Input("Of its fair share, what a new server is to have", "share", low=0.01, high=0.999, default=0.9)
    ] = 0.9,
) -> LongLived:
    """How slowly servers that are added get load where connections live long.

    Only a connection that is opened anew can reach a new server. Lives are random (exponential), cut at `max_age_s`,
    and connections are of all ages when the servers are added: the share opened anew by t is that of a residual life.
    Picked evenly, a new server's part of its fair share is just that share, however many are added. Picked by fewest
    connections, all reopened ones go to the new servers until these are level, which is sooner and sends each a burst
    of handshakes and first requests. All connections are taken to carry the same load; where nobody ends them
    (`max_age_s` 0 and long lives) the fleet stays uneven. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from renewal theory; no source needed.

    >>> round(long_lived(10, 5, life_s=1e9, max_age_s=1800, after_s=900).new_share, 3)
    0.5
    """
    given = (servers, added, connections, life_s, max_age_s, after_s, wanted)
    before, more, count, life, age, time, goal = broadcast(*given)
    end = np.where(age > 0, np.maximum(age, 0.001), 1e12)
    ever = -np.expm1(-end / life)  # of connections, those that end by themselves before that age
    moved = np.minimum(-np.expm1(-np.minimum(time, end) / life) / ever, 1.0)
    fair = more / (before + more)
    new = moved if picking == "even" else np.minimum(moved / fair, 1.0)
    needed = goal if picking == "even" else goal * fair
    even_s = np.minimum(-life * np.log1p(-needed * ever), end)
    opened = count / (life * ever)
    first = opened * (fair if picking == "even" else 1.0) / more
    old = (1 - new * fair) / (1 - fair)
    found = (new, old, even_s, moved, opened, first)
    return LongLived(*map(plain, np.broadcast_arrays(*found)))


def _spread(inputs: Mapping[str, Any], result: Subsets) -> str:
    return (
        f"{several(inputs['clients'], 'client', 'hold')} {amount(result.connections)} connections in place of "
        f"{amount(result.all_to_all)}; the fullest server has {amount(result.fullest)} clients where the mean is "
        f"{amount(result.each_server)} and the emptiest {amount(result.emptiest)}."
    )


def _aged(inputs: Mapping[str, Any], result: LongLived) -> str:
    return (
        f"{duration(inputs['after_s']).capitalize()} after the growth a new server has {percent(result.new_share)} of "
        f"its fair share and an old one {percent(result.old_share)}; {percent(inputs['wanted'])} takes "
        f"{duration(result.even_s)}, at {amount(result.opened_per_s)} new connections a second."
    )


MODELS = (
    Model(subsets, "How many servers should a client hold?", _spread, "10-networking", "10-networking/subsets"),
    Model(long_lived, "When do new servers get their load?", _aged, "10-networking", "10-networking/long-lived"),
)
