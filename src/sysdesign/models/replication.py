"""Replicas: how far one falls behind under load, and what a takeover by one costs.

Units: `_s` seconds, `_min` minutes, `_per_s` per second. A month has 30 days, a year 365.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import Unstable
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, count, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

NEWTON_STEPS = 60  # a bound; about ten are taken
MONTHS = 365 / 30  # in a year
MONTH_MIN = 30 * 24 * 60.0


@dataclass(frozen=True)
class Lag(Lazy):
    """How far behind a replica is, as a write sees it: from its commit until the replica shows it."""

    mean_s: Annotated[float, Output("Lag, mean", "s")]
    median_s: Annotated[float, Output("Lag, median", "s")]
    p99_s: Annotated[float, Output("Lag, 99th percentile", "s")]
    p999_s: Annotated[float, Output("Lag, 99.9th percentile", "s")]
    stale_share: Annotated[float, Output("Reads after a write that miss it", "share")]
    utilization: Annotated[float, Output("Apply capacity in use, mean", "share")]
    burst_utilization: Annotated[float, Output("Apply capacity that a burst asks for", "share")]


@checked
def lag(
    writes_per_s: Annotated[float, Input("Writes, mean", "1/s", low=0.001, high=1e7, default=1000)],
    applies_per_s: Annotated[
        float, Input("Writes that the replica can apply", "1/s", low=0.01, high=1e8, default=2500)
    ],
    burst_factor: Annotated[float, Input("Rate in a burst, over the rate outside", low=1, high=1000, default=4)] = 4,
    burst_s: Annotated[float, Input("Length of a burst, mean", "s", low=0.01, high=1e6, default=10)] = 10,
    quiet_s: Annotated[float, Input("Time between bursts, mean", "s", low=0.01, high=1e8, default=600)] = 600,
    delay_s: Annotated[float, Input("Way to the replica", "s", low=0, high=1e5, default=0.001)] = 0.001,
    read_after_s: Annotated[float, Input("Time between a write and the read", "s", low=0, high=1e8, default=0.1)] = 0.1,
) -> Lag:
    """Lag of a replica that applies writes one after another, with bursts.

    The rate of writes switches between a quiet level and bursts of random length (a
    Markov-modulated Poisson process of two states); the replica applies them in order, each in
    a random time with the mean 1 / applies_per_s. Exact for that queue (MMPP/M/1): its length is
    a mixture of two geometric laws, so the lag beyond the way is one of two exponential laws.
    A burst above what the replica can apply builds a backlog that outlasts it.

    For a replica that applies in parallel, give the rate of all appliers together. One write
    that takes minutes (a schema change, a batch in one transaction) is a burst of its own
    length. A burst_factor of 1 leaves M/M/1. Elementwise over arrays.
    Raises Unstable where the mean rate is what the replica can apply, or more.
    Follows from the balance equations of the queue, given at the formulas; no source needed.

    >>> round(lag(50, 100, burst_factor=1, delay_s=0).mean_s, 6)
    0.02
    """
    given = (writes_per_s, applies_per_s, burst_factor, burst_s, quiet_s, delay_s, read_after_s)
    mean, apply, factor, burst, quiet, delay, after = broadcast(*given)
    if np.any(mean >= apply):
        raise Unstable(
            f"{writes_per_s} writes/s come and the replica applies {applies_per_s}, so it falls behind without end; "
            "raise applies_per_s above the writes",
            mean >= apply,
        )
    rates, roots, weights = _lag_law(mean, apply, factor, burst, quiet)
    left = np.maximum(after - delay, 0.0)
    stale = np.where(after < delay, 1.0, np.minimum(np.sum(weights * np.exp(-roots * left), axis=0), 1.0))
    return Lag.later(
        mean.shape,
        mean_s=lambda: delay + np.sum(weights / roots, axis=0),
        median_s=lambda: delay + _percentile(0.5, roots, weights),
        p99_s=lambda: delay + _percentile(0.01, roots, weights),
        p999_s=lambda: delay + _percentile(0.001, roots, weights),
        stale_share=lambda: stale,
        utilization=lambda: mean / apply,
        burst_utilization=lambda: rates[0] / apply,
    )


def _lag_law(
    mean: np.ndarray, apply: np.ndarray, factor: np.ndarray, burst: np.ndarray, quiet: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates of both states, and the rates and weights of the two exponential laws of the lag.

    The number of writes waiting is a mixture of geometric laws with ratios z / m, m the apply rate, for which
    Q + (m - z) (L / z - 1) is singular; Q switches the states, L holds their rates. The lag's rate is y = m - z.
    """
    in_burst = burst / (burst + quiet)
    low = mean / (1 + (factor - 1) * in_burst)
    high = factor * low
    leave, enter = 1 / burst, 1 / quiet
    z, y = _roots(high, low, leave + enter, mean, apply)
    # A phase vector for each root, written so that nothing cancels: the lesser root lies below both rates.
    few = np.stack((enter, leave - y[0] * (high - z[0]) / z[0]))
    many = np.stack((enter + y[1] * (z[1] - low) / z[1], leave))
    shares = np.stack((in_burst, quiet / (burst + quiet)))
    weights = _cross(shares, many) / _cross(few, many) * (high * few[0] + low * few[1]) / mean
    even = factor < 1 + 1e-6  # both states are alike: M/M/1, and the roots may fall together
    weights = np.where(even, 1.0, np.clip(weights, 0, 1))
    rates = np.stack((np.where(even, apply - mean, y[0]), y[1]))
    return np.stack((high, low)), rates, np.stack((weights, 1 - weights))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[0] * b[1] - a[1] * b[0]


