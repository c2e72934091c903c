"""A decision framework as frozen values; loading.py reads it from its file.

The format is house.md's, with these additions:

    popular: what people reach for first; only validation reads it, as an adviser to beat
    options.ID.class: one class or a list; options.ID.machines: "one" where a single machine carries it
    constraints: `needed` and `offered` say in words what a comparison of numbers says by itself
        (its left side is what the workload needs, its right side what the option offers)
    criteria: `values` gives each option its own expression where `value` with `options` gives one
        for all; `scale: log` measures regret by factors; `when` limits where it counts;
        `weight` (1 unless given) is the regret at the limit
    cautions, constraints: options may be one name or a list
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sysdesign.decide.inference import sources_of
from sysdesign.decide.node import Compare, Literal, ModelCall, Node, walk
from sysdesign.decide.workload import Workload
from sysdesign.units import PURE

PREFERENCE_LIMIT = 0.2  # all preferences for one option together
TOLERANCE = 0.05  # regrets nearer than this are not worth telling apart


@dataclass(frozen=True)
class Option:
    id: str
    label: str
    classes: tuple[str, ...]
    section: str
    one_machine: bool = False


@dataclass(frozen=True)
class Rule:
    """What every rule carries: when it holds, why, and where it stands."""

    text: str
    when: Node | None
    because: str
    source: str
    line: int


@dataclass(frozen=True)
class Constraint(Rule):
    rules_out: tuple[str, ...] = ()
    needed: str = ""
    offered: str = ""

    @cached_property
    def comparison(self) -> Compare | None:
        """The first comparison of numbers in the condition: what is needed against what is offered."""
        found = (node for node in walk(self.when) if isinstance(node, Compare)) if self.when else iter(())
        return next(found, None)


@dataclass(frozen=True)
class Criterion(Rule):
    name: str = ""
    values: Mapping[str, Node] = None  # type: ignore[assignment]
    target: Node = None  # type: ignore[assignment]
    limit: Node = None  # type: ignore[assignment]
    weight: float = 1.0
    log: bool = False

    @cached_property
    def is_share(self) -> bool:
        """Whether its values read as percentages: one of them, or an end of the scale, is a share."""
        return any(node.is_share for node in (*self.values.values(), self.target, self.limit))

    @cached_property
    def is_judged(self) -> bool:
        """Whether its values are points that the framework's author gave, and no quantity that anyone could measure."""
        nodes = [*self.values.values(), self.target]
        return all(isinstance(node, Literal) and node.kind == PURE and not node.percent for node in nodes)


@dataclass(frozen=True)
class Preference(Rule):
    option: str = ""
    weight: float = 0.0


@dataclass(frozen=True)
class Caution(Rule):
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interaction:
    option: str
    kind: str  # requires | excludes | changes
    target: str
    because: str
    line: int


@dataclass(frozen=True)
class Example:
    given: Workload
    first: str
    line: int


@dataclass(frozen=True)
class Framework:
    """A question, its options, and the rules that choose."""

    id: str
    path: str
    question: str
    document: str
    options: Mapping[str, Option]
    default: str
    popular: str
    derived: Mapping[str, Node]
    constraints: tuple[Constraint, ...]
    criteria: tuple[Criterion, ...]
    preferences: tuple[Preference, ...]
    cautions: tuple[Caution, ...]
    interactions: tuple[Interaction, ...]
    sources: tuple[str, ...]
    examples: tuple[Example, ...]
    digest: str  # SHA-256 of the file

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every expression that decides; cautions only warn and are left out."""
        rules: list[Node | None] = [rule.when for rule in (*self.constraints, *self.criteria, *self.preferences)]
        for criterion in self.criteria:
            rules += [*criterion.values.values(), criterion.target, criterion.limit]
        return tuple(node for node in rules if node is not None)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Names of the workload fields that the choice depends on, by its rules or through what follows from them."""
        return tuple(sorted(self._read | sources_of(self._read)))

    def fields_for(self, workload: Workload) -> tuple[str, ...]:
        """Those fields on which the choice depends for this workload: what is stated follows from nothing else."""
        return tuple(sorted(self._read | sources_of(self._read, workload.values)))

    @cached_property
    def _read(self) -> frozenset[str]:
        return frozenset().union(*(node.fields for node in self.nodes))

    @cached_property
    def warned_by(self) -> tuple[str, ...]:
        """Names of all fields read, those of cautions and of derived numbers included."""
        more = [caution.when.fields for caution in self.cautions if caution.when is not None]
        more += [node.fields for node in self.derived.values()]
        read = frozenset(self.fields).union(*more)
        return tuple(sorted(read | sources_of(read)))

    @cached_property
    def calls(self) -> tuple[ModelCall, ...]:
        """The model calls in it."""
        nodes = [*self.nodes, *self.derived.values()]
        return tuple({id(n): n for root in nodes for n in walk(root) if isinstance(n, ModelCall)}.values())

    @property
    def sections(self) -> tuple[str, ...]:
        return tuple(option.section for option in self.options.values())

    def as_json(self) -> dict[str, Any]:
        """What a list of frameworks shows."""
        options = [
            {"id": o.id, "label": o.label, "classes": list(o.classes), "section": o.section}
            for o in self.options.values()
        ]
        return {
            "id": self.id,
            "question": self.question,
            "document": self.document,
            "default": self.default,
            "options": options,
        }
