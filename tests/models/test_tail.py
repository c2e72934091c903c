"""The tail: exact order statistics against sorting draws, hedging against playing it out, limits by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import tail
from sysdesign.probability import interval
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.summed import Summed
from tests.models.corners import assert_finite_at_corners, assert_sentences

YAMMER = "0.982*pareto(minimum=1.5, shape=3.8) + 0.018*exponential(rate=0.0217)"
shares = ((0.5, "p50_ms"), (0.95, "p95_ms"), (0.99, "p99_ms"), (0.999, "p999_ms"))


def assert_percentiles(draws, result, power_at=0.95):
    """Each claimed percentile holds its share of the draws; 5 % higher or lower it would not."""
    for share, field in shares:
        within = interval.interval_of((draws <= getattr(result, field)).reshape(40, -1).mean(axis=1))
        slack = 1e-9 + 0.5 * (within.high - within.low) / 2
        assert within.low - slack <= share <= within.high + slack, field
    field = dict(shares)[power_at]
    for wrong in (0.95, 1.05):
        within = interval.interval_of((draws <= wrong * getattr(result, field)).reshape(40, -1).mean(axis=1))
        assert not within.low <= power_at <= within.high


@pytest.mark.parametrize("servers,answers,legs", [(1, 1, 1), (5, 1, 1), (8, 8, 1), (10, 7, 1), (3, 2, 2), (4, 4, 3)])
def test_waiting_for_k_of_n_is_the_kth_of_sorted_draws(servers, answers, legs):
    generator = np.random.default_rng(8)
    drawn = Distribution.of(YAMMER).sample(generator, (200_000, servers, legs)).sum(axis=2)
    drawn.sort(axis=1)
    assert_percentiles(drawn[:, answers - 1], tail.wait_for(YAMMER, servers, answers, legs))


@pytest.mark.parametrize("legs", [2, 3, 4])
def test_sums_of_draws_have_the_law_of_the_gamma(legs):
    law = Summed(Distribution.of("exponential(mean=3)"), legs)
    peer = Distribution.of(f"gamma(shape={legs}, scale=3)")
    at = np.array([0.01, 0.5, 0.99, 0.99999])
    assert np.allclose(law.quantile(at), peer.quantile(at), rtol=4e-3)
    assert np.allclose(law.cdf(np.array([1.0, 10.0, 40.0])), peer.cdf(np.array([1.0, 10.0, 40.0])), rtol=4e-3)


def test_exponential_order_statistics_have_a_closed_form():
    fastest = tail.wait_for("exponential(mean=10)", 5, 1)
    assert fastest.p99_ms == pytest.approx(-10 / 5 * math.log(0.01))
    slowest = tail.wait_for("exponential(mean=10)", 100, 100)
    assert slowest.p50_ms == pytest.approx(-10 * math.log(1 - 0.5**0.01))
    assert slowest.p99_of_all == pytest.approx(1)


@settings(deadline=None)
@given(st.integers(1, 60), st.data())
def test_more_servers_help_and_more_answers_hurt(servers, data):
    answers = data.draw(st.integers(1, servers))
    here = tail.wait_for(tail.LATENCY, servers, answers)
    assert tail.wait_for(tail.LATENCY, servers + 1, answers).p99_ms <= here.p99_ms * (1 + 1e-9)
    if answers > 1:
        assert tail.wait_for(tail.LATENCY, servers, answers - 1).p99_ms <= here.p99_ms * (1 + 1e-9)


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_fan_out_and_its_target_undo_each_other(share, servers):
    any_slow = tail.fan_out(share, servers).any_slow
    assert 0 <= any_slow <= 1
    if 1e-9 < any_slow < 0.999:
        assert tail.leaf_target(any_slow, servers).slow_share == pytest.approx(share, rel=1e-6)


def test_fan_out_takes_arrays():
    many = tail.fan_out(np.array([0.001, 0.01, 1.0]), 100).any_slow
    assert np.allclose(many, [tail.fan_out(x, 100).any_slow for x in (0.001, 0.01, 1.0)])


@pytest.mark.parametrize("hedges,shared", [(1, 0.0), (2, 0.0), (1, 0.3)])
def test_hedging_is_what_playing_it_out_gives(hedges, shared):
    generator = np.random.default_rng(9)
    law, model = Distribution.of(YAMMER), tail.hedge(YAMMER, 0.9, hedges, shared)
    count = 400_000
    done = law.sample(generator, count)
    useless = generator.random(count) < shared
    sent = np.zeros(count)
    for hedge in range(1, hedges + 1):
        late = done > hedge * model.delay_ms
        sent += late
        other = hedge * model.delay_ms + law.sample(generator, count)
        done = np.where(late & ~useless, np.minimum(done, other), done)
    assert_percentiles(done, model, power_at=0.99)
    extra = interval.interval_of(sent.reshape(40, -1).mean(axis=1))
    assert extra.low - 2e-4 <= model.extra_requests <= extra.high + 2e-4
    assert not extra.low <= 1.05 * model.extra_requests <= extra.high


def test_a_hedge_at_once_is_the_faster_of_two_and_a_shared_cause_makes_it_useless():
    at_once = tail.hedge(YAMMER, 0.0)
    two = tail.wait_for(YAMMER, 2, 1)
    assert at_once.p99_ms == pytest.approx(two.p99_ms, rel=1e-9)
    assert at_once.extra_requests == 1
    useless = tail.hedge(YAMMER, 0.95, shared_share=1)
    assert useless.p999_ms == pytest.approx(useless.plain_p999_ms, rel=1e-9)
    own = tail.hedge([1.0] * 98 + [50.0, 60.0], 0.95)  # the reader's own measurements
    assert own.delay_ms == 1 and own.p99_ms == 2


def test_tied_requests_of_exponential_queues_have_a_closed_form():
    """Both start within c of each other with chance 1 - e^(-c/m) when neither is delayed."""
    run = tail.tied("exponential(mean=10)", "constant(4)", 0.5, 0.0, 1_000_000, 0.004, seed=2)
    twice = 1 - math.exp(-0.05)
    assert run.extra_work_low <= twice <= run.extra_work_high
    assert not run.extra_work_low <= 1.05 * twice <= run.extra_work_high
    faster = 4 - 5 * math.log(0.01)  # the less of two exponential waits, then 4
    assert run.p99_low_ms <= faster <= run.p99_high_ms
    assert not run.p99_low_ms <= 1.05 * faster <= run.p99_high_ms
    assert tail.tied("exponential(mean=10)", "constant(4)") == tail.tied("exponential(mean=10)", "constant(4)")


def test_a_delay_of_two_messages_spares_empty_queues_the_double_work():
    idle = "0.9*constant(0) + 0.1*exponential(mean=20)"
    assert tail.tied(idle, "constant(4)", 0.5, 0.0).extra_work > 0.8
    assert tail.tied(idle, "constant(4)", 0.5, 1.0).extra_work < 0.03


def test_what_cannot_be_is_said():
    with pytest.raises(InvalidInput, match="no more answers"):
        tail.wait_for(1.0, 3, 4)
    with pytest.raises(InvalidInput, match=r"(under|below) 0"):
        tail.wait_for("normal(mean=1, sd=2)", 3, 2)
    with pytest.raises(InvalidInput, match=r"(under|below) 0"):
        tail.tied("normal(mean=1, sd=2)", 1)


@pytest.mark.parametrize("model", [m.function for m in tail.MODELS], ids=lambda f: f.__name__)
def test_ends_of_the_ranges(model):
    assert_finite_at_corners(model, most=20 if model.__name__ in ("tied", "wait_for", "hedge") else 400)


def test_sentences():
    assert_sentences(tail.MODELS)
