from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import olap as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


@pytest.mark.parametrize(("machines", "uneven"), [(2, 0.2), (8, 0.1), (50, 0.3), (400, 0.2)])
def test_the_answer_waits_for_the_slowest_of_drawn_machines(machines, uneven):
    parts = np.random.default_rng(7).normal(1, uneven, (20_000, machines)).max(axis=1).mean()
    found = model.scan(1e9, 100, 1, 1, 1, 1e9, machines, uneven, start_s=2, merge_s=0.001)
    assert found.answer_s == pytest.approx(2 + 100 / machines * parts + 0.001 * (machines - 1), rel=0.01)
    assert found.answer_s - 2 > 1.02 * (100 / machines)  # the mean machine would be done sooner


def test_bytes_are_what_columns_packing_and_pruning_leave():
    found = model.scan(1e9, 200, 0.05, 4, 0.2, 1e9, 1, 0, 0, 0)
    assert found.read_bytes == pytest.approx(5e8) and found.answer_s == pytest.approx(0.5)
    assert found.whole_rows_s == pytest.approx(200) and found.machine_s == pytest.approx(0.5)


@given(st.floats(1e3, 1e13), st.floats(1e-4, 0.1))
def test_beyond_the_best_number_of_machines_it_takes_longer(rows, merge):
    def at(machines):
        return model.scan(rows, machines=machines, uneven=0, merge_s=merge).answer_s

    best = model.scan(rows, merge_s=merge).best_machines
    if 1.2 < best < 5e5:
        assert at(best) <= min(at(best * 1.2), at(best / 1.2)) * (1 + 1e-9)


@given(st.floats(0, 1e12), st.floats(1, 1000), st.floats(0, 1), st.floats(0.001, 0.99))
def test_more_rows_and_columns_take_longer(rows, machines, uneven, columns):
    here = model.scan(rows, columns_share=columns, machines=machines, uneven=uneven)
    assert model.scan(rows * 1.1, columns_share=columns, machines=machines, uneven=uneven).answer_s >= here.answer_s
    wider = model.scan(rows, columns_share=columns * 1.01, machines=machines, uneven=uneven)
    assert wider.answer_s >= here.answer_s >= 0 and here.speedup > 0


def rows_sent(large, small, machines, top, generator):
    """Each row dealt to a machine without regard to its key, then sent where the join wants it."""
    lies = {name: generator.integers(0, machines, count) for name, count in (("large", large), ("small", small))}
    keys = np.where(generator.random(large) < top, 0, generator.integers(0, 50_000, large))
    goes = np.random.default_rng(1).integers(0, machines, 50_000)
    moved = lies["large"] != goes[keys]
    small_goes = goes[generator.integers(0, 50_000, small)]
    small_moved = (lies["small"] != small_goes).sum()
    received = np.bincount(goes[keys][moved], minlength=machines).max()
    return small * (machines - 1), moved.sum() + small_moved, small_moved, received


@pytest.mark.parametrize(("machines", "top"), [(8, 0), (8, 0.3), (32, 0.2), (3, 0.5)])
def test_a_join_sends_what_dealt_rows_do(machines, top):
    found = model.join(400_000, 20_000, machines, top, network_bytes_per_s=1)
    whole, both, one, fullest = rows_sent(400_000, 20_000, machines, top, np.random.default_rng(5))
    assert found.broadcast_bytes == whole
    assert found.shuffle_bytes == pytest.approx(both, rel=0.02)
    assert found.one_side_bytes == pytest.approx(one, rel=0.02)
    assert found.shuffle_s - 20_000 / machines * (1 - 1 / machines) == pytest.approx(fullest, rel=0.05)


@given(st.floats(1, 1e15), st.integers(2, 10_000), st.floats(0, 1))
def test_broadcast_and_shuffle_cross_where_it_says(large, machines, top):
    even = model.join(large, 1, machines).even_bytes
    at = model.join(large, even, machines, top)
    assert at.broadcast_bytes == pytest.approx(at.shuffle_bytes, rel=1e-9)
    less = model.join(large, even / 2, machines, top)
    assert less.broadcast_bytes < less.shuffle_bytes and less.broadcast_s <= less.shuffle_s
    assert 1 - 1e-9 <= at.slowest_over_mean <= machines * (1 + 1e-9)


def test_one_machine_sends_nothing_and_one_key_fills_one():
    assert model.join(5e10, machines=1).broadcast_bytes == model.join(5e10, machines=1).shuffle_bytes == 0
    assert model.join(5e10, machines=32, top_share=1).slowest_over_mean == pytest.approx(32)
    assert model.join(5e10, machines=32, top_share=0.2).slowest_over_mean == pytest.approx(7.2)


def test_arrays_corners_and_sentences():
    rows = np.array([1e6, 1e9])
    assert model.scan(rows).answer_s[1] == pytest.approx(model.scan(1e9).answer_s)
    assert_finite_at_corners(model.scan, 2000)
    assert_finite_at_corners(model.join)
    assert_sentences(model.MODELS)
