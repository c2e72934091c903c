"""A retry storm and its recovery, or none: the model `retries.metastable_loop` told second by second."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sysdesign.models.retries import metastable_loop
from sysdesign.protocols.telling import Curve, Fault, Part, Protocol, Step

CAPACITY_PER_S = 300.0
TIMEOUT_S, TRIGGER_S, SHOWN_S = 1.0, 3.0, 60.0
BEGINS_S = SHOWN_S / 10  # as the model has it
GRACE_S = 10.0


def play(given: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps for a load, a number of retries, and the wait before each."""
    load = float(given["load"])
    found = metastable_loop(
        load, CAPACITY_PER_S, int(given["retries"]), TIMEOUT_S, float(given["backoff_s"]), TRIGGER_S, 0.0, SHOWN_S
    )
    curves = (found.attempts_per_s, found.goodput_per_s, found.wait_s)
    steps: list[Step] = []
    before = (True, True)
    for now in range(int(SHOWN_S)):
        attempts, goodput, wait = (float(np.interp(now, found.time_s, curve)) for curve in curves)
        answered = wait <= TIMEOUT_S
        says = _says(now, found.state, found.vulnerable_above_per_s, answered, before)
        before = answered, before[0]
        steps.append(_step(now, says, load, (attempts, goodput if answered else 0.0, wait)))
    return tuple(steps)


def _step(now: int, says: str, load: float, course: tuple[float, float, float]) -> Step:
    attempts, goodput, wait = course
    down = BEGINS_S <= now < BEGINS_S + TRIGGER_S
    late = wait > TIMEOUT_S
    attempted, answered = f"{attempts:.0f} attempts a second", f"{goodput:.0f} answered in time"
    parts = (
        Part("Clients", f"{load:g} requests a second", attempted, "bad" if attempts > CAPACITY_PER_S else ""),
        Part("Queue", f"{wait:.1f} s of waiting", "longer than clients wait" if late else "", _mood(not late)),
        Part("Service", "down" if down else f"does {CAPACITY_PER_S:g} a second", answered, _mood(goodput >= load)),
    )
    counts = (
        ("Attempts", f"{attempts:.0f}/s"), ("Answered in time", f"{goodput:.0f}/s"), ("Waiting", f"{wait:.1f} s"),
    )  # fmt: skip
    since = now - BEGINS_S - TRIGGER_S
    broken = f"{since:.0f} s after the trigger nobody is answered in time" if since >= GRACE_S and late else ""
    return Step(float(now), says, parts, (), counts, broken, course)


def _mood(fine: bool) -> str:
    return "good" if fine else "bad"


def _says(now: int, state: str, threshold: float, answered: bool, before: tuple[bool, bool]) -> str:
    if now == 0:
        return f"All is well. By the model, loads above {threshold:g} requests a second may stay down after a trigger."
    if now == BEGINS_S:
        return f"The trigger: the service does nothing for {TRIGGER_S:g} s, and the queue grows."
    if now == BEGINS_S + TRIGGER_S:
        return "The trigger is over; the service works at full capacity again."
    if answered and not before[0]:
        return "The queue is short enough: clients are answered in time again."
    if now == int(SHOWN_S) - 1 and not answered:
        return f"A minute later nothing has changed: the service {state}, busy with attempts that nobody waits for."
    return ""


PROTOCOL = Protocol(
    name="retry-storm",
    title="A retry storm and its recovery",
    question="Does the service come back when the trigger is over?",
    section="07-Resilience-Patterns#metastable-failure",
    promise=f"From {GRACE_S:g} s after the trigger on, clients are answered in time.",
    assumes=(
        f"A service that does {CAPACITY_PER_S:g} requests a second in order of arrival and is down for "
        f"{TRIGGER_S:g} s; clients that wait {TIMEOUT_S:g} s and retry. Rates, not single requests."
    ),
    faults=(
        Fault("load", "Requests a second", {"140": "140", "200": "200"}, "200"),
        Fault("retries", "Retries", {"0": "none", "1": "one", "3": "three"}, "1"),
        Fault("backoff_s", "Wait before a retry", {"0": "none", "10": "10 s"}, "0"),
    ),
    play=play,
    curves=(Curve("attempts", "1/s"), Curve("answered in time", "1/s"), Curve("waiting", "s")),
)  # fmt: skip
