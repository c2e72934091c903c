"""The parts an expression is made of once it is parsed, typed and unit-checked.

Everything is evaluated over many worlds at once: an array has the worlds on its
last axis, or one element for all of them. A value that was computed is kept with
its worlds; worlds that differ from others in a few fields (see `varied`) compute
again only what reads those fields.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from sysdesign.units import PURE, Dimension

Array = np.ndarray


@dataclass
class Worlds:
    """Each field's value in each world (words as codes), and what was computed from them."""

    values: Mapping[str, Array]
    derived: Mapping[str, Node]
    memo: dict[int, Any] = field(default_factory=dict)  # by token of the node

    @property
    def rows(self) -> int:
        """Settings of the same worlds, on the first axis where there are several."""
        return 1

    def of(self, name: str) -> Array:
        return self.values[name]

    def kept(self, node: Node, compute: Callable[[Worlds], Any]) -> Any:
        """What `compute` gives for a node, computed once."""
        found = self.memo.get(node.token)
        if found is None:
            found = self.memo[node.token] = compute(self)
        return found


_TOKENS: dict[tuple[object, ...], int] = {}
_NEXT = itertools.count()


def _told(value: object) -> object:
    """A field of a node as part of its key: inner nodes by their tokens."""
    if isinstance(value, Node):
        return value.token
    if isinstance(value, tuple):
        return tuple(map(_told, value))
    return _key(value) if isinstance(value, Argument) else value


def _key(value: Node | Argument) -> tuple[object, ...]:
    return type(value), *(_told(getattr(value, each.name)) for each in fields(value) if each.compare)


@dataclass(frozen=True, eq=False)
class Node:
    """Part of an expression. Numbers answer `number`, conditions `truth`."""

    @cached_property
    def token(self) -> int:
        """The same for parts that say the same, so that worlds compute them once; its own for what has no equal."""
        if not type(self).__dataclass_params__.eq:  # type: ignore[attr-defined]
            return next(_NEXT)
        return _TOKENS.setdefault(_key(self), next(_NEXT))

    @property
    def dimension(self) -> Dimension:
        return PURE

    @cached_property
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

    def number(self, worlds: Worlds) -> Array:
        """Computed once for the worlds; what costs nothing to tell overrides this."""
        return worlds.kept(self, self._number)

    def _number(self, worlds: Worlds) -> Array:
        raise NotImplementedError

    def truth(self, worlds: Worlds) -> Array:
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

    @cached_property
    def _array(self) -> Array:
        found = np.asarray([self.value], dtype=float)
        found.setflags(write=False)
        return found

    def number(self, worlds: Worlds) -> Array:
        return self._array


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

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset({self.name})

    def number(self, worlds: Worlds) -> Array:
        return worlds.of(self.name)


@dataclass(frozen=True)
class DerivedName(Node):
    """A derived number of the framework."""

    name: str
    known: Node

    @property
    def dimension(self) -> Dimension:
        return self.known.dimension

    @property
    def is_share(self) -> bool:
        return self.known.is_share

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.known,)

    def number(self, worlds: Worlds) -> Array:
        return self.known.number(worlds)


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

    def _number(self, worlds: Worlds) -> Array:
        return _OPERATIONS[self.operator](self.left.number(worlds), self.right.number(worlds))


def _divide(left: Array, right: Array) -> Array:
    return np.true_divide(left, right + 0.0)  # a zero has no sign here


_OPERATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divide,
}
_COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}


@dataclass(frozen=True)
class Extreme(Node):
    """The largest or the smallest of several numbers, or the next whole one."""

    name: str  # max | min | ceil
    values: tuple[Node, ...]

    @property
    def dimension(self) -> Dimension:
        return self.values[0].dimension

    @property
    def is_share(self) -> bool:
        return any(value.is_share for value in self.values)

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.values

    def _number(self, worlds: Worlds) -> Array:
        found = [value.number(worlds) for value in self.values]
        if self.name == "ceil":
            return np.ceil(found[0] - 1e-9)
        joined = np.maximum if self.name == "max" else np.minimum
        for other in found[1:]:
            found[0] = joined(found[0], other)
        return found[0]


@dataclass(frozen=True)
class Cases(Node):
    """The value of the first case whose condition holds; the last has none."""

    cases: tuple[tuple[Node | None, Node], ...]

    @property
    def dimension(self) -> Dimension:
        return self.cases[0][1].dimension

    @property
    def is_share(self) -> bool:
        return any(value.is_share for _, value in self.cases)

    @property
    def parts(self) -> tuple[Node, ...]:
        return tuple(part for case in self.cases for part in case if part is not None)

    def _number(self, worlds: Worlds) -> Array:
        found = self.cases[-1][1].number(worlds)
        for when, value in reversed(self.cases[:-1]):
            assert when is not None
            found = np.where(when.truth(worlds), value.number(worlds), found)
        return found


@dataclass(frozen=True)
class Argument:
    """One argument of a model call, with the range in which the model holds."""

    name: str
    node: Node
    low: float
    high: float
    size: float  # the model's unit in base units
    whole: bool = False
    label: str = ""

    def value(self, raw: np.ndarray) -> np.ndarray:
        told = raw if self.size == 1 else raw / self.size
        clipped = np.minimum(np.fmax(told, self.low), self.high)  # fmax: what is undefined becomes `low`
        return np.rint(clipped) if self.whole else clipped

    def outside(self, raw: np.ndarray) -> bool:
        """Whether most of the values are beyond an end of the range; that a whole one is nearby is no matter."""
        told = raw / self.size
        if told.min() >= self.low and told.max() <= self.high:
            return False
        inside = np.minimum(np.fmax(told, self.low), self.high)
        return bool(np.mean(np.abs(inside - told) > 1e-9 * np.maximum(1.0, np.abs(inside))) > 0.5)


