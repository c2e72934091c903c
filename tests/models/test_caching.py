"""Hit ratios by formula, expiry and leases, each against a simulation that shares no code with it."""

from __future__ import annotations

import heapq
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput, UnknownName
from sysdesign.models import caching
from sysdesign.models.cache.popularity import Popularity, Workload, zipf
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
    with pytest.raises(InvalidInput, match=r"sysdesign\.traces\.Trace"):
        caching.replay("lru", 5, trace=tmp_path / "x")


# Expiry


def simulate_ttl(rate, ttl, changes, sliding, requests, seed):
    """Requests one by one: hit, stale and age of the answer."""
    generator = np.random.default_rng(seed)
    times = np.cumsum(generator.exponential(1 / rate, requests))
    change_times = np.cumsum(generator.exponential(1 / changes, int(times[-1] * changes * 1.2) + 50))
    fetched, until, old, rows = -1.0, -1.0, -1, []
    for now, version in zip(times.tolist(), np.searchsorted(change_times, times).tolist(), strict=True):
        hit = now < until
        if not hit:
            fetched, old = now, version
        if not hit or sliding:
            until = now + ttl
        rows.append((hit, hit and version != old, now - fetched))
    return np.array(rows, float).reshape(40, -1, 3).mean(axis=1)


@pytest.mark.parametrize(("renewal", "rate", "ttl", "changes"), [("fixed", 0.5, 4, 0.3), ("sliding", 0.5, 3, 0.2)])
def test_ttl_agrees_with_a_simulation(renewal, rate, ttl, changes):
    found = caching.ttl(rate, ttl, changes, renewal)
    batches = simulate_ttl(rate, ttl, changes, renewal == "sliding", 400_000, seed=5)
    assert agrees_with_power(found.hit_ratio, batches[:, 0])
    assert agrees_with_power(found.stale_share, batches[:, 1])
    assert agrees_with_power(found.mean_age_s, batches[:, 2])
    assert found.fetches_per_s == pytest.approx(rate * (1 - found.hit_ratio))


@given(st.floats(1e-6, 1e4), st.floats(1e-3, 1e5), st.floats(0, 1e3))
def test_a_longer_time_to_live_hits_more_and_is_staler(rate, ttl, changes):
    near, far = caching.ttl(rate, ttl, changes), caching.ttl(rate, 2 * ttl, changes)
    assert far.hit_ratio >= near.hit_ratio and far.stale_share >= near.stale_share * (1 - 1e-9)
    assert near.stale_share <= near.hit_ratio
    if rate * ttl < 27:
        sliding = caching.ttl(rate, ttl, changes, "sliding")
        assert sliding.hit_ratio >= near.hit_ratio - 1e-12
        assert sliding.stale_share >= near.stale_share - 1e-9


def simulate_expiry(rate, rebuild, protection, ttl, beta, interval, generator):
    """One entry from its filling until it is rebuilt: queries sent, requests that waited, time given up."""
    now, first, queries, waited, token, early = 0.0, None, 0, 0, -math.inf, 0.0
    while True:
        now += generator.exponential(1 / rate)
        if first is not None and now >= first + rebuild:
            return queries, waited, early
        left = ttl - now
        if protection == "early expiry":
            wants = left <= 0 or generator.random() < math.exp(-left / (beta * rebuild))
        else:
            wants = left <= 0
        if not wants:
            continue
        if first is None:
            first, early = now, max(left, 0.0)
        elif protection == "locking" or (protection == "leases" and now < token + interval):
            waited += 1
            continue
        token = now
        queries += 1


@pytest.mark.parametrize(
    ("protection", "rate", "rebuild", "ttl", "beta", "interval"),
    [
        ("none", 4, 2.0, 1, 1, 1),
        ("locking", 4, 2.0, 1, 1, 1),
        ("leases", 3, 2.0, 1, 1, 0.5),
        ("early expiry", 5, 1.0, 10, 1.0, 1),
        ("early expiry", 0.7, 1.0, 3, 0.5, 1),
        ("early expiry", 50, 0.3, 0.5, 2.0, 1),
        ("early expiry", 60, 0.2, 0.7, 0.4, 1),
    ],
)
def test_stampede_agrees_with_a_simulation(protection, rate, rebuild, ttl, beta, interval):
    generator = np.random.default_rng(6)
    runs = np.array(
        [simulate_expiry(rate, rebuild, protection, ttl, beta, interval, generator) for _ in range(9_000)], float
    )
    found = caching.stampede(rate, rebuild, protection, ttl, beta, interval, arrivals="random")
    if protection == "locking":
        assert found.requests_per_expiry == 1 == runs[:, 0].max()
    else:
        assert agrees_with_power(found.requests_per_expiry, runs[:, 0])
    if protection in ("locking", "leases"):
        assert agrees_with_power(found.waiting_requests, runs[:, 1])
    if protection == "early expiry":
        assert abs(found.early_s - runs[:, 2].mean()) < 4 * runs[:, 2].std() / 94


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 20))
def test_even_arrivals_by_counting(per_tenth, rebuild_tenths, interval_tenths):
    """Times in whole sixtieths of a tenth, so that counting has no rounding."""
    step, rebuild, interval = 60, rebuild_tenths * 60 * per_tenth, interval_tenths * 60 * per_tenth
    arrivals = list(range(0, rebuild, step))
    tokens, last = 0, -interval
    for at in arrivals:
        if at >= last + interval:
            tokens, last = tokens + 1, at
    rate, rebuild_s, interval_s = 10.0 * per_tenth, rebuild_tenths / 10, interval_tenths / 10
    assert caching.stampede(rate, rebuild_s).requests_per_expiry == len(arrivals)
    assert caching.stampede(rate, rebuild_s, "leases", token_interval_s=interval_s).requests_per_expiry == tokens


