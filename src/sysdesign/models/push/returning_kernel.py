"""The compiled steps of clients that come back: who tries, who is served, and who is refused until when."""

from __future__ import annotations

import numpy as np

from sysdesign.compiled import njit

NEARLY = 0.9999  # share of the clients that ends it


@njit()
def played(
    change: np.ndarray, clients: float, taken: float, room: float, first: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Attempts in each step, clients connected after it, and whether nearly all are.

    `change` holds by how much the rate of attempts rises or falls, a row for each step and a column for each number
    of refusals, with two steps more than are played; the kernel writes into it. What was refused comes back evenly
    from its `first` step to its `last`, so its rate rises where that stretch begins and falls behind its end.
    """
    most, backoffs = change.shape[0] - 2, first.size
    attempts, connected = np.empty(most), np.empty(most)
    rate, queue, done = np.zeros(backoffs + 1), 0.0, 0.0
    for now in range(most):
        total = 0.0
        for refusals in range(backoffs + 1):
            rate[refusals] += change[now, refusals]
            total += rate[refusals]
        total = max(total, 0.0)
        over = max(0.0, queue + total - room)  # who comes in one moment meets the room alone
        waiting = queue + total - over
        served = min(waiting, taken)
        queue = waiting - served
        if over > 0.0 and total > 0.0:
            for refusals in range(backoffs + 1):
                at = min(refusals, backoffs - 1)  # the backoff no longer grows
                moved = max(rate[refusals], 0.0) * (over / total) / (last[at] - first[at] + 1)
                change[min(now + first[at], most + 1), at + 1] += moved
                change[min(now + last[at] + 1, most + 1), at + 1] -= moved
        done += served
        attempts[now], connected[now] = total, done
        if done >= clients * NEARLY:
            return attempts[: now + 1], connected[: now + 1], True
    return attempts, connected, False


def warm() -> None:
    """Compile the steps."""
    steps = np.ones(1, dtype=int)
    played(np.zeros((4, 2)), 1.0, 1.0, 1.0, steps, steps)