@dataclass(frozen=True)
class Run(Node):
    """A model run on arrays for all its results, which calls that ask for different ones share."""

    name: str
    function: Callable[[Mapping[str, Array]], Any] = field(compare=False)  # None where the model refuses some input
    arguments: tuple[Argument, ...]
    words: tuple[tuple[str, str], ...] = ()

    @property
    def parts(self) -> tuple[Node, ...]:
        return tuple(argument.node for argument in self.arguments)

    def outcome(self, worlds: Worlds) -> tuple[tuple[int, ...], dict[str, Array], Any]:
        """The shape of the inputs together, the inputs in the model's own units, and what it gives."""
        return self.at([argument.node.number(worlds) for argument in self.arguments])

    def at(self, raw: list[Array]) -> tuple[tuple[int, ...], dict[str, Array], Any]:
        """The same at inputs in base units, of any shapes that fit together: none is repeated to the shape of all."""
        inputs = {a.name: np.asarray(a.value(v), dtype=float) for a, v in zip(self.arguments, raw, strict=True)}
        return _shape((1,), inputs), inputs, self.function(inputs)


def _shape(least: tuple[int, ...], inputs: Mapping[str, Array]) -> tuple[int, ...]:
    """Of the inputs together, whose shapes fit."""
    shapes = {least, *(value.shape for value in inputs.values())}
    axes = range(-max(map(len, shapes)), 0)
    return tuple(max(each[at] for each in shapes if len(each) >= -at) for at in axes)


def flat(inputs: Mapping[str, Array], shape: tuple[int, ...] | None = None) -> dict[str, Array]:
    """Inputs of shapes that fit together as arrays of one length."""
    shape = shape or _shape((), inputs)
    return {
        name: np.ravel(value if value.shape == shape else np.broadcast_to(value, shape))
        for name, value in inputs.items()
    }


@dataclass(frozen=True)
class ModelCall(Node):
    """A model, evaluated elementwise; inputs are held to the range where it holds."""

    name: str
    function: Callable[..., Array] = field(compare=False)  # of arrays by name, all of one length
    arguments: tuple[Argument, ...]
    size: float  # the result's unit in base units
    kind: Dimension
    run: Run = field(compare=False)
    share: bool = False
    asked: tuple[str, tuple[tuple[str, str], ...]] = ("", ())  # the result, and the words given

    @property
    def dimension(self) -> Dimension:
        return self.kind

    @property
    def is_share(self) -> bool:
        return self.share

    @property
    def parts(self) -> tuple[Node, ...]:
        return self.run.parts

    def _number(self, worlds: Worlds) -> Array:
        return self._result(*worlds.kept(self.run, self.run.outcome))

    def at(self, raw: list[Array]) -> Array:
        """The result at inputs in base units, of any shapes that fit together."""
        return self._result(*self.run.at(raw))

    def _result(self, shape: tuple[int, ...], inputs: dict[str, Array], outcome: Any) -> Array:
        """Of the shape of the inputs together, or of those alone on which the result depends."""
        if outcome is None:
            return np.reshape(self.function(flat(inputs, shape)), shape) * self.size
        found = np.asarray(getattr(outcome, self.asked[0]), dtype=float)
        return (np.reshape(found, shape) if found.size == math.prod(shape) else np.atleast_1d(found)) * self.size

    def outside(self, worlds: Worlds) -> list[str]:
        """Labels of the inputs that more than half of the worlds put outside the range where the model holds."""
        return [a.label or a.name for a in self.arguments if a.outside(a.node.number(worlds))]


@dataclass(frozen=True)
class Condition(Node):
    """What holds or not in each world."""

    def truth(self, worlds: Worlds) -> Array:
        return worlds.kept(self, self._truth)

    def _truth(self, worlds: Worlds) -> Array:
        raise NotImplementedError


@dataclass(frozen=True)
class Compare(Condition):
    operator: str
    left: Node
    right: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def _truth(self, worlds: Worlds) -> Array:
        return _COMPARISONS[self.operator](self.left.number(worlds), self.right.number(worlds))


@dataclass(frozen=True)
class WordTest(Condition):
    """A field's word is one of some words."""

    name: str
    wanted: tuple[str, ...]
    codes: tuple[int, ...]

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset({self.name})

    def _truth(self, worlds: Worlds) -> Array:
        held = worlds.of(self.name)
        found = held == self.codes[0]
        for code in self.codes[1:]:
            found = found | (held == code)
        return found


@dataclass(frozen=True)
class Both(Condition):
    left: Node
    right: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def _truth(self, worlds: Worlds) -> Array:
        return self.left.truth(worlds) & self.right.truth(worlds)


@dataclass(frozen=True)
class Either(Condition):
    left: Node
    right: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.left, self.right)

    def _truth(self, worlds: Worlds) -> Array:
        return self.left.truth(worlds) | self.right.truth(worlds)


@dataclass(frozen=True)
class Negation(Condition):
    inner: Node

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.inner,)

    def _truth(self, worlds: Worlds) -> Array:
        return ~self.inner.truth(worlds)


def walk(node: Node) -> list[Node]:
    """The node and everything inside it."""
    return [node, *(inner for part in node.parts for inner in walk(part))]
