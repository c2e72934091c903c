"""Recovery after a loss: what is gone (RPO) and how long until service is back (RTO), composed of their parts.

Units: `_s` seconds, `_h` hours, `_bytes` bytes; `_share` and spreads are fractions of 1. Elementwise over arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy.special import ndtr

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import duration, percent, size
from sysdesign.probability.elementwise import broadcast, plain
from sysdesign.probability.lognormal_sum import Moments, quantile, shifted

DAY, HOUR = 86_400.0, 3600.0
NO_LOG = 1e7  # a lag of it, as `durability.backup` says it
LEAST_SPREAD = 1e-6
HALVINGS = 60
ROUNDED = 1e-9

Lost = Literal["the place", "the data"]
Order = Literal["one after the other", "build while fetching"]


@dataclass(frozen=True)
class Objective:
    """What a recovery loses and takes, against what was promised."""

    rto_s: Annotated[float, Output("Time until service is back, mean", "s")]
    rto_p95_s: Annotated[float, Output("Time until it is back, 95 of 100", "s")]
    rto_kept_share: Annotated[float, Output("Recoveries within the time promised", "share")]
    rpo_s: Annotated[float, Output("Last writes that are lost, mean", "s")]
    rpo_p95_s: Annotated[float, Output("Writes that are lost, 95 of 100", "s")]
    rpo_kept_share: Annotated[float, Output("Losses within what was promised", "share")]
    lost_bytes: Annotated[float, Output("Changes that are lost, mean", "B")]
    fetch_s: Annotated[float, Output("Time to fetch the copy, mean", "s")]
    replay_s: Annotated[float, Output("Time to replay the log, mean", "s")]
    saved_s: Annotated[float, Output("Time that is saved by building while fetching, mean", "s")]
    people_share: Annotated[float, Output("Part of the time that people take", "share")]


@checked
def objective(
    lost: Annotated[
        Lost, Input("What is lost", default="the place",
                    help="the place: a machine or region, at once; the data: overwritten or deleted, noticed later")
    ] = "the place",
    data_bytes: Annotated[float, Input("Bytes that are fetched", "B", low=0, high=1e18, default=5e12)] = 5e12,
    restore_bytes_per_s: Annotated[float, Input("Rate of fetching", "B/s", low=1e3, high=1e13, default=500e6)] = 500e6,
    every_h: Annotated[float, Input("Time between backups", "h", low=1e-3, high=1e5, default=24)] = 24,
    copy_h: Annotated[
        float, Input("Time until a backup is complete elsewhere", "h", low=0, high=1e5, default=2)
    ] = 2,
    log_lag_s: Annotated[
        float, Input("Lag of a log that is kept elsewhere", "s", low=0, high=NO_LOG, default=300, help="1e7: no log")
    ] = 300,
    changed_bytes_per_s: Annotated[
        float, Input("Changes, as the log holds them", "B/s", low=0, high=1e12, default=2e6)
    ] = 2e6,
    replay_bytes_per_s: Annotated[float, Input("Rate of replaying", "B/s", low=1e3, high=1e13, default=50e6)] = 50e6,
    detect_s: Annotated[float, Input("Time until the loss is noticed, mean", "s", low=0, high=1e8, default=600)] = 600,
    decide_s: Annotated[float, Input("Time until somebody decides, mean", "s", low=0, high=1e7, default=900)] = 900,
    build_s: Annotated[
        float, Input("Time until machines and network stand, mean", "s", low=0, high=1e7, default=1500)
    ] = 1500,
    verify_s: Annotated[float, Input("Time to verify, mean", "s", low=0, high=1e7, default=1800)] = 1800,
    move_s: Annotated[float, Input("Time until users are sent there, mean", "s", low=0, high=1e7, default=300)] = 300,
    order: Annotated[Order, Input("Order of building and fetching", default="one after the other")] = (
        "one after the other"
    ),
    people_spread: Annotated[
        float, Input("Spread of what people do: deviation over mean", low=0, high=5, default=1,
                     help="noticing, deciding, verifying")
    ] = 1,
    machine_spread: Annotated[
        float, Input("Spread of what machines do", low=0, high=5, default=0.3, help="building, fetching, replaying")
    ] = 0.3,
    rto_goal_s: Annotated[float, Input("Time back that is promised", "s", low=1, high=1e8, default=14_400)] = 14_400,
    rpo_goal_s: Annotated[float, Input("Loss that is promised at most", "s", low=0, high=1e8, default=900)] = 900,
) -> Objective:  # fmt: skip
    """What is lost and how long until service is back, from the steps of a recovery, each of them uncertain.

    Backups begin at an interval and are usable once complete elsewhere. With a log kept elsewhere, what is lost with
    the place is the log's lag; without one, the age of the newest complete backup: even between `copy_h` and `copy_h`
    and an interval more. Lost data is noticed later; all that was written since is lost in either case, and without a
    log the age of the backup before it too, even over an interval. A log replays the changes since that backup.

    Noticing, deciding, building, fetching, replaying, verifying and moving add up; building and fetching may run side
    by side, and then the longer counts. Each step's time is lognormal with its mean and its spread, moving has none,
    and all are independent. The sum keeps its first three moments in a shifted lognormal law, near the tail's truth to
    a few percent. A chain of increments fetches what `durability.backup` says and loses what it says where `copy_h` is
    0; for writes moved to a standby see `edge.region_loss`, for moving by name `balancing.name_failover`. Copies that
    turn out to be broken are left out. Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Follows from the definitions; parallel steps by the moments of the larger of two lognormal times.

    >>> round(objective(log_lag_s=1e7, copy_h=0).rpo_s / 3600, 1)
    12.0
    """
    given = broadcast(
        data_bytes, restore_bytes_per_s, every_h, copy_h, log_lag_s, changed_bytes_per_s, replay_bytes_per_s, detect_s,
        decide_s, build_s, verify_s, move_s, people_spread, machine_spread, rto_goal_s, rpo_goal_s,
    )  # fmt: skip
    whole, rate, every, copied, lag, changed, replaying, *times, people, machines, rto_goal, rpo_goal = given
    detect, decide, build, verify, move = times
    logged = (lag < NO_LOG) & (lag < every * HOUR)
    noticed_later = float(lost == "the data")  # by then the copy is complete, and the log has what was written
    age = _Even((1 - noticed_later) * copied * HOUR, every * HOUR)
    loss = _Loss(age, logged, (1 - noticed_later) * lag, noticed_later * detect, people)
    fetch = whole / rate
    replay = _product(age.scaled(np.where(logged, changed / replaying, 0.0)), machines)
    together = _longer(build, fetch, machines)
    side_by_side = order == "build while fetching"
    machine = together if side_by_side else _lognormal(build, machines).plus(_lognormal(fetch, machines))
    total = machine.plus(replay)
    for step in (detect, decide, verify):
        total = total.plus(_lognormal(step, people))
    total = total.later(move)
    law = shifted(total)
    found = (
        total.mean, np.maximum(quantile(law, 0.05), 0), _within(law, rto_goal), loss.mean, loss.p95(),
        loss.within(rpo_goal), loss.mean * changed, fetch, replay.mean,
        build + fetch - together.mean if side_by_side else 0 * fetch,
        np.where(total.mean > 0, (detect + decide + verify) / np.maximum(total.mean, 1e-300), 0.0),
    )  # fmt: skip
    return Objective(*(plain(each) for each in np.broadcast_arrays(*found)))


@dataclass(frozen=True)
class _Even:
    """A time that is even between `least` and `least` plus `width`."""

    least: np.ndarray
    width: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return np.asarray(self.least + self.width / 2)

    def scaled(self, by: np.ndarray) -> _Even:
        return _Even(self.least * by, self.width * by)

    def power(self, k: int) -> np.ndarray:
        """The mean of its k-th power, without a difference of powers."""
        low, high = self.least, self.least + self.width
        return np.asarray(sum(low**i * high ** (k - i) for i in range(k + 1)) / (k + 1))


@dataclass(frozen=True)
class _Loss:
    """What is lost: the time until it is noticed, and the log's lag or the age of the backup."""

    age: _Even
    logged: np.ndarray
    lag: np.ndarray  # 0 where the data is lost
    noticed: np.ndarray  # 0 where the place is lost
    spread: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return np.asarray(self.noticed + np.where(self.logged, self.lag, self.age.mean))

    def within(self, goal: np.ndarray) -> np.ndarray:
        """The chance that no more is lost: of the noticing alone, or averaged over the age of the backup."""
        alone = _below(goal - self.lag, self.noticed, self.spread)
        high = goal - self.age.least
        areas = [_area(at, self.noticed, self.spread) for at in (high, high - self.age.width)]
        return np.clip(np.where(self.logged, alone, (areas[0] - areas[1]) / self.age.width), 0.0, 1.0)

    def p95(self) -> np.ndarray:
        """By halving: the chance grows with the loss."""
        low = 0 * self.noticed
        high = self.age.least + self.age.width + self.lag + self.noticed * (1 + self.spread) ** 2 * 40
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            enough = self.within(middle) >= 0.95
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.asarray(high)


