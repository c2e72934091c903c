"""Rollouts: timelines played second by second, and what must hold of any way."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models.deployment import rollouts
from sysdesign.models.deployment.rollouts import rollout
from tests.models.corners import assert_finite_at_corners, assert_sentences

WAYS = ("recreate", "rolling", "rolling in place", "blue-green", "canary", "shadow", "flag")


def played(strategy, detect, copies, batch, start, drain, first, bake, switch, redeploy):
    """Whole seconds; which copies are new, and what a bad release costs until all are old again."""
    new, lost, at = 0.0, 0.0, 0  # users on the new version, from its first request on
    size = math.ceil(batch * copies - 1e-9)

    def levels():
        """The share second by second, for as long as nobody stops it."""
        if strategy in ("recreate", "blue-green"):
            while True:
                yield 1.0
        share = 0.0
        if strategy in ("canary", "shadow", "flag"):
            share = 0.0 if strategy == "shadow" else first
            for _ in range(bake):
                yield share
            if strategy == "flag":
                while True:
                    yield 1.0
            for _ in range(start):
                yield share
        while True:
            share = min(share + size / copies, 1)
            for _ in range(start + drain):
                yield share

    for level in levels():
        new = level
        if at == detect:
            break
        lost, at = lost + level, at + 1
    reached, began = new, at
    gone = strategy == "flag" or (strategy == "canary" and detect < bake + start) or (
        strategy == "blue-green" and detect <= bake
    )  # fmt: skip
    if gone:
        return reached, switch, lost + new * switch
    if strategy == "blue-green":
        return reached, redeploy + start + switch, lost + redeploy + start + switch
    if strategy == "recreate":
        return reached, redeploy + drain + start, lost + redeploy + drain + start
    if new == 0:
        return reached, 0, lost
    lost, at = lost + redeploy * new, at + redeploy
    while new > 1e-9:  # the level stands until the batch that goes back serves
        lost, at = lost + new * (start + drain), at + start + drain
        new -= size / copies
    return reached, at - began, lost


WHOLE = st.integers(0, 600)


@given(
    st.sampled_from(WAYS), st.integers(0, 5000), st.integers(1, 50), st.floats(0.02, 1), st.integers(1, 200),
    st.integers(0, 100), st.floats(0.01, 0.5), WHOLE, WHOLE, WHOLE,
)  # fmt: skip
def test_bad_releases_played_second_by_second(
    strategy, detect, copies, batch, start, drain, first, bake, switch, again
):
    said = rollout(strategy, detect, copies, batch, start, drain, first, bake, switch, again)
    reached, back, lost = played(strategy, detect, copies, batch, start, drain, first, bake, switch, again)
    assert said.reached_share == pytest.approx(reached, abs=1e-9)
    assert said.back_s == pytest.approx(back) and said.exposure_min == pytest.approx(lost / 60, abs=1e-6)


@given(st.sampled_from(WAYS), st.floats(0, 1e5), st.floats(0, 1e4), st.integers(1, 500), st.floats(0.01, 1))
def test_later_alarms_cost_more_and_never_more_than_all_users(strategy, detect, more, copies, batch):
    here = rollout(strategy, detect, copies, batch)
    there = rollout(strategy, detect + more, copies, batch)
    assert there.exposure_min >= here.exposure_min - 1e-9 and there.reached_share >= here.reached_share - 1e-12
    assert here.exposure_min <= (detect + here.back_s) / 60 + 1e-9
    assert here.reached_share * detect >= 60 * here.exposure_min - here.back_s - 1e-6


def test_hand_sums():
    """Alarms after five minutes, forty copies by ten, two minutes each."""
    assert rollout("recreate", redeploy_s=1080, releases_per_year=24, bad_share=1).exposure_min == pytest.approx(25)
    green = rollout("blue-green", releases_per_year=24, bad_share=1)
    assert green.year_min == pytest.approx(144) and green.peak_share == 2
    assert rollout("canary", releases_per_year=24, bad_share=1).year_min == pytest.approx(7.2)
    rolling = rollout("rolling")
    assert rolling.duration_s == 480 and rolling.peak_share == 1.25 and rolling.extra_copy_h == pytest.approx(40 / 30)
    assert rolling.exposure_min == pytest.approx(0.25 * 2 + 0.5 * 2 + 0.75 * 1 + (0.75 + 0.5 + 0.25) * 2)
    assert rollout("rolling in place").least_share == 0.75 and rollout("recreate").down_min == 2


def test_two_hours_of_a_second_fleet_ten_times_a_week():
    said = rollout("blue-green", start_s=60, switch_s=60, bake_s=7080, releases_per_year=10 * 365 / 7)
    assert said.extra_share == pytest.approx(2 * 10 / 168)


@pytest.mark.parametrize("batch", [0.25, 0.1, 1 / 3, 1])
def test_copies_beside_the_fleet_counted_batch_by_batch(batch):
    copies, left, beside = 30, 30, 0.0
    while left:
        size = min(math.ceil(batch * copies - 1e-9), left)
        beside, left = beside + size * (90 + 30) / 3600, left - size
    assert rollout("rolling", copies=copies, batch_share=batch).extra_copy_h == pytest.approx(beside)


def test_small_batches_are_a_ramp():
    said = rollout("rolling", detect_s=1000, copies=1e6, batch_share=1e-4, start_s=0.2, drain_s=0)
    assert said.reached_share == pytest.approx(0.5, rel=1e-3)
    assert said.exposure_min * 60 == pytest.approx(2 * 0.5 * 0.5 * 1000, rel=1e-3)


def test_a_shadow_that_shows_the_fault_costs_no_user():
    assert rollout("shadow", 300).exposure_min == 0 and rollout("shadow", 1e4).exposure_min > 0


def test_arrays_corners_and_sentences():
    detect = np.array([0, 100, 4000, 1e5])
    for strategy in WAYS:
        many = rollout(strategy, detect).exposure_min
        assert many == pytest.approx([rollout(strategy, each).exposure_min for each in detect])
    assert_finite_at_corners(rollout, 4000)
    assert_sentences(rollouts.MODELS)
