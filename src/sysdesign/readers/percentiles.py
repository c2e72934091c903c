"""What reports and histograms tell of measurements: so much of them is at or under each value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sysdesign.errors import BadFile
from sysdesign.models.wording import several
from sysdesign.probability.distribution import Distribution
from sysdesign.readers.notices import Notices

LEAST = 1e-9  # the share of a least value, of which a report says 0%


@dataclass(frozen=True)
class Percentiles:
    """Shares and values in the input's unit, rising; `of` says what they were read from."""

    name: str
    of: str
    shares: tuple[float, ...]
    values: tuple[float, ...]

    @staticmethod
    def rising(name: str, of: str, pairs: Iterable[tuple[float, float]]) -> Percentiles:
        """From pairs in any order. Raises BadFile."""
        groups: dict[float, list[float]] = {}
        for share, value in sorted((max(share, LEAST), value) for share, value in pairs if 0 <= share <= 1):
            groups.setdefault(share, []).append(value)
        kept: dict[float, float] = {}
        for share, held in groups.items():
            kept[share] = held[0]  # so much is at or under the least of them,
            if held[-1] > held[0] and share + LEAST < 1:
                kept[share + LEAST] = held[-1]  # and the rest over the greatest
        if not kept:
            raise BadFile(name, 1, f"{of} holds no percentile", "Give a report with percentiles, or each measurement")
        values = list(kept.values())
        if any(later < earlier for earlier, later in pairwise(values)):
            raise BadFile(name, 1, f"the percentiles of {of} fall", "Give them as the tool wrote them")
        return Percentiles(name, of, tuple(kept), tuple(values))

    def distribution(self, notices: Notices) -> Distribution:
        """The distribution, with what it cannot know of the tail said."""
        notices.say(f"read {self.of}: {several(len(self.shares), 'point')} of the distribution, even between them")
        if self.shares[-1] < 1:
            over = float(f"{100 * (1 - self.shares[-1]):.3g}")
            notices.say(
                f"nothing is known of the slowest {over:g}% but that they are over {self.values[-1]:.4g}; they count "
                "as that, so the mean and higher percentiles are at least what is printed"
            )
        if self.shares[0] > 0.1:
            notices.say(
                f"the fastest {100 * self.shares[0]:.3g}% count as {self.values[0]:.4g}, the lowest value known"
            )
        return Distribution.from_percentiles(np.array(self.shares), np.array(self.values))
