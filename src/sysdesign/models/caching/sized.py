"""Caches whose capacity is in bytes.

An object keeps the size it had when it came in, and one larger than the cache never enters.
Objects leave, as the policy chooses them, until the new one fits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sysdesign.compiled import njit
from sysdesign.errors import InvalidInput
from sysdesign.models.caching import popularity_sketch, sized_policies
from sysdesign.models.caching.lists import NONE, OLDEST, SIZE, State, add_newest, take_oldest, take_out

CODES = {"fifo": 0, "lru": 1, "clock": 2, "sieve": 3}  # of one list each
LRU, CLOCK, SIEVE = CODES["lru"], CODES["clock"], CODES["sieve"]
HAND, HELD = 0, 1  # of their register: SIEVE's hand, bytes cached
OF_SEVERAL: dict[str, Callable[..., None]] = {
    "lfu": sized_policies.lfu,
    "s3fifo": sized_policies.s3fifo,
    "s3fifo-simulator": sized_policies.s3fifo_simulator,
    "arc": sized_policies.arc,
    "wtinylfu": sized_policies.wtinylfu,
}
POLICIES = (*CODES, *OF_SEVERAL)


class SizedCache:
    """One cache of a capacity in bytes, with its counts. Raises InvalidInput for a policy without sizes here."""

    def __init__(self, policy: str, capacity_bytes: float) -> None:
        if policy not in POLICIES:  # its sketch is made for so many keys
            raise InvalidInput(f"capacity_bytes works with {', '.join(POLICIES)}; for {policy} give capacity_keys")
        self.policy, self.capacity_bytes = policy, int(capacity_bytes)
        self.requests = self.hits = self.requested_bytes = self.hit_bytes = 0
        lists = np.full((4, 6), NONE, np.int64)
        lists[:, SIZE], lists[:, sized_policies.BYTES] = 0, 0  # where LFU has its count of buckets used
        number = np.empty(0, np.int32)
        self._state = State(lists, number, number, np.empty(0, np.int8), number, _register(policy))
        self._bytes = np.empty(0, np.int64)
        self._known = np.zeros(2, np.int64)  # objects asked for, and their bytes

    @property
    def hit_ratio(self) -> float:
        return self.hits / self.requests if self.requests else 0.0

    def request(self, ids: np.ndarray, sizes: np.ndarray, distinct: int) -> np.ndarray:
        """Ask for keys, numbered below `distinct`, with the sizes of their objects; says which of them hit."""
        if distinct > self._bytes.size:
            self._make_room(max(distinct, 2 * self._bytes.size))
        hit = np.zeros(ids.size, np.bool_)
        given = (ids, sizes, hit, self.capacity_bytes)
        if self.policy in CODES:
            sized(*given, CODES[self.policy], self._bytes, self._state)
        elif self.policy == "wtinylfu":
            sized_policies.wtinylfu(*given, self._bytes, self._state, self._known)
        else:
            OF_SEVERAL[self.policy](*given, self._bytes, self._state)
        self.requests += ids.size
        self.hits += int(np.count_nonzero(hit))
        return hit

    def _make_room(self, keys: int) -> None:
        more = keys - self._bytes.size
        lists, *by_key, register = self._state
        older, newer, place, mark = (np.concatenate((each, np.zeros(more, each.dtype))) for each in by_key)
        if self.policy == "lfu":  # a bucket for each cached key at most, and one while a key moves
            lists = np.vstack((lists, np.full((max(keys + 3 - len(lists), 0), 6), NONE, np.int64)))
        self._state = State(lists, older, newer, place, mark, register)
        self._bytes = np.concatenate((self._bytes, np.full(more, NONE, np.int64)))


def _register(policy: str) -> np.ndarray:
    if policy == "wtinylfu":
        return popularity_sketch.sketch(popularity_sketch.EXACT, 1)
    return np.zeros(1) if policy == "arc" else np.array([NONE if policy == "sieve" else 0, 0])


def warm() -> None:
    """Compile every loop on a handful of requests."""
    for policy in POLICIES:
        SizedCache(policy, 3).request(np.array([0, 1, 0, 2], np.int32), np.array([1, 2, 1, 1]), 3)


@njit(nogil=True)
def sized(
    ids: np.ndarray, sizes: np.ndarray, hit: np.ndarray, capacity: int, policy: int, held: np.ndarray, state: State
) -> None:
    """Replay requests for objects with sizes; `held` is the size of each cached key."""
    place, mark, register = state.place, state.mark, state.register
    for at in range(ids.size):
        key, size = ids[at], sizes[at]
        if place[key] == 1:
            hit[at] = True
            if policy == LRU:
                take_out(state, 0, key)
                add_newest(state, 0, key)
            else:
                mark[key] = 1
            continue
        if size > capacity:
            continue
        while register[HELD] + size > capacity:
            victim = _victim(policy, state)
            place[victim] = 0
            register[HELD] -= held[victim]
        add_newest(state, 0, key)
        place[key], mark[key], held[key] = 1, 0, size
        register[HELD] += size


@njit(nogil=True)
def _victim(policy: int, state: State) -> int:
    """Take out the key that the policy lets go first."""
    lists, newer, mark, register = state.lists, state.newer, state.mark, state.register
    if policy == SIEVE:
        hand = register[HAND] if register[HAND] != NONE else lists[0, OLDEST]
        while mark[hand] == 1:
            mark[hand] = 0
            hand = newer[hand] if newer[hand] != NONE else lists[0, OLDEST]
        register[HAND] = newer[hand]
        take_out(state, 0, hand)
        return hand
    victim = take_oldest(state, 0)
    while policy == CLOCK and mark[victim] == 1:
        mark[victim] = 0
        add_newest(state, 0, victim)
        victim = take_oldest(state, 0)
    return victim