def _sigma(spread: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.log1p(np.maximum(spread, LEAST_SPREAD) ** 2)))


def _below(time: np.ndarray, mean: np.ndarray, spread: np.ndarray, power: int = 0) -> np.ndarray:
    """The chance that a lognormal time is at most that; with power 1, the part of its mean that it then has."""
    sigma = _sigma(spread)
    some = (time > 0) & (mean > 0)
    z = (np.log(np.where(some, time, 1.0) / np.where(some, mean, 1.0)) + sigma**2 / 2) / sigma - power * sigma
    return np.where(some, ndtr(z), np.where(time >= mean, 1.0, 0.0))


def _area(time: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """The integral of that chance up to the time."""
    time = np.maximum(time, 0.0)
    return np.asarray(time * _below(time, mean, spread) - mean * _below(time, mean, spread, 1))


def _central(first: np.ndarray, second: np.ndarray, third: np.ndarray) -> Moments:
    """From the means of the first three powers."""
    variance = np.maximum(second - first**2, 0.0)
    told = variance > ROUNDED * first**2  # below, differences of powers are rounding
    return Moments(first, variance, np.where(told, third - 3 * first * second + 2 * first**3, 0.0))


def _lognormal(mean: np.ndarray, spread: np.ndarray) -> Moments:
    square = np.maximum(spread, LEAST_SPREAD) ** 2
    return Moments(mean, mean**2 * square, mean**3 * square**2 * (square + 3))


def _product(even: _Even, spread: np.ndarray) -> Moments:
    """An even time times a lognormal factor of mean 1."""
    more = 1 + np.maximum(spread, LEAST_SPREAD) ** 2
    return _central(even.power(1), even.power(2) * more, even.power(3) * more**3)


def _longer(one: np.ndarray, other: np.ndarray, spread: np.ndarray) -> Moments:
    """The larger of two independent lognormal times with one spread: each power where it is the larger."""
    sigma, both = _sigma(spread), (one > 0) & (other > 0)
    apart = np.log(np.where(both, one, 1.0) / np.where(both, other, 1.0))
    powers = []
    for k in (1, 2, 3):
        lift = np.exp(k * (k - 1) * sigma**2 / 2)
        shift = k * sigma**2
        first = ndtr((apart + shift) / (sigma * np.sqrt(2)))
        second = ndtr((shift - apart) / (sigma * np.sqrt(2)))
        powers.append(np.where(both, lift * (one**k * first + other**k * second), lift * np.maximum(one, other) ** k))
    return _central(*powers)


def _within(law: Any, goal: np.ndarray) -> np.ndarray:
    """The chance that a time of this law is at most the goal."""
    place = np.maximum((goal - law.mean) / law.scale + 1, 0.0)
    z = np.log(np.maximum(place, 1e-300)) / law.sigma + law.sigma / 2
    return np.where(place > 0, ndtr(z), 0.0)


def _recovered(inputs: Mapping[str, Any], result: Objective) -> str:
    return (
        f"Service is back after {duration(result.rto_s)} on average, in 95 of 100 cases within "
        f"{duration(result.rto_p95_s)}; {percent(result.rto_kept_share)} keep the promise. The last "
        f"{duration(result.rpo_s)} of writes are lost, {size(result.lost_bytes)}; "
        f"{percent(result.rpo_kept_share)} keep that promise."
    )


MODELS = (
    Model(objective, "What do a backup and a drill promise?", _recovered, "15-deployment", "15-deployment/recovery"),
)
