"""The metastable loop: retries that keep a service down after what pushed it over has gone.

A trigger fills the queue; waits pass the clients' timeout; every attempt times out and is tried again; the
service works on attempts that nobody waits for any more. Below capacity / (1 + retries) the retried load
fits, the queue drains and the service recovers. Above it the loop feeds itself until load is taken away.

Fluid: rates, not single requests, so no chance; one queue, first in first out; a service that does not
notice that a client has gone. Every timed-out attempt is retried, `retries` times in all. A service that
drops expired requests, a retry budget or backoff that outlasts the backlog breaks the loop.
Source: bronson-2021 names the loop and its threshold; the trajectory follows from the rules above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import BudgetSpent, InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount

POINTS = 400  # of the trajectory shown
MOST_STEPS = 400_000
STEPS_PER_TIMEOUT = 40


@dataclass(frozen=True)
class Loop:
    """Whether a service recovers from a trigger, and how load and goodput run."""

    vulnerable_above_per_s: Annotated[float, Output("Load above which it may stay down", "1/s")]
    state: Annotated[str, Output("With this load it")]
    recovery_s: Annotated[float, Output("Time from the end of the trigger to full goodput, or 0", "s")]
    lost: Annotated[float, Output("Requests lost over the time shown", "share")]
    time_s: Annotated[np.ndarray, Output("Time", "s")]
    attempts_per_s: Annotated[np.ndarray, Output("Attempts that arrive", "1/s")]
    goodput_per_s: Annotated[np.ndarray, Output("Requests answered in time", "1/s")]
    wait_s: Annotated[np.ndarray, Output("Wait in the queue", "s")]


@checked
def metastable_loop(
    arrivals_per_s: Annotated[float, Input("Requests", "1/s", low=0.001, high=1e7, default=200)],
    capacity_per_s: Annotated[float, Input("Requests the service can do", "1/s", low=0.001, high=1e7, default=300)],
    retries: Annotated[int, Input("Retries after a timeout", low=0, high=20, default=1)],
    timeout_s: Annotated[float, Input("Timeout", "s", low=0.01, high=600, default=1)] = 1.0,
    backoff_s: Annotated[float, Input("Wait before a retry", "s", low=0, high=600, default=0)] = 0.0,
    trigger_s: Annotated[float, Input("Trigger lasts", "s", low=0, high=3600, default=3)] = 3.0,
    capacity_left: Annotated[float, Input("Capacity left meanwhile", "share", low=0, high=1, default=0)] = 0.0,
    shown_s: Annotated[float, Input("Time shown", "s", low=1, high=86_400, default=60)] = 60.0,
) -> Loop:
    """Does a service come back after a trigger, or do retries keep it down?

    The trigger takes part of the capacity away at one tenth of the time shown. `vulnerable_above_per_s` is
    exact: capacity / (1 + retries). A service above its capacity without any retry ("overloaded") does not
    recover in any case. `recovery_s` may lie past the time shown: just under the threshold the backlog takes long to
    drain. Above the threshold, a trigger too short to push waits past the timeout does no harm.
    Raises InvalidInput when the trigger does not end within the time shown, and BudgetSpent when the
    time shown is too long for so short a timeout.
    """
    step = _step(timeout_s, shown_s)
    steps = int(np.ceil(shown_s / step))
    if steps > MOST_STEPS:
        raise BudgetSpent(
            f"{shown_s:g} s with a timeout of {timeout_s:g} s take {steps:,} steps, over {MOST_STEPS:,}; "
            f"show {shown_s * MOST_STEPS / steps:,.0f} s or less"
        )
    time = np.arange(steps) * step
    begin, end = shown_s / 10, shown_s / 10 + trigger_s
    if end >= time[-1]:
        raise InvalidInput(
            f"the trigger lasts from {begin:g} s to {end:g} s of {shown_s:g} s shown; "
            f"show {1.3 * trigger_s + 1:.4g} s or more"
        )
    attempts, goodput, waits = _run(
        time, step, (arrivals_per_s, capacity_per_s, retries), timeout_s, backoff_s, (begin, end, capacity_left)
    )
    state, recovery = _verdict(time, waits, (arrivals_per_s, capacity_per_s, retries), timeout_s, end)
    kept = np.unique(np.linspace(0, steps - 1, POINTS).astype(int))
    settled = time + (retries + 1) * (timeout_s + backoff_s) < shown_s  # what came later may yet be answered
    lost = 1 - goodput[settled].mean() / arrivals_per_s if settled.any() else 0.0
    return Loop(
        capacity_per_s / (1 + retries), state, recovery, float(np.clip(lost, 0.0, 1.0)),
        time[kept], attempts[kept], goodput[kept], waits[kept],
    )  # fmt: skip


def _step(timeout_s: float, shown_s: float) -> float:
    return min(timeout_s / STEPS_PER_TIMEOUT, shown_s / POINTS)


def _loop_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of its steps, 6 us each; more than may be are refused at once."""
    steps = inputs["shown_s"] / _step(inputs["timeout_s"], inputs["shown_s"])
    return min(steps, MOST_STEPS) * 6e-6


