"""The cache and what stands behind it: load on the origin, two tiers, and a lost node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.caching.popularity import Popularity, zipf
from sysdesign.models.caching.ratios import approximate, characteristic_time, occupancy
from sysdesign.models.declaration import AtMost, Input, Output, checked
from sysdesign.models.wording import several
from sysdesign.probability.elementwise import plain

RateInput = Annotated[float, Input("Requests", "1/s", low=0.001, high=1e9, default=10_000)]
CatalogInput = Annotated[int, Input("Distinct keys asked for", "keys", low=2, high=1e9, default=100_000)]
SkewInput = Annotated[
    float, Input("Zipf skew of popularity", low=0, high=3, default=0.9, help="0 is uniform; the web is near 0.6 to 1")
]


@dataclass(frozen=True)
class OriginLoad:
    """What reaches the origin behind a cache."""

    origin_per_s: Annotated[float, Output("Requests that reach the origin", "1/s")]
    mean_latency_ms: Annotated[float, Output("Mean latency", "ms")]
    load_without_cache: Annotated[float, Output("Origin's load if the cache is lost", "times")]
    load_per_lost_point: Annotated[float, Output("Growth of its load per point of hit ratio lost", "share")]
    origin_utilization: Annotated[float, Output("Origin's load over its capacity", "share")]
    needed_hit_ratio: Annotated[float, Output("Hit ratio below which the origin is overloaded", "share")]


@checked
def origin_load(
    hit_ratio: Annotated[float, Input("Hit ratio", "share", low=0, high=0.999999, default=0.95)],
    requests_per_s: RateInput = 10_000,
    cache_ms: Annotated[float, Input("Latency of a cache lookup", "ms", low=0, high=1e5, default=1)] = 1,
    origin_ms: Annotated[float, Input("Latency of the origin", "ms", low=0, high=1e6, default=20)] = 20,
    origin_capacity_per_s: Annotated[
        float, Input("Requests that the origin can serve", "1/s", low=0.001, high=1e9, default=2_000)
    ] = 2_000,
) -> OriginLoad:
    """Load on the origin and mean latency against the hit ratio.

    The origin sees the misses: going from 99% hits to 98% doubles its load,
    which no curve of the hit ratio shows. A miss pays for the lookup and the
    origin. Assumes latencies that do not depend on load: near or above a
    utilization of 1 the origin is slower than stated, and the queueing models say how much.
    The load without a cache is also what a cold start or a flush sends. Arithmetic; no source needed.
    """
    miss = 1 - np.asarray(hit_ratio, dtype=float)
    origin_per_s = requests_per_s * miss
    needed = np.maximum(1 - np.asarray(origin_capacity_per_s / requests_per_s), 0.0)
    return OriginLoad(
        plain(origin_per_s),
        plain(cache_ms + miss * origin_ms),
        plain(1 / miss),
        plain(0.01 / miss),
        plain(origin_per_s / origin_capacity_per_s),
        plain(needed),
    )


@dataclass(frozen=True)
class Tiers:
    """Two tiers of LRU caches and the origin behind them."""

    first_hit_ratio: Annotated[float, Output("Hit ratio of the first tier", "share")]
    second_hit_ratio: Annotated[float, Output("Hit ratio of the second tier, of what reaches it", "share")]
    hit_ratio: Annotated[float, Output("Requests answered by either tier", "share")]
    origin_per_s: Annotated[float, Output("Requests that reach the origin", "1/s")]
    origin_without_second_per_s: Annotated[float, Output("Requests that would, without the second tier", "1/s")]
    mean_latency_ms: Annotated[float, Output("Mean latency", "ms")]


@checked
def tiers(
    first_keys: Annotated[int, Input("Capacity of each first-tier cache", "keys", low=1, high=1e9, default=1_000)],
    second_keys: Annotated[int, Input("Capacity of the second tier", "keys", low=1, high=1e9, default=20_000)],
    servers: Annotated[int, Input("Servers, each with a first-tier cache", low=1, high=1e5, default=10)] = 10,
    catalog_keys: CatalogInput = 100_000,
    skew: SkewInput = 0.9,
    requests_per_s: RateInput = 10_000,
    first_ms: Annotated[float, Input("Latency of the first tier", "ms", low=0, high=1e5, default=0.01)] = 0.01,
    second_ms: Annotated[float, Input("Latency of the second tier", "ms", low=0, high=1e5, default=1)] = 1,
    origin_ms: Annotated[float, Input("Latency of the origin", "ms", low=0, high=1e6, default=20)] = 20,
) -> Tiers:
    """A cache in each server's memory over one shared cache, both LRU, filled on the way back.

    Requests are spread over the servers at random, so each first tier sees the
    whole catalog. The second tier sees the first's misses: the hottest keys
    hardly reach it, so its own hit ratio is lower than it would be alone.

    Assumes the independent reference model and no invalidation. First tiers by
    Che's approximation. A first tier that misses a key has not asked for it within
    its characteristic time, so only the rest of the second tier's time can hold its last
    request; the misses of other servers are taken as Poisson. Within 0.02 of a
    replay in the tests. Source: martina-2014.
    """
    popularity = zipf(int(catalog_keys), float(skew))
    first_hit, first_time = _first_tier(popularity, first_keys)
    missed = popularity.probability * (1 - first_hit)  # of one request to any server, per key
    second_hit = _second_tier(popularity, missed, first_time * servers, second_keys, servers)
    misses = float((popularity.keys * missed).sum())
    found = float((popularity.keys * missed * second_hit).sum())
    second_ratio = found / misses if misses > 0 else 1.0
    left = misses - found
    return Tiers(
        1 - misses, second_ratio, 1 - left, requests_per_s * left, requests_per_s * misses,
        first_ms + misses * second_ms + left * origin_ms,
    )  # fmt: skip


def _first_tier(popularity: Popularity, capacity_keys: int) -> tuple[np.ndarray, float]:
    """Chance per key that a first tier holds it, and its characteristic time in its own requests."""
    if capacity_keys >= popularity.catalog_keys:
        return np.ones_like(popularity.probability), float("inf")
    time = characteristic_time(popularity, "lru", capacity_keys)
    return occupancy(popularity, "lru", time), time


def _second_tier(
    popularity: Popularity, missed: np.ndarray, first_time: float, capacity_keys: int, servers: int
) -> np.ndarray:
    """Chance per key that the second tier holds it when a first tier asks. Times in requests to all servers."""
    requested = Popularity(missed, popularity.keys)
    if capacity_keys >= float((popularity.keys * (missed > 0)).sum()):  # all that is ever asked of it
        return np.ones_like(missed)
    time = characteristic_time(requested, "lru", capacity_keys)
    same_server, others = max(time - first_time, 0.0) / servers, time * (1 - 1 / servers)
    return -np.expm1(-missed * (same_server + others))


@dataclass(frozen=True)
class LostNode:
    """A cache cluster just after one node is gone for good, and once it has settled."""

    moved_share: Annotated[float, Output("Cached keys that can no longer be found", "share")]
    hit_ratio_before: Annotated[float, Output("Hit ratio before", "share")]
    hit_ratio_after: Annotated[float, Output("Hit ratio just after", "share")]
    hit_ratio_settled: Annotated[float, Output("Hit ratio once settled", "share")]
    origin_before_per_s: Annotated[float, Output("Origin's load before", "1/s")]
    origin_after_per_s: Annotated[float, Output("Origin's load just after", "1/s")]
    surge: Annotated[float, Output("Origin's load just after over before", "times")]
    half_refill_s: Annotated[float, Output("Time until half of the extra load is gone", "s")]


@checked
def lost_node(
    nodes: Annotated[int, Input("Nodes before the loss", low=2, high=10_000, default=10, most=AtMost("capacity_keys"))],
    placement: Annotated[
        Literal["modulo", "ring"],
        Input("Placement of keys", default="modulo", help="modulo: hash mod nodes; ring: consistent hashing"),
    ],
    requests_per_s: RateInput = 10_000,
    capacity_keys: Annotated[
        int,
        Input(
            "Capacity of all nodes together",
            "keys",
            low=2,
            high=1e9,
            default=50_000,
            most=AtMost("catalog_keys", times=0.9, kept=0.5),
        ),
    ] = 50_000,
    catalog_keys: Annotated[int, Input("Distinct keys asked for", "keys", low=4, high=1e9, default=100_000)] = 100_000,
    skew: SkewInput = 0.9,
) -> LostNode:
    """What losing one cache node costs the origin, under modulo hashing and on a ring.

    With hash mod n a key keeps its node only if both remainders name the same
    survivor: 1 key in n, whichever node is lost. On a ring only the lost node's
    keys move: 1 in n on average (with few points per node, the share of one
    node strays from that). A moved key misses once, at its next request.

    Assumes a uniform hash, popularity spread evenly over the nodes (the loss of the
    node with the hottest key is worse), LRU by Che's approximation and clients that
    agree on the new placement at once. Entries that modulo hashing strands on their
    old nodes are taken to age out. Source: fricker-2012; the shares are derived above.
    """
    if capacity_keys < nodes:
        raise InvalidInput(
            f"capacity_keys is {capacity_keys} for {several(nodes, 'node')}; give at least one key per node"
        )
    popularity = zipf(int(catalog_keys), float(skew))
    moved = (nodes - 1) / nodes if placement == "modulo" else 1 / nodes
    before, time = approximate(popularity, "lru", capacity_keys)
    settled, _ = approximate(popularity, "lru", capacity_keys * (nodes - 1) / nodes)
    miss_before, miss_after = 1 - before, 1 - before * (1 - moved)
    if miss_before < 1e-12:
        raise InvalidInput(
            f"capacity_keys is {capacity_keys} and holds practically all of catalog_keys, {catalog_keys}: the origin "
            "sees nothing before the loss, so no surge can be stated; give a larger catalog or a smaller capacity"
        )
    return LostNode(
        moved, before, 1 - miss_after, settled, requests_per_s * miss_before, requests_per_s * miss_after,
        miss_after / miss_before, _half_refill(popularity, time) / requests_per_s,
    )  # fmt: skip


def _half_refill(popularity: Popularity, time: float) -> float:
    """Requests until half of the moved keys' misses are over, found by bisection on the logarithm.

    A moved key that was cached adds a miss until its first request.
    """
    weight = popularity.keys * popularity.probability * occupancy(popularity, "lru", time)
    low, high = -40.0, 60.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        left = float((weight * np.exp(-popularity.probability * np.exp(middle))).sum())
        low, high = (middle, high) if left > 0.5 * weight.sum() else (low, middle)
    return float(np.exp(low))
