"""Questions over many records: how long a scan takes, by what it reads and who reads it, and what a join moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import ndtri

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, size
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
    1.0
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
    return Scan(*map(plain, np.broadcast_arrays(*found)))


@dataclass(frozen=True)
class Join:
    """Bytes that a join of two tables sends between machines, and how long that takes."""

    broadcast_bytes: Annotated[float, Output("Sent by a broadcast", "B")]
    shuffle_bytes: Annotated[float, Output("Sent by a shuffle of both", "B")]
    one_side_bytes: Annotated[float, Output("Sent where the large table lies by the key", "B")]
    broadcast_s: Annotated[float, Output("Time to send, broadcast", "s")]
    shuffle_s: Annotated[float, Output("Time to send, shuffle", "s")]
    even_bytes: Annotated[float, Output("Size of the small table at which both send as much", "B")]
    slowest_over_mean: Annotated[float, Output("Fullest machine after a shuffle, over the mean")]
    broadcast_held_bytes: Annotated[float, Output("Of the small table on each machine, broadcast", "B")]
    shuffle_held_bytes: Annotated[float, Output("Of the small table on each machine, shuffled", "B")]


@checked
def join(
    large_bytes: Annotated[
        float, Input("Large table, what is left to join", "B", low=0, high=1e18, default=5e10)
    ] = 5e10,
    small_bytes: Annotated[float, Input("Small table, what is left to join", "B", low=0, high=1e18, default=1e8)] = 1e8,
    machines: Annotated[float, Input("Machines, or slices that work alone", low=1, high=1e5, default=8)] = 8,
    top_share: Annotated[
        float, Input("Rows of the large table with the most frequent key", "share", low=0, high=1, default=0)
    ] = 0,
    network_bytes_per_s: Annotated[
        float, Input("Bytes that one machine receives", "B/s", low=1, high=1e13, default=1.25e9)
    ] = 1.25e9,
) -> Join:
    """What a join of two tables sends between machines: a broadcast of the small one, or a shuffle.

    Both tables are dealt evenly, without regard to the key. A broadcast sends each machine what it lacks of the
    small table. A shuffle sends each row to the machine of its key, where one in n rows lies already. Where the
    large table lies by the key, only the small one moves. Both send as much where the small table is the large
    one's bytes over n - 1. All rows of one key meet on one machine, so a frequent key makes it the slowest;
    a broadcast leaves the large table where it is and does not notice.

    Other keys are taken to be many and to fall evenly; machines receive at once, and sending, hashing and
    spilling are left out. Bytes are those after filters and of the columns needed. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Counts what must move; no source needed.

    >>> join(5e10, 1e8, 8).broadcast_bytes, join(5e10, 1e8, 8).shuffle_bytes
    (700000000.0, 43837500000.0)
    """
    given = (large_bytes, small_bytes, machines, top_share, network_bytes_per_s)
    large, small, count, top, pace = (np.asarray(each, dtype=float) for each in given)
    away = (count - 1) / count
    fullest = top + (1 - top) / count
    found = (
        small * (count - 1),
        (large + small) * away,
        small * away,
        small * away / pace,
        (large * fullest + small / count) * away / pace,
        np.where(count > 1, large / np.maximum(count - 1, 1e-9), 0.0),
        fullest * count,
        small,
        small / count,
    )
    return Join(*map(plain, np.broadcast_arrays(*found)))


def _joined(inputs: Mapping[str, Any], result: Join) -> str:
    less = "broadcast" if result.broadcast_bytes <= result.shuffle_bytes else "shuffle"
    return (
        f"A broadcast sends {size(result.broadcast_bytes)}, a shuffle {size(result.shuffle_bytes)}: {less}. "
        f"They cross where the small table has {size(result.even_bytes)}."
    )


def _scanned(inputs: Mapping[str, Any], result: Scan) -> str:
    return (
        f"{amount(inputs['machines'])} machines answer after {duration(result.answer_s)}, having read "
        f"{amount(result.read_bytes)} bytes; one machine over whole rows takes {duration(result.whole_rows_s)}."
    )


MODELS = (
    Model(scan, "Where should questions over many records be answered?", _scanned, "19-olap-oltp", "19-olap-oltp/scan"),
    Model(join, "How should a join meet its rows?", _joined, "19-olap-oltp", "19-olap-oltp/join"),
)
