"""The parts an expression is made of once it is parsed, typed and unit-checked."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sysdesign.decide import span
from sysdesign.decide.span import Span, Truth, WordSet
from sysdesign.units import PURE, Dimension


@dataclass
class Worlds:
    """Many worlds at once: each field's value in each, and derived numbers as they are asked for.

    Arrays have one element a world, or one element for all of them.
    """

    values: Mapping[str, Span | WordSet]
    derived: Mapping[str, Node]
    memo: dict[str, Span] = field(default_factory=dict)

    def number(self, name: str) -> Span:
        value = self.values[name]
        assert isinstance(value, Span)
        return value

    def words(self, name: str) -> WordSet:
        value = self.values[name]
        assert isinstance(value, WordSet)
        return value

    def derive(self, name: str) -> Span:
        if name not in self.memo:
            self.memo[name] = self.derived[name].number(self)
        return self.memo[name]


@dataclass(frozen=True)
class Node:
    """Part of an expression. Numbers answer `number`, conditions `truth`."""

    @property
    def dimension(self) -> Dimension:
        return PURE

    @property
    def fields(self) -> frozenset[str]:
        """Names of the workload fields it reads, derived numbers followed."""
        return frozenset().union(*(part.fields for part in self.parts)) if self.parts else frozenset()

    @property
    def parts(self) -> tuple[Node, ...]:
        return ()

    @property
    def is_share(self) -> bool:
        """Whether people read it as a percentage; the arithmetic does not depend on it."""
        return False

    def number(self, worlds: Worlds) -> Span:
        raise NotImplementedError

    def truth(self, worlds: Worlds) -> Truth:
        raise NotImplementedError


@dataclass(frozen=True)
class Literal(Node):
    value: float
    kind: Dimension = PURE
    percent: bool = False  # written with a % sign

    @property
    def dimension(self) -> Dimension:
        return self.kind

    @property
    def is_share(self) -> bool:
        return self.percent

    def number(self, worlds: Worlds) -> Span:
        return span.exact(np.asarray(self.value, dtype=float))


@dataclass(frozen=True)
class NumberName(Node):
    """A numeric field of the workload."""

    name: str
    kind: Dimension
    share: bool = False

    @property
    def dimension(self) -> Dimension:
        return self.kind

    @property
    def is_share(self) -> bool:
        return self.share

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.name})

    def number(self, worlds: Worlds) -> Span:
        return worlds.number(self.name)


@dataclass(frozen=True)
class DerivedName(Node):
    """A derived number of the framework."""

    name: str
    kind: Dimension
    reads: frozenset[str]
    share: bool = False

    @property
    def dimension(self) -> Dimension:
        return self.kind

    @property
    def is_share(self) -> bool:
        return self.share

    @property
    def fields(self) -> frozenset[str]:
        return self.reads

    def number(self, worlds: Worlds) -> Span:
        return worlds.derive(self.name)


@dataclass(frozen=True)
class Arithmetic(Node):
    operator: str
    left: Node
    right: Node
    kind: Dimension

    @property
    def dimension(self) -> Dimension:
        return self.kind

    @property
    def is_share(self) -> bool:
        """A share less a share is one, and so is a share over a plain number; a rate times a share is a rate."""
        if self.operator in ("+", "-"):
            return self.left.is_share or self.right.is_share
        return self.left.is_share and (self.right.is_share or isinstance(self.right, Literal)) and self.kind == PURE

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def number(self, worlds: Worlds) -> Span:
        return span.arithmetic(self.operator, self.left.number(worlds), self.right.number(worlds))


@dataclass(frozen=True)
class Argument:
    """One argument of a model call, with the range in which the model holds."""

    name: str
    node: Node
    low: float
    high: float
    size: float  # the model's unit in base units
    whole: bool = False

    def value(self, raw: np.ndarray) -> np.ndarray:
        clipped = np.minimum(np.fmax(raw / self.size, self.low), self.high)  # fmax: what is undefined becomes `low`
        return np.rint(clipped) if self.whole else clipped

    def outside(self, raw: np.ndarray) -> bool:
        inside = self.value(raw)
        return bool(np.any(np.abs(inside - raw / self.size) > 1e-9 * np.maximum(1.0, np.abs(inside))))


@dataclass(frozen=True)
class ModelCall(Node):
    """A closed-form model, evaluated elementwise; inputs are held to the range where it holds.

    Bounds over an unknown input are taken at the ends of its range: right for
    models that only rise or only fall in each input, as those listed do.
    """

    name: str
    function: Callable[..., object] = field(compare=False)
    arguments: tuple[Argument, ...]
    words: tuple[tuple[str, str], ...]
    result: str  # attribute of the result, "" where the result is the number
    size: float  # the result's unit in base units
    kind: Dimension
    share: bool = False

    @property
    def dimension(self) -> Dimension:
        return self.kind

    @property
    def is_share(self) -> bool:
        return self.share

    @property
    def parts(self) -> tuple[Node, ...]:
        return tuple(argument.node for argument in self.arguments)

    def number(self, worlds: Worlds) -> Span:
        spans = [argument.node.number(worlds) for argument in self.arguments]
        if all(value.exact for value in spans):
            return span.exact(self._at([value.low for value in spans]))
        ends = itertools.product(*(_ends(value) for value in spans))
        values = np.stack(np.broadcast_arrays(*(self._at(list(corner)) for corner in ends)))
        return Span(values.min(axis=0), values.max(axis=0))

    def _at(self, raw: list[np.ndarray]) -> np.ndarray:
        arrays = np.broadcast_arrays(
            *(np.atleast_1d(a.value(value)) for a, value in zip(self.arguments, raw, strict=True))
        )
        inputs = {
            argument.name: np.array(value, dtype=float) for argument, value in zip(self.arguments, arrays, strict=True)
        }
        outcome = self.function(**inputs, **dict(self.words))
        value = np.asarray(getattr(outcome, self.result) if self.result else outcome, dtype=float)
        return value * self.size

    def outside(self, worlds: Worlds) -> list[str]:
        """Inputs that the worlds put outside the range where the model holds."""
        return [a.name for a in self.arguments if a.outside(np.asarray(a.node.number(worlds).low))]


def _ends(value: Span) -> tuple[np.ndarray, ...]:
    """The bounds to try; bounds that are not a number say that it may be anything."""
    if value.exact:
        return (value.low,)
    return np.nan_to_num(value.low, nan=-np.inf, neginf=-np.inf), np.nan_to_num(value.high, nan=np.inf, posinf=np.inf)


@dataclass(frozen=True)
class Compare(Node):
    operator: str
    left: Node
    right: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def truth(self, worlds: Worlds) -> Truth:
        return span.compare(self.operator, self.left.number(worlds), self.right.number(worlds))


@dataclass(frozen=True)
class WordTest(Node):
    """A field's word is one of some words."""

    name: str
    wanted: tuple[str, ...]
    bits: int

    @property
    def fields(self) -> frozenset[str]:
        return frozenset({self.name})

    def truth(self, worlds: Worlds) -> Truth:
        return span.word_in(worlds.words(self.name), self.bits)


@dataclass(frozen=True)
class Both(Node):
    left: Node
    right: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def truth(self, worlds: Worlds) -> Truth:
        return span.both(self.left.truth(worlds), self.right.truth(worlds))


@dataclass(frozen=True)
class Either(Node):
    left: Node
    right: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def truth(self, worlds: Worlds) -> Truth:
        return span.either(self.left.truth(worlds), self.right.truth(worlds))


@dataclass(frozen=True)
class Negation(Node):
    inner: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.inner,)

    def truth(self, worlds: Worlds) -> Truth:
        return span.negate(self.inner.truth(worlds))


def walk(node: Node) -> list[Node]:
    """The node and everything inside it."""
    return [node, *(inner for part in node.parts for inner in walk(part))]
