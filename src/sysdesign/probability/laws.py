"""The laws of chance that a Distribution is made of: families, constants, measurements.

Every law answers the same six questions (draw, cdf, quantile, mean, variance, text).
Parameters are in the unit of whoever asked for the distribution. A mean or variance
that does not exist (Pareto with a small shape) is infinite, never a large number.
Formulas are the textbook ones; the tests hold each against SciPy's statistics.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special

Array = np.ndarray


class Law(Protocol):
    """What every law of chance can answer."""

    def sample(self, generator: np.random.Generator, size: int) -> Array: ...
    def cdf(self, x: Array) -> Array: ...
    def quantile(self, q: Array) -> Array: ...
    @property
    def mean(self) -> float: ...
    @property
    def variance(self) -> float: ...
    @property
    def text(self) -> str: ...


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number."""
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


@dataclass(frozen=True)
class Constant:
    """Always the same value."""

    value: float

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        return np.full(size, self.value)

    def cdf(self, x: Array) -> Array:
        return np.where(x >= self.value, 1.0, 0.0)

    def quantile(self, q: Array) -> Array:
        return np.full(np.shape(q), self.value)

    @property
    def mean(self) -> float:
        return self.value

    @property
    def variance(self) -> float:
        return 0.0

    @property
    def text(self) -> str:
        return f"constant({number_text(self.value)})"


@dataclass(frozen=True, eq=False)
class Measured:
    """One of the given measurements, each equally likely (no smoothing between them)."""

    values: Array  # sorted, read-only

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        return self.values[generator.integers(0, self.values.size, size)]

    def cdf(self, x: Array) -> Array:
        return np.searchsorted(self.values, x, side="right") / self.values.size

    def quantile(self, q: Array) -> Array:
        rank = np.ceil(np.asarray(q) * self.values.size - 1e-9).astype(int) - 1
        return self.values[np.clip(rank, 0, self.values.size - 1)]

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def variance(self) -> float:
        return float(self.values.var())

    @property
    def text(self) -> str:
        return f"samples({', '.join(map(number_text, self.values))})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Measured) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash(self.values.tobytes())


@dataclass(frozen=True)
class Family:
    """The formulas of one named family, over its own parameters in order."""

    parameters: tuple[str, ...]
    draw: Callable[..., Array]  # generator, size, parameters
    cdf: Callable[..., Array]  # x, parameters
    quantile: Callable[..., Array]  # q, parameters
    moments: Callable[..., tuple[float, float]]  # parameters: mean and variance


@dataclass(frozen=True)
class Member:
    """One member of a named family: exponential(mean=4)."""

    family: str
    parameters: tuple[float, ...]

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        return FAMILIES[self.family].draw(generator, size, *self.parameters)

    def cdf(self, x: Array) -> Array:
        return FAMILIES[self.family].cdf(x, *self.parameters)

    def quantile(self, q: Array) -> Array:
        with np.errstate(divide="ignore"):
            return FAMILIES[self.family].quantile(q, *self.parameters)

    @property
    def mean(self) -> float:
        return float(FAMILIES[self.family].moments(*self.parameters)[0])

    @property
    def variance(self) -> float:
        return float(FAMILIES[self.family].moments(*self.parameters)[1])

    @property
    def text(self) -> str:
        names = FAMILIES[self.family].parameters
        given = ", ".join(f"{name}={number_text(value)}" for name, value in zip(names, self.parameters, strict=True))
        return f"{self.family}({given})"


@dataclass(frozen=True)
class Absolute:
    """The size of a continuous law's value, without its sign."""

    of: Law

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        return np.abs(self.of.sample(generator, size))

    def cdf(self, x: Array) -> Array:
        inside = self.of.cdf(np.abs(x)) - self.of.cdf(-np.abs(x))
        return np.where(np.asarray(x) >= 0, inside, 0.0)

    def quantile(self, q: Array) -> Array:
        q = np.asarray(q, dtype=float)
        ends = np.abs([self.of.quantile((1 - q) / 2), self.of.quantile((1 + q) / 2)])
        return invert(self.cdf, q, np.zeros(q.shape), ends.max(axis=0))

    @property
    def mean(self) -> float:
        # E|X| = E X + 2 E max(-X, 0), and the last is the area under the cdf left of 0.
        # Cut at the quantiles, so that a law far narrower than its distance from 0 is not missed.
        cuts = self.of.quantile(np.array([1e-17, 1e-6, 0.001, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-16]))
        cuts = np.append(np.minimum(cuts, 0.0), 0.0)
        nodes, weights = np.polynomial.legendre.leggauss(40)
        half, middle = np.diff(cuts) / 2, (cuts[1:] + cuts[:-1]) / 2
        area = float(half @ (self.of.cdf(middle[:, None] + half[:, None] * nodes) @ weights))
        return self.of.mean + 2 * area

    @property
    def variance(self) -> float:
        if not math.isfinite(self.of.variance):
            return math.inf
        return max(0.0, self.of.variance + self.of.mean**2 - self.mean**2)

    @property
    def text(self) -> str:
        return f"abs({self.of.text})"


