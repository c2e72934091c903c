"""Storage engines: what a B-tree or an LSM-tree reads, writes and stores for each byte of data.

Amplification is bytes (or pages, or places looked at) for one that the user meant. Keys
are uniform and sizes constant; compression, caches and the write-ahead log are left out
unless an input names them: the log adds 1 to every write amplification here. KB is
1,024 bytes where a rule of a vendor says KB. Units: `_bytes` bytes, `_per_s` per second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.elementwise import plain
from sysdesign.models.wording import count, duration, percent

JUST_WHOLE = 1 - 1e-12
KB = 1024

Page = Annotated[float, Input("Page", "B", low=512, high=1_048_576, default=4096)]
Fill = Annotated[float, Input("How full pages are on average", "share", low=0.1, high=1, default=0.69)]


@dataclass(frozen=True)
class Capacity:
    """What a B-tree of so many levels addresses."""

    bytes: Annotated[float, Output("Capacity", "B")]
    pages: Annotated[float, Output("Pages at the lowest level")]


@checked
def btree_capacity(
    levels: Annotated[int, Input("Levels", low=1, high=12, default=4)],
    page_bytes: Page,
    fanout: Annotated[float, Input("References in a page", low=2, high=100_000, default=500)],
) -> Capacity:
    """Bytes that a B-tree of so many levels reaches.

    fanout ^ levels pages. It counts a full tree whose pages at the last level are data that
    every level's references lead to, as the source does; with the leaves themselves as the
    last level it is one power of the fan-out less (see `btree`). Elementwise over arrays.
    Raises InvalidInput where an input is out of range.
    Source: kleppmann-2017, chapter 3 (its early printings say 256 TB, later ones 250 TB).

    >>> btree_capacity(4, 4096, 500).bytes
    256000000000000.0
    """
    pages = np.asarray(fanout, dtype=float) ** levels
    return Capacity(plain(pages * page_bytes), plain(pages))


@dataclass(frozen=True)
class BTree:
    """Shape and cost of a B-tree."""

    levels: Annotated[float, Output("Levels, root to leaf")]
    fanout: Annotated[float, Output("References in an inner page")]
    leaf_pages: Annotated[float, Output("Leaf pages")]
    inner_bytes: Annotated[float, Output("Memory that keeps all inner pages cached", "B")]
    reads: Annotated[float, Output("Pages read by a lookup with inner pages cached")]
    write_amplification: Annotated[float, Output("Bytes written for a byte changed at random")]
    space_amplification: Annotated[float, Output("Bytes stored for a byte of rows")]


@checked
def btree(
    rows: Annotated[float, Input("Rows", low=1, high=1e14, default=1e9)],
    row_bytes: Annotated[float, Input("Row", "B", low=1, high=1_000_000, default=200)],
    key_bytes: Annotated[float, Input("Key and reference in an inner page", "B", low=2, high=4096, default=24)],
    page_bytes: Page = 4096,
    fill: Fill = 0.69,
    page_writes: Annotated[float, Input("Times a changed page is written", low=1, high=10, default=1)] = 1,
) -> BTree:
    """Levels of a B-tree and what a lookup and a random update cost.

    Levels follow from leaf pages and fan-out by repeated division. A random update rewrites
    its page, so write amplification is page / row times `page_writes` (2 with a doublewrite
    buffer); updates that meet in one page before it is written share it, which this leaves
    out. Random inserts leave pages ln 2 = 69% full on average.
    Raises InvalidInput where a page holds less than two keys or not one row.
    Source: kleppmann-2017, chapter 3, for the structure.

    >>> btree(1e9, 200, 24).levels
    5.0
    """
    usable = page_bytes * fill
    fanout = math.floor(usable / key_bytes)
    if fanout < 2:
        raise InvalidInput(
            f"a page of {page_bytes:g} B at {fill:g} holds {fanout} keys of {key_bytes:g} B; it takes two or more"
        )
    per_leaf = math.floor(usable / row_bytes)
    if per_leaf < 1:
        raise InvalidInput(
            f"a page of {page_bytes:g} B at {fill:g} holds no row of {row_bytes:g} B; use a larger page or store "
            "large values outside the rows"
        )
    leaves = level = math.ceil(rows / per_leaf * JUST_WHOLE)
    inner, levels = 0, 1
    while level > 1:
        level = math.ceil(level / fanout)
        inner += level
        levels += 1
    return BTree(
        levels=float(levels),
        fanout=float(fanout),
        leaf_pages=float(leaves),
        inner_bytes=inner * page_bytes,
        reads=1.0,
        write_amplification=max(1.0, page_bytes / row_bytes) * page_writes,
        space_amplification=leaves * page_bytes / (rows * row_bytes),
    )


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
    Space is the worst case of updates: leveled keeps outdated copies in all upper levels,
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
    return last, levels - 1 + ratio, levels - 1 + (ratio + 1) / 2, 1 + upper * ratio / np.maximum(ratio - 1, 1)


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


READ_UNITS = {"eventual": 0.5, "strong": 1.0, "transactional": 2.0}
WRITE_UNITS = {"standard": 1.0, "transactional": 2.0}


@dataclass(frozen=True)
class Units:
    """DynamoDB capacity units."""

    read_units: Annotated[float, Output("Read capacity units")]
    write_units: Annotated[float, Output("Write capacity units")]
    units_a_read: Annotated[float, Output("Read units of one read")]
    units_a_write: Annotated[float, Output("Write units of one write")]
    partitions: Annotated[float, Output("Partitions that this throughput takes, at least")]


@checked
def capacity_units(
    item_bytes: Annotated[float, Input("Item", "B", low=1, high=400 * KB, default=2048)],
    reads_per_s: Annotated[float, Input("Reads", "1/s", low=0, high=1e9, default=100)] = 100,
    writes_per_s: Annotated[float, Input("Writes", "1/s", low=0, high=1e9, default=10)] = 10,
    reads: Annotated[
        Literal["eventual", "strong", "transactional"], Input("Kind of read", default="eventual")
    ] = "eventual",
    writes: Annotated[Literal["standard", "transactional"], Input("Kind of write", default="standard")] = "standard",
    partition_reads: Annotated[float, Input("Read units that a partition gives", low=1, high=1e9, default=3000)] = 3000,
    partition_writes: Annotated[
        float, Input("Write units that a partition gives", low=1, high=1e9, default=1000)
    ] = 1000,
) -> Units:
    """Capacity units that single-item reads and writes consume in DynamoDB.

    A read unit is a strongly consistent read of up to 4 KB; eventually consistent half of
    it, transactional twice. A write unit is a write of up to 1 KB; transactional twice. Each
    item is rounded up by itself; an update counts the larger of the item before and after.
    A query rounds the sum of its items instead, a batch each item. Secondary indexes
    consume their own. Totals are rounded up to whole units. KB is 1,024 bytes.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: dynamodb-operations, dynamodb-partition-limits.

    >>> capacity_units(2048, writes_per_s=10).write_units
    20.0
    """
    size = np.asarray(item_bytes, dtype=float)
    a_read = np.ceil(size / (4 * KB)) * READ_UNITS[reads]
    a_write = np.ceil(size / KB) * WRITE_UNITS[writes]
    for_reads, for_writes = a_read * reads_per_s, a_write * writes_per_s
    share = for_reads / partition_reads + for_writes / partition_writes
    return Units(
        read_units=plain(np.ceil(for_reads * JUST_WHOLE)),
        write_units=plain(np.ceil(for_writes * JUST_WHOLE)),
        units_a_read=plain(a_read),
        units_a_write=plain(a_write),
        partitions=plain(np.maximum(np.ceil(share * JUST_WHOLE), 1)),
    )


@dataclass(frozen=True)
class HotPartition:
    """What the busiest key does to its partition."""

    load: Annotated[float, Output("Load of the hot partition, as a share of its limit")]
    throttled_of_key: Annotated[float, Output("Requests for the key that are throttled", "share")]
    throttled: Annotated[float, Output("All requests that are throttled", "share")]
    key_copies: Annotated[float, Output("Parts to split the key into")]
    safe_share: Annotated[float, Output("Largest share that one key may have", "share")]


@checked
def hot_partition(
    read_units_per_s: Annotated[
        float, Input("Read units consumed by the table", "1/s", low=0, high=1e9, default=10_000)
    ],
    write_units_per_s: Annotated[
        float, Input("Write units consumed by the table", "1/s", low=0, high=1e9, default=5000)
    ],
    hottest_share: Annotated[float, Input("Share of them for the busiest key", "share", low=0, high=1, default=0.2)],
    partition_reads: Annotated[float, Input("Read units that a partition gives", low=1, high=1e9, default=3000)] = 3000,
    partition_writes: Annotated[
        float, Input("Write units that a partition gives", low=1, high=1e9, default=1000)
    ] = 1000,
) -> HotPartition:
    """How much of a busy key's traffic its partition throttles, however large the table.

    One key is at most one partition's: 3,000 read and 1,000 write units a second, or a mix
    whose shares of both sum to 1. The best case: the store has already given the key a
    partition of its own and the table has units to spare; sustained load, so that saved
    burst does not help. Splitting the key into parts under different keys spreads it.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: dynamodb-partition-limits.

    >>> hot_partition(10_000, 5000, 0.2).key_copies
    2.0
    """
    share = np.asarray(hottest_share, dtype=float)
    whole = (
        np.asarray(read_units_per_s, dtype=float) / partition_reads + np.asarray(write_units_per_s) / partition_writes
    )
    load = whole * share
    throttled = np.maximum(1 - 1 / np.maximum(load, 1), 0)
    return HotPartition(
        load=plain(load),
        throttled_of_key=plain(throttled),
        throttled=plain(throttled * share),
        key_copies=plain(np.maximum(np.ceil(load * JUST_WHOLE), 1)),
        safe_share=plain(1 / np.maximum(whole, 1)),
    )


@dataclass(frozen=True)
class Burst:
    """How long saved capacity carries a burst."""

    saved_units: Annotated[float, Output("Units saved")]
    lasts_s: Annotated[float, Output("Time that they carry the burst", "s")]
    throttled_after: Annotated[float, Output("Requests throttled after that", "share")]


@checked
def burst(
    provisioned_per_s: Annotated[float, Input("Provisioned units", "1/s", low=1, high=1e9, default=150)],
    demand_per_s: Annotated[float, Input("Units demanded in the burst", "1/s", low=1, high=1e9, default=200)],
    usual_per_s: Annotated[float, Input("Units used before it", "1/s", low=0, high=1e9, default=0)] = 0,
    quiet_s: Annotated[float, Input("Time at the usual rate before it", "s", low=0, high=1e7, default=300)] = 300,
    kept_s: Annotated[
        float, Input("Seconds of unused capacity that are kept", "s", low=0, high=1e5, default=300)
    ] = 300,
) -> Burst:
    """How long DynamoDB's burst capacity carries demand above what is provisioned.

    Unused units of the last 300 seconds are kept and spent on the excess. Best effort, and
    no help against one partition's limit: plan without it.
    Elementwise over arrays. Raises InvalidInput where demand is not above what is
    provisioned or the usual rate is. Source: dynamodb-burst.

    >>> burst(150, 200).lasts_s
    900.0
    """
    provisioned, demand = np.asarray(provisioned_per_s, dtype=float), np.asarray(demand_per_s, dtype=float)
    if np.any(demand <= provisioned):
        raise InvalidInput(
            f"demand_per_s is {demand_per_s}, within the {provisioned_per_s} provisioned: there is no burst to carry; "
            "give a demand above it"
        )
    if np.any(np.asarray(usual_per_s) > provisioned):
        raise InvalidInput(
            f"usual_per_s is {usual_per_s}, above the {provisioned_per_s} provisioned: nothing is saved; "
            "give at most that"
        )
    saved = (provisioned - usual_per_s) * np.minimum(quiet_s, kept_s)
    return Burst(plain(saved), plain(saved / (demand - provisioned)), plain(1 - provisioned / demand))


def _reached(inputs: Mapping[str, Any], result: Capacity) -> str:
    return f"{inputs['levels']:g} levels reach {result.bytes / 1e12:,.4g} TB in {count(result.pages)} pages."


def _tree(inputs: Mapping[str, Any], result: BTree) -> str:
    return (
        f"{result.levels:g} levels; {result.inner_bytes / 1e9:,.3g} GB of memory keep all inner pages, then a lookup "
        f"reads one page and a random update writes {count(result.write_amplification)} bytes for each byte."
    )


def _filtered(inputs: Mapping[str, Any], result: Filter) -> str:
    return (
        f"{percent(result.false_positive)} of absent keys pass the filter; {result.best_hashes:g} hashes do best, with "
        f"{percent(result.best_false_positive)}."
    )


def _merged(inputs: Mapping[str, Any], result: Lsm) -> str:
    return (
        f"{result.levels:g} levels: each byte is written {count(result.write_amplification)} times, takes up to "
        f"{count(result.space_amplification)} bytes, and an absent key costs {count(result.absent_reads)} reads."
    )


def _leveled(inputs: Mapping[str, Any], result: Levels) -> str:
    return (
        f"{inputs['levels']:g} levels write each byte {count(result.write_amplification)} times; the least is "
        f"{count(result.best_write_amplification)}, with {result.best_levels:g}."
    )


def _provisioned(inputs: Mapping[str, Any], result: Units) -> str:
    return (
        f"{count(result.read_units)} read and {count(result.write_units)} write units: each read takes "
        f"{result.units_a_read:g}, each write {result.units_a_write:g}."
    )


def _hot(inputs: Mapping[str, Any], result: HotPartition) -> str:
    if result.load <= 1:
        return f"The busiest key uses {percent(result.load)} of its partition; nothing is throttled."
    return (
        f"The busiest key asks {count(result.load)} times what one partition gives: {percent(result.throttled_of_key)} "
        f"of its requests are throttled. Split it into {count(result.key_copies)} parts."
    )


def _burst(inputs: Mapping[str, Any], result: Burst) -> str:
    return (
        f"Saved units carry the burst for {duration(result.lasts_s)}; after that {percent(result.throttled_after)} of "
        "requests are throttled."
    )


ENGINE = "B-tree or LSM-tree, and with which compaction?"
THROUGHPUT = "How much throughput must be provisioned, and does one key get it?"
MODELS = (
    Model(btree, ENGINE, _tree, "04-databases", "04-databases/btree-write"),
    Model(btree_capacity, ENGINE, _reached, "04-databases", "04-databases/btree-capacity"),
    Model(lsm, ENGINE, _merged, "04-databases", "04-databases/lsm-amplification"),
    Model(lsm_levels, ENGINE, _leveled, "04-databases", "04-databases/lsm-levels"),
    Model(bloom, ENGINE, _filtered, "14-data-processing", "04-databases/bloom"),
    Model(capacity_units, THROUGHPUT, _provisioned, "04-databases", "04-databases/capacity-units"),
    Model(hot_partition, THROUGHPUT, _hot, "04-databases", "04-databases/hot-partition"),
    Model(burst, THROUGHPUT, _burst, "04-databases", "04-databases/burst"),
)
