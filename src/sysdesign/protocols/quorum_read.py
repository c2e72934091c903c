"""A write and the read after it, on three replicas of which one is slow or gone."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field

from sysdesign.protocols.telling import Fault, Message, Part, Protocol, Step

REPLICAS = ("A", "B", "C")
WRITE_MS = {"A": 10.0, "B": 40.0, "C": 30.0}  # there and back, from the writer, which stands near A
READ_MS = {"A": 30.0, "B": 20.0, "C": 10.0}  # from the reader, which stands near C
SLOW_MS = 600.0
PATIENCE_MS = 400.0  # then a request is refused


@dataclass
class _Room:
    """Where things stand while the steps are told."""

    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REPLICAS, 1))
    confirmed: int = 1
    away: frozenset[str] = frozenset()
    write_ms: float | None = None
    read_ms: float | None = None
    read: int | None = None

    def step(self, at_ms: float, says: str, *messages: Message, broken: str = "") -> Step:
        parts = [
            Part(name, "down" if name in self.away else "replica", f"version {self.held[name]}", self._mood(name))
            for name in REPLICAS
        ]
        counts = (
            ("Last confirmed", f"version {self.confirmed}"),
            ("The write took", "–" if self.write_ms is None else f"{self.write_ms:g} ms"),
            ("The read took", "–" if self.read_ms is None else f"{self.read_ms:g} ms"),
            ("The read found", "–" if self.read is None else f"version {self.read}"),
        )
        return Step(at_ms / 1000, says, tuple(parts), messages, counts, broken)

    def _mood(self, name: str) -> str:
        return "away" if name in self.away else "good" if self.held[name] == max(self.held.values()) else ""


def play(given: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps for a write quorum w, a read quorum r, and the state of replica C."""
    return tuple(_steps(int(given["w"]), int(given["r"]), given["replica_c"]))


def _steps(w: int, r: int, third: str) -> Iterator[Step]:
    room = _Room(away=frozenset({"C"} if third == "down" else ()))
    yield room.step(0, f"All replicas hold version 1. A write waits for {w} of 3, a read for {r} of 3.")
    sent = tuple(Message("writer", name, "write version 2", name not in room.away) for name in REPLICAS)
    yield room.step(0, "The writer sends version 2 to all three.", *sent)
    took = {**WRITE_MS, **({"C": SLOW_MS} if third == "slow" else {})}
    answers = sorted((took[name], name) for name in REPLICAS if name not in room.away)
    late = [(ms, name) for ms, name in answers[w:]]
    reached = [(ms, name) for ms, name in answers[:w] if ms <= PATIENCE_MS]
    for ms, name in reached:
        room.held[name] = 2
        yield room.step(ms, f"{name} has stored it and says so.", Message(name, "writer", "stored"))
    now = yield from _confirmed(room, w, reached)
    yield from _read(room, r, now, late if len(reached) == w else [a for a in answers if a not in reached])


def _confirmed(room: _Room, w: int, reached: list[tuple[float, str]]) -> Generator[Step, None, float]:
    """Tells whether the write is confirmed; returns when that is known."""
    if len(reached) == w:
        now = room.write_ms = reached[-1][0]
        room.confirmed = 2
        yield room.step(now, f"{w} of 3 have it: the write is confirmed after {now:g} ms.")
        return now
    stored = " and ".join(name for _, name in reached) or "nobody"
    yield room.step(
        PATIENCE_MS,
        f"Only {len(reached)} of the {w} answers came within {PATIENCE_MS:g} ms: the write is refused. "
        f"{stored} stored it all the same, and a later read may find it.",
    )
    return PATIENCE_MS


def _read(room: _Room, r: int, begun: float, late: list[tuple[float, str]]) -> Iterator[Step]:
    begun += 1
    asked = tuple(Message("reader", name, "read", name not in room.away) for name in REPLICAS)
    yield room.step(begun, "A reader, nearest to C, asks all three and takes the first answers.", *asked)
    answers = sorted((READ_MS[name], name) for name in REPLICAS if name not in room.away)
    for ms, name in late:  # writes that arrive before the replica answers the read
        if ms <= begun + READ_MS[name] / 2:
            room.held[name] = 2
    used = answers[:r]
    for ms, name in used:
        yield room.step(begun + ms, f"{name} answers: version {room.held[name]}.", Message(name, "reader", "answer"))
    if len(used) < r:
        yield room.step(begun + PATIENCE_MS, f"Only {len(used)} of the {r} answers came: the read is refused.")
        return
    room.read_ms, room.read = used[-1][0], max(room.held[name] for _, name in used)
    yield _verdict(room, begun + room.read_ms)
    yield from _mended(room, begun + room.read_ms, [name for _, name in used], late)


def _verdict(room: _Room, at_ms: float) -> Step:
    found = room.read or 0
    if found < room.confirmed:
        broken = f"version {room.confirmed} was confirmed before the read began, and it found version {found}"
        return room.step(at_ms, f"The read returns version {found}: stale.", broken=broken)
    if found > room.confirmed:
        return room.step(at_ms, f"The read returns version {found}, which its writer believes refused.")
    return room.step(at_ms, f"The read returns version {found}, the last that was confirmed.")


def _mended(room: _Room, now: float, used: list[str], late: list[tuple[float, str]]) -> Iterator[Step]:
    behind = [name for name in used if room.held[name] < (room.read or 0)]
    if behind:
        for name in behind:
            room.held[name] = room.read or 0
        sent = tuple(Message("reader", name, f"write version {room.read}") for name in behind)
        verb = "get" if len(behind) > 1 else "gets"
        yield room.step(now + 10, f"Read repair: {' and '.join(behind)} {verb} the newer version.", *sent)
    for ms, name in late:
        if room.held[name] < 2:
            room.held[name] = 2
            yield room.step(
                max(ms, now), f"The write reaches {name} at last.", Message("writer", name, "write version 2")
            )


PROTOCOL = Protocol(
    name="quorum-read",
    title="A quorum read with a slow replica",
    question="When does a read find the write before it?",
    section="17-Consistency-Models#quorum-based-consistency",
    promise="A read that begins after a write was confirmed finds it, or a newer one.",
    assumes=(
        "Three replicas. The writer stands near A, the reader near C; a round trip takes 10 to 40 ms. The read asks "
        "all and takes the first answers. A request without its quorum is refused after 400 ms."
    ),
    faults=(
        Fault("w", "A write waits for", {"1": "1 of 3", "2": "2 of 3", "3": "3 of 3"}, "2"),
        Fault("r", "A read waits for", {"1": "1 of 3", "2": "2 of 3", "3": "3 of 3"}, "1"),
        Fault(
            "replica_c", "Replica C",
            {"fine": "works", "slow": "gets writes 600 ms late", "down": "is down"}, "slow",
        ),
    ),
    play=play,
)  # fmt: skip
