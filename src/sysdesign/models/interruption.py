"""Interruptible capacity: whether and when a job finishes on machines that can be taken away or fail.

Interruptions are a Poisson process. Units: `_h` hours, `_s` seconds; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import numpy as np
from scipy import special

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.inversion import inverted

HOUR = 3600.0
MOST_POWER = 300.0  # of e: beyond it a job never finishes, and numbers stay finite
LEAST_INTERVAL = 1e-6  # hours
TERMS = 96  # of the inverted transform, which has a corner where a stretch of work ends


@dataclass(frozen=True)
class Finish(Lazy):
    """When a job finishes that is interrupted at random, with and without checkpoints."""

    unbroken_share: Annotated[float, Output("Chance that nothing interrupts it", "share")]
    restarted_h: Annotated[float, Output("Mean time if each interruption begins it anew", "h")]
    mean_h: Annotated[float, Output("Mean time with checkpoints", "h")]
    stretch: Annotated[float, Output("Mean time over the job's own")]
    interruptions: Annotated[float, Output("Interruptions on the way, with checkpoints")]
    noticed_h: Annotated[float, Output("Mean time if a notice suffices to save", "h")]
    interval_h: Annotated[float, Output("Work between checkpoints, as computed with", "h")]
    best_interval_h: Annotated[float, Output("Interval of the least mean time", "h")]
    young_h: Annotated[float, Output("The same by the root of twice checkpoint and mean time between", "h")]
    in_time_share: Annotated[float, Output("Chance to finish by the deadline, with checkpoints", "share")]
    restarted_in_time_share: Annotated[float, Output("Chance to finish by the deadline, without", "share")]
    cost_share: Annotated[float, Output("Cost with checkpoints, of that without interruptions", "share")]
    restarted_cost_share: Annotated[float, Output("Cost without checkpoints, of the same", "share")]


@checked
def finish(
    job_h: Annotated[float, Input("Time of the job without interruptions", "h", low=1e-3, high=1e5, default=10)] = 10,
    between_h: Annotated[
        float, Input("Mean time between interruptions of one machine", "h", low=1e-3, high=1e8, default=20)
    ] = 20,
    machines: Annotated[
        float, Input("Machines that the job needs all at once", low=1, high=1e6, default=1)
    ] = 1,
    checkpoint_s: Annotated[float, Input("Time of a checkpoint", "s", low=0.001, high=1e6, default=60)] = 60,
    restart_s: Annotated[
        float, Input("Time until it runs again", "s", low=0, high=1e6, default=300,
                     help="a new machine, its start, and reading the checkpoint")
    ] = 300,
    interval_h: Annotated[
        float, Input("Work between two checkpoints", "h", low=0, high=1e5, default=0, help="0: the best")
    ] = 0,
    notice_s: Annotated[float, Input("Notice before an interruption", "s", low=0, high=1e6, default=120)] = 120,
    deadline_h: Annotated[float, Input("Deadline", "h", low=1e-3, high=1e6, default=15)] = 15,
    price_share: Annotated[
        float, Input("Price of an hour, of an uninterrupted one (assumed)", "share", low=1e-3, high=1, default=0.4)
    ] = 0.4,
) -> Finish:  # fmt: skip
    """When a job finishes that is interrupted at random: mean time, chance to keep a deadline, best interval, cost.

    Interruptions come at random (Poisson) at any time, also in a checkpoint or a restart, `machines` times as often
    as those of one machine. What was done since the last checkpoint is lost; after `restart_s` without another
    interruption the work goes on. A stretch of work w then takes M e^(R/M) (e^((w + c)/M) - 1) on average, with M
    between interruptions, R a restart and c a checkpoint. The last stretch takes no checkpoint. The best interval
    minimizes that per hour of work; Young's root is its limit where c is far below M. Chances to keep a deadline
    come from the transform of the time, inverted numerically (to about 0.0001).

    With a notice of at least a checkpoint's length nothing is lost: each interruption costs a checkpoint and a
    restart, and periodic checkpoints are left out. Real capacity is taken in waves, and for longer than a restart
    where none is left: give a longer `restart_s` and `between_h` of your own region and machine. Cost counts all
    time at the price of an hour. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Source: daly-2006, whose first order is Young's root of 1974.

    >>> round(finish(500, 24, checkpoint_s=300, restart_s=600).best_interval_h * 60)
    117
    """
    given = (job_h, between_h, machines, checkpoint_s, restart_s, interval_h, notice_s, deadline_h, price_share)
    job, single, count, save, again, every, notice, deadline, price = (np.asarray(x, dtype=float) for x in given)
    run = _Run.of(job, single / count, save / HOUR, again / HOUR, every)
    plainly = run.without_checkpoints()
    mean, restarted = cache(run.mean), cache(plainly.mean)
    return Finish.later(
        np.broadcast_shapes(*(np.shape(each) for each in given)),
        unbroken_share=lambda: np.exp(-job / run.between),
        restarted_h=restarted,
        mean_h=mean,
        stretch=lambda: mean() / job,
        interruptions=lambda: mean() / run.between,
        noticed_h=lambda: np.where(notice / HOUR >= run.save, run.saved_in_time(), mean()),
        interval_h=lambda: run.interval,
        best_interval_h=lambda: _best(run.between, run.save),
        young_h=lambda: np.sqrt(2 * run.save * run.between),
        in_time_share=lambda: run.by(deadline),
        restarted_in_time_share=lambda: plainly.by(deadline),
        cost_share=lambda: mean() / job * price,
        restarted_cost_share=lambda: restarted() / job * price,
    )


def _best(between: np.ndarray, save: np.ndarray) -> np.ndarray:
    """The work between checkpoints that makes an hour of it take the least time, by Lambert's function."""
    ratio = save / between
    exact = 1 + np.real(special.lambertw(-np.exp(-1 - ratio)))
    root = np.sqrt(2 * ratio)
    series = root * (1 + root / 6 + root**2 / 36) - ratio  # Daly's; the other cancels where checkpoints are short
    return np.asarray(between * np.where(ratio < 1e-6, series, exact))


