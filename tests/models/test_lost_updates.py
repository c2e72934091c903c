"""Lost updates: saves on one record played in order, the chance integrated, and what must hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gamma

from sysdesign.models.transactions import updates as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


@pytest.mark.parametrize(("hourly", "opened", "varied"), [(2, 180, 0), (20, 60, 1), (40, 120, 0.5), (30, 60, 2)])
def test_saves_played_in_order(hourly, opened, varied):
    generator, count = np.random.default_rng(1), 100_000
    saved = np.cumsum(generator.exponential(3600 / hourly, count))
    shape = 1 / varied**2 if varied else None
    held = generator.gamma(shape, opened / shape, count) if varied else np.full(count, float(opened))
    read = saved - held
    erasing = np.concatenate([[False], saved[:-1] > read[1:]])  # the save before it is the nearest
    first_read = np.minimum.accumulate(read[::-1])[::-1]  # the earliest reading among all later saves
    erased = np.concatenate([first_read[1:] < saved[:-1], [False]])
    said = model.lost_updates(hourly, opened, varied)
    assert np.mean(erasing) == pytest.approx(said.erasing_share, rel=0.04)
    assert np.mean(erased) == pytest.approx(said.erased_share, rel=0.04)


def test_refusals_integrated():
    law = gamma(1 / 0.64, scale=90 * 0.64)
    met = 1 - law.expect(lambda held: np.exp(-held / 120))
    again = 1 - gamma(1 / 0.64, scale=20 * 0.64).expect(lambda held: np.exp(-held / 120))
    said = model.lost_updates(30, 90, 0.8, 1, 20)
    assert said.refused_share == pytest.approx(met, rel=1e-6)
    assert said.attempts == pytest.approx(1 + met / (1 - again), rel=1e-6)


@given(st.floats(0, 1e4), st.floats(0.01, 1e4), st.floats(0, 5), st.floats(0, 1))
def test_uneven_times_erase_no_more_than_even_ones(hourly, opened, varied, overlap):
    said = model.lost_updates(hourly, opened, varied, overlap)
    assert 0 <= said.erasing_share <= said.erased_share + 1e-9
    assert said.erased_share <= hourly * overlap / 3600 * opened + 1e-12
    whole = model.lost_updates(hourly, opened, varied)
    assert said.erasing_share <= whole.erasing_share + 1e-12


def test_even_and_exponential_times_in_closed_form():
    assert model.lost_updates(2, 180, 0).erasing_share == pytest.approx(1 - np.exp(-0.1))
    assert model.lost_updates(2, 180, 1).erasing_share == pytest.approx(0.1 / 1.1)
    assert model.lost_updates(2, 180, 1).erased_share == pytest.approx(1 - np.exp(-0.1))
    assert model.lost_updates(0).attempts == 1 and model.lost_updates(overlap_share=0).erased_per_day == 0


def test_corners_and_sentences():
    assert_finite_at_corners(model.lost_updates, 200)
    assert_sentences(model.MODELS)
