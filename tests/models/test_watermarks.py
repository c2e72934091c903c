"""Windows over event time: closed forms, laws, and streams whose windows a running watermark closes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from sysdesign.models.dataflow import watermark
from tests.models.corners import assert_finite_at_corners


def streamed(wait, window, median, spread, offline, away, open_s, generator, rate=400, last=3000):
    """Events in order of arrival; the watermark is the newest time seen, less the wait. Shares late and dropped."""
    happened = np.sort(generator.random(int(rate * last)) * last)
    late = generator.lognormal(np.log(median), np.log(spread) / norm.ppf(0.99), happened.size)
    gone = generator.random(happened.size) < offline
    arrived = happened + np.where(gone, generator.exponential(away, happened.size), late)
    order = np.argsort(arrived)
    mark = np.maximum.accumulate(happened[order]) - wait
    before = np.concatenate([[-np.inf], mark[:-1]])  # what the operator knows when the event comes
    ends = (np.floor(happened[order] / window) + 1) * window
    counted = ends < last - wait - window
    return (before >= ends)[counted].mean(), (before >= ends + open_s)[counted].mean()


@pytest.mark.parametrize(
    ("wait", "window", "spread", "offline", "open_s"),
    [(5, 10, 20, 0.0, 10), (2, 60, 20, 0.01, 60), (20, 30, 50, 0.05, 0), (10, 10, 50, 0, 5)],
)
def test_streams_closed_by_a_running_watermark(wait, window, spread, offline, open_s):
    late, dropped = streamed(wait, window, 1, spread, offline, 200, open_s, np.random.default_rng(2))
    said = watermark(wait, window, 1, spread, offline, 200, open_s)
    assert said.late_share == pytest.approx(late, rel=0.05)  # it trails the present a little, so fewer are late
    assert said.dropped_share == pytest.approx(dropped, rel=0.06)


@pytest.mark.parametrize(("wait", "window", "offline"), [(0, 1, 0.0), (3, 60, 0.1), (500, 10, 0.01)])
def test_by_the_integral_of_its_definition(wait, window, offline):
    def late(age):
        return (1 - offline) * norm.sf(np.log(age / 2) / (np.log(30) / norm.ppf(0.99))) + offline * np.exp(-age / 600)

    share, _ = quad(late, wait + 1e-12, wait + window)
    assert watermark(wait, window, 2, 30, offline, 600).late_share == pytest.approx(share / window, rel=1e-6)


def test_limits_in_closed_form():
    offline = watermark(60, 1e-3, offline_share=1, offline_s=60)  # a window of no length: e^-1
    assert offline.late_share == pytest.approx(np.exp(-1), rel=1e-4)
    percentile = watermark(20, 1e-3, median_s=1, spread=20, offline_share=0)
    assert percentile.late_share == pytest.approx(0.01, rel=1e-3)
    assert watermark(10, 60, lateness_s=50).open_windows == pytest.approx(2)


@settings(max_examples=40)
@given(st.floats(0, 1e4), st.floats(0.01, 1e5), st.floats(0.01, 100), st.floats(1.1, 1000), st.floats(0, 1),
       st.floats(0, 1e4), st.floats(0.5, 0.99999))  # fmt: skip
def test_more_waiting_is_never_less_complete(wait, window, median, spread, offline, open_s, wanted):
    said = watermark(wait, window, median, spread, offline, lateness_s=open_s, wanted=wanted)
    assert 0 <= said.dropped_share <= said.late_share + 1e-12 <= 1 + 1e-9
    assert said.corrected_share == pytest.approx(said.late_share - said.dropped_share)
    longer = watermark(wait + 1, window, median, spread, offline)
    assert longer.late_share <= said.late_share + 1e-9
    assert watermark(wait, window * 2, median, spread, offline).late_share <= said.late_share + 1e-9
    needed = watermark(said.wait_needed_s * 1.001, window, median, spread, offline).late_share
    assert needed <= (1 - wanted) * (1 + 1e-6) + 1e-9


def test_arrays_and_corners():
    waits = np.array([0, 10, 1000])
    assert watermark(waits).late_share == pytest.approx([watermark(each).late_share for each in waits])
    assert_finite_at_corners(watermark, 200)
