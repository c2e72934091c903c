"""A law of which a few percentiles are known, as a report or a histogram's buckets tell them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sysdesign.probability.laws import number_text

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Piecewise:
    """Values with the share of draws at or under each; between two of them every value is as likely.

    What is not known is not made up: the draws under the first percentile have its value, and those over the
    last have its value too. Means and percentiles past the last are therefore bounds from below.
    """

    shares: Array  # rising, over 0, 1 at most
    values: Array  # not falling

    @property
    def _ends(self) -> tuple[Array, Array]:
        """Shares and values with a piece for what lies under the first and over the last percentile."""
        shares = np.concatenate([[0.0], self.shares, [1.0]])
        return shares, np.concatenate([self.values[:1], self.values, self.values[-1:]])

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        return self.quantile(generator.random(size))

    def quantile(self, q: Array) -> Array:
        return np.interp(q, *self._ends)

    def cdf(self, x: Array) -> Array:
        x = np.asarray(x, dtype=float)
        shares, values = self._ends
        at = np.searchsorted(values, x, side="right")
        low, high = np.clip(at - 1, 0, values.size - 1), np.clip(at, 0, values.size - 1)
        width = values[high] - values[low]
        part = np.where(width > 0, (x - values[low]) / np.where(width > 0, width, 1.0), 0.0)
        inside = shares[low] + np.clip(part, 0.0, 1.0) * (shares[high] - shares[low])
        return np.where(at == 0, 0.0, np.where(at == values.size, 1.0, inside))

    @property
    def mean(self) -> float:
        shares, values = self._ends
        return float(np.sum(np.diff(shares) * (values[1:] + values[:-1]) / 2))

    @property
    def variance(self) -> float:
        shares, values = self._ends
        low, high = values[:-1] - self.mean, values[1:] - self.mean
        return float(np.sum(np.diff(shares) * (low**2 + low * high + high**2) / 3))

    @property
    def text(self) -> str:
        pairs = (f"{number_text(s)}, {number_text(v)}" for s, v in zip(self.shares, self.values, strict=True))
        return f"percentiles({', '.join(pairs)})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Piecewise)
            and np.array_equal(self.shares, other.shares)
            and np.array_equal(self.values, other.values)
        )

    def __hash__(self) -> int:
        return hash((self.shares.tobytes(), self.values.tobytes()))
