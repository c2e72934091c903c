"""Storage tiers: what an object costs over its life, by how it is read as it ages. Prices are relative.

A month of one byte in the standard tier costs 1. Units: `_months` months, `_bytes` bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount
from sysdesign.probability.elementwise import plain

NODES, WEIGHTS = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True)
class Tiers:
    """Cost of an object over its life, as a share of the standard tier's."""

    archive: Annotated[float, Output("Kept in the archive from the start", "share")]
    by_age: Annotated[float, Output("Moved to the archive at that age", "share")]
    by_use: Annotated[float, Output("Moved by its use, and watched", "share")]
    best_age_months: Annotated[float, Output("Age at which moving pays")]
    by_best_age: Annotated[float, Output("Moved at the best age", "share")]
    break_even_reads: Annotated[float, Output("Reads a month below which the archive is cheaper")]
    reads: Annotated[float, Output("Reads over its life")]


@checked
def tiers(
    kept_months: Annotated[float, Input("Time that an object is kept, in months", low=0.01, high=1e4, default=36)] = 36,
    object_bytes: Annotated[float, Input("Size of an object", "B", low=1, high=1e14, default=1e6)] = 1e6,
    first_reads: Annotated[float, Input("Reads a month when it is new", low=0, high=1e6, default=2)] = 2,
    later_reads: Annotated[float, Input("Reads a month in the long run", low=0, high=1e6, default=0.05)] = 0.05,
    fade_months: Annotated[float, Input("Months in which reads fade to a third", low=0.01, high=1e4, default=1)] = 1,
    archive_price: Annotated[float, Input("Price at rest, of the standard tier's", low=0, high=1, default=0.2)] = 0.2,
    fetch_price: Annotated[
        float, Input("Price of a read, in months of the standard tier", low=0, high=1000, default=1)
    ] = 1,
    least_months: Annotated[float, Input("Months that are charged at least", low=0, high=1000, default=3)] = 3,
    floor_bytes: Annotated[float, Input("Size that is charged at least", "B", low=0, high=1e12, default=0)] = 0,
    move_bytes: Annotated[
        float, Input("Price of a move, as bytes kept for a month", "B", low=0, high=1e12, default=2000)
    ] = 2000,
    watch_bytes: Annotated[
        float, Input("Price of watching an object, as bytes kept", "B", low=0, high=1e12, default=1e5)
    ] = 1e5,
    idle_months: Annotated[float, Input("Months without a read until it moves", low=0.01, high=1000, default=3)] = 3,
    age_months: Annotated[float, Input("Age at which a rule moves it, in months", low=0, high=1e4, default=1)] = 1,
) -> Tiers:
    """Cost of an object in a standard tier, an archive, by a rule of age, or moved by its use.

    Reads come at random, at a rate that fades exponentially from the first month's to the long run's. The
    archive keeps for less, charges for each read, and for a least time and size; what is moved later
    pays its standard months and the move. A tier that moves by use keeps an object in
    the archive while it was not read for some months, brings it back for nothing, and charges
    for watching each. Moving pays from the age at which a month's reads cost less than what the month saves.

    Requests, transfers out and writes cost the same in all tiers and are left out, and so is the wait for a
    slow archive. Objects are alike: for a mix, weigh the runs. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the prices; no source needed.

    >>> tiers(12, first_reads=0, later_reads=0, archive_price=0.2).archive
    0.2
    """
    given = (kept_months, object_bytes, first_reads, later_reads, fade_months, archive_price, fetch_price)
    more = (least_months, floor_bytes, move_bytes, watch_bytes, idle_months, age_months)
    life, size, first, later, fade, rest, fetch, least, floor, move, watch, idle, age = (
        np.asarray(each, dtype=float) for each in (*given, *more)
    )
    rest = rest * np.maximum(1, floor / size)

    def reads(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return later * (end - start) + (first - later) * fade * (np.exp(-start / fade) - np.exp(-end / fade))

    def moved(at: np.ndarray) -> np.ndarray:
        left = life - at
        in_archive = rest * np.maximum(left, least) + move / size + fetch * reads(at, life)
        return np.where(left > 0, (at + in_archive) / life, 1.0)

    archive = (rest * np.maximum(life, least) + fetch * reads(np.zeros_like(life), life)) / life
    even = np.maximum(1 - rest, 0) / np.maximum(fetch, 1e-12)
    best = np.where(later < even, fade * np.log(np.maximum((first - later) / np.maximum(even - later, 1e-12), 1)), life)
    best = np.minimum(best, life)
    by_best = np.minimum(moved(best), 1.0)
    # From the age at which it can first be idle to its end, at the points of a quadrature.
    span = np.maximum(life - idle, 0)
    grid = (-1,) + (1,) * np.broadcast(*np.broadcast_arrays(*(life, later, idle, fade, first))).ndim
    ages = idle + span * (NODES.reshape(grid) + 1) / 2
    cold = np.sum(WEIGHTS.reshape(grid) / 2 * np.exp(-np.maximum(reads(ages - idle, ages), 0)), axis=0) * span / life
    by_use = 1 - np.maximum(1 - rest, 0) * cold + watch / size
    found = (archive, moved(np.minimum(age, life)), by_use, best, by_best, even, reads(np.zeros_like(life), life))
    return Tiers(*map(plain, np.broadcast_arrays(*found)))


def _kept(inputs: Mapping[str, Any], result: Tiers) -> str:
    return (
        f"Over {amount(inputs['kept_months'])} months an object costs {amount(result.archive)} times the standard tier "
        f"in the archive, {amount(result.by_use)} moved by its use, and {amount(result.by_best_age)} moved at the best "
        f"age of {amount(result.best_age_months)} months."
    )


MODELS = (Model(tiers, "In which tier should objects be kept?", _kept, "09-storage", "09-storage/tiers"),)
