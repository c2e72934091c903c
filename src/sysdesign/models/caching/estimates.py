"""Caches: how big, which policy, how long to keep, and what the origin behind them feels.

Estimates by formula stand here; the parts are in `cache/`: replay of requests,
expiry and stampedes, and the fleet with its origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign import units
from sysdesign.errors import InvalidInput
from sysdesign.models.caching import ratios, replacement, sized
from sysdesign.models.caching.bounded import Bounded, lru_ttl
from sysdesign.models.caching.expiry import Expiry, Leases, Stampede, leases, stampede, ttl
from sysdesign.models.caching.fleet import LostNode, OriginLoad, Tiers, lost_node, origin_load, tiers
from sysdesign.models.caching.freshness import Staleness, staleness
from sysdesign.models.caching.popularity import zipf
from sysdesign.models.caching.simulated import ReplayResult, replay
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, several

__all__ = [
    "Bounded", "Estimate", "ExactRatios", "Expiry", "Leases", "LostNode", "OriginLoad", "ReplayResult", "Staleness",
    "Stampede", "Tiers", "exact_hit_ratio", "hit_ratio", "leases", "lost_node", "lru_ttl", "origin_load", "replay",
    "staleness", "stampede", "tiers", "ttl", "warm",
]  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """A cache in its steady state."""

    hit_ratio: Annotated[float, Output("Hit ratio", "share")]
    characteristic_time_s: Annotated[float, Output("Time an unread key stays cached", "s")]
    origin_per_s: Annotated[float, Output("Requests that reach the origin", "1/s")]


@checked
def hit_ratio(
    capacity_keys: Annotated[
        float,
        Input("Capacity", "keys", low=1, high=1e9, default=5_000, most=AtMost("catalog_keys", times=0.999, kept=0.5)),
    ],
    policy: Annotated[Literal["lru", "fifo", "random"], Input("Eviction policy", default="lru")] = "lru",
    catalog_keys: Annotated[int, Input("Distinct keys asked for", "keys", low=2, high=1e9, default=100_000)] = 100_000,
    skew: Annotated[float, Input("Zipf skew of popularity", low=0, high=3, default=0.9, help="0 is uniform")] = 0.9,
    requests_per_s: Annotated[float, Input("Requests", "1/s", low=0.001, high=1e9, default=10_000)] = 10_000,
) -> Estimate:
    """Hit ratio of an LRU, FIFO or RANDOM cache under Zipf's law, without a replay.

    LRU by Che's approximation: a key is cached if it was read within one
    characteristic time, the same for all keys and chosen so that the cache is full
    on average. FIFO and RANDOM, which are equal, by their fixed point: a key stays
    for that time on average after each miss.

    Assumes the independent reference model, keys of one size and a steady state.
    Exact for catalogs that grow without end; for six keys it is 0.002 (LRU) and
    0.016 (FIFO) too low, see exact_hit_ratio. A capacity of the whole catalog or
    more raises InvalidInput: then nothing is ever evicted and every key misses once.
    Accepts arrays. Source: fricker-2012, martina-2014.
    """
    if np.any(np.asarray(capacity_keys) >= catalog_keys):
        raise InvalidInput(
            f"capacity_keys is {np.max(capacity_keys):g} and holds the whole catalog of {np.min(catalog_keys):g}: "
            "nothing is evicted; give a capacity below catalog_keys"
        )
    estimate = np.vectorize(
        lambda capacity, catalog, s: ratios.approximate(zipf(int(catalog), float(s)), policy, float(capacity)),
        otypes=[float, float],
    )
    hit, time = estimate(capacity_keys, catalog_keys, skew)
    if np.ndim(hit) == 0:
        hit, time = float(hit), float(time)
    return Estimate(hit, time / requests_per_s, requests_per_s * (1 - hit))


@dataclass(frozen=True)
class ExactRatios:
    """Exact hit ratios of a small cache in its steady state."""

    lru: Annotated[float, Output("Hit ratio of LRU", "share")]
    fifo: Annotated[float, Output("Hit ratio of FIFO or RANDOM", "share")]
    best: Annotated[float, Output("Hit ratio of keeping the hottest keys", "share")]


@checked
def exact_hit_ratio(
    capacity_keys: Annotated[int, Input("Capacity", "keys", low=1, high=300, default=10)],
    catalog_keys: Annotated[int, Input("Distinct keys asked for", "keys", low=1, high=300, default=100)],
    skew: Annotated[float, Input("Zipf skew of popularity", low=0, high=3, default=0.9)] = 0.9,
) -> ExactRatios:
    """Exact hit ratios of LRU, FIFO and RANDOM for a small catalog under Zipf's law.

    For judging the approximations, and for a handful of large objects. LRU after
    King 1971, as an integral with an error below 1e-9; FIFO and RANDOM by the
    product form of Gelenbe 1973. `best` keeps the hottest keys and never changes: no
    policy does better under the independent reference model, which all assume.
    A capacity of the whole catalog hits always. Derived in cache/hit_ratio.py.
    """
    probability = zipf(int(catalog_keys), float(skew)).probability
    capacity = int(capacity_keys)
    return ExactRatios(
        ratios.exact_lru(probability, capacity),
        ratios.exact_fifo(probability, capacity),
        min(float(probability[:capacity].sum()), 1.0),
    )


def warm() -> None:
    """Compile what replay needs, so that no request waits for it."""
    replacement.warm()
    sized.warm()
    ratios.warm()
    replay("lru", 10, requests=1_000)


_POLICY_NAMES = {
    "fifo": "FIFO", "lru": "LRU", "clock": "CLOCK", "lfu": "LFU", "sieve": "SIEVE", "s3fifo": "S3-FIFO",
    "s3fifo-simulator": "S3-FIFO as in its authors' simulator", "arc": "ARC",
    "wtinylfu": "W-TinyLFU", "wtinylfu-sketch": "W-TinyLFU with a sketch",
    "wtinylfu-doorkeeper": "W-TinyLFU with a sketch and a doorkeeper", "random": "RANDOM",
}  # fmt: skip


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _count(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else amount(value, 2)


def _replay_sentence(inputs: Mapping[str, Any], result: ReplayResult) -> str:
    size = inputs.get("capacity_bytes")
    room = units.text(size, units.unit("B")[1]) if size else several(inputs["capacity_keys"], "key")
    found = f"{_POLICY_NAMES[inputs['policy']]} with room for {room} answers {_percent(result.hit_ratio)} of requests"
    if result.byte_hit_ratio is not None:
        found += f" and {_percent(result.byte_hit_ratio)} of bytes"
    if inputs.get("trace") is not None:
        return f"{found}, from a cold start over {several(result.requests_replayed, 'request')} of the trace."
    return f"{found} (95% interval {_percent(result.hit_ratio_low)} to {_percent(result.hit_ratio_high)})."


def _estimate_sentence(inputs: Mapping[str, Any], result: Estimate) -> str:
    return (
        f"{_POLICY_NAMES[inputs.get('policy', 'lru')]} with room for {several(inputs['capacity_keys'], 'key')} answers "
        f"{_percent(result.hit_ratio)} of requests and sends {_count(result.origin_per_s)} a second on to the origin."
    )


def _exact_sentence(inputs: Mapping[str, Any], result: ExactRatios) -> str:
    return (
        f"LRU answers {_percent(result.lru)} of requests, FIFO and RANDOM {_percent(result.fifo)}; keeping the hottest "
        f"keys for good would answer {_percent(result.best)}."
    )


def _ttl_sentence(inputs: Mapping[str, Any], result: Expiry) -> str:
    return (
        f"{_percent(result.hit_ratio)} of requests hit; {_percent(result.stale_share)} of answers are older than the "
        "last change."
    )


def _staleness_sentence(inputs: Mapping[str, Any], result: Staleness) -> str:
    return (
        f"After a change the old value is shown for {duration(result.window_s)} on average, after 1 change in 1,000 "
        f"for {duration(result.window_p999_s)}; {_percent(result.stale_share)} of reads see an older value."
    )


def _bounded_sentence(inputs: Mapping[str, Any], result: Bounded) -> str:
    return (
        f"{_percent(result.hit_ratio)} of requests hit; the time to live alone makes "
        f"{_percent(result.expired_share)} miss, and {_percent(result.stale_share)} of answers "
        "are older than the last change."
    )


def _stampede_sentence(inputs: Mapping[str, Any], result: Stampede) -> str:
    queries = result.requests_per_expiry
    noun = "query" if round(queries, 1) == 1 else "queries"
    text = f"One expiry sends {_count(queries)} {noun} to the origin, where 1 would do"
    if result.waiting_requests >= 1:
        text += f"; {several(result.waiting_requests, 'request', 'wait')}"
    if result.early_s > 0:
        text += f"; the entry is rebuilt {result.early_s:.2g} s early on average"
    return text + "."


def _leases_sentence(inputs: Mapping[str, Any], result: Leases) -> str:
    return (
        f"Leases cut the origin's queries from {_count(result.without_per_s)} to {_count(result.with_per_s)} a second, "
        f"{amount(result.reduction)} times fewer."
    )


def _origin_sentence(inputs: Mapping[str, Any], result: OriginLoad) -> str:
    return (
        f"The origin sees {several(result.origin_per_s, 'request')} a second, {_percent(result.origin_utilization)} of "
        f"its capacity, and would see {_count(result.load_without_cache)} times that without the cache."
    )


def _tiers_sentence(inputs: Mapping[str, Any], result: Tiers) -> str:
    return (
        f"The first tier answers {_percent(result.first_hit_ratio)} of requests and the second "
        f"{_percent(result.second_hit_ratio)} of the rest: {_count(result.origin_per_s)} a second reach the origin, "
        f"{_count(result.origin_without_second_per_s)} without the second tier."
    )


def _lost_node_sentence(inputs: Mapping[str, Any], result: LostNode) -> str:
    return (
        f"{_percent(result.moved_share)} of cached keys are lost, so the origin's load rises "
        f"{amount(result.surge)} times, "
        f"to {_count(result.origin_after_per_s)} a second; half of the extra load is gone after "
        f"{result.half_refill_s:.2g} s."
    )


_SIZE = "How big a cache, and which eviction policy?"
_EXPIRY = "How long to keep an entry, and how to guard its expiry?"
_ORIGIN = "What does the origin feel when the cache helps, or fails?"


def _replay_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of a replay that is not to stop early; one that may, or reads a trace, can end at any time."""
    return 0.0 if inputs["precision"] > 0 or inputs.get("trace") is not None else 2e-6 * inputs["requests"]


