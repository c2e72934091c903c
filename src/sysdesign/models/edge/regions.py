"""A region is lost: who carries its load, how long users wait, and what of a year that takes.

Times in seconds, `_min` in minutes; capacity and load are shares of the load at the peak; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, count, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

YEAR_MIN = 525_960.0


@dataclass(frozen=True)
class RegionLoss:
    """One loss of regions at the peak, and a year of such losses."""

    safe_peak_share: Annotated[float, Output("Fullest that regions may be for the others to carry all", "share")]
    missing_share: Annotated[float, Output("Load that nobody can carry until capacity has grown", "share")]
    capacity_factor: Annotated[float, Output("Capacity over the load at the peak")]
    reads_away_s: Annotated[float, Output("Until users of the lost region read again, mean", "s")]
    writes_away_s: Annotated[float, Output("Until they write again, mean", "s")]
    lost_min: Annotated[float, Output("Minutes of all users that one loss takes", "min")]
    lost_writes: Annotated[float, Output("Confirmed writes that one loss takes")]
    year_min: Annotated[float, Output("Minutes of all users lost in a year", "min")]
    month_min: Annotated[float, Output("The same in a month", "min")]
    shared_of_year: Annotated[float, Output("Part of it by what the regions share", "share")]


@checked
def region_loss(
    active: Annotated[float, Input("Regions that serve, each an equal part", low=1, high=100, default=3)] = 3,
    lost: Annotated[float, Input("Regions lost at once", low=1, high=99, default=1)] = 1,
    peak_share: Annotated[
        float, Input("How full each is at the peak", "share", low=0.01, high=1, default=0.6)
    ] = 0.6,
    standby_share: Annotated[
        float, Input("Capacity that stands by elsewhere, of the load at the peak", "share", low=0, high=10, default=0)
    ] = 0,
    detect_s: Annotated[float, Input("Until the loss is noticed, mean", "s", low=0, high=1e6, default=30)] = 30,
    move_s: Annotated[float, Input("Until users are sent elsewhere, mean", "s", low=0, high=1e7, default=60)] = 60,
    decide_s: Annotated[
        float, Input("Until somebody decides to move the writes", "s", low=0, high=1e6, default=300)
    ] = 300,
    promote_s: Annotated[
        float, Input("Until another region takes the writes", "s", low=0, high=1e6, default=60)
    ] = 60,
    grow_s: Annotated[float, Input("Until missing capacity runs", "s", low=0, high=1e6, default=600)] = 600,
    write_share: Annotated[float, Input("Requests that write", "share", low=0, high=1, default=0.1)] = 0.1,
    writes_per_s: Annotated[float, Input("Writes, all regions", "1/s", low=0, high=1e9, default=500)] = 500,
    lag_s: Annotated[float, Input("How far copies are behind", "s", low=0, high=1e6, default=2)] = 2,
    losses_per_year: Annotated[
        float, Input("Losses a year of one region", low=0, high=1000, default=0.5)
    ] = 0.5,
    shared_availability: Annotated[
        float, Input("Availability of what all regions share", "share", low=0, high=1, default=0.9999)
    ] = 0.9999,
) -> RegionLoss:  # fmt: skip
    """What the loss of a region takes: capacity that is missing, time until users and writes are elsewhere, a year.

    Regions share the load evenly. Without `lost` of them the others have (active - lost) / active / peak_share of the
    load, and what stands by; below one, requests are refused at random until the missing capacity has grown, evenly
    over `grow_s`. Users of the lost region read again once the loss is noticed and they are sent elsewhere, and write
    again once writes are moved as well, the later of the two; writes that had not been copied are lost. A year has
    losses for each region that serves, and the outages of what all share: names, logins, deploys.

    Holds at the peak; at other hours less is missing. One loss at a time. Cold caches, quotas and connections that
    the others lack make it worse; give a longer `grow_s`. `balancing.name_failover` gives detection and moving by
    name, less its detection. A promotion without a decision is a `decide_s` of 0. Elementwise over arrays.
    Raises InvalidInput where as many are lost as serve and nothing stands by, or an input is out of range.
    Follows from the definitions.

    >>> region_loss(3).safe_peak_share
    0.6666666666666666
    """
    given = (active, lost, peak_share, standby_share, detect_s, move_s, decide_s, promote_s, grow_s, write_share)
    every = broadcast(*given, writes_per_s, lag_s, losses_per_year, shared_availability)
    serve, gone, full, spare, notice, move, decide, promote, grow, writing, writes, lag, often, shared = every
    if np.any((gone >= serve) & (spare == 0)) or np.any(gone > serve):
        raise InvalidInput(
            f"{amount(float(np.max(gone)))} of {amount(float(np.min(serve)))} regions lost leaves nobody to serve; "
            "give fewer lost, more regions, or a capacity that stands by"
        )
    left = (serve - gone) / serve
    missing = np.maximum(1 - left / full - spare, 0)
    reads = notice + move
    wrote = np.maximum(notice + decide + promote, reads)
    part = gone / serve
    lost_min = (part * ((1 - writing) * reads + writing * wrote) + missing * grow / 2) / 60
    common = (1 - shared) * YEAR_MIN
    year = serve / gone * often * lost_min + common
    found = (
        np.minimum(left / np.maximum(1 - spare, 1e-9), 1.0), missing, 1 / full + spare, reads, wrote, lost_min,
        part * writes * lag, year, year / 12, np.where(year > 0, common / np.where(year > 0, year, 1), 0.0),
    )  # fmt: skip
    return RegionLoss(*map(plain, found))


def _lost(inputs: Mapping[str, Any], result: RegionLoss) -> str:
    return (
        f"Regions may be {percent(result.safe_peak_share)} full for the others to carry all; now "
        f"{percent(result.missing_share)} of the load has no place at first. Users of the lost region read again "
        f"after {duration(result.reads_away_s)} and write after {duration(result.writes_away_s)}; "
        f"{count(result.lost_writes)} confirmed writes are gone. A year loses {amount(result.year_min)} minutes, "
        f"{percent(result.shared_of_year)} of them by what the regions share."
    )


MODELS = (Model(region_loss, "What does a lost region take?", _lost, "20-edge", "20-edge/lost-region"),)
