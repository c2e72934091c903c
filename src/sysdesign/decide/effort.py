"""What parts cost in effort: `reference/efforts.yaml`, or a file of the reader's own in the same form.

managed_queue:
  label: Managed queue
  build: [1, 5]           # engineer-days for the first
  run: [0.5, 4]           # hours a month for the first
  further: {build: [..], run: [..]}     # for each one more; nothing where left out
  leave: [3, 15]          # engineer-days to replace it later
  machines: 0             # machine-months a month, for each
  reduced:
    - {when: team.runs == queue, build: 0.2, run: 0.3}
  basis: this reference's estimate
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from sysdesign.content.loading import default_root
from sysdesign.content.located import parse, read_text
from sysdesign.decide import expression
from sysdesign.decide.entry import Entry, shown
from sysdesign.decide.node import Array, Node, Worlds
from sysdesign.decide.worlds import sampler_of, strata
from sysdesign.errors import BadContent, nearest

KEYS = ("label", "build", "run", "further", "leave", "machines", "reduced", "basis", "meaning")
KINDS = ("build", "run", "leave", "machines")
Range = tuple[float, float]
NOTHING: Range = (0.0, 0.0)


@dataclass(frozen=True)
class Reduction:
    """What remains of the effort where a condition holds."""

    when: Node
    share: Mapping[str, float]  # by kind


@dataclass(frozen=True)
class Component:
    """A part that options are made of."""

    id: str
    label: str
    first: Mapping[str, Range]  # by kind, for the first
    further: Mapping[str, Range]  # for each one more
    reduced: tuple[Reduction, ...]
    basis: str
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def effort(self, kind: str, count: Array, worlds: Worlds) -> Array:
        """Effort of that kind for so many of it, drawn between its bounds; the same place in each range in a world."""
        sampler = sampler_of(worlds)
        one, more = self._drawn(kind, sampler.count, sampler.seed)
        found = one * np.minimum(count, 1.0)
        if more is not None:
            found = found + more * np.maximum(count - 1.0, 0.0)
        for reduction in self.reduced:
            if kind in reduction.share:
                found = np.where(reduction.when.truth(worlds), found * reduction.share[kind], found)
        return found

    def _drawn(self, kind: str, count: int, seed: int) -> tuple[Array, Array | None]:
        """The first and each further one in each world; kept, as every setting of a decision asks again."""
        key = kind, count, seed
        if key not in self.kept:
            place = strata(f"effort of {self.id}", count, seed)
            further = self.further[kind]
            self.kept[key] = _between(self.first[kind], place), _between(further, place) if any(further) else None
        return self.kept[key]


@dataclass(frozen=True, eq=False)
class Effort(Node):
    """Effort of one kind for so many of a component."""

    component: Component
    kind: str
    count: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        lighter = (each.when for each in self.component.reduced if self.kind in each.share)
        return (self.count, *lighter)

    def _number(self, worlds: Worlds) -> Array:
        return self.component.effort(self.kind, self.count.number(worlds), worlds)


@dataclass(frozen=True, eq=False)
class Total(Node):
    """The sum of some numbers."""

    values: tuple[Node, ...]

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.values

    def _number(self, worlds: Worlds) -> Array:
        found = np.zeros(1)
        for value in self.values:
            found = found + value.number(worlds)
        return found


def _between(ends: Range, place: Array) -> Array:
    """Even in the logarithm: an estimate is off by a factor, not by an amount."""
    low, high = ends
    return low + (high - low) * place if low <= 0 else low * (high / low) ** place


@dataclass(frozen=True)
class Efforts:
    components: Mapping[str, Component]
    path: str
    digest: str  # SHA-256 of what was read


@cache
def efforts() -> Efforts:
    """The catalog of the reference."""
    return read_efforts(default_root() / "efforts.yaml")


def own_efforts(path: Path) -> Efforts:
    """The catalog of the reference with a reader's own components in place of those of the same names.

    Raises BadContent, also for a component that the reference has not: no decision counts it.
    """
    own, known = read_efforts(path), efforts()
    for name in own.components:
        if name not in known.components:
            fix = nearest(name, known.components, "components")
            raise BadContent(str(path), 1, f"no decision counts a component {name!r}", fix)
    digest = hashlib.sha256(f"{known.digest} {own.digest}".encode()).hexdigest()
    return Efforts({**known.components, **own.components}, own.path, digest)


def read_efforts(path: Path) -> Efforts:
    """Read a catalog. Raises BadContent."""
    name = f"reference/{path.name}" if path.parent.name == "reference" else str(path)
    text = read_text(path, name)
    root = Entry(parse(text, name), ())
    components = {str(key): _component(str(key), root.inner(key)) for key in root.value}
    return Efforts(components, name, hashlib.sha256(text.encode()).hexdigest())


def _component(name: str, entry: Entry) -> Component:
    entry.fields(KEYS, ("label", "build", "run", "basis"))
    first = {kind: _range(entry, kind) for kind in KINDS}
    further = dict.fromkeys(KINDS, NOTHING) | {"machines": first["machines"]}
    if "further" in entry.value:
        more = entry.inner("further")
        more.fields(KINDS, ())
        further |= {kind: _range(more, kind) for kind in more.value}
    reduced = tuple(_reduction(each) for each in entry.each("reduced"))
    return Component(name, entry.text("label"), first, further, reduced, entry.text("basis"))


def _range(entry: Entry, key: str) -> Range:
    value: Any = entry.value.get(key, 0)
    ends = value if isinstance(value, list) else [value, value]
    numbers = len(ends) == 2 and all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in ends)
    if not numbers or not 0 <= ends[0] <= ends[1]:
        raise entry.wrong(f"{key} is {shown(value)}", "Write a range, as in [1, 5]", key)
    return float(ends[0]), float(ends[1])


def _reduction(entry: Entry) -> Reduction:
    entry.fields(("when", *KINDS), ("when",))
    when = entry.told("when", partial(expression.condition, entry.value["when"], {}))
    return Reduction(when, {kind: float(entry.value[kind]) for kind in KINDS if kind in entry.value})
