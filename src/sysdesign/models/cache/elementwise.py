"""Closed forms that take numbers or arrays of them alike."""

from __future__ import annotations

from typing import Any

import numpy as np

Numeric = float | np.ndarray


def plain(value: Any) -> Any:
    """A float for a number, the array for an array."""
    return float(value) if np.ndim(value) == 0 else value
