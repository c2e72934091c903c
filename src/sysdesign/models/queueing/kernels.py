"""The compiled loops of queueing: Lindley's recursion, free servers, an event list, Erlang B.

Each gives the same answer with Numba's compiler off. `warm` compiles them all.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.probability.event_heap import pop, push


@njit()
def lindley(gaps: np.ndarray, services: np.ndarray, first_wait: float) -> np.ndarray:
    """Waits at one server: each wait is the one before, plus its service, less the gap, but never below 0.

    `gaps[i]` lies between customer i and customer i + 1.
    """
    waits = np.empty(services.size)
    wait = first_wait
    for i in range(services.size):
        waits[i] = wait
        wait += services[i] - gaps[i]
        if wait < 0.0:
            wait = 0.0
    return waits


@njit()
def _sink(heap: np.ndarray, item: float) -> None:
    """Put `item` in place of the least of a binary heap."""
    at = 0
    size = heap.size
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= item:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = item


@njit()
def waits_at_servers(gaps: np.ndarray, services: np.ndarray, free_at: np.ndarray) -> np.ndarray:
    """Waits with one queue for several equal servers, first come first served.

    `free_at` holds, as a heap, how long from the first arrival each server is still busy; on return,
    from the arrival that would come next.
    """
    waits = np.empty(services.size)
    now = 0.0
    for i in range(services.size):
        begin = max(now, free_at[0])
        waits[i] = begin - now
        _sink(free_at, begin + services[i])
        now += gaps[i]
    for server in range(free_at.size):
        free_at[server] = max(0.0, free_at[server] - now)  # keeps the order, so it stays a heap
    return waits


@njit()
def run_events(gaps: np.ndarray, services: np.ndarray, servers: int) -> tuple[float, float, float]:
    """One queue for several servers, run event by event: mean time in the system, mean wait, end of the run.

    Arrivals and departures are events of one future-event list (a binary heap); customers in line are
    held in a ring. Slower than the recursion, but the shape to which priorities, failures or
    customers who leave can be added.
    """
    customers = services.size
    times = np.empty(servers + 2)  # one arrival at most and one departure a server
    kinds = np.empty(servers + 2, dtype=np.int64)  # -1 arrival, else the customer who departs
    arrived = np.empty(customers)
    pending = push(times, kinds, 0, 0.0, -1)
    next_arrival, next_in_line, busy = 0, 0, 0
    total_wait, total_time, now = 0.0, 0.0, 0.0
    while pending > 0:
        now, kind = times[0], kinds[0]
        pending = pop(times, kinds, pending)
        if kind < 0:
            arrived[next_arrival] = now
            next_arrival += 1
            if next_arrival < customers:
                pending = push(times, kinds, pending, now + gaps[next_arrival - 1], -1)
        else:
            busy -= 1
            total_time += now - arrived[kind]
        if busy < servers and next_in_line < next_arrival:
            total_wait += now - arrived[next_in_line]
            pending = push(times, kinds, pending, now + services[next_in_line], next_in_line)
            next_in_line += 1
            busy += 1
    return total_time / customers, total_wait / customers, now


@njit()
def erlang_b_one(load: float, servers: int) -> float:
    """Erlang's loss formula, by the sum 1/B = sum over k of n(n-1)...(n-k+1) / a^k.

    Every term is positive, so nothing cancels. The terms rise while n - k > a and then fall.
    """
    if load == 0.0:
        return 1.0 if servers == 0 else 0.0
    term, total = 1.0, 1.0
    for k in range(servers):
        term *= (servers - k) / load
        total += term
        if term < total * 1e-18:
            break
        if total > 1e300:
            return 0.0
    return 1.0 / total


@njit()
def erlang_b_each(loads: np.ndarray, servers: np.ndarray) -> np.ndarray:
    """`erlang_b_one` for each pair."""
    shares = np.empty(loads.size)
    for i in range(loads.size):
        shares[i] = erlang_b_one(loads[i], servers[i])
    return shares


@njit()
def md1_states(load: float, count: int) -> np.ndarray:
    """Chances of 0, 1, ... customers in an M/D/1 queue, by the recursion over departures.

    p[n+1] sums only positive terms (chances that more than so many arrive during a service), so that it
    keeps its digits at any load under 1.
    """
    terms = count + 40  # past the last, a chance below 1e-40 for a load under 1
    arrivals = np.empty(terms)
    arrivals[0] = np.exp(-load)
    for k in range(1, terms):
        arrivals[k] = arrivals[k - 1] * load / k
    above = np.empty(terms)  # chance of more than k arrivals
    above[terms - 1] = 0.0
    for k in range(terms - 2, -1, -1):
        above[k] = above[k + 1] + arrivals[k + 1]
    states = np.empty(count)
    states[0] = 1.0 - load
    for n in range(count - 1):
        total = states[0] * above[n]
        for i in range(1, n + 1):
            total += states[i] * above[n - i + 1]
        states[n + 1] = total / arrivals[0]
    return states


def warm() -> None:
    """Compile every kernel, so that no request waits for it."""
    two = np.ones(2)
    lindley(two, two, 0.0)
    waits_at_servers(two, two, np.zeros(2))
    run_events(two, two, 1)
    erlang_b_each(two, np.array([1, 2]))
    md1_states(0.5, 4)