def _run(
    time: np.ndarray,
    step: float,
    load: tuple[float, float, int],
    timeout: float,
    backoff: float,
    trigger: tuple[float, float, float],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attempts, goodput (by arrival of the attempt that succeeds) and wait at each step."""
    arrivals, capacity, retries = load
    begin, end, left = trigger
    later = max(1, round((timeout + backoff) / step))
    by_attempt = np.zeros((retries + 2, time.size + later + 1))
    by_attempt[0] = arrivals
    goodput, waits, attempts = np.empty(time.size), np.empty(time.size), np.empty(time.size)
    backlog = 0.0
    for i, now in enumerate(time.tolist()):
        down = begin <= now < end
        waits[i] = wait = _wait(backlog, now, capacity, end if down else now, left)
        attempts[i] = total = by_attempt[: retries + 1, i].sum()
        if wait > timeout:
            goodput[i] = 0.0
            by_attempt[1:, i + later] += by_attempt[:-1, i]
        else:
            goodput[i] = total
        backlog = max(0.0, backlog + (total - capacity * (left if down else 1.0)) * step)
    return attempts, goodput, waits


def _wait(backlog: float, now: float, capacity: float, back_at: float, left: float) -> float:
    """How long until a backlog is worked off, when capacity comes back in full at `back_at`."""
    until = back_at - now
    meanwhile = capacity * left * until
    if backlog <= meanwhile:
        return backlog / (capacity * left) if backlog else 0.0
    return until + (backlog - meanwhile) / capacity


def _verdict(
    time: np.ndarray, waits: np.ndarray, load: tuple[float, float, int], timeout: float, end: float
) -> tuple[str, float]:
    """What becomes of the service, and how long after the trigger's end. Past the time shown the backlog falls
    in a straight line, all attempts failing, until the wait is the timeout."""
    arrivals, capacity, retries = load
    bad = np.flatnonzero(waits > timeout)
    if arrivals > capacity:
        return "is overloaded", 0.0
    if bad.size == 0:
        return "does not notice", 0.0
    if bad[-1] < time.size - 1:
        return "recovers", max(0.0, float(time[bad[-1] + 1] - end))
    spare = capacity - arrivals * (1 + retries)
    if spare <= 0:
        return "stays down", 0.0
    return "recovers", float(time[-1] - end + (waits[-1] - timeout) * capacity / spare)


def _sentence(inputs: Any, result: Loop) -> str:
    return (
        f"At {inputs['arrivals_per_s']:g} requests/s the service {result.state}; above "
        f"{amount(result.vulnerable_above_per_s, 4)} requests/s retries can keep it down."
    )


MODELS = (
    Model(
        metastable_loop,
        "What may retries cost a service in trouble?",
        _sentence,
        "07-resilience",
        "07-resilience/metastable",
        _loop_work,
    ),
)
