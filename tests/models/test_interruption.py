"""Interruptible capacity: jobs played interruption by interruption, Daly's optimum, and what must hold of any job."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from sysdesign.models import interruption as model
from tests.models.corners import assert_finite_at_corners, assert_sentences

HOURS = st.floats(0.1, 200)


def played(job, between, save, again, interval, generator, jobs=60_000):
    """Times of jobs whose machine is taken away at drawn moments; all in hours."""
    time, done, left = np.zeros(jobs), np.zeros(jobs), generator.exponential(between, jobs)
    broken = np.zeros(jobs, dtype=bool)
    while (running := done < job * (1 - 1e-12)).any():
        work = np.minimum(interval, job - done)
        ends = done + work >= job * (1 - 1e-12)
        takes = work + np.where(ends, 0, save) + np.where(broken, again, 0)
        taken = running & (left < takes)
        passed = np.where(running, np.where(taken, left, takes), 0)
        time += passed
        done += np.where(running & ~taken, work, 0)
        left = np.where(taken, generator.exponential(between, jobs), left - passed)
        broken = taken
    return time


@pytest.mark.parametrize(
    ("job", "between", "save", "again", "interval", "deadline"),
    [(10, 20, 1 / 60, 1 / 12, 0.8, 11), (10, 5, 0.1, 0.2, 2, 16), (10, 10, 0.1, 0.5, 10, 20), (8, 4, 0.05, 0.3, 3, 12)],
)
def test_jobs_played_one_by_one(job, between, save, again, interval, deadline):
    times = played(job, between, save, again, interval, np.random.default_rng(1))
    said = model.finish(
        job, between, checkpoint_s=save * 3600, restart_s=again * 3600, interval_h=interval, deadline_h=deadline
    )
    assert times.mean() == pytest.approx(said.mean_h, rel=0.01)
    assert np.mean(times <= deadline) == pytest.approx(said.in_time_share, abs=0.008)
    whole = played(job, between, save, again, job, np.random.default_rng(2))
    assert whole.mean() == pytest.approx(said.restarted_h, rel=0.03)
    assert np.mean(whole <= deadline) == pytest.approx(said.restarted_in_time_share, abs=0.008)


def test_more_machines_are_as_one_that_fails_more_often():
    generator = np.random.default_rng(3)
    firsts = generator.exponential(160, (200_000, 16)).min(axis=1)
    assert np.mean(firsts > 8) == pytest.approx(model.finish(8, 160, 16).unbroken_share, abs=0.005)
    assert model.finish(8, 160, 16).mean_h == pytest.approx(model.finish(8, 10).mean_h)


@given(HOURS, st.floats(0.5, 1000), st.floats(1, 2000), st.floats(0, 5000))
def test_the_best_interval_is_found_by_search_too(job, between, save, again):
    def an_hour(interval):  # Daly's cost of an hour of work
        return (math.expm1((interval + save / 3600) / between)) / interval

    found = minimize_scalar(an_hour, bounds=(1e-3 * between, between), method="bounded", options={"xatol": 1e-9})
    said = model.finish(job, between, checkpoint_s=save, restart_s=again)
    assert an_hour(said.best_interval_h) <= found.fun * (1 + 1e-9)
    assert an_hour(said.best_interval_h) == pytest.approx(found.fun, rel=1e-4)


@given(HOURS, st.floats(0.5, 1000), st.floats(1, 2000), st.floats(0, 5000), st.floats(0.01, 100))
def test_no_interval_beats_the_best_by_more_than_cutting_it_costs(job, between, save, again, interval):
    best = model.finish(job, between, checkpoint_s=save, restart_s=again)
    other = model.finish(job, between, checkpoint_s=save, restart_s=again, interval_h=interval)
    parts = job / best.best_interval_h
    assert best.mean_h <= other.mean_h * (1 + 0.25 / max(parts, 1) + 1e-9) or parts < 2
    assert best.mean_h >= job and best.noticed_h >= job


def test_where_checkpoints_are_short_the_root_is_the_best():
    said = model.finish(100, 1000, checkpoint_s=1)
    assert said.young_h == pytest.approx(said.best_interval_h, rel=1e-3)
    assert said.young_h == pytest.approx(math.sqrt(2 * 1000 / 3600))
    near = [model.finish(100, 1000, checkpoint_s=3.6 * each).best_interval_h for each in (0.999999, 1.000001)]
    assert near[0] == pytest.approx(near[1], rel=1e-5)  # where the series takes over


@given(HOURS, st.floats(0.5, 1000), st.floats(0, 3600), st.floats(0.1, 300))
def test_chances_rise_with_the_deadline_from_that_of_no_interruption(job, between, again, more):
    deadlines = job + np.array([-1e-6, 1e-9, more / 2, more, 10 * more])
    said = model.finish(job, between, restart_s=again, deadline_h=np.maximum(deadlines, 1e-3), interval_h=job)
    shares = said.in_time_share
    assert shares[0] == 0 and shares[1] == pytest.approx(said.unbroken_share[1], abs=1e-3)
    assert np.all(np.diff(shares) >= -2e-3) and shares[-1] <= 1


def test_rare_interruptions_cost_what_they_lose():
    """To the first order: half the work and the restart for each."""
    said = model.finish(10, 1e5, restart_s=360, checkpoint_s=1e-3)
    assert said.restarted_h - 10 == pytest.approx(10 / 1e5 * (10 / 2 + 0.1), rel=1e-2)
    assert said.unbroken_share == pytest.approx(1 - 1e-4, abs=1e-7)


def test_a_notice_saves_the_work_where_a_checkpoint_fits():
    long, short = (model.finish(10, 5, checkpoint_s=60, restart_s=300, notice_s=notice) for notice in (60, 59))
    assert long.noticed_h == pytest.approx(10 + 10 / 5 * (1 / 60 + 5 * math.expm1(1 / 12 / 5)))
    assert short.noticed_h == short.mean_h > long.noticed_h


def test_a_job_that_never_ends_stays_a_number():
    said = model.finish(1e5, 1e-3, 1e6, restart_s=1e6)
    assert np.isfinite(said.restarted_h) and said.restarted_h > 1e100 and said.unbroken_share == 0


def test_arrays_are_taken_element_by_element():
    between = np.array([3.0, 12.0, 48.0])
    many = model.finish(20, between, deadline_h=24)
    one = [model.finish(20, each, deadline_h=24) for each in between]
    assert many.mean_h == pytest.approx([each.mean_h for each in one])
    assert many.in_time_share == pytest.approx([each.in_time_share for each in one])


def test_results_are_numbers_everywhere():
    assert_finite_at_corners(model.finish, 1500)


def test_sentences():
    assert_sentences(model.MODELS)
