"""A latency, size or gap as a distribution: from a text, a number, or measurements.

A distribution's numbers are in the unit of the input that takes it: give that unit
to `Distribution.of` and texts may carry another unit of time ("4 ms" for an input in
seconds is 0.004). Draws are independent; what depends on what is the model's matter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.elementwise import plain
from sysdesign.models.laws import Absolute, Constant, Law, Measured, Member, Scaled, invert, number_text

MOST_PARTS = 64
BLOCK = 16_384  # draws of a mixture at a time: what fits a processor's cache is drawn five times as fast
LONGEST_REMEMBERED = 2_000  # characters of a text that is read once and kept
LARGEST = 1e50  # so that the square of every draw and every moment stays a number


@dataclass(frozen=True)
class Distribution:
    """A mixture of laws, each drawn with its weight; most have a single part.

    >>> Distribution.of("exponential(mean=4)").quantile(0.5)
    2.772588722239781
    """

    parts: tuple[tuple[float, Law], ...]  # weights sum to 1

    @staticmethod
    def of(value: DistributionLike, unit: str = "") -> Distribution:
        """A distribution from whatever a caller has: itself, a text, a number, or measurements.

        `unit` is the unit of the result; a text may then give its numbers in any unit of time.
        Raises InvalidInput, with the position in a text and what would work.
        """
        if isinstance(value, Distribution):
            return value
        if isinstance(value, str):
            return _read(value, unit) if len(value) <= LONGEST_REMEMBERED else _read.__wrapped__(value, unit)
        if np.ndim(value) == 0:
            return Distribution.constant(value)  # type: ignore[arg-type]
        return Distribution.from_samples(value)

    @staticmethod
    def constant(value: float) -> Distribution:
        """Always this value."""
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise InvalidInput(f"{value!r} is not a distribution; {EXAMPLES}")
        return Distribution(((1.0, Constant(_finite(float(value)))),))

    @staticmethod
    def from_samples(values: Any) -> Distribution:
        """The distribution of these measurements: each is drawn equally often."""
        try:
            array = np.sort(np.array(values, dtype=float).ravel())
        except (TypeError, ValueError):
            raise InvalidInput(f"{type(values).__name__} is not a list of numbers; {EXAMPLES}") from None
        if array.size == 0 or not np.isfinite(array).all():
            raise InvalidInput("measurements hold no number, or one that is not finite; give one or more numbers")
        array.flags.writeable = False
        return Distribution(((1.0, Measured(array)),))

    @staticmethod
    def member(family: str, *parameters: float) -> Distribution:
        """A member of a family of laws.py, parameters in its order (not checked: see distribution_text)."""
        return Distribution(((1.0, Member(family, tuple(_finite(float(each)) for each in parameters))),))

    @staticmethod
    def mixture(weights: Sequence[float], members: Sequence[Distribution]) -> Distribution:
        """Each draw comes from one member, chosen with its weight. Weights are positive and sum to 1."""
        total = math.fsum(weights)
        if min(weights) <= 0 or abs(total - 1) > 1e-6:
            given = ", ".join(map(number_text, weights))
            raise InvalidInput(f"the weights {given} sum to {total:g}; a mixture takes positive weights that sum to 1")
        parts = tuple(
            (weight / total * share, law)
            for weight, member in zip(weights, members, strict=True)
            for share, law in member.parts
        )
        if len(parts) > MOST_PARTS:
            raise InvalidInput(f"a mixture of {len(parts)} parts; it takes {MOST_PARTS} or fewer")
        return Distribution(parts)

    def scale(self, factor: float) -> Distribution:
        """Every value times a positive factor."""
        if not factor > 0:
            raise InvalidInput(f"a distribution is multiplied by {factor:g}; the factor is a positive number")
        return Distribution(tuple((weight, _scaled(law, _finite(factor), 0.0)) for weight, law in self.parts))

    def shift(self, by: float) -> Distribution:
        """Every value plus a constant."""
        return Distribution(tuple((weight, _scaled(law, 1.0, _finite(by))) for weight, law in self.parts))

    def absolute(self) -> Distribution:
        """Every value without its sign: how a measurement that may go negative becomes a latency."""
        return Distribution(tuple((weight, _absolute(law)) for weight, law in self.parts))

    def sample(self, generator: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        """Independent draws, in an array of that shape."""
        count = math.prod(size) if isinstance(size, tuple) else size
        if len(self.parts) == 1 or count <= BLOCK:
            return self._draw(generator, count).reshape(size)
        blocks = [self._draw(generator, min(BLOCK, count - at)) for at in range(0, count, BLOCK)]
        return np.concatenate(blocks).reshape(size)

    def _draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        heaviest = max(range(len(self.parts)), key=lambda part: self.parts[part][0])
        drawn = self.parts[heaviest][1].sample(generator, count)  # for all, then the others over it: fewest moves
        if len(self.parts) == 1:
            return drawn
        pick, below = generator.random(count), 0.0
        for part, (weight, law) in enumerate(self.parts):
            if part == heaviest:
                continue
            chosen = np.flatnonzero((pick >= below) & (pick < below + weight) if below else pick < weight)
            drawn[chosen] = law.sample(generator, chosen.size)
            below += weight
        return drawn

    def cdf(self, x: Any) -> Any:
        """Chance that a draw is at most x, elementwise."""
        x = np.asarray(x, dtype=float)
        return plain(sum(weight * np.asarray(law.cdf(x)) for weight, law in self.parts))

    def quantile(self, q: Any) -> Any:
        """The least value that a draw stays at or under with chance q, elementwise; q is 0 to 1.

        At 0 it is the least possible value, at 1 the greatest: infinite where there is none.
        """
        q = np.asarray(q, dtype=float)
        if not np.all((q >= 0) & (q <= 1)):
            raise InvalidInput(f"a quantile at {q}; it is a share from 0 to 1")
        each = np.array([np.broadcast_to(law.quantile(q), q.shape) for _, law in self.parts])
        if len(self.parts) == 1:
            return plain(each[0])
        found = invert(self.cdf, q, each.min(axis=0), each.max(axis=0))
        found = np.where(q == 0, each.min(axis=0), np.where(q == 1, each.max(axis=0), found))
        return plain(found)

    @property
    def mean(self) -> float:
        """Mean; infinite where it does not exist."""
        return float(sum(weight * law.mean for weight, law in self.parts))

    @property
    def variance(self) -> float:
        """Variance; infinite where it does not exist."""
        centre = self.mean
        if not math.isfinite(centre):
            return math.inf
        return float(sum(weight * (law.variance + (law.mean - centre) ** 2) for weight, law in self.parts))

    @cached_property
    def least(self) -> float:
        """The least value that can come up; minus infinity where there is none."""
        return float(self.quantile(0.0))

    @cached_property
    def median(self) -> float:
        """The value that half of the draws stay at or under."""
        return float(self.quantile(0.5))

    @property
    def text(self) -> str:
        """A text that reads back as the same distribution."""
        if len(self.parts) == 1:
            return self.parts[0][1].text
        return " + ".join(f"{number_text(weight)}*{_factor(law)}" for weight, law in self.parts)

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=128)
def _read(text: str, unit: str) -> Distribution:
    """The distribution of a text; a sweep asks for the same one at every point."""
    from sysdesign.models.distribution_text import parse  # it builds distributions, so it imports us

    return parse(text, unit)


DistributionLike = Distribution | str | float | int | Sequence[float] | np.ndarray

EXAMPLES = (
    'give a number, a list of measurements, or a text such as "4", "exponential(mean=4)", '
    '"lognormal(median=2, p99=10)", "2 + exponential(mean=1)", '
    '"0.9*pareto(minimum=1, shape=3) + 0.1*exponential(mean=20)"'
)


def _factor(law: Law) -> str:
    return f"({law.text})" if isinstance(law, Scaled) else law.text


def _finite(value: float) -> float:
    if not abs(value) <= LARGEST:
        raise InvalidInput(f"a distribution holds {value:g}; its numbers are finite, {LARGEST:g} at most")
    return value


def _scaled(law: Law, scale: float, shift: float) -> Law:
    if isinstance(law, Constant):
        return Constant(_finite(shift + scale * law.value))
    if isinstance(law, Measured):
        values = shift + scale * law.values
        values.flags.writeable = False
        return Measured(values)
    inner, factor, offset = (law.of, law.scale, law.shift) if isinstance(law, Scaled) else (law, 1.0, 0.0)
    factor, offset = _finite(scale * factor), _finite(shift + scale * offset)
    return inner if (factor, offset) == (1.0, 0.0) else Scaled(inner, factor, offset)


def _absolute(law: Law) -> Law:
    if isinstance(law, Constant):
        return Constant(abs(law.value))
    if isinstance(law, Measured):
        return Distribution.from_samples(np.abs(law.values)).parts[0][1]
    return law if float(law.quantile(np.array(0.0))) >= 0 else Absolute(law)
