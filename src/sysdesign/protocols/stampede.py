"""A popular entry expires: who rebuilds it, and who waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sysdesign.protocols.telling import Curve, Fault, Part, Protocol, Step, paced

ARRIVALS_PER_S = 10
TOKEN_S = 10.0  # leases: shortest time between two tokens
LOCK_S = 4.0  # a lock that nobody gives back falls open
STEP_S = 0.5
ORIGIN = 5  # queries for this entry that the origin bears at once


@dataclass
class _Run:
    guard: str
    rebuild_s: float
    dies: bool
    running: list[float] = field(default_factory=list)  # when each query at the origin ends
    queries: int = 0
    waiting: int = 0
    served: int = 0
    built_at: float | None = None
    held_until: float = 0.0  # a lock's or token's end

    def request(self, now: float) -> None:
        """One request for the entry."""
        self.settle(now)
        if self.built_at is not None and now >= self.built_at:
            self.served += 1
        elif self.guard == "none" or now >= self.held_until - 1e-9:
            self._query(now)
        else:
            self.waiting += 1

    def _query(self, now: float) -> None:
        doomed = self.dies and self.queries == 0
        self.queries += 1
        self.held_until = now + {"none": 0.0, "locking": LOCK_S, "leases": TOKEN_S}[self.guard]
        if self.guard == "locking" and not doomed:
            self.held_until = now + self.rebuild_s  # the holder renews its lock while it works
        if doomed:
            self.running.append(now + self.rebuild_s / 2)
            return
        self.running.append(now + self.rebuild_s)
        self.built_at = min(self.built_at or float("inf"), now + self.rebuild_s)

    def settle(self, now: float) -> None:
        """What has ended by now."""
        self.running = [end for end in self.running if end > now + 1e-9]
        if self.built_at is not None and now >= self.built_at - 1e-9:
            self.served += self.waiting
            self.waiting = 0


def play(given: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps from the expiry on, by protection, by the time of a rebuild, by the fate of the first."""
    run = _Run(given["protection"], float(given["rebuild_s"]), given["first"] == "dies")
    end = run.rebuild_s * 2 + (TOKEN_S if run.dies else 2.0)
    steps, before = [], 0
    for now, numbers in paced(end, STEP_S, ARRIVALS_PER_S):
        for number in numbers:
            run.request(number / ARRIVALS_PER_S)
        run.settle(now)
        steps.append(_step(run, now, before))
        before = run.queries
    return tuple(steps)


def _step(run: _Run, now: float, before: int) -> Step:
    built = run.built_at is not None and now >= run.built_at - 1e-9
    parts = (
        Part("Requests", f"{ARRIVALS_PER_S} a second", f"{run.waiting} wait for another's rebuild"),
        Part("Cache", "holds the entry" if built else "empty", _lock(run, now, built), "good" if built else "bad"),
        Part("Origin", f"{len(run.running)} queries at once", "", "bad" if len(run.running) > ORIGIN else "good"),
    )
    counts = (
        ("Queries sent to the origin", f"{run.queries}"), ("Needed", "1"), ("Answered from the cache", f"{run.served}"),
    )  # fmt: skip
    at_once = len(run.running)
    broken = f"the origin works on {at_once} queries for one entry, more than {ORIGIN}" if at_once > ORIGIN else ""
    return Step(now, _says(run, now, built, before), parts, (), counts, broken, (float(at_once), float(run.waiting)))


def _lock(run: _Run, now: float, built: bool) -> str:
    held = run.guard != "none" and not built and now < run.held_until
    return {"locking": "locked", "leases": "a token is out"}.get(run.guard, "") if held else ""


def _says(run: _Run, now: float, built: bool, before: int) -> str:
    if now == 0:
        return "The entry has expired. The first request finds nothing and asks the origin."
    if run.dies and now == run.rebuild_s / 2:
        return "The one that rebuilds dies, and nobody is told."
    if built and run.built_at is not None and now - run.built_at < STEP_S - 1e-9:
        return "The entry is there again; those who waited are answered."
    if run.guard != "none" and run.queries > before:
        held = "lock falls open" if run.guard == "locking" else "next token is given out"
        return f"The {held}: the next request asks the origin."
    if run.guard == "none" and not built and now == 1:
        return "Every request that comes meanwhile asks the origin too."
    if run.guard != "none" and not built and now == 1:
        return "The others wait."
    return ""


PROTOCOL = Protocol(
    name="cache-stampede",
    title="A stampede, with and without a lease",
    question="How many rebuild an entry that many want?",
    section="05-Caching-Strategies#cache-stampede",
    promise=f"The origin works on no more than {ORIGIN} queries for one entry at once.",
    assumes=(
        f"{ARRIVALS_PER_S} requests a second for one entry, evenly; a rebuild takes the same time however many run. "
        f"A lock is renewed while its holder works, and falls open {LOCK_S:g} s after it was taken by one that died. "
        f"A lease gives out one token every {TOKEN_S:g} s."
    ),
    faults=(
        Fault("protection", "Protection", {"none": "none", "locking": "a lock", "leases": "leases"}, "none"),
        Fault("rebuild_s", "A rebuild takes", {"2": "2 s", "12": "12 s"}, "2"),
        Fault("first", "The first that rebuilds", {"finishes": "finishes", "dies": "dies half way"}, "finishes"),
    ),
    play=play,
    curves=(Curve("queries at the origin", ""), Curve("requests that wait", "")),
)  # fmt: skip
