"""Waves of a rollout: growing groups of users with a bake after each, and what a fault that shows late reaches.

Times in seconds, `_h` in hours of a day, `_min` minutes of all users; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import count, duration, percent, several
from sysdesign.probability.elementwise import broadcast, plain

DAY, HOUR, MINUTE, WEEK = 86_400.0, 3600.0, 60.0, 7
JUST_WHOLE = 1e-9  # of a share, or of a day, that a sum gives

Clock = Literal["time", "use"]
Law = Literal["exponential", "constant"]


@dataclass(frozen=True)
class Waves:
    """A good and a bad release in waves."""

    waves: Annotated[float, Output("Waves")]
    everybody_s: Annotated[float, Output("Time until a good release serves all users", "s")]
    working_days: Annotated[float, Output("Working days on which it is on its way until then")]
    ends_s: Annotated[float, Output("Time until the last bake has ended", "s")]
    wave_begins_s: Annotated[float, Output("Time until the wave asked for begins", "s")]
    wave_share: Annotated[float, Output("Users on the new version when its bake begins", "share")]
    wave_found_share: Annotated[float, Output("Bad releases noticed before the wave after it begins", "share")]
    noticed_share: Annotated[float, Output("Bad releases noticed before all users have them", "share")]
    reached_share: Annotated[float, Output("Users on a bad release when it is noticed, mean", "share")]
    exposure_min: Annotated[float, Output("Time of all users lost to a bad release, mean", "min")]
    once_min: Annotated[float, Output("The same if all users got it at once", "min")]


@checked
def waves(
    first_share: Annotated[float, Input("Users of the first wave", "share", low=0.005, high=1, default=0.02)] = 0.02,
    growth: Annotated[
        float, Input("Each wave is larger than the one before by", low=1, high=100, default=2, help="1: all alike")
    ] = 2,
    box_share: Annotated[
        float, Input("Users of a wave that get it first", "share", low=0, high=1, default=0.1,
                     help="one machine, or one cell, of each wave")
    ] = 0.1,
    box_s: Annotated[float, Input("Time for which they are watched", "s", low=0, high=1e6, default=3600)] = 3600,
    deploy_s: Annotated[float, Input("Time to deploy the rest of a wave", "s", low=0, high=1e6, default=1800)] = 1800,
    first_bake_s: Annotated[
        float, Input("Bake after the first wave", "s", low=0, high=1e7, default=43_200)
    ] = 43_200,
    bake_s: Annotated[float, Input("Bake after each later one", "s", low=0, high=1e7, default=10_800)] = 10_800,
    open_h: Annotated[
        float, Input("Hours of a working day in which a wave may begin", "h", low=0.1, high=24, default=8)
    ] = 8,
    days: Annotated[float, Input("Working days of a week", low=1, high=7, default=5, help="7: every day")] = 5,
    shows_s: Annotated[
        float, Input("Time until the fault of a bad release shows, mean", "s", low=1, high=1e8, default=14_400,
                     help="from the first user on; by use, as long as it would take if all users had it")
    ] = 14_400,
    clock: Annotated[
        Clock, Input("What makes it show", default="time", help="time: a leak, a queue that fills; use: a rare request")
    ] = "time",
    law: Annotated[Law, Input("How that time varies", default="exponential")] = "exponential",
    back_s: Annotated[
        float, Input("Time until those users have the old version again", "s", low=0, high=1e6, default=600)
    ] = 600,
    wave: Annotated[float, Input("Wave asked for", low=1, high=200, default=1, help="1: the first")] = 1,
) -> Waves:  # fmt: skip
    """How long a rollout in waves takes, which wave notices a bad release, and how many users have it by then.

    A rollout begins with the first hour of the first working day of a week. The first wave has `first_share` of the
    users, each later one is larger by `growth`, the last one has whoever is left. In each wave `box_share` of its users
    get the new version first and are watched, then the others get it, and the bake begins when all have been deployed.
    A wave whose turn comes outside the working hours waits for the next of them. Users of a wave count as reached from
    the beginning of their deployment on.

    A fault shows a time after its first user by the clock `time`, or after so much `use`, counted in the time of all
    users, as an error that one request in a million meets. When it shows the rollout stops, and the users that have
    it lose `back_s` more. By use waves do not change what is lost before a fault shows, only what is lost on the way
    back. Users are spread evenly; an alarm that comes by chance, and people who press on, are left out.
    Elementwise over arrays. Raises InvalidInput where an input is out of range. Follows from the definitions.

    >>> waves(0.2, 1, 0, 0, 0, 360, 360, 24, 7).ends_s
    1800.0
    """
    given = (
        first_share, growth, box_share, box_s, deploy_s, first_bake_s, bake_s, open_h, days, shows_s, back_s, wave,
    )  # fmt: skip
    first, larger, box, box_time, deploy, first_bake, bake, opened, working, mean, back, asked = broadcast(*given)
    plan = _Plan.of(first, larger, box, box_time, deploy, first_bake, bake, opened * HOUR, np.floor(working))
    edges = plan.edges if clock == "time" else plan.areas
    noticed = _noticed(edges, mean, law)
    within = np.diff(noticed, axis=0, append=1.0)
    reached = (within * plan.shares).sum(axis=0)
    if clock == "use":
        before = mean
    elif law == "exponential":
        before = mean * reached
    else:
        before = (plan.shares[:-1] * np.clip(mean - edges[:-1], 0, np.diff(edges, axis=0))).sum(axis=0)
        before = before + np.maximum(mean - edges[-1], 0)
    at = np.minimum(np.floor(asked), plan.count).astype(int) - 1
    found = (
        plan.count, plan.everybody, _working_days(plan.everybody, np.floor(working)), plan.ends,
        _taken(plan.begins, at), _taken(plan.reached, at), _taken(noticed[2::2], at),
        np.take_along_axis(noticed, 2 * plan.count[None].astype(int) - 1, axis=0)[0],
        reached, (before + reached * back) / MINUTE, (mean + back) / MINUTE,
    )  # fmt: skip
    return Waves(*(plain(each) for each in np.broadcast_arrays(*found)))


@dataclass(frozen=True)
class _Plan:
    """The waves as stairs: two steps for each, its first users and all of them; then everybody, without end."""

    count: np.ndarray
    everybody: np.ndarray
    ends: np.ndarray
    begins: np.ndarray  # of each wave
    reached: np.ndarray  # by each wave
    edges: np.ndarray  # where each step of the stairs begins
    shares: np.ndarray  # users on the new version on it

    @staticmethod
    def of(
        first: np.ndarray, larger: np.ndarray, box: np.ndarray, box_time: np.ndarray, deploy: np.ndarray,
        first_bake: np.ndarray, bake: np.ndarray, opened: np.ndarray, working: np.ndarray,
    ) -> _Plan:  # fmt: skip
        done, size, ready, many = 0 * first, first, 0 * first, 0 * first
        everybody = ready
        begins, reached, edges, shares = [], [], [], []
        while np.any(done < 1):
            left = done < 1
            here = np.where(size > 1 - done - JUST_WHOLE, 1 - done, size)
            start = np.where(left, _opened(ready, opened, working), ready)
            rest = np.where(left, start + box_time, ready)
            edges += [start, rest]
            shares += [done + here * box, done + here]
            everybody = np.where(left, rest + deploy, everybody)
            ready = np.where(left, everybody + np.where(many == 0, first_bake, bake), ready)
            done, size, many = np.where(left, done + here, done), size * larger, many + left
            begins.append(start)
            reached.append(done)
        return _Plan(
            many, everybody, ready, np.stack(begins), np.stack(reached), np.stack([*edges, ready]),
            np.stack([*shares, 0 * done + 1]),
        )  # fmt: skip

    @property
    def areas(self) -> np.ndarray:
        """Time of all users on the new version by the beginning of each step."""
        steps = self.shares[:-1] * np.diff(self.edges, axis=0)
        return np.concatenate([0 * self.edges[:1], np.cumsum(steps, axis=0)])


def _taken(rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    """For each element the row that it asks for."""
    return np.asarray(np.take_along_axis(rows, at[None], axis=0)[0])


def _opened(time: np.ndarray, opened: np.ndarray, working: np.ndarray) -> np.ndarray:
    """That time, or the next at which a wave may begin."""
    day = np.floor(time / DAY + JUST_WHOLE)
    day = np.where(time - day * DAY < opened - JUST_WHOLE * DAY, day, day + 1)
    of_week = day % WEEK
    day = np.where(of_week < working, day, day + WEEK - of_week)
    return np.maximum(time, day * DAY)


def _working_days(time: np.ndarray, working: np.ndarray) -> np.ndarray:
    """Working days from the first one to the one in which the time lies, or after which it comes."""
    day = np.maximum(np.floor(time / DAY - JUST_WHOLE), 0)
    return np.asarray(np.floor(day / WEEK) * working + np.minimum(day % WEEK + 1, working))


def _noticed(clock: np.ndarray, mean: np.ndarray, law: str) -> np.ndarray:
    """The chance that a fault has shown by each point of its clock."""
    if law == "exponential":
        return np.asarray(-np.expm1(-clock / mean))
    return (clock > mean).astype(float)


def _rolled(inputs: Mapping[str, Any], result: Waves) -> str:
    return (
        f"{several(result.waves, 'wave')} bring a good release to all users in {duration(result.everybody_s)}. A bad "
        f"one has {percent(result.reached_share)} of them when it is noticed; {percent(result.noticed_share)} are "
        f"noticed before all have it, {percent(result.wave_found_share)} by wave {count(inputs['wave'])}. It costs "
        f"all users {duration(MINUTE * result.exposure_min)}, deployed at once {duration(MINUTE * result.once_min)}."
    )


MODELS = (Model(waves, "How large should waves be, and how long the bakes?", _rolled, "15-deployment",
                "15-deployment/waves"),)  # fmt: skip