@dataclass(frozen=True)
class Scaled:
    """shift + scale * law, with a positive scale."""

    of: Law
    scale: float
    shift: float

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        return self.shift + self.scale * self.of.sample(generator, size)

    def cdf(self, x: Array) -> Array:
        return self.of.cdf((x - self.shift) / self.scale)

    def quantile(self, q: Array) -> Array:
        return self.shift + self.scale * self.of.quantile(q)

    @property
    def mean(self) -> float:
        return self.shift + self.scale * self.of.mean

    @property
    def variance(self) -> float:
        return self.scale**2 * self.of.variance

    @property
    def text(self) -> str:
        scaled = self.of.text if self.scale == 1 else f"{number_text(self.scale)}*{self.of.text}"
        return scaled if self.shift == 0 else f"{number_text(self.shift)} + {scaled}"


def invert(cdf: Callable[[Array], Array], q: Array, low: Array, high: Array) -> Array:
    """The least x between low and high with cdf(x) >= q, by bisection, elementwise."""
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    high = np.where(cdf(low) >= q, low, high)
    open_ended = ~np.isfinite(high) | ~np.isfinite(low)
    low, bounded = np.where(open_ended, 0.0, low), np.where(open_ended, 0.0, high)
    for _ in range(1100):  # a bisection of doubles cannot take more steps than their exponents allow
        middle = low + (bounded - low) / 2
        if np.all((middle <= low) | (middle >= bounded)):
            break
        enough = cdf(middle) >= q
        low, bounded = np.where(enough, low, middle), np.where(enough, middle, bounded)
    return np.where(open_ended, high, bounded)


def _pareto_draw(generator: np.random.Generator, size: int, minimum: float, shape: float) -> Array:
    drawn = generator.standard_exponential(size)
    drawn *= 1 / shape
    np.exp(drawn, out=drawn)
    drawn *= minimum
    return drawn


def _pareto_moments(minimum: float, shape: float) -> tuple[float, float]:
    mean = shape * minimum / (shape - 1) if shape > 1 else math.inf
    spread = minimum**2 * shape / ((shape - 1) ** 2 * (shape - 2)) if shape > 2 else math.inf
    return mean, spread


def _weibull_moments(scale: float, shape: float) -> tuple[float, float]:
    first, second = math.gamma(1 + 1 / shape), math.gamma(1 + 2 / shape)
    return scale * first, scale**2 * max(0.0, second - first**2)


def _lognormal_moments(mu: float, sigma: float) -> tuple[float, float]:
    mean = math.exp(mu + sigma**2 / 2)
    return mean, mean**2 * math.expm1(sigma**2)


def _positive(x: Array) -> Array:
    return np.maximum(x, 0.0)


def _log(x: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(_positive(x))


FAMILIES: dict[str, Family] = {
    "exponential": Family(
        ("mean",),
        lambda generator, size, mean: mean * generator.standard_exponential(size),
        lambda x, mean: -np.expm1(-_positive(x) / mean),
        lambda q, mean: -mean * np.log1p(-q),
        lambda mean: (mean, mean**2),
    ),
    "pareto": Family(
        ("minimum", "shape"),
        _pareto_draw,
        lambda x, minimum, shape: -np.expm1(-shape * np.log(np.maximum(x, minimum) / minimum)),
        lambda q, minimum, shape: minimum * np.exp(-np.log1p(-q) / shape),
        _pareto_moments,
    ),
    "lognormal": Family(
        ("mu", "sigma"),
        lambda generator, size, mu, sigma: np.exp(mu + sigma * generator.standard_normal(size)),
        lambda x, mu, sigma: special.ndtr((_log(x) - mu) / sigma),
        lambda q, mu, sigma: np.exp(mu + sigma * special.ndtri(q)),
        _lognormal_moments,
    ),
    "normal": Family(
        ("mean", "sd"),
        lambda generator, size, mean, sd: mean + sd * generator.standard_normal(size),
        lambda x, mean, sd: special.ndtr((x - mean) / sd),
        lambda q, mean, sd: mean + sd * special.ndtri(q),
        lambda mean, sd: (mean, sd**2),
    ),
    "uniform": Family(
        ("low", "high"),
        lambda generator, size, low, high: low + (high - low) * generator.random(size),
        lambda x, low, high: np.clip((x - low) / (high - low), 0.0, 1.0),
        lambda q, low, high: low + (high - low) * q,
        lambda low, high: ((low + high) / 2, (high - low) ** 2 / 12),
    ),
    "weibull": Family(
        ("scale", "shape"),
        lambda generator, size, scale, shape: scale * generator.weibull(shape, size),
        lambda x, scale, shape: -np.expm1(-((_positive(x) / scale) ** shape)),
        lambda q, scale, shape: scale * (-np.log1p(-q)) ** (1 / shape),
        _weibull_moments,
    ),
    "gamma": Family(
        ("shape", "scale"),
        lambda generator, size, shape, scale: scale * generator.standard_gamma(shape, size),
        lambda x, shape, scale: special.gammainc(shape, _positive(x) / scale),
        lambda q, shape, scale: scale * special.gammaincinv(shape, q),
        lambda shape, scale: (shape * scale, shape * scale**2),
    ),
}
