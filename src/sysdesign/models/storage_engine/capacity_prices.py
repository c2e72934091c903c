"""Paying for each request or for capacity by the hour, by the shape of the load. Prices are relative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.storage_engine.throughput import THROUGHPUT
from sysdesign.models.wording import amount, percent
from sysdesign.probability.elementwise import broadcast, plain


@dataclass(frozen=True)
class Modes:
    """What each way to pay costs, in units of provisioned capacity that is used in full by the mean load."""

    by_request: Annotated[float, Output("Paid by request")]
    fixed: Annotated[float, Output("Provisioned for the peak")]
    scaled: Annotated[float, Output("Provisioned by autoscaling")]
    mixed: Annotated[float, Output("A base provisioned, the rest by request, at best")]
    base_share: Annotated[float, Output("Peak that the best base covers", "share")]
    break_even_peak: Annotated[float, Output("Peak to mean above which paying by request is cheaper than the peak")]
    hours_above_mean: Annotated[float, Output("Time with more load than the mean", "share")]


@checked
def capacity_modes(
    peak_factor: Annotated[float, Input("Peak to mean", low=1, high=1e4, default=4)],
    price_ratio: Annotated[
        float, Input("Price of a request, over its price in capacity used in full", low=1, high=1000, default=5)
    ] = 5,
    utilization: Annotated[
        float, Input("Target utilization of what is provisioned", "share", low=0.05, high=1, default=0.7)
    ] = 0.7,
    followed: Annotated[
        float, Input("Changes of load that autoscaling follows in time", "share", low=0, high=1, default=0.8)
    ] = 0.8,
    least_share: Annotated[
        float, Input("Least capacity that autoscaling keeps, of the peak", "share", low=0, high=1, default=0.02)
    ] = 0.02,
) -> Modes:
    """Relative cost of paying by request, for the peak, by autoscaling or both, by how uneven the load is.

    The sorted load of a month is taken as peak * x^(peak_factor - 1) over the share x of the time,
    the power curve with that mean and peak. Capacity for the peak costs peak / utilization,
    whether used or not; autoscaling keeps what it follows at the target utilization and the rest
    at the peak; a request costs `price_ratio` times its capacity. The best base is
    the load that is exceeded for 1 / (price_ratio * utilization) of the time: a unit more
    would be used too seldom to be worth its hours.
    Multiply by the mean load and by your own price of a unit. Storage and reserved terms are
    left out. Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Follows from the curve; no source needed.

    >>> capacity_modes(10, 5, 0.5).fixed
    20.0
    """
    given = (peak_factor, price_ratio, utilization, followed, least_share)
    peak, ratio, busy, follow, least = broadcast(*given)
    bend = peak - 1  # of the curve; 0 is a steady load
    fixed = peak / busy
    # The load is below the least capacity up to the share `idle` of the time.
    idle = np.where(bend > 0, least ** (1 / np.maximum(bend, 1e-12)), np.where(least < 1, 0.0, 1.0))
    kept = peak * least * idle + 1 - idle**peak
    scaled = (follow * kept + (1 - follow) * peak) / busy
    covered = np.maximum(1 - 1 / (ratio * busy), 0.0)
    mixed = np.where(ratio * busy > 1, ratio * (1 - covered**peak), ratio)
    base = np.where(bend > 0, covered**bend, np.where(ratio * busy > 1, 1.0, 0.0))
    above = np.where(bend > 0, 1 - peak ** (-1 / np.maximum(bend, 1e-12)), 0.0)
    found = (ratio, fixed, scaled, mixed, base, ratio * busy, above)
    return Modes(*map(plain, np.broadcast_arrays(*found)))


def _paid(inputs: Mapping[str, Any], result: Modes) -> str:
    costs = {"by request": result.by_request, "for the peak": result.fixed, "by autoscaling": result.scaled}
    cheapest = min(costs, key=lambda name: costs[name])
    others = ", ".join(f"{amount(cost)} {name}" for name, cost in costs.items() if name != cheapest)
    return (
        f"Paying {cheapest} is the cheapest of three at {amount(costs[cheapest])} ({others}); a base of "
        f"{percent(result.base_share)} of the peak and requests above it cost {amount(result.mixed)}."
    )


MODELS = (Model(capacity_modes, THROUGHPUT, _paid, "04-databases", "04-databases/capacity-modes"),)
