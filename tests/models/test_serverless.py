"""Serverless: Little and Poisson laws, Erlang's loss as the limit of the simulation, prices by search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from sysdesign.errors import InvalidInput
from sysdesign.models import serverless as model
from sysdesign.models.serverless.kernels import cold_starts_in
from sysdesign.probability.distribution import Distribution
from tests.models.corners import assert_finite_at_corners, assert_sentences


@given(st.floats(0.001, 1e5), st.floats(1e-6, 0.4))
def test_peak_is_the_poisson_quantile(mean, seldom):
    found = model.concurrency(mean, 1.0, seldom=seldom)
    assert found.peak == stats.poisson(mean).ppf(1 - seldom)
    assert found.concurrency == pytest.approx(mean)


def test_peak_agrees_with_drawn_requests_of_any_length():
    generator = np.random.default_rng(2)
    for law in ("exponential(mean=0.5)", "constant(0.5)", "0.9*constant(0.1) + 0.1*constant(4.1)"):
        starts = np.sort(generator.uniform(0, 4000, 40_000))
        ends = starts + Distribution.of(law, "s").sample(generator, starts.size)
        probes = generator.uniform(100, 3900, 20_000)
        flying = np.searchsorted(starts, probes) - np.searchsorted(np.sort(ends), probes)
        assert flying.mean() == pytest.approx(model.concurrency(10, law).concurrency, rel=0.03)
        above = (flying > model.concurrency(10, law, seldom=0.05).peak).mean()
        assert 0.01 < above < 0.05


@pytest.mark.parametrize(
    "law", ["exponential(mean=600)", "lognormal(median=300, p99=9000)", "pareto(minimum=60, shape=1.5)"]
)
def test_cold_share_and_idle_time_agree_with_drawn_gaps(law):
    gaps = Distribution.of(law, "s").sample(np.random.default_rng(4), 400_000)
    found = model.cold_starts(law, 900)
    cold = (gaps > 900).mean()
    error = np.sqrt(cold / gaps.size)
    assert abs(found.cold - cold) < 3 * error < abs(1.05 * found.cold - cold)
    assert found.idle_s == pytest.approx(np.minimum(gaps, 900).mean(), rel=0.005)
    again = model.cold_starts(law, found.keep_alive_wanted_s)
    assert again.cold == pytest.approx(0.05, rel=1e-6)


def test_own_gaps_as_samples():
    found = model.cold_starts(np.array([10.0, 20, 700, 1000]), 600)
    assert found.cold == 0.5
    area = integrate.quad(lambda t: 1 - found_cdf(t), 0, 600, points=[10, 20], limit=200)[0]
    assert found.idle_s == pytest.approx(area, rel=0.01)


def found_cdf(t):
    return np.mean(np.array([10.0, 20, 700, 1000]) <= t)


@given(st.floats(0, 1e5), st.floats(1, 1e5))
def test_a_longer_keep_alive_never_starts_colder(keep, mean):
    short = model.cold_starts(f"exponential(mean={mean})", keep)
    long = model.cold_starts(f"exponential(mean={mean})", keep * 2 + 1)
    assert long.cold <= short.cold and long.idle_s >= short.idle_s - 1e-9
    assert short.cold == pytest.approx(np.exp(-keep / mean), abs=1e-12)
    assert short.idle_s == pytest.approx(mean * -np.expm1(-keep / mean), rel=1e-3, abs=1e-9)


def test_simulation_without_overlap_is_the_closed_form():
    exact = model.cold_starts("exponential(mean=600)", 600).cold
    drawn = model.cold_starts_drawn("exponential(mean=600)", 0.01, 600, start_s=0, relative_width=0.004, most_runs=300)
    half = (drawn.cold_high - drawn.cold_low) / 2
    assert abs(exact - drawn.cold) < 1.5 * half < abs(1.05 * exact - drawn.cold)
    assert drawn.idle == pytest.approx(model.cold_starts("exponential(mean=600)", 600).idle_s / 600, rel=0.02)


@pytest.mark.parametrize("law", ["exponential(mean=1)", "constant(1)", "lognormal(median=0.5, p99=6)"])
def test_simulation_spills_as_erlang_says_for_any_length(law):
    gap = Distribution.of(law, "s").mean / 8
    exact = model.provisioned_concurrency(1 / gap, law, 10).spilled
    drawn = model.cold_starts_drawn(
        f"exponential(mean={gap})",
        law,
        0,
        start_s=0,
        provisioned=10,
        requests=50_000,
        relative_width=0.004,
        most_runs=60,
    )
    assert drawn.spilled == pytest.approx(drawn.cold)  # nothing is kept alive, so each spilled request starts cold
    half = (drawn.cold_high - drawn.cold_low) / 2
    assert abs(exact - drawn.cold) < 1.5 * half < abs(1.05 * exact - drawn.cold)


def test_more_ready_instances_mean_fewer_cold_starts():
    args = ("exponential(mean=0.1)", "exponential(mean=0.5)", 5)
    shares = [model.cold_starts_drawn(*args, provisioned=p).cold for p in (0, 4, 8, 16)]
    assert shares == sorted(shares, reverse=True)
    assert model.cold_starts_drawn(*args).busy == pytest.approx(5, rel=0.1)


def cheapest_from(found, hourly, q, fewest, price):
    """The rate from which servers are cheaper for good, by a fine search."""
    rates = np.linspace(q / 500, 60 * q, 300_000)
    servers = np.maximum(np.ceil(rates / q - 1e-12), fewest) * price
    dearer = np.flatnonzero(servers >= rates * hourly)
    return rates[dearer[-1]]


@given(st.floats(0.05, 0.9), st.integers(1, 5), st.floats(1, 100))
@settings(max_examples=40, deadline=None)
def test_break_even_by_search(load, fewest, q):
    price_gb_s = 1 / (load * q * 3600)  # so that a full server costs `load` of the functions
    found = model.break_even(1, 1.0, 1.0, q, price_gb_s, 0, 1.0, fewest)
    assert found.break_even_load == pytest.approx(load)
    assert found.always_above_per_s == pytest.approx(cheapest_from(found, 1 / (load * q), q, fewest, 1.0), rel=0.01)
    even = model.break_even(found.break_even_per_s, 1.0, 1.0, q, price_gb_s, 0, 1.0, fewest)
    assert even.function_per_h == pytest.approx(even.server_per_h, rel=1e-9)


def test_functions_cheaper_at_every_rate():
    found = model.break_even(5, 0.001, 0.128, 50, price_request=0)
    assert found.break_even_load > 1
    assert "every rate" in model.MODELS[1].sentence({}, found)
    rates = np.geomspace(0.1, 1e5, 50)
    costs = model.break_even(rates, 0.001, 0.128, 50, price_request=0)
    assert (costs.function_per_h < costs.server_per_h).all()


def test_ready_instances_save_from_their_break_even():
    full = model.provisioned_concurrency(1000, 0.5, 300)  # nearly always busy
    idle = model.provisioned_concurrency(10, 0.5, 50)
    assert full.utilization > full.break_even_utilization and full.cost_per_h < full.on_demand_per_h
    assert idle.utilization < idle.break_even_utilization and idle.cost_per_h > idle.on_demand_per_h


def test_the_same_without_compiling():
    generator = np.random.default_rng(1)
    gaps, lengths = generator.exponential(1, 2000), generator.exponential(2, 2000)
    compiled = cold_starts_in(gaps, lengths, 3.0, 1.0, 1, 200)
    assert compiled == pytest.approx(cold_starts_in.py_func(gaps, lengths, 3.0, 1.0, 1, 200), rel=1e-12)
    assert 0 < compiled[0] < compiled[3] < 1


def test_bad_input_is_refused_in_words():
    with pytest.raises(InvalidInput, match="could never save"):
        model.provisioned_concurrency(1, 0.5, 1, price_gb_s=1, price_used_gb_s=2)
    with pytest.raises(InvalidInput, match="finite mean"):
        model.concurrency(1, 0.0)


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 20 if "drawn" in each.name else 1500)


def test_sentences():
    assert_sentences(model.MODELS)
