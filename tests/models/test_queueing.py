"""Queues: closed forms, each other's limits, a plain simulation that shares no code, and own samples."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models.queueing import kernels as queueing_kernels
from sysdesign.models.queueing import simulation as queue_simulation
from sysdesign.models.queueing import sizing, waiting_law
from sysdesign.models.queueing import steady_state as queueing
from sysdesign.probability import interval
from tests.models.corners import assert_finite_at_corners, assert_sentences

FIELDS = ("wait_p50_s", "wait_p95_s", "wait_p99_s", "time_p50_s", "time_p95_s", "time_p99_s")


def plain_queue(arrivals, draw_service, servers, customers, seed):
    """Waits and times by a list of free times, searched anew for each customer."""
    generator = np.random.default_rng(seed)
    at = np.cumsum(generator.exponential(1 / arrivals, customers))
    services = draw_service(generator, customers)
    free = [0.0] * servers
    waits = np.empty(customers)
    for i in range(customers):
        server = min(range(servers), key=free.__getitem__)
        start = max(at[i], free[server])
        waits[i] = start - at[i]
        free[server] = start + services[i]
    kept = slice(customers // 10, None)
    return waits[kept], waits[kept] + services[kept]


def batch_interval(values, batches=30):
    return interval.interval_of(values[: values.size // batches * batches].reshape(batches, -1).mean(axis=1))


def assert_has_power(estimate, claimed):
    """The claim lies in the interval; one 5 % off would not."""
    assert estimate.low <= claimed <= estimate.high
    assert not estimate.low <= 1.05 * claimed <= estimate.high
    assert not estimate.low <= 0.95 * claimed <= estimate.high


CASES = {
    "mm1": (lambda: queueing.mm1(0.5, 1), 0.5, lambda g, n: g.exponential(1, n), 1),
    "mmc": (lambda: queueing.mmc(2.1, 1, 3), 2.1, lambda g, n: g.exponential(1, n), 3),
    "md1": (lambda: queueing.md1(0.6, 1), 0.6, lambda g, n: np.ones(n), 1),
    "mg1": (lambda: queueing.mg1(0.5, "gamma(mean=1, shape=2)"), 0.5, lambda g, n: g.gamma(2, 0.5, n), 1),
}


@pytest.mark.parametrize("name", CASES)
def test_a_plain_simulation_gives_the_mean_wait_and_a_five_percent_error_would_show(name):
    model, arrivals, draw, servers = CASES[name]
    waits, times = plain_queue(arrivals, draw, servers, 500_000, 11)
    state = model()
    assert_has_power(batch_interval(waits), state.mean_wait_s)
    for field, share in (("time_p50_s", 0.5), ("time_p95_s", 0.95), ("time_p99_s", 0.99)):
        # the share of simulated times within the claimed percentile
        inside = batch_interval((times <= getattr(state, field)).astype(float))
        assert inside.low - 1e-9 <= share <= inside.high + 1e-9, field
    wrong = batch_interval((times <= 1.05 * state.time_p95_s).astype(float))
    assert not wrong.low <= 0.95 <= wrong.high


def test_one_server_of_many_is_one_server():
    for load in (1e-6, 0.3, 0.9, 0.999999):
        one, many = queueing.mm1(load, 1), queueing.mmc(load, 1, 1)
        for field in ("mean_wait_s", *FIELDS):
            assert getattr(many, field) == pytest.approx(getattr(one, field), rel=1e-9), field


@pytest.mark.parametrize("load", [0.05, 0.5, 0.9, 0.98])
def test_general_service_has_the_exponential_and_the_constant_as_limits(load):
    for exact, general in (
        (queueing.mm1(load, 1), queueing.mg1(load, "exponential(mean=1)")),
        (queueing.md1(load, 1), queueing.mg1(load, "constant(1)")),
    ):
        assert general.mean_wait_s == pytest.approx(exact.mean_wait_s, rel=1e-12)
        for field in FIELDS:
            assert getattr(general, field) == pytest.approx(getattr(exact, field), rel=1e-3, abs=2e-3), field


def test_constant_service_past_64_services_goes_over_into_its_exponential_tail():
    below, above = (waiting_law._md1_quantile(0.95, q, _lengths(0.95)) for q in (0.998, 0.999))
    assert below < 64 < above
    rate = waiting_law._md1_tail_rate(0.95)
    assert (above - below) * rate == pytest.approx(math.log(0.002 / 0.001), rel=1e-6)


def _lengths(load):
    return np.cumsum(queueing_kernels.md1_states(load, waiting_law.EXACT_SERVICES + 2))[1:]


def test_constant_service_lengths_solve_the_balance_of_departures():
    states = queueing_kernels.md1_states(0.7, 60)
    arrivals = stats.poisson(0.7)
    for n in range(8):
        into = states[0] * arrivals.pmf(n) + sum(states[i] * arrivals.pmf(n - i + 1) for i in range(1, n + 2))
        assert into == pytest.approx(states[n], rel=1e-10)
    assert states.sum() == pytest.approx(1, abs=1e-9)
    assert np.allclose(queueing_kernels.md1_states(0.7, 3), states[:3], rtol=1e-13)


@given(st.floats(0.01, 0.99), st.integers(1, 200))
def test_littles_law_holds_and_one_more_server_never_lengthens_the_wait(load, servers):
    state = queueing.mmc(load * servers, 1, servers)
    assert state.mean_in_system == pytest.approx(
        queueing.littles_law(load * servers, state.mean_time_s).concurrency, rel=1e-9
    )
    assert queueing.mmc(load * servers, 1, servers + 1).mean_wait_s <= state.mean_wait_s
    # sharing one line never waits longer than a line each
    assert state.mean_wait_s <= queueing.mm1(load, 1).mean_wait_s * (1 + 1e-12)


@given(st.floats(0.01, 0.99), st.floats(0, 5), st.floats(0, 5))
def test_bounds_of_general_queues_stand_in_order(load, gaps, services):
    wait = queueing.kingman(load, 1, gaps, services)
    assert wait.mean_wait_s <= wait.mean_wait_daley_s * (1 + 1e-12)
    assert wait.mean_wait_daley_s <= wait.mean_wait_bound_s * (1 + 1e-12)
    many = queueing.vut(load, 1, 1, gaps, services)
    assert many.mean_wait_s == pytest.approx(wait.mean_wait_s, rel=1e-9, abs=1e-15)
    assert many.mean_wait_sakasegawa_s == pytest.approx(wait.mean_wait_s, rel=1e-9, abs=1e-15)


def test_the_approximation_is_exact_where_arrivals_are_random_or_servers_exponential():
    assert queueing.kingman(0.8, 1, 1, 0).mean_wait_s == pytest.approx(queueing.md1(0.8, 1).mean_wait_s)
    assert queueing.vut(80, 0.1, 10, 1, 1).mean_wait_s == pytest.approx(queueing.mmc(80, 10, 10).mean_wait_s)


def test_simulated_bursts_lie_under_kingmans_bound_and_near_the_approximation():
    simulated = queue_simulation.ggc(
        "gamma(mean=1.25, shape=0.25)", "exponential(mean=1)", relative_width=0.03, most_customers=4_000_000
    )
    formula = queueing.kingman(0.8, 1, arrival_cv=2, service_cv=1)
    assert simulated.mean_wait_high_s < formula.mean_wait_bound_s
    assert simulated.mean_wait_s == pytest.approx(formula.mean_wait_s, rel=0.15)


def test_arrays_give_what_single_numbers_give():
    loads = np.array([0.1, 0.5, 0.95])
    for many, single in (
        (queueing.mm1(loads, 1), lambda x: queueing.mm1(x, 1)),
        (queueing.mmc(loads * 4, 1, 4), lambda x: queueing.mmc(x * 4, 1, 4)),
        (queueing.md1(loads, 1), lambda x: queueing.md1(x, 1)),
        (queueing.mg1(loads, "uniform(low=0, high=2)"), lambda x: queueing.mg1(x, "uniform(low=0, high=2)")),
    ):
        for field in ("mean_wait_s", *FIELDS):
            expected = [getattr(single(float(x)), field) for x in loads]
            assert np.allclose(getattr(many, field), expected, rtol=1e-12), field


@given(st.integers(1, 60), st.floats(0.01, 100))
def test_erlang_b_is_the_truncated_poisson_law(servers, load):
    direct = stats.poisson.pmf(servers, load) / stats.poisson.cdf(servers, load)
    assert sizing.erlang_b(load, servers).blocked == pytest.approx(direct, rel=1e-9)


@given(st.integers(1, 300), st.floats(1e-6, 0.5))
def test_sizes_are_least_and_capacities_most(servers, blocked):
    load = sizing.load_for_blocking(servers, blocked).offered_load
    assert sizing.erlang_b(load, servers).blocked <= blocked
    assert sizing.erlang_b(load * 1.0001 + 1e-9, servers).blocked > blocked
    size = sizing.servers_for_blocking(load, blocked).servers
    assert size == servers


@settings(deadline=None)
@given(st.floats(0.01, 5000), st.floats(0, 3), st.floats(0, 0.9999))
def test_servers_for_a_wait_are_the_fewest(arrivals, target, share):
    size = sizing.servers_for_wait(arrivals, 1, target, share)
    assert size.within_target >= share
    if size.servers - 1 > arrivals:
        fewer = sizing.erlang_c(arrivals, size.servers - 1)
        assert 1 - fewer.wait_probability * math.exp(-(size.servers - 1 - arrivals) * target) < share


def test_the_autoscaler_keeps_still_within_its_tolerance_and_its_limits():
    assert sizing.desired_replicas(50, 0.82, 0.75).desired_replicas == 50
    assert sizing.desired_replicas(50, 0.83, 0.75).desired_replicas == 56
    assert sizing.desired_replicas(50, 0, 0.75, least=2).desired_replicas == 2
    assert sizing.desired_replicas(50, 0.82, 0.75, tolerance=0).desired_replicas == 55
    with pytest.raises(InvalidInput, match="least is 9"):
        sizing.desired_replicas(50, 1, 1, least=9, most=3)


def test_a_long_record_is_drawn_by_the_longest_wait_of_each_stretch():
    generator = np.random.default_rng(4)
    found = queue_simulation.lindley(generator.exponential(1.0, 3000), generator.exponential(0.8, 3000))
    assert found.request.size == found.stretch_wait_s.size == 400
    starts = [*(int(each) - 1 for each in found.request), 3000]
    for at, wait in enumerate(found.stretch_wait_s):
        assert wait == found.waits_s[starts[at] : starts[at + 1]].max()


def test_lindley_on_own_samples_keeps_their_order():
    waits = queue_simulation.lindley([1, 1, 1], [2, 0.5, 0.1]).waits_s
    assert waits.tolist() == [0, 1, 0.5]
    gaps = np.tile([0.01] * 90 + [9.91] * 10, 20)
    bursts = queue_simulation.lindley(gaps, np.full(2000, 0.5))
    mixed = queue_simulation.lindley(np.random.default_rng(1).permutation(gaps), np.full(2000, 0.5))
    assert bursts.mean_wait_s > 1.3 * mixed.mean_wait_s
    with pytest.raises(InvalidInput, match="one fewer"):
        queue_simulation.lindley([1, 1], [1, 1, 1, 1])


def test_events_and_recursion_and_free_times_give_the_same_waits():
    generator = np.random.default_rng(3)
    gaps, services = generator.exponential(1, 5000), generator.exponential(2.7, 5000)
    three = queueing_kernels.waits_at_servers(gaps, services, np.zeros(3))
    assert queueing_kernels.run_events(gaps, services, 3)[1] == pytest.approx(three.mean(), rel=1e-12)
    one = queueing_kernels.lindley(gaps, services * 0.3, 0.0)
    alone = queueing_kernels.waits_at_servers(gaps, services * 0.3, np.zeros(1))
    assert np.allclose(one, alone)
    assert queueing_kernels.run_events(gaps, services * 0.3, 1)[1] == pytest.approx(one.mean(), rel=1e-9)


def test_the_simulation_covers_the_truth_and_repeats_itself():
    truth = queueing.mmc(2.4, 1, 3).mean_wait_s
    runs = [
        queue_simulation.ggc("exponential(rate=2.4)", "exponential(mean=1)", 3, 0.05, 320_000, seed)
        for seed in range(12)
    ]
    assert sum(run.mean_wait_low_s <= truth <= run.mean_wait_high_s for run in runs) >= 9
    assert not all(run.mean_wait_low_s <= 1.2 * truth <= run.mean_wait_high_s for run in runs)
    again = queue_simulation.ggc("exponential(rate=2.4)", "exponential(mean=1)", 3, 0.05, 320_000, 0)
    assert again == runs[0]


def test_the_kernels_answer_alike_without_the_compiler():
    code = (
        "import json, numpy as np; from sysdesign.models.queueing import kernels as k;"
        "g=np.random.default_rng(5); a=g.exponential(1,300); s=g.exponential(1.6,300);"
        "print(json.dumps([*k.lindley(a,s*.5,0.), *k.waits_at_servers(a,s,np.zeros(2)), *k.run_events(a,s,2),"
        "k.erlang_b_one(5.,10), *k.md1_states(.8,6)]))"
    )
    compiled, plain = (
        json.loads(
            subprocess.run(
                [sys.executable, "-c", code],
                env=os.environ | {"NUMBA_DISABLE_JIT": off},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        )
        for off in ("0", "1")
    )
    assert len(plain) > 600
    assert np.allclose(compiled, plain, rtol=1e-12, atol=1e-12)


def test_overload_is_refused_in_words():
    for call in (
        lambda: queueing.mm1(1, 1),
        lambda: queueing.mmc(10, 1, 9),
        lambda: queueing.md1(np.array([0.5, 2]), 1),
        lambda: queueing.mg1(2, "exponential(mean=1)"),
        lambda: queueing.kingman(1, 1, 1, 1),
        lambda: sizing.erlang_c(10, 10),
        lambda: queue_simulation.ggc("constant(1)", "constant(1)"),
    ):
        with pytest.raises(Unstable, match="without end"):
            call()
    with pytest.raises(InvalidInput, match="finite variance"):
        queueing.mg1(0.1, "pareto(minimum=1, shape=1.5)")


@pytest.mark.parametrize(
    "model",
    [m.function for m in (*queueing.MODELS, *sizing.MODELS, *queue_simulation.MODELS)],
    ids=lambda f: f.__name__,
)
def test_ends_of_the_ranges(model):
    assert_finite_at_corners(model, most=250)


def test_sentences():
    assert_sentences((*queueing.MODELS, *sizing.MODELS, *queue_simulation.MODELS))


def test_a_record_of_three_requests_by_hand():
    """Two servers; at 0, 1 and 2 s, taking 5, 4 and 3 s: the third waits until 5 s and ends at 8."""
    found = queue_simulation.lindley((1.0, 1.0), (5.0, 4.0, 3.0), 2)
    assert found.waits_s.tolist() == [0, 0, 3]
    assert (found.mean_wait_s, found.longest_wait_s, found.mean_time_s) == (1, 3, 5)
    assert (found.wait_p99_s, found.time_p99_s) == pytest.approx((2.94, 5.98))
    assert found.utilization == pytest.approx(12 / (8 * 2)) and found.waited == pytest.approx(1 / 3)


def test_percentiles_of_the_simulation_are_those_of_the_closed_form():
    found = queue_simulation.ggc("exponential(rate=0.5)", "exponential(rate=1)", 1, relative_width=0.01)
    truth = queueing.mm1(0.5, 1)
    assert found.time_p50_s == pytest.approx(truth.time_p50_s, rel=0.03)
    assert found.time_p95_s == pytest.approx(truth.time_p95_s, rel=0.03)
    assert found.time_p99_s == pytest.approx(truth.time_p99_s, rel=0.045)


@given(st.floats(0.001, 100), st.floats(0, 0.98), st.floats(0, 0.98))
def test_at_another_load_one_server_is_the_exact_queue(service, then, now):
    def state(load):
        return queueing.mm1(arrivals_per_s=max(load / service, 1e-6), services_per_s=1 / service)

    at = queueing.at_load(state(then).time_p99_s, now, then)
    assert at.latency_s == pytest.approx(state(now).time_p99_s, rel=1e-3)
    assert at.waiting_share == pytest.approx(now, abs=1e-9)
    back = queueing.at_load(at.latency_s, then, now)
    assert back.latency_s == pytest.approx(state(then).time_p99_s, rel=1e-3)


@pytest.mark.parametrize("servers", [2, 4, 16, 64])
def test_at_another_load_several_servers_are_near_the_exact_queue(servers):
    for then, now in ((0.1, 0.8), (0.3, 0.6), (0.5, 0.9), (0.7, 0.95)):
        before, after = (
            queueing.mmc(arrivals_per_s=servers * u, services_per_s=1, servers=servers) for u in (then, now)
        )
        mean = queueing.at_load(before.mean_time_s, now, then, servers).latency_s
        p99 = queueing.at_load(before.time_p99_s, now, then, servers).latency_s
        assert mean == pytest.approx(after.mean_time_s, rel=0.025)
        assert 0.92 <= p99 / after.time_p99_s <= 1.28


def test_at_another_load_takes_arrays_and_refuses_a_full_server():
    loads = np.array([0.2, 0.5, 0.9])
    each = [queueing.at_load(1.0, float(load), 0.3, servers=4, spread=2).latency_s for load in loads]
    assert np.allclose(queueing.at_load(1.0, loads, 0.3, servers=4, spread=2).latency_s, each)
    assert np.all(np.diff(each) > 0)
    with pytest.raises(Unstable, match="grows without end") as refused:
        queueing.at_load(1.0, np.array([0.5, 1.0]))
    assert refused.value.where.tolist() == [False, True]
