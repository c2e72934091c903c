"""Hit ratios by formula and by replay, each against a simulation that shares no code with it."""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sysdesign.errors import InvalidInput, UnknownName
from sysdesign.models import caching
from sysdesign.models.caching import ratios
from sysdesign.models.caching.popularity import Popularity, Workload, zipf
from sysdesign.models.caching.simulated import BATCHES, FEWEST
from sysdesign.models.registry import model
from tests.models.agreement import agrees_with_power, weights
from tests.models.corners import assert_finite_at_corners, assert_sentences, corners


@pytest.fixture(scope="module", autouse=True)
def compiled():
    caching.warm()


# Exact ratios


def king(probability: np.ndarray, capacity: int) -> float:
    """LRU's hit ratio as King wrote it: a sum over all orders of the keys in the cache."""
    total = 0.0
    for order in itertools.permutations(range(len(probability)), capacity):
        left, chance = 1.0, 1.0
        for key in order:
            chance *= probability[key] / left
            left -= probability[key]
        total += chance * sum(probability[key] for key in order)
    return total


def gelenbe(probability: np.ndarray, capacity: int) -> float:
    sets = list(itertools.combinations(range(len(probability)), capacity))
    chance = np.array([np.prod(probability[list(each)]) for each in sets])
    return float(chance @ [probability[list(each)].sum() for each in sets] / chance.sum())


@pytest.mark.parametrize(("catalog", "capacity", "skew"), [(6, 3, 1.0), (7, 1, 0.5), (7, 5, 2.0), (5, 4, 0.0)])
def test_exact_ratios_equal_the_sums_over_all_states(catalog, capacity, skew):
    found = caching.exact_hit_ratio(capacity, catalog, skew)
    assert found.lru == pytest.approx(king(weights(catalog, skew), capacity), abs=1e-10)
    assert found.fifo == pytest.approx(gelenbe(weights(catalog, skew), capacity), abs=1e-10)


def test_random_equals_its_markov_chain():
    """RANDOM's stationary distribution by power iteration over all sets of keys cached."""
    probability, capacity = weights(5, 0.8), 2
    sets = [frozenset(each) for each in itertools.combinations(range(5), capacity)]
    step = np.zeros((len(sets), len(sets)))
    for row, cached in enumerate(sets):
        for key in range(5):
            if key in cached:
                step[row, row] += probability[key]
                continue
            for victim in cached:
                step[row, sets.index(cached - {victim} | {key})] += probability[key] / capacity
    state = np.full(len(sets), 1 / len(sets)) @ np.linalg.matrix_power(step, 400)
    hit = float(state @ [sum(probability[key] for key in cached) for cached in sets])
    assert caching.exact_hit_ratio(2, 5, 0.8).fifo == pytest.approx(hit, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.floats(0, 2.5), st.data())
def test_order_of_the_exact_ratios(catalog, skew, data):
    capacity = data.draw(st.integers(1, catalog - 1))
    found = caching.exact_hit_ratio(capacity, catalog, skew)
    assert found.fifo <= found.lru + 1e-9 and found.lru <= found.best + 1e-9
    assert caching.exact_hit_ratio(capacity + 1, catalog, skew).lru >= found.lru - 1e-12
    if skew == 0:
        assert found.lru == pytest.approx(capacity / catalog)


# Approximations


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 19_900), st.floats(0, 3), st.sampled_from(["lru", "fifo"]))
def test_the_characteristic_time_fills_the_cache(capacity, skew, policy):
    found = caching.hit_ratio(capacity, policy, 20_000, skew, requests_per_s=1)
    demand = weights(20_000, skew) * found.characteristic_time_s
    cached = 1 - np.exp(-demand) if policy == "lru" else demand / (1 + demand)
    assert cached.sum() == pytest.approx(capacity, rel=2e-6)
    assert found.hit_ratio == pytest.approx(float(weights(20_000, skew) @ cached), abs=2e-6)


