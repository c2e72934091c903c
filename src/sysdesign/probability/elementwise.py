"""Numbers in, numbers out; arrays in, arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np

Numeric = float | np.ndarray


def broadcast(*values: Any) -> tuple[np.ndarray, ...]:
    """Numbers and arrays as arrays of floats, each of the shape that all have together."""
    return tuple(np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in values)))


def plain(value: Any) -> Any:
    """A float where the value is a single number, the array itself otherwise."""
    return float(value) if np.ndim(value) == 0 else value
