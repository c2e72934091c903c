"""The compiled loop of load balancing: requests one by one, each server a line of its own."""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit

RANDOM, ROUND_ROBIN, LEAST, CHOICES, HASHED, BOUNDED = range(6)


@njit()
def balance(
    kind: int,
    choices: int,
    refresh: float,
    bound: float,
    arrivals: np.ndarray,
    services: np.ndarray,
    slowness: np.ndarray,
    draws: np.ndarray,
    homes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Time in the system of each request, the server of each, and the longest line met.

    `draws` has a row of uniforms for each request: one for a tie or a random server, one for each choice.
    `homes[i]` is the server to which request i's key belongs. With `refresh` above 0 the balancer sees the
    lines as they were at the last multiple of it.
    """
    servers, count = slowness.size, arrivals.size
    leaves, after = np.empty(count), np.full(count, -1)  # when each leaves; who stands behind it
    head, tail = np.full(servers, -1), np.full(servers, -1)
    line, seen = np.zeros(servers, dtype=np.int64), np.zeros(servers, dtype=np.int64)
    order = np.arange(servers)
    times, chosen = np.empty(count), np.empty(count, dtype=np.int64)
    next_look, longest = 0.0, 0
    for i in range(count):
        now = arrivals[i]
        if refresh > 0.0:
            if now >= next_look:
                looked = np.floor(now / refresh) * refresh
                for server in range(servers):
                    _leave(server, looked, leaves, after, head, tail, line)
                    seen[server] = line[server]
                next_look = looked + refresh
        elif kind in (LEAST, BOUNDED):
            for server in range(servers):
                _leave(server, now, leaves, after, head, tail, line)
        known = seen if refresh > 0.0 else line
        if kind == CHOICES:
            server = -1
            for j in range(choices):
                other = j + int(draws[i, j + 1] * (servers - j))
                order[j], order[other] = order[other], order[j]
                if refresh <= 0.0:
                    _leave(order[j], now, leaves, after, head, tail, line)
                if server < 0 or known[order[j]] < known[server]:
                    server = order[j]
        elif kind == LEAST:
            server = _least(known, draws[i, 0])
        elif kind == BOUNDED:
            most = np.ceil(bound * (known.sum() + 1) / servers)
            server = homes[i]
            for _ in range(servers):
                if known[server] < most:
                    break
                server = (server + 1) % servers
        elif kind == HASHED:
            server = homes[i]
        elif kind == ROUND_ROBIN:
            server = i % servers
        else:
            server = int(draws[i, 0] * servers)
        _leave(server, now, leaves, after, head, tail, line)
        begin = leaves[tail[server]] if line[server] > 0 else now
        leaves[i] = begin + services[i] * slowness[server]
        if line[server] > 0:
            after[tail[server]] = i
        else:
            head[server] = i
        tail[server] = i
        longest = max(longest, line[server])
        line[server] += 1
        times[i], chosen[i] = leaves[i] - now, server
    return times, chosen, longest


@njit()
def _leave(
    server: int, now: float, leaves: np.ndarray, after: np.ndarray, head: np.ndarray, tail: np.ndarray, line: np.ndarray
) -> None:
    """Let everyone go from the server's line whose time has come."""
    while line[server] > 0 and leaves[head[server]] <= now:
        head[server] = after[head[server]]
        line[server] -= 1
    if line[server] == 0:
        tail[server] = -1


@njit()
def _least(known: np.ndarray, draw: float) -> int:
    """One of the servers with the shortest line, each equally likely."""
    least = known.min()
    ties = 0
    for server in range(known.size):
        if known[server] == least:
            ties += 1
    pick = int(draw * ties)
    for server in range(known.size):
        if known[server] == least:
            if pick == 0:
                return server
            pick -= 1
    return 0


def warm() -> None:
    """Compile the loop."""
    two = np.ones(2)
    balance(CHOICES, 1, 0.0, 1.25, two, two, two, np.zeros((2, 2)), np.zeros(2, dtype=np.int64))
