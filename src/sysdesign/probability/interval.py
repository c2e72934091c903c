"""A simulated mean with its 95% interval, and the rule by which a run stops.

Every simulation here runs independent replications (or long batches of one run) until the interval of
each figure that it prints is narrow enough or its budget is spent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

FEWEST = 5  # with fewer values the t interval is too wide to tell anything
NARROW = 0.01  # a relative width that takes all runs, or nearly


@dataclass(frozen=True)
class Interval:
    """A mean, and the range that holds the true one 95 times in 100."""

    mean: float
    low: float
    high: float

    @property
    def relative_width(self) -> float:
        """Half the range as a share of the mean; 0 for a range of one point."""
        half = (self.high - self.low) / 2
        return 0.0 if half == 0 else half / abs(self.mean) if self.mean else math.inf


def student(freedom: int) -> float:
    """The 97.5% point of Student's t with so many degrees of freedom."""
    return float(special.stdtrit(freedom, 0.975))


def interval_of(values: np.ndarray) -> Interval:
    """The interval of the mean of independent values, by Student's t. Takes two values or more."""
    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    half = student(values.size - 1) * float(values.std(ddof=1)) / math.sqrt(values.size)
    return Interval(mean, mean - half, mean + half)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """The 95% interval of a share that was counted, by Wilson's score: never of one point, however few the trials."""
    z = float(special.ndtri(0.975))
    share, weight = hits / trials, z**2 / trials
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    return max(0.0, centre - half), min(1.0, centre + half)


def affordable_runs(most_runs: int, budget: float, run: float) -> int:
    """How many runs a budget allows, each of which takes so much: `most_runs` at most, but FEWEST at least."""
    return max(FEWEST, min(int(most_runs), int(budget / run)))


def least_runs(relative_width: float, most_runs: int, fewest: int = FEWEST) -> int:
    """How many runs there must be, as far as can be said before: few, or all where a narrow interval is asked for."""
    return int(most_runs) if relative_width <= NARROW else min(fewest, int(most_runs))


def known(rows: np.ndarray, relative_width: float) -> bool:
    """Whether the mean of every column is known: half its interval is at most that share of it.

    A column that is the same in every row, as a share that is always 0, is known.
    """
    return all(interval_of(column).relative_width <= relative_width for column in np.atleast_2d(rows).T)


def replicate(
    run: Callable[[int], tuple[float, ...]], relative_width: float, most_runs: int, means: int | None = None
) -> np.ndarray:
    """Rows of what `run(number)` gives, until the mean of every column is known closely enough.

    `means` is how many columns, from the first, are printed as means; all of them by default. The number of a
    run is its place in the sequence, from which it takes its own random stream.
    Looks only after 5, 10, 20, ... runs, so that looking often does not itself stop a run too soon.
    """
    rows: list[tuple[float, ...]] = []
    look_at = FEWEST
    while len(rows) < most_runs:
        rows.append(run(len(rows)))
        if len(rows) == look_at:
            if known(np.array([row[:means] for row in rows], dtype=float), relative_width):
                break
            look_at *= 2
    return np.array(rows, dtype=float)
