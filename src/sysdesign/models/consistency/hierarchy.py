"""The map of consistency levels for single reads and writes: what each asks, and which implies which.

The edges are all direct implications; every other pair is told apart by one of `SEPARATING`, the
smallest there is. Both follow from judging every small history: tests do it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from typing import Literal

from sysdesign.models.consistency.causal import causal
from sysdesign.models.consistency.history import Operation
from sysdesign.models.consistency.linearizability import Outcome, linearizable
from sysdesign.models.consistency.sequential import sequential
from sysdesign.models.consistency.session import (
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    writes_follow_reads,
)
from sysdesign.models.consistency.staleness import bounded, regular
from sysdesign.models.consistency.views import convergent, per_key_sequential, pram, prefix

Decide = Callable[[Sequence[Operation], int], Outcome]


def eventual(operations: Sequence[Operation], budget: int) -> Outcome:
    """No finite record breaks it: what has not arrived may still come."""
    return Outcome("holds", 0)


JUDGES: dict[str, Decide] = {
    "linearizable": linearizable,
    "regular": regular,
    "bounded_staleness": bounded,
    "sequential": sequential,
    "prefix": prefix,
    "causal": causal,
    "causal_convergent": convergent,
    "pram": pram,
    "per_key_sequential": per_key_sequential,
    "read_your_writes": read_your_writes,
    "monotonic_reads": monotonic_reads,
    "monotonic_writes": monotonic_writes,
    "writes_follow_reads": writes_follow_reads,
    "eventual": eventual,
}


@dataclass(frozen=True)
class Level:
    """What a level asks and forbids, in words; whether a split leaves it, and what others an operation waits for."""

    label: str
    asks: str
    forbids: str
    split: Literal["refuses", "sticky", "any"]  # while replicas cannot hear each other; `splits` shows it
    read_waits: str
    write_waits: str


NOBODY = "nobody"
LEVELS: dict[str, Level] = {
    "linearizable": Level(
        "Linearizable",
        "Each operation takes effect at one moment between call and answer, for everyone.",
        "A read that misses a write which had returned before, or goes back on what another reader saw.",
        "refuses",
        "a leader that is sure it still leads, or a majority, twice where a write may be under way",
        "a majority",
    ),
    "regular": Level(
        "Regular",
        "Each read gives the last write that had returned, or one under way.",
        "A read that misses a write which had returned before.",
        "refuses",
        "a majority, once",
        "a majority",
    ),
    "bounded_staleness": Level(
        "Bounded staleness",
        "A read gives one of the newest versions, two here, in one order that keeps real time.",
        "A read that is more versions old than the bound.",
        "refuses",
        "nobody while its copy is within the bound",
        "a majority, and copies that are about to fall behind the bound",
    ),
    "sequential": Level(
        "Sequential",
        "One order of all operations that keeps each process's own order, at no promised time.",
        "Two processes that each write and then miss the other's write.",
        "refuses",
        "nobody, or the write does",
        "its place in the one order",
    ),
    "prefix": Level(
        "Consistent prefix",
        "One order of all writes; each process reads forward in it, and may miss its own newest writes.",
        "A write seen without one that the order puts before it.",
        "any",
        NOBODY,
        "its place in the one order, before anybody sees it",
    ),
    "causal": Level(
        "Causal",
        "Each process orders all writes and its own reads so that causes come before effects (causal memory).",
        "An answer seen without the question that it answers.",
        "sticky",
        NOBODY,
        NOBODY,
    ),
    "causal_convergent": Level(
        "Causal convergent",
        "Causes before effects, and one order of conflicting writes for everyone (causal+).",
        "Two readers who end with different values for one key.",
        "sticky",
        NOBODY,
        NOBODY,
    ),
    "pram": Level(
        "PRAM",
        "Each process sees the writes of every other in the order in which that one made them (FIFO).",
        "Two writes of one process seen in the other order.",
        "sticky",
        NOBODY,
        NOBODY,
    ),
    "per_key_sequential": Level(
        "Sequential for each key",
        "Each key has one order of versions, in which nobody goes back (a timeline for each record).",
        "Two readers who see two versions of a key in different orders.",
        "sticky",
        NOBODY,
        NOBODY,
    ),
    "read_your_writes": Level(
        "Read your writes",
        "A process never reads something older than what it has written itself.",
        "The edit just saved, gone at the next look.",
        "sticky",
        NOBODY,
        NOBODY,
    ),
    "monotonic_reads": Level(
        "Monotonic reads",
        "A process never reads something older than what it has read.",
        "A message that is there, and gone after reloading.",
        "any",
        NOBODY,
        NOBODY,
    ),
    "monotonic_writes": Level(
        "Monotonic writes",
        "Whoever has seen a write of a process also sees what that process wrote before it.",
        "The new price without the new currency that was saved first.",
        "any",
        NOBODY,
        NOBODY,
    ),
    "writes_follow_reads": Level(
        "Writes follow reads",
        "Whoever has seen a write also sees what its writer had read before it.",
        "A reply without the post that it replies to.",
        "any",
        NOBODY,
        NOBODY,
    ),
    "eventual": Level(
        "Eventual",
        "If writes stop, all copies come to hold the same; until then a read may give any version.",
        "Nothing that a finite record could show.",
        "any",
        NOBODY,
        NOBODY,
    ),
}
EDGES: tuple[tuple[str, str], ...] = (
    ("linearizable", "regular"),
    ("linearizable", "bounded_staleness"),
    ("linearizable", "sequential"),
    ("regular", "eventual"),
    ("bounded_staleness", "eventual"),
    ("sequential", "prefix"),
    ("sequential", "causal"),
    ("sequential", "causal_convergent"),
    ("prefix", "monotonic_reads"),
    ("prefix", "monotonic_writes"),
    ("prefix", "writes_follow_reads"),
    ("causal", "pram"),
    ("causal", "writes_follow_reads"),
    ("causal_convergent", "per_key_sequential"),
    ("causal_convergent", "monotonic_writes"),
    ("causal_convergent", "writes_follow_reads"),
    ("pram", "read_your_writes"),
    ("pram", "monotonic_reads"),
    ("pram", "monotonic_writes"),
    ("per_key_sequential", "read_your_writes"),
    ("per_key_sequential", "monotonic_reads"),
    ("read_your_writes", "eventual"),
    ("monotonic_reads", "eventual"),
    ("monotonic_writes", "eventual"),
    ("writes_follow_reads", "eventual"),
)
# The smallest histories that tell levels apart: every pair of levels of which the first does not imply the second
# is separated by one of them, and by none of fewer operations.
SEPARATING: dict[str, str] = {
    "own write missing": "A w x=1; A r x=nothing",
    "stale read": "A w x=1; B r x=nothing",
    "two versions old": "A w x=1; A w x=2; B r x=nothing",
    "write under way, seen and gone": "A w x=1 @0-3; B r x=1 @0-1; B r x=nothing @2-3",
    "second write without the first": "A w x=1; A w y=1; B r y=1; B r x=nothing",
    "each sees the other's write last": "A w x=1; B w x=2; A r x=2; B r x=1",
    "each misses the other's write": "A w x=1; A r y=nothing; B w y=1; B r x=nothing",
    "newer write under way, then the older": "A w x=1 @0-1; A w x=2 @2-5; B r x=2 @0-3; B r x=1 @4-5",
    "overwritten while under way, and back": "A w x=1 @0-3; B r x=1 @0-1; B w x=2 @2-3; B r x=1 @4-5",
    "three versions during one write": "A w x=1 @0-5; B r x=1 @0-1; B w x=2 @2-3; B w x=3 @4-5; B r x=1 @6-7",
    "answer without what was read": "A w x=1; B r x=1; B w x=2; C r x=2; C r x=1",
    "answer under way without what was read": "A w x=1 @0-1; B r x=1 @0-1; B w x=2 @2-5; A r x=2 @2-3; A r x=1 @4-5",
    "answer without the writer's own reading": "A w x=1; A r x=1; A w y=1; B r y=1; B r x=nothing",
    "readers disagree on which came first": "A w x=1; B w y=1; A r x=1; A r y=nothing; B r y=1; B r x=nothing",
    "order settled against what was seen": "A w x=1; A r y=nothing; B w y=1; B w x=2; B w y=2; A r y=2; A r x=1",
}
EXAMPLES: dict[str, str] = {
    "store buffers": "A w x=1; A r y=nothing; B w y=1; B r x=nothing",
    "readers disagree": "A w x=1; B w x=2; A r x=2; B r x=1",
    "own write missing": "A w x=1; A r x=nothing",
    "going back": "A w x=1; B r x=1; B r x=nothing",
    "writes out of order": "A w x=1; A w y=1; B r y=1; B r x=nothing",
    "lost cause": "A w x=1; B r x=1; B w y=1; C r y=1; C r x=nothing",
    "write under way": "A w x=1 @0-5; B r x=1 @1-2; C r x=nothing @3-4",
    "stale read": "A w x=1; B r x=nothing",
    "two versions old": "A w x=1; A w x=2; B r x=nothing",
}


@cache
def implied() -> Mapping[str, frozenset[str]]:
    """For each level all that it implies."""
    found: dict[str, frozenset[str]] = {}
    for level in TopologicalSorter({each: [b for a, b in EDGES if a == each] for each in JUDGES}).static_order():
        direct = {weaker for stronger, weaker in EDGES if stronger == level}
        found[level] = frozenset(direct.union(*(found[each] for each in direct)))
    return found


def separated() -> tuple[tuple[str, str], ...]:
    """Every pair of levels of which the first does not imply the second."""
    return tuple((a, b) for a in JUDGES for b in JUDGES if a != b and b != "eventual" and b not in implied()[a])
