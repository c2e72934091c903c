"""Code at the edge and lost regions: closed forms, laws, and requests and outages played one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models.balancing import name_failover
from sysdesign.models.edge import MODELS, function, region_loss
from tests.models.corners import assert_finite_at_corners, assert_sentences

SHARES, TIMES = st.floats(0, 1), st.floats(0, 500)


def answered(alone, queries, rate, places, kept, cold, generator, requests=100_000):
    """Requests at random to random places; each place's instance is cold after it was idle for too long."""
    at = np.cumsum(generator.exponential(1 / rate, requests))
    place = generator.integers(places, size=requests)
    order = np.lexsort((at, place))
    idle = np.diff(at[order], prepend=0)
    first = np.diff(place[order], prepend=-1) != 0
    starts = np.where((idle > kept) & ~first, cold, 0)
    times = 10 + 2 + starts + np.where(generator.random(requests) < alone, 0, queries * (160 + 1))
    return times[~first].mean(), np.quantile(times[~first], 0.99), (starts[~first] > 0).mean()


@pytest.mark.parametrize(("alone", "queries", "rate", "kept"), [(0.8, 3, 10, 5), (0.5, 1, 100, 1), (0.995, 6, 1, 60)])
def test_requests_played_one_by_one(alone, queries, rate, kept):
    mean, slow, cold = answered(alone, queries, rate, 50, kept, 200, np.random.default_rng(7))
    said = function(queries=queries, alone_share=alone, requests_per_s=rate, kept_s=kept)
    assert said.edge_ms == pytest.approx(mean, rel=0.01)
    assert said.edge_p99_ms == pytest.approx(slow)
    assert said.cold_share == pytest.approx(cold, rel=0.03)


def test_sums_in_closed_form():
    far = function(queries=3, alone_share=0, work_ms=0, home_work_ms=0, requests_per_s=1e6)
    assert far.edge_ms == pytest.approx(493) and far.home_ms == pytest.approx(173)
    assert far.one_trip_ms == pytest.approx(173)
    assert function(queries=1, alone_share=0.8, price_ratio=0.5).calls_ratio == pytest.approx(0.7)
    assert function(queries=0).break_even_alone == 0
    assert function(queries=0, work_ms=1e5, alone_share=1).break_even_alone == 1


@settings(max_examples=50)
@given(TIMES, TIMES, st.floats(0.1, 20), SHARES, TIMES, TIMES, st.floats(0.01, 1e4))
def test_at_the_break_even_both_are_as_fast(near, far, queries, alone, work, home_work, rate):
    given_ = {"near_ms": near, "far_ms": far, "queries": queries, "work_ms": work, "home_work_ms": home_work,
              "requests_per_s": rate}  # fmt: skip
    said = function(alone_share=alone, **given_)
    assert said.saved_ms == pytest.approx(said.home_ms - said.edge_ms, abs=1e-6)
    even = function(alone_share=said.break_even_alone, **given_)
    if 1e-9 < said.break_even_alone < 1 - 1e-9:
        assert even.edge_ms == pytest.approx(even.home_ms, rel=1e-6, abs=1e-6)
    if 1e-6 < said.break_even_queries < 1000 and alone < 0.99 and far > 0.1:
        most = function(alone_share=alone, **given_ | {"queries": said.break_even_queries})
        assert most.edge_ms == pytest.approx(said.home_ms, rel=1e-6, abs=1e-6)
    assert said.edge_p99_ms >= near + work - 1e-9
    assert function(alone_share=min(alone + 0.1, 1), **given_).edge_ms <= said.edge_ms + 1e-9


def lost(active, gone, full, spare, detect, move, decide, promote, grow, writing, generator, users=20_000):
    """Users of one loss, each at a region, who read and write at random; minutes that the mean user waits."""
    hit = generator.random(users) < gone / active
    until_write = max(detect + decide + promote, detect + move)
    step = 1.0
    waited = np.zeros(users)
    for second in np.arange(0, max(until_write, grow) + step, step):
        writes = generator.random(users) < writing
        away = hit & np.where(writes, second < until_write, second < detect + move)
        capacity = (active - gone) / active / full + spare
        missing = max(1 - capacity, 0) * max(1 - second / grow, 0)
        refused = generator.random(users) < missing
        waited += (away * 1.0 + refused) * step
    return waited.mean() / 60


@pytest.mark.parametrize(("active", "full", "spare"), [(3, 0.6, 0), (2, 0.8, 0.1), (1, 0.5, 0.3)])
def test_losses_played_user_by_user(active, full, spare):
    time = lost(active, 1, full, spare, 30, 60, 120, 60, 300, 0.2, np.random.default_rng(8))
    said = region_loss(active, 1, full, spare, 30, 60, 120, 60, 300, 0.2)
    assert said.lost_min == pytest.approx(time, rel=0.03)


def test_three_zones_need_half_as_much_again():
    """What the Builders' Library says of three zones: capacity for one and a half times the load."""
    three = region_loss(3, peak_share=2 / 3)
    assert three.safe_peak_share == pytest.approx(2 / 3) and three.missing_share == pytest.approx(0)
    assert three.capacity_factor == pytest.approx(1.5)
    assert region_loss(2).safe_peak_share == pytest.approx(0.5)
    assert region_loss(1, peak_share=1, standby_share=1).missing_share == 0
    assert region_loss(1, peak_share=0.9, standby_share=0.3).missing_share == pytest.approx(0.7)


def test_names_say_when_users_have_moved():
    name = name_failover(10, 3, 4, 5, 60, 0)
    said = region_loss(detect_s=name.detect_s, move_s=name.mean_s - name.detect_s)
    assert said.reads_away_s == pytest.approx(name.mean_s) and said.writes_away_s == name.detect_s + 360


@given(st.integers(2, 20), st.integers(1, 19), st.floats(0.05, 1), st.floats(0, 1), st.floats(0, 1e4),
       st.floats(0, 1e4), st.floats(0, 10), st.floats(0.99, 1))  # fmt: skip
def test_what_hurts_takes_more_of_a_year(active, gone, full, spare, move, grow, often, shared):
    if gone >= active:
        with pytest.raises(InvalidInput):
            region_loss(active, active, full, 0)
        return
    said = region_loss(
        active, gone, full, spare, move_s=move, grow_s=grow, losses_per_year=often, shared_availability=shared
    )
    fuller = region_loss(active, gone, min(full * 1.1, 1), spare, move_s=move + 1, grow_s=grow, losses_per_year=often)
    assert fuller.lost_min >= said.lost_min - 1e-9
    assert said.year_min == pytest.approx(active / gone * often * said.lost_min + (1 - shared) * 525_960, abs=1e-6)
    at = min(said.safe_peak_share, 1)
    assert region_loss(active, gone, at, 0 if spare > 1 else spare).missing_share <= 1e-9 or spare > 0
    assert 0 <= said.shared_of_year <= 1 and said.writes_away_s >= said.reads_away_s


def test_arrays_corners_and_sentences():
    shares = np.array([0, 0.5, 1])
    assert function(alone_share=shares).edge_ms == pytest.approx([function(alone_share=x).edge_ms for x in shares])
    for each in MODELS:
        assert_finite_at_corners(each.function, 300)
    assert_sentences(MODELS)
