"""S3-FIFO, ARC, W-TinyLFU and LFU in bytes: every queue, target and ghost is so many bytes, not so many keys.

With objects of one byte each decides as in policies.py, tinylfu.py and frequency.py. An object larger than the
cache never enters; a ghost remembers the size that its object had. `held` is that size by key, and column BYTES
of a row of `lists` what its list holds.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.models.caching import frequency as buckets
from sysdesign.models.caching.lists import NONE, OLDEST, SIZE, State, add_newest, take_out
from sysdesign.models.caching.policies import B1, B2, GHOST, MAIN, MOST_READS, SMALL, T1, T2
from sysdesign.models.caching.popularity_sketch import count, frequency
from sysdesign.models.caching.tinylfu import PROBATION, PROTECTED, WINDOW

BYTES = 3  # column of a row of `lists`
MOST_FITTING = 1 << 40  # objects


@njit(nogil=True)
def put(state: State, held: np.ndarray, which: int, key: int) -> None:
    """Put a key that is in no list at the newest end of one."""
    add_newest(state, which, key)
    state.place[key] = which + 1
    state.lists[which, BYTES] += held[key]


@njit(nogil=True)
def take(state: State, held: np.ndarray, which: int, key: int) -> int:
    """Take a key out of the list that holds it, and return it."""
    take_out(state, which, key)
    state.place[key] = 0
    state.lists[which, BYTES] -= held[key]
    return key


@njit(nogil=True)
def _oldest(state: State, held: np.ndarray, which: int) -> int:
    return take(state, held, which, state.lists[which, OLDEST])


@njit(nogil=True)
def s3fifo(ids: np.ndarray, sizes: np.ndarray, hit: np.ndarray, capacity: int, held: np.ndarray, state: State) -> None:
    """S3-FIFO as in its paper: a small queue of a tenth of the bytes, a main queue, a ghost of the main queue's."""
    small = max(capacity // 10, 1)
    _s3fifo(ids, sizes, hit, capacity, capacity - small, capacity - small, False, held, state)


@njit(nogil=True)
def s3fifo_simulator(
    ids: np.ndarray, sizes: np.ndarray, hit: np.ndarray, capacity: int, held: np.ndarray, state: State
) -> None:
    """S3-FIFO as in its authors' simulator: until something leaves, what finds the small queue full goes to main.

    Here an object larger than the small queue enters it all the same, where the simulator turns it away.
    """
    small = max(int(capacity * 0.1), 1)
    _s3fifo(ids, sizes, hit, capacity, capacity - small, int(capacity * 0.9), True, held, state)


@njit(nogil=True)
def _s3fifo(
    ids: np.ndarray, sizes: np.ndarray, hit: np.ndarray, capacity: int, main: int, ghosts: int, fills: bool,
    held: np.ndarray, state: State,
) -> None:  # fmt: skip
    lists, place, mark, register = state.lists, state.place, state.mark, state.register
    for at in range(ids.size):
        key, size = ids[at], sizes[at]
        if place[key] == SMALL + 1 or place[key] == MAIN + 1:
            hit[at] = True
            mark[key] = min(mark[key] + 1, MOST_READS)
            continue
        if size > capacity:
            continue
        seen = place[key] == GHOST + 1
        if seen:
            take(state, held, GHOST, key)
        while lists[SMALL, BYTES] + lists[MAIN, BYTES] + size > capacity:
            register[0] = 1  # something leaves
            if lists[MAIN, BYTES] > main or lists[SMALL, SIZE] == 0:
                _s3fifo_evict_main(held, state)
            else:
                _s3fifo_evict_small(ghosts, held, state)
        filling = fills and register[0] == 0 and lists[SMALL, BYTES] >= capacity - main
        held[key], mark[key] = size, 0
        put(state, held, MAIN if seen or filling else SMALL, key)


@njit(nogil=True)
def _s3fifo_evict_small(ghosts: int, held: np.ndarray, state: State) -> None:
    """Move keys read twice on to the main queue, and the first that was not to the ghost."""
    lists, mark = state.lists, state.mark
    while lists[SMALL, SIZE] > 0:
        key = _oldest(state, held, SMALL)
        if mark[key] > 1:
            mark[key] = 0
            put(state, held, MAIN, key)
            continue
        if held[key] <= ghosts:
            while lists[GHOST, BYTES] + held[key] > ghosts:
                _oldest(state, held, GHOST)
            put(state, held, GHOST, key)
        return


@njit(nogil=True)
def _s3fifo_evict_main(held: np.ndarray, state: State) -> None:
    mark = state.mark
    while True:
        key = _oldest(state, held, MAIN)
        if mark[key] == 0:
            return
        mark[key] -= 1
        put(state, held, MAIN, key)


@njit(nogil=True)
def arc(ids: np.ndarray, sizes: np.ndarray, hit: np.ndarray, capacity: int, held: np.ndarray, state: State) -> None:
    """ARC, its target p (register[0]) in bytes: a hit in a ghost moves it by the object's size times the paper's step.

    Where one object's place is not enough, more leave by the same rule.
    """
    lists, place, register = state.lists, state.place, state.register
    for at in range(ids.size):
        key, size = ids[at], sizes[at]
        found = place[key] - 1
        if found in (T1, T2):
            hit[at] = True
            put(state, held, T2, take(state, held, found, key))
            continue
        if size > capacity:
            continue
        if found in (B1, B2):
            recent, frequent = max(lists[B1, BYTES], 1), max(lists[B2, BYTES], 1)
            if found == B1:
                register[0] = min(register[0] + size * max(frequent / recent, 1.0), float(capacity))
            else:
                register[0] = max(register[0] - size * max(recent / frequent, 1.0), 0.0)
            take(state, held, found, key)
        else:
            _arc_forget(capacity, size, held, state)
        while lists[T1, BYTES] + lists[T2, BYTES] + size > capacity:
            _arc_replace(found == B2, held, state)
        held[key] = size
        put(state, held, T2 if found in (B1, B2) else T1, key)


@njit(nogil=True)
def _arc_forget(capacity: int, size: int, held: np.ndarray, state: State) -> None:
    """Shorten the ghosts, so that T1 with its own holds no more than the cache and all no more than twice as much."""
    lists = state.lists
    while lists[T1, BYTES] + lists[B1, BYTES] + size > capacity:
        _oldest(state, held, B1 if lists[B1, SIZE] > 0 else T1)
    while lists[B2, SIZE] > 0 and (
        lists[T1, BYTES] + lists[T2, BYTES] + lists[B1, BYTES] + lists[B2, BYTES] + size > 2 * capacity
    ):
        _oldest(state, held, B2)


@njit(nogil=True)
def _arc_replace(in_b2: bool, held: np.ndarray, state: State) -> None:
    lists, register = state.lists, state.register
    once = lists[T1, BYTES]
    from_once = lists[T1, SIZE] > 0 and (once > register[0] or (in_b2 and once == register[0]))
    if from_once or lists[T2, SIZE] == 0:
        put(state, held, B1, _oldest(state, held, T1))
    else:
        put(state, held, B2, _oldest(state, held, T2))


@njit(nogil=True)
def wtinylfu(
    ids: np.ndarray,
    sizes: np.ndarray,
    hit: np.ndarray,
    capacity: int,
    held: np.ndarray,
    state: State,
    known: np.ndarray,
) -> None:
    """W-TinyLFU with exact counts; `known` is how many objects were asked for and their bytes, which say how many fit.

    What is larger than the window is weighed at once. A newcomer is weighed against one victim after another
    until it fits or loses to one; those that lost to it have left.
    """
    lists, place, mark, register = state.lists, state.place, state.mark, state.register
    window = max(capacity // 100, 1)
    main = capacity - window
    protected = main * 8 // 10
    for at in range(ids.size):
        key, size = ids[at], sizes[at]
        if held[key] < 0:  # never asked for
            held[key] = size
            known[0] += 1
            known[1] += size
        fitting = round(capacity / max(known[1], 1) * known[0])
        count(key, max(min(fitting, MOST_FITTING), 1), mark, register)
        found = place[key] - 1
        if found >= 0:
            hit[at] = True
            take(state, held, found, key)
            fits = held[key] <= protected
            put(state, held, WINDOW if found == WINDOW else PROTECTED if fits else PROBATION, key)
            while lists[PROTECTED, BYTES] > protected:
                put(state, held, PROBATION, _oldest(state, held, PROTECTED))
            continue
        held[key] = size
        if size > window:
            _admit(key, main, held, state)
            continue
        put(state, held, WINDOW, key)
        while lists[WINDOW, BYTES] > window:
            _admit(_oldest(state, held, WINDOW), main, held, state)


@njit(nogil=True)
def _admit(candidate: int, main: int, held: np.ndarray, state: State) -> None:
    """Let a key that is in no list into the main part, or not."""
    lists, mark, register = state.lists, state.mark, state.register
    if held[candidate] > main:
        return
    while lists[PROBATION, BYTES] + lists[PROTECTED, BYTES] + held[candidate] > main:
        segment = PROBATION if lists[PROBATION, SIZE] > 0 else PROTECTED
        victim = lists[segment, OLDEST]
        if frequency(candidate, mark, register) <= frequency(victim, mark, register):
            return
        take(state, held, segment, victim)
    put(state, held, PROBATION, candidate)


@njit(nogil=True)
def lfu(ids: np.ndarray, sizes: np.ndarray, hit: np.ndarray, capacity: int, held: np.ndarray, state: State) -> None:
    """Least frequently used, counted while cached; register[0] is the bytes cached, `mark` a key's bucket."""
    lists, place, mark, register = state.lists, state.place, state.mark, state.register
    for at in range(ids.size):
        key, size = ids[at], sizes[at]
        if place[key] == 1:
            hit[at] = True
            old = mark[key]
            bucket = buckets.bucket_above(lists, old, lists[old, buckets.COUNT] + 1)
            buckets.leave(state, old, key)
        else:
            if size > capacity:
                continue
            while register[0] + size > capacity:
                least = lists[0, buckets.LEAST]
                victim = lists[least, OLDEST]
                buckets.leave(state, least, victim)
                place[victim] = 0
                register[0] -= held[victim]
                lists[0, buckets.CACHED] -= 1
            register[0] += size
            held[key], place[key] = size, 1
            lists[0, buckets.CACHED] += 1
            bucket = buckets.bucket_above(lists, NONE, 1)
        add_newest(state, bucket, key)
        mark[key] = bucket
