"""Lists of instances that clients hold: how much of them is dead, and what that costs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import numpy as np
from scipy.special import gammaln, roots_genlaguerre

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, duration, percent, several

Array = np.ndarray
AGES, WEIGHTS = np.polynomial.legendre.leggauss(16)  # of a list asked for at intervals, evenly spread
ROUNDS = 20  # of a fixed point that settles quickly
SETTLED = 1e-13
FEW = 1e-3  # failures before an entry is passed over
SUMMED = 30.0  # dead entries; for more an integral is shorter than the sum, and as exact
LAGUERRE = 24


@dataclass(frozen=True)
class Staleness(Lazy):
    """Dead entries in a client's list, and requests that meet them."""

    stale_s: Annotated[float, Output("Time that a crashed instance stays in a list, mean", "s")]
    stale_most_s: Annotated[float, Output("Time that it stays, at most", "s")]
    dead_entries: Annotated[float, Output("Dead entries in a list, mean")]
    met_share: Annotated[float, Output("Requests whose first pick is dead", "share")]
    failed_share: Annotated[float, Output("Requests that fail after the retries", "share")]
    failed_per_million: Annotated[float, Output("Of a million requests, those that fail")]
    added_ms: Annotated[float, Output("Wait that dead entries add to a request, mean", "ms")]
    hidden_share: Annotated[float, Output("Of live instances, those not yet in the list", "share")]


@checked
def staleness(
    instances: Annotated[float, Input("Live instances", low=1, high=100_000, default=50)] = 50,
    crashes_per_h: Annotated[float, Input("Crashes, all instances", "1/h", low=0, high=1e5, default=1)] = 1,
    replaced_per_h: Annotated[
        float,
        Input("Planned replacements, all instances", "1/h", low=0, high=1e6, default=50, help="deployments, scaling"),
    ] = 50,
    detect_s: Annotated[
        float, Input("Until a crash is noticed", "s", low=0, high=1e5, default=15, help="heartbeats or checks")
    ] = 15,
    publish_s: Annotated[
        float,
        Input(
            "Until the list's writer has told it", "s", low=0, high=1e5, default=1, help="where pushed, the whole way"
        ),
    ] = 1,
    refresh_s: Annotated[
        float, Input("Age at which a client asks anew", "s", low=0, high=1e6, default=30, help="TTL or poll; 0: pushed")
    ] = 30,
    drain_s: Annotated[
        float,
        Input("Time that a replaced instance still serves after it is taken off", "s", low=0, high=1e5, default=10),
    ] = 10,
    retries: Annotated[int, Input("Retries, each at another entry", low=0, high=5, default=1)] = 1,
    eject_after: Annotated[
        int, Input("Failures after which a client passes an entry over", low=0, high=100, default=0, help="0: never")
    ] = 0,
    client_per_s: Annotated[
        float, Input("Requests of one client", "1/s", low=0, high=1e6, default=20, help="for passing entries over")
    ] = 20,
    connect_ms: Annotated[
        float, Input("Time that an attempt at a dead entry takes", "ms", low=0, high=1e6, default=200)
    ] = 200,
) -> Staleness:
    """Share of requests that clients send to instances that are gone, before and after retries.

    A crashed instance stays in a client's list until it is noticed, told and asked for again: detection, publishing,
    and an even spread from 0 to `refresh_s` (each client asks at its own moment). One replaced on purpose is taken off
    first and serves on for `drain_s`; it is dead for what of the news comes later. Departures are random and
    independent, so that the dead entries in a list of some age are Poisson, with mean rate times time, beside
    `instances` live ones. Requests pick an entry evenly; each retry picks another that the request has not
    tried. A client passes an entry over once its own requests failed there so often, and learns by these alone.
    Crashes that come together (a zone, a bad deployment) leave more dead entries at a time, and retries help less.
    A new instance is hidden until clients ask again, told by `hidden_share`. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the mechanism; no source needed.

    >>> round(staleness(50, 3600 / 35 / 50, 0, 35, 0, 0).dead_entries, 6)
    0.02
    """
    given = (
        instances, crashes_per_h, replaced_per_h, detect_s, publish_s, refresh_s, drain_s, retries, eject_after,
        client_per_s, connect_ms,
    )  # fmt: skip
    arrays = tuple(np.asarray(each, dtype=float) for each in given)
    live, crashes, changes, detect, publish, refresh, _, again, eject, rate, wait = arrays
    unheard = detect + publish + refresh
    dead = _dead(*(each[..., None] for each in (*arrays[:7], eject, rate)))
    all_dead = cache(lambda tries: _over_ages(_all_dead(dead, live[..., None], tries)))  # the first pick and retries
    failed = cache(lambda: _by_count(again, lambda retried: all_dead(retried + 1)))
    return Staleness.later(
        np.broadcast_shapes(*(each.shape for each in arrays)),
        stale_s=lambda: unheard - refresh / 2,
        stale_most_s=lambda: unheard,
        dead_entries=lambda: _over_ages(dead),
        met_share=lambda: all_dead(1),
        failed_share=failed,
        failed_per_million=lambda: failed() * 1e6,
        added_ms=lambda: (
            wait
            * _by_count(again, lambda retried: sum((all_dead(tries + 1) for tries in range(retried + 1)), np.zeros(())))
        ),
        hidden_share=lambda: np.minimum((crashes + changes) * (publish + refresh / 2) / 3600 / live, 1),
    )


