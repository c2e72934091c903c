"""Stages of a batch job: their closed forms, laws, and stages played task by task."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from sysdesign.models.dataflow import stage
from tests.models.corners import assert_finite_at_corners

COUNTS, TIMES, SPREADS = st.integers(1, 10**6), st.floats(0.01, 1e5), st.floats(0.02, 2)


def played(tasks, spread, slow, factor, top, after, start, generator, stages=4000):
    """Each stage draws its tasks; whoever is late gets a copy that draws anew. In units of a task's mean time."""
    sigma = np.sqrt(np.log1p(spread**2))

    def times():
        drawn = generator.lognormal(-(sigma**2) / 2, sigma, (stages, tasks))
        return drawn * np.where(generator.random((stages, tasks)) < slow, factor, 1) * sizes

    sizes = np.full(tasks, 1 - top)
    sizes[0] += top * tasks
    own, delay = times(), after * np.exp(-(sigma**2) / 2) * (1 - top) + start if after else np.inf
    ends = np.minimum(own, delay + times())
    copies = np.maximum(ends - delay, 0)
    idle = 1 - ends.sum(1).mean() / (tasks * ends.max(1).mean())
    return ends.max(1).mean(), (own > delay).mean(), copies.sum() / own.sum(), idle


@pytest.mark.parametrize(
    ("tasks", "spread", "slow", "factor", "top", "after"),
    [
        (1, 0.5, 0, 1, 0, 0), (50, 0.2, 0.02, 5, 0, 1.5), (50, 0.3, 0.02, 8, 0.2, 2), (20, 1.0, 0, 1, 0, 1),
        (100, 0.1, 0.01, 4, 0, 0),
    ],
)  # fmt: skip
def test_stages_played_task_by_task(tasks, spread, slow, factor, top, after):
    stages = 4000 if tasks > 1 else 40_000
    last, copied, extra, idle = played(tasks, spread, slow, factor, top, after, 0.1, np.random.default_rng(3), stages)
    said = stage(tasks, 10, spread, slow, factor, top, after, 1)
    assert said.stage_s == pytest.approx(10 * last, rel=0.02)
    assert said.copied_share == pytest.approx(copied, rel=0.03, abs=0.001)
    assert said.extra_share == pytest.approx(extra, rel=0.03, abs=0.001)
    assert said.idle_share == pytest.approx(idle, abs=0.01)


def test_largest_of_ten_normal_ones():
    """Tippett's 1.53875 for ten; a narrow lognormal law is nearly normal, bent up by half its variance."""
    small = 0.02
    expected = 1 + small * 1.53875 + small**2 / 2 * (1.53875**2 + 0.3443 - 1)
    assert stage(10, 1, small, 0).stage_s == pytest.approx(expected, rel=2e-4)


def test_limits_in_closed_form():
    assert stage(1, 60, 0.5, 0).stage_s == pytest.approx(60, rel=1e-3)
    assert stage(1000, 60, 0.02, 1, 5).stage_s == pytest.approx(5 * stage(1000, 60, 0.02, 0).stage_s, rel=2e-3)
    skewed = stage(200, 60, 0.02, 0, top_share=0.2)  # one task with 0.2 x 200 + 0.8 times the mean's records
    assert skewed.heaviest_over_mean == pytest.approx(40.8)
    assert skewed.stage_s == pytest.approx(40.8 * 60, rel=5e-3)
    doubled = stage(1, 60, 0.02, 0, copy_after=0.001, copy_start_s=0)  # both from the beginning, one machine time more
    assert doubled.extra_share == pytest.approx(doubled.stage_s / 60, rel=0.01) and doubled.copied_share > 0.999


def test_copies_of_which_few_run_long():
    """Machine time of the copies on a linear grid of times: most originals end within seconds of their copy's start."""
    sigma = np.sqrt(np.log1p(0.2**2))
    median = 60 * np.exp(-(sigma**2) / 2)
    at = np.linspace(1e-6, 3000, 1_000_000)

    def still(times):
        of_one = [ndtr(-np.log(times / (median * factor)) / sigma) for factor in (1, 5)]
        return 0.999 * of_one[0] + 0.001 * of_one[1]

    copies = np.trapezoid(still(at + 1.5 * median + 1) * still(at), at)
    assert stage(1000, 60, 0.2, 0.001, 5, copy_after=1.5).extra_share == pytest.approx(copies / 60.24, rel=1e-3)


@settings(max_examples=40)
@given(COUNTS, TIMES, SPREADS, st.floats(0, 1), st.floats(1, 100), st.floats(0, 0.9), st.floats(0.5, 10))
def test_copies_help_and_everything_else_hurts(tasks, time, spread, slow, factor, top, after):
    said = stage(tasks, time, spread, slow, factor, top, after, 0)
    near = 1 + 1e-9
    assert said.stage_s <= said.uncopied_s * near
    assert time * 0.98 <= said.healthy_s <= said.uncopied_s * 1.02
    assert 0 <= said.copied_share <= 1 and said.extra_share <= 1 + 1e-6 and 0 <= said.idle_share <= 1
    assert said.any_slow == pytest.approx(1 - (1 - min(slow, 1 - 1e-16)) ** tasks, abs=1e-9)
    more = stage(min(tasks * 2, 1e6), time, spread, slow, factor, top, after, 0)
    assert more.stage_s >= said.stage_s * 0.98


def test_a_copy_of_a_heavy_task_does_not_help():
    slow, heavy = (
        stage(200, 60, 0.1, **each, copy_after=1.5)
        for each in ({"slow_share": 0.01}, {"slow_share": 0, "top_share": 0.2})
    )
    assert slow.stage_s < 0.7 * slow.uncopied_s and heavy.stage_s > 0.95 * heavy.uncopied_s


def test_arrays_and_corners():
    many = stage(np.array([10, 100, 1000])).stage_s
    assert many == pytest.approx([stage(each).stage_s for each in (10, 100, 1000)])
    assert_finite_at_corners(stage, 200)
