"""Idempotency keys: repeats drawn one by one, the retention found by another root finder, and what must hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import lognorm

from sysdesign.models import idempotency as model
from sysdesign.probability.lognormal_sum import Z99
from tests.models.corners import assert_finite_at_corners, assert_sentences


def drawn(median, spread, generator, count):
    return median * np.exp(generator.normal(0, np.log(spread) / Z99, count))


@pytest.mark.parametrize(
    ("kept", "retry", "spread", "slow", "slow_median", "slow_spread", "work"),
    [(86_400, 5, 20, 0.1, 14_400, 30, 2), (600, 30, 50, 0.3, 900, 10, 20), (60, 1, 5, 0.02, 600, 100, 0.5)],
)
def test_repeats_drawn_one_by_one(kept, retry, spread, slow, slow_median, slow_spread, work):
    generator, count = np.random.default_rng(1), 400_000
    times = drawn(retry, spread, generator, count)
    late = generator.random(count) < slow
    times[late] = drawn(slow_median, slow_spread, generator, int(late.sum()))
    said = model.keys(50, kept, 1000, 0.002, retry, spread, slow, slow_median, slow_spread, work)
    assert said.late_share == pytest.approx(np.mean(times > kept), rel=0.04)
    assert said.racing_share == pytest.approx(np.mean(times <= work), rel=0.04)
    assert said.duplicates_per_million == pytest.approx(2000 * np.mean(times > kept), rel=0.04)
    # Without the row before the work the first attempt cannot be seen while it is at work.
    assert said.racy_per_million == pytest.approx(2000 * np.mean((times > kept) | (times <= work)), rel=0.04)


def test_the_retention_that_is_needed():
    def late(kept):
        quick, slow = lognorm.sf(kept, np.log(20) / Z99, scale=5), lognorm.sf(kept, np.log(30) / Z99, scale=14_400)
        return 0.98 * quick + 0.02 * slow - 0.001

    found = brentq(late, 1, 1e8, rtol=1e-12)
    assert model.keys(slow_share=0.02, allowed_share=0.001).needed_s == pytest.approx(found, rel=1e-6)


@settings(max_examples=25)
@given(st.floats(0, 1), st.floats(1, 1000), st.floats(1, 1e6), st.floats(1e-6, 0.4))
def test_keys_kept_as_long_as_needed_let_through_what_is_allowed(slow, spread, median, allowed):
    told = {"slow_share": slow, "slow_spread": spread, "slow_s": median, "allowed_share": allowed}
    needed = model.keys(**told).needed_s
    assert model.keys(retention_s=min(needed * 1.001, 1e9), **told).late_share <= allowed * 1.001 or needed > 1e9
    longer, shorter = (model.keys(retention_s=max(min(needed * by, 1e9), 1e-3), **told) for by in (2, 0.5))
    assert longer.late_share <= shorter.late_share and longer.store_bytes >= shorter.store_bytes


def test_limits():
    said = model.keys(50, 86_400, 1000)
    assert (said.keys, said.store_bytes) == (4_320_000, 4.32e9)
    assert said.repeats_per_day == pytest.approx(4320)
    assert model.keys(retry_spread=1, slow_share=0, retention_s=6).late_share == 0
    assert model.keys(retry_spread=1, slow_share=0, retention_s=4).late_share == 1
    assert model.keys(work_s=0).racing_share == 0


def test_corners_and_sentences():
    assert_finite_at_corners(model.keys, 150)
    assert_sentences(model.MODELS)
