"""Files that a delivery leaves in a table, and what a scan pays for their number.

Times in seconds, sizes in bytes; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, count, duration, percent, size
from sysdesign.probability.elementwise import broadcast, plain

DAY_S = 86_400.0


@dataclass(frozen=True)
class Files:
    """A day of deliveries, and a scan over some days of them."""

    files_a_day: Annotated[float, Output("Files that a day leaves")]
    file_bytes: Annotated[float, Output("Size of a file", "B")]
    scan_s: Annotated[float, Output("Time of the scan", "s")]
    compacted_s: Annotated[float, Output("Time of the scan over compacted files", "s")]
    slowdown: Annotated[float, Output("Times longer for the files' number")]
    opening_share: Annotated[float, Output("Time for finding and opening files, of the scan", "share")]
    requests: Annotated[float, Output("Requests of the scan")]
    compacted_requests: Annotated[float, Output("Requests over compacted files")]
    even_bytes: Annotated[float, Output("Size of a file that is opened as long as read", "B")]
    rewritten_bytes: Annotated[float, Output("Bytes that compaction rewrites in a day", "B")]


@checked
def files(
    day_bytes: Annotated[float, Input("Bytes delivered in a day", "B", low=1, high=1e18, default=1e11)] = 1e11,
    partitions: Annotated[float, Input("Partitions that a delivery writes to", low=1, high=1e7, default=200)] = 200,
    interval_s: Annotated[float, Input("Time between deliveries", "s", low=0.1, high=86_400, default=300)] = 300,
    writers: Annotated[float, Input("Writers that each open a file for a partition", low=1, high=1e5, default=1)] = 1,
    days: Annotated[float, Input("Days that the scan reads", low=0.001, high=1e5, default=1)] = 1,
    read_share: Annotated[
        float, Input("Bytes read of those in the files", "share", low=1e-6, high=1, default=1,
                     help="columns and row groups that are left")
    ] = 1,
    open_s: Annotated[
        float, Input("Until the first byte of a file's data", "s", low=0, high=60, default=0.1,
                     help="one request, or a footer's and one more")
    ] = 0.1,
    requests_a_file: Annotated[float, Input("Requests for a file", low=1, high=1000, default=2)] = 2,
    bytes_per_s: Annotated[float, Input("Pace of one read", "B/s", low=1e3, high=1e12, default=8e7)] = 8e7,
    at_once: Annotated[float, Input("Reads at once, over all machines", low=1, high=1e6, default=64)] = 64,
    planned_per_s: Annotated[
        float, Input("Files that planning gets through", "1/s", low=1, high=1e9, default=10_000)
    ] = 10_000,
    target_bytes: Annotated[float, Input("Size of compacted files", "B", low=1e3, high=1e12, default=1.28e8)] = 1.28e8,
) -> Files:  # fmt: skip
    """What many small files cost a scan: opening beside reading, planning, requests, and the compaction that mends it.

    Each delivery leaves a file in each partition for each writer, so a file holds the day's bytes over all of these.
    A scan plans its files one after the other, then reads them many at once: a read opens a file and then takes its
    bytes. Files are even. Compacted, the same bytes lie in as few files of the target size as each day's partitions
    allow, and reads take pieces of that size; with fewer pieces than reads at once, each takes an equal share.

    Engines that read several small files in one task save the task's start, not the opening. Listing pages and
    caches of footers are left out; so is a partition that gets nothing in a delivery (give fewer partitions).
    Elementwise over arrays. Raises InvalidInput where an input is out of range. Follows from the mechanism.

    >>> files(1e11, 200, 300).files_a_day
    57600.0
    """
    given = (day_bytes, partitions, interval_s, writers, days, read_share, open_s, requests_a_file, bytes_per_s)
    every = broadcast(*given, at_once, planned_per_s, target_bytes)
    daily, parts, apart, hands, span, share, opening, asked, pace, lanes, planned, target = every
    left = parts * hands * DAY_S / apart
    merged = np.minimum(np.maximum(np.ceil(daily / target), parts), left)
    scan, overhead = _scan(left * span, daily * span * share, opening, pace, lanes, planned)
    less, _ = _scan(merged * span, daily * span * share, opening, pace, lanes, planned)
    found = (
        left, daily / left, scan, less, scan / np.maximum(less, 1e-300), overhead / np.maximum(scan, 1e-300),
        left * span * asked, merged * span * asked, opening * pace, np.where(merged < left, daily, 0.0),
    )  # fmt: skip
    return Files(*map(plain, found))


def _scan(
    number: np.ndarray, read: np.ndarray, opening: np.ndarray, pace: np.ndarray, lanes: np.ndarray, planned: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Time of a scan, and what of it goes into planning and opening."""
    rounds = np.maximum(number / lanes, 1)  # of each read; fewer files than reads are cut into pieces
    overhead = number / planned + rounds * opening
    return overhead + read / (lanes * pace), overhead


def _scanned(inputs: Mapping[str, Any], result: Files) -> str:
    return (
        f"A day leaves {count(result.files_a_day)} files of {size(result.file_bytes)}; the scan takes "
        f"{duration(result.scan_s)}, {percent(result.opening_share)} of it for finding and opening them. Compacted "
        f"it takes {duration(result.compacted_s)}, {amount(result.slowdown)} times less."
    )


MODELS = (Model(files, "What do small files cost?", _scanned, "14-data-processing", "14-data-processing/small-files"),)
