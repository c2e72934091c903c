"""The compiled loop of a sequential test: the chances of each count of errors, error by error."""

from __future__ import annotations

import math

import numpy as np

from sysdesign.compiled import njit

JUST_WHOLE = 1e-9  # of a count that a quotient gives


@njit()
def ended(
    up: float, down: float, stop: float, passing: float, canary: float, left: float, most: int
) -> tuple[float, float, int, bool]:
    """Mean number of errors, share stopped, errors by which 99 of 100 have ended, and whether all have.

    An error is the canary's with a chance of `canary` and moves the ratio's logarithm by `up`, else by `down`;
    at `stop` and at `passing` the test ends. It is followed until fewer than `left` go on, for `most` errors at most.
    """
    room = int((stop - passing) / (up - down)) + 4
    chances, moved = np.zeros(room), np.zeros(room)
    chances[0], first, size = 1.0, 0, 1
    errors, stopped, alive, p99 = 0.0, 0.0, 1.0, 0
    for number in range(1, most + 1):
        errors += alive
        least = math.floor((passing - number * down) / (up - down) + JUST_WHOLE) + 1
        highest = math.ceil((stop - number * down) / (up - down) - JUST_WHOLE) - 1
        alive = 0.0
        kept_first = max(first, least)
        kept = 0
        for count in range(first, first + size + 1):
            at = count - first
            chance = 0.0
            if at < size:
                chance += chances[at] * (1.0 - canary)
            if at > 0:
                chance += chances[at - 1] * canary
            if count > highest:
                stopped += chance
            elif count >= least:
                moved[count - kept_first] = chance
                alive += chance
                kept = count - kept_first + 1
        chances, moved = moved, chances
        first, size = kept_first, kept
        if p99 == 0 and alive <= 0.01:
            p99 = number
        if alive < left:
            return errors, stopped, p99, True
    return errors, stopped, p99, False


def warm() -> None:
    """Compile the kernel, so that no request waits for it."""
    ended(0.3, -0.4, 2.8, -1.5, 0.5, 1e-3, 100)
