"""A circuit breaker in front of a service that fails for a while, call by call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sysdesign.models.queueing import littles_law
from sysdesign.protocols.telling import Curve, Fault, Part, Protocol, Step, paced

CALLS_PER_S = 10
OPENS_AFTER = 5  # failures in a row
OPEN_S = 5.0
FAILS_FROM_S, FAILS_UNTIL_S, END_S = 2.0, 14.0, 24.0
STEP_S = 0.5
TIMEOUT_S = 2.0
FINE_S = 0.05
POOL = 15  # threads of the caller


@dataclass
class Breaker:
    """Closed: calls pass. Open: calls are refused at once. Half open: one call passes and decides."""

    state: str = "closed"
    failures: int = 0  # in a row
    opened_at: float = 0.0

    def lets(self, now: float) -> bool:
        """Whether a call passes now."""
        if self.state == "open" and now >= self.opened_at + OPEN_S:
            self.state = "half open"
            return True
        return self.state == "closed"

    def hears(self, now: float, good: bool) -> None:
        """What became of a call that passed."""
        self.failures = 0 if good else self.failures + 1
        if self.state == "half open":
            self.state, self.opened_at = ("closed" if good else "open"), now
        elif self.state == "closed" and self.failures >= OPENS_AFTER:
            self.state, self.opened_at = "open", now


@dataclass
class _Run:
    breaker: Breaker | None
    failing: str
    open_calls: list[tuple[float, bool]] = field(default_factory=list)  # when each ends, and how
    sent: int = 0
    refused: int = 0
    failed: int = 0
    wasted: int = 0  # sent while the service failed

    def call(self, number: int, now: float) -> None:
        """One call of the application."""
        self.settle(now)
        if self.breaker and not self.breaker.lets(now):
            self.refused += 1
            return
        self.sent += 1
        down = FAILS_FROM_S <= now < FAILS_UNTIL_S and (self.failing != "half" or number % 2 == 0)
        self.wasted += down
        took = TIMEOUT_S if down and self.failing == "timeouts" else FINE_S
        self.open_calls.append((now + took, not down))

    def settle(self, now: float) -> None:
        """Calls that have ended by now."""
        self.open_calls.sort()
        while self.open_calls and self.open_calls[0][0] <= now:
            ended, good = self.open_calls.pop(0)
            self.failed += not good
            if self.breaker:
                self.breaker.hears(ended, good)


def play(given: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps with or without a breaker, by how the service fails."""
    run = _Run(Breaker() if given["breaker"] == "on" else None, given["failing"])
    steps, before, state = [], (0, 0), ""
    for now, numbers in paced(END_S, STEP_S, CALLS_PER_S):
        for number in numbers:
            run.call(number, number / CALLS_PER_S)
        run.settle(now)
        rates = (run.sent - before[0]) / STEP_S, (run.refused - before[1]) / STEP_S
        before = run.sent, run.refused
        steps.append(_step(run, now, rates, state))
        state = run.breaker.state if run.breaker else ""
    return tuple(steps)


def _step(run: _Run, now: float, rates: tuple[float, float], state: str) -> Step:
    waiting = len(run.open_calls)
    failing = FAILS_FROM_S <= now < FAILS_UNTIL_S
    shown = run.breaker.state if run.breaker else "none"
    parts = (
        Part(
            "Caller",
            f"{CALLS_PER_S} calls a second",
            f"{waiting} of {POOL} threads wait",
            "" if waiting < POOL else "bad",
        ),
        Part("Breaker", shown, _held(run), {"closed": "good", "open": "bad"}.get(shown, "")),
        Part("Service", _health(run.failing) if failing else "works", "", "bad" if failing else "good"),
    )
    counts = (
        ("Sent", f"{run.sent}"), ("Refused at once", f"{run.refused}"), ("Failed", f"{run.failed}"),
        ("Sent while it failed", f"{run.wasted}"),
    )  # fmt: skip
    broken = f"{waiting} calls wait for an answer, more than the caller's {POOL} threads" if waiting > POOL else ""
    return Step(now, _says(run, now, state), parts, (), counts, broken, (*rates, float(waiting)))


def _held(run: _Run) -> str:
    return f"{run.breaker.failures} failures in a row" if run.breaker and run.breaker.state == "closed" else ""


def _health(failing: str) -> str:
    return {"timeouts": "does not answer", "errors": "answers errors", "half": "fails every second call"}[failing]


def _says(run: _Run, now: float, before: str) -> str:
    state = run.breaker.state if run.breaker else ""
    if now == 0:
        return "Calls pass and are answered."
    if now == FAILS_FROM_S:
        return f"From now on the service {_health(run.failing)}."
    if now == FAILS_UNTIL_S:
        return "The service works again."
    if state != before:
        return {
            "open": f"The breaker opens: calls are refused at once, for {OPEN_S:g} s.",
            "half open": "Half open: one call may pass, and waits.",
            "closed": "The call that passed was answered: the breaker closes.",
        }[state]
    if now == FAILS_UNTIL_S + TIMEOUT_S and state == "open":
        return "The service works, and the breaker does not know it yet."
    return ""


def most_waiting() -> float:
    """Calls that wait at once where each times out, by Little's law."""
    return float(littles_law(CALLS_PER_S, TIMEOUT_S).concurrency)


PROTOCOL = Protocol(
    name="circuit-breaker",
    title="The states of a circuit breaker",
    question="What does a breaker save, and what does it cost?",
    section="07-Resilience-Patterns#circuit-breaker-states",
    promise=f"No more calls wait at once than the caller has threads ({POOL}).",
    assumes=(
        f"{CALLS_PER_S} calls a second; the service fails from {FAILS_FROM_S:g} to {FAILS_UNTIL_S:g} s. The breaker "
        f"opens after {OPENS_AFTER} failures in a row, for {OPEN_S:g} s, and then lets one call pass. A call "
        f"without an answer times out after {TIMEOUT_S:g} s."
    ),
    faults=(
        Fault("breaker", "Circuit breaker", {"on": "in place", "off": "none"}, "on"),
        Fault(
            "failing", "The service",
            {"timeouts": "does not answer", "errors": "answers errors at once", "half": "fails every second call"},
            "timeouts",
        ),
    ),
    play=play,
    curves=(Curve("calls sent", "1/s"), Curve("calls refused at once", "1/s"), Curve("calls that wait", "")),
)  # fmt: skip
