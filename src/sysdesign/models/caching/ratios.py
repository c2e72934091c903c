"""Hit ratios without replaying a request: characteristic times and exact sums.

All assume the independent reference model (see popularity.py) and a cache that
has reached its steady state, with keys of equal size.
Che, Tung & Wang 2002 found the LRU approximation; why it holds: fricker-2012, and for
other policies martina-2014. The exact values, after King 1971 (LRU) and Gelenbe
1973 (FIFO, RANDOM), are derived at their functions.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.models.caching.popularity import Popularity

NODES_PER_UNIT = 16  # of the logarithm of time, for the exact LRU integral


def occupancy(popularity: Popularity, policy: str, time: float) -> np.ndarray:
    """Probability that a key of each class is cached, at a characteristic time in requests.

    LRU keeps a key that was asked for within the time. FIFO and RANDOM keep a
    key for that long on average after each miss.
    """
    demand = popularity.probability * time
    return -np.expm1(-demand) if policy == "lru" else demand / (1 + demand)


def characteristic_time(popularity: Popularity, policy: str, capacity_keys: float) -> float:
    """The time, in requests, at which the expected number of cached keys is the capacity.

    Newton's method on the logarithm of the time, kept inside a bracket.
    The capacity must be below the catalog.
    """
    low, high = np.log(capacity_keys), np.log(capacity_keys)
    while _expected_keys(popularity, policy, np.exp(high)) < capacity_keys:
        high += 2.0
    point = 0.5 * (low + high)
    for _ in range(200):
        excess = _expected_keys(popularity, policy, np.exp(point)) - capacity_keys
        low, high = (point, high) if excess < 0 else (low, point)
        step = excess / _expected_keys_slope(popularity, policy, np.exp(point))
        newton = point - step
        if abs(step) < 1e-13 * max(1.0, abs(point)):
            break
        point = newton if low < newton < high else 0.5 * (low + high)
    return float(np.exp(point))


def _expected_keys(popularity: Popularity, policy: str, time: float) -> float:
    return float((popularity.keys * occupancy(popularity, policy, time)).sum())


def _expected_keys_slope(popularity: Popularity, policy: str, time: float) -> float:
    """Derivative of the expected number of keys with respect to the logarithm of time."""
    demand = popularity.probability * time
    slope = demand * np.exp(-demand) if policy == "lru" else demand / (1 + demand) ** 2
    return float((popularity.keys * slope).sum())


def approximate(popularity: Popularity, policy: str, capacity_keys: float) -> tuple[float, float]:
    """Hit ratio and characteristic time (in requests). A cache of the whole catalog always hits."""
    if capacity_keys >= popularity.catalog_keys:
        return 1.0, float("inf")
    time = characteristic_time(popularity, policy, capacity_keys)
    hit = (popularity.keys * popularity.probability * occupancy(popularity, policy, time)).sum()
    return min(float(hit), 1.0), time


def exact_lru(probability: np.ndarray, capacity_keys: int) -> float:
    """LRU's exact hit ratio, as King's sum over stack orders, written as one integral.

    A request for key i hits if fewer than the capacity of other keys were asked
    for since its last request, t ago. With Poisson arrivals those others are
    independent given t, so the integrand is a sum over a product of two-term
    polynomials (Flajolet, Gardy & Thimonier 1992, derived here). The integral
    over log t is a trapezoid sum; its error is below 1e-10.
    """
    if capacity_keys >= len(probability):
        return 1.0
    log_time = np.arange(-32.0, np.log(60 / probability.min()), 1 / NODES_PER_UNIT)
    time = np.exp(log_time)
    absent = np.exp(-np.outer(probability, time))
    weight = (probability**2)[:, None] * absent * time
    return float(_leave_one_out(absent.T.copy(), weight.T.copy(), capacity_keys) / NODES_PER_UNIT)


@njit()
def _leave_one_out(absent: np.ndarray, weight: np.ndarray, capacity_keys: int) -> float:
    """Sum over i of weight_i times the chance that fewer than the capacity of keys other than i are present.

    A row for each time, a column for each key. Key by key, two polynomials in the number of keys present are
    multiplied by (gone + (1 - gone) z), from the highest degree down and cut off at the capacity: of all keys
    so far, and of all but one, each weighed.
    """
    total = 0.0
    for node in range(absent.shape[0]):
        everyone, without_one = np.zeros(capacity_keys), np.zeros(capacity_keys)
        everyone[0] = 1.0
        for key in range(absent.shape[1]):
            gone, weighed = absent[node, key], weight[node, key]
            for degree in range(min(key + 1, capacity_keys - 1), 0, -1):
                kept, one_less = without_one[degree] * gone, without_one[degree - 1] * (1 - gone)
                without_one[degree] = kept + one_less + weighed * everyone[degree]
                everyone[degree] = everyone[degree] * gone + everyone[degree - 1] * (1 - gone)
            without_one[0] = without_one[0] * gone + weighed * everyone[0]
            everyone[0] *= gone
        total += without_one.sum()
    return total


def warm() -> None:
    """Compile what the first request would otherwise wait for."""
    _leave_one_out(np.full((1, 2), 0.5), np.full((1, 2), 0.1), 1)


def exact_fifo(probability: np.ndarray, capacity_keys: int) -> float:
    """The exact hit ratio of FIFO and of RANDOM, which are equal (Gelenbe 1973).

    In the steady state a set of keys is cached with probability proportional to
    the product of its members' popularities: independent keys with the fixed
    point's odds, given that their number is the capacity.
    """
    if capacity_keys >= len(probability):
        return 1.0
    each = Popularity(probability, np.ones_like(probability))
    present = occupancy(each, "fifo", characteristic_time(each, "fifo", capacity_keys))
    counts, weighed = np.zeros(capacity_keys + 1), np.zeros(capacity_keys + 1)
    counts[0] = 1.0
    for chance, popularity in zip(present, probability, strict=True):
        shifted = np.concatenate(([0.0], counts[:-1]))
        grown = np.concatenate(([0.0], weighed[:-1]))
        weighed = weighed * (1 - chance) + grown * chance + popularity * chance * shifted
        counts = counts * (1 - chance) + shifted * chance
    return float(weighed[-1] / counts[-1])
