"""Raft's leader election, message by message (compiled).

Every random number comes from arrays drawn beforehand, used in order and again from the start
when they run out, so that a run is the same with and without compilation.
"""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit
from sysdesign.probability.event_heap import pop, push

TIMER, REQUEST, VOTE, OWN_VOTE = 0, 1, 2, 3
KINDS, MOST_SERVERS = 4, 16
MOST_WAITING = 8_192  # events that may wait at once
MOST_DRAWS = 500_000  # random numbers of one election, then it is given up


@njit()
def _fact(kind: int, to: int, sender: int, term: int) -> int:
    """What happens at an event, as one number."""
    return ((term * MOST_SERVERS + sender) * MOST_SERVERS + to) * KINDS + kind


@njit()
def elect(
    alive: int,
    majority: int,
    shortest_ms: float,
    longest_ms: float,
    logs_differ: bool,
    give_up_ms: float,
    latency_ms: np.ndarray,
    write_ms: np.ndarray,
    uniform: np.ndarray,
    used: np.ndarray,
) -> tuple[float, float, int]:
    """One election among the servers that are left, whose timers all start at 0.

    Returns when a leader was elected, when the last server had heard from it (both `give_up_ms` if
    none was elected by then), and how many terms were tried. `used` holds how many of each array's numbers are used.
    """
    times, facts = np.empty(MOST_WAITING), np.empty(MOST_WAITING, np.int64)
    size, begun = 0, used.sum()
    term, votes = np.zeros(alive, np.int64), np.zeros(alive, np.int64)
    voted, deadline = np.full(alive, -1, np.int64), np.zeros(alive)
    candidate = np.zeros(alive, np.bool_)
    for server in range(alive):
        deadline[server] = shortest_ms + (longest_ms - shortest_ms) * uniform[used[2] % uniform.size]
        used[2] += 1
        size = push(times, facts, size, deadline[server], _fact(TIMER, server, server, 0))
    while size > 0:
        now, fact = times[0], facts[0]
        kind, server = fact % KINDS, fact // KINDS % MOST_SERVERS
        sender, its_term = fact // (KINDS * MOST_SERVERS) % MOST_SERVERS, fact // (KINDS * MOST_SERVERS**2)
        if now >= give_up_ms or size > MOST_WAITING - 4 * alive or used.sum() - begun > MOST_DRAWS:
            break
        size = pop(times, facts, size)
        restart = False
        if kind == TIMER:
            if now != deadline[server]:
                continue  # the timer was reset meanwhile
            term[server] += 1
            voted[server], votes[server], candidate[server], restart = server, 0, True, True
            own = now + write_ms[used[1] % write_ms.size]
            used[1] += 1
            size = push(times, facts, size, own, _fact(OWN_VOTE, server, server, term[server]))
            for other in range(alive):
                if other != server:
                    arrival = now + latency_ms[used[0] % latency_ms.size]
                    used[0] += 1
                    size = push(times, facts, size, arrival, _fact(REQUEST, other, server, term[server]))
        elif kind == REQUEST:
            if its_term > term[server]:
                term[server], voted[server], candidate[server] = its_term, -1, False
            up_to_date = not logs_differ or sender >= server
            if its_term == term[server] and voted[server] == -1 and up_to_date:
                voted[server], restart = sender, True
                stored = now + write_ms[used[1] % write_ms.size]
                used[1] += 1
                arrival = stored + latency_ms[used[0] % latency_ms.size]
                used[0] += 1
                size = push(times, facts, size, arrival, _fact(VOTE, sender, server, its_term))
        elif candidate[server] and its_term == term[server]:
            votes[server] += 1
            if votes[server] >= majority:
                heard = now
                for _ in range(alive - 1):
                    heard = max(heard, now + latency_ms[used[0] % latency_ms.size])
                    used[0] += 1
                return now, min(heard, give_up_ms), term[server]
        if restart:
            deadline[server] = now + shortest_ms + (longest_ms - shortest_ms) * uniform[used[2] % uniform.size]
            used[2] += 1
            size = push(times, facts, size, deadline[server], _fact(TIMER, server, server, 0))
    return give_up_ms, give_up_ms, term.max()


@njit()
def elections(
    alive: int,
    majority: int,
    shortest_ms: float,
    longest_ms: float,
    logs_differ: bool,
    give_up_ms: float,
    latency_ms: np.ndarray,
    write_ms: np.ndarray,
    uniform: np.ndarray,
    used: np.ndarray,
    most_draws: int,
    elected_ms: np.ndarray,
    heard_ms: np.ndarray,
    terms: np.ndarray,
) -> int:
    """Fill in the times and terms of as many elections as the arrays hold, or `most_draws` allow; their number."""
    for trial in range(heard_ms.size):
        if used.sum() > most_draws and trial > 1:
            return trial
        elected_ms[trial], heard_ms[trial], terms[trial] = elect(
            alive, majority, shortest_ms, longest_ms, logs_differ, give_up_ms, latency_ms, write_ms, uniform, used
        )
    return heard_ms.size
