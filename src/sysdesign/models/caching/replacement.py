"""Replaying requests through caches, chunk by chunk.

Memory grows with the distinct keys seen, never with the requests, so a trace of
any length can be fed. All entries count as one key, whatever their size.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numba import njit

from sysdesign.errors import InvalidInput, nearest
from sysdesign.models.caching import frequency, policies, popularity_sketch, tinylfu
from sysdesign.models.caching.lists import NONE, SIZE, State

KERNELS = {
    "fifo": policies.fifo,
    "lru": policies.lru,
    "clock": policies.clock,
    "lfu": frequency.lfu,
    "sieve": policies.sieve,
    "s3fifo": policies.s3fifo,
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


class KeyTable:
    """Numbers distinct 64-bit keys 0, 1, 2, ... in the order of their first request."""

    def __init__(self) -> None:
        self.distinct = 0
        self._keys = np.zeros(1 << 12, np.int64)
        self._ids = np.full(1 << 12, NONE, np.int32)

    def ids(self, keys: np.ndarray) -> np.ndarray:
        """The number of each key, given out at first sight."""
        ids = np.empty(keys.size, np.int32)
        hashes, done = _hashes(keys), 0
        while True:
            done, self.distinct = _look_up(keys, hashes, done, ids, self._keys, self._ids, self.distinct)
            if done == keys.size:
                return ids
            self._grow()

    def _grow(self) -> None:
        keys, ids = self._keys[self._ids != NONE], self._ids[self._ids != NONE]
        self._keys = np.zeros(4 * self._keys.size, np.int64)
        self._ids = np.full(self._keys.size, NONE, np.int32)
        _insert(keys, _hashes(keys), ids, self._keys, self._ids)


def _hashes(keys: np.ndarray) -> np.ndarray:
    """Spread 64-bit keys evenly (the finalizer of SplitMix64), as non-negative numbers."""
    mixed = keys.astype(np.int64, copy=False).view(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)).view(np.int64)


@njit(cache=True)
def _look_up(
    keys: np.ndarray, hashes: np.ndarray, start: int, ids: np.ndarray,
    table_keys: np.ndarray, table_ids: np.ndarray, distinct: int,
) -> tuple[int, int]:  # fmt: skip
    """Number keys from `start` on, until the table is half full; returns the end reached and the distinct keys."""
    mask = table_ids.size - 1
    for at in range(start, keys.size):
        slot = hashes[at] & mask
        while table_ids[slot] != NONE and table_keys[slot] != keys[at]:
            slot = (slot + 1) & mask
        if table_ids[slot] == NONE:
            if 2 * (distinct + 1) > table_ids.size:
                return at, distinct
            table_keys[slot], table_ids[slot] = keys[at], distinct
            distinct += 1
        ids[at] = table_ids[slot]
    return keys.size, distinct


@njit(cache=True)
def _insert(
    keys: np.ndarray, hashes: np.ndarray, ids: np.ndarray, table_keys: np.ndarray, table_ids: np.ndarray
) -> None:
    mask = table_ids.size - 1
    for at in range(keys.size):
        slot = hashes[at] & mask
        while table_ids[slot] != NONE:
            slot = (slot + 1) & mask
        table_keys[slot], table_ids[slot] = keys[at], ids[at]


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
            ids = self._table.ids(keys[start : start + CHUNK].astype(np.int64))
            for cache in self.caches:
                cache.request(ids, self._table.distinct)
            self.requests += ids.size


def warm() -> None:
    """Compile every loop on a handful of requests."""
    replay = Replay(Cache(policy, 2) for policy in KERNELS)
    replay.feed(np.array([1, 2, 3, 1, 2, 4, 3, 1]))
    replay.feed(np.arange(5000))
