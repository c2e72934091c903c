"""Retries over hours: which events a list of waits delivers after an outage, and how long after its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from scipy.special import gammainc

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Numbers, Output, checked
from sysdesign.models.wording import count, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

Left = Literal["fixed", "uniform", "exponential"]
MOST_WAITS = 1000
SVIX = Numbers((5, 300, 1800, 7200, 18000, 36000, 36000))  # the default of its server
NARROW = 1e-6  # an interval so narrow, as a share of its end, is a point: differences over it would lose digits
LATE = 0.99
HALVINGS = 50


@dataclass(frozen=True)
class Ladder:
    """What becomes of an event whose first attempt meets an outage."""

    attempts: Annotated[int, Output("Attempts at most, the first included")]
    window_s: Annotated[float, Output("From the first attempt to the last, at most", "s")]
    delivered_share: Annotated[float, Output("Events delivered, of those that meet the outage", "share")]
    lost_per_million: Annotated[float, Output("Events never delivered, per million that meet it")]
    calls: Annotated[float, Output("Attempts for one event, mean")]
    mean_delay_s: Annotated[float, Output("Delay of an event that is delivered, mean", "s")]
    p99_delay_s: Annotated[float, Output("The same, 99th percentile", "s")]
    mean_lag_s: Annotated[float, Output("From the end of the outage to the delivery, mean", "s")]


class _Outage(NamedTuple):
    """Chances of what is left of an outage at an event."""

    left: Left
    length: np.ndarray

    def lasts(self, at: np.ndarray) -> np.ndarray:
        """Chance that more than this is left."""
        if self.left == "exponential":
            return np.exp(-at / self.length)
        return np.maximum(1 - at / self.length, 0) if self.left == "uniform" else np.where(at < self.length, 1.0, 0.0)

    def spent(self, until: np.ndarray) -> np.ndarray:
        """The integral of `lasts` from 0: time of the outage until then, mean."""
        if self.left == "exponential":
            return -self.length * np.expm1(-until / self.length)
        short = np.minimum(until, self.length)
        return short - short**2 / (2 * self.length) if self.left == "uniform" else short

    def weighted(self, until: np.ndarray) -> np.ndarray:
        """The integral of time times `lasts` from 0."""
        if self.left == "exponential":
            return self.length**2 * gammainc(2, until / self.length)
        short = np.minimum(until, self.length)
        return short**2 / 2 - (short**3 / (3 * self.length) if self.left == "uniform" else 0)


class _Rungs(NamedTuple):
    """Times of the retries, each even between two ends. Retries along the first axis."""

    early: np.ndarray
    late: np.ndarray

    def mean(self, point: np.ndarray, integral: np.ndarray) -> np.ndarray:
        """Mean of what has this value at the late end, and this integral over the interval."""
        width = self.late - self.early
        wide = width > NARROW * self.late
        return np.where(wide, integral / np.where(wide, width, 1), point)


@checked
def ladder(
    waits_s: Annotated[
        Numbers,
        Input("Waits before each retry", "s", low=0, high=1e7, default=SVIX, help="the first attempt is at once"),
    ] = SVIX,
    outage_s: Annotated[float, Input("Length of the outage", "s", low=0.001, high=1e8, default=10800)] = 10800,
    left: Annotated[
        Left,
        Input(
            "What is left of the outage at the event",
            default="fixed",
            help="fixed: all of it; uniform: the event falls anywhere in it; exponential: random, with this mean",
        ),
    ] = "fixed",
    jitter_share: Annotated[
        float,
        Input("Part of each wait that jitter may take off", "share", low=0, high=1, default=0, help="1: full jitter"),
    ] = 0,
) -> Ladder:
    """Events that a list of waits delivers after an outage, and how late: a retry ladder.

    The first attempt is made at once and meets the outage; each attempt fails until the outage is over, and the first
    one after it succeeds. So the number of attempts matters only through their times: an outage shorter than
    the window loses nothing, and its events come up to one wait after its end. Times are counted from
    the plan, not from the attempt before: jitter brings each retry forward by an even share of its own wait, and
    attempts keep their order.

    The time that an attempt takes, single failures outside outages (`retries.rescued`), and the load that
    returns at once (`messaging.backlog`) are left out. Where nothing is delivered, delays are those of the
    window. Closed form; elementwise over outages and jitter.
    Raises InvalidInput where an input is out of range. Follows from the times of the attempts; no source needed.

    >>> ladder(outage_s=1800).mean_delay_s  # three failures of 5 s, 5 min, 30 min, ...
    2105.0
    """
    waits = np.asarray(waits_s, dtype=float)
    if waits.size > MOST_WAITS:
        raise InvalidInput(f"waits_s has {waits.size} waits; {MOST_WAITS} at most")
    length, jitter = broadcast(outage_s, jitter_share)
    column = (-1, *(1,) * length.ndim)
    planned = np.cumsum(waits).reshape(column)
    outage = _Outage(left, length)
    rungs = _Rungs(planned - jitter * waits.reshape(column), planned + 0 * jitter)
    early, late = rungs
    spent, weighted = outage.spent(late) - outage.spent(early), outage.weighted(late) - outage.weighted(early)
    lasts = rungs.mean(outage.lasts(late), spent)  # that the outage outlasts this retry
    held = rungs.mean(late * outage.lasts(late), weighted)  # the retry's time, where it does
    ended = late[-1] * outage.spent(late[-1]) - early[-1] * outage.spent(early[-1]) - weighted[-1]
    waited_out = rungs.mean(outage.spent(late), ended)[-1] - held[-1]  # the outage's time, of those delivered
    before = np.concatenate([np.ones((1, *length.shape)), lasts[:-1]])
    summed = ((early + late) / 2 * before - held).sum(axis=0)  # times of the attempts that deliver
    delivered = 1 - lasts[-1]
    some = delivered > 0
    share = np.where(some, delivered, 1)
    mean = np.where(some, summed / share, late[-1])
    lag = np.where(some, np.maximum(summed - waited_out, 0) / share, late[-1])
    tail = np.where(some, _exceeded(outage, rungs, before, lasts), late[-1])
    found = (late[-1], delivered, 1e6 * lasts[-1], 1 + before.sum(axis=0), mean, tail, lag)
    return Ladder(waits.size + 1, *map(plain, found))


def _exceeded(outage: _Outage, rungs: _Rungs, before: np.ndarray, lasts: np.ndarray) -> np.ndarray:
    """The delay that one in a hundred of those delivered exceeds: the retry on which it falls, then halving."""
    reached = 1 - lasts
    wanted = LATE * reached[-1]
    at = np.argmax(reached >= wanted, axis=0)[None]
    early, late, first = (np.take_along_axis(each, at, axis=0)[0] for each in (*rungs, before))
    low, high = early, late
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        passed = (middle - early) * first - outage.spent(middle) + outage.spent(early)
        enough = 1 - first + passed / np.maximum(late - early, 1e-300) >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _laddered(inputs: Mapping[str, Any], result: Ladder) -> str:
    if not result.delivered_share:
        attempts = f"{count(result.attempts)} attempts over {duration(result.window_s)}"
        return f"{attempts} deliver none of the events that meet such an outage: it outlasts the last of them."
    return (
        f"{count(result.attempts)} attempts over {duration(result.window_s)} deliver {percent(result.delivered_share)} "
        f"of the events that meet such an outage, {duration(result.mean_lag_s)} after its end on average."
    )


MODELS = (Model(ladder, "How long should a sender retry?", _laddered, "13-webhooks", "13-webhooks/ladder"),)
