"""One run of a function's instances through a stream of requests: the loop behind serverless.py."""

from __future__ import annotations

import heapq

import numpy as np

from sysdesign.compiled import njit


@njit()
def cold_starts_in(gaps, lengths, keep_alive, start, provisioned, skipped):
    """Share cold, idle and busy on-demand instances on average, and share spilled, after `skipped` requests.

    On-demand instances that are idle lie in `idle_since`, oldest first: they are taken from
    the end and dropped from the front. Those in use lie in two heaps by the time they end.
    """
    ready = provisioned
    using_ready = [np.inf]
    using = [np.inf]
    idle_since = np.empty(gaps.size)
    front = back = 0
    clock = begun = idle_time = busy_time = 0.0
    cold = spilled = counted = 0
    for at in range(gaps.size):
        clock += gaps[at]
        counts = at >= skipped
        if at == skipped:
            begun = clock
        while using_ready[0] <= clock:
            heapq.heappop(using_ready)
            ready += 1
        while using[0] <= clock:
            idle_since[back] = heapq.heappop(using)
            back += 1
        while front < back and idle_since[front] + keep_alive <= clock:
            if counts:
                idle_time += keep_alive
            front += 1
        busy = lengths[at]
        counted += counts
        if ready > 0:
            ready -= 1
            heapq.heappush(using_ready, clock + busy)
        elif front < back:
            back -= 1
            idle_time += (clock - idle_since[back]) * counts
            spilled += counts
            heapq.heappush(using, clock + busy)
        else:
            busy += start
            cold += counts
            spilled += counts
            heapq.heappush(using, clock + busy)
        busy_time += busy * counts
    elapsed = max(clock - begun, 1e-300)
    return cold / counted, idle_time / elapsed, busy_time / elapsed, spilled / counted


def warm_kernels() -> None:
    """Compile on tiny inputs."""
    cold_starts_in(np.ones(3), np.ones(3), 1.0, 1.0, 1, 0)