def _by_count(counts: Array, told: Callable[[int], Array]) -> Array:
    """What is told of each whole number, where it stands."""
    found: Array = np.zeros(())
    for count in np.unique(counts).astype(int).tolist():
        found = np.where(counts == count, told(count), found)
    return found


def _dead(
    live: Array, crashes: Array, changes: Array, detect: Array, publish: Array, refresh: Array, drain: Array,
    eject: Array, rate: Array,
) -> Array:  # fmt: skip
    """Dead entries in a list that are still picked, mean; its ages on the last axis, one where no list ages."""
    ages = refresh * (AGES + 1) / 2 if np.any(refresh) else np.zeros(1)
    crashed = detect + publish + ages
    taken_off = np.maximum(publish - drain + ages, 0)
    found = np.zeros(1)
    for _ in range(ROUNDS if np.any(eject) else 1):  # the more dead entries, the seldomer one of them is picked
        asked, before = rate / (live + found), found
        found = (crashes * _met(crashed, asked, eject) + changes * _met(taken_off, asked, eject)) / 3600
        if np.all(np.abs(found - before) <= SETTLED * found):
            break
    return found


def _over_ages(values: Array) -> Array:
    """The mean over the ages of a list, which are evenly spread."""
    return values[..., 0] if values.shape[-1] == 1 else np.asarray((values * WEIGHTS / 2).sum(axis=-1))


def _met(times: Array, asked: Array, eject: Array) -> Array:
    """Time for which an entry that is dead so long is still picked: until its end, or until it failed so often."""
    if not np.any(eject) or not np.any(times):
        return times
    met = asked * times
    return np.where((eject > 0) & (met > 1e-9), _cut_off(met, eject) / np.where(asked > 0, asked, 1.0), times)


def _cut_off(mean: Array, most: Array) -> Array:
    """The mean of a Poisson number, none counted as more than `most`, a whole number: most - sum of (most - k) p(k)."""
    mean = np.minimum(mean, 700.0)  # of more, none is so few
    chance = np.exp(-mean)
    short = most * chance
    for k in range(1, int(most.max())):
        chance = chance * (mean / k)
        short = short + np.maximum(most - k, 0) * chance
    few = mean < FEW  # where that would cancel: the mean less what lies beyond
    if not np.any(few):
        return most - short
    beyond = np.exp((most + 1) * np.log(np.maximum(mean, 1e-300)) - mean - gammaln(most + 2))
    after = mean / (most + 2) * (2 + 3 * mean / (most + 3))
    return np.where(few, mean - beyond * (1 + after), most - short)


def _all_dead(dead: Array, live: Array, tries: int) -> Array:
    """Chance that so many different entries of a list are all dead, for a Poisson number of dead ones."""
    shape = np.broadcast_shapes(dead.shape, live.shape)
    dead, live = (np.ravel(np.broadcast_to(each, shape)) for each in (dead, live))
    found, many = np.empty(dead.shape), dead > SUMMED
    for some, chance in ((~many, _summed), (many, _integrated)):
        if some.any():
            found[some] = chance(dead[some], live[some], tries)
    return found.reshape(shape)


def _summed(dead: Array, live: Array, tries: int) -> Array:
    """The same by its terms, n dead ones beyond the tries: exp(-d) d^(n + k) / n! over (L + n + 1) ... (L + n + k)."""
    term = np.exp(-dead)
    for place in range(1, tries + 1):
        term = term * dead / (live + place)
    found, left, total = np.zeros(dead.shape), np.arange(dead.size), term
    for more in itertools.count(1):
        term = term * (dead / more) * ((live + more) / (live + (more + tries)))
        total = total + term
        if more % 4 == 0:
            found[left] = total
            going_on = (term > 1e-17 * total) | (more < dead)
            if not going_on.any():
                return found
            left, total, term, dead, live = (each[going_on] for each in (left, total, term, dead, live))
    raise AssertionError  # the terms fall


def _integrated(dead: Array, live: Array, tries: int) -> Array:
    """The same as d^k / (k-1)! times the integral of v^(k-1) (1 - v)^L exp(-d v) from 0 to 1, by Gauss and Laguerre."""
    nodes, weights = roots_genlaguerre(LAGUERRE, tries - 1)
    rate = dead + live
    v = nodes / rate[:, None]
    rest = np.exp(live[:, None] * (np.log1p(-np.minimum(v, 1 - 1e-16)) + v))
    return (dead / rate) ** tries * (np.where(v < 1, rest, 0.0) @ weights) / math.factorial(tries - 1)


def _sentence(inputs: Mapping[str, Any], result: Staleness) -> str:
    return (
        f"A crashed instance stays in a list for {duration(result.stale_s)} on average; {percent(result.met_share)} "
        f"of the requests pick a dead entry, and {amount(result.failed_per_million)} of a million fail after "
        f"{several(inputs['retries'], 'retry')}."
    )


MODELS = (
    Model(staleness, "What does a dead entry in a list cost?", _sentence, "10-networking", "10-networking/staleness"),
)
