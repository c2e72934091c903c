"""Windows over event time: which share of the events is in when a window closes, and what waiting costs.

Times in seconds; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any

import numpy as np
from scipy.special import ndtr

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import duration, percent
from sysdesign.probability.elementwise import broadcast
from sysdesign.probability.lognormal_sum import sigma_of

HALVINGS = 11  # then a line through the last two: within 0.002% of the wait
SHORTEST_S, LONGEST_S = 1e-3, 1e9  # of waits that are looked for
LEAST = 1e-300


@dataclass(frozen=True)
class Watermark(Lazy):
    """Windows that close when the watermark passes their end."""

    late_share: Annotated[float, Output("Events that come after their window closed", "share")]
    complete_share: Annotated[float, Output("Events that are in when it closes", "share")]
    corrected_share: Annotated[float, Output("Late events that still correct the answer", "share")]
    dropped_share: Annotated[float, Output("Events that come too late for that", "share")]
    late_per_window: Annotated[float, Output("Late events of a window")]
    wait_needed_s: Annotated[float, Output("Wait that leaves no more than wanted outside", "s")]
    answer_age_s: Annotated[float, Output("Age of an event when its window's answer comes, mean", "s")]
    open_windows: Annotated[float, Output("Windows kept open at once, for each key")]
    state_bytes: Annotated[float, Output("State of the open windows", "B")]


@checked
def watermark(
    wait_s: Annotated[float, Input("Delay of the watermark behind the newest event", "s", low=0, high=1e7, default=10)]
    = 10,
    window_s: Annotated[float, Input("Length of a window", "s", low=1e-3, high=1e7, default=60)] = 60,
    median_s: Annotated[float, Input("Lateness of events, median", "s", low=1e-4, high=1e6, default=1)] = 1,
    spread: Annotated[
        float, Input("99th percentile of lateness over the median", low=1.01, high=1e5, default=20)
    ] = 20,
    offline_share: Annotated[
        float, Input("Events from devices that were offline", "share", low=0, high=1, default=0.002)
    ] = 0.002,
    offline_s: Annotated[float, Input("Lateness of these, mean", "s", low=1e-3, high=1e8, default=3600)] = 3600,
    lateness_s: Annotated[
        float, Input("Time that a window stays open for corrections", "s", low=0, high=1e8, default=0)
    ] = 0,
    wanted: Annotated[float, Input("Share of events wanted in the answer", "share", low=0, high=0.9999999,
                                   default=0.999)] = 0.999,
    events_per_s: Annotated[float, Input("Events", "1/s", low=1e-6, high=1e12, default=1000)] = 1000,
    keys: Annotated[float, Input("Keys with a sum of their own", low=1, high=1e13, default=1e5)] = 1e5,
    entry_bytes: Annotated[float, Input("State of one key and window", "B", low=1, high=1e9, default=100)] = 100,
) -> Watermark:  # fmt: skip
    """How complete a window is when it closes, by the lateness of events and the watermark's delay.

    Lateness is arrival less event time: lognormal by its median and 99th percentile for most events, exponential
    for those of devices that were offline. A window over event time closes `wait_s` after its end, so an event that
    happened u before the end is late if its lateness exceeds u + wait; over a window that is
    (A(wait) - A(wait + window)) / window, with A(a) the mean of what exceeds a, in closed form for both laws.
    A long window is more complete than a short one at the same wait, since most of its events are older.

    Holds where some event has just arrived, so that the newest event time is the present: at low rates, or with an
    idle partition, the watermark lags and windows close later than said. One clock that runs ahead closes all of
    them early. Lateness is the same at all hours. Tumbling windows. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the definition; akidau-2015 for the terms.

    >>> round(watermark(wait_s=0, window_s=0.001, spread=2, offline_share=0).late_share, 3)
    1.0
    """
    given = (wait_s, window_s, median_s, spread, offline_share, offline_s, lateness_s, wanted, events_per_s)
    wait, window, median, ratio, offline, away, open_s, share, rate, many, entry = broadcast(*given, keys, entry_bytes)
    law = _Lateness(median, sigma_of(ratio), offline, away)
    late, dropped = cache(lambda: law.late(wait, window)), cache(lambda: law.late(wait + open_s, window))
    windows = (window + wait + open_s) / window
    return Watermark.later(
        wait.shape,
        late_share=late,
        complete_share=lambda: 1 - late(),
        corrected_share=lambda: late() - dropped(),
        dropped_share=dropped,
        late_per_window=lambda: late() * rate * window,
        wait_needed_s=lambda: law.wait(1 - share, window),
        answer_age_s=lambda: window / 2 + wait,
        open_windows=lambda: windows,
        state_bytes=lambda: windows * many * entry,
    )


@dataclass(frozen=True)
class _Lateness:
    """Most events by a lognormal law, those that were offline by an exponential one."""

    median: np.ndarray
    deviation: np.ndarray
    offline: np.ndarray
    away: np.ndarray

    @cached_property
    def _mean(self) -> np.ndarray:
        return np.asarray(self.median * np.exp(self.deviation**2 / 2))

    def _beyond(self, at: np.ndarray) -> np.ndarray:
        """Mean of what exceeds a time, of lateness below it nothing."""
        score = np.log(np.maximum(at, LEAST) / self.median) / self.deviation
        usual = np.maximum(self._mean * ndtr(self.deviation - score) - at * ndtr(-score), 0)
        return (1 - self.offline) * usual + self.offline * self.away * np.exp(-at / self.away)

    def late(self, wait: np.ndarray, window: np.ndarray) -> np.ndarray:
        return np.clip((self._beyond(wait) - self._beyond(wait + window)) / window, 0, 1)

    def wait(self, share: np.ndarray, window: np.ndarray) -> np.ndarray:
        """The least wait with no more than that share late: its logarithm by halving, since the share falls with it."""
        low, high = np.full_like(window, np.log(SHORTEST_S)), np.full_like(window, np.log(LONGEST_S))
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            enough = self.late(np.exp(middle), window) <= share
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        more, less = (np.log(np.maximum(self.late(np.exp(end), window), LEAST)) for end in (low, high))
        part = (more - np.log(np.maximum(share, LEAST))) / np.maximum(more - less, LEAST)
        found = np.exp(low + np.clip(part, 0, 1) * (high - low))
        return np.where(self.late(np.zeros_like(window), window) <= share, 0.0, found)


def _closed(inputs: Mapping[str, Any], result: Watermark) -> str:
    return (
        f"{percent(result.late_share)} of events come after their window closed; "
        f"{percent(result.dropped_share)} come too late for a correction. No more than "
        f"{percent(1 - inputs['wanted'])} are late with a wait of {duration(result.wait_needed_s)}."
    )


MODELS = (
    Model(watermark, "How long to wait for late events?", _closed, "14-data-processing",
          "14-data-processing/completeness"),
)  # fmt: skip
