"""What a distribution is made of: laws with weights, and how they are scaled, shifted and mixed.

The parser of texts gives such parts and a `Distribution` holds them, so that neither needs the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.probability.laws import Absolute, Constant, Law, Measured, Member, Scaled, number_text
from sysdesign.probability.piecewise import Piecewise

MOST_PARTS = 64
LARGEST = 1e50  # so that the square of every draw and every moment stays a number
EXAMPLES = (
    'give a number, a list of measurements, or a text such as "4", "exponential(mean=4)", '
    '"lognormal(median=2, p99=10)", "2 + exponential(mean=1)", '
    '"0.9*pareto(minimum=1, shape=3) + 0.1*exponential(mean=20)"'
)

Parts = tuple[tuple[float, Law], ...]  # a law is drawn with its weight; weights sum to 1


def constant(value: float) -> Parts:
    """Always this value."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InvalidInput(f"{value!r} is not a distribution; {EXAMPLES}")
    return ((1.0, Constant(finite(float(value)))),)


def measured(values: Any) -> Parts:
    """One of these measurements, each equally often."""
    try:
        array = np.sort(np.array(values, dtype=float).ravel())
    except (TypeError, ValueError):
        raise InvalidInput(f"{type(values).__name__} is not a list of numbers; {EXAMPLES}") from None
    if array.size == 0 or not np.isfinite(array).all():
        raise InvalidInput("measurements hold no number, or one that is not finite; give one or more numbers")
    array.flags.writeable = False
    return ((1.0, Measured(array)),)


def percentiles(shares: Any, values: Any) -> Parts:
    """A law known by percentiles: so much of it is at or under each value. Raises InvalidInput."""
    shares, values = np.array(shares, dtype=float), np.array(values, dtype=float)
    if shares.size == 0 or shares.shape != values.shape or not np.isfinite(values).all():
        raise InvalidInput("percentiles are pairs of a share and a finite value, as in percentiles(0.5, 35, 0.99, 275)")
    if not (shares[0] > 0 and shares[-1] <= 1 and np.all(np.diff(shares) > 0)):
        raise InvalidInput("the shares of percentiles rise, from over 0 to 1 at most, as in 0.5, 0.9, 0.99")
    if np.any(np.diff(values) < 0):
        raise InvalidInput("the values of percentiles do not fall; write them from the lowest share to the highest")
    finite(float(np.abs(values).max()))
    for array in (shares, values):
        array.flags.writeable = False
    return ((1.0, Piecewise(shares, values)),)


def member(family: str, *parameters: float) -> Parts:
    """A member of a family of laws.py, parameters in its order (not checked: see distribution_text)."""
    return ((1.0, Member(family, tuple(finite(float(each)) for each in parameters))),)


def mixture(weights: Sequence[float], members: Sequence[Parts]) -> Parts:
    """Each draw comes from one member, chosen with its weight. Weights are positive and sum to 1."""
    total = math.fsum(weights)
    if min(weights) <= 0 or abs(total - 1) > 1e-6:
        given = ", ".join(map(number_text, weights))
        raise InvalidInput(f"the weights {given} sum to {total:g}; a mixture takes positive weights that sum to 1")
    parts = tuple(
        (weight / total * share, law) for weight, one in zip(weights, members, strict=True) for share, law in one
    )
    if len(parts) > MOST_PARTS:
        raise InvalidInput(f"a mixture of {len(parts)} parts; it takes {MOST_PARTS} or fewer")
    return parts


def scaled(parts: Parts, factor: float) -> Parts:
    """Every value times a positive factor."""
    if not factor > 0:
        raise InvalidInput(f"a distribution is multiplied by {factor:g}; the factor is a positive number")
    return tuple((weight, _scaled(law, finite(factor), 0.0)) for weight, law in parts)


def shifted(parts: Parts, by: float) -> Parts:
    """Every value plus a constant."""
    return tuple((weight, _scaled(law, 1.0, finite(by))) for weight, law in parts)


def absolute(parts: Parts) -> Parts:
    """Every value without its sign: how a measurement that may go negative becomes a latency."""
    return tuple((weight, _absolute(law)) for weight, law in parts)


def finite(value: float) -> float:
    """The value where it is one that draws and moments can be computed of. Raises InvalidInput."""
    if not abs(value) <= LARGEST:
        raise InvalidInput(f"a distribution holds {value:g}; its numbers are finite, {LARGEST:g} at most")
    return value


def _scaled(law: Law, scale: float, shift: float) -> Law:
    if isinstance(law, Constant):
        return Constant(finite(shift + scale * law.value))
    if isinstance(law, Piecewise):
        return percentiles(law.shares, shift + scale * law.values)[0][1]
    if isinstance(law, Measured):
        values = shift + scale * law.values
        values.flags.writeable = False
        return Measured(values)
    inner, factor, offset = (law.of, law.scale, law.shift) if isinstance(law, Scaled) else (law, 1.0, 0.0)
    factor, offset = finite(scale * factor), finite(shift + scale * offset)
    return inner if (factor, offset) == (1.0, 0.0) else Scaled(inner, factor, offset)


def _absolute(law: Law) -> Law:
    if isinstance(law, Constant):
        return Constant(abs(law.value))
    if isinstance(law, Measured):
        return measured(np.abs(law.values))[0][1]
    return law if float(law.quantile(np.array(0.0))) >= 0 else Absolute(law)
