"""How fast traces are replayed, beside cachetools and libCacheSim in the same run.

The aim: LRU at least 10 times the rate of libCacheSim driven from Python, on one
million Zipf requests, with the same hits. libCacheSim is also shown reading
the same requests from a file in its own compiled loop, for fairness.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cachetools
import libcachesim
import numpy as np

from sysdesign.models.caching.popularity import Workload
from sysdesign.models.caching.replacement import KERNELS, Cache, Replay, warm

REQUESTS, CATALOG, SKEW, CAPACITY = 1_000_000, 100_000, 1.0, 5_000
RUNS = 5
TARGET_TIMES = 10
PEERS = {
    "fifo": libcachesim.FIFO, "lru": libcachesim.LRU, "clock": libcachesim.Clock, "lfu": libcachesim.LFU,
    "sieve": libcachesim.Sieve, "s3fifo": libcachesim.S3FIFO,
    "s3fifo-simulator": libcachesim.S3FIFO, "arc": libcachesim.ARC, "wtinylfu": libcachesim.WTinyLFU,
    "wtinylfu-sketch": libcachesim.WTinyLFU, "wtinylfu-doorkeeper": libcachesim.WTinyLFU,
}  # fmt: skip


def replayed(policy: str, keys: np.ndarray) -> int:
    replay = Replay([Cache(policy, CAPACITY)])
    replay.feed(keys)
    return replay.caches[0].hits


def libcachesim_driven(policy: str, keys: list[int]) -> int:
    cache, request, hits = PEERS[policy](CAPACITY), libcachesim.Request(obj_size=1), 0
    for key in keys:
        request.obj_id = key
        hits += cache.get(request)
    return hits


def libcachesim_own_loop(policy: str, path: Path) -> int:
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.PLAIN_TXT_TRACE)
    miss_ratio, _ = PEERS[policy](CAPACITY).process_trace(reader)
    return round(REQUESTS * (1 - miss_ratio))


def cachetools_driven(keys: list[int]) -> int:
    cache, hits = cachetools.LRUCache(CAPACITY), 0
    for key in keys:
        try:
            cache[key]
            hits += 1
        except KeyError:
            cache[key] = True
    return hits


def timed(work: Callable[[], int], runs: int) -> tuple[float, int]:
    """Median seconds of several runs, and the hits."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        hits = work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), hits


def main() -> None:
    """Print LRU's rate beside its peers', then every policy's beside libCacheSim's."""
    warm()
    keys = Workload(CATALOG, SKEW, 0, 1, seed=1).requests(REQUESTS)
    listed = keys.tolist()
    print(f"{REQUESTS:,} Zipf({SKEW:g}) requests for {CATALOG:,} keys, {CAPACITY:,} cached; medians")
    ours, hits = timed(lambda: replayed("lru", keys), RUNS)
    driven, theirs = timed(lambda: libcachesim_driven("lru", listed), 3)
    tools, tools_hits = timed(lambda: cachetools_driven(listed), 3)
    print(f"  lru, this project      {ours * 1e3:7.0f} ms  {REQUESTS / ours / 1e6:6.1f} million/s  {hits:,} hits")
    met = "met" if driven / ours >= TARGET_TIMES else "MISSED"
    print(
        f"  lru, libCacheSim       {driven * 1e3:7.0f} ms  {theirs:,} hits  "
        f"ratio {driven / ours:.1f} (target {TARGET_TIMES}: {met})"
    )
    print(f"  lru, cachetools        {tools * 1e3:7.0f} ms  {tools_hits:,} hits  ratio {tools / ours:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keys.txt"
        path.write_text("\n".join(map(str, listed)) + "\n")
        own, own_hits = timed(lambda: libcachesim_own_loop("lru", path), 3)
    print(
        f"  lru, libCacheSim in C  {own * 1e3:7.0f} ms  {own_hits:,} hits  ratio {own / ours:.1f} (reads a text file)"
    )
    for policy in KERNELS:
        if policy != "lru":
            ours, hits = timed(lambda policy=policy: replayed(policy, keys), 3)
            driven, theirs = timed(lambda policy=policy: libcachesim_driven(policy, listed), 1)
            print(f"  {policy:19s} {ours * 1e3:7.0f} ms  ratio {driven / ours:5.1f}  hits {hits:,} and {theirs:,}")


if __name__ == "__main__":
    main()
