"""LSM-trees and the filters before their runs: what compaction writes, keeps and leaves to read.

Keys are uniform and rows of one size; compression, caches and the log are left out: the log adds
1 to every write amplification here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.storage_engine.btrees import ENGINE
from sysdesign.models.wording import count, percent, several
from sysdesign.probability.elementwise import plain


@dataclass(frozen=True)
class Filter:
    """A Bloom filter."""

    false_positive: Annotated[float, Output("False positives", "share")]
    best_hashes: Annotated[float, Output("Best number of hashes")]
    best_false_positive: Annotated[float, Output("False positives with that number", "share")]
    memory_bytes: Annotated[float, Output("Memory", "B")]


@checked
def bloom(
    bits_per_key: Annotated[float, Input("Bits for each key", low=0.1, high=100, default=10)],
    hashes: Annotated[int, Input("Hash functions", low=1, high=100, default=7)],
    keys: Annotated[float, Input("Keys", low=1, high=1e15, default=1e9)] = 1e9,
) -> Filter:
    """False positives of a Bloom filter, and the best number of hashes.

    (1 - e^(-k n / m))^k for m bits, n keys, k independent uniform hashes; a large filter,
    for which the exact value is a hair higher. The best k is a neighbor of (m / n) ln 2.
    Filters in blocks of a cache line, as engines build them, do somewhat worse.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Follows from taking the bits as independent.

    >>> round(bloom(10, 7).false_positive, 6)
    0.008194
    """
    bits = np.asarray(bits_per_key, dtype=float)
    near = np.maximum(np.floor(bits * math.log(2)), 1)
    best = np.where(_false_positive(bits, near + 1) < _false_positive(bits, near), near + 1, near)
    return Filter(
        false_positive=plain(_false_positive(bits, hashes)),
        best_hashes=plain(best),
        best_false_positive=plain(_false_positive(bits, best)),
        memory_bytes=plain(bits * keys / 8),
    )


def _false_positive(bits_per_key: np.ndarray, hashes: np.ndarray | float) -> np.ndarray:
    return (-np.expm1(-np.asarray(hashes, dtype=float) / bits_per_key)) ** hashes


Policy = Literal["leveled", "tiered", "lazy"]


@dataclass(frozen=True)
class Lsm:
    """Shape and cost of an LSM-tree."""

    levels: Annotated[float, Output("Levels on disk")]
    runs: Annotated[float, Output("Sorted runs, at most")]
    write_amplification: Annotated[float, Output("Bytes written for a byte put, levels full")]
    write_amplification_filling: Annotated[float, Output("The same, on average while levels fill")]
    space_amplification: Annotated[float, Output("Bytes stored for a live byte, at most")]
    absent_reads: Annotated[float, Output("Runs read for a key that is not there")]
    present_reads: Annotated[float, Output("Runs read for a key in the last run, at most")]
    filter_bytes: Annotated[float, Output("Memory of the filters", "B")]


@checked
def lsm(
    data_bytes: Annotated[float, Input("Live data", "B", low=1e3, high=1e18, default=1e12)],
    policy: Annotated[Policy, Input("Compaction", default="leveled")],
    fanout: Annotated[float, Input("Size ratio of neighboring levels", low=2, high=1000, default=10)],
    buffer_bytes: Annotated[float, Input("Write buffer (memtable)", "B", low=1e3, high=1e12, default=64e6)] = 64e6,
    bits_per_key: Annotated[float, Input("Filter bits for each key (0: no filter)", low=0, high=100, default=10)] = 10,
    row_bytes: Annotated[float, Input("Row", "B", low=1, high=1e6, default=200)] = 200,
) -> Lsm:
    """Levels of an LSM-tree and its write, read and space amplification by compaction policy.

    Level i holds the buffer times T^i; levels are the fewest that hold the data. leveled:
    one run a level; moving a byte down rewrites T bytes of a full level, (T + 1) / 2 on
    average while a level fills by whole merges (an engine that merges file by file into
    full levels sees the former). tiered: up to T runs a level, merged only when full, so
    each byte is written once a level. lazy: tiered but for one run at the last level.
    Space is the worst case of updates: leveled and lazy keep outdated copies in all upper levels,
    1 / (T - 1) of the data; tiered may hold T versions at the last level. A compaction
    needs room for its output besides. Reads count runs: with filters a run that lacks the
    key is read with the filter's false-positive chance, equal in all levels. The first
    level on disk merges as the others do; RocksDB's L0 is tiered and adds its files.
    Elementwise over arrays but for `policy`. Raises InvalidInput where an input is out of range.
    Source: callaghan-lsm-2018 (write amplification n T, 1 a level when tiered);
    lazy leveling and the averages while filling by the same count of merges.

    >>> lsm(1e12, "leveled", 10).levels
    5.0
    """
    size, ratio = np.asarray(data_bytes, dtype=float), np.asarray(fanout, dtype=float)
    # The fewest n for which T + T^2 + ... + T^n write buffers hold the data.
    needed = size / buffer_bytes * (ratio - 1) / ratio + 1
    levels = np.maximum(np.ceil(np.log(needed) / np.log(ratio) - 1e-9), 1)
    upper = (1 - ratio ** -(levels - 1)) / (ratio - 1)  # all levels but the last, as a share of the last
    runs, full, filling, space = _policy(policy, levels, ratio, upper)
    filtered = np.asarray(bits_per_key, dtype=float)
    some = np.maximum(filtered, 0.1)
    needless = np.where(filtered > 0, np.minimum(bloom(some, 1).best_false_positive, 1.0), 1.0)
    return Lsm(
        levels=plain(levels),
        runs=plain(runs),
        write_amplification=plain(full),
        write_amplification_filling=plain(filling),
        space_amplification=plain(space),
        absent_reads=plain(runs * needless),
        present_reads=plain(1 + (runs - 1) * needless),
        filter_bytes=plain(size / row_bytes * filtered / 8),
    )


def _policy(
    policy: str, levels: np.ndarray, ratio: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Runs, write amplification of full levels and while filling, and space amplification."""
    if policy == "leveled":
        return levels, levels * ratio, levels * (ratio + 1) / 2, 1 + upper
    if policy == "tiered":
        return levels * ratio, levels, levels, ratio * (1 + upper)
    last = (levels - 1) * ratio + 1
    return last, levels - 1 + ratio, levels - 1 + (ratio + 1) / 2, 1 + upper


