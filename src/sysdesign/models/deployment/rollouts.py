"""Rollouts as timelines: how long they take, what capacity they need, and how many users meet a bad version how long.

`_s` seconds, `_min` minutes of all users, `_h` hours of a copy; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import duration, percent
from sysdesign.probability.elementwise import broadcast, plain

MINUTE, HOUR, YEAR_H = 60.0, 3600.0, 8760.0
JUST_WHOLE = 1e-9  # of a count that a quotient gives

Strategy = Literal["recreate", "rolling", "rolling in place", "blue-green", "canary", "shadow", "flag"]


@dataclass(frozen=True)
class Rollout:
    """A good and a bad release by one strategy."""

    duration_s: Annotated[float, Output("Time until a good release serves all users", "s")]
    peak_share: Annotated[float, Output("Most copies at once, of the fleet", "share")]
    least_share: Annotated[float, Output("Fewest copies that serve, of the fleet", "share")]
    extra_copy_h: Annotated[float, Output("Hours of copies beside the fleet, one release", "h")]
    extra_share: Annotated[float, Output("Those of a year, of the fleet's hours", "share")]
    reached_share: Annotated[float, Output("Users on the new version when its fault shows", "share")]
    back_s: Annotated[float, Output("Way back from there", "s")]
    exposure_min: Annotated[float, Output("Time of all users lost to a bad release", "min")]
    down_min: Annotated[float, Output("Time without service in a good one", "min")]
    year_min: Annotated[float, Output("Time of all users lost in a year", "min")]


@checked
def rollout(
    strategy: Annotated[Strategy, Input("Strategy", default="rolling")] = "rolling",
    detect_s: Annotated[
        float, Input("Time until a fault shows, from the first user on", "s", low=0, high=1e6, default=300)
    ] = 300,
    copies: Annotated[float, Input("Copies of the fleet", low=1, high=1e6, default=40)] = 40,
    batch_share: Annotated[
        float, Input("Replaced at a time, of the fleet", "share", low=1e-4, high=1, default=0.25)
    ] = 0.25,
    start_s: Annotated[float, Input("Time until a new copy serves", "s", low=0.1, high=1e5, default=90)] = 90,
    drain_s: Annotated[float, Input("Time until an old copy is drained", "s", low=0, high=1e5, default=30)] = 30,
    canary_share: Annotated[
        float, Input("Users of a canary, or of a flag's first step", "share", low=1e-4, high=1, default=0.05)
    ] = 0.05,
    bake_s: Annotated[
        float, Input("Time for which it is watched", "s", low=0, high=1e7, default=3600,
                     help="a canary, a shadow, a flag's first step; blue-green keeps the old fleet for as long")
    ] = 3600,
    switch_s: Annotated[float, Input("Time to switch traffic or a flag", "s", low=0, high=1e5, default=60)] = 60,
    redeploy_s: Annotated[
        float, Input("Time before copies can be put back", "s", low=0, high=1e6, default=0,
                     help="a run of the pipeline, somebody who decides; a canary, a flag and blue-green go back "
                     "by a switch while they are watched")
    ] = 0,
    releases_per_year: Annotated[float, Input("Releases in a year", low=0, high=1e6, default=500)] = 500,
    bad_share: Annotated[float, Input("Bad releases among them", "share", low=0, high=1, default=0.05)] = 0.05,
) -> Rollout:  # fmt: skip
    """How long a release takes, what copies it needs, and how many users a bad one reaches before it is taken back.

    *Recreate* drains all copies, then starts the new ones. *Rolling* starts a batch, moves its traffic, drains as many
    old copies, and goes on; *in place* the old ones go first. *Blue-green* starts a second fleet and switches all.
    A *canary* serves its share while it is watched, then the rest rolls. A *shadow* is a second fleet whose answers
    nobody sees, then all roll. A *flag* rolls code that is off, opens it for a share, then for all.

    The fault of a bad release shows `detect_s` after the first request reaches it, copied ones too, and the way back
    begins at once: a switch for a canary, a flag, and blue-green while the old fleet stands; else `redeploy_s`, then
    copies by the same strategy. Users on the new version until then are lost, those without service too. Users are
    spread evenly, and a copy's users as its number among all. For less certain detection use
    `deployment.canary_compare`. Data that a bad version wrote stays outside.
    Elementwise over arrays. Raises InvalidInput where an input is out of range. Follows from the definitions.

    >>> rollout("blue-green").exposure_min, rollout("canary").exposure_min
    (6.0, 0.3)
    """
    given = broadcast(
        detect_s, copies, batch_share, start_s, drain_s, canary_share, bake_s, switch_s, redeploy_s, releases_per_year,
        bad_share,
    )  # fmt: skip
    detect, fleet, batch, start, drain, first, bake, switch, redeploy, releases, bad = given
    size = np.minimum(np.ceil(batch * fleet - JUST_WHOLE), fleet) / fleet
    way = _Way(strategy, start, drain, bake, switch, redeploy, size, first)
    reached, before = way.reached(detect)
    back, after = way.back(detect, reached)
    duration_s, down, extra = way.good()
    lost = (before + after) / MINUTE
    found = (
        duration_s, way.peak(), way.least(), extra * fleet / HOUR, extra * releases / HOUR / YEAR_H, reached, back,
        lost, down / MINUTE, releases * (bad * lost + down / MINUTE),
    )  # fmt: skip
    return Rollout(*(plain(each) for each in np.broadcast_arrays(*found)))


@dataclass(frozen=True)
class _Way:
    """One strategy; `batch` and `first` are shares of the fleet."""

    strategy: str
    start: np.ndarray
    drain: np.ndarray
    bake: np.ndarray
    switch: np.ndarray
    redeploy: np.ndarray
    batch: np.ndarray
    first: np.ndarray

    @property
    def step(self) -> np.ndarray:
        return self.start + self.drain

    @property
    def watched(self) -> np.ndarray:
        """The share that is watched for a while: no users where the answers are thrown away."""
        return {"canary": self.first, "flag": self.first}.get(self.strategy, 0 * self.first)

    def reached(self, detect: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Users on the new version when the fault shows, and the time of all users by then."""
        if self.strategy in ("recreate", "blue-green"):
            return np.ones_like(detect), detect
        if self.strategy in ("rolling", "rolling in place"):
            return _stairs(detect, 0 * self.batch, self.batch, self.step)
        within, later = np.minimum(detect, self.bake), np.maximum(detect - self.bake, 0)
        if self.strategy == "flag":
            share, area = np.ones_like(detect), later
        else:  # the next batch serves after the time of its start, until then as many as were watched
            waits = np.minimum(later, self.start)
            share, area = _stairs(np.maximum(later - self.start, 0), self.watched, self.batch, self.step)
            share, area = (
                np.where(later < self.start, self.watched, share),
                waits * self.watched + np.where(later < self.start, 0, area),
            )
        return np.where(detect < self.bake, self.watched, share), within * self.watched + area

    def back(self, detect: np.ndarray, reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The way back from there, and the time of all users lost on it."""
        switched = self.switch, reached * self.switch
        if self.strategy == "flag":
            return switched
        if self.strategy == "recreate":
            time = self.redeploy + self.step
            return time, time
        if self.strategy == "blue-green":
            anew = self.redeploy + self.start + self.switch
            time = np.where(detect <= self.bake, self.switch, anew)
            return time, time
        steps = np.ceil(reached / self.batch - JUST_WHOLE)
        area = self.step * (steps * reached - self.batch * steps * (steps - 1) / 2)
        rolled = np.where(reached > 0, self.redeploy + steps * self.step, 0), self.redeploy * reached + area
        if self.strategy == "canary":
            watched = detect < self.bake + self.start
            return np.where(watched, switched[0], rolled[0]), np.where(watched, switched[1], rolled[1])
        return rolled

    def good(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of a good release: its time, that without service, and the time of copies beside the fleet over its size."""
        nothing = 0 * self.step
        left = np.ceil((1 - (self.watched if self.strategy == "canary" else nothing)) / self.batch - JUST_WHOLE)
        rolled = left * self.step
        match self.strategy:
            case "recreate":
                return self.step, self.step, nothing
            case "rolling":
                return rolled, nothing, self.step
            case "rolling in place":
                return rolled, nothing, nothing
            case "blue-green":
                return self.start + self.switch, nothing, self.start + self.switch + self.bake
            case "canary":
                beside = self.first * (self.start + self.bake) + (1 - self.first) * self.step
                return self.start + self.bake + rolled, nothing, beside
            case "shadow":
                return self.start + self.bake + rolled, nothing, self.start + self.bake + self.step
        return rolled + self.bake + self.switch, nothing, self.step

    def peak(self) -> np.ndarray:
        beside = {
            "recreate": 0, "rolling": self.batch, "rolling in place": 0, "blue-green": 1,
            "canary": np.maximum(self.first, self.batch), "shadow": 1, "flag": self.batch,
        }[self.strategy]  # fmt: skip
        return np.asarray(1 + beside + 0 * self.batch)

    def least(self) -> np.ndarray:
        gone = {"recreate": 1 + 0 * self.batch, "rolling in place": self.batch}.get(self.strategy, 0 * self.batch)
        return np.asarray(1 - gone)


def _stairs(time: np.ndarray, base: np.ndarray, batch: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share on the new version, and its area, where a batch joins at 0 and after each step until all have."""
    batches = np.ceil((1 - base) / batch - JUST_WHOLE)
    done = np.minimum(np.floor(time / step + JUST_WHOLE), batches - 1)
    share = np.where(done >= batches - 1, 1, base + (done + 1) * batch)
    whole = step * (done * base + batch * done * (done + 1) / 2)
    return share, whole + np.maximum(time - done * step, 0) * share


def _rolled(inputs: Mapping[str, Any], result: Rollout) -> str:
    return (
        f"A good release takes {duration(result.duration_s)} and at most {percent(result.peak_share)} of the fleet's "
        f"copies. A bad one has reached {percent(result.reached_share)} of users when it shows, and costs all users "
        f"{duration(MINUTE * result.exposure_min)}; the releases of a year cost them "
        f"{duration(MINUTE * result.year_min)}."
    )


MODELS = (
    Model(rollout, "Which way should a new version reach users?", _rolled, "15-deployment", "15-deployment/exposure"),
)
