"""Hit ratio of an eviction policy by replaying generated requests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.caching.popularity import Workload
from sysdesign.models.caching.replacement import Cache, KeyTable, Replay
from sysdesign.models.caching.sized import SizedCache
from sysdesign.models.declaration import Input, Output, OwnFile, checked
from sysdesign.probability.interval import student, wilson
from sysdesign.probability.streams import Streams

Policy = Literal[
    "fifo", "lru", "clock", "lfu", "sieve", "s3fifo", "s3fifo-simulator", "arc",
    "wtinylfu", "wtinylfu-sketch", "wtinylfu-doorkeeper",
]  # fmt: skip
BATCHES = 30  # of the measured requests; each gives one hit ratio
MOST_SHARED = 50_000  # requests of a stream that is kept
STREAMS = Streams()
FEWEST = 10  # batches before the run may stop


@dataclass(frozen=True)
class ReplayResult:
    """What a cache did with the requests replayed."""

    hit_ratio: Annotated[float, Output("Hit ratio", "share")]
    hit_ratio_low: Annotated[float, Output("Hit ratio, low end (95%)", "share")]
    hit_ratio_high: Annotated[float, Output("Hit ratio, high end (95%)", "share")]
    requests_replayed: Annotated[int, Output("Requests replayed")]
    distinct_keys: Annotated[int, Output("Distinct keys among them", "keys")]
    byte_hit_ratio: Annotated[float | None, Output("Byte hit ratio, where a trace has sizes", "share")] = None


@checked
def replay(
    policy: Annotated[Policy, Input("Eviction policy", default="lru")],
    capacity_keys: Annotated[int, Input("Capacity", "keys", low=1, high=1e8, default=1_000)],
    catalog_keys: Annotated[int, Input("Distinct keys asked for", "keys", low=1, high=1e7, default=50_000)] = 50_000,
    skew: Annotated[float, Input("Zipf skew of popularity", low=0, high=3, default=0.9)] = 0.9,
    scan_share: Annotated[float, Input("Requests that belong to a scan", "share", low=0, high=1, default=0)] = 0.0,
    scan_keys: Annotated[
        int, Input("Keys of one scan", "keys", low=1, high=1e8, default=100_000, help="then it starts over")
    ] = 100_000,
    requests: Annotated[int, Input("Most requests to replay", low=1_000, high=1e7, default=300_000)] = 300_000,
    precision: Annotated[
        float, Input("Stop at this half width of the interval", "share", low=0, high=0.5, default=0.003)
    ] = 0.003,
    seed: Annotated[int, Input("Seed", low=0, high=2**31 - 1, default=1)] = 1,
    trace: Annotated[
        OwnFile | None,
        Input(
            "Trace file of your own",
            help="replayed in place of the generated requests",
            replaces=("catalog_keys", "skew", "scan_share", "scan_keys", "requests", "precision", "seed"),
        ),
    ] = None,
    capacity_bytes: Annotated[
        float | None,
        Input(
            "Capacity in bytes",
            "B",
            low=1,
            high=1e18,
            help="in place of keys, where a trace has objects' sizes",
            replaces=("capacity_keys",),
        ),
    ] = None,
) -> ReplayResult:
    """Hit ratio of an eviction policy, replaying requests one by one.

    The first half of the requests fills the cache and is not counted. The rest is
    counted in batches until the interval (batch means, Student's t) is narrow
    enough or the requests are spent; a policy that learns more slowly than that
    is still warming up, and more requests will raise its ratio. All entries
    count as one key; the cache fills on every miss unless the policy refuses.
    The interval is as good as the batches are independent.

    Policies: FIFO, LRU, CLOCK, LFU (counted while cached), SIEVE, S3-FIFO, ARC, W-TinyLFU. `s3fifo` is
    the paper's; `s3fifo-simulator` is what its authors' simulator does today, which fills the main queue
    before the first eviction: under half a point apart on the OLTP trace and on skewed requests, up to 14.65
    points on CloudPhysics', 17 on a loop somewhat longer than the cache. W-TinyLFU
    counts requests exactly, or as libraries do: in a sketch of four-bit counters, which saves their
    memory and costs up to a point of hit ratio, or in a sketch behind a doorkeeper, a filter for keys seen once.
    Models read no files: `trace` is a sysdesign.readers.traces.Trace, which the command
    makes from the file named. It is replayed whole from a cold cache; the interval is that of a share
    of so many independent requests (Wilson's), so a short trace tells little. Where it has the sizes of
    objects, the byte hit ratio is given too, and `capacity_bytes` may take the place of `capacity_keys`: then
    queues, targets and ghosts are so many bytes, and W-TinyLFU weighs a newcomer against one victim after
    another until it fits (not with a sketch, which is made for a number of keys).
    Source: yang-2023, zhang-2024, megiddo-2003, einziger-2015, libcachesim.
    """
    if trace is not None:
        return _replay_trace(policy, int(capacity_keys), capacity_bytes, trace)
    if capacity_bytes is not None:
        raise InvalidInput("capacity_bytes needs a trace with the sizes of objects; generated requests have none")
    workload = Workload(int(catalog_keys), float(skew), float(scan_share), int(scan_keys), int(seed))
    return _replay_workload(Cache(policy, capacity_keys), workload, int(requests), precision)


def _replay_trace(policy: str, capacity_keys: int, capacity_bytes: float | None, trace: Any) -> ReplayResult:
    if not hasattr(trace, "requests"):
        raise InvalidInput(f"trace is {str(trace)!r}; in Python give sysdesign.readers.traces.Trace({str(trace)!r})")
    run = _TraceReplay(policy, capacity_keys, capacity_bytes)
    for keys, sizes in trace.requests():
        run.feed(keys, sizes)
    trace.ended(run.requests, run.distinct)
    ratio = run.hit_ratio
    low, high = wilson(round(ratio * run.requests), run.requests)
    return ReplayResult(ratio, low, high, run.requests, run.distinct, run.byte_hit_ratio)


class _TraceReplay:
    """One cache fed with a trace, its capacity in keys or in bytes."""

    def __init__(self, policy: str, capacity_keys: int, capacity_bytes: float | None) -> None:
        self.sized = SizedCache(policy, capacity_bytes) if capacity_bytes is not None else None
        self.plain = Cache(policy, capacity_keys)
        self.fast = Replay([self.plain])
        self.table = KeyTable()
        self.requested_bytes = self.hit_bytes = 0

    def feed(self, keys: np.ndarray, sizes: np.ndarray | None) -> None:
        if sizes is None:
            if self.sized is not None:
                raise InvalidInput(
                    "capacity_bytes needs the sizes of objects; name their column with trace_size_column="
                )
            self.fast.feed(keys)
            return
        ids = self.table.ids(keys)
        if self.sized is not None:
            hit = self.sized.request(ids, sizes, self.table.distinct)
        else:
            hit = self.plain.request(ids, self.table.distinct)
        self.requested_bytes += int(sizes.sum())
        self.hit_bytes += int(sizes[hit].sum())

    @property
    def requests(self) -> int:
        return self.sized.requests if self.sized else self.plain.requests

    @property
    def distinct(self) -> int:
        return max(self.table.distinct, self.fast.distinct_keys)

    @property
    def hit_ratio(self) -> float:
        return self.sized.hit_ratio if self.sized else self.plain.hit_ratio

    @property
    def byte_hit_ratio(self) -> float | None:
        return self.hit_bytes / self.requested_bytes if self.requested_bytes else None


def _replay_workload(cache: Cache, workload: Workload, requests: int, precision: float) -> ReplayResult:
    batch = requests // 2 // BATCHES
    sizes = [requests - BATCHES * batch, *[batch] * BATCHES]
    chunks = _shared(workload, sizes) if requests <= MOST_SHARED else _numbered(workload, sizes)
    ids, distinct = next(chunks)
    cache.request(ids, distinct)
    ratios: list[float] = []
    for ids, distinct in chunks:
        ratios.append(np.count_nonzero(cache.request(ids, distinct)) / batch)
        if precision > 0 and len(ratios) >= FEWEST and _half_width(ratios) <= precision:
            break
    mean, half = float(np.mean(ratios)), _half_width(ratios)
    return ReplayResult(mean, max(mean - half, 0.0), min(mean + half, 1.0), cache.requests, distinct)


def _numbered(workload: Workload, sizes: Iterable[int]) -> Iterator[tuple[np.ndarray, int]]:
    """The workload in chunks of these sizes: keys by number, and how many distinct ones there were so far."""
    table = KeyTable()
    for size in sizes:
        ids = table.ids(workload.requests(size))
        yield ids, table.distinct


def _shared(workload: Workload, sizes: list[int]) -> Iterator[tuple[np.ndarray, int]]:
    """The same, of a stream short enough to be kept for other policies and capacities."""

    def draw() -> tuple[np.ndarray, ...]:
        ids, distinct = zip(*_numbered(workload, sizes), strict=True)
        return np.concatenate(ids), np.array(distinct)

    ids, distinct = STREAMS.of((*astuple(workload), *sizes[:2]), draw)
    ends = np.cumsum(sizes)
    for at, end in enumerate(ends):
        yield ids[end - sizes[at] : end], int(distinct[at])


def _half_width(ratios: list[float]) -> float:
    """Half the 95% confidence interval of the mean."""
    return student(len(ratios) - 1) * float(np.std(ratios, ddof=1)) / math.sqrt(len(ratios))