@dataclass(frozen=True)
class Levels:
    """How write amplification depends on the number of levels."""

    fanout: Annotated[float, Output("Size ratio of neighboring levels")]
    write_amplification: Annotated[float, Output("Write amplification of these levels")]
    best_levels: Annotated[float, Output("Levels with the least")]
    best_fanout: Annotated[float, Output("Size ratio with those")]
    best_write_amplification: Annotated[float, Output("Write amplification with those")]


@checked
def lsm_levels(
    total_fanout: Annotated[float, Input("Data as a multiple of the write buffer", low=2, high=1e15, default=1024)],
    levels: Annotated[int, Input("Levels", low=1, high=64, default=3)],
) -> Levels:
    """Write amplification of a leveled LSM-tree by its number of levels, and the least.

    n levels of equal ratio t^(1/n) cost n t^(1/n); over real n the least is at ln t, with a
    ratio of e. Engines stay at a ratio near 10 all the same, as fewer levels mean fewer
    runs to read and less outdated space. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Source: callaghan-lsm-2018.

    >>> lsm_levels(1024, 3).best_levels
    7.0
    """
    total = np.asarray(total_fanout, dtype=float)
    below = np.maximum(np.floor(np.log(total)), 1)
    best = np.where((below + 1) * total ** (1 / (below + 1)) < below * total ** (1 / below), below + 1, below)
    ratio = total ** (1 / np.asarray(levels, dtype=float))
    return Levels(
        fanout=plain(ratio),
        write_amplification=plain(levels * ratio),
        best_levels=plain(best),
        best_fanout=plain(total ** (1 / best)),
        best_write_amplification=plain(best * total ** (1 / best)),
    )


def _filtered(inputs: Mapping[str, Any], result: Filter) -> str:
    return (
        f"{percent(result.false_positive)} of absent keys pass the filter; {result.best_hashes:g} hashes do best, with "
        f"{percent(result.best_false_positive)}."
    )


def _merged(inputs: Mapping[str, Any], result: Lsm) -> str:
    return (
        f"{several(result.levels, 'level')}: each byte is written {count(result.write_amplification)} times, "
        f"takes up to "
        f"{several(result.space_amplification, 'byte')}, and an absent key costs "
        f"{several(result.absent_reads, 'read')}."
    )


def _leveled(inputs: Mapping[str, Any], result: Levels) -> str:
    return (
        f"{several(inputs['levels'], 'level')} write each byte {count(result.write_amplification)} times; the least is "
        f"{count(result.best_write_amplification)}, with {result.best_levels:g}."
    )


MODELS = (
    Model(lsm, ENGINE, _merged, "04-databases", "04-databases/lsm-amplification"),
    Model(lsm_levels, ENGINE, _leveled, "04-databases", "04-databases/lsm-levels"),
    Model(bloom, ENGINE, _filtered, "14-data-processing", "04-databases/bloom"),
)
