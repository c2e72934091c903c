"""The origin's load, two tiers and a lost node, against caches that are really filled."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from sysdesign.models import caching
from tests.models.agreement import agrees_with_power, weights


def lru_tiers(first, second, servers, requests, generator):
    """Two tiers of ordered dictionaries; returns what each request found: 1, 2 or 0."""
    caches, shared, found = [OrderedDict() for _ in range(servers)], OrderedDict(), []
    for key, server in zip(requests, generator.integers(0, servers, len(requests)).tolist(), strict=True):
        near = caches[server]
        if key in near:
            near.move_to_end(key)
            found.append(1)
            continue
        found.append(2 if key in shared else 0)
        for cache, size in ((shared, second), (near, first)):
            cache[key] = None
            cache.move_to_end(key)
            if len(cache) > size:
                cache.popitem(last=False)
    return np.array(found)


@pytest.mark.parametrize(("first", "second", "servers"), [(100, 600, 1), (60, 800, 5)])
def test_tiers_agree_with_a_simulation(first, second, servers):
    generator = np.random.default_rng(9)
    requests = generator.choice(4_000, 240_000, p=weights(4_000, 0.9)).tolist()
    outcome = lru_tiers(first, second, servers, requests, generator)[60_000:]
    found = caching.tiers(first, second, servers, catalog_keys=4_000, skew=0.9)
    nearby, missed = np.mean(outcome == 1), np.mean(outcome == 0)
    assert found.first_hit_ratio == pytest.approx(nearby, abs=0.005)
    assert found.second_hit_ratio == pytest.approx(1 - missed / (1 - nearby), abs=0.02)
    assert abs(1.05 * found.first_hit_ratio - nearby) > 0.005
    assert abs(1.05 * found.second_hit_ratio - (1 - missed / (1 - nearby))) > 0.02 or found.second_hit_ratio < 0.4
    assert found.origin_per_s == pytest.approx(10_000 * missed, rel=0.04)


def test_two_tiers_save_the_origin_and_their_latency_is_the_weighted_sum():
    found = caching.tiers(500, 10_000, first_ms=0.1, second_ms=1, origin_ms=30)
    assert found.origin_per_s < found.origin_without_second_per_s
    first, second = found.first_hit_ratio, found.second_hit_ratio
    assert found.mean_latency_ms == pytest.approx(0.1 + (1 - first) * (1 + (1 - second) * 30))
    assert found.hit_ratio == pytest.approx(1 - (1 - first) * (1 - second))
    assert caching.tiers(100_000, 10, servers=3).hit_ratio == pytest.approx(1)


def test_origin_load_by_hand():
    found = caching.origin_load(0.98, 5_000, cache_ms=1, origin_ms=50, origin_capacity_per_s=400)
    assert found.origin_per_s == pytest.approx(100)
    assert found.mean_latency_ms == pytest.approx(0.98 * 1 + 0.02 * 51)
    assert found.load_without_cache == pytest.approx(50)
    assert found.load_per_lost_point == pytest.approx(caching.origin_load(0.97, 5_000).origin_per_s / 100 - 1)
    assert found.origin_utilization == pytest.approx(0.25) and found.needed_hit_ratio == pytest.approx(0.92)
    assert caching.origin_load(0.5, 100, origin_capacity_per_s=400).needed_hit_ratio == 0


def hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def moved_keys(nodes: int, placement: str, lost: int, keys: int = 20_000) -> np.ndarray:
    """Keys whose node is another once one is gone, by really placing them."""
    survivors = [node for node in range(nodes) if node != lost]
    moved = []
    points = sorted((hashed(f"{node}/{point}"), node) for node in range(nodes) for point in range(300))
    spots = np.array([spot for spot, _ in points], dtype=np.uint64)
    for key in range(keys):
        if placement == "modulo":
            moved.append(hashed(f"k{key}") % nodes != survivors[hashed(f"k{key}") % (nodes - 1)])
            continue
        at = int(np.searchsorted(spots, np.uint64(hashed(f"k{key}")))) % len(points)
        moved.append(points[at][1] == lost)
    return np.array(moved, float)


@pytest.mark.parametrize("lost", [0, 2, 4])
def test_moved_share_by_placing_keys(lost):
    found = caching.lost_node(5, "modulo")
    assert agrees_with_power(found.moved_share, moved_keys(5, "modulo", lost))


def test_moved_share_on_a_ring_by_placing_keys():
    shares = [moved_keys(5, "ring", lost, 5_000).mean() for lost in range(5)]
    assert np.mean(shares) == pytest.approx(caching.lost_node(5, "ring").moved_share)
    assert max(shares) < 1.4 * 0.2 and min(shares) > 0.6 * 0.2


def test_half_of_the_extra_load_is_gone_when_it_says():
    """LRU filled by requests; a third of its keys forgotten; extra misses counted as they are asked for again."""
    generator, probability = np.random.default_rng(11), weights(3_000, 0.9)
    found = caching.lost_node(3, "ring", requests_per_s=1, capacity_keys=1_000, catalog_keys=3_000)
    early = []
    for _ in range(60):
        cache: OrderedDict = OrderedDict()
        for key in generator.choice(3_000, 12_000, p=probability).tolist():
            cache[key] = None
            cache.move_to_end(key)
            if len(cache) > 1_000:
                cache.popitem(last=False)
        forgotten = {key for key in cache if generator.random() < 1 / 3}
        before = sum(probability[key] for key in forgotten)
        left = forgotten - set(generator.choice(3_000, int(found.half_refill_s), p=probability).tolist())
        early.append(sum(probability[key] for key in left) / before)
    assert np.mean(early) == pytest.approx(0.5, abs=0.02)


@given(st.integers(2, 1000), st.floats(0.1, 2))
@settings(max_examples=40, deadline=None)
def test_a_ring_never_loses_more_than_modulo(nodes, skew):
    ring, modulo = (caching.lost_node(nodes, p, skew=skew) for p in ("ring", "modulo"))
    assert ring.moved_share <= modulo.moved_share and ring.surge <= modulo.surge * (1 + 1e-12)
    assert ring.hit_ratio_settled <= ring.hit_ratio_before
    assert ring.moved_share + modulo.moved_share == pytest.approx(1)


@pytest.mark.parametrize(("first", "second", "servers"), [(300, 400, 1), (300, 400, 2), (300, 600, 3)])
def test_what_a_first_tier_just_lost_the_second_has_mostly_lost_too(first, second, servers):
    """Tiers of like size: here the second's hit ratio is half or less of what independent requests would give."""
    generator = np.random.default_rng(9)
    requests = generator.choice(4_000, 240_000, p=weights(4_000, 0.6)).tolist()
    outcome = lru_tiers(first, second, servers, requests, generator)[60_000:]
    found = caching.tiers(first, second, servers, catalog_keys=4_000, skew=0.6)
    assert found.second_hit_ratio == pytest.approx(np.sum(outcome == 2) / np.sum(outcome != 1), abs=0.012)


