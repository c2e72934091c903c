"""Distributions: formulas against SciPy's, draws against their own cdf, texts both ways."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Parameter, check_value
from sysdesign.probability.distribution import Distribution

LNKD = "0.9122*pareto(minimum=0.235, shape=10) + 0.0878*exponential(rate=1.66)"
PEERS = {
    "exponential(mean=4)": stats.expon(scale=4),
    "exponential(rate=0.183)": stats.expon(scale=1 / 0.183),
    "pareto(minimum=0.235, shape=10)": stats.pareto(10, scale=0.235),
    "pareto(minimum=1.05, shape=1.51)": stats.pareto(1.51, scale=1.05),
    "lognormal(mu=0.5, sigma=1.2)": stats.lognorm(1.2, scale=math.exp(0.5)),
    "lognormal(median=2, sigma=0.7)": stats.lognorm(0.7, scale=2),
    "normal(mean=10, sd=2)": stats.norm(10, 2),
    "uniform(low=-1, high=3)": stats.uniform(-1, 4),
    "weibull(scale=2, shape=0.7)": stats.weibull_min(0.7, scale=2),
    "gamma(shape=2.5, scale=3)": stats.gamma(2.5, scale=3),
    "gamma(mean=6, shape=3)": stats.gamma(3, scale=2),
    "erlang(stages=3, rate=0.5)": stats.gamma(3, scale=2),
    "2 + 3*exponential(mean=1)": stats.expon(2, 3),
    "abs(normal(1, 2))": stats.foldnorm(0.5, scale=2),
    "5 + abs(normal(-1, 2))/2": stats.foldnorm(0.5, 5, scale=1),
}


@pytest.mark.parametrize("text", PEERS)
def test_formulas_agree_with_scipy(text):
    ours, peer = Distribution.of(text), PEERS[text]
    q = np.array([0.001, 0.1, 0.5, 0.9, 0.999])
    x = peer.ppf(q)
    assert np.allclose(ours.quantile(q), x, rtol=1e-9)
    assert np.allclose(ours.cdf(x), q, rtol=1e-9)
    mean, variance = peer.stats("mv")
    assert ours.mean == pytest.approx(float(mean), rel=1e-9)
    assert ours.variance == pytest.approx(float(variance), rel=1e-7)
    assert ours.cdf(ours.quantile(0.0) - 1e-9 if math.isfinite(ours.least) else -1e40) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("text", [*PEERS, LNKD, "0.3*constant(2) + 0.7*uniform(0, 4)"])
def test_draws_follow_the_cdf(text):
    ours = Distribution.of(text)
    drawn = np.sort(ours.sample(np.random.default_rng(4), 40_000))
    worst = np.abs(ours.cdf(drawn) - np.arange(1, drawn.size + 1) / drawn.size)
    wrong = np.abs(ours.cdf(drawn * 1.05) - np.arange(1, drawn.size + 1) / drawn.size)
    if "constant" in text:  # ties: compare at the jump's top alone
        keep = np.append(np.diff(drawn) > 0, True)
        worst, wrong = worst[keep], wrong[keep]
    limit = 1.95 / math.sqrt(drawn.size)  # Kolmogorov, chance of a false alarm 0.001
    assert worst.max() < limit
    assert wrong.max() > limit


def test_a_mixture_draws_and_inverts_as_its_parts_say():
    mix = Distribution.of(LNKD)
    x = np.array([0.2, 0.24, 0.3, 1.0, 4.0])
    by_hand = 0.9122 * stats.pareto(10, scale=0.235).cdf(x) + 0.0878 * stats.expon(scale=1 / 1.66).cdf(x)
    assert np.allclose(mix.cdf(x), by_hand, rtol=1e-12)
    assert np.allclose(mix.cdf(mix.quantile([0.01, 0.5, 0.999])), [0.01, 0.5, 0.999], rtol=1e-9)
    assert mix.mean == pytest.approx(0.9122 * 0.235 * 10 / 9 + 0.0878 / 1.66)


def test_lognormal_by_median_and_p99_has_them():
    made = Distribution.of("lognormal(median=2, p99=10)")
    assert made.quantile([0.5, 0.99]) == pytest.approx([2, 10])


def test_moments_that_do_not_exist_are_infinite():
    assert Distribution.of("pareto(minimum=1, shape=1)").mean == math.inf
    assert Distribution.of("pareto(minimum=1, shape=1.5)").variance == math.inf
    assert Distribution.of("abs(-2 + pareto(minimum=1, shape=1.5))").variance == math.inf


def test_measurements_are_drawn_as_they_are():
    ours = Distribution.from_samples([3, 1, 2, 2])
    assert ours.cdf([0.9, 1, 2, 3]) == pytest.approx([0, 0.25, 0.75, 1])
    assert list(ours.quantile([0, 0.25, 0.26, 0.75, 0.76, 1])) == [1, 1, 2, 2, 3, 3]
    assert (ours.mean, ours.variance) == (2, 0.5)
    assert set(ours.sample(np.random.default_rng(1), 200)) == {1, 2, 3}
    assert Distribution.of([3, 1, 2, 2]) == ours == Distribution.of(np.array([1, 2, 2, 3]))
    assert hash(Distribution.of([1, 2])) == hash(Distribution.of([2, 1]))


def test_numbers_and_distributions_are_taken_as_they_are():
    assert Distribution.of(4) == Distribution.of("4") == Distribution.constant(4.0)
    assert Distribution.of(Distribution.of(4)) == Distribution.of(4)
    assert Distribution.of(4).sample(np.random.default_rng(1), (2, 3)).tolist() == [[4.0] * 3] * 2


@pytest.mark.parametrize(
    ("text", "unit", "same"),
    [
        ("4 ms", "s", "0.004"),
        ("4 ms", "ms", "4"),
        ("1 min", "s", "60"),
        ("exponential(mean=4 ms)", "us", "exponential(mean=4000)"),
        ("exponential(rate=250/s)", "ms", "exponential(mean=4)"),
        ("2 ms + 3*uniform(0, 1 s)", "ms", "2 + 3*uniform(low=0, high=1000)"),
        ("0.5*constant(1 s) + 0.5*(1 ms + uniform(0, 2))", "ms", "0.5*constant(1000) + 0.5*(1 + uniform(0, 2))"),
        ("4 B", "B", "4"),
        ("samples(1 ms, 2)/2", "ms", "samples(0.5, 1)"),
        ("normal(-3, 1) - 2", "", "-2 + normal(mean=-3, sd=1)"),
    ],
)
def test_texts_with_units_and_arithmetic(text, unit, same):
    assert Distribution.of(text, unit) == Distribution.of(same)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("", "", r"position 1: found 'the end', expected a number or one of constant"),
        ("exponentail(mean=4)", "", r"position 1: there is no distribution 'exponentail'; there is constant"),
        ("exponential(mean=4", "", r"position 19: the text ends inside parentheses"),
        ("exponential(4 5)", "", r"position 15: unknown|position 15: "),
        ("exponential(mean=0)", "", r"mean is a positive number"),
        ("exponential(median=0)", "", r"write exponential\(mean=\) or exponential\(rate=\)"),
        ("pareto(1, 0.01)", "", r"shape is from 0.1 to 1e\+06"),
        ("4 ms", "B", r"position 3: unit 'ms'; what works here is B"),
        ("4 ms", "", r"unit 'ms'; what works here is none, a plain number"),
        ("lognormal(mu=1 ms, sigma=1)", "ms", r"position 16: this number takes no unit"),
        ("pareto(1, 3) + pareto(1, 3)", "", r"position 1: the weights 1, 1 sum to 2"),
        ("uniform(0,1)*uniform(0,1)", "", r"position 14: two distributions are multiplied"),
        ("uniform(0, 1)/0", "", r"position 15: divide by a number other than 0"),
        ("0 * uniform(0, 1)", "", r"the factor is a positive number"),
        ("__import__('os').getcwd()", "", r"position 12: \"'\" does not belong"),
        ("(" * 50, "", r"position 21: parentheses deeper than 20"),
        ("1e400", "", r"position 1: 1e400 is too large"),
        ("1e40*1e40*uniform(0, 1)", "", r"a distribution holds 1e\+80"),
        ("4 5", "", r"position 3: found '5' after a whole distribution"),
    ],
)
def test_a_bad_text_is_refused_with_its_position(text, unit, message):
    with pytest.raises(InvalidInput, match=message):
        Distribution.of(text, unit)


@pytest.mark.parametrize("value", [None, True, math.nan, math.inf, [], [1, math.nan], ["a"], {"mean": 4}])
def test_what_is_not_a_distribution_is_refused(value):
    with pytest.raises(InvalidInput):
        Distribution.of(value)


SIZES = st.floats(0.01, 1000).map(lambda size: round(size, 4))
SINGLE = st.one_of(
    st.builds("exponential(mean={})".format, SIZES),
    st.builds("pareto(minimum={}, shape=3)".format, SIZES),
    st.builds("abs(normal({}, {}))".format, SIZES, SIZES),
    st.builds("{} + {}*gamma(2, {})".format, SIZES, SIZES, SIZES),
    st.builds("samples({}, {})".format, SIZES, SIZES),
    SIZES.map(str),
)
ANY = st.one_of(SINGLE, st.builds("0.3*({}) + 0.7*({})".format, SINGLE, st.builds("1 + 1*abs({})".format, SINGLE)))


def outcome(text):
    try:
        return Distribution.of(text)
    except InvalidInput:
        return None


@settings(max_examples=150, deadline=None)
@given(ANY, SIZES, st.floats(-100, 100))
def test_scaling_shifting_and_text_keep_the_law(text, factor, by):
    law = outcome(text)
    if law is None:  # weights on bare numbers are arithmetic, not a mixture
        return
    assert Distribution.of(law.text) == law
    moved = law.scale(factor).shift(by)
    q = np.array([0.1, 0.5, 0.99])
    assert np.allclose(moved.quantile(q), by + factor * law.quantile(q), rtol=1e-6, atol=1e-9)
    assert moved.mean == pytest.approx(by + factor * law.mean, rel=1e-9, abs=1e-9)
    assert moved.variance == pytest.approx(factor**2 * law.variance, rel=1e-6, abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.+-*/(),= absmexponentialuniformsé'[]{}_\n", max_size=40))
def test_any_text_is_a_distribution_or_a_clear_refusal(text):
    outcome(text)


def test_an_input_bounds_its_distribution():
    latency = Parameter("read_ms", "distribution", Input("Read", "ms", low=0, high=1e4))
    check_value(latency, "lognormal(median=2 s, p99=8 s)")
    with pytest.raises(InvalidInput, match=r"read_ms .*below 0.*abs"):
        check_value(latency, "normal(10, 2)")
    with pytest.raises(InvalidInput, match=r"read_ms has a median of 20000; .* from 0 to 10,000 ms"):
        check_value(latency, "20 s")
    with pytest.raises(InvalidInput, match="read_ms: distribution '4 kg'"):
        check_value(latency, "4 kg")
