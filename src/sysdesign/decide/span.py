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
    """`left` operator `right`, one of + - * /. A division by zero is infinite, 0/0 not a number."""
    if left.exact and right.exact:
        return exact(_OPERATIONS[operator](left.low, right.low))
    match operator:
        case "+":
            return Span(left.low + right.low, left.high + right.high)
        case "-":
            return Span(left.low - right.high, left.high - right.low)
        case "*":
            return _hull(
                [np.nan_to_num(a * b, nan=0.0, posinf=np.inf, neginf=-np.inf) for a, b in _corners(left, right)]
            )
        case _:
            return _quotient(left, right)


def _quotient(left: Span, right: Span) -> Span:
    around_zero = (right.low <= 0) & (right.high >= 0)
    inside = _hull([np.nan_to_num(a / b, nan=0.0, posinf=np.inf, neginf=-np.inf) for a, b in _corners(left, right)])
    positive = around_zero & (left.low >= 0) & (right.low >= 0)  # n/0 counts as infinite, and nothing is below 0
    least = np.where(right.high > 0, left.low / np.where(right.high > 0, right.high, 1.0), np.inf)
    low = np.where(positive, least, np.where(around_zero, -np.inf, inside.low))
    return Span(low, np.where(around_zero, np.inf, inside.high))


def _corners(left: Span, right: Span) -> list[tuple[Array, Array]]:
    return [(left.low, right.low), (left.low, right.high), (left.high, right.low), (left.high, right.high)]


def _hull(values: list[Array]) -> Span:
    stacked = np.stack(np.broadcast_arrays(*values))
    return Span(stacked.min(axis=0), stacked.max(axis=0))


_OPERATIONS: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
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
    """`left` operator `right` for numbers; a comparison with "not a number" is false."""
    test = _COMPARISONS[operator]
    if left.exact and right.exact:
        return known(test(left.low, right.low))
    if operator in ("<", "<="):
        return Truth(test(left.high, right.low), test(left.low, right.high))
    if operator in (">", ">="):
        return Truth(test(left.low, right.high), test(left.high, right.low))
    meets = (left.low <= right.high) & (right.low <= left.high)
    same = (left.low == left.high) & (right.low == right.high) & (left.low == right.low)
    return Truth(same, meets) if operator == "==" else Truth(~meets, ~same)


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
