"""Random numbers that a sweep asks for again at each of its points: drawn once, kept while they are few.

A simulation takes its numbers from its seed alone, so the points of a sweep share them. Shared
numbers also make neighbors of a sweep differ by their input and not by luck.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import numpy as np

MOST_NUMBERS = 2_000_000  # kept in all, 16 MB; what is drawn at once and is more is never kept
MOST_OF_ONE = MOST_NUMBERS // 8

Arrays = tuple[np.ndarray, ...]


class Streams:
    """Arrays by what they were drawn for, the least recently used going first. Nobody may write to them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Arrays] = OrderedDict()
        self._numbers = 0
        self._lock = threading.Lock()

    def of(self, key: Hashable, draw: Callable[[], Arrays]) -> Arrays:
        """What `draw` gives, from memory where it was drawn for this key before.

        `key` says all that the draws depend on; where it cannot be compared (measured values), nothing is kept.
        """
        try:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
        except TypeError:
            return draw()
        drawn = draw()
        if sum(each.size for each in drawn) <= MOST_OF_ONE:
            self._keep(key, drawn)
        return drawn

    def _keep(self, key: Hashable, drawn: Arrays) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = drawn
            self._numbers += sum(each.size for each in drawn)
            while self._numbers > MOST_NUMBERS:
                _, gone = self._kept.popitem(last=False)
                self._numbers -= sum(each.size for each in gone)
