"""Automatic scaling as a control loop: what headroom its lag asks for, and what it does when the load steps.

Times in `_s` are seconds; a share is of the load or of the capacity.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.elementwise import broadcast, plain

SLACK = 1e-9  # of an instance, a second or a share: sums and quotients round
FINEST_S = 1.0  # step of the simulation, if there are not too many
STEPS, MOST_STEPS = 20_000, 200_000
DRAWN = 300  # points of a chart
SETTLED = 0.1  # of the wanted number, within which instances have settled

Delay = Annotated[float, Input("Age of a measurement when it is seen", "s", low=0, high=3600, default=30)]
Period = Annotated[float, Input("Time that a measurement covers, and between two", "s", low=1, high=3600, default=60)]
Start = Annotated[float, Input("Start of an instance, until it serves", "s", low=0, high=86_400, default=120)]
OutPoints = Annotated[int, Input("Measurements above the target before it adds", low=1, high=1000, default=3)]
Goal = Annotated[float, Input("Target utilization", "share", low=0.01, high=1, default=0.6)]


@dataclass(frozen=True)
class Headroom:
    """How full instances may be so that what comes during the lag still fits."""

    lag_s: Annotated[float, Output("From a rise of the load to instances that serve it", "s")]
    zone_target: Annotated[float, Output("Target that survives the zones", "share")]
    growth_target: Annotated[float, Output("Target that survives the growth", "share")]
    either_target: Annotated[float, Output("Target that survives one of both", "share")]
    both_target: Annotated[float, Output("Target that survives both at once", "share")]
    peak_share: Annotated[float, Output("Load at the end of the lag, of the capacity, at the target given", "share")]
    largest_step: Annotated[float, Output("Largest sudden rise that the target given absorbs, factor")]
    growth_per_min: Annotated[float, Output("Growth a minute that it absorbs", "share")]
    lag_allowed_s: Annotated[float, Output("Lag that it absorbs at the growth given", "s")]


@checked
def headroom(
    target: Goal = 0.6,
    zones: Annotated[float, Input("Zones", low=1, high=1000, default=3)] = 3,
    zones_lost: Annotated[float, Input("Zones that may be lost", low=0, high=999, default=1)] = 1,
    growth_share: Annotated[
        float, Input("Growth in a minute, of the load before", "share", low=0, high=100, default=0.05)
    ] = 0.05,
    metric_delay_s: Delay = 30,
    period_s: Period = 60,
    out_points: OutPoints = 3,
    start_s: Start = 120,
) -> Headroom:
    """How full instances may be, by what comes before new ones serve: a lost zone, and growth during the lag.

    The lag is the age of a measurement, the measurements that must agree, and the start. Meanwhile the load grows in
    a straight line; a lost zone leaves its load to the others. A target of min((z - l) / z, 1 / (1 + growth * lag))
    survives one of the two, their product both at once. What arrives in one step is absorbed up to 1 / target.

    At 100% an instance still has to serve: queues grow long before, so take what it serves within its latency as
    its capacity. Zones are even. The first measurement is taken to begin as the load rises; a rise in the middle of
    one is noticed up to a period later. Elementwise over arrays.
    Raises InvalidInput where all zones are lost. Follows from counting; no source needed.

    >>> headroom(zones=3, growth_share=0).zone_target, headroom(zones_lost=0).lag_s
    (0.6666666666666666, 330.0)
    """
    given = (target, zones, zones_lost, growth_share, metric_delay_s, period_s, out_points, start_s)
    goal, all_zones, lost, growth, delay, period, points, start = broadcast(*given)
    if np.any(lost >= all_zones):
        raise InvalidInput(f"zones_lost is {zones_lost} of {zones} zones, so nothing is left; give fewer")
    lag = delay + points * period + start
    grown = 1 + growth * lag / 60
    by_zone, by_growth = (all_zones - lost) / all_zones, 1 / grown
    free = 1 / goal - 1
    lag_allowed = np.minimum(free / np.maximum(growth, 1e-12) * 60, 1e9)
    found = (
        lag, by_zone, by_growth, np.minimum(by_zone, by_growth), by_zone * by_growth, goal * grown, 1 / goal,
        np.minimum(free / np.maximum(lag, 1e-9) * 60, 1e9), lag_allowed,
    )  # fmt: skip
    return Headroom(*map(plain, found))


@dataclass(frozen=True)
class Scaled:
    """What a scaling loop does when the load rises, stays and falls again."""

    first_out_s: Annotated[float, Output("First instances are asked for after", "s")]
    settled_s: Annotated[float, Output("Instances have settled after", "s")]
    short_s: Annotated[float, Output("Time in which the load exceeds the capacity", "s")]
    peak_share: Annotated[float, Output("Largest load, of the capacity then", "share")]
    unserved_share: Annotated[float, Output("Requests refused", "share")]
    longest_wait_s: Annotated[float, Output("Longest wait for the backlog", "s")]
    wanted: Annotated[float, Output("Instances that the raised load needs at the target")]
    most_instances: Annotated[float, Output("Most instances")]
    overshoot: Annotated[float, Output("Most instances beyond those needed", "share")]
    first_in_s: Annotated[float, Output("After the fall, the first are given back after", "s")]
    undershoot: Annotated[float, Output("After the fall, fewest below those needed", "share")]
    outs: Annotated[int, Output("Decisions to add")]
    ins: Annotated[int, Output("Decisions to give back")]
    idle_h: Annotated[float, Output("Instance hours beyond those needed", "h")]
    time_s: Annotated[np.ndarray, Output("Time since the rise began", "s", drawn=True)]
    serving: Annotated[np.ndarray, Output("Instances that serve", drawn=True)]
    asked: Annotated[np.ndarray, Output("Instances that serve or start", drawn=True)]
    needed: Annotated[np.ndarray, Output("Instances that the load needs at the target", drawn=True)]
    filled: Annotated[np.ndarray, Output("Instances that the load would fill", drawn=True)]


@checked
def step(
    before_per_s: Annotated[float, Input("Load before and after", "1/s", low=0.1, high=1e9, default=600)] = 600,
    raised_per_s: Annotated[float, Input("Load raised", "1/s", low=0.1, high=1e9, default=1500)] = 1500,
    instance_per_s: Annotated[
        float, Input("Requests that an instance serves", "1/s", low=1e-3, high=1e8, default=100)
    ] = 100,
    target: Goal = 0.6,
    signal: Annotated[
        Literal["utilization", "demand"],
        Input("What is measured", default="utilization", help="utilization ends at 100%, demand does not"),
    ] = "utilization",
    metric_delay_s: Delay = 30,
    period_s: Period = 60,
    out_points: OutPoints = 3,
    in_points: Annotated[int, Input("Measurements below it before it gives back", low=1, high=1000, default=15)] = 15,
    tolerance: Annotated[
        float, Input("Deviation from the target that is left alone", "share", low=0, high=0.9, default=0.1)
    ] = 0.1,
    start_s: Start = 120,
    warmup_s: Annotated[
        float, Input("Time for which a serving instance is not yet counted", "s", low=0, high=86_400, default=120)
    ] = 120,
    starting: Annotated[
        Literal["counted", "ignored"], Input("Instances that are on their way", default="counted")
    ] = "counted",
    out_cooldown_s: Annotated[float, Input("Pause after adding", "s", low=0, high=86_400, default=0)] = 0,
    in_cooldown_s: Annotated[
        float, Input("Pause after a change, before giving back", "s", low=0, high=86_400, default=0)
    ] = 0,
    rise_s: Annotated[float, Input("Time of the rise and of the fall", "s", low=0, high=86_400, default=0)] = 0,
    hold_s: Annotated[float, Input("Time for which the load stays raised", "s", low=60, high=1e6, default=3600)] = 3600,
    unserved: Annotated[
        Literal["refused", "queued"], Input("What exceeds the capacity is", default="refused")
    ] = "refused",
    least: Annotated[int, Input("Fewest instances", low=1, high=100_000, default=2)] = 2,
    most: Annotated[int, Input("Most instances", low=1, high=1_000_000, default=100_000)] = 100_000,
) -> Scaled:  # fmt: skip
    """A target-tracking loop with lag, simulated: the load rises, stays and falls, and instances follow.

    Each measurement is the mean over a period and is seen `metric_delay_s` after its end. Once `out_points` in a row
    are above the target by the tolerance, the loop asks for ceil(counted instances * measured / target); once
    `in_points` in a row are below, for the largest number that these would ask for. What it adds serves after
    `start_s` and is counted in measurements `warmup_s` later; until then it counts as asked for, unless *ignored*.
    A *utilization* ends at 100%, so that each round grows by 1 / target at most; *demand* (requests or concurrency
    for each instance) tells the whole step at once. Giving back is at once. The loop begins settled.

    Load is fluid and even over instances, starts never fail, and all take as long. Queued work is served at full
    capacity, first come first served. Kubernetes' autoscaler is period_s 15, out_points 1, in_points 20, tolerance
    0.1; alarms of one minute, three to add and fifteen to give back, are the defaults. A loop that ignores what is on
    its way asks for the same instances again at each measurement; one without warm-up reads measurements of fewer
    instances than it has by then. Both overshoot.
    Raises InvalidInput where the time to be simulated has more than 200,000 steps. Source: kubernetes-hpa.

    >>> step(signal="demand", metric_delay_s=0).short_s
    300.0
    """
    plan = _Load(before_per_s / instance_per_s, raised_per_s / instance_per_s, rise_s, hold_s)
    tail = (in_points + 10) * period_s + metric_delay_s + start_s + warmup_s + in_cooldown_s
    total = plan.fallen_s + tail
    fine = period_s / math.ceil(period_s / min(max(total / STEPS, FINEST_S), period_s / 4) - SLACK)
    steps = math.ceil(total / fine)
    if steps > MOST_STEPS:
        raise InvalidInput(
            f"{total:,.0f} s in steps of {fine:g} s are {steps:,}; a shorter hold_s or longer period_s fits"
        )
    loop = _Loop(
        target, out_points, in_points, tolerance, start_s, warmup_s, starting == "counted", out_cooldown_s,
        in_cooldown_s, least, most, _needed(plan.before / target, least, most),
    )  # fmt: skip
    return _run(plan, loop, signal == "utilization", unserved == "queued", metric_delay_s, period_s, fine, steps)


def _needed(instances: float, least: int, most: int) -> int:
    return max(least, min(most, math.ceil(instances - SLACK)))


@dataclass(frozen=True)
class _Load:
    """The load over time, in instances that it would fill."""

    before: float
    raised: float
    rise_s: float
    hold_s: float

    @property
    def fallen_s(self) -> float:
        return 2 * self.rise_s + self.hold_s

    def at(self, time: np.ndarray) -> np.ndarray:
        if self.rise_s == 0:
            return np.where((time >= 0) & (time < self.hold_s), self.raised, self.before)
        ends = (0, self.rise_s, self.rise_s + self.hold_s, self.fallen_s)
        return np.interp(time, ends, (self.before, self.raised, self.raised, self.before))


@dataclass
class _Loop:
    """The controller and its instances."""

    target: float
    out_points: int
    in_points: int
    tolerance: float
    start_s: float
    warmup_s: float
    counts_starting: bool
    out_cooldown_s: float
    in_cooldown_s: float
    least: int
    most: int
    serving: int
    counted: int = 0
    to_serve: deque[tuple[float, int]] = field(default_factory=deque)
    to_count: deque[tuple[float, int]] = field(default_factory=deque)
    seen: deque[tuple[float, int]] = field(default_factory=deque)
    out_from_s: float = -math.inf
    in_from_s: float = -math.inf
    outs: list[float] = field(default_factory=list)
    ins: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counted = self.serving

    @property
    def asked(self) -> int:
        return self.serving + sum(number for _, number in self.to_serve)

    def arrive(self, now: float) -> None:
        """What has started serves; what has served for a while is counted."""
        while self.to_serve and self.to_serve[0][0] <= now:
            at, number = self.to_serve.popleft()
            self.serving += number
            self.to_count.append((at + self.warmup_s, number))
        while self.to_count and self.to_count[0][0] <= now:
            self.counted += self.to_count.popleft()[1]

    def see(self, measured: float, now: float) -> None:
        """One measurement, and what follows from it."""
        self.seen.append((measured, _needed(self.counted * measured / self.target, self.least, self.most)))
        if len(self.seen) > max(self.in_points, self.out_points):
            self.seen.popleft()
        if self._all(self.out_points, 1) and now >= self.out_from_s:
            self._add(self.seen[-1][1], now)
        elif self._all(self.in_points, -1) and now >= self.in_from_s:
            self._give_back(max(wanted for _, wanted in list(self.seen)[-self.in_points :]), now)

    def _all(self, points: int, side: int) -> bool:
        """Whether the last so many measurements are all on that side of the target."""
        if len(self.seen) < points:
            return False
        edge = self.tolerance + SLACK
        return all(side * (measured / self.target - 1) > edge for measured, _ in list(self.seen)[-points:])

    def _add(self, wanted: int, now: float) -> None:
        more = min(wanted - (self.asked if self.counts_starting else self.counted), self.most - self.asked)
        if more > 0:
            self.to_serve.append((now + self.start_s, more))
            self.outs.append(now)
            self.out_from_s, self.in_from_s = now + self.out_cooldown_s, now + self.in_cooldown_s

    def _give_back(self, wanted: int, now: float) -> None:
        """First what is on its way, then what is not counted yet, then the rest."""
        fewer = self.asked - wanted
        if fewer <= 0:
            return
        self.ins.append(now)
        self.in_from_s = now + self.in_cooldown_s
        fewer -= _taken(self.to_serve, fewer)
        self.serving -= fewer
        self.counted -= fewer - _taken(self.to_count, fewer)


def _taken(waiting: deque[tuple[float, int]], number: int) -> int:
    """How many of so many were taken from those waiting, the latest first."""
    left = number
    while waiting and left:
        at, there = waiting.pop()
        if there > left:
            waiting.append((at, there - left))
        left -= min(there, left)
    return number - left


def _run(
    plan: _Load, loop: _Loop, ends: bool, queued: bool, delay: float, period: float, fine: float, steps: int
) -> Scaled:
    times = np.arange(steps) * fine
    load = plan.at(times + (fine / 2 if plan.rise_s else 0))
    serving, asked, waits = np.zeros(steps), np.zeros(steps), np.zeros(steps)
    each, backlog, lost, summed, count = round(period / fine), 0.0, 0.0, 0.0, 0
    sent: deque[tuple[float, float]] = deque()
    for at, demand in enumerate(load.tolist()):
        now = at * fine
        loop.arrive(now + SLACK)
        while sent and sent[0][0] <= now + SLACK:
            loop.see(sent.popleft()[1], now)
            loop.arrive(now + SLACK)
        capacity = loop.serving
        offered = demand + backlog / fine
        served = min(offered, capacity)
        rest = (offered - served) * fine
        backlog, lost = (rest, lost) if queued else (0.0, lost + rest)
        serving[at], asked[at], waits[at] = capacity, loop.asked, backlog / capacity
        summed += (served if ends else demand) / capacity
        count += 1
        if count == each:
            sent.append((now + fine + delay, summed / each))
            summed, count = 0.0, 0
    return _told(plan, loop, times, load, serving, asked, waits, lost, fine)


def _told(
    plan: _Load, loop: _Loop, times: np.ndarray, load: np.ndarray, serving: np.ndarray, asked: np.ndarray,
    waits: np.ndarray, lost: float, fine: float,
) -> Scaled:  # fmt: skip
    wanted = _needed(plan.raised / loop.target, loop.least, loop.most)
    before = _needed(plan.before / loop.target, loop.least, loop.most)
    needed = np.clip(np.ceil(load / loop.target - SLACK), loop.least, loop.most)
    raised = times < plan.rise_s + plan.hold_s
    fell = times >= plan.fallen_s
    away = raised & (abs(serving - wanted) > max(SETTLED * wanted, 1))
    shown = np.unique(np.linspace(0, times.size - 1, DRAWN).astype(int))
    return Scaled(
        first_out_s=loop.outs[0] if loop.outs else float(times[-1]),
        settled_s=float(times[away][-1] + fine) if away.any() else 0.0,
        short_s=float(np.sum(load > serving + SLACK) * fine),
        peak_share=float(np.max(load / serving)),
        unserved_share=float(lost / (load.sum() * fine)),
        longest_wait_s=float(waits.max()),
        wanted=float(wanted),
        most_instances=float(asked.max()),
        overshoot=float(max(asked.max() / max(wanted, before) - 1, 0)),
        first_in_s=next((now - plan.fallen_s for now in loop.ins if now >= plan.fallen_s), float(times[-1])),
        undershoot=float(max(1 - serving[fell].min() / before, 0)) if fell.any() else 0.0,
        outs=len(loop.outs),
        ins=len(loop.ins),
        idle_h=float(np.sum(np.maximum(asked - needed, 0)) * fine / 3600),
        time_s=times[shown],
        serving=serving[shown],
        asked=asked[shown],
        needed=needed[shown],
        filled=load[shown],
    )


def _kept_free(inputs: Mapping[str, Any], result: Headroom) -> str:
    return (
        f"New instances serve {duration(result.lag_s)} after a rise. A target of {percent(result.either_target)} "
        f"survives the lost zones or the growth, {percent(result.both_target)} both; the one given absorbs a sudden "
        f"rise to {amount(result.largest_step)} times the load."
    )


def _stepped(inputs: Mapping[str, Any], result: Scaled) -> str:
    over = f"{percent(result.overshoot)} too many at the most" if result.overshoot else "never too many"
    return (
        f"The load exceeds the capacity for {duration(result.short_s)}, by a factor of {amount(result.peak_share)} at "
        f"the worst; instances settle after {duration(result.settled_s)} in {several(result.outs, 'decision')}, {over}."
    )


SCALING = "Which signal, target and pauses should scaling have?"
MODELS = (
    Model(headroom, SCALING, _kept_free, "01-compute", "01-compute/headroom"),
    Model(step, SCALING, _stepped, "01-compute", "01-compute/scaling-step"),
)