@given(st.integers(2, 10_000_000), st.floats(0, 3))
@settings(max_examples=30, deadline=None)
def test_binned_popularity_keeps_every_key_and_all_probability(catalog, skew):
    popularity = zipf(catalog, skew)
    assert popularity.keys.sum() == catalog
    assert (popularity.keys * popularity.probability).sum() == pytest.approx(1)
    if catalog <= 200_000:
        assert popularity.probability[0] == pytest.approx(weights(catalog, skew)[0], rel=1e-9)


def test_approximation_nears_the_exact_value_as_catalogs_grow():
    errors = []
    for catalog in (10, 50, 250):
        exact = caching.exact_hit_ratio(catalog // 5, catalog, 0.9)
        lru = caching.hit_ratio(catalog // 5, "lru", catalog, 0.9).hit_ratio
        fifo = caching.hit_ratio(catalog // 5, "fifo", catalog, 0.9).hit_ratio
        errors.append((abs(lru - exact.lru), abs(fifo - exact.fifo)))
    assert errors[0][0] > errors[1][0] > errors[2][0] and errors[0][1] > errors[1][1] > errors[2][1]
    assert errors[2][0] < 1e-3 and errors[2][1] < 4e-3


@pytest.mark.parametrize("policy", ["lru", "fifo"])
def test_approximation_agrees_with_replay(policy):
    """An error of 5 % in either lies far outside the interval of the replay."""
    found = caching.hit_ratio(800, policy, 20_000, 0.8).hit_ratio
    simulated = caching.replay(policy, 800, catalog_keys=20_000, skew=0.8, requests=1_500_000, precision=0)
    assert simulated.hit_ratio_low - 0.002 < found < simulated.hit_ratio_high + 0.002
    assert not simulated.hit_ratio_low - 0.002 < 1.05 * found < simulated.hit_ratio_high + 0.002
    assert not simulated.hit_ratio_low - 0.002 < found / 1.05 < simulated.hit_ratio_high + 0.002


def test_random_replacement_agrees_with_its_fixed_point():
    generator, cached, at = np.random.default_rng(4), list(range(100)), {key: key for key in range(100)}
    hits = []
    for key in generator.choice(2_000, 200_000, p=weights(2_000, 0.9)).tolist():
        hits.append(key in at)
        if key not in at:
            slot = int(generator.integers(100))
            del at[cached[slot]]
            cached[slot], at[key] = key, slot
    batches = np.reshape(hits[20_000:], (60, -1)).mean(axis=1)
    assert agrees_with_power(caching.hit_ratio(100, "random", 2_000, 0.9).hit_ratio, batches)


def test_arrays_are_taken_element_by_element():
    found = caching.hit_ratio(np.array([10.0, 1_000.0]), catalog_keys=5_000, skew=0.9)
    assert found.hit_ratio.tolist() == [caching.hit_ratio(c, catalog_keys=5_000).hit_ratio for c in (10, 1_000)]
    rates = np.array([0.01, 0.1, 5.0])
    assert caching.ttl(rates, 60).hit_ratio.tolist() == [caching.ttl(rate, 60).hit_ratio for rate in rates]
    for protection in ("none", "locking", "leases", "early expiry"):
        many = caching.stampede(np.array([3.0, 2000.0]), 12.0, protection)
        assert many.requests_per_expiry.tolist() == pytest.approx(
            [caching.stampede(rate, 12.0, protection).requests_per_expiry for rate in (3, 2000)]
        )
    assert caching.origin_load(np.array([0.5, 0.9])).origin_per_s.tolist() == pytest.approx([5_000, 1_000])
    assert caching.leases(10, reads_per_s=np.array([1.0, 10.0])).reduction.shape == (2,)


# Replay as a model


def test_replay_is_the_same_for_a_seed_and_stops_when_sure():
    assert caching.replay("arc", 500, seed=3) == caching.replay("arc", 500, seed=3)
    assert caching.replay("arc", 500, seed=3) != caching.replay("arc", 500, seed=4)
    rough = caching.replay("lru", 500, requests=1_000_000, precision=0.01)
    fine = caching.replay("lru", 500, requests=1_000_000, precision=0.0)
    assert rough.requests_replayed < fine.requests_replayed == 1_000_000
    assert rough.hit_ratio_high - rough.hit_ratio_low <= 0.02
    assert fine.hit_ratio_high - fine.hit_ratio_low < rough.hit_ratio_high - rough.hit_ratio_low


def test_replay_intervals_hold_the_truth_about_as_often_as_they_say():
    truth = caching.exact_hit_ratio(20, 200, 0.8).lru
    runs = [
        caching.replay("lru", 20, catalog_keys=200, skew=0.8, requests=30_000, precision=0, seed=seed)
        for seed in range(200)
    ]
    held = sum(run.hit_ratio_low <= truth <= run.hit_ratio_high for run in runs)
    assert 178 <= held <= 199  # 190 of 200 expected; below 178 with a chance of 1 in 3,000


def test_a_scan_that_fits_not_gives_lru_nothing_and_arc_its_hot_keys():
    looped = caching.replay("lru", 1_000, scan_share=1, scan_keys=2_000, requests=50_000)
    assert looped.hit_ratio == 0 and looped.distinct_keys == 2_000
    assert caching.replay("lru", 2_000, scan_share=1, scan_keys=2_000, requests=50_000).hit_ratio == 1
    with_scan = {p: caching.replay(p, 1_000, scan_share=0.4).hit_ratio for p in ("lru", "s3fifo", "wtinylfu")}
    assert with_scan["s3fifo"] > with_scan["lru"] + 0.03 and with_scan["wtinylfu"] > with_scan["lru"] + 0.03


def test_the_generated_workload_is_zipf_and_scans_in_order():
    keys = Workload(50, 1.2, 0.25, 7, seed=2).requests(400_000)
    scanned = keys[keys >= 50]
    assert abs(scanned.size / keys.size - 0.25) < 0.003
    assert (scanned == 50 + np.arange(scanned.size) % 7).all()
    drawn = np.bincount(keys[keys < 50], minlength=50)
    expected = weights(50, 1.2) * drawn.sum()
    assert ((drawn - expected) ** 2 / expected).sum() < 95  # chi-square, 49 degrees: 1 in 10,000


@pytest.mark.parametrize(("catalog", "skew"), [(1, 1.0), (7, 0.0), (5_000, 0.9), (300, 3.0)])
def test_a_draw_is_the_inverse_of_the_distribution_function(catalog, skew):
    uniform = np.random.Generator(np.random.PCG64(5)).random(50_000)
    inverse = np.searchsorted(np.cumsum(weights(catalog, skew)), uniform * (1 - 1e-12), side="right")
    assert np.mean(Workload(catalog, skew, 0, 1, seed=5).requests(50_000) != inverse) < 1e-4  # rounding apart


def test_a_path_is_not_read_by_the_model(tmp_path):
    with pytest.raises(InvalidInput, match=r"sysdesign\.readers\.traces\.Trace"):
        caching.replay("lru", 5, trace=tmp_path / "x")


# Everything


@pytest.mark.parametrize("each", [m for m in caching.MODELS if m.name != "caching.replay"], ids=lambda m: m.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 60)


def test_corners_of_replay():
    few = [c for c in corners(caching.replay, 4_000) if c["requests"] == 1_000 and c["catalog_keys"] < 1e6]
    few = [{**c, "capacity_bytes": None} for c in few]  # takes a trace with sizes
    for inputs in few[:80]:
        found = caching.replay(**inputs)
        assert 0 <= found.hit_ratio_low <= found.hit_ratio <= found.hit_ratio_high <= 1


def test_sentences():
    assert_sentences(caching.MODELS)


def test_names():
    assert all(model(each.name) is each for each in caching.MODELS)
    with pytest.raises(UnknownName):
        model("caching.nothing")


def test_refusals_say_what_would_work():
    with pytest.raises(InvalidInput, match="capacity below catalog_keys"):
        caching.hit_ratio(100, catalog_keys=100)
    with pytest.raises(InvalidInput, match=r"below 27\.6 or use renewal=fixed"):
        caching.ttl(100, 60, renewal="sliding")
    with pytest.raises(InvalidInput, match="at least rebuild_s / 1000"):
        caching.stampede(10, 600, "leases", token_interval_s=0.1)
    with pytest.raises(InvalidInput, match="token_interval_s of rebuild_s or more"):
        caching.leases(1, rebuild_s=2)
    with pytest.raises(InvalidInput, match="larger catalog or a smaller capacity"):
        caching.lost_node(3, "ring", capacity_keys=100_000, catalog_keys=100_000)
    with pytest.raises(InvalidInput, match="one key per node"):
        caching.lost_node(100, "ring", capacity_keys=50)
    with pytest.raises(InvalidInput, match="policy is 'mru'"):
        caching.replay("mru", 5)


def test_popularity_counts_its_keys():
    assert Popularity(np.array([0.5, 0.25]), np.array([1.0, 2.0])).catalog_keys == 3


def test_the_origin_gets_the_misses_and_times_scale_with_the_rate():
    slow, fast = (caching.hit_ratio(500, "lru", 5_000, 0.8, requests_per_s=rate) for rate in (1.0, 40.0))
    assert slow.hit_ratio == fast.hit_ratio and 0.2 < slow.hit_ratio < 0.8
    assert fast.origin_per_s == pytest.approx(40 * (1 - fast.hit_ratio))
    assert fast.characteristic_time_s == pytest.approx(slow.characteristic_time_s / 40)
    with pytest.raises(InvalidInput, match="holds the whole catalog"):
        caching.hit_ratio(np.array([10.0, 5_000.0]), catalog_keys=5_000)


def test_a_cache_of_the_whole_catalog_hits_always():
    assert ratios.approximate(zipf(50, 0.9), "lru", 50) == (1.0, math.inf)
    assert ratios.approximate(zipf(50, 0.9), "lru", 49)[0] < 1
    whole = caching.exact_hit_ratio(40, 40, 0.9)
    assert (whole.lru, whole.fifo) == (1, 1) and whole.best == pytest.approx(1)
    assert caching.exact_hit_ratio(7, 40, 0.9).best == pytest.approx(weights(40, 0.9)[:7].sum())


def test_the_interval_of_a_replay_is_that_of_its_batches():
    """Batch means and Student's t a second time, around a cache made of a dictionary."""
    keys, cache, hits = Workload(300, 0.7, 0, 1, seed=4).requests(30_000).tolist(), OrderedDict(), []
    for key in keys:
        hits.append(key in cache)
        cache[key] = None
        cache.move_to_end(key)
        if len(cache) > 40:
            cache.popitem(last=False)
    batches = np.reshape(hits[15_000:], (BATCHES, -1)).mean(axis=1)
    low, high = stats.t.interval(0.95, BATCHES - 1, batches.mean(), stats.sem(batches))
    found = caching.replay("lru", 40, catalog_keys=300, skew=0.7, requests=30_000, precision=0, seed=4)
    assert found.hit_ratio == pytest.approx(batches.mean(), abs=1e-12)
    assert (found.hit_ratio_low, found.hit_ratio_high) == pytest.approx((low, high), abs=1e-12)


def test_a_replay_stops_when_it_knows_and_not_where_it_may_not():
    """A scan that never hits has no spread: a few batches tell, unless the precision asks for all."""
    inputs = {"policy": "lru", "capacity_keys": 10, "scan_share": 1, "scan_keys": 100, "requests": 60_000}
    assert caching.replay(**inputs, precision=0).requests_replayed == 60_000
    batch = 30_000 // BATCHES
    assert caching.replay(**inputs, precision=0.01).requests_replayed == 30_000 + FEWEST * batch
