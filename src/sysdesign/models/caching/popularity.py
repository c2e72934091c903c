"""How often each key of a catalog is asked for: Zipf's law, and requests drawn from it.

Under the independent reference model each request picks key i (1 is the hottest)
with probability proportional to i ** -skew, whatever came before. Real requests
also cluster in time; where they do, replay a trace instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sysdesign.compiled import njit

EXACT_RANKS = 10_000  # the hottest keys are counted one by one
RANK_STEP = 1e-3  # beyond them, ranks within 0.1% of each other share one probability


@dataclass(frozen=True)
class Popularity:
    """Classes of equally popular keys: `keys[j]` keys with request probability `probability[j]` each."""

    probability: np.ndarray
    keys: np.ndarray

    @property
    def catalog_keys(self) -> float:
        return float(self.keys.sum())


@lru_cache(maxsize=32)
def zipf(catalog_keys: int, skew: float) -> Popularity:
    """Zipf's law over a catalog of any size, in bounded memory.

    Ranks beyond 10,000 are binned by 0.1%, with the mean weight of each bin
    (the midpoint rule for the sum); the error in a hit ratio is below 1e-6.
    """
    exact = np.arange(1, min(catalog_keys, EXACT_RANKS) + 1, dtype=float)
    weights, keys = exact**-skew, np.ones_like(exact)
    if catalog_keys > EXACT_RANKS:
        edges = _bin_edges(catalog_keys)
        tail_keys = np.diff(edges)
        tail = _power_sum(edges[:-1] + 0.5, edges[1:] + 0.5, skew) / tail_keys
        weights, keys = np.concatenate((weights, tail)), np.concatenate((keys, tail_keys))
    probability = weights / (weights * keys).sum()
    probability.flags.writeable = keys.flags.writeable = False
    return Popularity(probability, keys)


def _bin_edges(catalog_keys: int) -> np.ndarray:
    bins = int(np.ceil(np.log(catalog_keys / EXACT_RANKS) / RANK_STEP)) + 1
    edges = np.unique(np.rint(np.geomspace(EXACT_RANKS, catalog_keys, bins + 1)))
    edges[0], edges[-1] = EXACT_RANKS, catalog_keys
    return edges


def _power_sum(low: np.ndarray, high: np.ndarray, skew: float) -> np.ndarray:
    """The integral of x ** -skew, stable also where skew is near 1."""
    near_one = 1 - skew
    if abs(near_one) < 1e-8:
        return np.log(high / low)
    return low**near_one * np.expm1(near_one * np.log(high / low)) / near_one


@lru_cache(maxsize=2)
def _distribution(catalog_keys: int, skew: float) -> tuple[np.ndarray, np.ndarray]:
    """Zipf's distribution function over keys 0 to catalog_keys - 1, and a guide into it.

    `guide[j]` is where the search for numbers from j / catalog_keys on starts, which makes a draw
    constant work on average.
    """
    cumulative = np.cumsum(np.arange(1, catalog_keys + 1, dtype=float) ** -skew)
    cumulative /= cumulative[-1]
    guide = np.searchsorted(cumulative, np.arange(catalog_keys) / catalog_keys, side="right")
    cumulative.flags.writeable = guide.flags.writeable = False
    return cumulative, guide


@njit()
def _draw(uniform: np.ndarray, cumulative: np.ndarray, guide: np.ndarray) -> np.ndarray:
    """The key of each uniform number: the first whose distribution function exceeds it."""
    keys = np.empty(uniform.size, np.int64)
    for at in range(uniform.size):
        key = guide[int(uniform[at] * guide.size)]
        while key > 0 and cumulative[key - 1] > uniform[at]:  # the product above may have been rounded up
            key -= 1
        while cumulative[key] <= uniform[at]:
            key += 1
        keys[at] = key
    return keys


@dataclass
class Workload:
    """An endless stream of requests: Zipf over a catalog, mixed with a scan over keys outside it.

    Each request belongs to the scan with probability `scan_share`; the scan asks
    for keys `catalog_keys`, `catalog_keys` + 1, ... in order and starts over after `scan_keys`.
    The stream depends on the seed alone, not on how it is cut into chunks of equal size.
    """

    catalog_keys: int
    skew: float
    scan_share: float
    scan_keys: int
    seed: int

    def __post_init__(self) -> None:
        self._random = np.random.Generator(np.random.PCG64(self.seed))
        self._scanned = 0

    def requests(self, count: int) -> np.ndarray:
        """The next `count` keys."""
        keys = _draw(self._random.random(count), *_distribution(self.catalog_keys, self.skew))
        if self.scan_share > 0:
            scanning = np.flatnonzero(self._random.random(count) < self.scan_share)
            position = (self._scanned + np.arange(scanning.size)) % self.scan_keys
            keys[scanning] = self.catalog_keys + position
            self._scanned += scanning.size
        return keys