@pytest.mark.parametrize(("first", "second", "servers"), [(700, 9_000, 3), (2_000, 2_500, 1)])
def test_tiers_of_a_large_catalog_equal_the_sums_over_every_key(first, second, servers):
    """Che's equations solved a second time, key by key: the model bins the keys past the ten thousandth."""
    probability = weights(60_000, 0.8)
    near = brentq(lambda time: -np.expm1(-probability * time).sum() - first, 1, 1e9, xtol=1e-9)
    missed = probability * np.exp(-probability * near)
    far = brentq(lambda time: -np.expm1(-missed * time).sum() - second, 1, 1e9, xtol=1e-9)
    heard_s = max(far - near * servers, 0) / servers + far * (servers - 1) / servers
    answered = (missed * -np.expm1(-missed * heard_s)).sum()
    found = caching.tiers(
        first,
        second,
        servers,
        catalog_keys=60_000,
        skew=0.8,
        requests_per_s=500,
        first_ms=0.5,
        second_ms=2,
        origin_ms=9,
    )
    assert found.first_hit_ratio == pytest.approx(1 - missed.sum(), rel=1e-5)
    assert found.origin_without_second_per_s == pytest.approx(500 * missed.sum(), rel=1e-5)
    assert found.second_hit_ratio == pytest.approx(answered / missed.sum(), rel=1e-4)
    assert found.origin_per_s == pytest.approx(500 * (missed.sum() - answered), rel=1e-5)
    assert found.mean_latency_ms == pytest.approx(0.5 + 2 * missed.sum() + 9 * (missed.sum() - answered), rel=1e-5)


