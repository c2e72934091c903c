"""A cache that is bounded twice: by its memory, as LRU, and by the age of its entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from sysdesign.models.declaration import Input, Output, checked
from sysdesign.probability.elementwise import plain

HOTTEST = 12  # keys counted one by one
BINS = 44  # classes of alike popularity for all keys beyond
ROUNDS = 60  # of Newton's method at most; about eight are taken
FOREVER = 1e12  # seconds


@dataclass(frozen=True)
class Bounded:
    """An LRU cache with a time to live, in its steady state."""

    hit_ratio: Annotated[float, Output("Hit ratio", "share")]
    origin_per_s: Annotated[float, Output("Requests that reach the origin", "1/s")]
    stale_share: Annotated[float, Output("Answers older than the last change", "share")]
    expired_share: Annotated[float, Output("Requests that miss because of the time to live alone", "share")]
    unread_s: Annotated[float, Output("Time an unread key stays cached, at most 10^12 s", "s")]


@checked
def lru_ttl(
    capacity_keys: Annotated[float, Input("Entries that memory holds", "keys", low=1, high=1e10, default=5000)],
    ttl_s: Annotated[float, Input("Time to live", "s", low=1e-3, high=1e9, default=300)],
    catalog_keys: Annotated[
        float, Input("Distinct keys asked for", "keys", low=2, high=1e10, default=100_000)
    ] = 100_000,
    skew: Annotated[float, Input("Zipf skew of popularity", low=0, high=3, default=0.9, help="0 is uniform")] = 0.9,
    requests_per_s: Annotated[float, Input("Requests for all keys", "1/s", low=1e-3, high=1e9, default=1000)] = 1000,
    changes_per_s: Annotated[float, Input("Changes of each value", "1/s", low=0, high=1e4, default=0.0001)] = 0.0001,
) -> Bounded:
    """Hit ratio of an LRU cache whose entries also expire, under Zipf's law.

    A request hits if its key was read within the characteristic time C, at which the cache is
    full on average (Che's approximation), and was fetched no longer than the time to live ago.
    Expired entries keep their place until they are read or pushed out, as in caches that
    look at the time when they read: so C is that of the cache without a time to live. A
    cache that holds the whole catalog pushes out nothing, and only the time to live is left.

    The age of an entry that outlives C is taken to be exponential from there on, with the mean
    that it has without a time to live: exact where the time to live is below C or without end.
    Assumes independent requests (the independent reference model), Poisson arrivals and
    changes, keys of one size. Elementwise over arrays: keys beyond the hottest are counted in
    classes, which moves a hit ratio by less than 0.001.
    Raises InvalidInput where an input is out of range. Source: fricker-2012 for the
    characteristic time; the rest is a renewal argument, given at the formulas.

    >>> round(lru_ttl(5000, 1e9).hit_ratio, 3)
    0.515
    """
    inputs = (capacity_keys, ttl_s, catalog_keys, skew, requests_per_s, changes_per_s)
    shape = np.broadcast_shapes(*(np.shape(each) for each in inputs))
    capacity, ttl, catalog, skews, rate, change = (
        np.broadcast_to(np.asarray(each, dtype=float), shape).reshape(-1, 1) for each in inputs
    )
    keys, popularity = _classes(np.maximum(np.rint(catalog), 2), skews)
    each = rate * popularity
    unread = _characteristic_time(keys, each, capacity)
    hits, stale = _hits(each, ttl, unread, change)

    def share(of: np.ndarray) -> np.ndarray:
        return np.sum(keys * popularity * of, axis=1).reshape(shape)

    ratio = share(hits / (1 + hits))
    return Bounded(
        plain(ratio),
        plain((1 - ratio) * rate.reshape(shape)),
        plain(share(stale / (1 + hits))),
        plain(np.maximum(share(-np.expm1(-each * unread)) - ratio, 0.0)),
        plain(unread.reshape(shape)),
    )


def _classes(catalog: np.ndarray, skew: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys of each class and the popularity of one, a row for each cache: the hottest alone, the others in bins."""
    ranks = np.arange(1, HOTTEST + 1, dtype=float)
    steps = np.linspace(0, 1, BINS + 1)
    edges = (HOTTEST + 0.5) * (np.maximum(catalog + 0.5, HOTTEST + 0.5) / (HOTTEST + 0.5)) ** steps
    wide = np.diff(edges, axis=1)
    rest = _power_sum(edges[:, :-1], edges[:, 1:], skew) / np.maximum(wide, 1e-300)
    keys = np.concatenate((np.where(ranks <= catalog, 1.0, 0.0), wide), axis=1)
    weights = np.concatenate((ranks**-skew, rest), axis=1)
    return keys, weights / np.sum(keys * weights, axis=1, keepdims=True)


def _power_sum(low: np.ndarray, high: np.ndarray, skew: np.ndarray) -> np.ndarray:
    """The integral of x ** -skew, stable also where skew is near 1."""
    near_one = 1 - skew
    safe = np.where(np.abs(near_one) < 1e-8, 1.0, near_one)
    log = np.log(high / low)
    return np.where(np.abs(near_one) < 1e-8, log, low**safe * np.expm1(safe * log) / safe)


def _characteristic_time(keys: np.ndarray, rates: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """The time at which the cache is full on average.

    Newton in logarithms: the logarithm of the keys cached is concave in that of the time, and the start,
    from requests that are all for different keys, is left of the root.
    """
    catalog = np.sum(keys, axis=1, keepdims=True)
    bounded = capacity < catalog * (1 - 1e-6)
    wanted = np.where(bounded, capacity, catalog / 2)
    time = wanted / np.sum(keys * rates, axis=1, keepdims=True)
    for _ in range(ROUNDS):
        demand = rates * time
        unread = np.exp(-demand)
        cached = np.sum(keys * -np.expm1(-demand), axis=1, keepdims=True)
        step = np.log(wanted / cached) * cached / np.sum(keys * demand * unread, axis=1, keepdims=True)
        time = time * np.exp(step)
        if np.all(np.abs(step) < 1e-10):
            break
    return np.where(bounded, np.minimum(time, FOREVER), FOREVER)


def _hits(rate: np.ndarray, ttl: np.ndarray, unread: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hits after each fetch, and how many of them see an older value.

    An entry is there for sure until it was unread for C or is as old as the time to live; after C it is still
    there with the chance 1 - exp(-rate C), and from then on leaves at the rate that gives the exact
    number of hits, exp(rate C) - 1, where nothing expires.
    """
    sure, later = np.minimum(ttl, unread), np.maximum(ttl - unread, 0.0)
    demand = np.minimum(rate * unread, 600.0)
    kept = -np.expm1(-demand)
    beyond = np.where(demand < 1e-3, demand**2 / 2 * (1 + demand / 3), np.expm1(demand) - demand)
    leaving = np.maximum(rate * kept / np.maximum(beyond, 1e-300), 1e-300)
    hits = rate * sure - beyond * np.expm1(-leaving * later)
    known = np.maximum(change, 1e-300)
    aged = np.where(change * sure < 1e-5, change * sure**2 / 2, sure + np.expm1(-change * sure) / known)
    both = leaving + change
    after = -np.expm1(-leaving * later) / leaving + np.exp(-change * sure) * np.expm1(-both * later) / both
    return hits, rate * (aged + kept * np.maximum(after, 0.0))
