"""Expiry, stampedes and leases, against simulations request by request and integrals done by quadrature."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from sysdesign.errors import InvalidInput
from sysdesign.models import caching
from tests.models.agreement import agrees_with_power, weights
from tests.models.corners import assert_finite_at_corners


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
    """One entry from its filling until it is rebuilt: queries sent, requests that waited, time given up, its life."""
    now, first, queries, waited, token, early = 0.0, None, 0, 0, -math.inf, 0.0
    while True:
        now += generator.exponential(1 / rate)
        if first is not None and now >= first + rebuild:
            return queries, waited, early, first + rebuild
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
        ("early expiry", 1, 1.0, 0.5, 2.0, 1),  # few requests, most of which come after the expiry
        ("early expiry", 0.3, 1.0, 25, 1.0, 1),
        ("leases", 4, 0.9, 1, 1, 0.5),
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
    assert found.origin_per_s == pytest.approx(runs[:, 0].mean() / runs[:, 3].mean(), rel=0.03)
    assert found.duplicates_per_expiry == found.requests_per_expiry - 1


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
    since, held = 0.0, 0.0
    while True:
        now, kind = heapq.heappop(heap)
        if now > seconds:
            return queries / seconds, 1 - held / seconds
        if rebuilding_until >= 0 and now >= rebuilding_until:
            valid, since, rebuilding_until = True, rebuilding_until, -1.0
        if kind == 1:
            # a write during a rebuild counts as coming before it: the rebuilt value holds
            held += now - since if valid else 0.0
            valid = False
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
    assert agrees_with_power(getattr(found, field), runs[:, 0])
    if leased:
        assert agrees_with_power(found.share_without_value, runs[:, 1])


def test_keys_under_leases_add_up_and_arrays_are_judged_one_by_one():
    one, many = (caching.leases(2.0, keys, 8, 0.7, 0.4) for keys in (1, 30))
    assert many.with_per_s == pytest.approx(30 * one.with_per_s)
    assert many.without_per_s == pytest.approx(30 * one.without_per_s)
    assert many.reduction == one.reduction == pytest.approx(one.without_per_s / one.with_per_s)
    with pytest.raises(InvalidInput, match="rebuild_s is 3"):
        caching.leases(2.0, rebuild_s=np.array([0.5, 3.0]))


@given(st.floats(0.1, 1e4), st.floats(1e-5, 1e3), st.floats(1e-3, 1), st.floats(1, 100))
def test_leases_never_exceed_one_token_an_interval(reads, writes, rebuild, interval):
    found = caching.leases(interval, keys=1, reads_per_s=reads, writes_per_s=writes, rebuild_s=rebuild)
    assert found.with_per_s <= 1 / interval
    assert 0 <= found.share_without_value <= 1


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


@pytest.mark.parametrize("changes", [1e-9, 1e-5, 1e-4, 2e-4, 1e-3, 0.1, 3.0, 40.0])
def test_staleness_of_a_fixed_time_is_the_mean_over_a_uniform_age(changes):
    found = caching.ttl(0.5, 4, changes / 4)
    mean, _ = quad(lambda age: -math.expm1(-changes * age), 0, 1, epsabs=0, epsrel=1e-11)
    assert found.stale_share == pytest.approx(found.hit_ratio * mean, rel=1e-7)


@pytest.mark.parametrize("demand", [1e-6, 1e-5, 9e-5, 1.1e-4, 1e-3, 0.3, 4.0])
def test_age_of_a_sliding_entry_by_quadrature(demand):
    """A run of hits adds up its gaps: its mean length is e ** demand, and each gap is one that was in time."""
    rate, ttl = 2e-5, demand / 2e-5
    in_time, _ = quad(lambda gap: math.exp(-rate * gap), 0, ttl, epsabs=0, epsrel=1e-12)
    gaps, _ = quad(lambda gap: gap * math.exp(-rate * gap), 0, ttl, epsabs=0, epsrel=1e-12)
    found = caching.ttl(rate, ttl, 0.001, "sliding")
    assert found.mean_age_s == pytest.approx(found.hit_ratio * math.exp(demand) * gaps / in_time, rel=2e-8)


def test_what_never_changes_is_never_stale():
    assert caching.ttl(0.1, 60, 0, "sliding").stale_share < 1e-12  # rounding
    assert caching.ttl(0.1, 60, 0).stale_share == 0


def test_a_sliding_time_is_refused_where_an_entry_would_never_expire():
    assert caching.ttl(27.6, 1, renewal="sliding").hit_ratio < 1
    for rate in (28.0, np.array([1.0, 28.0])):
        with pytest.raises(InvalidInput, match="the product below 27"):
            caching.ttl(rate, 1, renewal="sliding")


EARLY = [
    (6, 1.0, 0.5, 10.0), (2000, 0.5, 60, 1.0), (1, 1.0, 0.5, 2.0), (0.05, 1.0, 25, 1.0), (0.5, 2.0, 3, 0.3),
    (40, 0.5, 4, 3.0),
    (300, 1.0, 0.2, 10.0), (5, 10.0, 1000, 0.1), (60, 1.0, 30, 1.0), (49, 1.0, 6, 1.0), (51, 1.0, 6, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("rate", "rebuild", "ttl", "beta"), EARLY)
def test_early_expiry_by_quadrature(rate, rebuild, ttl, beta):
    """From XFetch's rule alone: a request with `left` seconds to go rebuilds with chance exp(-left / scale)."""
    scale = beta * rebuild

    def begun(left):  # the chance that a rebuild has begun by then
        return -math.expm1(-rate * scale * (math.exp(-left / scale) - math.exp(-ttl / scale)))

    def further(left):  # requests that rebuild too, until the first is done
        before = max(left - rebuild, 0)
        within = rate * scale * (math.exp(-before / scale) - math.exp(-left / scale))
        return within + rate * max(rebuild - left, 0)

    def pace(left):  # density of the first
        return rate * math.exp(-left / scale) * (1 - begun(left))

    knots = sorted({min(x, ttl) for x in (0, rebuild, scale, 3 * scale, 10 * scale, 30 * scale, ttl)})
    pieces = list(itertools.pairwise(knots))
    spared = 1 - begun(0)
    queries = 1 + spared * rate * rebuild + sum(quad(lambda x: pace(x) * further(x), *piece)[0] for piece in pieces)
    early = sum(quad(begun, *piece)[0] for piece in pieces)
    found = caching.stampede(rate, rebuild, "early expiry", ttl, beta)
    assert found.requests_per_expiry == pytest.approx(queries, rel=1e-6)
    assert found.early_s == pytest.approx(early, rel=1e-6)
    assert found.origin_per_s == pytest.approx(queries / (ttl - early + spared / rate + rebuild), rel=1e-6)


