"""Provisioned throughput as DynamoDB sells it: capacity units, one hot partition, and bursts.

KB is 1,024 bytes, as in the rules of the vendor. Units: `_bytes` bytes, `_per_s` per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.storage_engine.btrees import JUST_WHOLE
from sysdesign.models.wording import count, duration, percent
from sysdesign.probability.elementwise import plain

KB = 1024
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
    provisioned_per_s: Annotated[
        float,
        Input(
            "Provisioned units",
            "1/s",
            low=0.1,
            high=1e9,
            default=150,
            most=AtMost("demand_per_s", times=0.99, kept=0.75),
        ),
    ],
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


THROUGHPUT = "How much throughput must be provisioned, and does one key get it?"

MODELS = (
    Model(capacity_units, THROUGHPUT, _provisioned, "04-databases", "04-databases/capacity-units"),
    Model(hot_partition, THROUGHPUT, _hot, "04-databases", "04-databases/hot-partition"),
    Model(burst, THROUGHPUT, _burst, "04-databases", "04-databases/burst"),
)
