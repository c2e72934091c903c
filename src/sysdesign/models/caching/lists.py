"""Doubly linked lists of keys in arrays, for the compiled eviction policies.

A key is a small whole number. `older[key]` and `newer[key]` are its neighbors
in the one list that holds it; a row of `lists` starts with newest key, oldest key, size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sysdesign.compiled import njit

NONE = -1
NEWEST, OLDEST, SIZE = 0, 1, 2


class State(NamedTuple):
    """All that a cache holds, in arrays that the compiled loops change in place."""

    lists: np.ndarray
    older: np.ndarray  # by key
    newer: np.ndarray  # by key
    place: np.ndarray  # by key: the list that holds it, from 1; 0 for none
    mark: np.ndarray  # by key: the policy's own number, a visited bit or a count
    register: np.ndarray  # the policy's few scalars


@njit()
def add_newest(state: State, which: int, key: int) -> None:
    """Put a key that is in no list at the newest end."""
    lists, older, newer = state.lists, state.older, state.newer
    first = lists[which, NEWEST]
    older[key], newer[key] = first, NONE
    if first == NONE:
        lists[which, OLDEST] = key
    else:
        newer[first] = key
    lists[which, NEWEST] = key
    lists[which, SIZE] += 1


@njit()
def take_out(state: State, which: int, key: int) -> None:
    """Take a key out of the list that holds it."""
    lists, older, newer = state.lists, state.older, state.newer
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


@njit()
def take_oldest(state: State, which: int) -> int:
    """Take out and return the oldest key; the list must hold one."""
    key = state.lists[which, OLDEST]
    take_out(state, which, key)
    return key
