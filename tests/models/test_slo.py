"""Burn-rate alerts: closed forms, the workbook's figures, and a replay minute by minute."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import slo
from tests.models.corners import assert_finite_at_corners, assert_sentences


def replayed(steps, rates, long_min, burn, objective, short_share, tick=0.02):
    """First and last firing time of one rule by counting ticks of errors, as a monitoring system does."""
    errors = np.concatenate([np.full(round(length / tick), rate) for length, rate in zip(steps, rates, strict=True)])
    quiet = np.zeros(round(long_min / tick))
    series = np.concatenate((quiet, errors, quiet))
    total = np.concatenate(([0.0], np.cumsum(series)))
    fires = np.ones(series.size + 1 - quiet.size, dtype=bool)
    for width in (round(long_min / tick), round(long_min * short_share / tick)):
        at = np.arange(quiet.size, series.size + 1)
        fires &= (total[at] - total[at - width]) / width >= burn * (1 - objective) - 1e-12
    where = np.flatnonzero(fires)
    return (where[0] * tick, where[-1] * tick) if where.size else None


step = st.tuples(st.integers(1, 40), st.floats(0, 1))


@given(st.lists(step, min_size=1, max_size=5), st.sampled_from([12, 60, 90]), st.sampled_from([2.0, 14.4, 60.0]))
@settings(max_examples=60, deadline=None)
def test_exact_times_agree_with_a_replay(steps, long_min, burn):
    lengths, rates = zip(*steps, strict=True)
    lengths, rates = (*lengths, 0.0), (*rates, 0.0)
    found = slo.outage(0.999, lengths, rates, 30, (long_min / 60,), (burn,), 1 / 4)
    peer = replayed(lengths, rates, long_min, burn, 0.999, 1 / 4)
    end = sum(length for length, rate in zip(lengths[:-1], rates[:-1], strict=True))
    if peer is None or not found.alerts:
        # A touch between two ticks may be seen by one of the two alone.
        assert (peer is None) == (not found.alerts) or (peer is not None and peer[1] - peer[0] < 0.1)
        return
    while rates and rates[-1] == 0:  # trailing steps without errors are not part of the outage
        end -= lengths[-1]
        lengths, rates = lengths[:-1], rates[:-1]
    assert found.detection_min == pytest.approx(peer[0], abs=0.05)
    assert found.reset_min == pytest.approx(max(0.0, peer[1] - end), abs=0.05)


def test_the_replay_would_notice_an_error_of_five_percent():
    steps, rates = (30, 20), (0.1, 0.4)
    found = slo.outage(0.999, steps, rates, 30, (1,), (14.4,), 1 / 12)
    first, _ = replayed(steps, rates, 60, 14.4, 0.999, 1 / 12)
    assert abs(found.detection_min - first) < 0.05 < abs(1.05 * found.detection_min - first)


@given(st.floats(0.001, 1), st.floats(0.9, 0.9999), st.floats(1, 50), st.floats(0.1, 30))
def test_steady_outage_fires_after_the_workbooks_formula(rate, objective, burn, window_h):
    threshold = burn * (1 - objective)
    found = slo.steady_outage(objective, rate, 40, 30, (window_h,), (burn,))
    if rate < threshold * 0.999:
        assert found.alerts == 0 and found.detection_min == pytest.approx(2400)
    elif rate > threshold * 1.001:
        assert found.alerts == 1
        assert found.detection_min == pytest.approx(threshold / rate * window_h * 60, rel=1e-6)
        spent = burn * window_h / 720
        assert found.spent_at_detection == pytest.approx(spent, rel=1e-6)  # whatever the error rate


def test_an_outage_in_two_steps_is_the_same_outage():
    whole = slo.outage(0.999, (60,), (0.2,))
    halves = slo.outage(0.999, (25, 35), (0.2, 0.2))
    assert halves.detection_min == pytest.approx(whole.detection_min)
    assert halves.reset_min == pytest.approx(whole.reset_min)
    assert halves.spent == pytest.approx(whole.spent)


def test_the_burn_rate_just_below_the_rule_is_never_seen_and_spends_everything():
    found = slo.steady_outage(0.999, 0.035, 20.58, 30, (1,), (36,), 1.0)
    assert found.alerts == 0
    assert found.spent == pytest.approx(1, abs=0.001)  # the workbook's 20.5 hours


def test_a_total_outage_keeps_the_single_window_firing_58_minutes():
    # As in a promtool run of the chapter's rules: ten minutes down, 5-minute short window or none.
    single = slo.outage(0.999, (2.16,), (1.0,), 30, (1,), (36,), 1.0)
    assert single.reset_min == pytest.approx(57.84, abs=0.01)
    double = slo.outage(0.999, (10,), (1.0,), 30, (1,), (14.4,), 1 / 12)
    assert 4 < double.reset_min < 5


def test_a_hold_delays_the_alert_to_an_hour_and_140_percent_of_the_budget():
    held = slo.outage(0.999, (90,), (1.0,), 30, (1 / 60,), (1,), 1.0, hold_min=60)
    assert held.detection_min == pytest.approx(60, abs=0.01)
    assert held.spent_at_detection == pytest.approx(1.389, abs=0.01)
    spikes = slo.outage(0.999, (1, 9) * 30, (1.0, 0.0) * 30, 30, (1 / 60,), (1,), 1.0, hold_min=60)
    assert spikes.alerts == 0 and spikes.spent > 0.69  # spikes reset the timer each time
    flapping = slo.outage(0.999, (1, 9) * 30, (1.0, 0.0) * 30, 30, (1 / 60,), (1,), 1.0)
    assert flapping.alerts == 30


def test_three_rules_see_three_kinds_of_outage():
    assert slo.steady_outage(0.999, 0.5, 1).rule_fires == (1, 1, 1)
    assert slo.steady_outage(0.999, 0.008, 6).rule_fires == (0, 1, 0)
    assert slo.steady_outage(0.999, 0.002, 48).rule_fires == (0, 0, 1)
    assert slo.steady_outage(0.999, 0.0005, 72).alerts == 0
    assert slo.outage(0.999, (5, 5), (0.0, 0.0)).spent == 0


def test_false_alarms_agree_with_drawn_windows():
    generator = np.random.default_rng(2)
    failures = generator.poisson(200 * 0.004, 400_000)
    found = slo.low_traffic(0.999, 200, 0.004, burn_rate=14.4)
    assert found.failures_to_alert == 3
    drawn = np.mean(failures >= 3)
    error = np.sqrt(drawn * (1 - drawn) / failures.size)
    assert abs(found.false_alarm - drawn) < 3 * error < abs(1.05 * found.false_alarm - drawn)


def test_budgets_work_over_arrays():
    found = slo.error_budget(0.999, np.array([0.001, 0.01]))
    assert found.exhaustion_h == pytest.approx([720, 72])
    assert slo.burn_rule(0.999, np.array([0.02, 0.05]), np.array([1, 6])).burn_rate == pytest.approx([14.4, 6])


def test_bad_input_is_refused_in_words():
    with pytest.raises(InvalidInput, match="never alerts"):
        slo.burn_rule(0.9, 0.02, 1)
    with pytest.raises(InvalidInput, match="2 lengths and 1 error rates"):
        slo.outage(0.999, (1, 2), (0.5,))
    with pytest.raises(InvalidInput, match="longer than the window"):
        slo.outage(0.999, (100_000,), (0.5,))


@pytest.mark.parametrize("each", slo.MODELS, ids=lambda each: each.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 400)


def test_sentences():
    assert_sentences(slo.MODELS)


def test_the_curve_of_a_rule_is_over_one_just_while_it_fires():
    found = slo.outage(0.999, (10, 50), (1.0, 0.05))
    after, over = found.after_min.reshape(3, -1), found.over_threshold.reshape(3, -1)
    assert set(found.rule) == {"1 h at 14.4", "6 h at 6", "72 h at 1"}
    for at, (begins, lasts) in enumerate(zip(found.rule_detection_min, found.rule_reset_min, strict=True)):
        step = after[at, 1] - after[at, 0]
        firing = after[at][over[at] >= 1]
        assert firing[0] == pytest.approx(begins, abs=step)
        assert firing[-1] == pytest.approx(60 + lasts, abs=step)
        assert np.all(np.diff(firing) < 1.5 * step)  # one stretch


def test_a_burn_rule_notices_a_full_outage_when_its_replay_does():
    rule = slo.burn_rule(0.999, 0.02, 1)
    seen = slo.outage(0.999, (60,), (1.0,), long_window_h=(1,), burn_rate=(rule.burn_rate,))
    assert rule.detection_min == pytest.approx(seen.detection_min, rel=1e-6)
    assert rule.reset_min == pytest.approx(seen.reset_min, rel=1e-6)


def test_one_failure_of_few_requests_burns_what_its_share_says():
    found = slo.low_traffic(0.999, 20, 0.0005)
    assert found.one_failure_error_rate == pytest.approx(1 / 20)
    assert found.one_failure_burn_rate == pytest.approx((1 / 20) / (1 - 0.999))


def test_budgets_by_hand():
    found = slo.error_budget(0.99, 0.05, 7, 20)
    assert (found.budget, found.burn_rate) == pytest.approx((0.01, 5))
    assert (found.full_outage_min, found.failed_requests) == pytest.approx((100.8, 120_960))
    assert (found.exhaustion_h, found.spent_per_h) == pytest.approx((33.6, 5 / 168))
    few = slo.low_traffic(0.99, 5, 0.001, window_d=10)
    assert (few.one_failure_spends, few.failures_allowed) == pytest.approx((1 / 12, 12))


def test_an_outage_without_errors_alerts_nobody():
    found = slo.outage(0.999, (10.0, 5.0), (0.0, 0.0))
    assert (found.alerts, found.detection_min, found.spent, found.reset_min) == (0, 0, 0, 0)


def test_a_long_window_holds_more_requests_to_judge_by():
    found = slo.low_traffic(0.99, 10, 0.001, long_window_h=3, burn_rate=10)
    assert (found.one_failure_error_rate, found.one_failure_burn_rate) == pytest.approx((1 / 30, 100 / 30))
    assert found.failures_to_alert == 3  # 10% of 30, though the product is a little more
    assert found.false_alarm == pytest.approx(1 - np.exp(-0.03) * (1 + 0.03 + 0.03**2 / 2), rel=1e-9)
