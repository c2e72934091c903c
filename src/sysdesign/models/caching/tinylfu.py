"""W-TinyLFU (Einziger, Friedman & Manes 2017): a window before a segmented LRU that admits by frequency.

The window is 1% of the capacity (one key at least); 80% of the rest is
protected. The window's victim enters the rest only if it was asked for more
often than the rest's victim. How often is counted in one of three ways (popularity_sketch.py).

As in Caffeine, but for two things: the window keeps its size, which Caffeine adapts, and a
fairly popular loser is never let in by chance, which Caffeine does against attacks.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.models.caching.lists import OLDEST, SIZE, State, add_newest, take_oldest, take_out
from sysdesign.models.caching.popularity_sketch import count, frequency

WINDOW, PROBATION, PROTECTED = 0, 1, 2


@njit()
def wtinylfu(ids: np.ndarray, hit: np.ndarray, capacity: int, state: State) -> None:
    """Replay; `mark` and `register` belong to the counting."""
    lists, place, mark, register = state.lists, state.place, state.mark, state.register
    window = max(capacity // 100, 1)
    main = capacity - window
    protected = main * 8 // 10
    for at in range(ids.size):
        key = ids[at]
        count(key, capacity, mark, register)
        held = place[key] - 1
        if held >= 0:
            hit[at] = True
            take_out(state, held, key)
            target = WINDOW if held == WINDOW else PROTECTED if protected > 0 else PROBATION
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


@njit()
def _admit(main: int, state: State) -> None:
    """Move the window's oldest key on, or out. Where the rest is full, some of it is on probation."""
    lists, place, mark, register = state.lists, state.place, state.mark, state.register
    candidate = take_oldest(state, WINDOW)
    place[candidate] = 0
    if lists[PROBATION, SIZE] + lists[PROTECTED, SIZE] >= main:
        if main == 0:
            return
        victim = lists[PROBATION, OLDEST]
        if frequency(candidate, mark, register) <= frequency(victim, mark, register):
            return
        take_out(state, PROBATION, victim)
        place[victim] = 0
    add_newest(state, PROBATION, candidate)
    place[candidate] = PROBATION + 1
