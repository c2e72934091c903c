"""Error budgets: what an objective allows, how fast an error rate spends it, and what one failure means.

Units: shares 0 to 1, `_min` minutes, `_h` hours, `_d` days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy import special

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import plain

MINUTES_PER_HOUR, HOURS_PER_DAY = 60.0, 24.0
TOUCHES = 1 - 1e-9  # an average this close under a threshold counts as at it: sums of steps round

Objective = Annotated[float, Input("Objective", "share", low=0.5, high=1 - 1e-9, default=0.999)]
Window = Annotated[float, Input("Window of the objective", "d", low=1, high=366, default=30)]


@dataclass(frozen=True)
class ErrorBudget:
    """What an objective allows, and how fast an error rate spends it."""

    budget: Annotated[float, Output("Error budget", "share")]
    full_outage_min: Annotated[float, Output("Full outage that spends it", "min")]
    failed_requests: Annotated[float, Output("Failed requests that it allows")]
    burn_rate: Annotated[float, Output("Burn rate of the given error rate")]
    exhaustion_h: Annotated[float, Output("Time to spend all of it at that rate", "h")]
    spent_per_h: Annotated[float, Output("Share of the budget spent each hour", "share")]


@checked
def error_budget(
    objective: Objective,
    error_rate: Annotated[float, Input("Error rate", "share", low=1e-9, high=1, default=0.01)],
    window_d: Window = 30,
    requests_per_s: Annotated[float, Input("Requests", "1/s", low=1e-6, high=1e9, default=100)] = 100,
) -> ErrorBudget:
    """The error budget of an objective and how long it lasts at an error rate.

    Budget = 1 - objective, of time or of requests. Assumes steady traffic: at night the same error rate
    spends less of a budget of requests than it does at noon. A burn rate of 1 spends it exactly in the window.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: sre-workbook-alerting-2018, table 5-4.

    >>> round(error_budget(0.999, 1.0).full_outage_min, 6)
    43.2
    """
    budget = 1 - np.asarray(objective, dtype=float)
    window_h = np.asarray(window_d, dtype=float) * HOURS_PER_DAY
    burn = error_rate / budget
    return ErrorBudget(
        budget=plain(budget),
        full_outage_min=plain(budget * window_h * MINUTES_PER_HOUR),
        failed_requests=plain(budget * window_h * 3600 * requests_per_s),
        burn_rate=plain(burn),
        exhaustion_h=plain(window_h / burn),
        spent_per_h=plain(burn / window_h),
    )


@dataclass(frozen=True)
class LowTraffic:
    """What a single failed request means where there are few."""

    one_failure_error_rate: Annotated[float, Output("Error rate that one failure makes", "share")]
    one_failure_burn_rate: Annotated[float, Output("Burn rate that one failure makes")]
    one_failure_spends: Annotated[float, Output("Share of the budget that one failure spends", "share")]
    failures_allowed: Annotated[float, Output("Failures that the objective allows in its window")]
    failures_to_alert: Annotated[float, Output("Failures in the long window that fire the rule")]
    false_alarm: Annotated[float, Output("Chance that a long window fires at the usual error rate", "share")]


@checked
def low_traffic(
    objective: Objective,
    requests_per_h: Annotated[float, Input("Requests", "1/h", low=1e-3, high=1e9, default=10)],
    usual_error_rate: Annotated[float, Input("Usual error rate", "share", low=0, high=1, default=0.0005)],
    long_window_h: Annotated[float, Input("Long window", "h", low=1 / 60, high=8760, default=1)] = 1,
    burn_rate: Annotated[float, Input("Burn rate of the rule", low=1e-3, high=1e6, default=14.4)] = 14.4,
    window_d: Window = 30,
) -> LowTraffic:
    """Whether a burn-rate rule has enough requests to judge by.

    Failures in a window are taken as Poisson around the usual error rate, independent of
    each other; `false_alarm` is of one window, and there is one each long_window_h. A rate
    that one failure makes is at most 1: windows with under one request on average count as
    holding the one that failed. Elementwise over arrays.
    Raises InvalidInput where an input is out of range.
    Source: sre-workbook-alerting-2018, on low-traffic services. It calls one failure in 10
    requests a burn rate of 1,000 for 99.9%; 10% over 0.1% is 100.

    >>> round(low_traffic(0.999, 10, 0.0005).one_failure_spends, 3)
    0.139
    """
    budget = 1 - np.asarray(objective, dtype=float)
    in_window = np.maximum(np.asarray(requests_per_h, dtype=float) * long_window_h, 1)
    allowed = budget * requests_per_h * window_d * HOURS_PER_DAY
    to_alert = np.maximum(np.ceil(burn_rate * budget * in_window * TOUCHES), 1)
    usual = np.asarray(requests_per_h, dtype=float) * long_window_h * usual_error_rate
    return LowTraffic(
        one_failure_error_rate=plain(1 / in_window),
        one_failure_burn_rate=plain(1 / in_window / budget),
        one_failure_spends=plain(1 / allowed),
        failures_allowed=plain(np.floor(allowed / TOUCHES)),
        failures_to_alert=plain(to_alert),
        false_alarm=plain(special.gammainc(to_alert, usual)),  # a Poisson count of at least that many
    )


def _budgeted(inputs: Mapping[str, Any], result: ErrorBudget) -> str:
    return (
        f"The budget is {duration(result.full_outage_min * 60)} of full outage, or "
        f"{result.failed_requests:,.0f} failed requests; at this error rate it lasts "
        f"{duration(result.exhaustion_h * 3600)}."
    )


def _few(inputs: Mapping[str, Any], result: LowTraffic) -> str:
    return (
        f"One failure is a burn rate of {amount(result.one_failure_burn_rate)} and spends "
        f"{percent(result.one_failure_spends)} of the budget; the rule fires at "
        f"{result.failures_to_alert:,.0f} in its long window."
    )


WINDOWS = "Which alert windows guard the objective?"

MODELS = (
    Model(error_budget, WINDOWS, _budgeted, "11-observability", "11-observability/error-budget"),
    Model(low_traffic, WINDOWS, _few, "11-observability", "11-observability/low-traffic"),
)
