"""Scaling laws: a scheduler that shares no code, a second way to fit, coverage of the intervals, limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from sysdesign.errors import InvalidInput
from sysdesign.models import scaling_laws
from sysdesign.probability import interval
from tests.models.corners import assert_finite_at_corners, assert_sentences


def scheduled(serial, pieces, nodes):
    """Time of a job: its serial part, then equal pieces handed to whichever node is free first."""
    free = [serial] * nodes
    for _ in range(pieces):
        at = min(range(nodes), key=free.__getitem__)
        free[at] += 1.0
    return max(free)


@pytest.mark.parametrize("nodes", [1, 2, 4, 8, 16])
def test_amdahl_is_what_a_scheduler_gives(nodes):
    serial, pieces = 80.0, 1600  # 1/21 of the work is serial
    faster = scheduled(serial, pieces, 1) / scheduled(serial, pieces, nodes)
    model = scaling_laws.amdahl(pieces / (serial + pieces), nodes).speedup
    assert model == pytest.approx(faster, rel=1e-9)
    assert abs(1.05 * model - faster) > 0.04 * faster


@pytest.mark.parametrize("nodes", [1, 3, 10])
def test_gustafson_is_amdahl_for_the_grown_problem(nodes):
    grown = scaling_laws.gustafson(0.9, nodes).speedup
    share_on_one = 0.9 * nodes / (0.1 + 0.9 * nodes)
    assert scaling_laws.amdahl(share_on_one, nodes).speedup == pytest.approx(grown, rel=1e-12)


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_without_coherency_the_universal_law_is_amdahls(alpha, nodes):
    model = scaling_laws.usl(nodes, alpha, 0)
    assert model.peak_nodes == model.peak_throughput == 0
    if alpha > 1e-6:
        assert model.capacity == pytest.approx(scaling_laws.amdahl(1 - alpha, nodes).speedup, rel=1e-6)


@given(st.floats(0, 0.999), st.floats(1e-9, 1))
def test_throughput_falls_on_both_sides_of_the_peak(alpha, beta):
    peak = scaling_laws.usl(1, alpha, beta).peak_nodes
    top = scaling_laws.usl(peak, alpha, beta).capacity
    assert scaling_laws.usl(1.1 * peak, alpha, beta).capacity < top
    if peak > 1.2:
        assert scaling_laws.usl(peak / 1.1, alpha, beta).capacity < top
    marks = scaling_laws.usl_limits(max(alpha, 1e-12), beta)
    assert marks.peak_nodes == pytest.approx(peak, rel=1e-9)


def nelder_mead(nodes, throughput):
    """Another way to the same least squares: gamma solved away, the other two by the simplex of Nelder and Mead."""

    def error(logs):
        shape = nodes / (1 + math.exp(logs[0]) * (nodes - 1) + math.exp(logs[1]) * nodes * (nodes - 1))
        gamma = (shape @ throughput) / (shape @ shape)
        return float(np.sum((gamma * shape - throughput) ** 2))

    options = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000, "maxfev": 9000}
    found = minimize(error, [math.log(0.01), math.log(1e-4)], method="Nelder-Mead", options=options).x
    return np.exp(found)


def test_the_fit_agrees_with_the_simplex_on_measured_data():
    nodes, rates = np.array(scaling_laws.LOADS, float), np.array(scaling_laws.RATES)
    alpha, beta = nelder_mead(nodes, rates)
    fit = scaling_laws.usl_fit(scaling_laws.LOADS, scaling_laws.RATES)
    assert fit.alpha == pytest.approx(alpha, rel=1e-5)
    assert fit.beta == pytest.approx(beta, rel=1e-5)
    assert abs(1.05 * fit.alpha - alpha) > 0.04 * alpha


@settings(deadline=None, max_examples=60)
@given(st.floats(0.001, 0.5), st.floats(1e-5, 0.05), st.floats(0.01, 1e6))
def test_the_fit_finds_what_made_the_data(alpha, beta, gamma):
    nodes = (1, 2, 4, 8, 16, 32, 64)
    made = tuple(scaling_laws.usl(n, alpha, beta, gamma).throughput for n in nodes)
    fit = scaling_laws.usl_fit(nodes, made)
    assert fit.alpha == pytest.approx(alpha, rel=1e-4, abs=1e-6)
    assert fit.beta == pytest.approx(beta, rel=1e-4, abs=1e-8)
    assert fit.gamma == pytest.approx(gamma, rel=1e-4)


def test_the_intervals_cover_as_often_as_they_say():
    generator = np.random.default_rng(12)
    nodes = (1, 2, 4, 8, 12, 16, 24, 32)
    clean = np.array([scaling_laws.usl(n, 0.05, 0.002, 100).throughput for n in nodes])
    true_peak = scaling_laws.usl(1, 0.05, 0.002).peak_nodes
    held = {"alpha": [], "beta": [], "gamma": [], "peak": [], "curve": []}
    for _ in range(300):
        fit = scaling_laws.usl_fit(nodes, tuple(clean + generator.normal(0, 12, clean.size)))
        held["alpha"].append(fit.alpha_low <= 0.05 <= fit.alpha_high)
        held["beta"].append(fit.beta_low <= 0.002 <= fit.beta_high)
        held["gamma"].append(fit.gamma_low <= 100 <= fit.gamma_high)
        held["peak"].append(fit.peak_nodes_low <= true_peak <= fit.peak_nodes_high)
        truth = scaling_laws.usl(fit.curve_nodes[30], 0.05, 0.002, 100).throughput
        held["curve"].append(fit.curve_low[30] <= truth <= fit.curve_high[30])
    for name, hits in held.items():
        cover = interval.interval_of(np.array(hits, dtype=float))
        assert 0.90 <= cover.mean <= 0.99, f"{name}: {cover.mean}"


def test_perfect_scaling_has_no_peak_and_any_order_gives_the_same():
    straight = scaling_laws.usl_fit((1, 2, 4, 8), (10, 20, 40, 80))
    assert straight.peak_nodes == 0 and straight.alpha == pytest.approx(0, abs=1e-5)
    there = scaling_laws.usl_fit(scaling_laws.LOADS, scaling_laws.RATES)
    back = scaling_laws.usl_fit(scaling_laws.LOADS[::-1], scaling_laws.RATES[::-1])
    assert back.alpha == pytest.approx(there.alpha, rel=1e-7) and back.beta == pytest.approx(there.beta, rel=1e-7)


def test_too_little_data_is_refused():
    for nodes, rates in (((1, 2, 3), (1, 2, 3)), ((1, 1, 2, 2), (1, 1, 2, 2)), ((1, 2, 3, 4), (1, 2, 3))):
        with pytest.raises(InvalidInput, match="four measurements"):
            scaling_laws.usl_fit(nodes, rates)


def test_arrays_give_what_single_numbers_give():
    nodes = np.array([1.0, 10, 100])
    many = scaling_laws.usl(nodes, 0.03, 0.0005, 7)
    assert np.allclose(many.throughput, [scaling_laws.usl(n, 0.03, 0.0005, 7).throughput for n in nodes])
    assert np.allclose(scaling_laws.amdahl(np.array([0.5, 0.9]), 4).speedup, [1.6, scaling_laws.amdahl(0.9, 4).speedup])


@pytest.mark.parametrize("model", [m.function for m in scaling_laws.MODELS], ids=lambda f: f.__name__)
def test_ends_of_the_ranges(model):
    assert_finite_at_corners(model, most=300)


def test_sentences():
    assert_sentences(scaling_laws.MODELS)


def test_a_fit_declares_work_by_its_measurements() -> None:
    """Measured: 0.7 to 5.7 s for 200,000, by how they lie."""
    from sysdesign.models.registry import model

    work = model("scaling_laws.usl_fit").work
    assert work is not None
    assert work({"nodes": (1.0,) * 7}) < 0.05 and 2.9 < work({"nodes": (1.0,) * 200_000}) < 15
