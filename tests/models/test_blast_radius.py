"""Blast radius: all assignments of small fleets one by one, drawn fleets, the published overlaps."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import blast_radius as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


def counted(n, size, bad, needed):
    """Shares down and degraded over every choice of shards, by enumeration."""
    shards = list(itertools.combinations(range(n), size))
    down = degraded = total = 0
    for chosen in itertools.product(shards, repeat=bad):
        ruined = set().union(*chosen)
        for mine in shards:
            lost = len(ruined.intersection(mine))
            down += size - lost < needed
            degraded += lost > 0
            total += 1
    return down / total, degraded / total


@pytest.mark.parametrize("n,size,bad,needed", [(5, 2, 1, 1), (5, 2, 3, 1), (6, 3, 2, 2), (4, 4, 1, 1), (4, 1, 3, 1)])
def test_closed_form_is_the_count_over_all_assignments(n, size, bad, needed):
    found = model.customers_hurt(n, size, bad, needed)
    assert (found.down, found.degraded) == pytest.approx(counted(n, size, bad, needed), rel=1e-9)


def test_closed_form_agrees_with_drawn_fleets():
    ours = model.customers_hurt(100, 4, 10).down
    drawn = model.customers_hurt_simulated(100, 4, 10, 2000, seed=4, relative_width=0.01, most_draws=4000)
    assert drawn.down_low <= ours <= drawn.down_high
    assert not drawn.down_low <= 1.05 * ours <= drawn.down_high
    assert drawn.down_worst20 > drawn.down
    assert drawn.degraded == pytest.approx(model.customers_hurt(100, 4, 10).degraded, rel=0.01)


@given(st.integers(2, 60), st.data())
@settings(deadline=None, max_examples=60)
def test_laws_of_customers_hurt(nodes, data):
    size = data.draw(st.integers(1, min(nodes, 6)))
    bad = data.draw(st.integers(0, 8))
    found = model.customers_hurt(nodes, size, bad)
    worse = model.customers_hurt(nodes, size, bad + 1)
    assert worse.down >= found.down - 1e-9
    assert found.down <= found.degraded + 1e-9
    assert found.degraded + found.chance_of_none == pytest.approx(1)
    if bad == 1:  # one bad customer takes down exactly those with the same shard
        assert found.down == pytest.approx(model.shuffle_sharding(nodes, size).full_overlap, rel=1e-6)
    if size < nodes:
        assert model.customers_hurt(nodes + 1, size, bad).down <= found.down + 1e-9


@given(st.integers(1, 200), st.integers(1, 12))
def test_overlaps_sum_to_one_and_have_the_mean(nodes, size):
    if size > nodes:
        with pytest.raises(InvalidInput):
            model.shuffle_sharding(nodes, size)
        return
    found = model.shuffle_sharding(nodes, size)
    assert sum(found.overlap) == pytest.approx(1)
    assert sum(j * chance for j, chance in enumerate(found.overlap)) == pytest.approx(found.mean_shared)


def test_a_customer_of_every_node_is_one_pool():
    assert model.customers_hurt(8, 8, 1).down == pytest.approx(1)
    assert model.customers_hurt(8, 2, 0).down == 0


def test_cells_by_drawing():
    generator = np.random.default_rng(3)
    hit = generator.integers(0, 6, (200_000, 15))
    missing = np.mean([np.isin(np.arange(6), row).all() for row in hit[:20_000]])
    found = model.cells(6, 15)
    error = np.sqrt(missing * (1 - missing) / 20_000)
    assert abs(found.everyone - missing) < 3 * error < abs(1.05 * found.everyone - missing)
    share = np.mean((hit == 0).any(axis=1))
    assert found.hurt == pytest.approx(share, rel=0.005)


def test_more_cells_hurt_fewer_and_cost_more():
    few, many = model.cells(5, 2), model.cells(50, 2)
    assert many.hurt < few.hurt and many.overhead > few.overhead
    assert model.cells(1, 1).hurt == 1 and model.cells(1, 0).hurt == 0


def test_same_seed_same_answer_and_the_same_without_compiling():
    code = (
        "from sysdesign.models import blast_radius as m;"
        "print(m.customers_hurt_simulated(20, 3, 2, 200, most_draws=10).down)"
    )
    plain = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True
    )
    assert float(plain.stdout) == model.customers_hurt_simulated(20, 3, 2, 200, most_draws=10).down


def test_bad_input_is_refused_in_words():
    with pytest.raises(InvalidInput, match="9 of 8 nodes"):
        model.shuffle_sharding(8, 9)
    with pytest.raises(InvalidInput, match="healthy_needed is 3"):
        model.customers_hurt(8, 2, 1, 3)


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 30)


def test_sentences():
    assert_sentences(model.MODELS)


def test_cells_round_up_and_keep_their_spares():
    found = model.cells(8, 1, load_nodes=100, spare_per_cell=2)
    assert found.nodes == 8 * (13 + 2)  # 100 / 8 is 12.5
    assert found.overhead == pytest.approx(0.2)
