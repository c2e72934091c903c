"""A binary heap of events by time, for compiled loops: two arrays, the times and a number that says what happens.

The caller holds the arrays, long enough for all that may wait at once, and the number of events in them.
Of events at one time, none is promised to come first.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit


@njit()
def push(times: np.ndarray, events: np.ndarray, size: int, time: float, event: int) -> int:
    """Add an event; the new size."""
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if times[parent] <= time:
            break
        times[at], events[at] = times[parent], events[parent]
        at = parent
    times[at], events[at] = time, event
    return size + 1


@njit()
def pop(times: np.ndarray, events: np.ndarray, size: int) -> int:
    """Take away the first event, which stands at place 0; the new size."""
    size -= 1
    replace_first(times, events, size, times[size], events[size])
    return size


@njit()
def replace_first(times: np.ndarray, events: np.ndarray, size: int, time: float, event: int) -> None:
    """Put an event in place of the first of `size`."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and times[child + 1] < times[child]:
            child += 1
        if times[child] >= time:
            break
        times[at], events[at] = times[child], events[child]
        at = child
    times[at], events[at] = time, event
