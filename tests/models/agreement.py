"""How near a model must come to a sample, and the weights of Zipf's law, for the tests of caches."""

from __future__ import annotations

import math

import numpy as np


def agrees_with_power(found: float, sample: np.ndarray, width: float = 3.5) -> bool:
    """The model lies within `width` standard errors of the sample's mean, and 5 % more would not."""
    error = width * np.std(sample, ddof=1) / math.sqrt(len(sample))
    return abs(found - np.mean(sample)) < error < 0.05 * abs(found) - abs(found - np.mean(sample))


def weights(catalog: int, skew: float) -> np.ndarray:
    each = np.array([1 / rank**skew for rank in range(1, catalog + 1)])
    return each / each.sum()
