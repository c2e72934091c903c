"""Lists of instances that clients hold: how much of them is dead, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import gammainc, gammaincc, gammaln

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.elementwise import plain

AGES, WEIGHTS = np.polynomial.legendre.leggauss(16)  # of a list asked for at intervals, evenly spread
ROUNDS = 20  # of a fixed point that settles quickly
MOST_COUNTS = 1000  # dead entries; of more the number is as good as its mean


@dataclass(frozen=True)
class Staleness:
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
        instances,
        crashes_per_h,
        replaced_per_h,
        detect_s,
        publish_s,
        refresh_s,
        drain_s,
        retries,
        eject_after,
        client_per_s,
        connect_ms,
    )
    live, crashes, changes, detect, publish, refresh, drain, again, eject, rate, wait = np.broadcast_arrays(
        *(np.asarray(each, dtype=float) for each in given)
    )
    ages = refresh[..., None] * (AGES + 1) / 2  # of the client's list; deaths that it does not know follow from it
    crashed = (detect + publish)[..., None] + ages
    taken_off = np.maximum((publish - drain)[..., None] + ages, 0)
    crashes, changes, live, rate, eject = (each[..., None] for each in (crashes, changes, live, rate, eject))
    dead = np.zeros(1)
    for _ in range(ROUNDS if eject.any() else 1):  # the more dead entries, the seldomer one of them is picked
        asked = rate / (live + dead)
        dead = (crashes * _met(crashed, asked, eject) + changes * _met(taken_off, asked, eject)) / 3600
    attempts = [_over_ages(_all_dead(dead, live, tries)) for tries in range(1, int(again.max()) + 2)]
    failed = np.choose(again.astype(int), attempts)
    waited = sum(each * (again >= tries) for tries, each in enumerate(attempts)) * wait
    hidden = (crashes + changes)[..., 0] * (publish + refresh / 2) / 3600 / live[..., 0]
    found = (
        detect + publish + refresh / 2, detect + publish + refresh, _over_ages(dead), attempts[0], failed, failed * 1e6,
        waited, np.minimum(hidden, 1),
    )  # fmt: skip
    return Staleness(*map(plain, found))


def _over_ages(values: np.ndarray) -> np.ndarray:
    """The mean over the ages of a list, which are evenly spread."""
    return np.asarray((values * WEIGHTS / 2).sum(axis=-1))


def _met(times: np.ndarray, asked: np.ndarray, eject: np.ndarray) -> np.ndarray:
    """Time for which an entry that is dead so long is still picked: until its end, or until it failed so often."""
    per, limit, met = np.broadcast_arrays(asked, eject, asked * times)
    below = np.where(limit >= 2, gammaincc(np.maximum(limit - 1, 1e-9), met), 0.0)
    failures = met * below + limit * np.where(limit > 0, gammainc(np.maximum(limit, 1e-9), met), 0.0)
    passes = (limit > 0) & (met > 1e-9)
    return np.where(passes, failures / np.where(per > 0, per, 1.0), times)


def _all_dead(dead: np.ndarray, live: np.ndarray, tries: int) -> np.ndarray:
    """Chance that so many different entries of a list are all dead, for a Poisson number of dead ones."""
    few = np.minimum(dead, MOST_COUNTS)[..., None]
    counts = np.arange(int(few.max() + 12 * np.sqrt(few.max())) + 30, dtype=float)
    chance = np.exp(counts * np.log(np.maximum(few, 1e-300)) - few - gammaln(counts + 1))
    summed = (chance * _picked(counts, live[..., None], tries)).sum(axis=-1)
    return np.where(dead < MOST_COUNTS, summed, _picked(dead, live, tries))


def _picked(dead: np.ndarray, live: np.ndarray, tries: int) -> np.ndarray:
    """Chance that so many different entries are dead, of a list that holds so many dead ones."""
    left = np.maximum(dead - np.arange(tries).reshape(-1, *(1,) * np.broadcast(dead, live).ndim), 0)
    return np.asarray((left / (live + left)).prod(axis=0))


def _sentence(inputs: Mapping[str, Any], result: Staleness) -> str:
    return (
        f"A crashed instance stays in a list for {duration(result.stale_s)} on average; {percent(result.met_share)} "
        f"of the requests pick a dead entry, and {amount(result.failed_per_million)} of a million fail after "
        f"{several(inputs['retries'], 'retry')}."
    )


MODELS = (
    Model(staleness, "What does a dead entry in a list cost?", _sentence, "10-networking", "10-networking/staleness"),
)
