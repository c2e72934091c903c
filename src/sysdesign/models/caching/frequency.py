"""Least frequently used, in constant time a request, in the form of policies.py."""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.models.caching.lists import NONE, OLDEST, SIZE, State, add_newest, take_out

# Row 0 of `lists` holds (least frequent bucket, first free row, cached keys, rows used);
# every other row is a bucket of keys read equally often
COUNT, MORE, LESS = 3, 4, 5  # its count, the next higher bucket, the next lower one
LEAST, FREE, CACHED, USED = 0, 1, 2, 3


@njit()
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
            bucket = bucket_above(lists, old, lists[old, COUNT] + 1)
            leave(state, old, key)
        else:
            if lists[0, CACHED] == capacity:
                least = lists[0, LEAST]
                victim = lists[least, OLDEST]
                leave(state, least, victim)
                place[victim] = 0
            else:
                lists[0, CACHED] += 1
            bucket = bucket_above(lists, NONE, 1)
            place[key] = 1
        add_newest(state, bucket, key)
        mark[key] = bucket


@njit()
def bucket_above(lists: np.ndarray, below: int, count: int) -> int:
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


@njit()
def leave(state: State, bucket: int, key: int) -> None:
    """Take a key out of its bucket, which goes if it was the last there."""
    take_out(state, bucket, key)
    if state.lists[bucket, SIZE] == 0:
        _drop_bucket(state.lists, bucket)


@njit()
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
