"""Hashing: the paper's table, exact residues, drawn rings against the Beta law, laws of movement."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sysdesign.errors import InvalidInput
from sysdesign.models import hashing
from sysdesign.models.hashing import kernels, placing
from tests.models.corners import assert_finite_at_corners, assert_sentences

ALGORITHMS = ["ring", "jump", "rendezvous", "modulo", "bounded"]


def test_closed_form_agrees_with_drawn_rings():
    for nodes, points in ((50, 20), (10, 3)):
        drawn = hashing.ring_drawn(nodes, points, seed=2, relative_width=0.006, most_draws=2000)
        exact = hashing.ring(nodes, points).std_error
        # The mean of a ring's spread is a little under the root of its mean square: hold the squares.
        rings = [ring_by_numpy(nodes, points, seed) for seed in range(1000)]
        square = math.sqrt(np.mean(np.square(rings)))
        assert square == pytest.approx(exact, rel=0.025) and abs(1.05 * exact - square) > 0.025 * exact
        assert drawn.std_error == pytest.approx(np.mean(rings), rel=0.02)


def ring_by_numpy(nodes, points, seed):
    generator = np.random.default_rng(seed)
    positions = np.sort(generator.random(nodes * points))
    owners = generator.permutation(np.repeat(np.arange(nodes), points))
    arcs = np.diff(positions, prepend=positions[-1] - 1)
    return np.bincount(owners, weights=arcs).std() * nodes


def test_ends_of_the_interval_hold_the_share_of_nodes_they_say():
    shares = np.random.default_rng(4).dirichlet(np.full(20, 5.0), 20_000)[:, 0] * 20
    found = hashing.ring(20, 5, confidence=0.9)
    inside = np.mean((shares >= found.low) & (shares <= found.high))
    assert inside == pytest.approx(0.9, abs=0.01)
    largest = np.random.default_rng(5).dirichlet(np.full(20, 5.0), 20_000).max(axis=1) * 20
    assert np.median(largest) == pytest.approx(found.largest, rel=0.02)


@given(st.integers(2, 500), st.integers(1, 500))
def test_more_points_spread_more_evenly(nodes, points):
    few, many = hashing.ring(nodes, points), hashing.ring(nodes, points * 2)
    assert many.std_error < few.std_error and many.low >= few.low - 1e-12 and many.high <= few.high + 1e-12
    assert few.low <= 1 <= few.high


@pytest.mark.parametrize("algorithm", ["jump", "rendezvous", "modulo"])
def test_key_spread_is_binomial_without_points(algorithm):
    found = hashing.spread(algorithm, 50, 20_000, relative_width=0.005, most_draws=400)
    exact = math.sqrt(49 / 20_000) * (1 - 1 / (4 * 49))  # a sample's standard deviation is that much low
    assert found.std_error == pytest.approx(exact, rel=0.02)
    assert abs(1.05 * exact - found.std_error) > 0.02 * exact


def test_ring_spread_adds_the_noise_of_points_and_keys():
    found = hashing.spread("ring", 50, 5_000, points_per_node=100, relative_width=0.005, most_draws=400)
    points = hashing.ring(50, 100).std_error
    assert found.std_error == pytest.approx(math.sqrt(points**2 + 49 / 5000), rel=0.02)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_key_has_a_node_and_the_same_one_again(algorithm):
    keys = placing.hashes(3000, np.uint64(9))
    places = placing.place(algorithm, keys, 7, 40, 0.2, np.uint64(3))
    assert places.min() >= 0 and places.max() <= 6 and np.unique(places).size == 7
    assert (places == placing.place(algorithm, keys, 7, 40, 0.2, np.uint64(3))).all()


@pytest.mark.parametrize("algorithm", ["ring", "jump", "rendezvous"])
@given(st.integers(1, 30), st.integers(1, 10))
@settings(max_examples=25, deadline=None)
def test_consistent_algorithms_move_keys_only_to_the_new_nodes(algorithm, nodes, more):
    found = hashing.moved_drawn(algorithm, nodes, nodes + more, keys=2000, points_per_node=20, most_draws=5)
    assert found.needless == 0
    back = hashing.moved_drawn(algorithm, nodes + more, nodes, keys=2000, points_per_node=20, most_draws=5)
    assert back.moved == pytest.approx(found.moved)  # removing them again moves the same keys


@given(st.integers(1, 40), st.integers(1, 40))
def test_modulo_moves_what_counting_residues_says(before, after):
    together = math.lcm(before, after)
    stay = sum(x % before == x % after for x in range(together)) / together
    assert hashing.moved("modulo", before, after).moved == pytest.approx(1 - stay, abs=1e-12)


@pytest.mark.parametrize("algorithm", ["ring", "jump", "rendezvous", "modulo"])
def test_moved_agrees_with_placed_keys(algorithm):
    exact = hashing.moved(algorithm, 10, 13).moved
    drawn = hashing.moved_drawn(algorithm, 10, 13, points_per_node=1000, relative_width=0.004, most_draws=300)
    slack = max(drawn.moved_high - drawn.moved, 0.002)
    assert abs(exact - drawn.moved) < 1.5 * slack < abs(1.05 * exact - drawn.moved)


def test_bounded_loads_keep_the_bound_and_move_more_when_tight():
    capacity = math.ceil(1.05 * 20_000 / 20)
    tight = hashing.spread("bounded", 20, 20_000, slack=0.05)
    loose = hashing.spread("bounded", 20, 20_000, slack=1.0)
    assert tight.largest <= capacity * 20 / 20_000 + 1e-12
    assert tight.displaced > 10 * loose.displaced
    plain = hashing.spread("ring", 20, 20_000)
    assert loose.std_error == pytest.approx(plain.std_error, rel=0.01)  # hardly anyone reaches twice the average
    tight_moves = hashing.moved_drawn("bounded", 20, 21, slack=0.05)
    assert tight_moves.needless > 0 and tight_moves.moved > hashing.moved("ring", 20, 21).moved


def test_bounded_walk_agrees_with_a_walk_without_shortcuts():
    points = placing.quiet(kernels.ring_points, 6, 5, np.uint64(2))
    first = np.random.default_rng(1).integers(0, points.size, 300)
    loads, expected = np.zeros(6, dtype=int), []
    for start in first:
        at = start
        while loads[int(points[at] & kernels.NODE_MASK)] >= 52:
            at = (at + 1) % points.size
        expected.append(int(points[at] & kernels.NODE_MASK))
        loads[expected[-1]] += 1
    assert kernels.bounded_places(points, first, 6, 52).tolist() == expected


@given(st.integers(1, 3000), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_points_come_in_order(count, salt):
    hashed = placing.hashes(count, np.uint64(salt))
    assert (kernels.in_order(hashed) == np.sort(hashed)).all()


def test_hot_keys_against_direct_sums_and_scipy():
    for exponent in (0.0, 0.6, 1.0, 1.3):
        ranks = np.arange(1, 100_001) ** -exponent
        found = hashing.hot_keys(100_000, exponent, 20)
        assert found.hottest_share == pytest.approx(1 / ranks.sum(), rel=1e-12)
        assert found.top10_share == pytest.approx(ranks[:10].sum() / ranks.sum(), rel=1e-12)
        assert found.top_percent_share == pytest.approx(ranks[:1000].sum() / ranks.sum(), rel=1e-12)
    assert hashing.hot_keys(10**6, 1.2, 10).hottest_share == pytest.approx(stats.zipfian(1.2, 10**6).pmf(1), rel=1e-9)
    assert hashing.hot_keys(10**12, 2.0, 10).hottest_share == pytest.approx(6 / math.pi**2, rel=1e-9)
    even = hashing.hot_keys(1_000_000, 0.0, 20)
    assert even.node_load == pytest.approx(1, abs=1e-4) and even.copies == 1


def test_hot_nodes_load_agrees_with_drawn_placements():
    generator = np.random.default_rng(6)
    popularity = stats.zipfian(0.99, 2000).pmf(np.arange(1, 2001))
    loads = [popularity[(places := generator.integers(0, 20, 2000)) == places[0]].sum() * 20 for _ in range(4000)]
    found = hashing.hot_keys(2000, 0.99, 20).node_load
    error = np.std(loads) / math.sqrt(len(loads))
    assert abs(found - np.mean(loads)) < 3 * error < abs(1.05 * found - np.mean(loads))


def test_copies_bring_the_part_under_the_limit():
    found = hashing.hot_keys(1_000_000, 0.99, 20, limit=0.5)
    assert found.hottest_share / found.copies <= 0.5 / 20 < found.hottest_share / (found.copies - 1)


def test_jump_takes_whole_64_bit_keys_and_known_vectors():
    # The vectors that ports of the paper's function share.
    vectors = {(1, 1): 0, (42, 57): 43, (0xDEAD10CC, 1): 0, (0xDEAD10CC, 666): 361, (256, 1024): 520, (1, 128): 55}
    vectors |= {(129, 128): 120, (2**64 - 1, 128): 92, (128, 100_000_000): 38172097, (7, 2): 0, (4, 2): 1}
    for (key, buckets), bucket in vectors.items():
        assert hashing.jump(key, buckets).bucket == bucket


def test_the_same_without_compiling():
    code = (
        "from sysdesign.models import hashing as h;"
        "print(h.spread('bounded', 5, 500, 10, 0.1, most_draws=5).std_error, h.jump(256, 1024).bucket,"
        "h.spread('rendezvous', 5, 300, most_draws=5).largest, h.ring_drawn(5, 10, most_draws=5).std_error)"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-W", "error::RuntimeWarning", "-c", code],
            env={**os.environ, "NUMBA_DISABLE_JIT": off}, capture_output=True, text=True,
        ).stdout
        for off in ("0", "1")
    }  # fmt: skip
    assert len(outputs) == 1 and len(outputs.pop().split()) == 4


def test_bad_input_is_refused_in_words():
    with pytest.raises(InvalidInput, match="5,000,000 at most"):
        hashing.ring_drawn(100_000, 100)
    with pytest.raises(InvalidInput, match="rendezvous scores"):
        hashing.spread("rendezvous", 10_000, 1_000_000)


@pytest.mark.parametrize("each", hashing.MODELS, ids=lambda each: each.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 25 if "drawn" in each.name or "spread" in each.name else 400)


def test_sentences():
    assert_sentences(hashing.MODELS)


def test_rings_and_moves_by_hand():
    one = hashing.ring(1, 100)
    assert (one.std_error, one.low, one.high, one.largest) == (0, 1, 1, 1)
    assert hashing.ring(20, 150).memory_bytes == 48_000
    double = hashing.moved("modulo", 10, 20)
    assert (double.moved, double.fewest, double.times_fewest) == (0.5, 0.5, 1)
    odd = hashing.moved("modulo", 4, 5)
    assert (odd.moved, odd.fewest, odd.times_fewest) == pytest.approx((0.8, 0.2, 4))
    assert hashing.moved("modulo", 7, 7).times_fewest == 1


def test_the_emptiest_and_fullest_node_by_counting():
    """Modulo over few keys, where the spread is wide: the means of the extremes over many draws of our own."""
    found = hashing.spread("modulo", 8, 80, relative_width=0.001, most_draws=2000)
    counts = np.random.default_rng(5).multinomial(80, [1 / 8] * 8, 40_000) / 10
    assert found.smallest == pytest.approx(counts.min(axis=1).mean(), rel=0.02)
    assert found.largest == pytest.approx(counts.max(axis=1).mean(), rel=0.02)
