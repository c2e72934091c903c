"""The compiled loop of backoff under contention: clients race to change one row, event by event."""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.probability.event_heap import pop, push, replace_first

NONE, EXPONENTIAL, EQUAL, FULL, DECORRELATED = range(5)


@njit()
def delay(kind: int, base: float, cap: float, attempt: int, last: float, draw: float) -> float:
    """Backoff before the next attempt, after `attempt` failures; `draw` is uniform on 0 to 1."""
    if kind == NONE:
        return 0.0
    if kind == DECORRELATED:
        return min(cap, base + (last * 3.0 - base) * draw)
    longest = cap if attempt > 1000 else min(cap, base * 2.0**attempt)
    if kind == EXPONENTIAL:
        return longest
    if kind == EQUAL:
        return longest / 2.0 + longest / 2.0 * draw
    return longest * draw


@njit()
def race(
    clients: int, kind: int, base: float, cap: float, hops: np.ndarray, draws: np.ndarray
) -> tuple[int, float, int]:
    """Writes tried until every client has changed the row once, and when the last one knows.

    A client reads the row's version, then writes; the write succeeds if no one wrote in between. A hop is
    the time of one message. The third value is the hops used: -1 when there were too few (then the rest
    is void, and the caller gives more).
    """
    at = np.empty(clients)  # a heap of what each client does next
    who = np.empty(clients, dtype=np.int64)
    read = np.full(clients, -1)  # version read, or -1 before the read
    failures = np.zeros(clients, dtype=np.int64)
    last = np.full(clients, base)
    for i in range(clients):
        push(at, who, i, hops[i], i)
    used, drawn, size = clients, 0, clients
    version, calls, end = 0, 0, 0.0
    while size > 0:
        if used + 2 > hops.size or drawn >= draws.size:
            return calls, end, -1
        now, client = at[0], who[0]
        if read[client] < 0:
            read[client] = version
            again = now + hops[used] + hops[used + 1]
            used += 2
        else:
            calls += 1
            if read[client] == version:
                version += 1
                end = max(end, now + hops[used])
                used += 1
                size = pop(at, who, size)
                continue
            failures[client] += 1
            last[client] = delay(kind, base, cap, failures[client], last[client], draws[drawn])
            drawn += 1
            read[client] = -1
            again = now + hops[used] + hops[used + 1] + last[client]
            used += 2
        replace_first(at, who, size, again, client)
    return calls, end, used


def warm() -> None:
    """Compile the race."""
    race(2, FULL, 1.0, 2.0, np.ones(64), np.full(64, 0.5))
