"""Time lost against a promise: what it allows, what failures and incidents take, what dependencies leave.

Units: shares 0 to 1, `_min` minutes, `_h` hours, `_d` days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.availability.composition import MINUTES_PER_DAY, PROMISE, composed
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.elementwise import plain

DAYS_PER_WEEK = 7
HOURS_PER_DAY = 24.0

Year = Annotated[float, Input("Days in the year", "d", low=1, high=366, default=365)]
Month = Annotated[float, Input("Days in the month", "d", low=1, high=31, default=30)]


@dataclass(frozen=True)
class Downtime:
    """What an availability allows in time, if it fails all at once."""

    nines: Annotated[float, Output("Nines")]  # -log10(1 - availability); infinite at 1 is refused
    year_min: Annotated[float, Output("Downtime a year", "min")]
    quarter_min: Annotated[float, Output("Downtime a quarter (a fourth of the year)", "min")]
    month_min: Annotated[float, Output("Downtime a month", "min")]
    week_min: Annotated[float, Output("Downtime a week", "min")]
    day_min: Annotated[float, Output("Downtime a day", "min")]


@checked
def downtime(
    availability: Annotated[float, Input("Availability", "share", low=0.0, high=1 - 1e-15, default=0.999)],
    days_per_year: Year = 365,
    days_per_month: Month = 30,
) -> Downtime:
    """Minutes of full outage that an availability allows.

    Assumes that unavailability is counted in time; counted in requests the same share
    of requests may fail, which is more minutes off-peak and fewer at peak. The nines of
    0.9995 are 3.3, not 3.5. Elementwise over arrays.
    Source: sre-cheat-sheet, after appendix A of the SRE book (year of 365 days, month of 30).
    Raises InvalidInput where an input is out of range.

    >>> round(downtime(0.999).month_min, 6)
    43.2
    """
    lost = 1 - np.asarray(availability, dtype=float)
    year = lost * days_per_year * MINUTES_PER_DAY
    return Downtime(
        nines=plain(-np.log10(lost) + 0.0),
        year_min=plain(year),
        quarter_min=plain(year / 4),
        month_min=plain(lost * days_per_month * MINUTES_PER_DAY),
        week_min=plain(lost * DAYS_PER_WEEK * MINUTES_PER_DAY),
        day_min=plain(lost * MINUTES_PER_DAY),
    )


@dataclass(frozen=True)
class Repair:
    """Availability from how often things fail and how long that lasts."""

    availability: Annotated[float, Output("Availability", "share")]
    nines: Annotated[float, Output("Nines")]
    failures_per_year: Annotated[float, Output("Failures a year", "1/y")]
    year_min: Annotated[float, Output("Downtime a year of 365 days", "min")]
    longest_repair_h: Annotated[float, Output("Longest mean repair that keeps the target", "h")]


@checked
def repair(
    mtbf_h: Annotated[float, Input("Mean up time between failures", "h", low=1e-3, high=1e9, default=2000)],
    mttr_h: Annotated[float, Input("Mean time to detect and repair", "h", low=0, high=1e6, default=1)],
    target: Annotated[float, Input("Target availability", "share", low=1e-6, high=1 - 1e-12, default=0.999)] = 0.999,
) -> Repair:
    """Availability of one thing that fails and is repaired.

    MTBF is counted here as time in service from a repair to the next failure (some call
    it MTTF); if yours runs from failure to failure, subtract the repair first. Holds for
    any distribution of both times, in the long run; it says nothing of one year with two
    failures in it. A repair time counts from the failure, so detection is part of it.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: calculus-2017 (availability = MTTF / (MTTF + MTTR)); renewal theorem.

    >>> repair(999, 1).availability
    0.999
    """
    up, down = np.asarray(mtbf_h, dtype=float), np.asarray(mttr_h, dtype=float)
    whole = composed(down / (up + down))
    return Repair(
        availability=plain(up / (up + down)),
        nines=whole.nines,
        failures_per_year=plain(365 * HOURS_PER_DAY / (up + down)),
        year_min=whole.year_min,
        longest_repair_h=plain(up * (1 - np.asarray(target)) / target),
    )


@dataclass(frozen=True)
class Incidents:
    """A year's incidents against a promise."""

    availability: Annotated[float, Output("Availability", "share")]
    lost_min: Annotated[float, Output("Minutes lost a year, weighted by users hurt", "min")]
    budget_min: Annotated[float, Output("Minutes that the target allows a year", "min")]
    left_min: Annotated[float, Output("Budget left (negative: overspent)", "min")]
    most_incidents: Annotated[float, Output("Such incidents that the budget holds")]


@checked
def incidents(
    incidents_per_year: Annotated[float, Input("Incidents a year", "1/y", low=0, high=1e5, default=3)],
    detect_min: Annotated[float, Input("Time to detect each", "min", low=0, high=1e5, default=5)],
    repair_min: Annotated[float, Input("Time from detection to repair", "min", low=0, high=1e5, default=15)],
    users_hurt: Annotated[float, Input("Share of users hurt", "share", low=0, high=1, default=1)] = 1.0,
    target: Annotated[float, Input("Target availability", "share", low=0, high=1 - 1e-12, default=0.9999)] = 0.9999,
) -> Incidents:
    """What a year's incidents leave of the error budget.

    Frequency times (detection + repair) times scope. Incidents do not overlap and users
    are hurt evenly. Two complete outages of 20 minutes fit into four nines, three do not.
    Elementwise over arrays. Raises InvalidInput where the incidents last longer than a year
    together, or an input is out of range.
    Source: calculus-2017, on frequency, duration and scope of outages.

    >>> incidents(3, 5, 15).lost_min
    60.0
    """
    length = np.asarray(detect_min, dtype=float) + repair_min
    beyond = length * incidents_per_year > 365 * MINUTES_PER_DAY
    if np.any(beyond):
        raise InvalidInput(
            f"{incidents_per_year} incidents of {detect_min} + {repair_min} min last longer than a year; "
            "the product of number and length is at most 525,600 min",
            beyond,
        )
    each = length * users_hurt
    lost = each * incidents_per_year
    budget = (1 - np.asarray(target)) * 365 * MINUTES_PER_DAY
    most = np.where(each > 0, np.floor(budget / np.where(each > 0, each, 1) * (1 + 1e-12)), 365 * MINUTES_PER_DAY)
    return Incidents(
        availability=plain(1 - lost / (365 * MINUTES_PER_DAY)),
        lost_min=plain(lost),
        budget_min=plain(budget),
        left_min=plain(budget - lost),
        most_incidents=plain(np.minimum(most, 365 * MINUTES_PER_DAY)),
    )


