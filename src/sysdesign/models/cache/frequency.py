"""Eviction policies that count: LFU and W-TinyLFU, in the form of policies.py."""

from __future__ import annotations

import numpy as np
from numba import njit

from sysdesign.models.cache.lists import NONE, OLDEST, SIZE, State, add_newest, take_oldest, take_out

# LFU: row 0 of `lists` holds (least frequent bucket, first free row, cached keys, rows used);
# every other row is a bucket of keys read equally often
COUNT, MORE, LESS = 3, 4, 5  # its count, the next higher bucket, the next lower one
LEAST, FREE, CACHED, USED = 0, 1, 2, 3


@njit(cache=True)
def lfu(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """Least frequently used, counted while cached; among equals the least recently used goes.

    `mark` is a key's bucket. Constant time a request: a hit moves the key to the next bucket.
    """
    lists, place, mark = state.lists, state.place, state.mark
    for at in range(ids.size):
        key = ids[at]
        if place[key] == 1:
            hit[at] = True
            old = mark[key]
            bucket = _bucket_above(lists, old, lists[old, COUNT] + 1)
            take_out(state, old, key)
            if lists[old, SIZE] == 0:
                _drop_bucket(lists, old)
        else:
            if lists[0, CACHED] == capacity:
                least = lists[0, LEAST]
                place[take_oldest(state, least)] = 0
                if lists[least, SIZE] == 0:
                    _drop_bucket(lists, least)
            else:
                lists[0, CACHED] += 1
            bucket = _bucket_above(lists, NONE, 1)
            place[key] = 1
        add_newest(state, bucket, key)
        mark[key] = bucket


@njit(cache=True)
def _bucket_above(lists: np.ndarray, below: int, count: int) -> int:
    """The bucket of that count, made if need be; `below` is the one under it (NONE: it is the lowest)."""
    above = lists[0, LEAST] if below == NONE else lists[below, MORE]
    if above != NONE and lists[above, COUNT] == count:
        return above
    bucket = lists[0, FREE]
    if bucket == NONE:
        lists[0, USED] += 1
        bucket = lists[0, USED]
    else:
        lists[0, FREE] = lists[bucket, MORE]
    lists[bucket, 0], lists[bucket, OLDEST], lists[bucket, SIZE] = NONE, NONE, 0
    lists[bucket, COUNT], lists[bucket, MORE], lists[bucket, LESS] = count, above, below
    if above != NONE:
        lists[above, LESS] = bucket
    if below == NONE:
        lists[0, LEAST] = bucket
    else:
        lists[below, MORE] = bucket
    return bucket


@njit(cache=True)
def _drop_bucket(lists: np.ndarray, bucket: int) -> None:
    above, below = lists[bucket, MORE], lists[bucket, LESS]
    if above != NONE:
        lists[above, LESS] = below
    if below == NONE:
        lists[0, LEAST] = above
    else:
        lists[below, MORE] = above
    lists[bucket, MORE] = lists[0, FREE]
    lists[0, FREE] = bucket


WINDOW, PROBATION, PROTECTED = 0, 1, 2
MOST = 15  # a four-bit counter
SAMPLE = 10  # counts per cached key until all are halved


@njit(cache=True)
def wtinylfu(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """W-TinyLFU (Einziger, Friedman & Manes 2017): a window before a segmented LRU that admits by frequency.

    The window is 1% of the capacity (one key at least); 80% of the rest is
    protected. The window's victim enters the rest only if it was asked for more
    often than the rest's victim. Counts stop at 15. When 10 per cached key have
    been counted, every count is halved, and so is what has been counted: from
    then on it happens after half as many. All this is as in Caffeine's sketch, but
    for a correction of rounding; the window keeps its size, which Caffeine adapts.

    Counts are exact here, of every key ever seen. Caffeine keeps four counters
    of four bits in a block of 128 and takes the least, so keys that collide look
    more popular than they are; it also lets a fairly popular loser in now and
    then, against attacks. A sketch would add the luck of its hashes to every
    result: what is left out is an error of the counting, not of the policy.
    libCacheSim differs by more: it halves after 32
    per cached key, does not count hits in the window, counts the window's
    victim once more, and raises only the least of its counters.

    `mark` is 16 times the number of halvings when the key was last counted, plus its count.
    register holds the halvings so far and what has been counted, halved with the counts.
    """
    lists, place, mark, register = state.lists, state.place, state.mark, state.register
    window = max(capacity // 100, 1)
    main = capacity - window
    protected = main * 8 // 10
    for at in range(ids.size):
        key = ids[at]
        _count(key, SAMPLE * capacity, mark, register)
        held = place[key] - 1
        if held >= 0:
            hit[at] = True
            take_out(state, held, key)
            target = WINDOW if held == WINDOW or protected == 0 else PROTECTED
            if held != WINDOW and protected == 0:
                target = PROBATION
            add_newest(state, target, key)
            place[key] = target + 1
            if lists[PROTECTED, SIZE] > protected:
                demoted = take_oldest(state, PROTECTED)
                add_newest(state, PROBATION, demoted)
                place[demoted] = PROBATION + 1
            continue
        add_newest(state, WINDOW, key)
        place[key] = WINDOW + 1
        if lists[WINDOW, SIZE] > window:
            _admit(main, state)


@njit(cache=True)
def _admit(main: int, state: State) -> None:
    """Move the window's oldest key on, or out."""
    lists, place, mark, register = state.lists, state.place, state.mark, state.register
    candidate = take_oldest(state, WINDOW)
    place[candidate] = 0
    if lists[PROBATION, SIZE] + lists[PROTECTED, SIZE] >= main:
        if main == 0:
            return
        segment = PROBATION if lists[PROBATION, SIZE] > 0 else PROTECTED
        victim = lists[segment, OLDEST]
        if _frequency(candidate, mark, register) <= _frequency(victim, mark, register):
            return
        take_out(state, segment, victim)
        place[victim] = 0
    add_newest(state, PROBATION, candidate)
    place[candidate] = PROBATION + 1


@njit(cache=True)
def _count(key: int, sample: int, mark: np.ndarray, register: np.ndarray) -> None:
    halvings = int(register[0])
    before = _frequency(key, mark, register)
    mark[key] = 16 * halvings + min(before + 1, MOST)
    if before < MOST:
        register[1] += 1
        if register[1] >= sample:
            register[0], register[1] = halvings + 1, sample // 2


@njit(cache=True)
def _frequency(key: int, mark: np.ndarray, register: np.ndarray) -> int:
    missed = int(register[0]) - mark[key] // 16
    return (mark[key] % 16) >> min(missed, 4)
