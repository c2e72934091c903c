"""Canaries judged once, at the end: what no failure proves, and how many requests a comparison needs.

Rates of errors are shares of requests, 0 to 1; `_s` seconds, `_h` hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import count, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

HOUR = 3600.0

Rate = Annotated[float, Input("Requests of the whole service", "1/s", low=1e-4, high=1e8, default=20)]
Share = Annotated[float, Input("Share of them that the canary gets", "share", low=1e-5, high=0.5, default=0.05)]
Base = Annotated[float, Input("Error rate of the old version", "share", low=1e-7, high=0.5, default=0.001)]
Factor = Annotated[
    float,
    Input("Worse by this factor, which must be noticed", low=1.1, high=100, default=2, help="2: twice the errors"),
]
Alpha = Annotated[
    float, Input("False alarms: good releases that may be stopped", "share", low=1e-6, high=0.5, default=0.05)
]
Power = Annotated[float, Input("Bad releases that must be noticed", "share", low=0.5, high=0.9999, default=0.8)]


@dataclass(frozen=True)
class Zero:
    """What a number of requests without a failure proves."""

    upper_bound: Annotated[float, Output("Error rate that is still possible", "share")]
    rule_of_three: Annotated[float, Output("The same by the rule of three", "share")]
    watched_s: Annotated[float, Output("Time in which the canary gets these requests", "s")]
    needed_requests: Annotated[float, Output("Requests without a failure that rule out the rate asked for")]
    needed_s: Annotated[float, Output("Time in which the canary gets those", "s")]
    missed_share: Annotated[float, Output("Chance that a canary of that rate shows no failure", "share")]


@checked
def canary_zero(
    requests: Annotated[float, Input("Requests of the canary, none of which failed", low=1, high=1e12, default=3000)],
    confidence: Annotated[float, Input("Confidence", "share", low=0.5, high=0.999999, default=0.95)] = 0.95,
    error_rate: Annotated[
        float, Input("Error rate that is to be ruled out", "share", low=1e-9, high=0.999, default=0.001)
    ] = 0.001,
    requests_per_s: Rate = 20,
    canary_share: Share = 0.05,
) -> Zero:
    """What error rate remains possible when no request of a canary failed.

    A canary whose requests fail independently with a rate p shows none in n requests with a chance of (1 - p)^n. The
    largest p for which that is still above 1 - confidence is 1 - (1 - confidence)^(1/n), the one-sided bound of Clopper
    and Pearson; at 95% it is near 3/n, the rule of three. It says nothing of failures that depend on time, on one
    customer or on the share itself. Requests that fail together (retries, one bad page) count as one.
    Elementwise over arrays. Raises InvalidInput where an input is out of range. Source hanley-1983 for the rule.

    >>> round(canary_zero(300).upper_bound, 6)
    0.009936
    """
    count_, sure, wanted, rate, share = broadcast(requests, confidence, error_rate, requests_per_s, canary_share)
    left = np.log1p(-sure)
    needed = np.ceil(left / np.log1p(-wanted) * (1 - 1e-12))
    found = (
        -np.expm1(left / count_), np.minimum(-left / count_, 1), count_ / (rate * share), needed,
        needed / (rate * share), np.exp(count_ * np.log1p(-wanted)),
    )  # fmt: skip
    return Zero(*map(plain, found))


@dataclass(frozen=True)
class Compared:
    """A canary compared with its control after a fixed number of requests."""

    requests: Annotated[float, Output("Requests of the canary")]
    control_requests: Annotated[float, Output("Requests of the control")]
    hours: Annotated[float, Output("Time in which the canary gets them", "h")]
    errors: Annotated[float, Output("Errors of a good canary by then")]
    found_share: Annotated[float, Output("Bad releases noticed in the time watched", "share")]
    metric_alpha: Annotated[float, Output("Level at which each of the metrics must be judged", "share")]
    uncorrected_share: Annotated[float, Output("Good releases stopped if each is judged at the whole level", "share")]


@checked
def canary_compare(
    base_rate: Base = 0.001,
    factor: Factor = 2,
    canary_share: Share = 0.05,
    requests_per_s: Rate = 20,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    control_factor: Annotated[
        float, Input("Requests of the control, over those of the canary", low=0.1, high=1000, default=1)
    ] = 1,
    watched_h: Annotated[float, Input("Time for which the canary is watched", "h", low=1e-3, high=1e5, default=1)] = 1,
    metrics: Annotated[float, Input("Metrics judged, each able to stop it", low=1, high=1000, default=1)] = 1,
    sides: Annotated[
        Literal["two", "one"], Input("Differences that count as an alarm", default="two",
                                     help="two: better or worse; one: worse alone")
    ] = "two",
) -> Compared:  # fmt: skip
    """How many requests a canary needs until a comparison with its control notices that it is worse.

    Both sides count errors of independent requests, and the difference of the two rates is held once, at the end,
    against its normal limit: n = (z_alpha + z_power)^2 (p2 q2 + p1 q1 / r) / (p2 - p1)^2 requests of the canary, with
    r times as many of the control. `metrics` independent ones, each able to stop the release, are each judged at
    1 - (1 - alpha)^(1/metrics), so that all together keep the level.

    Good from about ten errors a side on. Looking before the end gives more false alarms (`deployment.looks`); errors
    that come together need more requests than this. Elementwise over arrays. Raises InvalidInput where an input is out
    of range, or where the worse rate is 1 or more. Follows from the normal approximation.

    >>> canary_compare(0.001, 2).requests
    23508.0
    """
    given = (base_rate, factor, canary_share, requests_per_s, alpha, power, control_factor, watched_h, metrics)
    base, times, share, rate, level, strength, ratio, hours, several = broadcast(*given)
    worse = base * times
    if np.any(worse >= 1):
        raise InvalidInput(f"{factor} times an error rate of {base_rate} is 1 or more; lower one of the two")
    each = -np.expm1(np.log1p(-level) / several)
    limit = special.ndtri(1 - each / (2 if sides == "two" else 1))
    spread = worse * (1 - worse) + base * (1 - base) / ratio
    needed = np.ceil((limit + special.ndtri(strength)) ** 2 * spread / (worse - base) ** 2 * (1 - 1e-12))
    watched = hours * HOUR * rate * share
    found = (
        needed, needed * ratio, needed / (rate * share) / HOUR, needed * base,
        special.ndtr((worse - base) * np.sqrt(watched / spread) - limit), each,
        -np.expm1(several * np.log1p(-level)),
    )  # fmt: skip
    return Compared(*map(plain, found))


def _proved(inputs: Mapping[str, Any], result: Zero) -> str:
    return (
        f"After {count(inputs['requests'])} requests without a failure the error rate may still be "
        f"{percent(result.upper_bound)}. To rule out {percent(inputs['error_rate'])} it takes "
        f"{count(result.needed_requests)}, {duration(result.needed_s)} of this canary."
    )


def _noticed(inputs: Mapping[str, Any], result: Compared) -> str:
    return (
        f"The canary needs {count(result.requests)} requests, {duration(result.hours * HOUR)}. Watched for "
        f"{duration(inputs['watched_h'] * HOUR)}, it notices {percent(result.found_share)} of such releases."
    )


LONG_ENOUGH = "How long must a canary run?"
MODELS = (
    Model(canary_zero, LONG_ENOUGH, _proved, "15-deployment", "15-deployment/canary-zero"),
    Model(canary_compare, LONG_ENOUGH, _noticed, "15-deployment", "15-deployment/canary-compare"),
)
