"""Burn-rate alerts: when a rule notices an outage, when it lets go, and what was spent by then.

Source: sre-workbook-alerting-2018 (The Site Reliability Workbook, chapter 5). Units as in budgets.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Numbers, Output, checked
from sysdesign.models.slo.budgets import HOURS_PER_DAY, MINUTES_PER_HOUR, TOUCHES, WINDOWS, Objective, Window
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import plain

MOST_STEPS = 1000  # of an outage profile
MOST_RULES = 20
CURVE_POINTS = 241  # of each rule

LongWindows = Annotated[Numbers, Input("Long window of each rule", "h", low=1 / 60, high=8760, default=(1, 6, 72))]
BurnRates = Annotated[Numbers, Input("Burn rate of each rule", low=1e-3, high=1e6, default=(14.4, 6, 1))]
ShortShare = Annotated[
    float, Input("Short window as a share of the long one (1: none)", "share", low=1e-3, high=1, default=1 / 12)
]
Hold = Annotated[float, Input("Time that a rule must hold before it alerts", "min", low=0, high=1e5, default=0)]


@dataclass(frozen=True)
class BurnRule:
    """One multiwindow burn-rate rule, from the share of the budget that it may cost."""

    burn_rate: Annotated[float, Output("Burn rate to alert at")]
    error_threshold: Annotated[float, Output("Error rate to alert at", "share")]
    short_window_min: Annotated[float, Output("Short window", "min")]
    detection_min: Annotated[float, Output("Time to detect a full outage", "min")]
    reset_min: Annotated[float, Output("Time it still fires after a full outage of a long window", "min")]
    exhaustion_h: Annotated[float, Output("Time to spend the whole budget at just under this rate", "h")]


@checked
def burn_rule(
    objective: Objective,
    budget_spent: Annotated[
        float, Input("Share of the budget that may be spent before the alert", "share", low=1e-6, high=1, default=0.02)
    ],
    long_window_h: Annotated[float, Input("Long window", "h", low=1 / 60, high=8760, default=1)],
    window_d: Window = 30,
    short_share: ShortShare = 1 / 12,
) -> BurnRule:
    """The burn rate of an alert rule, from what it may cost.

    Burn rate = share spent * objective's window / long window. Both the long and the short
    window must be at it; the short one ends the alert soon after the errors end. Any error
    rate under `error_threshold` spends the budget unseen by this rule, which is why rules
    come in sets. Elementwise over arrays.
    Raises InvalidInput where the long window exceeds the objective's, or where even a full
    outage would stay under the burn rate.
    Source: sre-workbook-alerting-2018, tables 5-6 and 5-8; short window 1/12 of the long one.

    >>> round(burn_rule(0.999, 0.02, 1).burn_rate, 6)
    14.4
    """
    budget = 1 - np.asarray(objective, dtype=float)
    window_h = np.asarray(window_d, dtype=float) * HOURS_PER_DAY
    if np.any(np.asarray(long_window_h) > window_h):
        raise InvalidInput(
            f"long_window_h is {long_window_h}, longer than the window of {window_d} d; it is at most {window_h} h"
        )
    burn = budget_spent * window_h / long_window_h
    threshold = burn * budget
    if np.any(threshold > 1 + 1e-12):
        raise InvalidInput(
            f"a burn rate of {burn} on a budget of {budget} needs an error rate above 1, so it never alerts; "
            "lower budget_spent or lengthen long_window_h"
        )
    long_min = np.asarray(long_window_h, dtype=float) * MINUTES_PER_HOUR
    short = long_min * short_share
    return BurnRule(
        burn_rate=plain(burn),
        error_threshold=plain(threshold),
        short_window_min=plain(short),
        detection_min=plain(threshold * long_min),
        reset_min=plain(short * (1 - np.minimum(threshold, 1))),
        exhaustion_h=plain(window_h / burn),
    )


@dataclass(frozen=True)
class Alerting:
    """What a set of rules makes of an outage. Times count from its start; reset counts from its end."""

    alerts: Annotated[int, Output("Separate alerts")]  # over all rules; 0 is an outage nobody is told of
    detection_min: Annotated[float, Output("Time unnoticed", "min")]  # the whole outage where no rule fires
    spent_at_detection: Annotated[float, Output("Budget spent by then", "share")]
    spent: Annotated[float, Output("Budget that the outage spends", "share")]
    reset_min: Annotated[float, Output("Time that an alert still fires after the end", "min")]
    rule_fires: Annotated[tuple[int, ...], Output("Rules that fire (1) or not (0)")]
    rule_detection_min: Annotated[tuple[float, ...], Output("Time until each rule fires", "min")]  # same convention
    rule_reset_min: Annotated[tuple[float, ...], Output("Time that each still fires after the end", "min")]
    after_min: Annotated[
        np.ndarray, Output("Time since the outage began", "min", drawn=True)
    ]  # CURVE_POINTS times for each rule
    rule: Annotated[tuple[str, ...], Output("Rule", drawn=True)]
    over_threshold: Annotated[np.ndarray, Output("Error rate of both windows, over the rate that alerts", drawn=True)]


@checked
def outage(
    objective: Objective,
    step_min: Annotated[Numbers, Input("Length of each step of the outage", "min", low=0, high=6e5, default=(10, 50))],
    step_error_rate: Annotated[Numbers, Input("Error rate in each step", "share", low=0, high=1, default=(1.0, 0.05))],
    window_d: Window = 30,
    long_window_h: LongWindows = Numbers((1, 6, 72)),  # noqa: B008
    burn_rate: BurnRates = Numbers((14.4, 6, 1)),  # noqa: B008
    short_share: ShortShare = 1 / 12,
    hold_min: Hold = 0.0,
) -> Alerting:
    """What alert rules make of an outage told as steps of error rates.

    A rule fires while the average error rate over its long window and over its short one
    are both at its burn rate times the budget, once that has held for `hold_min`. Averages
    over windows are piecewise linear in time, so firing begins and ends at exact times:
    nothing is sampled. No errors before or after the outage; evaluation and delivery take
    no time (add your evaluation interval to the detection).
    Raises InvalidInput where the lists differ in length or are longer than 1,000 steps or
    20 rules, or the outage lasts longer than the objective's window.
    Source: sre-workbook-alerting-2018. Its figure says that 15% errors for 10 minutes fire
    the rule of 14.4 after 5 minutes and end it 5 minutes after the errors do; the
    arithmetic gives 5.76 and 4.52.

    >>> round(outage(0.999, (60,), (1.0,)).detection_min, 3)
    0.864
    """
    lengths, rates = np.asarray(step_min, dtype=float), np.asarray(step_error_rate, dtype=float)
    longs, burns = np.asarray(long_window_h, dtype=float) * MINUTES_PER_HOUR, np.asarray(burn_rate, dtype=float)
    _refuse(lengths, rates, longs, burns, float(window_d))
    last = int(np.flatnonzero(rates * lengths)[-1]) + 1 if (rates * lengths).any() else 0
    edges = np.concatenate(([0.0], np.cumsum(lengths[:last])))
    errors = np.concatenate(([0.0], np.cumsum((lengths * rates)[:last])))
    budget = 1 - objective
    rules = list(zip(longs, burns, strict=True))
    found = [_firing(edges, errors, long, long * short_share, burn * budget, float(hold_min)) for long, burn in rules]
    end = float(edges[-1])
    starts = [times[0][0] if times else end for times in found]
    resets = [max(0.0, times[-1][1] - end) if times else 0.0 for times in found]
    first = min(starts)
    after = np.linspace(0.0, 1.1 * (end + max(resets)) or 1.0, CURVE_POINTS)
    per_budget = 1 / (budget * window_d * HOURS_PER_DAY * MINUTES_PER_HOUR)
    return Alerting(
        alerts=sum(len(times) for times in found),
        detection_min=first,
        spent_at_detection=float(np.interp(first, edges, errors)) * per_budget,
        spent=float(errors[-1]) * per_budget,
        reset_min=max(resets),
        rule_fires=tuple(int(bool(times)) for times in found),
        rule_detection_min=tuple(starts),
        rule_reset_min=tuple(resets),
        after_min=np.tile(after, longs.size),
        rule=tuple(f"{long / MINUTES_PER_HOUR:g} h at {burn:g}" for long, burn in rules for _ in after),
        over_threshold=np.concatenate(
            [
                np.minimum(*(_average(edges, errors, after, width) for width in (long, long * short_share)))
                / (burn * budget)
                for long, burn in rules
            ]
        ),
    )


def _refuse(lengths: np.ndarray, rates: np.ndarray, longs: np.ndarray, burns: np.ndarray, window_d: float) -> None:
    if lengths.size != rates.size or lengths.size > MOST_STEPS:
        raise InvalidInput(
            f"{lengths.size} lengths and {rates.size} error rates; each step has one of both, {MOST_STEPS} at most"
        )
    if longs.size != burns.size or longs.size > MOST_RULES:
        raise InvalidInput(
            f"{longs.size} windows and {burns.size} burn rates; each rule has one of both, {MOST_RULES} at most"
        )
    if lengths.sum() > window_d * HOURS_PER_DAY * MINUTES_PER_HOUR * (1 + 1e-12):
        raise InvalidInput(
            f"the outage lasts {lengths.sum():g} min, longer than the window of {window_d:g} d; shorten the steps"
        )


def _firing(
    edges: np.ndarray, errors: np.ndarray, long: float, short: float, threshold: float, hold: float
) -> list[tuple[float, float]]:
    """Times from and until which one rule fires, in order."""
    times = np.unique(np.concatenate((edges, edges + long, edges + short)))
    above = np.stack([_average(edges, errors, times, width) for width in (long, short)]) - threshold * TOUCHES
    found: list[tuple[float, float]] = []
    for at in range(times.size - 1):
        begin, end = times[at], times[at + 1]
        for before, after in zip(above[:, at], above[:, at + 1], strict=True):
            begin, end = _above_zero(times[at], times[at + 1], before, after, begin, end)
        if begin > end:
            continue
        if found and begin <= found[-1][1] + 1e-9:
            found[-1] = (found[-1][0], float(end))
        else:
            found.append((float(begin), float(end)))
    return [(begin + hold, end) for begin, end in found if end - begin >= hold]


def _average(edges: np.ndarray, errors: np.ndarray, times: np.ndarray, width: float) -> np.ndarray:
    return (np.interp(times, edges, errors) - np.interp(times - width, edges, errors)) / width


def _above_zero(
    start: float, stop: float, before: float, after: float, begin: float, end: float
) -> tuple[float, float]:
    """The part of [begin, end] in which a line from `before` at start to `after` at stop is not below 0."""
    if before < 0 and after < 0:
        return 1.0, 0.0  # empty
    if before < 0:
        return max(begin, start + (stop - start) * before / (before - after)), end
    if after < 0:
        return begin, min(end, start + (stop - start) * before / (before - after))
    return begin, end


@checked
def steady_outage(
    objective: Objective,
    error_rate: Annotated[float, Input("Error rate", "share", low=0, high=1, default=0.02)],
    outage_h: Annotated[float, Input("Length of the outage", "h", low=0, high=8760, default=2)],
    window_d: Window = 30,
    long_window_h: LongWindows = Numbers((1, 6, 72)),  # noqa: B008
    burn_rate: BurnRates = Numbers((14.4, 6, 1)),  # noqa: B008
    short_share: ShortShare = 1 / 12,
    hold_min: Hold = 0.0,
) -> Alerting:
    """What alert rules make of an outage at one steady error rate.

    `outage` with a single step. Each rule fires after budget / error rate * long window *
    burn rate, if the outage lasts that long and its burn rate reaches the rule's.
    Raises InvalidInput as `outage` does. Source: sre-workbook-alerting-2018.

    >>> round(steady_outage(0.999, 1.0, 1, long_window_h=(36,), burn_rate=(1,)).detection_min, 3)
    2.16
    """
    return outage(
        objective=objective,
        step_min=Numbers((outage_h * MINUTES_PER_HOUR,)),
        step_error_rate=Numbers((error_rate,)),
        window_d=window_d,
        long_window_h=long_window_h,
        burn_rate=burn_rate,
        short_share=short_share,
        hold_min=hold_min,
    )


def _ruled(inputs: Mapping[str, Any], result: BurnRule) -> str:
    return (
        f"Alert at {amount(result.burn_rate)} times the budget's pace over "
        f"{duration(inputs['long_window_h'] * 3600)} and "
        f"over {duration(result.short_window_min * 60)}: a full outage is noticed after "
        f"{duration(result.detection_min * 60)}."
    )


def _alerted(inputs: Mapping[str, Any], result: Alerting) -> str:
    if not result.alerts:
        return f"No rule fires; the outage spends {percent(result.spent)} of the budget unnoticed."
    return (
        f"Somebody is told after {duration(result.detection_min * 60)}, with "
        f"{percent(result.spent_at_detection)} of the budget spent; the last alert ends "
        f"{duration(result.reset_min * 60)} after the outage."
    )


MODELS = (
    Model(burn_rule, WINDOWS, _ruled, "11-observability", "11-observability/burn-rule"),
    Model(steady_outage, WINDOWS, _alerted, "11-observability", "11-observability/detection"),
    Model(outage, WINDOWS, _alerted, "11-observability", "11-observability/outage"),
)
