"""Functions of time from their Laplace transforms, elementwise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import binom

AVERAGED = 12  # the last partial sums of the Fourier series
ACCURACY = 18.4  # its discretization error is e ** -18.4


def inverted(transform: Callable[[np.ndarray], np.ndarray], at: np.ndarray, terms: int = 40) -> np.ndarray:
    """A function from its Laplace transform, by the Fourier series of Abate and Whitt with Euler's averaging.

    The transform is asked for points of the shape of the times, and one axis more behind it; it may answer for
    several functions, one before the other. Functions with corners need more terms.
    """
    time = np.where(at > 0, at, 1.0)[..., None]
    order = np.arange(terms + 1)
    values = np.real(transform((ACCURACY + 2j * np.pi * order) / (2 * time)))
    signed = np.where(order % 2, -1.0, 1.0) * values
    signed[..., 0] /= 2
    partial = np.cumsum(signed, axis=-1)[..., terms - AVERAGED :]
    weights = binom(AVERAGED, np.arange(AVERAGED + 1)) / 2.0**AVERAGED
    return np.asarray(np.exp(ACCURACY / 2) / time[..., 0] * (partial @ weights))
