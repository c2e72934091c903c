"""What one field of the workload vocabulary is: its unit, bounds, meaning and prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sysdesign import units
from sysdesign.units import Dimension


@dataclass(frozen=True)
class Number:
    """A numeric field. `low` and `high` are the values accepted, in `unit`.

    Unknown means: anywhere from `likely_low` to `likely_high`, even on the field's
    scale, with `central` as the value that ranking uses. `load` marks what
    grows with use; `looser` says in which direction a target asks for less.
    """

    name: str
    unit: str
    low: float
    high: float
    likely_low: float
    central: float
    likely_high: float
    meaning: str
    scale: str = "log"  # how the range is searched and sampled: log, linear, or nines (log of what is missing to 1)
    whole: bool = False
    load: bool = False
    looser: str = ""  # "higher" | "lower" | "": only targets and tolerances have one
    label: str = ""  # the common term

    @cached_property
    def size(self) -> float:
        return units.unit(self.unit)[0]

    @cached_property
    def dimension(self) -> Dimension:
        return units.unit(self.unit)[1]

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """Accepted range in base units."""
        return units.clean(self.low * self.size), units.clean(self.high * self.size)

    @cached_property
    def least(self) -> float:
        """The smallest value above 0 worth telling from 0, in base units."""
        return (self.prior[0] or self.prior[1]) * 1e-6

    @cached_property
    def prior(self) -> tuple[float, float, float]:
        """Likely low, central and likely high in base units."""
        low, mid, high = (units.clean(v * self.size) for v in (self.likely_low, self.central, self.likely_high))
        return low, mid, high

    def between(self, low: float, high: float, share: np.ndarray) -> np.ndarray:
        """Values at `share` (0 to 1) of the way from `low` to `high` on the field's scale."""
        if self.scale == "nines" and high < 1:
            return 1 - (1 - low) * ((1 - high) / (1 - low)) ** share
        if self.scale == "log" and low > 0:
            return low * (high / low) ** share
        return low + (high - low) * share

    def spread(self, low: np.ndarray, high: np.ndarray, share: np.ndarray) -> np.ndarray:
        """`between` where the ends differ from world to world."""
        even = low + (high - low) * share
        with np.errstate(all="ignore"):
            if self.scale == "nines":
                return np.where(high < 1, 1 - (1 - low) * ((1 - high) / (1 - low)) ** share, even)
            if self.scale == "log":
                return np.where(low > 0, low * (high / low) ** share, even)
        return even

    def text(self, value: float) -> str:
        """A value in base units, for people."""
        return units.text(value, self.dimension, self.unit)

    def texts_apart(self, one: float, other: float) -> tuple[str, str]:
        """Two values in base units, for people, with the digits they need to differ."""
        return units.texts_apart(one, other, self.dimension, self.unit)


@dataclass(frozen=True)
class Word:
    """A field answered with one of a few words; unknown means the weights."""

    name: str
    words: dict[str, tuple[float, str]]  # word: (weight where unknown, meaning)
    central: str  # the word that ranking uses where unknown: the plain case
    meaning: str
    order: str = ""  # "looser": each word asks for less than the one before; or chains, "a > b > c; a > d > c"
    label: str = ""  # the common term

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.words)

    @cached_property
    def looser_pairs(self) -> tuple[tuple[str, str], ...]:
        """Pairs of words of which the second asks for less than the first."""
        chains = (
            [self.names]
            if self.order == "looser"
            else [chain.split(" > ") for chain in self.order.split("; ") if chain]
        )
        return tuple(
            (strict, loose) for chain in chains for at, strict in enumerate(chain) for loose in chain[at + 1 :]
        )

    def code(self, word: str) -> int:
        return self.names.index(word)


Field = Number | Word
