"""Canaries: binomial counts one by one, drawn tests, and sums that are looked at again and again."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sysdesign.errors import InvalidInput
from sysdesign.models import deployment as model
from tests.models.corners import assert_finite_at_corners, assert_sentences

SHARES = st.floats(0.5, 0.9999)


@given(st.integers(1, 10**7), SHARES)
def test_the_bound_is_the_binomial_test_s_own(requests, confidence):
    said = model.canary_zero(requests, confidence).upper_bound
    assert stats.binom.pmf(0, requests, said) == pytest.approx(1 - confidence, rel=1e-6)
    exact = stats.binomtest(0, requests, alternative="less").proportion_ci(confidence).high
    assert said == pytest.approx(exact, rel=1e-6)


@given(st.floats(1e-6, 0.5), SHARES)
def test_the_requests_needed_rule_it_out_and_one_fewer_does_not(rate, confidence):
    needed = model.canary_zero(1, confidence, rate).needed_requests
    assert model.canary_zero(needed, confidence).upper_bound <= rate * (1 + 1e-9)
    assert needed == 1 or model.canary_zero(needed - 1, confidence).upper_bound > rate


def test_the_rule_of_three_is_its_limit():
    said = model.canary_zero(1e6)
    assert said.upper_bound == pytest.approx(said.rule_of_three, rel=1e-5)
    assert said.rule_of_three == pytest.approx(3e-6, rel=0.002)
    assert model.canary_zero(3000, requests_per_s=20, canary_share=0.05).watched_s == pytest.approx(3000)


@pytest.mark.parametrize(("base", "factor", "ratio", "sides"), [(0.001, 2, 1, "two"), (0.01, 1.5, 4, "one")])
def test_drawn_canaries_are_noticed_as_often_as_asked_for(base, factor, ratio, sides):
    said = model.canary_compare(base, factor, control_factor=ratio, sides=sides)
    generator = np.random.default_rng(7)

    def alarms(rate, runs=100_000):
        n, m = int(said.requests), int(said.control_requests)
        canary, control = generator.binomial(n, rate, runs) / n, generator.binomial(m, base, runs) / m
        z = (canary - control) / np.sqrt(np.maximum(canary * (1 - canary) / n + control * (1 - control) / m, 1e-18))
        return np.mean((np.abs(z) if sides == "two" else z) > stats.norm.ppf(0.975 if sides == "two" else 0.95))

    assert alarms(base * factor) == pytest.approx(0.8, abs=0.02)
    assert alarms(base) == pytest.approx(0.05, abs=0.012)


@given(st.floats(1e-4, 0.1), st.floats(1.2, 5), st.floats(0.01, 0.2), st.floats(0.5, 0.99), st.floats(1, 50))
def test_watched_for_the_time_needed_it_notices_as_often_as_asked(base, factor, alpha, power, metrics):
    said = model.canary_compare(base, factor, alpha=alpha, power=power, metrics=metrics, watched_h=1)
    again = model.canary_compare(
        base, factor, alpha=alpha, power=power, metrics=metrics, watched_h=max(said.hours, 1e-3), requests_per_s=20
    )
    if said.hours > 1e-3 and said.requests > 1000:
        assert again.found_share == pytest.approx(power, abs=0.002)
    assert said.metric_alpha <= alpha * (1 + 1e-12) <= said.uncorrected_share * (1 + 1e-9)
    assert 1 - (1 - said.metric_alpha) ** metrics == pytest.approx(alpha)


@given(st.floats(1e-4, 0.1), st.floats(1.2, 4))
def test_smaller_regressions_and_rarer_errors_need_more(base, factor):
    here = model.canary_compare(base, factor).requests
    assert model.canary_compare(base, factor * 1.1).requests <= here
    assert model.canary_compare(base / 2, factor).requests >= here


def test_a_rate_above_one_is_refused():
    with pytest.raises(InvalidInput, match="lower one of the two"):
        model.canary_compare(0.3, 4)


@pytest.mark.parametrize(("number", "sides"), [(5, "two"), (60, "two"), (30, "one")])
def test_sums_looked_at_step_by_step(number, sides):
    said = model.looks(number, sides=sides)
    steps = np.random.default_rng(3).standard_normal((number, 200_000))
    z = np.cumsum(steps, axis=0) / np.sqrt(np.arange(1, number + 1))[:, None]
    z = np.maximum.accumulate(np.abs(z) if sides == "two" else z, axis=0)
    once = stats.norm.ppf(0.975 if sides == "two" else 0.95)
    assert said.stopped_share == pytest.approx((z > once).mean(axis=1), abs=0.004)
    assert np.mean(z[-1] > said.look_limit) == pytest.approx(0.05, abs=0.003)


@given(st.integers(1, 12), st.floats(0.001, 0.4))
def test_more_looks_stop_more_but_never_more_than_their_sum(number, alpha):
    said = model.looks(number, alpha)
    assert alpha * (1 - 1e-6) <= said.false_share <= min(1, number * alpha) + 1e-9
    assert np.all(np.diff(said.stopped_share) >= 0)
    assert alpha / number * (1 - 1e-3) <= said.look_alpha <= alpha * (1 + 1e-6)


def played(factor, real, ratio, alpha, power, generator, tests=20_000):
    """Errors, and how each of many tests ended, error by error."""
    equal, worse = 1 / (1 + ratio), factor / (factor + ratio)
    score, errors = np.zeros(tests), np.zeros(tests)
    stop, passing = math.log(power / alpha), math.log((1 - power) / (1 - alpha))
    running = np.ones(tests, dtype=bool)
    while running.any():
        hit = generator.random(tests) < real / (real + ratio)
        score += np.where(running, np.where(hit, math.log(worse / equal), math.log((1 - worse) / (1 - equal))), 0)
        errors += running
        running &= (score < stop) & (score > passing)
    return errors, score >= stop


@pytest.mark.parametrize(("factor", "real", "ratio"), [(2, 2, 1), (3, 1.5, 1), (2, 4, 5)])
def test_tests_played_error_by_error(factor, real, ratio):
    said = model.sequential(0.002, factor, real, control_factor=ratio)
    generator = np.random.default_rng(11)
    for rate, requests, share in (
        (1, said.good_requests, said.false_share),
        (real, said.bad_requests, said.found_share),
    ):
        errors, stopped = played(factor, rate, ratio, 0.05, 0.8, generator)
        assert requests * 0.002 * (rate + ratio) == pytest.approx(errors.mean(), rel=0.03)
        assert share == pytest.approx(stopped.mean(), abs=0.012)


@given(st.floats(1.3, 20), st.floats(0.01, 0.2), st.floats(0.55, 0.99), st.floats(0.2, 10))
def test_wald_s_bounds_hold(factor, alpha, power, ratio):
    said = model.sequential(0.001, factor, factor, alpha=alpha, power=power, control_factor=ratio)
    assert said.false_share <= alpha / power + 1e-9
    assert 1 - said.found_share <= (1 - power) / (1 - alpha) + 1e-9
    assert said.false_share + (1 - said.found_share) <= alpha + 1 - power + 1e-9


def test_small_steps_come_near_wald_s_approximation():
    said = model.sequential(0.001, 1.1, 1.1)
    up, down = math.log(1.1 * 2 / 2.1), math.log(2 / 2.1)
    stop, passing = math.log(16), math.log(0.2 / 0.95)
    good = (0.05 * stop + 0.95 * passing) / ((up + down) / 2)
    bad = (0.8 * stop + 0.2 * passing) / ((1.1 * up + down) / 2.1)
    assert said.good_requests * 0.002 == pytest.approx(good, rel=0.03)
    assert said.bad_requests * 0.0021 == pytest.approx(bad, rel=0.03)
    assert said.false_share == pytest.approx(0.05, abs=0.002) and said.found_share == pytest.approx(0.8, abs=0.01)


def test_a_test_without_end_is_refused():
    with pytest.raises(InvalidInput, match="larger factor"):
        model.sequential(factor=1.1, real_factor=1.05, alpha=1e-6, power=0.9999, control_factor=100)
    with pytest.raises(InvalidInput, match="below power"):
        model.sequential(alpha=0.5, power=0.5)


def test_arrays_are_taken_element_by_element():
    counts = np.array([10.0, 300.0, 1e6])
    assert model.canary_zero(counts).upper_bound == pytest.approx([model.canary_zero(n).upper_bound for n in counts])
    factors = np.array([1.5, 2, 9])
    each = [model.canary_compare(0.001, f).requests for f in factors]
    assert model.canary_compare(0.001, factors).requests == pytest.approx(each)


def test_corners_and_sentences():
    for each in (model.canary_zero, model.canary_compare):
        assert_finite_at_corners(each, 2000)
    assert_finite_at_corners(model.sequential, 30)
    assert_sentences(model.MODELS)