@dataclass(frozen=True)
class _Run:
    """A job in stretches of work, each ended by a checkpoint but the last; hours."""

    job: np.ndarray
    between: np.ndarray
    save: np.ndarray
    again: np.ndarray
    interval: np.ndarray
    stretches: np.ndarray  # with a checkpoint

    @staticmethod
    def of(job: np.ndarray, between: np.ndarray, save: np.ndarray, again: np.ndarray, every: np.ndarray) -> _Run:
        parts = np.maximum(np.round(job / _best(between, save)), 1)  # a best interval is cut so that it divides the job
        interval = np.where(every > 0, np.clip(every, LEAST_INTERVAL, job), job / parts)
        return _Run(job, between, save, again, interval, np.maximum(np.ceil(job / interval * (1 - 1e-12)) - 1, 0))

    def without_checkpoints(self) -> _Run:
        return _Run(self.job, self.between, self.save, self.again, self.job, np.zeros_like(self.stretches))

    @property
    def last(self) -> np.ndarray:
        return self.job - self.stretches * self.interval

    def mean(self) -> np.ndarray:
        saved = _powered((self.interval + self.save) / self.between)
        ended = _powered(self.last / self.between)
        return self.between * np.exp(np.minimum(self.again / self.between, MOST_POWER)) * (
            self.stretches * saved + ended
        )  # fmt: skip

    def saved_in_time(self) -> np.ndarray:
        """Every interruption of the work costs a checkpoint, and a restart that may itself be interrupted."""
        return self.job + self.job / self.between * (self.save + self.between * _powered(self.again / self.between))

    def by(self, deadline: np.ndarray) -> np.ndarray:
        """The chance that all is done by then: none before the least time, there that of no interruption, then more."""
        least = self.job + self.stretches * self.save
        unbroken = np.exp(-least / self.between)
        late = np.maximum(deadline - least, 0)
        inside = np.clip(inverted(lambda s: (self._lost(s) - unbroken[..., None]) / s, late, TERMS), 0, 1)
        return np.where(
            deadline < least, 0.0, np.where(late > 1e-9 * least, np.minimum(unbroken + inside, 1), unbroken)
        )

    def _lost(self, s: np.ndarray) -> np.ndarray:
        """Transform of the time lost over all stretches."""
        saved = _lost_in((self.interval + self.save)[..., None], self.again[..., None], self.between[..., None], s)
        ended = _lost_in(self.last[..., None], self.again[..., None], self.between[..., None], s)
        return saved ** self.stretches[..., None] * ended


def _powered(power: np.ndarray) -> np.ndarray:
    return np.expm1(np.minimum(power, MOST_POWER))


def _lost_in(work: np.ndarray, again: np.ndarray, between: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Transform of the time lost in one stretch: 1 if it is not interrupted, else a part of it and tries anew."""
    rate = 1 / between
    either = s + rate
    whole = again + work
    first = rate / either * -np.expm1(-either * work)
    other = rate / either * -np.expm1(-either * whole)
    return np.exp(-rate * work) + first * np.exp(-s * again - rate * whole) / (1 - other)


def _finished(inputs: Mapping[str, Any], result: Finish) -> str:
    return (
        f"Nothing interrupts it with a chance of {percent(result.unbroken_share)}. With a checkpoint every "
        f"{duration(result.interval_h * HOUR)} it takes {duration(result.mean_h * HOUR)} on average, "
        f"with {several(result.interruptions, 'interruption')}; begun anew each time, "
        f"{duration(result.restarted_h * HOUR)}. It then costs {percent(result.cost_share)} of capacity that nobody "
        f"takes away, {amount(result.stretch)} times its hours."
    )


MODELS = (
    Model(
        finish,
        "Does a job finish on machines that may be taken away?",
        _finished,
        "01-compute",
        "01-compute/interruptions",
    ),
)
