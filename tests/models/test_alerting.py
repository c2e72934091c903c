"""Alert rules: rates, recall and times against checks drawn one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import alerting
from sysdesign.models.alerting import checks
from tests.models.corners import assert_finite_at_corners, assert_sentences


def test_without_a_hold_each_crossing_begins_an_alarm():
    said = checks(0.001, series=1000, interval_s=60)
    assert said.false_per_week == pytest.approx(1000 * 10_080 * 0.001 * 0.999)
    assert said.alarms_per_incident == pytest.approx(1 + said.false_per_week / said.true_per_week)


def test_a_sure_check_sees_what_lasts_to_its_end():
    said = checks(0.001, hold=5, interval_s=60, seen_share=1, incident_s=600)
    first = 10 * (1 - math.exp(-0.1))  # an incident begins at any time between two checks
    assert said.recall == pytest.approx(first * math.exp(-0.4))
    assert 4 * 60 < said.detection_s < 5 * 60
    assert checks(0.001, hold=5, seen_share=1, incident_s=1e8).detection_s == pytest.approx(4.5 * 60, rel=1e-3)


def test_a_clear_run_of_one_ends_the_alert_at_the_next_check():
    assert checks(1e-9).reset_s == pytest.approx(30, rel=1e-6)
    assert checks(1e-9, clear=3).reset_s == pytest.approx(150, rel=1e-6)


def runs(over, hold, clear):
    """Alerts that begin in a row of checks, by walking."""
    alerts, firing, above, below = 0, False, 0, 0
    for each in over:
        above, below = (above + 1, 0) if each else (0, below + 1)
        if not firing and above >= hold:
            alerts, firing, below = alerts + 1, True, 0
        elif firing and below >= clear:
            firing, above = False, 0
    return alerts


@pytest.mark.parametrize(("share", "hold", "clear"), [(0.3, 2, 1), (0.4, 3, 2), (0.1, 1, 3)])
def test_false_alarms_agree_with_checks_walked_through(share, hold, clear):
    over = np.random.default_rng(5).random(60_000) < share
    said = checks(share, hold, 1, 1.0, clear=clear).false_per_week / alerting.WEEK_S
    assert runs(over.tolist(), hold, clear) / over.size == pytest.approx(said, rel=0.05)


@pytest.mark.parametrize(("seen", "hold", "length"), [(0.8, 3, 600), (0.5, 2, 200), (0.95, 1, 90)])
def test_recall_and_detection_agree_with_incidents_drawn(seen, hold, length):
    generator = np.random.default_rng(6)
    ends = generator.exponential(length, 40_000)[:, None]
    at = generator.uniform(0, 60, (40_000, 1)) + 60 * np.arange(60)
    over = generator.random(at.shape) < seen
    full = np.lib.stride_tricks.sliding_window_view(over, hold, axis=1).all(axis=2)
    fires = np.where(full.any(axis=1), np.take_along_axis(at, full.argmax(axis=1)[:, None] + hold - 1, 1)[:, 0], np.inf)
    caught = fires < ends[:, 0]
    said = checks(0.01, hold, interval_s=60, seen_share=seen, incident_s=length)
    assert caught.mean() == pytest.approx(said.recall, rel=0.04)
    assert fires[caught].mean() == pytest.approx(said.detection_s, rel=0.04)


@given(st.floats(1e-6, 0.4), st.integers(1, 20), st.floats(0.05, 1), st.floats(10, 1e6), st.integers(1, 10))
def test_a_longer_hold_trades_recall_and_time_for_precision(share, hold, seen, length, clear):
    one = checks(share, hold, seen_share=seen, incident_s=length, clear=clear)
    longer = checks(share, hold + 1, seen_share=seen, incident_s=length, clear=clear)
    assert longer.false_per_week <= one.false_per_week * (1 + 1e-9)
    assert longer.recall <= one.recall * (1 + 1e-9)
    assert longer.detection_s >= one.detection_s - 1e-6 * length
    assert 0 <= one.precision <= 1


@given(st.floats(1e-6, 0.4), st.floats(1, 1000))
def test_rarer_incidents_make_the_same_rule_less_precise(share, often):
    assert checks(share, incidents_per_week=often / 2).precision <= checks(share, incidents_per_week=often).precision


def test_arrays_are_taken_element_by_element():
    shares = np.array([1e-6, 0.001, 0.3])
    assert checks(shares).precision == pytest.approx([checks(float(each)).precision for each in shares])


def test_results_are_numbers_everywhere_and_said_in_words():
    assert_finite_at_corners(checks, most=600)
    assert_sentences(alerting.MODELS)
