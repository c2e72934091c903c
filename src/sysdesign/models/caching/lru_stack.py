"""One list of keys by last request that serves LRU caches of several capacities at once."""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit

NONE = -1
OLDER, NEWER, LEVEL = 0, 1, 2  # columns of a node; 16 bytes, so that a key costs one line of the processor's cache
NEWEST, OLDEST, SIZE = 0, 1, 2


@njit(nogil=True)
def lru_stack(
    ids: np.ndarray, capacities: np.ndarray, tails: np.ndarray, nodes: np.ndarray, ends: np.ndarray, hits: np.ndarray
) -> None:
    """Replay requests; `hits[i]` counts those that the i-th capacity (they rise) has and the one before has not.

    A key's level is 0 where no cache holds it, else 1 more than the index of the smallest that does.
    `tails[i]` is the last key that fits capacity i, once as many keys are held.
    """
    last = capacities.size - 1
    newest, oldest, size = ends[NEWEST], ends[OLDEST], ends[SIZE]
    for at in range(ids.size):
        key = np.int64(ids[at])
        level = np.int64(nodes[key, LEVEL])
        if level > 0:
            hits[level - 1] += 1
            if key == newest:
                continue
            before, after = np.int64(nodes[key, NEWER]), np.int64(nodes[key, OLDER])
            if tails[level - 1] == key:
                tails[level - 1] = before
            nodes[before, OLDER] = after
            if after == NONE:
                oldest = before
            else:
                nodes[after, NEWER] = before
        nodes[key, OLDER], nodes[key, NEWER], nodes[key, LEVEL] = newest, NONE, 1
        if newest == NONE:
            oldest = key
        else:
            nodes[newest, NEWER] = key
        newest = key
        if level > 0:
            for index in range(level - 1):
                tail = tails[index]
                nodes[tail, LEVEL] = index + 2
                tails[index] = nodes[tail, NEWER]
            continue
        size += 1
        for index in range(last + 1):
            tail = tails[index]
            if tail == NONE:
                if size == capacities[index]:
                    tails[index] = oldest
                break
            tails[index] = nodes[tail, NEWER]
            if index < last:
                nodes[tail, LEVEL] = index + 2
            else:  # it is the oldest of all
                nodes[tail, LEVEL] = 0
                oldest = nodes[tail, NEWER]
                nodes[oldest, OLDER] = NONE
                size -= 1
    ends[NEWEST], ends[OLDEST], ends[SIZE] = newest, oldest, size
