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


def test_arrays_corners_and_sentences():
    rows = np.array([1e6, 1e9])
    assert model.scan(rows).answer_s[1] == pytest.approx(model.scan(1e9).answer_s)
    assert_finite_at_corners(model.scan, 2000)
    assert_sentences(model.MODELS)
