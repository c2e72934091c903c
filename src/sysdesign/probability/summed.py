"""The sum of several independent draws: a round trip from one-way delays, a request from its steps."""

from __future__ import annotations

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.laws import invert

BODY, TAIL = 500, 300  # points that stand for a law: even in its body, ever denser toward both ends
GRID = 1_500


class Summed:
    """The law of a sum of `legs` independent draws of one law; with one leg, that law itself.

    One draw is stood in for by 1,100 weighted quantiles, the other taken exactly: quantiles up to
    1 - 1e-6 agree with simulation to better than 0.5%.
    """

    def __init__(self, law: Distribution, legs: int) -> None:
        if law.least < 0:
            raise InvalidInput(f"a time is {law.text}, which may be under 0; try abs({law.text})")
        self.law, self.legs = law, legs
        self.least = legs * law.least
        if legs > 1:
            self._cuts, self._weights = _strata()
            self._points = np.asarray(law.quantile(self._cuts), dtype=float)
            for _ in range(legs - 2):
                self._points = self._next_points()

    def _next_points(self) -> np.ndarray:
        low, high = self._points[0] + self.law.least, self._points[-1] + float(self.law.quantile(self._cuts[-1]))
        grid = np.unique(np.concatenate([np.linspace(low, high, GRID), np.geomspace(max(low, 1e-12), high, GRID)]))
        sums = np.maximum.accumulate(self.cdf(grid))
        return np.interp(self._cuts, sums, grid)

    def cdf(self, x: np.ndarray | float) -> np.ndarray:
        """Chance that the sum is at most x, elementwise."""
        x = np.asarray(x, dtype=float)
        if self.legs == 1:
            return np.asarray(self.law.cdf(x), dtype=float)
        flat = x.ravel()
        found = np.empty(flat.size)
        for start in range(0, flat.size, 512):  # bounds the memory
            part = flat[start : start + 512, None] - self._points[None, :]
            found[start : start + 512] = np.asarray(self.law.cdf(part), dtype=float) @ self._weights
        return found.reshape(x.shape)

    def quantile(self, share: np.ndarray | float) -> np.ndarray:
        """The least value that the sum stays at or under with that chance, elementwise."""
        share = np.asarray(share, dtype=float)
        if self.legs == 1:
            return np.asarray(self.law.quantile(share), dtype=float)
        high = self.legs * np.asarray(self.law.quantile(share ** (1 / self.legs)), dtype=float)
        return np.asarray(invert(self.cdf, share, np.full(share.shape, self.least), high))


def _strata() -> tuple[np.ndarray, np.ndarray]:
    """Middles and weights of strata of chance, from 1e-9 to 1 - 1e-9."""
    tail = np.geomspace(1e-9, 0.02, TAIL, endpoint=False)
    edges = np.concatenate([[0.0], tail, np.linspace(0.02, 0.98, BODY), 1 - tail[::-1], [1.0]])
    return (edges[1:] + edges[:-1]) / 2, np.diff(edges)
