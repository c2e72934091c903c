"""The race of one write and one read, trial by trial (compiled)."""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit


@njit()
def race(
    write: np.ndarray,
    acknowledge: np.ndarray,
    read: np.ndarray,
    respond: np.ndarray,
    read_quorum: int,
    write_quorum: int,
    late: np.ndarray,
    read_latency: np.ndarray,
    write_latency: np.ndarray,
) -> None:
    """Fill in, per trial: the least delay after which the read is fresh, and both latencies.

    Replica i answers with the write if it got it before it was asked: write[i] <= commit + delay +
    read[i]. One fresh answer among the first R is enough, so the delay is the least over those.
    """
    trials, replicas = write.shape
    acknowledged, answered = np.empty(replicas), np.empty(replicas)
    order = np.empty(replicas, np.int64)
    for trial in range(trials):
        for i in range(replicas):
            stored = write[trial, i] + acknowledge[trial, i]
            at = i  # insertion sort: there are few replicas
            while at > 0 and acknowledged[at - 1] > stored:
                acknowledged[at] = acknowledged[at - 1]
                at -= 1
            acknowledged[at] = stored
            answered[i] = read[trial, i] + respond[trial, i]
            at = i
            while at > 0 and answered[order[at - 1]] > answered[i]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = i
        commit = acknowledged[write_quorum - 1]
        least = np.inf
        for rank in range(read_quorum):
            i = order[rank]
            least = min(least, write[trial, i] - read[trial, i])
        late[trial] = least - commit
        read_latency[trial] = answered[order[read_quorum - 1]]
        write_latency[trial] = commit
