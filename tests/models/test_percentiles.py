"""Percentiles: averages, buckets and recorded waits against requests drawn or counted one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import percentiles
from sysdesign.models.percentiles import averaged, bucketed, omitted
from tests.models.corners import assert_finite_at_corners, assert_sentences

SIGMA = np.log(5) / 2.3263478740408408  # of a lognormal whose 99th percentile is five medians


def test_servers_that_are_alike_average_to_the_truth():
    said = averaged(0.3, slow_factor=1)
    assert said.averaged_s == pytest.approx(said.true_s) == pytest.approx(said.weighted_s)
    assert said.slower_share == pytest.approx(0.01)


def test_two_servers_of_constant_times():
    # 9,900 requests of 10 ms and 100 of 1 s; with one more slow one the percentile is the slow one's.
    assert averaged(0.01, median_s=0.01, slow_factor=100, spread=1).true_s == pytest.approx(0.01)
    assert averaged(0.0101, median_s=0.01, slow_factor=100, spread=1).true_s == pytest.approx(1)
    assert averaged(0.01, median_s=0.01, slow_factor=100, spread=1).averaged_s == pytest.approx(0.505)


def test_percentiles_of_requests_drawn_and_pooled():
    generator = np.random.default_rng(3)
    fast = 0.02 * np.exp(SIGMA * generator.standard_normal(285_000))
    slow = 0.4 * np.exp(SIGMA * generator.standard_normal(15_000))
    said = averaged(0.05)
    both = np.concatenate([fast, slow])
    assert np.quantile(both, 0.99) == pytest.approx(said.true_s, rel=0.03)
    mean = (np.quantile(fast, 0.99) + np.quantile(slow, 0.99)) / 2
    assert mean == pytest.approx(said.averaged_s, rel=0.03)
    assert np.mean(both > mean) == pytest.approx(said.slower_share, rel=0.08)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(1, 1000), st.floats(1, 50), st.floats(0.05, 0.9999))
def test_the_true_percentile_lies_between_the_servers_and_grows_with_the_slow_share(share, servers, factor, wide, rank):
    said = averaged(share, servers, 1.0, factor, wide, rank)
    fast, slow = averaged(0.0, 0.0, 1.0, factor, wide, rank), averaged(1.0, 1.0, 1.0, factor, wide, rank)
    for each in (said.true_s, said.averaged_s, said.weighted_s):
        assert fast.true_s * (1 - 1e-9) <= each <= slow.true_s * (1 + 1e-9)
    assert averaged(share / 2, servers, 1.0, factor, wide, rank).true_s <= said.true_s * (1 + 1e-9)


def test_buckets_agree_with_counts_put_into_them():
    generator = np.random.default_rng(4)
    drawn = 0.12 * np.exp(SIGMA * generator.standard_normal(200_000))
    bounds = np.array([0.0, *(0.005 * 2.0 ** np.arange(11)), np.inf])
    counts = np.cumsum(np.histogram(drawn, bounds)[0])
    for rank in (0.5, 0.9, 0.99):
        at = int(np.searchsorted(counts, rank * drawn.size))
        before = counts[at - 1] if at else 0
        inside = (rank * drawn.size - before) / (counts[at] - before)
        estimate = bounds[at] + (bounds[at + 1] - bounds[at]) * inside
        said = bucketed(2.0, quantile=rank)
        assert (said.lower_s, said.upper_s) == pytest.approx((bounds[at], bounds[at + 1]))
        assert said.estimate_s == pytest.approx(estimate, rel=0.02)


@given(st.floats(1.001, 5), st.floats(0.01, 1), st.floats(1, 20), st.floats(0.02, 0.999))
def test_a_percentile_stays_in_its_bucket(growth, median, wide, rank):
    for way in ("linear", "exponential"):
        said = bucketed(growth, median, wide, rank, 1e-4, 1e5, way)
        assert said.lower_s <= said.estimate_s * (1 + 1e-9) and said.estimate_s <= said.upper_s * (1 + 1e-9)
        assert said.lower_s <= said.true_s * (1 + 1e-9) and said.true_s <= said.upper_s * (1 + 1e-9)
        assert said.error_share <= growth - 1 + 1e-9 or said.lower_s == 0


def test_beyond_the_last_bound_the_answer_is_that_bound():
    said = bucketed(2.0, median_s=100.0, first_s=0.01, last_s=10.24)
    assert said.estimate_s == pytest.approx(10.24) == pytest.approx(said.lower_s)
    with pytest.raises(InvalidInput, match="last_s lies below first_s"):
        bucketed(2.0, first_s=2.0, last_s=1.0)


def recorded_and_true(stall, good, rate, service, drained, clients):
    """Waits by walking from request to request: what `clients` record, and what all would have waited."""
    due = np.arange(round(rate * (good + stall))) / rate  # the stall begins at 0
    free, true = stall, []
    for at in due:
        if at < stall or free > at:
            free = max(free, at) + 1 / drained
            true.append(free - at + service)
        else:
            true.append(service)
    stuck = min(clients, round(stall * rate))
    recorded = [stall - each / rate + service for each in range(stuck)]
    return np.array(recorded + [service] * round(good * rate)), np.array(true)


@pytest.mark.parametrize("given_", [(10, 90, 20, 0.01, 80, 5), (2, 50, 40, 0.001, 1e9, 1), (5, 20, 30, 0.1, 45, 1000)])
def test_waits_agree_with_a_walk_over_all_requests(given_):
    recorded, true = recorded_and_true(*given_)
    stall, good, rate, service, drained, clients = given_
    for rank in (0.8, 0.95, 0.99):
        said = omitted(stall, good, rate, service, drained, clients, rank)
        assert np.quantile(true, rank, method="inverted_cdf") == pytest.approx(said.true_s, rel=0.02, abs=0.06)
        assert np.quantile(recorded, rank, method="inverted_cdf") == pytest.approx(said.recorded_s, rel=0.02, abs=0.06)
    assert recorded.mean() == pytest.approx(said.recorded_mean_s, rel=0.02)
    assert true.mean() == pytest.approx(said.true_mean_s, rel=0.03)


@given(st.floats(0, 50), st.floats(60, 1000), st.floats(0.1, 1000), st.floats(1, 1e6), st.floats(0.5, 0.99999))
def test_a_record_never_shows_more_than_users_wait(stall, good, rate, clients, rank):
    said = omitted(stall, good, rate, 0.001, rate * 4, clients, rank)
    assert said.recorded_s <= max(said.true_s, 0.001) + 1 / rate + 1e-6
    assert 0 <= said.unsent_share < 1
    assert omitted(0.0, good, rate, 0.001, quantile=rank).true_s == pytest.approx(0.001)


def test_a_backlog_that_outlasts_the_good_time_is_refused():
    with pytest.raises(InvalidInput, match="not gone before the next one"):
        omitted(100.0, good_s=10.0, drained_per_s=101.0)


def test_arrays_are_taken_element_by_element():
    shares = np.array([0.0, 0.01, 0.5])
    assert averaged(shares).true_s == pytest.approx([averaged(float(each)).true_s for each in shares])


@pytest.mark.parametrize("model", percentiles.MODELS, ids=lambda model: model.name)
def test_results_are_numbers_everywhere(model):
    assert_finite_at_corners(model.function, most=400)


def test_results_are_said_in_words():
    assert_sentences(percentiles.MODELS)
