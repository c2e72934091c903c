"""Values that may not be known exactly, over many worlds at once.

A number is a Span (lowest and highest it can be), a word a set of words, a
condition a Truth: `sure` where it holds whatever the unknown turns out to be,
`possible` where it holds for something it may be. An exact value has one array in
both places, and then everything here is ordinary arithmetic done once.

Bounds are those of interval arithmetic: never too narrow, but too wide where the
same unknown stands twice in an expression. Then a rule that is surely broken may be
taken for possibly broken, and the option stays: the harmless side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`, elementwise."""

    low: Array
    high: Array

    @property
    def exact(self) -> bool:
        return self.low is self.high


@dataclass(frozen=True, slots=True)
class WordSet:
    """The words that each world may hold, as bits."""

    bits: Array


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a condition surely holds, and where it may."""

    sure: Array
    possible: Array

    @property
    def exact(self) -> bool:
        return self.sure is self.possible


def exact(value: Array) -> Span:
    return Span(value, value)


def known(value: Array) -> Truth:
    return Truth(value, value)


def arithmetic(operator: str, left: Span, right: Span) -> Span:
    """`left` operator `right`, one of + - * /. A division by zero is infinite, 0/0 not a number.

    Bounds that are "not a number" say that the value may be anything, or not a number.
    """
    if left.exact and right.exact:
        return exact(_OPERATIONS[operator](left.low, right.low))
    match operator:
        case "+":
            low, high = left.low + right.low, left.high + right.high
            undefined = _clash(left.low, right.high) | _clash(left.high, right.low)
        case "-":
            low, high = left.low - right.high, left.high - right.low
            undefined = _clash(left.low, -right.low) | _clash(left.high, -right.high)
        case "*":
            low, high = _hull([a * b for a, b in _corners(left, right)])
            undefined = _holds_zero(left) & _is_unbounded(right) | _is_unbounded(left) & _holds_zero(right)
        case _:
            low, high = _quotient(left, right)
            undefined = _holds_zero(left) & _holds_zero(right) | _is_unbounded(left) & _is_unbounded(right)
    return Span(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high))


def _quotient(left: Span, right: Span) -> tuple[Array, Array]:
    around_zero = _holds_zero(right)
    low, high = _hull([a / b for a, b in _corners(left, right)])
    positive = around_zero & (left.low >= 0) & (right.low >= 0)  # n/0 counts as infinite, and nothing is below 0
    least = np.where(right.high > 0, left.low / np.where(right.high > 0, right.high, 1.0), np.inf)
    return np.where(positive, least, np.where(around_zero, -np.inf, low)), np.where(around_zero, np.inf, high)


def _holds_zero(value: Span) -> Array:
    return np.asarray((value.low <= 0) & (value.high >= 0))


def _is_unbounded(value: Span) -> Array:
    return np.isinf(value.low) | np.isinf(value.high)


def _clash(one: Array, other: Array) -> Array:
    """Where the sum is infinity less infinity."""
    return np.isinf(one) & np.isinf(other) & (one != other)


def _divide(left: Array, right: Array) -> Array:
    return np.true_divide(left, right + 0.0)  # a zero has no sign here


def _corners(left: Span, right: Span) -> list[tuple[Array, Array]]:
    return [(left.low, right.low), (left.low, right.high), (left.high, right.low), (left.high, right.high)]


def _hull(values: list[Array]) -> tuple[Array, Array]:
    stacked = np.stack(np.broadcast_arrays(*values))
    return stacked.min(axis=0), stacked.max(axis=0)


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


def compare(operator: str, left: Span, right: Span) -> Truth:
    """`left` operator `right` for numbers; what is not a number compares as IEEE 754 says."""
    if left.exact and right.exact:
        return known(_COMPARISONS[operator](left.low, right.low))
    sure, possible = _over_bounds(operator, left, right)
    undefined = np.isnan(left.low) | np.isnan(left.high) | np.isnan(right.low) | np.isnan(right.high)
    return Truth(sure & ~undefined, possible | undefined)


def _over_bounds(operator: str, left: Span, right: Span) -> tuple[Array, Array]:
    test = _COMPARISONS[operator]
    if operator in ("<", "<="):
        return test(left.high, right.low), test(left.low, right.high)
    if operator in (">", ">="):
        return test(left.low, right.high), test(left.high, right.low)
    meets = (left.low <= right.high) & (right.low <= left.high)
    same = (left.low == left.high) & (right.low == right.high) & (left.low == right.low)
    return (same, meets) if operator == "==" else (~meets, ~same)


def word_in(value: WordSet, wanted: int) -> Truth:
    """Whether the word is one of the wanted ones (bits)."""
    possible = (value.bits & wanted) != 0
    sure = possible & ((value.bits & ~wanted) == 0)
    return Truth(sure, possible)


def both(left: Truth, right: Truth) -> Truth:
    if left.exact and right.exact:
        return known(left.sure & right.sure)
    return Truth(left.sure & right.sure, left.possible & right.possible)


def either(left: Truth, right: Truth) -> Truth:
    if left.exact and right.exact:
        return known(left.sure | right.sure)
    return Truth(left.sure | right.sure, left.possible | right.possible)


def negate(value: Truth) -> Truth:
    if value.exact:
        return known(~value.sure)
    return Truth(~value.possible, ~value.sure)
