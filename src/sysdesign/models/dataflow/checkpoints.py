"""Checkpoints of a stream: what saving takes, and how long a job is behind after a failure.

Times in seconds, `_h` in hours; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import count, duration, percent
from sysdesign.probability.elementwise import broadcast

HOUR = 3600.0
NEVER_S = 1e12  # where a job cannot catch up: numbers stay finite


@dataclass(frozen=True)
class Checkpoint(Lazy):
    """A job that saves its state every so often, fails, and reads again from the last save."""

    overhead_share: Annotated[float, Output("Capacity that saving takes", "share")]
    age_s: Annotated[float, Output("Age of output that is committed with a checkpoint, mean", "s")]
    oldest_s: Annotated[float, Output("The same, at most", "s")]
    replayed: Annotated[float, Output("Records read again after a failure, mean")]
    behind_s: Annotated[float, Output("How far the job is behind when it runs again, mean", "s")]
    until_current_s: Annotated[float, Output("From the failure until it has caught up, mean", "s")]
    longest_s: Annotated[float, Output("The same, after a failure just before a checkpoint", "s")]
    behind_share: Annotated[float, Output("Time in which the job is behind", "share")]
    taken_share: Annotated[float, Output("Capacity for saving and replay together", "share")]
    best_interval_s: Annotated[float, Output("Interval at which that is least", "s")]
    least_interval_s: Annotated[float, Output("Interval below which it cannot keep up", "s")]


@checked
def checkpoint(
    interval_s: Annotated[float, Input("Time from one checkpoint to the next", "s", low=0.01, high=1e6, default=60)]
    = 60,
    save_s: Annotated[float, Input("Time of a checkpoint", "s", low=1e-3, high=1e5, default=10)] = 10,
    slowed: Annotated[
        float, Input("Capacity that it takes meanwhile", "share", low=1e-4, high=1, default=0.1, help="1: work stops")
    ] = 0.1,
    arrivals_per_s: Annotated[float, Input("Records that arrive", "1/s", low=1e-6, high=1e12, default=50_000)] = 50_000,
    services_per_s: Annotated[
        float, Input("Records that the job could process", "1/s", low=1e-6, high=1e12, default=75_000)
    ] = 75_000,
    restart_s: Annotated[
        float, Input("From a failure until it runs again", "s", low=0, high=1e6, default=60,
                     help="noticing, new machines, loading the state")
    ] = 60,
    between_h: Annotated[float, Input("Time between failures of the job", "h", low=1e-3, high=1e8, default=50)] = 50,
) -> Checkpoint:  # fmt: skip
    """What the interval between checkpoints costs while all is well, and how long a failure is felt.

    A checkpoint is taken at even intervals, is complete `save_s` after it began, and takes a share of the capacity
    meanwhile. A failure at random then loses the work since the last complete one began: half an interval and a
    save on average. The job is behind by that and by the restart, and only the room above the arrivals brings it
    back, in behind x arrivals / (room - arrivals). Capacity for saving and for replay, s c / T + (T / 2 + c) / M, is
    least at Young's root with the capacity taken, s c, in the place of a save that stops all work. For a job that
    ends, with failures as often as they come, interruption.finish gives the exact interval and its deadline.

    One checkpoint at a time: an interval shorter than a save is taken as a save. Failures while catching up are left
    out, so the share of time behind holds where it is small. With arrivals above the room that is left the job never
    catches up (1e12 s). Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: daly-2006 for the root; the rest follows.

    >>> checkpoint(60, save_s=10, slowed=1e-4, restart_s=80).behind_s
    120.0
    """
    every, save, share, arrivals, services, again, between = broadcast(
        interval_s, save_s, slowed, arrivals_per_s, services_per_s, restart_s, between_h
    )
    apart = np.maximum(every, save)
    overhead = share * save / apart
    room = services * (1 - overhead) - arrivals
    pace = np.where(room > 0, arrivals / np.where(room > 0, room, 1.0), np.inf)

    def current(lost: np.ndarray) -> np.ndarray:
        return np.minimum(again + (lost + again) * pace, NEVER_S)

    mean, most = apart / 2 + save, apart + save
    free = 1 - arrivals / services
    return Checkpoint.later(
        every.shape,
        overhead_share=lambda: overhead,
        age_s=lambda: mean,
        oldest_s=lambda: most,
        replayed=lambda: mean * arrivals,
        behind_s=lambda: mean + again,
        until_current_s=lambda: current(mean),
        longest_s=lambda: current(most),
        behind_share=lambda: np.minimum(current(mean) / (between * HOUR), 1),
        taken_share=lambda: np.minimum(overhead + mean / (between * HOUR), 1),
        best_interval_s=lambda: np.maximum(np.sqrt(2 * share * save * between * HOUR), save),
        least_interval_s=lambda: np.where(free > 0, np.maximum(share * save / np.maximum(free, 1e-12), save), NEVER_S),
    )


def _kept(inputs: Mapping[str, Any], result: Checkpoint) -> str:
    return (
        f"Saving takes {percent(result.overhead_share)} of the capacity. After a failure "
        f"{count(result.replayed)} records are read again, and the job is current again after "
        f"{duration(result.until_current_s)} on average, {duration(result.longest_s)} at worst. Output committed with "
        f"checkpoints is {duration(result.age_s)} old on average."
    )


MODELS = (
    Model(checkpoint, "How often should a stream save its state?", _kept, "14-data-processing",
          "14-data-processing/catch-up"),
)  # fmt: skip