def test_limits_of_the_stampede():
    assert caching.stampede(2000, 0.5).requests_per_expiry == 1000
    assert caching.stampede(2000, 0.5, arrivals="random").requests_per_expiry == 1001
    for beta in (0.5, 1, 2):  # busy keys: e ** (1 / beta), whatever the rate
        found = caching.stampede(1e6, 0.5, "early expiry", ttl_s=600, early_factor=beta).requests_per_expiry
        assert found == pytest.approx(math.exp(1 / beta), rel=1e-6)
    rare = caching.stampede(0.001, 0.0001, "early expiry", arrivals="random")
    assert rare.requests_per_expiry == pytest.approx(1, abs=1e-6)


@given(st.floats(0.001, 1e6), st.floats(1e-4, 100), st.floats(0.02, 1e5), st.floats(0.1, 10))
def test_early_expiry_stays_between_one_query_and_no_protection(rate, rebuild, ttl, beta):
    found = caching.stampede(rate, rebuild, "early expiry", ttl, beta)
    assert 1 <= found.requests_per_expiry <= (1 + rate * rebuild) * (1 + 1e-9)
    assert 0 <= found.early_s <= ttl


def simulate_leases(reads, writes, rebuild, interval, leased, seconds, generator):
    """Queries for one key, event by event: reads, writes and ends of rebuilds."""
    heap = [(generator.exponential(1 / reads), 0), (generator.exponential(1 / writes), 1)]
    valid, rebuilding_until, token, queries = False, -1.0, -math.inf, 0
    while True:
        now, kind = heapq.heappop(heap)
        if now > seconds:
            return queries / seconds
        if rebuilding_until >= 0 and now >= rebuilding_until:
            valid, rebuilding_until = True, -1.0
        if kind == 1:
            # a write during a rebuild counts as coming before it: the rebuilt value holds
            valid = valid and False
            heapq.heappush(heap, (now + generator.exponential(1 / writes), 1))
            continue
        heapq.heappush(heap, (now + generator.exponential(1 / reads), 0))
        if valid:
            continue
        if leased and now < token + interval:
            continue
        token, queries = now, queries + 1
        if rebuilding_until < 0:
            rebuilding_until = now + rebuild


@pytest.mark.parametrize(("leased", "field"), [(False, "without_per_s"), (True, "with_per_s")])
def test_leases_agree_with_a_simulation(leased, field):
    generator = np.random.default_rng(8)
    runs = np.array([simulate_leases(8, 0.7, 0.4, 2.0, leased, 400, generator) for _ in range(60)])
    found = caching.leases(2.0, keys=1, reads_per_s=8, writes_per_s=0.7, rebuild_s=0.4)
    assert agrees_with_power(getattr(found, field), runs)


@given(st.floats(0.1, 1e4), st.floats(1e-5, 1e3), st.floats(1e-3, 1), st.floats(1, 100))
def test_leases_never_exceed_one_token_an_interval(reads, writes, rebuild, interval):
    found = caching.leases(interval, keys=1, reads_per_s=reads, writes_per_s=writes, rebuild_s=rebuild)
    assert found.with_per_s <= 1 / interval
    assert 0 <= found.share_without_value <= 1


# Everything


@pytest.mark.parametrize("each", [m for m in caching.MODELS if m.name != "caching.replay"], ids=lambda m: m.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 60)


def test_corners_of_replay():
    few = [c for c in corners(caching.replay, 4_000) if c["requests"] == 1_000 and c["catalog_keys"] < 1e6]
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
        caching.lost_node(3, "ring", capacity_keys=100_000)
    with pytest.raises(InvalidInput, match="one key per node"):
        caching.lost_node(100, "ring", capacity_keys=50)
    with pytest.raises(InvalidInput, match="policy is 'mru'"):
        caching.replay("mru", 5)


def test_popularity_counts_its_keys():
    assert Popularity(np.array([0.5, 0.25]), np.array([1.0, 2.0])).catalog_keys == 3


def test_the_origin_is_asked_once_a_cycle_behind_a_lock():
    arrivals, rebuild, ttl = 5.0, 0.5, 2.0
    requests = np.cumsum(np.random.default_rng(11).exponential(1 / arrivals, 300_000))
    starts, fresh_until = [], 0.0
    for at in requests.tolist():
        if at >= fresh_until:  # the lock's holder is the first to miss; the others wait
            starts.append(at)
            fresh_until = at + rebuild + ttl
    found = caching.stampede(
        arrivals_per_s=arrivals, rebuild_s=rebuild, ttl_s=ttl, protection="locking", arrivals="random"
    )
    assert agrees_with_power(1 / found.origin_per_s, np.diff(starts))