def test_a_tier_that_holds_the_catalog_answers_everything():
    whole = caching.tiers(4_000, 10, catalog_keys=4_000, first_ms=3)
    assert (whole.first_hit_ratio, whole.second_hit_ratio, whole.hit_ratio) == (1, 1, 1)
    assert whole.origin_per_s == whole.origin_without_second_per_s == 0 and whole.mean_latency_ms == 3
    behind = caching.tiers(10, 4_000, catalog_keys=4_000)
    assert behind.second_hit_ratio == behind.hit_ratio == 1 and behind.origin_per_s == 0
    assert behind.origin_without_second_per_s > 1_000
    nearly = caching.tiers(10, 3_999, catalog_keys=4_000)
    assert 0.99 < nearly.second_hit_ratio < 1


class Cluster:
    """LRU nodes filled by requests; a key's node is its hash modulo their number."""

    def __init__(self, nodes: int, capacity: int) -> None:
        self.nodes, self.each = [OrderedDict() for _ in range(nodes)], capacity // nodes

    def ask(self, key: int, place: int) -> bool:
        node = self.nodes[place % len(self.nodes)]
        hit = key in node
        node[key] = None
        node.move_to_end(key)
        if len(node) > self.each:
            node.popitem(last=False)
        return hit

    def share_found(self, probability: np.ndarray, places: np.ndarray) -> float:
        held = [key in self.nodes[place % len(self.nodes)] for key, place in enumerate(places)]
        return float(probability @ held)


def test_a_lost_node_agrees_with_a_cluster_that_loses_one():
    """Five nodes lose one under modulo hashing: the hit ratio before, at once, and after it has settled."""
    generator, probability = np.random.default_rng(3), weights(4_000, 0.5)
    before, after, settled = [], [], []
    for _ in range(6):
        places = generator.integers(0, 2**40, 4_000)
        cluster = Cluster(5, 1_500)
        for key in generator.choice(4_000, 12_000, p=probability).tolist():
            cluster.ask(key, places[key])
        before.append(cluster.share_found(probability, places))
        whole = cluster.nodes
        for lost in range(5):
            cluster.nodes = whole[:lost] + whole[lost + 1 :]
            after.append(cluster.share_found(probability, places))
        for key in generator.choice(4_000, 12_000, p=probability).tolist():
            cluster.ask(key, places[key])
        settled.append(cluster.share_found(probability, places))
    found = caching.lost_node(5, "modulo", requests_per_s=800, capacity_keys=1_500, catalog_keys=4_000, skew=0.5)
    assert found.hit_ratio_before == pytest.approx(np.mean(before), rel=0.015)
    assert found.hit_ratio_after == pytest.approx(np.mean(after), rel=0.03)
    assert found.hit_ratio_settled == pytest.approx(np.mean(settled), rel=0.015)
    assert found.origin_before_per_s == pytest.approx(800 * (1 - np.mean(before)), rel=0.02)
    assert found.origin_after_per_s == pytest.approx(800 * (1 - np.mean(after)), rel=0.02)
    assert found.surge == pytest.approx((1 - np.mean(after)) / (1 - np.mean(before)), rel=0.02)


@pytest.mark.parametrize("rate", [1.0, 250.0])
def test_the_time_of_half_refill_solves_its_equation(rate):
    """A cached key that moved is asked for again after an exponential time; half of that weight is then left."""
    probability = weights(9_000, 0.7)
    time = brentq(lambda t: -np.expm1(-probability * t).sum() - 2_000, 1, 1e9, xtol=1e-9)
    cached = probability * -np.expm1(-probability * time)
    found = caching.lost_node(4, "ring", requests_per_s=rate, capacity_keys=2_000, catalog_keys=9_000, skew=0.7)
    left = cached @ np.exp(-probability * rate * found.half_refill_s)
    assert left == pytest.approx(cached.sum() / 2, rel=1e-9)


def test_one_key_a_node_is_enough():
    assert 0 < caching.lost_node(40, "modulo", capacity_keys=40).hit_ratio_before < 1
