"""The outcomes that options are compared by: one list, `reference/outcomes.yaml`, for all frameworks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sysdesign import units
from sysdesign.content.loading import default_root
from sysdesign.content.located import parse, read_text
from sysdesign.decide import expression
from sysdesign.decide.entry import Entry
from sysdesign.decide.formula import formula
from sysdesign.decide.node import Array, Node, Worlds

MOST = 1e6  # widths beyond the target; farther is no worse, and what is undefined is as bad
LEAST_SHARE = 1e-4  # smaller shares are next to nothing for all that is compared here
LEAST_PER_MILLION = 1e-6  # one in 10^12: below it a model says more than its assumptions can
MOST_AS_PERCENT = 100.0  # a range that begins in percent ends in percent up to here
KEYS = (
    "label", "unit", "suffix", "scale", "floor", "target", "limit", "goal", "weight", "goals", "meaning", "machines",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What one would get, in a unit, and the goal that it is held against; less is better."""

    id: str
    label: str
    unit: str
    suffix: str  # what stands after a value: "a month", "per million"
    log: bool  # regret by factors
    floor: float  # smaller values are as good as this one
    target: Node | None  # none: shown, and never weighed
    limit: Node | None
    goal: Node | None  # what the reader asks for; the limit unless told
    weight: Node
    goals: tuple[str, ...]  # the workload's fields that people call the goal
    machines: bool = False  # whether it counts machines paid for: with prices, the cost says so instead

    @property
    def fields(self) -> frozenset[str]:
        """Fields that the goal and its weight read."""
        nodes = [node for node in (self.target, self.limit, self.goal, self.weight) if node is not None]
        return frozenset().union(*(node.fields for node in nodes))

    @property
    def heading(self) -> str:
        """What stands before a row of values: the label, with what a bare number counts."""
        gap = " " if self.suffix.startswith("a ") else ", "
        return f"{self.label}{gap}{self.suffix}" if self.suffix else self.label

    def text(self, value: float) -> str:
        """A value in base units, for people."""
        if self.unit == "share" and 0 < value < LEAST_SHARE:
            return "<0.01%"
        if self.suffix == "per million" and 0 < value < LEAST_PER_MILLION:
            return "<0.000001"
        return units.text(value, units.unit(self.unit)[1], self.unit, 2)

    def range_text(self, low: float, high: float) -> str:
        """Both ends, the unit once where they share it; "" where they read alike."""
        first, last = self.text(low), self.text(high)
        if first == last:
            return ""
        (number, _, unit), (_, _, other) = first.partition(" "), last.partition(" ")
        if first.endswith("%") and last.endswith(" times") and high <= MOST_AS_PERCENT:
            return f"{first.removesuffix('%')} to {units.number_text(100 * high, 2)}%"
        if first.startswith("<"):
            return f"{first.removesuffix('%') if last.endswith('%') else first} to {last}"
        if first.endswith("%"):
            number = units.number_text(low if unit != other else 100 * low, 2)
            unit = other
        return f"{number} to {last}" if unit == other else f"{first} to {last}"

    def regret(self, value: Array, worlds: Worlds) -> Array:
        """0 at the target or better, 1 at the limit, beyond it ever slower: 1 + the logarithm."""
        if self.target is None or self.limit is None:
            return np.zeros(1)
        target, limit = self.target.number(worlds), self.limit.number(worlds)
        return regret_of(value, target, limit, self.log, self.floor) * self.weight.number(worlds)

    def missed(self, value: Array, worlds: Worlds) -> Array:
        """Where the value is beyond the goal."""
        if self.goal is None:
            return np.zeros_like(value, dtype=bool)
        return value > np.maximum(self.goal.number(worlds), self.floor) * (1 + 1e-9)


def regret_of(value: Array, target: Array, limit: Array, log: bool = False, floor: float = 0.0) -> Array:
    """Continuous in the value: straight (or by factors) from target to limit, and growing by logarithm after it."""
    if log:
        value, target, limit = (np.log(np.maximum(x, floor or 1e-12)) for x in (value, target, limit))
    width = np.maximum(limit - target, 1e-3 if log else 1e-12)
    share = np.maximum(np.fmin((value - target) / width, MOST), 0.0)  # fmin: what is undefined becomes the most
    if share.max() > 1.0:
        share = np.minimum(share, 1.0) + np.log(np.maximum(share, 1.0))
    return share


def read_outcome(name: str, entry: Entry, derived: Mapping[str, Node]) -> Outcome:
    """One outcome from its entry. Raises BadContent."""
    entry.fields(KEYS, ("label", "unit"))
    unit = entry.text("unit")
    size, dimension = entry.told("unit", lambda: units.unit(unit))
    machines = entry.value.get("machines", False)
    if not isinstance(machines, bool) or (machines and dimension != units.PURE):
        raise entry.wrong(
            "machines stands at what is no count", "Write machines: true at a count of machines", "machines"
        )
    target, limit = (
        formula(entry, key, derived, dimension) if key in entry.value else None for key in ("target", "limit")
    )
    return Outcome(
        name, entry.text("label"), unit, entry.text("suffix"), entry.text("scale", "linear") == "log",
        float(entry.value.get("floor", 0.0)) * size, target, limit,
        formula(entry, "goal", derived, dimension) if "goal" in entry.value else limit,
        formula(entry, "weight", derived, units.PURE) if "weight" in entry.value else expression.number(1, {}),
        entry.names("goals"), machines,
    )  # fmt: skip


@cache
def outcomes() -> Mapping[str, Outcome]:
    """The shared list."""
    return read_outcomes(default_root() / "outcomes.yaml")


def read_outcomes(path: Path) -> Mapping[str, Outcome]:
    """The outcomes of a file, by name. Raises BadContent."""
    shown = f"reference/{path.name}"
    root = Entry(parse(read_text(path, shown), shown), ())
    return {str(name): read_outcome(str(name), root.inner(name), {}) for name in root.value}


def as_json(outcome: Outcome) -> dict[str, Any]:
    """What a list of outcomes shows."""
    return {"id": outcome.id, "label": outcome.label, "unit": outcome.unit, "goals": list(outcome.goals)}