@dataclass(frozen=True)
class DependencyBudget:
    """How a service's error budget divides between its dependencies and itself."""

    budget_min: Annotated[float, Output("Minutes that the target allows a year", "min")]
    dependencies_min: Annotated[float, Output("Minutes that the dependencies take of it", "min")]
    own_min: Annotated[float, Output("Minutes left for the service itself (negative: none)", "min")]
    ceiling: Annotated[float, Output("Availability if the service itself never failed", "share")]
    extra_nine: Annotated[float, Output("What each dependency offers by the rule of the extra 9", "share")]
    needed: Annotated[float, Output("What each must offer to leave the service its share", "share")]
    most_dependencies: Annotated[float, Output("Such dependencies that leave the service its share")]


@checked
def dependency_budget(
    target: Annotated[float, Input("Promise of the service", "share", low=0.0, high=1 - 1e-12, default=0.9999)],
    dependencies: Annotated[int, Input("Unique critical dependencies", low=0, high=10_000, default=5)],
    dependency: Annotated[
        float, Input("Availability of each dependency", "share", low=0.0, high=1 - 1e-12, default=0.99999)
    ],
    own_share: Annotated[
        float, Input("Share of the budget kept for the service's own faults", "share", low=0, high=1, default=0.5)
    ] = 0.5,
) -> DependencyBudget:
    """What critical dependencies leave of a service's error budget.

    A dependency is critical if its outage is the service's outage. Each unique one counts
    once, however deep it sits and over however many paths: nines are not added per hop.
    Minutes add up because outages seldom overlap; the sum is an upper bound on their
    joint downtime, and `ceiling` is the product for independent dependencies.
    A dependency with a fallback is not critical. The article's 53, 26 and 27 minutes are
    52.56, 26.28 and 26.28 before it rounds (it subtracts the rounded figures).
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: calculus-2017.

    >>> round(dependency_budget(0.9999, 5, 0.99999).own_min, 2)
    26.28
    """
    lost, each = 1 - np.asarray(target, dtype=float), 1 - np.asarray(dependency, dtype=float)
    count = np.asarray(dependencies, dtype=float)
    year = 365 * MINUTES_PER_DAY
    given_away = lost * (1 - np.asarray(own_share, dtype=float))
    return DependencyBudget(
        budget_min=plain(lost * year),
        dependencies_min=plain(count * each * year),
        own_min=plain((lost - count * each) * year),
        ceiling=plain((1 - each) ** count),
        extra_nine=plain(1 - lost / 10),
        needed=plain(1 - given_away / np.maximum(count, 1)),
        most_dependencies=plain(np.floor(given_away / each * (1 + 1e-9))),
    )


def _allowed(inputs: Mapping[str, Any], result: Downtime) -> str:
    return (
        f"An availability of {percent(inputs['availability'])} allows "
        f"{duration(result.year_min * 60)} of downtime a year, "
        f"{duration(result.month_min * 60)} a month of {several(inputs['days_per_month'], 'day')}, "
        f"{duration(result.week_min * 60)} a week."
    )


def _repaired(inputs: Mapping[str, Any], result: Repair) -> str:
    return (
        f"It fails {amount(result.failures_per_year)} times a year and is down {duration(result.year_min * 60)}; "
        f"to reach {percent(inputs['target'])} a repair may take {duration(result.longest_repair_h * 3600)}."
    )


def _spent(inputs: Mapping[str, Any], result: Incidents) -> str:
    left = (
        f"that leaves {duration(result.left_min * 60)}"
        if result.left_min >= 0
        else f"that overspends it by {duration(-result.left_min * 60)}"
    )
    lost, allowed = duration(result.lost_min * 60), duration(result.budget_min * 60)
    return f"The incidents cost {lost} a year where the target allows {allowed}: {left}."


def _divided(inputs: Mapping[str, Any], result: DependencyBudget) -> str:
    if result.own_min < 0:
        return (
            f"The dependencies alone take {duration(result.dependencies_min * 60)} a year, more than the "
            f"{duration(result.budget_min * 60)} that the promise allows: it cannot be kept."
        )
    return (
        f"Of {duration(result.budget_min * 60)} a year the dependencies take {duration(result.dependencies_min * 60)}; "
        f"{duration(result.own_min * 60)} are left for the service's own faults."
    )


MODELS = (
    Model(downtime, PROMISE, _allowed, "11-observability", "11-observability/downtime"),
    Model(repair, PROMISE, _repaired, "07-resilience", "07-resilience/repair"),
    Model(incidents, PROMISE, _spent, "11-observability", "11-observability/incidents"),
    Model(dependency_budget, PROMISE, _divided, "07-resilience", "07-resilience/dependency-budget"),
)
