"""Sums of independent lognormal times, and percentiles where a share of the requests takes one time more.

A sum keeps its mean, its variance and its third moment in a lognormal law that is shifted: exact for one
time, and nearer in the tail than Fenton and Wilkinson's law of two moments. All elementwise over arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

Array = np.ndarray
Z99 = float(ndtri(0.99))
ROOT = float(np.sqrt(2 * np.pi))
STEPS = 80  # at most; two or three are taken
NEAR = 1e-5  # of the chance, at the end
LAST = 2e-3  # of the chance and of the time, before a step that ends nearer than that
MOST = 1e140  # of a slope: its square is a number
LEAST = 1e-12  # of the upper bound: halving begins above


class Moments(NamedTuple):
    """Mean, variance and third central moment; those of independent times add up."""

    mean: Array
    variance: Array
    third: Array

    def plus(self, other: Moments) -> Moments:
        return Moments(*(a + b for a, b in zip(self, other, strict=True)))

    def later(self, constant: Array | float) -> Moments:
        return self._replace(mean=self.mean + constant)


class Shifted(NamedTuple):
    """The law mean + scale * (exp(sigma Z - sigma^2 / 2) - 1), with Z normal."""

    mean: Array
    scale: Array
    sigma: Array


def sigma_of(spread: Array) -> Array:
    """The standard deviation of a lognormal time's logarithm, from the 99th percentile over the median."""
    return np.asarray(np.log(spread) / Z99)


def moments(p99: Array, spread: Array, times: Array | float = 1.0) -> Moments:
    """Of so many independent lognormal times with this 99th percentile, `spread` times their median."""
    sigma = sigma_of(spread)
    one = np.expm1(sigma * sigma)
    mean = p99 * np.exp(sigma * (sigma / 2 - Z99))
    return Moments(times * mean, times * mean**2 * one, times * mean**3 * one**2 * (one + 3))


def shifted(of: Moments) -> Shifted:
    """The law with these moments: for the skewness g, exp(sigma^2) - 1 = x^2 with x^3 + 3 x = g."""
    deviation = np.sqrt(of.variance)
    skewness = of.third / np.maximum(of.variance * deviation, 1e-300)
    x = np.maximum(2 * np.sinh(np.arcsinh(skewness / 2) / 3), 1e-9)
    scale = np.maximum(deviation / x, 1e-9 * np.abs(of.mean) + 1e-200)  # what never varies has hardly any
    return Shifted(of.mean, scale, np.sqrt(np.log1p(x * x)))


def quantile(law: Shifted, above: Array | float) -> Array:
    """The time that is exceeded with the chance `above`."""
    return law.mean + law.scale * np.expm1(-law.sigma * (ndtri(above) + law.sigma / 2))


def mixed_quantile(usual: Shifted, longer: Shifted, share: Array, above: float) -> Array:
    """The time exceeded with the chance `above`, where a share of the requests, above 0 and below 1, takes longer.

    It lies between what the two kinds exceed with that chance, and above what the longer would need to exceed alone.
    Halley's steps on the logarithm of the chance, held between the two; by halves where they would leave them, as
    between two humps.
    """
    one, other, alone = quantile(usual, above), quantile(longer, above), above / share
    high = np.maximum(one, other)
    needed = np.where(alone < 1, quantile(longer, np.minimum(alone, 1 - 1e-16)), 0.0)
    low = np.minimum(np.maximum(np.minimum(one, other), needed), high)
    mean, scale, sigma = (np.stack(pair) for pair in zip(usual, longer, strict=True))
    terms: tuple[Array, ...] = (1 / scale, 1 - mean / scale, 1 / sigma, sigma / 2, np.stack((1 - share, share)) / above)
    left, at = np.arange(low.size), low
    found = low.copy()
    for _ in range(STEPS):
        per, offset, steep, half, weights = terms
        place = np.maximum(at * per + offset, 1e-12)
        z = -np.log(place) * steep - half
        fall = np.minimum(per * steep / place, MOST)  # of z with the time
        densities = weights * np.exp(-0.5 * z * z) * fall / ROOT
        exceeded, density, slope = (
            each[0] + each[1] for each in (weights * ndtr(z), densities, densities * fall * (z - 2 * half))
        )
        exceeded, density = np.maximum(exceeded, 1e-300), np.maximum(density, 1e-300)
        apart = np.log(exceeded)
        over = apart > 0
        low, high = np.where(over, at, low), np.where(over, high, at)
        step = exceeded / density
        step = apart * step / np.maximum(1 + apart / 2 * (1 + slope / density * step), 0.5)
        next_at = at + step
        kept = (next_at >= low) & (next_at <= high)
        near = np.abs(apart) <= np.where(kept & (np.abs(step) < LAST * at), LAST, NEAR)
        at = np.where(kept, next_at, np.sqrt(np.maximum(low, LEAST * high) * high))
        found[left] = at
        open_ones = ~near
        count = np.count_nonzero(open_ones)
        if not count:
            break
        if 2 * count <= open_ones.size:
            left, at, low, high = (each[open_ones] for each in (left, at, low, high))
            terms = tuple(each[:, open_ones] for each in terms)
    return found
