"""A stage of a batch job: when its last task ends, by skew, slow machines and second copies.

Times in seconds; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import numpy as np
from scipy.special import ndtr

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import broadcast

NODES = 400  # of the integrals over time
DEVIATIONS = 8.0  # of the logarithm of a task's time, to both ends of the integrals


@dataclass(frozen=True)
class Stage(Lazy):
    """Tasks that all begin together, and the last of them."""

    stage_s: Annotated[float, Output("Time of the stage", "s")]
    uncopied_s: Annotated[float, Output("Time without second copies", "s")]
    healthy_s: Annotated[float, Output("Time with even tasks and no slow machine", "s")]
    slowest_over_mean: Annotated[float, Output("Slowest task over the mean, without copies")]
    heaviest_over_mean: Annotated[float, Output("Records of the heaviest task over the mean")]
    any_slow: Annotated[float, Output("Chance that some task meets a slow machine", "share")]
    idle_share: Annotated[float, Output("Time in which a machine waits for the last task", "share")]
    copied_share: Annotated[float, Output("Tasks that get a second copy", "share")]
    extra_share: Annotated[float, Output("Machine time of second copies, of the tasks' own", "share")]


@checked
def stage(
    tasks: Annotated[float, Input("Tasks, each on a machine or core of its own", low=1, high=1e6, default=200)] = 200,
    task_s: Annotated[float, Input("Time of a task, mean", "s", low=1e-3, high=1e6, default=60)] = 60,
    spread: Annotated[
        float, Input("Spread of the tasks' times, deviation over mean", low=0.02, high=3, default=0.2)
    ] = 0.2,
    slow_share: Annotated[
        float, Input("Tasks that meet a slow machine", "share", low=0, high=1, default=0.001)
    ] = 0.001,
    slow_factor: Annotated[float, Input("How many times longer these take", low=1, high=1000, default=5)] = 5,
    top_share: Annotated[
        float, Input("Records under one key, of all", "share", low=0, high=0.99, default=0)
    ] = 0,
    copy_after: Annotated[
        float, Input("Times the median task after which a copy starts", low=0, high=1000, default=0, help="0: never")
    ] = 0,
    copy_start_s: Annotated[float, Input("Until a copy runs", "s", low=0, high=1e5, default=1)] = 1,
) -> Stage:  # fmt: skip
    """When the last of many tasks ends, and what second copies (speculative execution) save and cost.

    Times of tasks are independent and lognormal about their mean; some meet a slow machine and take `slow_factor`
    times as long. One key with `top_share` of the records makes one task heavier. A stage of n tasks has ended by t
    with a chance of the product of F(t) over its tasks, so its mean is the integral of one minus that. A task that
    still runs after `copy_after` medians gets a copy on another machine, and whichever ends first counts: it
    survives t with S(t) S(t - d). A copy of the heavy task has the same records to read.

    Holds where all tasks run at once. With several tasks for each machine the early ones even out: then the stage
    takes the sum of the work over the machines and about one task more. Slowness that a copy would share (a slow
    source, a slow network) is not helped by it. Copies wait for no machine. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Source: dean-2004 for backup tasks; the rest follows.

    >>> round(stage(1000, slow_share=0.001).any_slow, 3)
    0.632
    """
    given = broadcast(tasks, task_s, spread, slow_share, slow_factor, top_share, copy_after, copy_start_s)
    count, mean, cv, slow, factor, top, after, start = given
    law = _Law.of(count, mean, cv, slow, factor, top)
    delay = np.where(after > 0, after * law.median * law.light + start, np.inf)
    even = _Law.of(count, mean, cv, np.zeros_like(slow), factor, np.zeros_like(top))
    own = mean * (1 + slow * (factor - 1))  # over all tasks, without copies
    last, uncopied = cache(lambda: law.last(delay)), cache(lambda: law.last(np.inf))
    return Stage.later(
        count.shape,
        stage_s=last,
        uncopied_s=uncopied,
        healthy_s=lambda: even.last(np.inf),
        slowest_over_mean=lambda: uncopied() / own,
        heaviest_over_mean=lambda: law.heavy,
        any_slow=lambda: -np.expm1(count * np.log1p(-np.minimum(slow, 1 - 1e-16))),
        idle_share=lambda: np.clip(1 - law.used(delay) / (count * last()), 0, 1),
        copied_share=lambda: law.copied(delay),
        extra_share=lambda: law.copies(delay) / (count * own),
    )


@dataclass(frozen=True)
class _Law:
    """Times of the light tasks and of the heavy one; times and shares in arrays of one shape."""

    count: np.ndarray
    median: np.ndarray
    deviation: np.ndarray
    slow: np.ndarray
    factor: np.ndarray
    light: np.ndarray  # records of a light task over the mean
    heavy: np.ndarray

    @staticmethod
    def of(count: Any, mean: Any, cv: Any, slow: Any, factor: Any, top: Any) -> _Law:
        deviation = np.sqrt(np.log1p(cv**2))
        light = np.where(count > 1, 1 - top, 1.0)
        return _Law(
            count, mean * np.exp(-(deviation**2) / 2), deviation, slow, factor, light, count - (count - 1) * light
        )

    def _late(self, at: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Chance that a task of that size still runs; a last axis for times."""
        with np.errstate(divide="ignore"):
            log = np.log(np.maximum(at, 0) / (self.median * size)[..., None])
        wide, slow = self.deviation[..., None], self.slow[..., None]
        return (1 - slow) * ndtr(-log / wide) + slow * ndtr((np.log(self.factor)[..., None] - log) / wide)

    def _still(self, at: np.ndarray, size: np.ndarray, delay: Any) -> np.ndarray:
        """The same of a task and its copy."""
        if np.all(np.isinf(delay)):
            return self._late(at, size)
        since = at - np.asarray(delay)[..., None]
        return self._late(at, size) * np.where(since > 0, self._late(since, size), 1.0)

    def _grid(self) -> np.ndarray:
        low = np.log(self.median * self.light) - DEVIATIONS * self.deviation
        high = np.log(self.median * self.heavy * self.factor) + DEVIATIONS * self.deviation
        return np.asarray(np.exp(np.linspace(low, high, NODES, axis=-1)))

    @staticmethod
    def _area(at: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Integral over time from 0, of values that are as at the first time before it."""
        step = np.log(at[..., 1] / at[..., 0])
        inner = (values * at).sum(axis=-1) - (values[..., 0] * at[..., 0] + values[..., -1] * at[..., -1]) / 2
        return np.asarray(inner * step + values[..., 0] * at[..., 0])

    def last(self, delay: Any) -> np.ndarray:
        at = self._grid()
        ended = (1 - self._still(at, self.light, delay)) ** (self.count - 1)[..., None]
        return self._area(at, 1 - ended * (1 - self._still(at, self.heavy, delay)))

    def _all(self, one: Any) -> np.ndarray:
        """A sum over the tasks, from a function of a task's size."""
        return np.asarray((self.count - 1) * one(self.light) + one(self.heavy))

    def used(self, delay: Any) -> np.ndarray:
        """Machine time of the tasks until they end, copies beside them left out."""
        at = self._grid()
        return self._all(lambda size: self._area(at, self._still(at, size, delay)))

    def copied(self, delay: np.ndarray) -> np.ndarray:
        began = self._all(lambda size: self._late(delay[..., None], size)[..., 0])
        return np.where(np.isinf(delay), 0.0, began / self.count)

    def copies(self, delay: np.ndarray) -> np.ndarray:
        """Machine time of copies: each runs until it or its original ends.

        Many originals end soon after their copy began, so the time before the grid counts piece by piece.
        """
        at = self._grid()
        at = np.concatenate([at[..., :1] * np.linspace(0, 1, NODES, endpoint=False), at], axis=-1)
        begun = at + np.where(np.isinf(delay), 0.0, delay)[..., None]
        time = self._all(lambda size: np.trapezoid(self._late(begun, size) * self._late(at, size), at, axis=-1))
        return np.where(np.isinf(delay), 0.0, time)


def _ended(inputs: Mapping[str, Any], result: Stage) -> str:
    text = (
        f"The stage ends after {duration(result.stage_s)}, {amount(result.stage_s / inputs['task_s'])} times a task, "
        f"and machines wait {percent(result.idle_share)} of that time."
    )
    if inputs["copy_after"] > 0:
        text += (
            f" Without second copies it would take {duration(result.uncopied_s)}; they add "
            f"{percent(result.extra_share)} of machine time."
        )
    return text


MODELS = (
    Model(stage, "When does the slowest task end?", _ended, "14-data-processing", "14-data-processing/copies"),
)  # fmt: skip
