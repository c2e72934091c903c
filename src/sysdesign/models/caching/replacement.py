"""Replaying requests through caches, chunk by chunk.

Memory grows with the distinct keys seen, never with the requests, so a trace of
any length can be fed. All entries count as one key, whatever their size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sysdesign.compiled import njit
from sysdesign.errors import InvalidInput, nearest
from sysdesign.models.caching import frequency, policies, popularity_sketch, tinylfu
from sysdesign.models.caching.lists import NONE, SIZE, State
from sysdesign.models.caching.lru_stack import lru_stack

KERNELS = {
    "fifo": policies.fifo,
    "lru": policies.lru,
    "clock": policies.clock,
    "lfu": frequency.lfu,
    "sieve": policies.sieve,
    "s3fifo": policies.s3fifo,
    "s3fifo-simulator": policies.s3fifo_simulator,
    "arc": policies.arc,
    "wtinylfu": tinylfu.wtinylfu,
    "wtinylfu-sketch": tinylfu.wtinylfu,
    "wtinylfu-doorkeeper": tinylfu.wtinylfu,
}
COUNTS = {
    "wtinylfu": popularity_sketch.EXACT,
    "wtinylfu-sketch": popularity_sketch.SKETCH,
    "wtinylfu-doorkeeper": popularity_sketch.DOORKEEPER,
}
CHUNK = 1 << 18  # requests handled at once
MOST_DISTINCT = 40_000_000  # keys in one replay: about 3 GB
MOST_DIRECT = 1 << 23  # keys below are looked up without a hash, in 32 MB at most


class KeyTable:
    """Numbers distinct 64-bit keys 0, 1, 2, ... in the order of their first request.

    Small keys are looked up directly, others by hash; at most MOST_DISTINCT keys, so that memory stays bounded.
    """

    def __init__(self) -> None:
        self.distinct = 0
        self._direct = np.full(1 << 12, NONE, np.int32)
        self._table = np.full((1 << 12, 2), NONE, np.int64)  # key and number
        self._hashed = 0  # keys in it

    def ids(self, keys: np.ndarray) -> np.ndarray:
        """The number of each key, given out at first sight. Raises InvalidInput past MOST_DISTINCT."""
        ids = np.empty(keys.size, np.int32)
        if not keys.size:
            return ids
        self._widen(int(keys.max()))
        if keys.min() >= 0 and keys.max() < self._direct.size:
            self.distinct = _look_up_directly(keys, ids, self._direct, self.distinct)
        else:
            self._look_up_all(keys, ids)
        if self.distinct > MOST_DISTINCT:
            raise InvalidInput(f"more than {MOST_DISTINCT:,} distinct keys; replay a sample of the keys")
        return ids

    def _look_up_all(self, keys: np.ndarray, ids: np.ndarray) -> None:
        hashes, done = _hashes(keys), 0
        while True:
            done, self.distinct, self._hashed = _look_up(
                keys, hashes, done, ids, self._direct, self._table, self.distinct, self._hashed
            )
            if done == keys.size:
                return
            self._grow()

    def _widen(self, largest: int) -> None:
        """Look up directly as far as keys go, as long as that is not far; keys hashed before are not small."""
        wanted = self._direct.size
        if largest >= wanted and self._hashed == 0 and largest < MOST_DIRECT:
            wider = np.full(1 << largest.bit_length(), NONE, np.int32)
            wider[:wanted] = self._direct
            self._direct = wider

    def _grow(self) -> None:
        held = self._table[self._table[:, 1] != NONE]
        self._table = np.full((4 * len(self._table), 2), NONE, np.int64)
        _insert(held, _hashes(held[:, 0]), self._table)


def _hashes(keys: np.ndarray) -> np.ndarray:
    """Spread 64-bit keys evenly (the finalizer of SplitMix64), as non-negative numbers."""
    mixed = np.ascontiguousarray(keys, np.int64).view(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)).view(np.int64)


@njit(nogil=True)
def _look_up_directly(keys: np.ndarray, ids: np.ndarray, direct: np.ndarray, distinct: int) -> int:
    for at in range(keys.size):
        number = direct[keys[at]]
        if number == NONE:
            number = distinct
            direct[keys[at]] = number
            distinct += 1
        ids[at] = number
    return distinct


@njit(nogil=True)
def _look_up(
    keys: np.ndarray, hashes: np.ndarray, start: int, ids: np.ndarray, direct: np.ndarray, table: np.ndarray,
    distinct: int, hashed: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Number keys from `start` on, until the table is half full; the end reached, distinct and hashed keys."""
    mask = len(table) - 1
    for at in range(start, keys.size):
        key = keys[at]
        if key >= 0 and key < direct.size:
            if direct[key] == NONE:
                direct[key] = distinct
                distinct += 1
            ids[at] = direct[key]
            continue
        slot = hashes[at] & mask
        while table[slot, 1] != NONE and table[slot, 0] != key:
            slot = (slot + 1) & mask
        if table[slot, 1] == NONE:
            if 2 * (hashed + 1) > len(table):
                return at, distinct, hashed
            table[slot, 0], table[slot, 1] = key, distinct
            distinct += 1
            hashed += 1
        ids[at] = table[slot, 1]
    return keys.size, distinct, hashed


@njit(nogil=True)
def _insert(held: np.ndarray, hashes: np.ndarray, table: np.ndarray) -> None:
    mask = len(table) - 1
    for at in range(len(held)):
        slot = hashes[at] & mask
        while table[slot, 1] != NONE:
            slot = (slot + 1) & mask
        table[slot, 0], table[slot, 1] = held[at, 0], held[at, 1]


