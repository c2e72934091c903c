"""Doubly linked lists of keys in arrays, for the compiled eviction policies.

A key is a small whole number. `older[key]` and `newer[key]` are its neighbors
in the one list that holds it; a row of `lists` is (newest key, oldest key, size).
"""

from __future__ import annotations

from numba import njit

NONE = -1
NEWEST, OLDEST, SIZE = 0, 1, 2


@njit(cache=True)
def add_newest(lists, older, newer, which, key):
    """Put a key that is in no list at the newest end."""
    first = lists[which, NEWEST]
    older[key], newer[key] = first, NONE
    if first == NONE:
        lists[which, OLDEST] = key
    else:
        newer[first] = key
    lists[which, NEWEST] = key
    lists[which, SIZE] += 1


@njit(cache=True)
def take_out(lists, older, newer, which, key):
    """Take a key out of the list that holds it."""
    before, after = newer[key], older[key]
    if before == NONE:
        lists[which, NEWEST] = after
    else:
        older[before] = after
    if after == NONE:
        lists[which, OLDEST] = before
    else:
        newer[after] = before
    lists[which, SIZE] -= 1


@njit(cache=True)
def take_oldest(lists, older, newer, which):
    """Take out and return the oldest key; the list must hold one."""
    key = lists[which, OLDEST]
    take_out(lists, older, newer, which, key)
    return key
