"""Eviction policies, each after its paper, as compiled loops over a chunk of requests.

All take the same arguments: `ids` are keys numbered from 0, and `hit` is filled in.
A key that misses is always brought in, unless the policy decides on admission.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.models.caching.lists import NEWEST, NONE, OLDEST, SIZE, State, add_newest, take_oldest, take_out

CACHED = 1  # place of a cached key, where one list is enough


@njit()
def fifo(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """First in, first out: a hit changes nothing."""
    lists, place = state.lists, state.place
    for at in range(ids.size):
        key = ids[at]
        if place[key] == CACHED:
            hit[at] = True
            continue
        if lists[0, SIZE] == capacity:
            place[take_oldest(state, 0)] = 0
        add_newest(state, 0, key)
        place[key] = CACHED


@njit()
def lru(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """Least recently used: a hit moves the key to the newest end.

    The list is handled in local variables, several times faster than through lists.py.
    """
    lists, older, newer, place = state.lists, state.older, state.newer, state.place
    newest, oldest, size = lists[0, NEWEST], lists[0, OLDEST], lists[0, SIZE]
    for at in range(ids.size):
        key = ids[at]
        if place[key] == CACHED:
            hit[at] = True
            if key == newest:
                continue
            before, after = newer[key], older[key]
            older[before] = after
            if after == NONE:
                oldest = before
            else:
                newer[after] = before
        else:
            if size == capacity:
                place[oldest] = 0
                oldest = newer[oldest]
                if oldest == NONE:
                    newest = NONE
                else:
                    older[oldest] = NONE
            else:
                size += 1
            place[key] = CACHED
        older[key], newer[key] = newest, NONE
        if newest == NONE:
            oldest = key
        else:
            newer[newest] = key
        newest = key
    lists[0, NEWEST], lists[0, OLDEST], lists[0, SIZE] = newest, oldest, size


@njit()
def clock(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """CLOCK (Corbato 1968) as FIFO with reinsertion: a key read since it was last looked at stays once more."""
    lists, place, mark = state.lists, state.place, state.mark
    for at in range(ids.size):
        key = ids[at]
        if place[key] == CACHED:
            hit[at] = True
            mark[key] = 1
            continue
        while lists[0, SIZE] == capacity:
            victim = take_oldest(state, 0)
            if mark[victim] == 1:
                mark[victim] = 0
                add_newest(state, 0, victim)
            else:
                place[victim] = 0
        add_newest(state, 0, key)
        place[key] = CACHED
        mark[key] = 0


@njit()
def sieve(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """SIEVE (Zhang et al. 2024): as CLOCK, but a spared key keeps its position and the hand moves on."""
    lists, newer, place, mark, register = state.lists, state.newer, state.place, state.mark, state.register
    for at in range(ids.size):
        key = ids[at]
        if place[key] == CACHED:
            hit[at] = True
            mark[key] = 1
            continue
        if lists[0, SIZE] == capacity:
            hand = register[0] if register[0] != NONE else lists[0, OLDEST]
            while mark[hand] == 1:
                mark[hand] = 0
                hand = newer[hand] if newer[hand] != NONE else lists[0, OLDEST]
            register[0] = newer[hand]
            take_out(state, 0, hand)
            place[hand] = 0
        add_newest(state, 0, key)
        place[key] = CACHED
        mark[key] = 0


SMALL, MAIN, GHOST = 0, 1, 2  # S3-FIFO's queues
MOST_READS = 3  # its two-bit counter


@njit()
def s3fifo(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """S3-FIFO (Yang et al. 2023): a small queue (10%), a main queue, and a ghost of the main queue's size.

    A key leaves the small queue for the main one if it was read at least twice
    there, else for the ghost; a key found in the ghost enters the main queue.
    This is the paper's version; `s3fifo-simulator` is what the authors' simulator does today.
    """
    lists, place, mark = state.lists, state.place, state.mark
    small = max(capacity // 10, 1)
    main = capacity - small
    for at in range(ids.size):
        key = ids[at]
        if place[key] == SMALL + 1 or place[key] == MAIN + 1:
            hit[at] = True
            mark[key] = min(mark[key] + 1, MOST_READS)
            continue
        seen = place[key] == GHOST + 1
        if seen:
            take_out(state, GHOST, key)
            place[key] = 0
        while lists[SMALL, SIZE] + lists[MAIN, SIZE] >= capacity:
            if lists[MAIN, SIZE] > main:  # always so where the small queue is empty
                _s3fifo_evict_main(state)
            else:
                _s3fifo_evict_small(main, state)
        queue = MAIN if seen else SMALL
        add_newest(state, queue, key)
        place[key] = queue + 1
        mark[key] = 0


@njit()
def s3fifo_simulator(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """S3-FIFO as libCacheSim's `S3FIFO` runs it, which differs from the paper's (its `S3FIFOv0`) in one rule.

    Until the first eviction a new key goes into the main queue once the small one is full, and
    stays until the main queue turns over. What that changes in the hit ratio: nothing to half a
    point on the OLTP trace; up to 14.65 points on libCacheSim's CloudPhysics sample (30,000 of
    48,974 keys cached), where keys come back after more than the cache holds; 44.4% instead of
    27.7% for a loop over 600 keys through 500; 0.01 to 0.2 points for a million Zipf(0.9)
    requests. `s3fifo` here is the paper's. A small queue of one key, below a capacity of 20,
    admits here what the simulator turns away. register[0] says that a key was evicted.
    """
    lists, place, mark, register = state.lists, state.place, state.mark, state.register
    small, ghosts = max(int(capacity * 0.1), 1), int(capacity * 0.9)
    main = capacity - small
    for at in range(ids.size):
        key = ids[at]
        if place[key] == SMALL + 1 or place[key] == MAIN + 1:
            hit[at] = True
            mark[key] = min(mark[key] + 1, MOST_READS)
            continue
        seen = place[key] == GHOST + 1
        if seen:
            take_out(state, GHOST, key)
            place[key] = 0
        while lists[SMALL, SIZE] + lists[MAIN, SIZE] >= capacity:
            register[0] = 1
            if lists[MAIN, SIZE] > main or lists[SMALL, SIZE] == 0:
                _s3fifo_evict_main(state)
            else:
                _s3fifo_evict_small(ghosts, state)
        filling = register[0] == 0 and lists[SMALL, SIZE] >= small
        queue = MAIN if seen or filling else SMALL
        add_newest(state, queue, key)
        place[key] = queue + 1
        mark[key] = 0


@njit()
def _s3fifo_evict_small(ghosts: int, state: State) -> None:
    lists, place, mark = state.lists, state.place, state.mark
    while lists[SMALL, SIZE] > 0:
        key = take_oldest(state, SMALL)
        if mark[key] > 1:
            mark[key] = 0
            add_newest(state, MAIN, key)
            place[key] = MAIN + 1
            continue
        place[key] = 0
        if ghosts > 0:
            if lists[GHOST, SIZE] == ghosts:
                place[take_oldest(state, GHOST)] = 0
            add_newest(state, GHOST, key)
            place[key] = GHOST + 1
        return


@njit()
def _s3fifo_evict_main(state: State) -> None:
    place, mark = state.place, state.mark
    while True:
        key = take_oldest(state, MAIN)
        if mark[key] == 0:
            place[key] = 0
            return
        mark[key] -= 1
        add_newest(state, MAIN, key)


T1, T2, B1, B2 = 0, 1, 2, 3  # ARC's lists: seen once, seen again, and the ghosts of both


@njit()
def arc(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """ARC (Megiddo & Modha 2003, figure 4): the target size of T1 follows hits in the ghosts. register[0] is p."""
    lists, place, register = state.lists, state.place, state.register
    for at in range(ids.size):
        key = ids[at]
        held = place[key] - 1
        if held in (T1, T2):
            hit[at] = True
            take_out(state, held, key)
        elif held in (B1, B2):
            recent, frequent = lists[B1, SIZE], lists[B2, SIZE]
            if held == B1:
                register[0] = min(register[0] + max(frequent / recent, 1.0), float(capacity))
            else:
                register[0] = max(register[0] - max(recent / frequent, 1.0), 0.0)
            _arc_replace(held == B2, state)
            take_out(state, held, key)
        else:
            _arc_make_room(capacity, state)
        target = T1 if held < 0 else T2
        add_newest(state, target, key)
        place[key] = target + 1


@njit()
def _arc_make_room(capacity: int, state: State) -> None:
    lists, place = state.lists, state.place
    once = lists[T1, SIZE] + lists[B1, SIZE]
    known = once + lists[T2, SIZE] + lists[B2, SIZE]
    if once == capacity:
        if lists[T1, SIZE] < capacity:
            place[take_oldest(state, B1)] = 0
            _arc_replace(False, state)
        else:
            place[take_oldest(state, T1)] = 0
    elif known >= capacity:
        if known == 2 * capacity:
            place[take_oldest(state, B2)] = 0
        _arc_replace(False, state)


@njit()
def _arc_replace(in_b2: bool, state: State) -> None:
    lists, place, register = state.lists, state.place, state.register
    once = lists[T1, SIZE]
    if once > 0 and (once > register[0] or (in_b2 and once == register[0])):
        key, ghost = take_oldest(state, T1), B1
    else:
        key, ghost = take_oldest(state, T2), B2
    add_newest(state, ghost, key)
    place[key] = ghost + 1
