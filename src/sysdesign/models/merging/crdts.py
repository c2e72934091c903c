"""State-based replicated data types: each change gives a new state, and two states merge into their least upper bound.

A dot is one change of one replica: its name and the how-manyeth change it is. A context tells which dots a
replica has seen: the highest of each replica, since dots are seen in order here.
Source: almeida-2023 for the types and their laws.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Dot = tuple[str, int]
Counts = Mapping[str, int]
NOTHING: Counts = {}
ROOT: Dot = ("", 0)  # before the first element of a sequence


@dataclass(frozen=True)
class Sizes:
    """Bytes of what a state is made of: a value, a replica's name, a count and a time."""

    value: float = 16
    name: float = 16
    count: float = 8
    stamp: float = 8

    @property
    def dot(self) -> float:
        return self.name + self.count


def _largest(one: Counts, other: Counts) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {*one, *other}}


@dataclass(frozen=True)
class GCounter:
    """Counts up: each replica has a count of its own, merged by the larger."""

    counts: Counts = field(default_factory=dict)

    def add(self, replica: str, by: int = 1) -> GCounter:
        return GCounter({**self.counts, replica: self.counts.get(replica, 0) + by})

    def merge(self, other: GCounter) -> GCounter:
        return GCounter(_largest(self.counts, other.counts))

    @property
    def value(self) -> int:
        return sum(self.counts.values())

    def size(self, sizes: Sizes) -> float:
        return len(self.counts) * sizes.dot


@dataclass(frozen=True)
class PNCounter:
    """Counts up and down: two counters that only grow."""

    up: GCounter = field(default_factory=GCounter)
    down: GCounter = field(default_factory=GCounter)

    def add(self, replica: str, by: int = 1) -> PNCounter:
        return replace(self, up=self.up.add(replica, by))

    def remove(self, replica: str, by: int = 1) -> PNCounter:
        return replace(self, down=self.down.add(replica, by))

    def merge(self, other: PNCounter) -> PNCounter:
        return PNCounter(self.up.merge(other.up), self.down.merge(other.down))

    @property
    def value(self) -> int:
        return self.up.value - self.down.value

    def size(self, sizes: Sizes) -> float:
        return self.up.size(sizes) + self.down.size(sizes)


@dataclass(frozen=True)
class GSet:
    """Grows only: merged by union."""

    elements: frozenset[Any] = frozenset()

    def add(self, element: Any) -> GSet:
        return GSet(self.elements | {element})

    def merge(self, other: GSet) -> GSet:
        return GSet(self.elements | other.elements)

    @property
    def value(self) -> frozenset[Any]:
        return self.elements

    def size(self, sizes: Sizes) -> float:
        return len(self.elements) * sizes.value


@dataclass(frozen=True)
class TwoPhaseSet:
    """What was added and what was removed, each growing: an element removed once never comes back."""

    added: GSet = field(default_factory=GSet)
    removed: GSet = field(default_factory=GSet)

    def add(self, element: Any) -> TwoPhaseSet:
        return replace(self, added=self.added.add(element))

    def remove(self, element: Any) -> TwoPhaseSet:
        return replace(self, removed=self.removed.add(element)) if element in self.value else self

    def merge(self, other: TwoPhaseSet) -> TwoPhaseSet:
        return TwoPhaseSet(self.added.merge(other.added), self.removed.merge(other.removed))

    @property
    def value(self) -> frozenset[Any]:
        return self.added.value - self.removed.value

    def size(self, sizes: Sizes) -> float:
        return self.added.size(sizes) + self.removed.size(sizes)


@dataclass(frozen=True)
class Dotted:
    """Values under the dots that wrote them, and the dots seen: what one side has seen and no longer has is gone."""

    entries: frozenset[tuple[Dot, Any]] = frozenset()
    seen: Counts = field(default_factory=dict)

    def written(self, replica: str, value: Any, instead_of: Iterable[tuple[Dot, Any]]) -> Any:
        dot = (replica, self.seen.get(replica, 0) + 1)
        kept = self.entries - frozenset(instead_of)
        return type(self)(kept | {(dot, value)}, {**self.seen, replica: dot[1]})

    def merge(self, other: Any) -> Any:
        both = self.entries & other.entries
        new = {entry for entry in self.entries - both if not _saw(other.seen, entry[0])}
        others = {entry for entry in other.entries - both if not _saw(self.seen, entry[0])}
        return type(self)(both | new | others, _largest(self.seen, other.seen))

    def size(self, sizes: Sizes) -> float:
        return len(self.entries) * (sizes.value + sizes.dot) + len(self.seen) * sizes.dot