class Cache:
    """One cache under one policy, with its counts of requests and hits."""

    def __init__(self, policy: str, capacity_keys: int) -> None:
        if policy not in KERNELS:
            raise InvalidInput(f"policy is {policy!r}. {nearest(policy, KERNELS, 'policies')}")
        if capacity_keys != int(capacity_keys) or capacity_keys < 1:
            raise InvalidInput(f"capacity_keys is {capacity_keys!r}; a cache holds a whole number of keys, 1 or more")
        self.policy, self.capacity_keys = policy, int(capacity_keys)
        self.requests = self.hits = 0
        lists = np.full((4, 6), NONE, np.int64)
        lists[:, SIZE], lists[0, frequency.USED] = 0, 0
        number, place = np.empty(0, np.int32), np.empty(0, np.int8)
        self._state = State(lists, number, number, place, number, _register(policy, self.capacity_keys))

    @property
    def hit_ratio(self) -> float:
        return self.hits / self.requests if self.requests else 0.0

    def request(self, ids: np.ndarray, distinct: int) -> np.ndarray:
        """Ask for keys, numbered below `distinct`, one after another; says which of them hit."""
        self._make_room(distinct)
        hit = np.zeros(ids.size, np.bool_)
        KERNELS[self.policy](ids, hit, self.capacity_keys, self._state)
        self.requests += ids.size
        self.hits += int(np.count_nonzero(hit))
        return hit

    def _make_room(self, distinct: int) -> None:
        state, known = self._state, self._state.place.size
        if distinct > known:
            more = max(distinct, 2 * known) - known
            state = state._replace(
                older=_extended(state.older, more), newer=_extended(state.newer, more),
                place=_extended(state.place, more), mark=_extended(state.mark, more),
            )  # fmt: skip
        if self.policy == "lfu":  # a bucket for each cached key at most, and one while a key moves
            rows = min(self.capacity_keys, state.place.size) + 3 - len(state.lists)
            if rows > 0:
                state = state._replace(lists=np.vstack((state.lists, np.full((rows, 6), NONE, np.int64))))
        self._state = state


def _register(policy: str, capacity_keys: int) -> np.ndarray:
    if policy in COUNTS:
        return popularity_sketch.sketch(COUNTS[policy], capacity_keys)
    # a hand that points nowhere, or zeros
    return np.array([NONE, 0]) if policy == "sieve" else np.zeros(2)


def _extended(array: np.ndarray, more: int) -> np.ndarray:
    return np.concatenate((array, np.zeros(more, array.dtype)))


class Replay:
    """The same requests fed to several caches at once.

    >>> replay = Replay([Cache("lru", 2), Cache("fifo", 2)])
    >>> replay.feed(np.array([1, 2, 1, 3, 1]))
    >>> [cache.hits for cache in replay.caches]
    [2, 1]
    """

    def __init__(self, caches: Iterable[Cache]) -> None:
        self.caches = tuple(caches)
        self.requests = 0
        self._table = KeyTable()
        self._stack = LruStack([cache for cache in self.caches if cache.policy == "lru"])
        self._others = [cache for cache in self.caches if cache.policy != "lru"]

    @property
    def distinct_keys(self) -> int:
        return self._table.distinct

    def feed(self, keys: np.ndarray) -> None:
        """Replay a chunk of 64-bit whole-number keys, after those fed before."""
        keys = np.asarray(keys)
        if keys.ndim != 1 or keys.dtype.kind not in "iu":
            raise InvalidInput(
                f"keys have type {keys.dtype} and {keys.ndim} dimensions; give a 1-D array of whole numbers"
            )
        for start in range(0, keys.size, CHUNK):
            ids = self._table.ids(keys[start : start + CHUNK].astype(np.int64, copy=False))
            self._stack.request(ids, self._table.distinct)
            for cache in self._others:
                cache.request(ids, self._table.distinct)
            self.requests += ids.size


class LruStack:
    """LRU caches of several capacities in one pass: the smaller holds the newest part of what the larger holds.

    One list serves all. Each capacity keeps a pointer to the last key that it holds; a request moves
    the pointers of the caches that missed by one, so the work grows with the misses, not with the capacities.
    """

    def __init__(self, caches: Sequence[Cache]) -> None:
        self.caches = tuple(caches)
        self._capacities = np.array(sorted({cache.capacity_keys for cache in caches}), np.int64)
        self._tails = np.full(self._capacities.size, NONE, np.int64)
        self._nodes = np.zeros((0, 4), np.int32)
        self._ends = np.array([NONE, NONE, 0])
        self._hits = np.zeros(self._capacities.size, np.int64)  # by the smallest capacity that has the key

    def request(self, ids: np.ndarray, distinct: int) -> None:
        """Ask for keys, numbered below `distinct`, one after another."""
        if not self.caches:
            return
        if distinct > len(self._nodes):
            more = np.zeros((max(distinct, 2 * len(self._nodes)) - len(self._nodes), 4), np.int32)
            self._nodes = np.concatenate((self._nodes, more))
        lru_stack(ids, self._capacities, self._tails, self._nodes, self._ends, self._hits)
        hits = dict(zip(self._capacities.tolist(), np.cumsum(self._hits).tolist(), strict=True))
        for cache in self.caches:
            cache.requests += ids.size
            cache.hits = hits[cache.capacity_keys]


def warm() -> None:
    """Compile every loop on a handful of requests."""
    replay = Replay(Cache(policy, 2) for policy in KERNELS)
    replay.feed(np.array([1, 2, 3, 1, 2, 4, 3, 1]))
    replay.feed(np.arange(5000))
