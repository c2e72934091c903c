"""Zone maps: which blocks a condition on a range leaves to be read, by how well the rows are in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import exp1

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, percent
from sysdesign.probability.elementwise import plain

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class ZoneMap:
    """What a range of the column leaves to be read."""

    kept_share: Annotated[float, Output("Blocks read", "share")]
    kept_blocks: Annotated[float, Output("Blocks read, on average")]
    blocks: Annotated[float, Output("Blocks")]
    read_rows: Annotated[float, Output("Rows read")]
    useful_share: Annotated[float, Output("Of the rows read, in the range", "share")]
    times_less: Annotated[float, Output("Times less than all")]


@checked
def zone_map(
    rows: Annotated[float, Input("Rows", low=1, high=1e15, default=1e9)],
    block_rows: Annotated[float, Input("Rows of a block", low=1, high=1e12, default=122_880)] = 122_880,
    asked_share: Annotated[float, Input("Rows in the range asked for", "share", low=0, high=1, default=0.01)] = 0.01,
    late_rows: Annotated[
        float, Input("Mean rows by which a row comes late", low=0, high=1e15, default=0, help="0: none does.")
    ] = 0,
    scattered_share: Annotated[float, Input("Rows that lie anywhere", "share", low=0, high=1, default=0)] = 0,
) -> ZoneMap:
    """Share of blocks whose least and greatest value do not rule out a range.

    Rows lie in the order of the column's values, but for two faults: each comes late by an exponential number
    of rows, and a share lies anywhere, as corrections and backfills do. The range is equally often at any place.
    Lateness draws a block's least value down, on average by late_rows times Ein(m), where m is the sum of exp(-i /
    late_rows) over its rows that are not scattered; a block outside the range is read if a scattered row of it
    reaches over, with chance 1 - (1 - s u)^n. A column without any order has a scattered share of 1.

    Values are spread evenly over their range: where some are frequent, give the share of rows as asked. Blocks are
    equal, and one is read as a whole; indexes within it and Bloom filters are left out. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from order statistics; duckdb-zonemaps tells
    the mechanism and the size of a block.

    >>> round(zone_map(1e8, 1e5, asked_share=0.01).kept_blocks, 6)
    11.0
    """
    given = (rows, block_rows, asked_share, late_rows, scattered_share)
    count, size, asked, late, scattered = (np.asarray(each, dtype=float) for each in given)
    size = np.minimum(size, count)
    blocks = np.ceil(count / size)
    ordered = np.maximum(size * (1 - scattered), 1.0)
    near = np.minimum(asked + size / count + _within(_drawn_down(ordered, late) / count, 1 - asked), 1.0)
    adrift = scattered**size  # blocks that hold no row in order
    drifting = 1 - 2 * (1 - asked) ** size / (size + 1)
    kept = near * (1 - adrift) + (1 - near) * _reached(asked, size, scattered, adrift) + adrift * drifting
    kept = np.where(asked > 0, np.clip(kept, np.maximum(asked, 1 / blocks), 1.0), 0.0)
    found = (kept, kept * blocks, blocks, kept * count, asked / np.maximum(kept, 1e-300), 1 / np.maximum(kept, 1e-15))
    return ZoneMap(*map(plain, np.broadcast_arrays(*found)))


def _drawn_down(size: np.ndarray, late: np.ndarray) -> np.ndarray:
    """Rows by which late ones draw a block's least value below that of its first place."""
    each = np.maximum(late, 1e-9)
    m = np.expm1(-size / each) / np.expm1(-1 / each)
    return np.where(late > 0, each * (np.log(m) + np.euler_gamma + exp1(m)), 0.0)


def _within(length: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Mean of the length that stays inside the table, where the room to its end is even between 0 and this."""
    inside = np.minimum(length, room)
    return np.where(room > 0, inside - inside**2 / (2 * np.maximum(room, 1e-300)), 0.0)


def _reached(asked: np.ndarray, size: np.ndarray, scattered: np.ndarray, adrift: np.ndarray) -> np.ndarray:
    """Chance that a block outside the range has rows in order and a scattered one in the range or beyond.

    The share u of values from the range's near edge on has density 2 (1 - u) / (1 - asked)^2 among such blocks.
    """
    grid = (-1,) + (1,) * np.broadcast(asked, size, scattered).ndim
    # Powers of the substitution bring the points to where the chance rises, near the range itself.
    part = ((NODES + 1) / 2).reshape(grid)
    weight = (WEIGHTS / 2).reshape(grid)
    u = asked + (1 - asked) * part**4
    density = 2 * (1 - part**4) * 4 * part**3
    reach = -np.expm1(size * np.log1p(-np.minimum(scattered * u, 1 - 1e-16)))
    reach = reach + adrift * np.expm1(size * np.log1p(-np.minimum(u, 1 - 1e-16)))
    return np.sum(weight * density * reach, axis=0)


def _kept(inputs: Mapping[str, Any], result: ZoneMap) -> str:
    return (
        f"A range of {percent(inputs['asked_share'])} of the rows reads {percent(result.kept_share)} of "
        f"{amount(result.blocks)} blocks; {percent(result.useful_share)} of the rows read are in it."
    )


MODELS = (Model(zone_map, "How much does the order of rows save?", _kept, "19-olap-oltp", "19-olap-oltp/zone-map"),)
