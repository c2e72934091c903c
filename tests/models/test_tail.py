"""The tail: exact order statistics against sorting draws, hedging against playing it out, limits by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from sysdesign.errors import InvalidInput
from sysdesign.models import tail
from sysdesign.probability import interval
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.lognormal_sum import Z99
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


def drawn(generator, p99, spread, size):
    """Lognormal times with this 99th percentile, so many times their median."""
    return p99 / spread * np.exp(generator.normal(0, math.log(spread) / Z99, size))


ALONE = {"calls": 1, "spread": 3, "round_trip_ms": 0, "second_p99_ms": 0, "second_spread": 3, "extra_share": 0,
         "extra_p99_ms": 0, "extra_spread": 3, "extra_round_trip_ms": 0}  # fmt: skip
CHAINS = [
    {"p99_ms": 30, "calls": 1},
    {"p99_ms": 30, "calls": 6, "round_trip_ms": 2},
    {"p99_ms": 30, "calls": 12, "spread": 4},
    {"p99_ms": 10, "calls": 3, "second_p99_ms": 60, "second_spread": 2},
    {"p99_ms": 2, "extra_share": 0.004, "extra_p99_ms": 80},
    {"p99_ms": 2, "extra_share": 0.3, "extra_p99_ms": 80, "extra_round_trip_ms": 50},
    {"p99_ms": 20, "calls": 2, "extra_share": 0.6, "extra_p99_ms": 80, "extra_spread": 4},
]


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_calls_in_series_take_what_drawn_ones_do(chain):
    generator, size = np.random.default_rng(5), (40, 20_000)
    given = ALONE | chain
    times = np.full(size, given["calls"] * given["round_trip_ms"], dtype=float)
    for _ in range(given["calls"]):
        times += drawn(generator, given["p99_ms"], given["spread"], size)
    times += drawn(generator, given["second_p99_ms"], given["second_spread"], size)
    extra = given["extra_round_trip_ms"] + drawn(generator, given["extra_p99_ms"], given["extra_spread"], size)
    times += np.where(generator.random(size) < given["extra_share"], extra, 0)
    model = tail.in_series(**chain)
    assert model.mean_ms == pytest.approx(times.mean(), rel=0.01)
    assert model.median_ms == pytest.approx(np.quantile(times, 0.5), rel=0.01)
    assert model.p99_ms == pytest.approx(np.quantile(times, 0.99), rel=0.015)


def convolved(legs, above):
    """The time that a sum of lognormal times exceeds with a chance, by convolution on a grid."""
    top = 1.5 * max(p99 * spread**1.3 for p99, spread, _ in legs) + sum(3 * p99 * times for p99, _, times in legs)
    grid = np.linspace(0, top, 2**15 + 1)
    product = 1.0
    for p99, spread, times in legs:
        with np.errstate(divide="ignore"):
            below = ndtr(
                (np.log(np.maximum(grid - grid[1] / 2, 0)) - math.log(p99 / spread)) / (math.log(spread) / Z99)
            )
        product = product * np.fft.rfft(np.diff(below), 2**16) ** times
    below = np.cumsum(np.fft.irfft(product, 2**16)[: 2**15])
    return np.interp(1 - above, below, grid[:-1] + grid[1] / 2)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 20), st.floats(1.2, 10), st.floats(0.05, 20), st.floats(1.2, 10))
def test_the_error_of_a_sum_is_what_its_docstring_says(calls, spread, second, second_spread):
    model = tail.in_series(1, calls, spread, second_p99_ms=second, second_spread=second_spread)
    legs = [(1.0, spread, calls), (second, second_spread, 1)]
    high, low = (0.005, 0.005) if max(spread, second_spread) <= 3 else (0.075, 0.055)
    exact = convolved(legs, 0.01)
    assert -0.003 * exact <= model.p99_ms - exact <= high * exact
    assert abs(model.median_ms / convolved(legs, 0.5) - 1) <= low


@given(st.floats(0.01, 1000), st.floats(1.01, 50), st.floats(0, 1000))
def test_one_call_is_what_was_given(p99, spread, trip):
    one = tail.in_series(p99, spread=spread, round_trip_ms=trip)
    assert one.p99_ms == pytest.approx(p99 + trip) and one.median_ms == pytest.approx(p99 / spread + trip)
    always = tail.in_series(
        p99, spread=spread, extra_share=1, extra_p99_ms=p99, extra_spread=spread, round_trip_ms=trip
    )
    twice = tail.in_series(p99, calls=2, spread=spread)
    assert always.p99_ms == pytest.approx(twice.p99_ms + trip, rel=1e-6)
    assert always.mean_ms == pytest.approx(twice.mean_ms + trip)


@settings(deadline=None)
@given(st.floats(0.1, 100), st.integers(1, 50), st.floats(1.01, 30), st.floats(0, 0.98), st.floats(0, 1000))
def test_more_never_takes_less(p99, calls, spread, share, extra):
    given = {"p99_ms": p99, "calls": calls, "spread": spread, "extra_share": share, "extra_p99_ms": extra}
    base = tail.in_series(**given, extra_round_trip_ms=5)
    more = [
        tail.in_series(**given | {"calls": calls + 1}, extra_round_trip_ms=5),
        tail.in_series(**given | {"extra_share": share + 0.02}, extra_round_trip_ms=5),
        tail.in_series(**given | {"extra_p99_ms": extra * 1.1}, extra_round_trip_ms=5),
        tail.in_series(**given, extra_round_trip_ms=5, second_p99_ms=p99),
    ]
    for each in more:
        assert each.mean_ms >= base.mean_ms * (1 - 1e-9)
        assert each.p99_ms >= base.p99_ms * (1 - 1e-5) and each.median_ms >= base.median_ms * (1 - 1e-5)
    assert base.median_ms <= base.p99_ms <= base.added_p99_ms * (1 + 0.1 * (spread > 3) + 1e-2)


def test_a_rare_extra_call_takes_the_tail_and_leaves_the_median():
    rare, often, never = (tail.in_series(2, extra_share=share, extra_p99_ms=300) for share in (0.02, 0.6, 0))
    assert rare.median_ms < 1.02 * never.median_ms and rare.p99_ms == pytest.approx(100, rel=0.02)
    assert often.median_ms > 20 * never.median_ms and often.added_p99_ms == 302
    shares = np.array([0.0, 0.02, 0.6])
    together = tail.in_series(np.full(3, 2.0), extra_share=shares, extra_p99_ms=300.0)
    assert np.allclose(together.p99_ms, [never.p99_ms, rare.p99_ms, often.p99_ms], rtol=1e-6)
    assert np.allclose(together.extra_p99_ms, [0, rare.extra_p99_ms, often.extra_p99_ms])
