"""Canaries judged again and again: false alarms of repeated looks, and tests that allow for them."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy import optimize, special

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.deployment import sequences_kernel
from sysdesign.models.deployment.canary import HOUR, Alpha, Base, Factor, Power, Rate, Share, canary_compare
from sysdesign.models.wording import count, duration, percent, several

FAR = 6.0  # standard deviations: beyond them lies 1e-9
SPACING = 0.7  # of the points that carry the density of a sum, in deviations of one step
FEWEST_POINTS, GROWTH = 24, 1.1
UNDERFLOW = -100.0  # smaller powers of e are nothing here, and slow
LEFT = 1e-9  # chance that a test has not ended, at which it is taken for ended
MOST_ERRORS = 300_000
LOOK_S, STEP_S = 1.2e-6, 1e-7  # seconds


@dataclass(frozen=True)
class Looks:
    """A test for a fixed size, read again and again."""

    false_share: Annotated[float, Output("Good releases stopped at some look", "share")]
    stretch: Annotated[float, Output("That, over what one look stops")]
    look_alpha: Annotated[float, Output("Level of each look that keeps the whole at what was meant", "share")]
    look_limit: Annotated[float, Output("Deviations at which it alarms")]
    look: Annotated[np.ndarray, Output("Looks so far", drawn=True)]
    stopped_share: Annotated[np.ndarray, Output("Good releases stopped so far", "share", drawn=True)]


@checked
def looks(
    number: Annotated[int, Input("Looks, each after as many requests as the one before", low=1, high=480, default=60,
                                 help="60: each minute of an hour")] = 60,
    alpha: Alpha = 0.05,
    sides: Annotated[Literal["two", "one"], Input("Differences that count as an alarm", default="two")] = "two",
) -> Looks:  # fmt: skip
    """How many good releases are stopped if a test for a fixed size is read at every look.

    The difference of canary and control grows as a sum of independent, normal steps of the same size; an alarm is
    raised at the first look at which the sum is beyond the limit of a single test. The density of sums that have not
    alarmed is carried from look to look on points of Gauss and Legendre. `look_alpha` is the level at which each look
    must be read so that all together keep `alpha`, Pocock's boundary.

    Needs enough errors between two looks for normal steps, about ten; below, counts are coarse and false alarms fewer.
    Takes single numbers. Raises InvalidInput where an input is out of range. Source armitage-1969 for the question;
    the shares follow from the recursion.

    >>> round(looks(5).false_share, 3)
    0.142
    """
    tails = 2 if sides == "two" else 1
    limit = float(special.ndtri(1 - alpha / tails))
    stopped = np.array(list(_stopped(int(number), limit, tails)))
    bounds = (limit, float(special.ndtri(1 - alpha / tails / number)) + 1e-9)
    within = (
        optimize.brentq(lambda at: _last(int(number), at, tails) - alpha, *bounds, xtol=1e-5) if number > 1 else limit
    )
    return Looks(
        false_share=float(stopped[-1]),
        stretch=float(stopped[-1] / alpha),
        look_alpha=float(tails * special.ndtr(-within)),
        look_limit=float(within),
        look=np.arange(1, number + 1, dtype=float),
        stopped_share=stopped,
    )


def _last(number: int, limit: float, tails: int) -> float:
    return max(_stopped(number, limit, tails))


def _stopped(number: int, limit: float, tails: int) -> Iterator[float]:
    """The share stopped by each look in turn: what is missing in the density of sums within the limits."""
    points, density, missing = np.zeros(1), np.ones(1), 0.0
    for at in range(1, number + 1):
        edge = limit * math.sqrt(at)
        low = -edge if tails == 2 else -FAR * math.sqrt(at)
        beyond = special.ndtr(points - edge) + (special.ndtr(low - points) if tails == 2 else 0)
        missing += float(density @ beyond)
        yield min(missing, 1.0)
        nodes, weights = _gauss(max(0, math.ceil(math.log((edge - low) / SPACING / FEWEST_POINTS, GROWTH))))
        there = low + (edge - low) * (nodes + 1) / 2
        step = np.exp(np.maximum(-((there[:, None] - points) ** 2) / 2, UNDERFLOW)) / math.sqrt(2 * math.pi)
        density = (step @ density) * weights * (edge - low) / 2
        points = there


@functools.cache
def _gauss(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss and Legendre, in sizes that grow by a tenth, so that few need to be found."""
    return special.roots_legendre(math.ceil(FEWEST_POINTS * GROWTH**size))


@dataclass(frozen=True)
class Sequential:
    """A canary judged after every error by the ratio of likelihoods."""

    good_requests: Annotated[float, Output("Requests of a good canary until it passes, mean")]
    bad_requests: Annotated[float, Output("Requests of the worse canary until it is stopped or passes, mean")]
    fixed_requests: Annotated[float, Output("Requests of a test for a fixed size")]
    good_h: Annotated[float, Output("Time of a good canary, mean", "h")]
    bad_h: Annotated[float, Output("Time of the worse one, mean", "h")]
    fixed_h: Annotated[float, Output("Time of a test for a fixed size", "h")]
    false_share: Annotated[float, Output("Good releases stopped", "share")]
    found_share: Annotated[float, Output("Worse releases stopped", "share")]
    good_p99_errors: Annotated[float, Output("Errors of both sides until it ends, 99 of 100 good releases")]
    first_stop_errors: Annotated[float, Output("Errors in a row on the canary that stop it")]


