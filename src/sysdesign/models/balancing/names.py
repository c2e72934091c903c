"""Clients that find a service by name, and how long a failure hurts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import duration, percent
from sysdesign.probability.elementwise import plain

NEWTON_STEPS = 20  # at most; a handful are taken


@dataclass(frozen=True)
class NameFailover:
    """From a failure until clients are elsewhere."""

    detect_s: Annotated[float, Output("Until the failure is noticed, mean", "s")]
    detect_most_s: Annotated[float, Output("Until the failure is noticed, at most", "s")]
    mean_s: Annotated[float, Output("Time that a client is hurt, mean", "s")]
    moved_s: Annotated[float, Output("Until that share of clients has moved", "s")]
    hurt_share: Annotated[float, Output("Clients still hurt after that time", "share")]


@checked
def name_failover(
    interval_s: Annotated[float, Input("Time between health checks", "s", low=0.01, high=1e5, default=10)] = 10,
    threshold: Annotated[int, Input("Checks that must fail in a row", low=1, high=100, default=3)] = 3,
    timeout_s: Annotated[float, Input("Timeout of a check", "s", low=0, high=1e4, default=2)] = 2,
    publish_s: Annotated[float, Input("Until the name servers or the proxy know", "s", low=0, high=1e6, default=5)] = 5,
    ttl_s: Annotated[float, Input("Lifetime of the name in caches", "s", low=0, high=1e7, default=60)] = 60,
    kept_share: Annotated[float, Input("Clients that keep a name longer", "share", low=0, high=1, default=0.1)] = 0.1,
    kept_s: Annotated[
        float, Input("How long these keep it, mean", "s", low=0.001, high=1e8, default=1800, help="until a restart")
    ] = 1800,
    second_share: Annotated[
        float, Input("Clients that try another address at once", "share", low=0, high=1, default=0)
    ] = 0,
    moved: Annotated[
        float, Input("Share of clients that must have moved", "share", low=0, high=0.99999, default=0.99)
    ] = (0.99),
    after_s: Annotated[float, Input("Time after the failure to look at", "s", low=0, high=1e8, default=120)] = 120,
) -> NameFailover:
    """Time until clients have left a failed address, by health checks, the name's lifetime and those that keep it.

    A failure falls at random between two checks; it is noticed by the last of `threshold`
    failures in a row, after its timeout. A cached name has a rest of its lifetime left, evenly spread from 0 to
    all of it; some resolvers, runtimes and open connections keep an address longer, for a random (exponential) time
    whatever the lifetime. Without names (one address, a proxy) give a lifetime and a kept_share of 0.

    Shares of clients are those of a failure noticed after the mean time; one that is noticed sooner or later
    by half an interval moves them by as much. For a planned move take the checks away
    (`threshold` 1, the least interval, no timeout): what is left is how long the old address has to be drained.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Follows from the mechanism; no source needed.

    >>> name_failover(10, 3, 2, 0, 0, 0).detect_s
    27.0
    """
    given = (interval_s, threshold, timeout_s, publish_s, ttl_s, kept_share, kept_s, second_share, moved, after_s)
    every, count, timeout, publish, ttl, kept, stay, second, share, after = (np.asarray(each, float) for each in given)
    most = count * every + timeout
    noticed = most - every / 2
    known = noticed + publish
    tied = 1 - second
    mean = tied * (known + (1 - kept) * ttl / 2 + kept * stay)
    late = _left(1 - share, tied, ttl, kept, stay)
    reached = np.where(tied <= 1 - share, 0.0, known + late)
    past = after - known
    hurt = tied * np.where(past < 0, 1.0, _old(np.maximum(past, 0), ttl, kept, stay))
    found = np.broadcast_arrays(noticed, most, mean, reached, hurt)
    return NameFailover(*map(plain, found))


def _old(time: np.ndarray, ttl: np.ndarray, kept: np.ndarray, stay: np.ndarray) -> np.ndarray:
    """Share of the clients bound to a name that still use the old address so long after its change."""
    fresh = np.maximum(1 - time / np.maximum(ttl, 1e-12), 0)
    return (1 - kept) * np.where(ttl > 0, fresh, 0) + kept * np.exp(-time / stay)


def _left(rest: np.ndarray, tied: np.ndarray, ttl: np.ndarray, kept: np.ndarray, stay: np.ndarray) -> np.ndarray:
    """When no more than that share is left: Newton from 0, since the curve is convex."""
    at = np.zeros(np.broadcast_shapes(*map(np.shape, (rest, tied, ttl, kept, stay))))
    for _ in range(NEWTON_STEPS):
        beyond = tied * _old(at, ttl, kept, stay) - rest
        if beyond.max() <= 1e-9:
            break
        slope = (1 - kept) / np.maximum(ttl, 1e-12) * (at < ttl) + kept / stay * np.exp(-at / stay)
        at = at + np.maximum(beyond, 0) / np.maximum(tied * slope, 1e-300)
    return at


def _moved(inputs: Mapping[str, Any], result: NameFailover) -> str:
    return (
        f"A client is hurt for {duration(result.mean_s)} on average; {percent(inputs['moved'])} have moved after "
        f"{duration(result.moved_s)}, and {percent(result.hurt_share)} are still hurt "
        f"after {duration(inputs['after_s'])}."
    )


MODELS = (
    Model(name_failover, "How soon do clients leave a failed address?", _moved, "10-networking", "10-networking/names"),
)
