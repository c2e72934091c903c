"""Curves of measured requests with few enough points to draw."""

from __future__ import annotations

import numpy as np

MOST_POINTS = 400  # more than a chart has pixels for its points


def stretches(values: int, most: int = MOST_POINTS) -> np.ndarray:
    """Where each of at most `most` stretches of so many values begins; one value each where they are few."""
    return np.unique(np.linspace(0, values, min(values, most), endpoint=False).astype(int))


def highest(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The greatest value of each stretch."""
    return np.maximum.reduceat(values, starts)