MODELS = (
    Model(replay, _SIZE, _replay_sentence, "05-caching", "05-caching/policies", _replay_work, subject="caching"),
    Model(hit_ratio, _SIZE, _estimate_sentence, "05-caching", "05-caching/hit-ratio", subject="caching"),
    Model(exact_hit_ratio, _SIZE, _exact_sentence, "05-caching", "05-caching/exact-hit-ratio", subject="caching"),
    Model(ttl, _EXPIRY, _ttl_sentence, "05-caching", "05-caching/ttl", subject="caching"),
    Model(lru_ttl, _EXPIRY, _bounded_sentence, "05-caching", "05-caching/lru-ttl", subject="caching"),
    Model(staleness, _EXPIRY, _staleness_sentence, "05-caching", "05-caching/staleness", subject="caching"),
    Model(stampede, _EXPIRY, _stampede_sentence, "05-caching", "05-caching/stampede-size", subject="caching"),
    Model(leases, _EXPIRY, _leases_sentence, "05-caching", "05-caching/leases", subject="caching"),
    Model(origin_load, _ORIGIN, _origin_sentence, "05-caching", "05-caching/origin-load", subject="caching"),
    Model(tiers, _ORIGIN, _tiers_sentence, "05-caching", "05-caching/tiers", subject="caching"),
    Model(lost_node, _ORIGIN, _lost_node_sentence, "05-caching", "05-caching/lost-node", subject="caching"),
)
