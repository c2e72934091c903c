"""Caches whose capacity is in bytes, for the policies that keep one list: FIFO, LRU, CLOCK, SIEVE.

An object keeps the size it had when it came in, and one larger than the cache never enters.
Objects leave, as the policy chooses them, until the new one fits.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.errors import InvalidInput
from sysdesign.models.caching.lists import NONE, OLDEST, SIZE, State, add_newest, take_oldest, take_out

CODES = {"fifo": 0, "lru": 1, "clock": 2, "sieve": 3}
LRU, CLOCK, SIEVE = CODES["lru"], CODES["clock"], CODES["sieve"]
HAND, HELD = 0, 1  # of the register: SIEVE's hand, bytes cached


class SizedCache:
    """One cache of a capacity in bytes, with its counts. Raises InvalidInput for a policy without sizes here."""

    def __init__(self, policy: str, capacity_bytes: float) -> None:
        if policy not in CODES:
            raise InvalidInput(f"capacity_bytes works with {', '.join(CODES)}; for {policy} give capacity_keys")
        self.policy, self.capacity_bytes = policy, int(capacity_bytes)
        self.requests = self.hits = self.requested_bytes = self.hit_bytes = 0
        lists = np.full((1, 6), NONE, np.int64)
        lists[0, SIZE] = 0
        number = np.empty(0, np.int32)
        self._state = State(lists, number, number, np.empty(0, np.int8), number, np.array([NONE, 0]))
        self._bytes = np.empty(0, np.int64)

    @property
    def hit_ratio(self) -> float:
        return self.hits / self.requests if self.requests else 0.0

    def request(self, ids: np.ndarray, sizes: np.ndarray, distinct: int) -> np.ndarray:
        """Ask for keys, numbered below `distinct`, with the sizes of their objects; says which of them hit."""
        if distinct > self._bytes.size:
            more = max(distinct, 2 * self._bytes.size) - self._bytes.size
            state = self._state
            older, newer, place, mark = (
                np.concatenate((each, np.zeros(more, each.dtype)))
                for each in (state.older, state.newer, state.place, state.mark)
            )
            self._state = State(state.lists, older, newer, place, mark, state.register)
            self._bytes = np.concatenate((self._bytes, np.zeros(more, np.int64)))
        hit = np.zeros(ids.size, np.bool_)
        sized(ids, sizes, hit, self.capacity_bytes, CODES[self.policy], self._bytes, self._state)
        self.requests += ids.size
        self.hits += int(np.count_nonzero(hit))
        return hit


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
