"""Alerts by repeated checks: how many are false, which incidents are seen, how soon, and when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

WEEK_S = 604_800.0
LEAST = 1e-300


@dataclass(frozen=True)
class Checks:
    """What a rule that is checked again and again says in a week, and how much of it is true."""

    false_per_week: Annotated[float, Output("False alarms a week")]
    true_per_week: Annotated[float, Output("Incidents a week that alert")]
    precision: Annotated[float, Output("Alarms that mean an incident", "share")]
    recall: Annotated[float, Output("Incidents that alert before they end", "share")]
    alarms_per_incident: Annotated[float, Output("Alarms for each that means an incident")]
    detection_s: Annotated[float, Output("Time from an incident's beginning to its alert, mean", "s")]
    reset_s: Annotated[float, Output("Time from an incident's end to the alert's, mean", "s")]
    missed_per_year: Annotated[float, Output("Incidents a year that do not alert")]


@checked
def checks(
    false_share: Annotated[
        float, Input("Checks over the threshold while all is well", "share", low=1e-12, high=0.5, default=0.001)
    ],
    hold: Annotated[float, Input("Checks in a row over it before an alert", low=1, high=1000, default=1)] = 1,
    series: Annotated[float, Input("Series that are checked", low=1, high=1e8, default=1000)] = 1000,
    interval_s: Annotated[float, Input("Time between checks", "s", low=0.1, high=1e6, default=60)] = 60,
    incidents_per_week: Annotated[float, Input("Incidents a week", low=1e-6, high=1e6, default=14)] = 14,
    seen_share: Annotated[
        float, Input("Checks that are over it in an incident", "share", low=0.01, high=1, default=0.95)
    ] = 0.95,
    incident_s: Annotated[float, Input("Length of an incident, mean", "s", low=1, high=1e8, default=3600)] = 3600,
    clear: Annotated[float, Input("Checks in a row below it that end an alert", low=1, high=100, default=1)] = 1,
) -> Checks:  # fmt: skip
    """Precision, recall, detection and reset of an alert rule, with the base rate of incidents.

    Each series is checked at an interval, each check alone: over the threshold with false_share while all is
    well, with seen_share in an incident. `hold` checks in a row raise an alert, `clear` checks in a row below
    end it. Alerts begin and end in turn, so their rate is one over the mean time of both. An incident lasts
    an exponential time and shows in one series. Precision follows from both rates: of rare incidents few
    alarms speak, however good a check is.

    Assumes checks that are independent: noise that lasts passes a hold more often. Wholes for hold and clear
    are what a rule has; between them the formula interpolates. Elementwise over arrays.
    Follows from the generating function of a run of successes and Bayes' rule; no source needed.

    >>> round(checks(0.001).false_per_week)
    10070
    """
    false, run, many, every, often, seen, length, ending = broadcast(
        false_share, hold, series, interval_s, incidents_per_week, seen_share, incident_s, clear
    )
    cycle = _wait(false, run) + _wait(1 - false, ending)
    false_alarms = many * WEEK_S / every / cycle
    goes_on = np.exp(-every / length)
    first = -np.expm1(-every / length) * length / every  # lasts to its first check, at a random time
    caught, waited = _run_before_end(seen, run, goes_on)
    recall = np.clip(caught * first, 0, 1)
    true = often * recall
    precision = true / (true + false_alarms)
    begun = length - every * goes_on / -np.expm1(-every / length)  # from the beginning to that check
    found = (
        false_alarms, true, precision, recall, 1 / np.maximum(precision, LEAST),
        np.maximum(begun, 0) + (waited - 1) * every, every * (_wait(1 - false, ending) - 0.5),
        (often - true) * 365.25 / 7,
    )  # fmt: skip
    return Checks(*(plain(each) for each in found))


def _wait(share: np.ndarray, run: np.ndarray) -> np.ndarray:
    """Mean number of tries until the first run of so many successes."""
    chance = np.maximum(share**run, LEAST)
    return -np.expm1(run * np.log(share)) / ((1 - share) * chance)


def _run_before_end(seen: np.ndarray, run: np.ndarray, goes_on: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """E[z ** (N - 1)] of the wait N for a run of hits, z the chance to last to the next check; and mean N given that.

    The generating function is (pz)^k (1 - pz) / (1 - z + q p^k z^(k+1)); the mean is z times its logarithm's slope.
    """
    p, q, k, z = seen, 1 - seen, run, goes_on
    below = 1 - z + q * p**k * z ** (k + 1)
    certain = p * z >= 1 - 1e-15
    left = np.where(certain, 1.0, 1 - p * z)
    chance = np.where(certain, 1.0, p * (p * z) ** (k - 1) * left / np.maximum(below, LEAST))
    slope = (1 - (k + 1) * q * p**k * z**k) * z / np.maximum(below, LEAST)
    return chance, np.where(certain, k, np.maximum(k - p * z / left + slope, k))


def _said(inputs: Mapping[str, Any], result: Checks) -> str:
    return (
        f"{amount(result.false_per_week)} false alarms a week beside {amount(result.true_per_week)} true ones: "
        f"one in {amount(result.alarms_per_incident)} is real. {percent(result.recall)} of incidents alert, "
        f"after {duration(result.detection_s)} on average."
    )


MODELS = (Model(checks, "Which rule may page a person?", _said, "11-observability", "11-observability/precision"),)
