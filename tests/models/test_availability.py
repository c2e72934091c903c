"""Availability: binomials by enumeration, repair by a simulated renewal process, the published tables."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import availability as model
from tests.models.corners import assert_finite_at_corners, assert_sentences

share = st.floats(0, 1)


def enumerated(up: float, n: int, k: int, together: float) -> float:
    """The chance that k of n are up, summed over all states of the nodes and the shared event."""
    node = 1 - (1 - up - together) / (1 - together)
    total = 0.0
    for state in itertools.product((0, 1), repeat=n):
        if sum(state) >= k:
            total += math.prod(node if each else 1 - node for each in state)
    return (1 - together) * total


@pytest.mark.parametrize("n,k,up,beta", [(3, 2, 0.99, 0), (5, 3, 0.9, 0.1), (7, 1, 0.6, 0.3), (6, 6, 0.95, 0.05)])
def test_k_of_n_is_the_sum_over_all_states(n, k, up, beta):
    assert model.k_of_n(up, n, k, beta).availability == pytest.approx(enumerated(up, n, k, beta * (1 - up)), rel=1e-12)


def test_limits_of_k_of_n_are_series_parallel_and_the_shared_cause():
    assert model.k_of_n(0.9, 3, 3).availability == pytest.approx(model.series((0.9,) * 3).availability)
    assert model.k_of_n(0.9, 3, 1).availability == pytest.approx(model.parallel((0.9,) * 3).availability)
    assert model.k_of_n(0.99, 1, 1, 0.4).availability == pytest.approx(0.99)  # a node keeps its own figure
    assert model.k_of_n(0.99, 5, 1, 1.0).availability == pytest.approx(0.99)  # no gain from copies that fall together
    assert model.k_of_n(0.99, 9, 1, 0.1).unavailability == pytest.approx(0.001, rel=1e-6)  # the floor is beta * q


@given(share, st.integers(1, 12), st.data())
def test_a_further_node_never_hurts_and_a_higher_need_never_helps(up, n, data):
    k = data.draw(st.integers(1, n))
    here = model.k_of_n(up, n, k).availability
    assert model.k_of_n(up, n + 1, k).availability >= here - 1e-12
    if k < n:
        assert model.k_of_n(up, n, k + 1).availability <= here + 1e-12


@given(st.lists(share, min_size=1, max_size=6))
def test_a_chain_is_at_most_its_weakest_part_and_at_least_one_minus_the_sum(parts):
    chain = model.series(tuple(parts)).availability
    assert 1 - sum(1 - part for part in parts) - 1e-12 <= chain <= min(parts) + 1e-12
    assert model.parallel(tuple(parts)).availability >= max(parts) - 1e-12


def test_tiny_unavailabilities_keep_their_digits():
    assert model.parallel((1 - 1e-6,) * 3).unavailability == pytest.approx(1e-18, rel=1e-9)
    assert model.series((1 - 1e-12, 1 - 1e-12)).unavailability == pytest.approx(2e-12, rel=1e-4)


def renewal_share(mtbf: float, mttr: float, cycles: int, seed: int) -> tuple[float, float]:
    """Availability and its standard error from alternating lognormal up and uniform down times."""
    generator = np.random.default_rng(seed)
    up = generator.lognormal(math.log(mtbf) - 0.5, 1, cycles)
    down = generator.uniform(0, 2 * mttr, cycles)
    lost = down.sum() / (up + down).sum()
    spread = np.std(down - lost * (up + down)) / (up + down).mean() / math.sqrt(cycles)
    return lost, spread


def test_repair_agrees_with_a_simulated_renewal_process_of_other_laws():
    lost, error = renewal_share(100, 4, 200_000, 3)
    ours = 1 - model.repair(100, 4).availability
    assert abs(ours - lost) < 3 * error
    assert abs(1.05 * ours - lost) > 3 * error


def test_shared_causes_agree_with_drawn_nodes():
    generator = np.random.default_rng(5)
    draws, q, beta, n, k = 2_000_000, 0.1, 0.2, 5, 3
    shared = generator.random(draws) < beta * q
    alone = generator.random((draws, n)) < (q - beta * q) / (1 - beta * q)
    lost = np.mean(shared | ((~alone).sum(axis=1) < k))
    ours = model.k_of_n(1 - q, n, k, beta).unavailability
    error = math.sqrt(lost * (1 - lost) / draws)
    assert abs(ours - lost) < 3 * error
    assert abs(1.05 * ours - lost) > 3 * error
    nodes_down = np.mean(shared[:, None] | alone)
    assert nodes_down == pytest.approx(q, rel=0.005)  # the split keeps each node's own figure


def test_repair_inverts():
    found = model.repair(mtbf_h=2000, mttr_h=1, target=0.9995)
    assert model.repair(2000, found.longest_repair_h).availability == pytest.approx(0.9995)


def test_month_length_is_stated_not_mixed():
    assert model.downtime(0.999, days_per_month=30).month_min == pytest.approx(43.2)
    assert model.downtime(0.999, 365.25, 365.25 / 12).month_min == pytest.approx(43.83)


def test_three_outages_of_twenty_minutes_break_four_nines():
    assert model.incidents(2, 5, 15, target=0.9999).left_min > 0
    broken = model.incidents(3, 5, 15, target=0.9999)
    assert broken.left_min < 0 and broken.most_incidents == 2
    assert model.incidents(3, 5, 15, users_hurt=0.1, target=0.9999).left_min == pytest.approx(52.56 - 6)


@given(st.integers(0, 50), st.floats(0.9, 1 - 1e-9), st.floats(0.9, 1 - 1e-9))
def test_dependencies_and_own_share_add_up_to_the_budget(count, target, dependency):
    found = model.dependency_budget(target, count, dependency)
    assert found.dependencies_min + found.own_min == pytest.approx(found.budget_min, abs=1e-6)
    assert found.ceiling >= 1 - count * (1 - dependency) - 1e-9


def test_more_dependencies_than_the_budget_holds():
    found = model.dependency_budget(0.9999, 20, 0.99999)
    assert found.own_min < 0 and found.most_dependencies == 5
    assert "cannot be kept" in model.MODELS[-1].sentence({}, found)


def test_functions_work_over_arrays():
    many = model.k_of_n(np.array([0.99, 0.999]), 3, 2)
    assert many.availability == pytest.approx([0.999702, 0.999997002])
    assert model.downtime(np.array([0.9, 0.99])).nines == pytest.approx([1, 2])


def test_bad_input_is_refused_in_words():
    with pytest.raises(InvalidInput, match="k is 4 and n is 3"):
        model.k_of_n(0.9, 3, 4)
    with pytest.raises(InvalidInput, match="last longer than a year"):
        model.incidents(10_000, 50, 50)
    with pytest.raises(InvalidInput, match=r"availabilities holds 99"):
        model.series((99.9, 0.5))


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_corners(each):
    assert_finite_at_corners(each.function)


def test_sentences():
    assert_sentences(model.MODELS)


def test_parts_and_copies_are_counted_one_by_one():
    chain = model.series((0.999, 0.9995, 0.9999))
    assert chain.part_year_min == pytest.approx([525.6, 262.8, 52.56])
    assert chain.so_far_year_min[1] == pytest.approx(model.series((0.999, 0.9995)).year_min)
    assert chain.so_far_year_min[-1] == pytest.approx(chain.year_min)
    copies = model.parallel((0.99, 0.9, 0.99), 0.999)
    alone = [model.parallel((0.99, 0.9, 0.99)[:count], 0.999).year_min for count in (1, 2, 3)]
    assert copies.with_copies_year_min == pytest.approx(alone)
    assert copies.shared_year_min == pytest.approx([525.6] * 3)


def test_what_copies_share_is_in_series_with_them():
    assert model.parallel((0.9, 0.9), 0.99).availability == pytest.approx(0.99 * 0.99)
    assert model.parallel((0.9, 0.8, 0.7), 0.95).unavailability == pytest.approx(1 - 0.95 * (1 - 0.1 * 0.2 * 0.3))


def test_downtime_by_hand():
    found = model.downtime(0.998, 366, 31)
    assert (found.year_min, found.quarter_min) == pytest.approx((1054.08, 263.52))
    assert (found.month_min, found.week_min, found.day_min) == pytest.approx((89.28, 20.16, 2.88))
    assert found.nines == pytest.approx(2.69897)
    whole = model.series((0.9, 1.0))
    assert (whole.year_min, whole.month_min, whole.nines) == pytest.approx((52_560, 4_320, 1))
    assert whole.part.tolist() == [1, 2]


def test_repair_and_incidents_by_hand():
    one = model.repair(1000, 24, 0.99)
    assert (one.availability, one.failures_per_year) == pytest.approx((1000 / 1024, 8760 / 1024))
    assert (one.year_min, one.longest_repair_h) == pytest.approx((525_600 * 24 / 1024, 1000 / 99))
    year = model.incidents(4, 10, 20, 0.5, 0.999)
    assert (year.lost_min, year.budget_min, year.left_min) == pytest.approx((60, 525.6, 465.6))
    assert (year.availability, year.most_incidents) == (pytest.approx(1 - 60 / 525_600), 35)
    assert model.incidents(1, 2.628, 2.628, 1, 0.99).most_incidents == 1000  # exactly, though rounding says 999.99
    assert model.incidents(1, 0, 0).most_incidents == 525_600
    assert model.incidents(6, 0, 87_600).availability == 0  # the whole year


def test_a_dependency_budget_by_hand():
    found = model.dependency_budget(0.999, 3, 0.9999, 0.5)
    assert (found.budget_min, found.dependencies_min, found.own_min) == pytest.approx((525.6, 157.68, 367.92))
    assert (found.ceiling, found.extra_nine) == pytest.approx((0.9999**3, 0.9999), abs=1e-12)
    assert (found.needed, found.most_dependencies) == (pytest.approx(1 - 0.0005 / 3, abs=1e-12), 5)
