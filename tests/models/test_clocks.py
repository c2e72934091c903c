"""Clocks: Spanner's numbers, limit cases, and clocks drawn and writes stamped one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import clocks
from tests.models.corners import assert_finite_at_corners, assert_sentences


def test_spanner_s_clocks():
    """Corbett and others, section 3: polls every 30 s, 200 us/s drift, 1 ms to the masters: 1 to 7 ms, mean 4 ms."""
    said = clocks.uncertainty(base_s=0.001, poll_s=30, drift_ppm=200)
    assert said.worst_s == pytest.approx(0.007)
    assert said.mean_s == pytest.approx(0.004)
    assert clocks.commit_wait(said.mean_s, replication_s=1e-6).wait_s == pytest.approx(0.008)  # twice the mean bound


def test_the_bound_holds_for_clocks_that_drift_and_are_set_again():
    generator = np.random.default_rng(2)
    base, poll, ppm = 0.002, 20.0, 150
    at = generator.uniform(0, poll, 200_000)  # since the last synchronization
    errors = generator.uniform(-base, base, at.size) + generator.uniform(-ppm, ppm, at.size) * 1e-6 * at
    said = clocks.uncertainty(base, poll, ppm)
    assert 0.9 * said.worst_s < np.abs(errors).max() <= said.worst_s
    assert np.mean(base + ppm * 1e-6 * at) == pytest.approx(said.mean_s, rel=0.01)
    apart = np.abs(errors[::2] - errors[1::2]).max()
    assert 0.7 * said.apart_s < apart <= said.apart_s


@given(st.floats(0, 0.1), st.floats(0.1, 1e4), st.floats(1, 1000), st.floats(1e-6, 10))
def test_an_outage_as_long_as_allowed_reaches_the_error_that_is_allowed(base, poll, ppm, allowed):
    said = clocks.uncertainty(base, poll, ppm, allowed_s=allowed)
    if said.worst_s > allowed:
        assert said.outage_allowed_s == 0
    else:
        again = clocks.uncertainty(base, poll, ppm, outage_s=min(said.outage_allowed_s, 1e8), allowed_s=allowed)
        assert again.outage_s <= allowed * (1 + 1e-9)
        if said.outage_allowed_s < 1e8:
            assert again.outage_s == pytest.approx(allowed)


def test_stamps_order_what_did_not_overlap_once_the_wait_is_over():
    generator = np.random.default_rng(3)
    bound = 0.004
    waited = clocks.commit_wait(bound, replication_s=1e-6).wait_s
    first, second = generator.uniform(-bound, bound, (2, 100_000))
    stamp = first + bound  # the latest that the time may be, at true time 0
    for share, inverted in ((1.0, False), (0.9, True)):
        later = share * waited + second + bound  # asked as soon as the first was answered
        assert np.any(later < stamp) == inverted


@given(st.floats(0, 1), st.floats(1e-6, 1))
def test_the_wait_costs_only_what_it_lasts_longer_than_replication(error, replication):
    said = clocks.commit_wait(error, replication)
    assert said.added_s == pytest.approx(max(0, 2 * error - replication))
    assert said.write_s == pytest.approx(replication + said.added_s)


@given(st.floats(1, 1e4), st.floats(0.001, 5e4), st.floats(-1, 1), st.floats(-1, 1))
def test_a_lease_s_holder_stops_before_its_grantor_forgets(lease, ppm, holder, grantor):
    used = clocks.commit_wait(0.001, lease_s=lease, drift_ppm=ppm).lease_used_s
    stops = used / (1 + holder * ppm * 1e-6)  # true time until the holder's clock has counted so much
    forgets = lease / (1 + grantor * ppm * 1e-6)
    assert stops <= forgets * (1 + 1e-9)


def stamped(rate, bound, nodes, seed, writes=160, runs=8000):
    """The share of writes that come after one with a later stamp, write by write."""
    generator = np.random.default_rng(seed)
    errors = generator.uniform(-bound, bound, (runs, nodes))
    times = np.cumsum(generator.exponential(1 / rate, (runs, writes)), axis=1)
    stamps = times + np.take_along_axis(errors, generator.integers(0, nodes, (runs, writes)), axis=1)
    newest = np.maximum.accumulate(stamps, axis=1)
    settled = slice(writes // 4, None)  # the first have few before them
    return np.mean((stamps[:, 1:] < newest[:, :-1])[:, settled], axis=1)


@pytest.mark.parametrize(("rate", "bound", "nodes"), [(0.1, 1.0, 3), (1.0, 1.0, 2), (5.0, 1.0, 5), (3.0, 0.1, 50)])
def test_last_write_wins_agrees_with_writes_stamped_one_by_one(rate, bound, nodes):
    runs = stamped(rate, bound, nodes, seed=5)
    model = clocks.last_write_wins(rate, bound, nodes).inverted_share
    tolerance = 4 * runs.std(ddof=1) / math.sqrt(runs.size)
    assert tolerance < 0.05 * model or tolerance < 0.005  # would notice an error of a twentieth
    assert abs(runs.mean() - model) < tolerance


def test_with_many_nodes_it_is_the_error_function():
    # Earlier writes with later stamps then come at random: kept = E exp(-rate y^2 / (4 bound)), y even in (0, 2 bound).
    rate, bound = 2.0, 0.7
    z = math.sqrt(rate * bound)
    kept = math.sqrt(math.pi) / 2 * math.erf(z) / z
    assert clocks.last_write_wins(rate, bound, nodes=1e6).inverted_share == pytest.approx(1 - kept, rel=1e-4)


@given(st.floats(1e-6, 1e3), st.floats(1e-9, 10), st.integers(1, 1000))
def test_more_skew_or_more_writes_lose_more_and_one_node_loses_none(rate, bound, nodes):
    base = clocks.last_write_wins(rate, bound, nodes).inverted_share
    assert 0 <= base < 1
    assert clocks.last_write_wins(rate, 2 * bound, nodes).inverted_share >= base * (1 - 1e-9)
    assert clocks.last_write_wins(2 * rate, bound, nodes).inverted_share >= base * (1 - 1e-9)
    assert clocks.last_write_wins(rate, bound, 1).inverted_share == 0
    assert clocks.last_write_wins(rate, bound, nodes, clock="single").inverted_share == 0
    hybrid = clocks.last_write_wins(rate, bound, nodes, clock="hybrid", seen_share=0.75).inverted_share
    assert hybrid == pytest.approx(base / 4)


def test_rare_writes_lose_in_proportion():
    # One earlier write, on another node, within the gap: rate * (1 - 1 / nodes) * E max(D, 0), D of two even errors.
    rate, bound, nodes = 1e-4, 0.5, 4
    expected = rate * (1 - 1 / nodes) * bound / 3
    assert clocks.last_write_wins(rate, bound, nodes).inverted_share == pytest.approx(expected, rel=1e-3)


def test_arrays_are_taken_element_by_element():
    bounds = np.array([0.0, 0.01, 1.0])
    many = clocks.last_write_wins(0.5, bounds, nodes=np.array([3.0, 1.0, 5.0])).inverted_share
    one = [clocks.last_write_wins(0.5, b, nodes=n).inverted_share for b, n in zip(bounds, (3.0, 1.0, 5.0), strict=True)]
    assert many == pytest.approx(one)


def test_bad_input_is_refused():
    with pytest.raises(InvalidInput, match="error_s is -1"):
        clocks.commit_wait(-1.0)


@pytest.mark.parametrize("model", clocks.MODELS, ids=lambda model: model.name)
def test_results_are_numbers_everywhere(model):
    assert_finite_at_corners(model.function)


def test_results_are_said_in_words():
    assert_sentences(clocks.MODELS)
