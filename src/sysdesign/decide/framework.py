"""A decision framework as frozen values; loading.py reads it from its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from sysdesign.decide.effort import Effort, Efforts, Total
from sysdesign.decide.node import ModelCall, Node, walk
from sysdesign.decide.outcome import Outcome
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import sources_of


@dataclass(frozen=True)
class Product:
    """One example of what an option is."""

    name: str
    looked_at: str  # ISO date


@dataclass(frozen=True)
class Option:
    id: str
    label: str
    classes: tuple[str, ...]
    section: str
    components: Mapping[str, Node]  # count of each
    products: tuple[Product, ...] = ()


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
    """What an option can never give, at any price."""

    rules_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Consequence(Rule):
    """One outcome of each option, where it applies."""

    outcome: Outcome = None  # type: ignore[assignment]
    values: Mapping[str, Node] = None  # type: ignore[assignment]
    texts: Mapping[str, str] = field(default_factory=dict)  # the formulas as written

    @cached_property
    def common(self) -> frozenset[str]:
        """The fields that decide how any value counts: those of the goal, its weight and where it applies."""
        return self.outcome.fields | (self.when.fields if self.when is not None else frozenset())

    @cached_property
    def all_read(self) -> frozenset[str]:
        """The fields that decide any value, or how it counts."""
        return self.common.union(*(node.fields for node in self.values.values()))

    def reads(self, names: frozenset[str]) -> tuple[str, ...]:
        """Options whose regret depends on any of these fields."""
        if names.isdisjoint(self.all_read):
            return ()
        if not names.isdisjoint(self.common):
            return tuple(self.values)
        return tuple(name for name, node in self.values.items() if not names.isdisjoint(node.fields))


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
    first: tuple[str, ...]  # any of these
    close: bool  # the answer must say "either"
    note: str
    source: str
    line: int


@dataclass(frozen=True, eq=False)
class Framework:
    """A question, its options, and what each of them brings."""

    id: str
    path: str
    question: str
    document: str
    options: Mapping[str, Option]
    default: str
    popular: str
    derived: Mapping[str, Node]
    consequences: tuple[Consequence, ...]
    constraints: tuple[Constraint, ...]
    cautions: tuple[Caution, ...]
    interactions: tuple[Interaction, ...]
    examples: tuple[Example, ...]
    efforts: Efforts
    efforts_weighed: Mapping[str, Outcome]  # build, run, leave, machines, cost
    digest: str  # SHA-256 of the file
    derived_texts: Mapping[str, str] = field(default_factory=dict)  # their formulas as written

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every expression that decides; cautions only warn and are left out."""
        rules: list[Node | None] = [rule.when for rule in (*self.constraints, *self.consequences)]
        for consequence in self.weighed:
            rules += [*consequence.values.values(), *_goal(consequence.outcome)]
        rules += _goal(self.efforts_weighed["cost"])
        return tuple(node for node in rules if node is not None)

    @cached_property
    def weighed(self) -> tuple[Consequence, ...]:
        """What the options are compared by: what the file gives, then what their components take."""
        kinds = [kind for kind in self.efforts_weighed if kind != "cost"]
        return (*self.consequences, *(self.by_components(kind, partial(self._effort, kind)) for kind in kinds))

    def by_components(self, kind: str, made: Callable[[str, Node], Node]) -> Consequence:
        """An outcome as the sum of what `made` gives for each component and its count."""
        values = {
            name: Total(tuple(made(key, count) for key, count in option.components.items()))
            for name, option in self.options.items()
        }
        return Consequence("", None, "", "", 0, self.efforts_weighed[kind], values)

    def _effort(self, kind: str, name: str, count: Node) -> Node:
        """One node for the same count of the same component, in whichever option."""
        key = kind, name, count
        if key not in self._efforts:
            self._efforts[key] = Effort(self.efforts.components[name], kind, count)
        return self._efforts[key]

    @cached_property
    def _efforts(self) -> dict[tuple[str, str, Node], Node]:
        return {}

    @cached_property
    def read(self) -> frozenset[str]:
        """Fields that the choice reads."""
        return frozenset().union(*(node.fields for node in self.nodes))

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Names of the workload fields that the choice depends on, by its rules or through what follows from them."""
        return tuple(sorted(self.read | sources_of(self.read)))

    def fields_for(self, workload: Workload) -> tuple[str, ...]:
        """Those fields on which the choice depends for this workload: what is stated follows from nothing else."""
        return tuple(sorted(self.read | sources_of(self.read, workload)))

    @cached_property
    def warned_by(self) -> tuple[str, ...]:
        """Names of all fields read, those of cautions included."""
        more = [caution.when.fields for caution in self.cautions if caution.when is not None]
        read = self.read.union(*more)
        return tuple(sorted(read | sources_of(read)))

    @cached_property
    def calls(self) -> tuple[ModelCall, ...]:
        """The model calls in it."""
        return tuple({id(n): n for root in self.nodes for n in walk(root) if isinstance(n, ModelCall)}.values())

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


def _goal(outcome: Outcome) -> list[Node]:
    return [node for node in (outcome.target, outcome.limit, outcome.weight) if node is not None]
