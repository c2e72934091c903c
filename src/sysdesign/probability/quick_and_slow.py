"""Times of which most are quick and some come by a slow way: a mixture of two lognormal laws, elementwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

LONGEST = 3.2e9  # seconds in about a century
STEPS = 40  # halvings of that, on a logarithmic scale
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


@dataclass(frozen=True)
class QuickAndSlow:
    """Two laws by median and standard deviation of the logarithm, and the share of the second."""

    median: np.ndarray
    sigma: np.ndarray
    slow: np.ndarray
    slow_median: np.ndarray
    slow_sigma: np.ndarray

    def after(self, time: np.ndarray) -> np.ndarray:
        """The share of times that are longer."""
        quick, slow = _above(time, self.median, self.sigma), _above(time, self.slow_median, self.slow_sigma)
        return (1 - self.slow) * quick + self.slow * slow

    def exceeded(self, share: np.ndarray) -> np.ndarray:
        """The time that a share of them exceeds, by halving on a logarithmic scale."""
        low, high = np.full(share.shape, np.log(1e-6)), np.full(share.shape, np.log(LONGEST))
        for _ in range(STEPS):
            middle = (low + high) / 2
            more = self.after(np.exp(middle)) > share
            low, high = np.where(more, middle, low), np.where(more, high, middle)
        return np.exp(high)

    def mean_up_to(self, time: np.ndarray) -> np.ndarray:
        """The mean of the times up to that one, longer ones counted as 0."""
        quick = _part_of_mean(time, self.median, self.sigma)
        return (1 - self.slow) * quick + self.slow * _part_of_mean(time, self.slow_median, self.slow_sigma)

    def none_within(self, rate: np.ndarray) -> np.ndarray:
        """The chance that no arrival of a Poisson process of that rate falls within a time."""
        quick = _laplace(rate, self.median, self.sigma)
        return (1 - self.slow) * quick + self.slow * _laplace(rate, self.slow_median, self.slow_sigma)


def _distance(time: np.ndarray, median: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(time) - np.log(median))


def _above(time: np.ndarray, median: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """The chance that a lognormal time is longer; without spread all take the median."""
    distance = _distance(time, median)
    return np.where(sigma > 0, ndtr(-distance / np.where(sigma > 0, sigma, 1)), np.where(distance < 0, 1.0, 0.0))


def _part_of_mean(time: np.ndarray, median: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    distance = _distance(time, median)
    below = ndtr(distance / np.where(sigma > 0, sigma, 1) - sigma)
    return median * np.exp(sigma**2 / 2) * np.where(sigma > 0, below, np.where(distance < 0, 0.0, 1.0))


def _laplace(rate: np.ndarray, median: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """By Gauss-Hermite quadrature over the logarithm."""
    times = median[..., None] * np.exp(sigma[..., None] * NODES)
    return np.asarray(np.exp(-np.minimum(rate[..., None] * times, 700)) @ (WEIGHTS / WEIGHTS.sum()))