@checked
def sequential(
    base_rate: Base = 0.001,
    factor: Factor = 2,
    real_factor: Annotated[
        float, Input("Worse in truth by this factor", low=0.1, high=1000, default=2, help="1: a good release")
    ] = 2,
    canary_share: Share = 0.05,
    requests_per_s: Rate = 20,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    control_factor: Annotated[
        float, Input("Requests of the control, over those of the canary", low=0.1, high=100, default=1)
    ] = 1,
) -> Sequential:
    """When a sequential test of a canary ends, and how often it is wrong, whenever somebody looks.

    Errors come one by one, on the canary or on its control. With equal rates an error is the canary's with a chance of
    1 / (1 + r), where the control gets r times its requests; if the canary is worse by `factor` f, of f / (f + r).
    Wald's test multiplies the ratios of the two chances, stops the release at power / alpha, and passes it at
    (1 - power) / (1 - alpha). It is exact for errors counted in order, and looking seldom only delays its end. The
    chances of every count of errors are carried on until fewer than one in 10^9 have not ended.

    Errors are taken as Poisson, so that rates should be below about 10%. The test says nothing without errors: a canary
    that never fails passes only as its control goes on failing. The fixed size is that of `deployment.canary_compare`,
    one-sided. Takes single numbers. Raises InvalidInput where an input is out of range, or where a test would take more
    than 300,000 errors. Source wald-1947.

    >>> sequential().first_stop_errors
    10.0
    """
    ratio = float(control_factor)
    test = _Test.of(float(factor), ratio, float(alpha), float(power))
    good, bad = test.run(1 / (1 + ratio)), test.run(real_factor / (real_factor + ratio))
    rate, each = float(base_rate), requests_per_s * canary_share * HOUR
    fixed = canary_compare(base_rate, factor, canary_share, requests_per_s, alpha, power, ratio, sides="one").requests
    passed, stopped = good.errors / (rate * (1 + ratio)), bad.errors / (rate * (real_factor + ratio))
    return Sequential(
        good_requests=passed,
        bad_requests=stopped,
        fixed_requests=fixed,
        good_h=passed / each,
        bad_h=stopped / each,
        fixed_h=fixed / each,
        false_share=good.stopped,
        found_share=bad.stopped,
        good_p99_errors=good.p99_errors,
        first_stop_errors=float(test.first_stop),
    )


@dataclass(frozen=True)
class _Ended:
    """How a test ends: the mean number of errors, the share stopped, the errors by which 99 of 100 have ended."""

    errors: float
    stopped: float
    p99_errors: float


@dataclass(frozen=True)
class _Test:
    """The logarithms by which an error of the canary and one of the control move the ratio, and its two limits."""

    up: float
    down: float
    stop: float
    passing: float

    @staticmethod
    def of(factor: float, ratio: float, alpha: float, power: float) -> _Test:
        equal, worse = 1 / (1 + ratio), factor / (factor + ratio)
        if not alpha < power:
            raise InvalidInput(f"alpha is {alpha:g} and power {power:g}; a test needs alpha below power")
        return _Test(
            math.log(worse / equal),
            math.log((1 - worse) / (1 - equal)),
            math.log(power / alpha),
            math.log((1 - power) / (1 - alpha)),
        )

    @property
    def first_stop(self) -> int:
        return math.ceil(self.stop / self.up * (1 - 1e-12))

    def run(self, canary: float) -> _Ended:
        """How it ends where an error is the canary's with that chance."""
        errors, stopped, p99, ended = sequences_kernel.ended(
            self.up, self.down, self.stop, self.passing, canary, LEFT, MOST_ERRORS
        )
        if not ended:
            raise InvalidInput(
                f"the test takes more than {MOST_ERRORS:,} errors; ask for a larger factor, or for less certainty"
            )
        return _Ended(errors, stopped, float(p99))


def warm() -> None:
    """Compile the kernel, so that no request waits for it."""
    sequences_kernel.warm()


def _looks_work(inputs: Mapping[str, Any]) -> float:
    """Each look multiplies a matrix whose side grows as the root of the looks; the level is found in ten runs."""
    return 10 * (inputs["number"] * 1e-4 + inputs["number"] ** 2 * LOOK_S)  # type: ignore[no-any-return]


def _sequential_work(inputs: Mapping[str, Any]) -> float:
    """A step for each error, of which there are as many as the limits are far apart in squares of a step."""
    far = math.log((1 - inputs["alpha"]) / (1 - inputs["power"])) + math.log(inputs["power"] / inputs["alpha"])
    return 1e-3 + 3 * STEP_S * (far / math.log(inputs["factor"])) ** 2 * (1 + inputs["control_factor"])


def _alarmed(inputs: Mapping[str, Any], result: Looks) -> str:
    return (
        f"Read at {several(inputs['number'], 'look')}, the test stops {percent(result.false_share)} of good "
        f"releases in place of {percent(inputs['alpha'])}. To keep that, each look must be judged at "
        f"{percent(result.look_alpha)}."
    )


def _ended(inputs: Mapping[str, Any], result: Sequential) -> str:
    return (
        f"A good canary passes after {count(result.good_requests)} requests on average, "
        f"{duration(result.good_h * HOUR)}; a worse one ends after "
        f"{count(result.bad_requests)} and is stopped with a chance of {percent(result.found_share)}. A test for a "
        f"fixed size takes {count(result.fixed_requests)}. {percent(result.false_share)} of good releases are stopped."
    )


MODELS = (
    Model(looks, "How often may one look at a canary?", _alarmed, "15-deployment", "15-deployment/looks", _looks_work),
    Model(sequential, "How soon can a canary be judged?", _ended, "15-deployment", "15-deployment/sequential",
          _sequential_work),
)  # fmt: skip
