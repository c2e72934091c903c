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
from sysdesign.probability import mixing
from sysdesign.probability.distribution_text import parse
from sysdesign.probability.elementwise import plain
from sysdesign.probability.laws import Law, Scaled, invert, number_text
from sysdesign.probability.mixing import Parts

BLOCK = 16_384  # draws of a mixture at a time: what fits a processor's cache is drawn five times as fast
LONGEST_REMEMBERED = 2_000  # characters of a text that is read once and kept


@dataclass(frozen=True)
class Distribution:
    """A mixture of laws, each drawn with its weight; most have a single part.

    >>> Distribution.of("exponential(mean=4)").quantile(0.5)
    2.772588722239781
    """

    parts: Parts

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
        return Distribution(mixing.constant(value))

    @staticmethod
    def from_samples(values: Any) -> Distribution:
        """The distribution of these measurements: each is drawn equally often."""
        return Distribution(mixing.measured(values))

    @staticmethod
    def from_percentiles(shares: Any, values: Any) -> Distribution:
        """A distribution known by percentiles: that share of it is at or under each value, even in between.

        What lies over the last has its value, so that means and higher percentiles are bounds from below.
        """
        return Distribution(mixing.percentiles(shares, values))

    @staticmethod
    def member(family: str, *parameters: float) -> Distribution:
        """A member of a family of laws.py, parameters in its order (not checked: see distribution_text)."""
        return Distribution(mixing.member(family, *parameters))

    @staticmethod
    def mixture(weights: Sequence[float], members: Sequence[Distribution]) -> Distribution:
        """Each draw comes from one member, chosen with its weight. Weights are positive and sum to 1."""
        return Distribution(mixing.mixture(weights, [member.parts for member in members]))

    def scale(self, factor: float) -> Distribution:
        """Every value times a positive factor."""
        return Distribution(mixing.scaled(self.parts, factor))

    def shift(self, by: float) -> Distribution:
        """Every value plus a constant."""
        return Distribution(mixing.shifted(self.parts, by))

    def absolute(self) -> Distribution:
        """Every value without its sign: how a measurement that may go negative becomes a latency."""
        return Distribution(mixing.absolute(self.parts))

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
    def draw_s(self) -> float:
        """About how many seconds one of many draws takes on one core of a common server: 6 to 50 ns, and 3 a part."""
        return 4e-8 + 3e-9 * (len(self.parts) - 1)

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
    return Distribution(parse(text, unit))


DistributionLike = Distribution | str | float | int | Sequence[float] | np.ndarray


def _factor(law: Law) -> str:
    return f"({law.text})" if isinstance(law, Scaled) else law.text
