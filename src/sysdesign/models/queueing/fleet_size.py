"""A fleet by its number of instances: what each number carries, how long requests take, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.queueing.steady_state import mmc
from sysdesign.models.wording import duration, percent, several

SECONDS_A_MONTH = 2_629_800  # a twelfth of 365.25 days
MOST_COUNTS = 200
JUST_WHOLE = 1 - 1e-12  # a quotient that rounding put just above a whole number is that number
LARGEST_POOL = 1_000_000  # servers in one line, as many as `mmc` takes


@dataclass(frozen=True)
class Fleet:
    """One row for each number of instances."""

    instances: Annotated[np.ndarray, Output("Instances")]
    capacity_per_s: Annotated[np.ndarray, Output("Requests they can do", "1/s")]
    utilization: Annotated[np.ndarray, Output("Time in use", "share")]
    one_lost_per_s: Annotated[np.ndarray, Output("Requests they can do with one lost", "1/s")]
    zone_lost_per_s: Annotated[np.ndarray, Output("Requests they can do with a zone lost", "1/s")]
    mean_time_s: Annotated[np.ndarray, Output("Mean time, wait and service", "s")]
    time_p99_s: Annotated[np.ndarray, Output("99th percentile of the time", "s")]
    cost_per_month: Annotated[np.ndarray, Output("Cost a month, in the price given")]
    cost_per_million: Annotated[np.ndarray, Output("Cost of a million requests")]


@checked
def instances(
    arrivals_per_s: Annotated[float, Input("Requests at the peak", "1/s", low=1e-3, high=1e8, default=900)],
    instance_per_s: Annotated[float, Input("Requests an instance can do", "1/s", low=1e-3, high=1e7, default=250)],
    at_once: Annotated[int, Input("Requests it works on at once", low=1, high=10_000, default=8)] = 8,
    price_per_month: Annotated[float, Input("Price of an instance a month", low=0, high=1e9, default=1)] = 1,
    mean_share: Annotated[
        float, Input("Mean rate as a share of the peak", "share", low=1e-3, high=1, default=0.5)
    ] = 0.5,
    counts: Annotated[
        int, Input("Numbers shown, from the fewest that keep up", low=1, high=MOST_COUNTS, default=8)
    ] = 8,
    zones: Annotated[
        int,
        Input("Zones they stand in", low=1, high=100, default=1, help="evenly; with one, a lost zone leaves nothing"),
    ] = 1,
    target_utilization: Annotated[
        float, Input("Most time in use at the peak", "share", low=0.01, high=1, default=1, help="1: just below full")
    ] = 1,
) -> Fleet:
    """Capacity, latency and cost for each number of instances, from the fewest that keep up with the peak.

    With `target_utilization` the fewest are those that it leaves room with: time in use is at most that. Of several
    `zones` the fullest is lost, which holds an even share of the instances, rounded up.

    All instances draw from one line (M/M/c with instances * at_once servers): random arrivals, exponential
    service, a balancer that knows who is free. Behind a balancer that does not, requests wait longer; see
    `balancing.balance`. The cost of a million requests is that of the month over the requests of the month,
    `mean_share` of the peak all the time. Shapes: every result has `counts` values.
    Raises InvalidInput for fleets of more than a million requests at once.

    >>> instances(900, 250, counts=2).instances.tolist()
    [4, 5]
    """
    fewest = _fewest(arrivals_per_s, instance_per_s, target_utilization)
    number = fewest + np.arange(counts)
    if number[-1] * at_once > LARGEST_POOL:
        raise InvalidInput(
            f"{number[-1]:,} instances with {at_once:,} requests each are more than {LARGEST_POOL:,} at once; "
            "take one cell of the fleet"
        )
    servers: Any = number * at_once  # elementwise
    state = mmc(arrivals_per_s, instance_per_s / at_once, servers)
    capacity = number * float(instance_per_s)
    left = (number - 1) * float(instance_per_s)
    zone_left = (number - np.ceil(number / zones)) * float(instance_per_s)
    cost = number * float(price_per_month)
    requests = arrivals_per_s * mean_share * SECONDS_A_MONTH
    return Fleet(
        number, capacity, arrivals_per_s / capacity, left, zone_left,
        np.asarray(state.mean_time_s), np.asarray(state.time_p99_s), cost, cost / requests * 1e6,
    )  # fmt: skip


def _fewest(arrivals_per_s: float, instance_per_s: float, target_utilization: float) -> int:
    """Instances that are never all busy, and in use for the target's share of the time at the most."""
    keep_up = int(arrivals_per_s // instance_per_s) + 1
    return max(keep_up, math.ceil(arrivals_per_s / (instance_per_s * target_utilization) * JUST_WHOLE))


def _sentence(inputs: Mapping[str, Any], result: Fleet) -> str:
    zones = inputs.get("zones", 1)
    left, lost = (result.zone_lost_per_s, "a zone lost") if zones > 1 else (result.one_lost_per_s, "one lost")
    spared = np.flatnonzero(left > inputs["arrivals_per_s"])
    text = (
        f"{several(int(result.instances[0]), 'instance', 'keep')} up, {percent(float(result.utilization[0]))} in use, "
        f"with 1 request in 100 over {duration(float(result.time_p99_s[0]))}"
    )
    if spared.size == 0:
        return f"{text}; none of these numbers keeps up with {lost}."
    return f"{text}; {several(int(result.instances[spared[0]]), 'instance', 'keep')} up with {lost}."


MODELS = (
    Model(instances, "How many servers does the load need?", _sentence, "01-compute", "01-compute/instances"),
)  # fmt: skip
