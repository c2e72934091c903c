"""Questions over many records: how long a scan takes, by what it reads and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

import numpy as np
from scipy.special import ndtri

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration
from sysdesign.probability.elementwise import plain


@dataclass(frozen=True)
class Scan:
    """What one question reads, and when it is answered."""

    answer_s: Annotated[float, Output("Time until the answer", "s")]
    read_bytes: Annotated[float, Output("Bytes read", "B")]
    machine_s: Annotated[float, Output("Machine time, all machines", "s")]
    speedup: Annotated[float, Output("Times faster than one machine")]
    best_machines: Annotated[float, Output("Machines beyond which it takes longer")]
    whole_rows_s: Annotated[float, Output("Time over whole rows on one machine", "s")]


@checked
def scan(
    rows: Annotated[float, Input("Rows that the question is about", low=0, high=1e16, default=1e9)],
    row_bytes: Annotated[float, Input("Size of a row", "B", low=0.01, high=1e9, default=200)] = 200,
    columns_share: Annotated[
        float, Input("Bytes of the columns read, of a row's", "share", low=1e-6, high=1, default=0.05)
    ] = 0.05,
    compression: Annotated[float, Input("Bytes of a column, over its bytes stored", low=0.5, high=1000, default=4)] = 4,
    kept_share: Annotated[
        float, Input("Blocks left by partitions and indexes", "share", low=1e-9, high=1, default=0.2)
    ] = 0.2,
    machine_bytes_per_s: Annotated[
        float, Input("Bytes that one machine reads", "B/s", low=1, high=1e15, default=5e8)
    ] = 5e8,
    machines: Annotated[float, Input("Machines that read", low=1, high=1e6, default=8)] = 8,
    uneven: Annotated[float, Input("Spread of their times, deviation over mean", low=0, high=3, default=0.1)] = 0.1,
    start_s: Annotated[float, Input("Time before the first byte", "s", low=0, high=1e6, default=0.5)] = 0.5,
    merge_s: Annotated[float, Input("Time to take in one machine's part", "s", low=0, high=100, default=0.002)] = 0.002,
) -> Scan:
    """Time of a question that scans rows, by columns, compression, pruning and machines.

    Bytes read are rows times their size times what is left by columns, compression and pruning. Machines
    read equal parts; the answer waits for the slowest, whose time is the expected largest of n normal
    ones (Blom's approximation), and one of them takes in the parts one after the other. So more machines
    help up to where merging takes as long as reading.

    One question at a time: put the time into a queue for many. Sorts and joins that
    send rows between machines are left out; so are caches. Reading is what bounds it: where arithmetic does, give its
    pace as bytes. Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: clickhouse-intro for columns read alone; the rest follows.

    >>> round(scan(1e9, machines=1, uneven=0, start_s=0, merge_s=0).answer_s, 6)
    4.0
    """
    given = (rows, row_bytes, columns_share, compression, kept_share, machine_bytes_per_s, machines)
    every = (np.asarray(each, dtype=float) for each in (*given, uneven, start_s, merge_s))
    count, size, columns, packed, kept, pace, fleet, spread, start, merge = every
    read = count * size * columns / packed * kept
    alone = read / pace
    slowest = 1 + spread * ndtri((fleet - 0.375) / (fleet + 0.25))
    merging = merge * (fleet - 1)
    answer = start + alone / fleet * slowest + merging
    best = np.sqrt(np.maximum(alone / np.maximum(merge, 1e-12), 1))
    faster = (start + alone) / np.maximum(answer, 1e-300)
    faster = np.where(answer > 0, faster, 1.0)
    found = (answer, read, alone + merging, faster, best, start + count * size / pace)
    return Scan(**dict(zip(FIELDS, map(plain, np.broadcast_arrays(*found)), strict=True)))


FIELDS = tuple(each.name for each in fields(Scan))


def _scanned(inputs: Mapping[str, Any], result: Scan) -> str:
    return (
        f"{amount(inputs['machines'])} machines answer after {duration(result.answer_s)}, having read "
        f"{amount(result.read_bytes)} bytes; one machine over whole rows takes {duration(result.whole_rows_s)}."
    )


MODELS = (
    Model(scan, "Where should questions over many records be answered?", _scanned, "19-olap-oltp", "19-olap-oltp/scan"),
)