def _roots(
    high: np.ndarray, low: np.ndarray, switch: np.ndarray, mean: np.ndarray, apply: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The two roots z below the apply rate of the determinant, a cubic, the lesser first, and m - z of each.

    Found once in z and once in m - z, of which each is taken where it is the smaller and so exact.
    """
    by_z = _two_least(
        high + low + apply + switch, apply * (high + low) + high * low + switch * mean, apply * high * low
    )
    up, down = high - apply, low - apply
    square, linear = up + down + switch, up * down + switch * (mean - 2 * apply)
    by_y = _two_positive(square, linear, apply * switch * (apply - mean), apply)
    near = by_z < apply / 2
    return np.where(near, by_z, apply - by_y), np.where(near, apply - by_z, by_y)


def _two_least(square: np.ndarray, linear: np.ndarray, constant: np.ndarray) -> np.ndarray:
    """The lesser two of three positive roots of x^3 - square x^2 + linear x - constant."""
    least = _newton(lambda x: (((x - square) * x + linear) * x - constant, (3 * x - 2 * square) * x + linear),
                    np.zeros_like(square))  # fmt: skip
    total, product = square - least, constant / least
    return np.stack((least, 2 * product / (total + np.sqrt(np.maximum(total * total - 4 * product, 0)))))


def _two_positive(square: np.ndarray, linear: np.ndarray, constant: np.ndarray, above: np.ndarray) -> np.ndarray:
    """The two positive roots of x^3 + square x^2 + linear x + constant, which has a negative one; largest first."""
    largest = _newton(lambda x: (((x + square) * x + linear) * x + constant, (3 * x + 2 * square) * x + linear), above)
    total, product = -square - largest, constant / largest
    spread = np.sqrt(total * total + 4 * product)
    return np.stack((largest, np.where(total > 0, (total + spread) / 2, 2 * product / (spread - np.minimum(total, 0)))))


def _newton(value_and_slope: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], start: np.ndarray) -> np.ndarray:
    """A root, from a side on which the steps shrink without crossing it."""
    x = start
    for _ in range(NEWTON_STEPS):
        value, slope = value_and_slope(x)
        step = value / slope
        x = x - step
        if np.all(np.abs(step) <= 1e-14 * np.abs(x)):
            break
    return x


def _percentile(above: float, rates: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The time that the lag exceeds with the chance `above`.

    The logarithm of a mixture of exponentials is convex, so Newton climbs to the root from the left.
    """

    def climb(time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = weights * np.exp(-rates * time)
        tail = np.sum(parts, axis=0)
        return np.log(tail / above), -np.sum(rates * parts, axis=0) / tail

    return _newton(climb, -np.log(above) / np.max(rates, axis=0))


@dataclass(frozen=True)
class Failover:
    """What takeovers cost in a month."""

    month_min: Annotated[float, Output("Downtime a month", "min")]
    outage_s: Annotated[float, Output("Downtime of one failure, mean", "s")]
    takeovers_per_month: Annotated[float, Output("Takeovers a month")]
    needless_per_month: Annotated[float, Output("of which for a pause alone")]
    lost_s: Annotated[float, Output("Confirmed writes lost in a takeover, as time", "s")]
    lost_writes: Annotated[float, Output("Confirmed writes lost in a takeover, mean")]
    lost_writes_per_month: Annotated[float, Output("Confirmed writes lost a month, mean")]
    availability: Annotated[float, Output("Availability", "share")]


Confirmed = Literal["asynchronous", "semisynchronous", "synchronous"]


@checked
def failover(
    failures_per_year: Annotated[float, Input("Failures of the primary a year", low=0, high=1e4, default=4)],
    detection_s: Annotated[float, Input("Time until it counts as failed", "s", low=0.01, high=1e5, default=20)],
    promotion_s: Annotated[float, Input("Time to promote and redirect", "s", low=0, high=1e6, default=30)],
    mode: Annotated[Confirmed, Input("When a write is confirmed", default="asynchronous")] = "asynchronous",
    lag_s: Annotated[float, Input("Lag of the replica taken", "s", low=0, high=1e7, default=0.2)] = 0.2,
    writes_per_s: Annotated[float, Input("Writes", "1/s", low=0, high=1e8, default=500)] = 500,
    standbys: Annotated[int, Input("Standbys", low=1, high=100, default=1)] = 1,
    pauses_per_month: Annotated[
        float, Input("Pauses and lost heartbeats a month", low=0, high=1e6, default=20, help="during which all is well")
    ] = 20,
    pause_s: Annotated[float, Input("Length of such a pause, mean", "s", low=0.001, high=1e5, default=2)] = 2,
    failed_share: Annotated[
        float, Input("Takeovers that fail and wait for a person", "share", low=0, high=1, default=0.02)
    ] = 0.02,
    repair_s: Annotated[float, Input("Time until a person has repaired it", "s", low=0, high=1e7, default=3600)] = 3600,
    fallback_share: Annotated[
        float,
        Input("Time without a standby that confirms", "share", low=0, high=1, default=0.01,
              help="semisynchronous: writes are then confirmed without one"),
    ] = 0.01,
) -> Failover:  # fmt: skip
    """Downtime and lost writes of takeovers, by how soon a primary counts as failed and when writes are confirmed.

    An outage lasts detection and promotion; a share of takeovers fails and lasts a repair
    besides. A short detection takes pauses for failures: of pauses of exponential length, the
    share exp(-detection / pause) outlasts it, and each costs a promotion that nobody needed.
    asynchronous: a write is confirmed before any standby has it, and what the replica lags
    behind is lost. semisynchronous: one standby has received it, unless none could and the
    primary went on alone. synchronous: every standby has it, nothing is lost, and each failed
    standby stops the writes until it counts as failed. Standbys fail as often as the primary.

    Assumes failures that do not overlap, and a lag at the failure as at other times: a failure
    that overload brings about comes when the lag is worst (see `lag` for its percentiles).
    Writes confirmed by an old primary that does not know it was replaced are lost besides:
    without fencing count the detection in. Elementwise over arrays. Raises InvalidInput where
    an input is out of range. Follows from the definitions; no source needed.

    >>> round(failover(12, 20, 40, pauses_per_month=0, failed_share=0).month_min, 4)
    1.0139
    """
    failures = np.asarray(failures_per_year, dtype=float) / MONTHS
    needless = np.asarray(pauses_per_month, dtype=float) * np.exp(-np.asarray(detection_s, dtype=float) / pause_s)
    switch = promotion_s + np.asarray(failed_share, dtype=float) * repair_s
    stopped = failures * standbys * detection_s if mode == "synchronous" else 0.0
    outage = detection_s + switch
    lost = {"asynchronous": 1.0, "semisynchronous": fallback_share, "synchronous": 0.0}[mode] * np.asarray(lag_s, float)
    takeovers = failures + needless
    month = np.minimum((failures * outage + needless * switch + stopped) / 60, MONTH_MIN)
    writes = lost * writes_per_s
    found = (month, outage, takeovers, needless, lost, writes, writes * takeovers, 1 - month / MONTH_MIN)
    return Failover(*map(plain, np.broadcast_arrays(*found)))


def _lagging(inputs: Mapping[str, Any], result: Lag) -> str:
    text = (
        f"The replica lags by {duration(result.mean_s)} on average and by {duration(result.p99_s)} at the 99th "
        f"percentile; {percent(result.stale_share)} of reads {duration(inputs['read_after_s'])} after a write miss it."
    )
    if result.burst_utilization > 1:
        text += f" A burst asks for {percent(result.burst_utilization)} of what it applies."
    return text


def _taken_over(inputs: Mapping[str, Any], result: Failover) -> str:
    text = (
        f"{amount(result.takeovers_per_month)} takeovers a month, {amount(result.needless_per_month)} of them "
        f"needless, cost {duration(result.month_min * 60)} of downtime"
    )
    if result.lost_writes > 0:
        return f"{text}; each loses the writes of {duration(result.lost_s)}, {count(result.lost_writes)} on average."
    return f"{text}; no confirmed write is lost."


REPLICAS = "How far do replicas lag, and what does a takeover cost?"
MODELS = (
    Model(lag, REPLICAS, _lagging, "04-databases", "04-databases/replica-lag"),
    Model(failover, REPLICAS, _taken_over, "04-databases", "04-databases/takeovers"),
)
