"""The compiled loops of rate limiting: one pass over arrival times for each algorithm."""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit

FIXED_WINDOW, SLIDING_LOG, SLIDING_COUNTER, TOKEN_BUCKET, LEAKY_BUCKET, GCRA = range(6)
SLACK = 1e-9  # of one request: sums of times round


@njit()
def admitted(kind: int, times: np.ndarray, limit: int, window: float, burst: float) -> np.ndarray:
    """Which arrivals each algorithm admits. Times ascend; windows begin at multiples of `window`.

    Buckets refill, or leak, at limit / window.
    """
    if kind == SLIDING_LOG:
        return _sliding_log(times, limit, window)
    if kind in (FIXED_WINDOW, SLIDING_COUNTER):
        return _windows(times, limit, window, kind == SLIDING_COUNTER)
    if kind == GCRA:
        return _gcra(times, window / limit, burst)
    return _bucket(times, limit / window, burst)


@njit()
def _sliding_log(times: np.ndarray, limit: int, window: float) -> np.ndarray:
    passed = np.zeros(times.size, dtype=np.bool_)
    log = np.empty(limit)  # a ring of the times last admitted
    count = 0
    for i in range(times.size):
        if count < limit or log[count % limit] <= times[i] - window:
            log[count % limit] = times[i]
            count += 1
            passed[i] = True
    return passed


@njit()
def _windows(times: np.ndarray, limit: int, window: float, weigh: bool) -> np.ndarray:
    passed = np.zeros(times.size, dtype=np.bool_)
    here, current, previous = -1.0, 0, 0
    for i in range(times.size):
        place = np.floor(times[i] / window)
        if place != here:
            previous = current if place == here + 1 else 0
            here, current = place, 0
        seen = float(current)
        if weigh:
            seen += previous * (1.0 - (times[i] / window - place))
        if seen < limit - SLACK:
            current += 1
            passed[i] = True
    return passed


@njit()
def _bucket(times: np.ndarray, rate: float, burst: float) -> np.ndarray:
    passed = np.zeros(times.size, dtype=np.bool_)
    level, last = 0.0, 0.0  # of a leaky bucket; a token bucket holds burst - level tokens
    for i in range(times.size):
        level = max(0.0, level - (times[i] - last) * rate)
        last = times[i]
        if level + 1.0 <= burst + SLACK:
            level += 1.0
            passed[i] = True
    return passed


@njit()
def _gcra(times: np.ndarray, interval: float, burst: float) -> np.ndarray:
    passed = np.zeros(times.size, dtype=np.bool_)
    due = 0.0  # theoretical arrival time of the next request
    for i in range(times.size):
        if times[i] >= due - (burst - 1.0 + SLACK) * interval:
            due = max(due, times[i]) + interval
            passed[i] = True
    return passed


@njit()
def most_within(times: np.ndarray, span: float) -> int:
    """The most of the ascending times that lie in any span, its end excluded."""
    most = 0
    for i in range(times.size):
        while most <= i and times[i] - times[i - most] < span:  # one more than the most so far fits, up to here
            most += 1
    return most


def warm() -> None:
    """Compile every algorithm."""
    times = np.array([0.5, 1.5])
    for kind in range(6):
        admitted(kind, times, 1, 1.0, 1.0)
    most_within(times, 1.0)