def test_leases_take_arrays_and_round_no_request_away():
    many = caching.stampede(30, np.array([0.3, 12.0]), "leases", token_interval_s=5, arrivals="random")
    each = [caching.stampede(30, s, "leases", token_interval_s=5, arrivals="random") for s in (0.3, 12)]
    assert many.requests_per_expiry.tolist() == pytest.approx([one.requests_per_expiry for one in each])
    assert each[0].requests_per_expiry == 1
    # requests at 0, 0.01, ... 0.14 s: those at 0, 0.07 and 0.14 get a token, though 100 * 0.07 is more than 7
    assert caching.stampede(100, 0.15, "leases", token_interval_s=0.07).requests_per_expiry == 3
    assert caching.stampede(10, 600, "leases", token_interval_s=0.6).requests_per_expiry == 1000


def play(capacity, ttl, catalog, skew, rate, change, requests, seed):
    """An LRU list whose entries are looked at for their age when they are read: hit, and hit on an old value."""
    generator = np.random.default_rng(seed)
    keys = generator.choice(catalog, requests, p=weights(catalog, skew)).tolist()
    times = np.cumsum(generator.exponential(1 / rate, requests)).tolist()
    cached, rows = OrderedDict(), np.zeros((requests, 2))
    for at, (key, now) in enumerate(zip(keys, times, strict=True)):
        fetched = cached.get(key)
        if fetched is not None:
            cached.move_to_end(key)
            if now - fetched <= ttl:
                rows[at] = 1, -math.expm1(-change * (now - fetched))
                continue
        cached[key] = now
        if len(cached) > capacity:
            cached.popitem(last=False)
    return rows[requests // 5 :].mean(axis=0)


@pytest.mark.parametrize(
    ("capacity", "ttl", "catalog", "skew", "change"),
    [
        (200, 5, 2000, 0.9, 0.01),  # about as long as an unread key stays
        (200, 1e6, 2000, 0.9, 0.02),
        (400, 60, 2000, 1.1, 0.02),
        (300, 30, 1000, 0.0, 0.01),
        (1000, 20, 500, 0.8, 0.01),  # all fit
    ],
)
def test_a_cache_bounded_twice_agrees_with_one_played(capacity, ttl, catalog, skew, change):
    model = caching.lru_ttl(capacity, ttl, catalog, skew, 100, change)
    runs = np.array([play(capacity, ttl, catalog, skew, 100, change, 60_000, seed) for seed in range(4)]).mean(axis=0)
    assert model.hit_ratio == pytest.approx(runs[0], abs=0.006)
    assert model.stale_share == pytest.approx(runs[1], rel=0.05, abs=0.001)


@given(st.integers(30, 10**7), st.floats(0, 2), st.floats(0.002, 0.98))
def test_without_an_end_to_their_lives_it_is_the_hit_ratio_of_lru(catalog, skew, share):
    capacity = max(1.0, catalog * share)
    known = caching.hit_ratio(capacity, catalog_keys=catalog, skew=skew)
    found = caching.lru_ttl(capacity, 1e9, catalog, skew, 10_000, 0)
    assert found.hit_ratio == pytest.approx(known.hit_ratio, abs=0.001)
    assert found.stale_share == 0 and found.expired_share == pytest.approx(0, abs=1e-6)


def test_with_memory_for_all_only_the_time_to_live_is_left():
    each = 50 * weights(10, 0.9)
    known = sum(rate * caching.ttl(rate, 3, 0.02).hit_ratio for rate in each) / 50
    old = sum(rate * caching.ttl(rate, 3, 0.02).stale_share for rate in each) / 50
    found = caching.lru_ttl(10, 3, 10, 0.9, 50, 0.02)
    assert found.hit_ratio == pytest.approx(known) and found.stale_share == pytest.approx(old)
    assert found.expired_share == pytest.approx(1 - known) and found.origin_per_s == pytest.approx(50 * (1 - known))


@given(st.floats(1, 1e6), st.floats(0.01, 1e6), st.floats(10, 1e7), st.floats(0, 2))
def test_more_memory_and_longer_lives_hit_no_less(capacity, ttl, catalog, skew):
    here = caching.lru_ttl(capacity, ttl, catalog, skew)
    assert caching.lru_ttl(1.5 * capacity, ttl, catalog, skew).hit_ratio >= here.hit_ratio - 1e-9
    longer = caching.lru_ttl(capacity, 1.5 * ttl, catalog, skew)
    assert longer.hit_ratio >= here.hit_ratio - 1e-9
    assert longer.stale_share >= here.stale_share * (1 - 1e-6)
    assert 0 <= here.stale_share <= here.hit_ratio <= 1


def test_a_cache_bounded_twice_takes_arrays_and_stays_finite():
    capacity = np.array([10.0, 1000.0, 1e6])
    each = [caching.lru_ttl(float(size), 60).hit_ratio for size in capacity]
    assert np.allclose(caching.lru_ttl(capacity, 60).hit_ratio, each)
    assert_finite_at_corners(caching.lru_ttl, most=800)


def played(ttl, change, lost, lag, fill, requests, length, seed):
    """Windows after each change, and what each read sees, of one entry played event by event with one delete."""
    generator = np.random.default_rng(seed)
    changes = np.sort(generator.random(generator.poisson(change * length))) * length
    deletes = changes[generator.random(changes.size) >= lost] + lag
    reads = np.sort(generator.random(generator.poisson(requests * length))) * length
    begins, ends, at, read, delete = [], [], 0.0, 0, 0
    while (read := np.searchsorted(reads, at)) < reads.size:
        begins.append(reads[read])
        start = reads[read] + fill
        delete = np.searchsorted(deletes, start)
        at = min(start + ttl, deletes[delete]) if delete < deletes.size else start + ttl
        ends.append(at)
    begins, ends = np.array(begins), np.array(ends)
    met = np.maximum(np.searchsorted(begins, changes, side="right") - 1, 0)
    window = np.where((begins[met] < changes) & (changes < ends[met]), ends[met] - changes, 0.0)
    seen = np.searchsorted(begins, reads, side="right") - 1
    first = np.searchsorted(changes, begins[seen])
    missed = np.append(changes, np.inf)[first]
    hit = (reads >= begins[seen] + fill) & (reads < ends[seen]) & (reads > begins[seen])
    return window, np.where(hit & (missed < reads), reads - missed, 0.0), hit


PLAYED = [
    (10, 0.5, 1, 0, 0, 20),
    (10, 0.5, 0.3, 0.5, 0, 5),
    (5, 1, 0.2, 0.05, 0, 0.5),
    (20, 0.1, 0.1, 0.02, 0.3, 5),
]


@pytest.mark.parametrize("case", PLAYED, ids=str)
def test_staleness_agrees_with_an_entry_played_event_by_event(case):
    ttl, change, lost, lag, fill, requests = case
    model = caching.staleness(ttl, change, lost, lag, fill_s=fill, requests_per_s=requests)
    runs = [played(*case, 30_000, seed) for seed in range(10)]
    windows, ages, hits = ([run[at] for run in runs] for at in range(3))
    slack = 0.03 if fill else 0.0  # what a fill's docstring allows, besides chance
    for found, samples in (
        (model.window_s, windows),
        (model.mean_s, ages),
        (model.hit_ratio, hits),
        (model.stale_share, [age > 0 for age in ages]),
    ):
        means = np.array([sample.mean() for sample in samples])
        error = means.std(ddof=1) / math.sqrt(means.size)
        assert error < 0.025 * means.mean()
        assert abs(found - means.mean()) < 4 * error + slack * found
    beyond = np.concatenate(windows) >= model.window_p999_s * (1 - 1e-9)
    if not fill:
        assert beyond.mean() == pytest.approx(0.001, abs=4 * math.sqrt(0.001 / beyond.size))


@given(st.floats(0.1, 1e5), st.floats(1e-9, 10), st.floats(1e-3, 1e3))
def test_without_deletes_it_is_a_time_to_live(ttl, change, requests):
    alone, known = caching.staleness(ttl, change, requests_per_s=requests), caching.ttl(requests, ttl, change)
    assert alone.stale_share == pytest.approx(known.stale_share, rel=1e-4)
    assert alone.hit_ratio == pytest.approx(known.hit_ratio) == pytest.approx(alone.kept_share)
    assert alone.window_s == pytest.approx(alone.hit_ratio * ttl / 2)
    assert alone.worst_s == ttl
    if change * ttl < 1e-3:
        assert alone.mean_s == pytest.approx(alone.hit_ratio * change * ttl**2 / 6, rel=1e-3)


@given(st.floats(1, 1e4), st.floats(1e-6, 1), st.floats(0, 0.9), st.floats(0, 5), st.floats(0, 0.5))
def test_more_loss_lag_and_fill_never_make_it_fresher(ttl, change, lost, lag, fill):
    base = caching.staleness(ttl, change, lost, lag, fill_s=fill)
    rounding = 1e-12 * ttl  # of the mean, which is a difference of ages
    longer = [caching.staleness(life, change, lost, lag) for life in (ttl, ttl * 1.1)]
    lossier = [base, caching.staleness(ttl, change, lost + 0.05, lag, fill_s=fill)]
    for better, worse in (longer, lossier):
        assert worse.mean_s >= better.mean_s * (1 - 1e-6) - rounding
        assert worse.window_p999_s >= better.window_p999_s * (1 - 1e-6)
    assert base.window_s <= base.worst_s and base.window_p999_s <= base.worst_s * (1 + 1e-12)
    assert (
        caching.staleness(ttl, change, lost, lag + 0.1).window_p999_s
        >= caching.staleness(ttl, change, lost, lag).window_p999_s
    )
    repeated = caching.staleness(ttl, change, lost, lag, again_lost_share=0.01, again_lag_s=lag + 1)
    assert repeated.mean_s <= caching.staleness(ttl, change, lost, lag).mean_s * (1 + 1e-6) + rounding


def test_a_second_delete_ends_what_the_first_missed():
    once = caching.staleness(3600, 0.001, 0.01, 0.002)
    twice = caching.staleness(3600, 0.001, 0.01, 0.002, again_lost_share=0, again_lag_s=1)
    assert once.window_p999_s > 1000 and once.kept_share == pytest.approx(0.01, rel=1e-6)
    assert twice.window_p999_s == 1 == twice.worst_s and twice.kept_share == 0
    assert twice.mean_s < once.mean_s / 1000


def test_a_slow_fill_keeps_what_its_delete_came_too_early_for():
    fast, slow = (caching.staleness(600, 0.01, 0, 0.01, fill_s=fill) for fill in (0.005, 0.5))
    assert fast.kept_share == 0 and fast.worst_s == 0.01
    # A fill every hundred seconds, and a change within it, with 0.49 s of 0.5 s too early for its delete.
    assert slow.kept_share == pytest.approx(0.49 / 100, rel=0.02)
    assert slow.worst_s == 600


def test_staleness_takes_arrays_and_is_finite_at_the_ends():
    lives = np.array([1.0, 60.0, 1e6])
    each = [caching.staleness(float(life), 0.01, 0.01, 0.1, fill_s=0.2).mean_s for life in lives]
    assert np.allclose(caching.staleness(lives, 0.01, 0.01, 0.1, fill_s=0.2).mean_s, each)
    assert_finite_at_corners(caching.staleness, most=600)