def _saw(seen: Counts, dot: Dot) -> bool:
    return seen.get(dot[0], 0) >= dot[1]


class ORSet(Dotted):
    """Observed-remove set: a removal takes the additions that it has seen, and an addition beside it stays."""

    def add(self, replica: str, element: Any) -> ORSet:
        return self.written(replica, element, (entry for entry in self.entries if entry[1] == element))

    def remove(self, element: Any) -> ORSet:
        return ORSet(frozenset(entry for entry in self.entries if entry[1] != element), self.seen)

    @property
    def value(self) -> frozenset[Any]:
        return frozenset(element for _, element in self.entries)


class MVRegister(Dotted):
    """Multi-value register: a write replaces what it has seen; writes side by side are both kept, as siblings."""

    def set(self, replica: str, value: Any) -> MVRegister:
        return self.written(replica, value, self.entries)

    @property
    def value(self) -> tuple[Any, ...]:
        return tuple(value for _, value in sorted(self.entries, key=lambda entry: entry[0]))


@dataclass(frozen=True)
class LWWRegister:
    """Last write wins: the value with the latest stamp; the replica's name settles equal stamps."""

    stamped: tuple[float, str, Any] = (float("-inf"), "", None)

    def set(self, replica: str, value: Any, stamp: float) -> LWWRegister:
        mine = (stamp, replica, value)
        return LWWRegister(mine) if mine[:2] > self.stamped[:2] else self

    def merge(self, other: LWWRegister) -> LWWRegister:
        return self if self.stamped[:2] >= other.stamped[:2] else other

    @property
    def value(self) -> Any:
        return self.stamped[2]

    def size(self, sizes: Sizes) -> float:
        return sizes.value + sizes.stamp + sizes.name


@dataclass(frozen=True)
class LWWSet:
    """A set of registers, one an element: added or removed, whichever has the later stamp."""

    registers: Mapping[Any, LWWRegister] = field(default_factory=dict)

    def put(self, replica: str, element: Any, present: bool, stamp: float) -> LWWSet:
        known = self.registers.get(element, LWWRegister())
        return LWWSet({**self.registers, element: known.set(replica, present, stamp)})

    def merge(self, other: LWWSet) -> LWWSet:
        every = {*self.registers, *other.registers}
        none = LWWRegister()
        return LWWSet({each: self.registers.get(each, none).merge(other.registers.get(each, none)) for each in every})

    @property
    def value(self) -> frozenset[Any]:
        return frozenset(element for element, register in self.registers.items() if register.value)

    def size(self, sizes: Sizes) -> float:
        return len(self.registers) * (sizes.value + sizes.stamp + sizes.name)


@dataclass(frozen=True)
class Sequence:
    """A list, or a text: each element hangs on the one it was put after; removed ones stay as tombstones (RGA).

    Elements that hang on the same one stand by their dots, the later first, so that all replicas agree.
    """

    nodes: Mapping[Dot, tuple[Dot, Any]] = field(default_factory=dict)  # what it hangs on, and the element
    removed: frozenset[Dot] = frozenset()

    def insert(self, replica: str, element: Any, after: Dot = ROOT) -> Sequence:
        dot = (replica, 1 + max((count for _, count in self.nodes), default=0))
        return Sequence({**self.nodes, dot: (after, element)}, self.removed)

    def append(self, replica: str, element: Any) -> Sequence:
        return self.insert(replica, element, next(reversed(self.dots), ROOT))

    def remove(self, dot: Dot) -> Sequence:
        return Sequence(self.nodes, self.removed | {dot})

    def merge(self, other: Sequence) -> Sequence:
        return Sequence({**self.nodes, **other.nodes}, self.removed | other.removed)

    @property
    def dots(self) -> tuple[Dot, ...]:
        """All elements in order, tombstones among them."""
        children: dict[Dot, list[Dot]] = {}
        for dot in sorted(self.nodes, key=lambda each: (each[1], each[0])):
            children.setdefault(self.nodes[dot][0], []).append(dot)
        found, waiting = [], list(children.get(ROOT, ()))
        while waiting:
            dot = waiting.pop()  # the latest first
            found.append(dot)
            waiting.extend(children.get(dot, ()))
        return tuple(found)

    @property
    def value(self) -> tuple[Any, ...]:
        return tuple(self.nodes[dot][1] for dot in self.dots if dot not in self.removed)

    def size(self, sizes: Sizes) -> float:
        return len(self.nodes) * (sizes.value + 2 * sizes.dot)
