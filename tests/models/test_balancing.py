"""Balancing: exact chains and closed forms for what has them, a plain retelling for the rest."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models import balancing, queueing
from sysdesign.models.balancing import kernels as kernel
from tests.models.corners import assert_finite_at_corners, assert_sentences

EXPONENTIAL = "exponential(mean=10)"


def assert_power(run, truth):
    """The truth lies in the simulated interval; 5 % away it would not."""
    assert run.mean_time_low_ms <= truth <= run.mean_time_high_ms
    assert not run.mean_time_low_ms <= 1.05 * truth <= run.mean_time_high_ms
    assert not run.mean_time_low_ms <= 0.95 * truth <= run.mean_time_high_ms


def test_random_choice_makes_each_server_an_mm1():
    run = balancing.balance("random", 10, 0.7, EXPONENTIAL, relative_width=0.01, most_runs=160, seed=4)
    assert_power(run, 1000 * queueing.mm1(0.7 / 0.01, 100).mean_time_s)


def test_taking_turns_makes_each_server_an_erlang_arrivals_queue():
    """Every n-th request comes to a server: gaps of n stages, whose wait follows from a root."""
    servers, load = 6, 0.8
    root = 0.5
    for _ in range(500):
        root = (servers * load / (servers * load + 1 - root)) ** servers
    run = balancing.balance("round robin", servers, load, EXPONENTIAL, relative_width=0.008, most_runs=160, seed=2)
    assert_power(run, 10 / (1 - root))


def two_lines(load, most=60):
    """Mean time with two servers and the shorter line, from the balance equations solved by iteration."""
    arrive, number = 2 * load, most + 1
    chance = np.full((number, number), 1 / number**2)
    rate = arrive + 2
    line = np.arange(number)
    first, second = np.meshgrid(line, line, indexing="ij")
    to_first = np.where(first < second, 1.0, np.where(first == second, 0.5, 0.0))
    for _ in range(20_000):
        into = np.zeros_like(chance)
        up_first, up_second = chance * to_first * arrive, chance * (1 - to_first) * arrive
        into[1:, :] += up_first[:-1, :]
        into[-1, :] += up_first[-1, :]
        into[:, 1:] += up_second[:, :-1]
        into[:, -1] += up_second[:, -1]
        into[:-1, :] += chance[1:, :]
        into[0, :] += chance[0, :]
        into[:, :-1] += chance[:, 1:]
        into[:, 0] += chance[:, 0]
        chance, before = into / rate, chance
        if np.abs(chance - before).max() < 1e-13:
            break
    return float(((first + second) * chance).sum() / arrive)


@pytest.mark.parametrize("algorithm", ["least connections", "power of d choices"])
def test_two_servers_and_the_shorter_line_are_an_exact_chain(algorithm):
    run = balancing.balance(algorithm, 2, 0.75, EXPONENTIAL, relative_width=0.008, most_runs=160, seed=3)
    assert_power(run, 10 * two_lines(0.75))


def test_very_many_servers_come_to_the_limit():
    run = balancing.balance("power of d choices", 500, 0.9, EXPONENTIAL, relative_width=0.01, seed=2)
    limit = 10 * balancing.supermarket(0.9, 2).mean_time
    assert run.mean_time_ms == pytest.approx(limit, rel=0.015)
    assert abs(1.05 * limit - run.mean_time_ms) > 0.03 * limit


@given(st.floats(0.01, 0.99), st.integers(1, 20))
def test_the_limit_obeys_littles_law_and_gains_by_choice(load, choices):
    here = balancing.supermarket(load, choices)
    if here.share[-1] < 1e-14:
        assert here.share.sum() / load == pytest.approx(here.mean_time, rel=1e-9)
    assert here.share[0] == pytest.approx(load)
    assert 1 <= balancing.supermarket(load, choices + 1).mean_time <= here.mean_time * (1 + 1e-12)
    assert here.mean_time <= here.random_mean_time * (1 + 1e-12)


def test_the_limit_takes_arrays():
    loads = np.array([0.1, 0.5, 0.99])
    many = balancing.supermarket(loads, 3).mean_time
    assert np.allclose(many, [balancing.supermarket(float(x), 3).mean_time for x in loads])


def retold(kind, choices, refresh, bound, arrivals, services, slowness, draws, homes):
    """The rules once more: each server a list of leaving times, looked through afresh every time."""
    servers = slowness.size
    lines = [[] for _ in range(servers)]
    order, times, chosen = list(range(servers)), [], []
    for i, now in enumerate(arrivals):
        looked = now if refresh == 0 else np.floor(now / refresh) * refresh
        joined = [[(leave, at) for leave, at in line if at <= looked or refresh == 0] for line in lines]
        known = [sum(leave > looked and (refresh == 0 or at < looked) for leave, at in line) for line in joined]
        if kind == kernel.RANDOM:
            server = int(draws[i, 0] * servers)
        elif kind == kernel.ROUND_ROBIN:
            server = i % servers
        elif kind == kernel.HASHED:
            server = homes[i]
        elif kind == kernel.LEAST:
            ties = [s for s in range(servers) if known[s] == min(known)]
            server = ties[int(draws[i, 0] * len(ties))]
        elif kind == kernel.CHOICES:
            for j in range(choices):
                other = j + int(draws[i, j + 1] * (servers - j))
                order[j], order[other] = order[other], order[j]
            server = min(order[:choices], key=lambda s: known[s])
        else:
            full = np.ceil(bound * (sum(known) + 1) / servers)
            server = next(s % servers for s in range(homes[i], homes[i] + servers) if known[s % servers] < full)
        busy_until = max([leave for leave, _ in lines[server]], default=0.0)
        leave = max(now, busy_until) + services[i] * slowness[server]
        lines[server].append((leave, now))
        times.append(leave - now)
        chosen.append(server)
    return times, chosen


@pytest.mark.parametrize("kind", range(6))
@pytest.mark.parametrize("refresh", [0.0, 2.5])
def test_the_kernel_follows_the_rules_retold(kind, refresh):
    generator = np.random.default_rng(kind)
    arrivals, services = np.cumsum(generator.exponential(0.25, 600)), generator.exponential(0.9, 600)
    slowness, draws = np.array([1.0, 1.0, 1.0, 1.0, 2.0]), generator.random((600, 3))
    homes = generator.integers(0, 5, 600)
    arguments = (kind, 2, refresh, 1.25, arrivals, services, slowness, draws, homes)
    times, chosen, longest = kernel.balance(*arguments)
    again_times, again_chosen = retold(*arguments)
    assert chosen.tolist() == again_chosen
    assert np.allclose(times, again_times)
    assert longest > 0


def test_old_information_herds_those_who_take_the_shortest():
    """Mitzenmacher 2000: fresh, the shortest of all is best; old, it is worse than chance, and two choices hold."""
    old = {"refresh_ms": 200.0, "relative_width": 0.05, "most_runs": 20}
    least = balancing.balance("least connections", **old).mean_time_low_ms
    chance, fresh = balancing.balance("random"), balancing.balance("power of d choices")
    two = balancing.balance("power of d choices", **old)
    assert balancing.balance("least connections").mean_time_high_ms < fresh.mean_time_low_ms
    assert least > 2 * chance.mean_time_high_ms
    assert two.mean_time_high_ms < 0.5 * least


def test_a_slow_server_is_spared_by_those_who_look():
    with pytest.raises(Unstable, match="without end"):
        balancing.balance("round robin", 10, 0.6, slow_servers=1, slowness=3)
    looks = balancing.balance("least connections", 10, 0.6, slow_servers=1, slowness=3)
    two = balancing.balance("power of d choices", 10, 0.6, slow_servers=1, slowness=3)
    assert looks.mean_time_high_ms < two.mean_time_low_ms < 30
    with pytest.raises(Unstable, match="slow servers alone"):
        balancing.balance("power of d choices", 10, 0.9, slow_servers=9, slowness=30, choices=1)


def test_popular_keys_overload_their_server_unless_hashing_is_bounded():
    with pytest.raises(Unstable, match="one server gets"):
        balancing.balance("consistent hashing", 50, 0.8, skew=1.2)
    bounded = balancing.balance("bounded hashing", 50, 0.8, skew=1.2)
    assert bounded.mean_time_ms < 50
    assert balancing.balance("bounded hashing", 50, 0.8, skew=1.2, seed=1) == bounded
    with pytest.raises(InvalidInput, match="no more slow ones"):
        balancing.balance("random", 3, slow_servers=4)


def test_the_kernel_answers_alike_without_the_compiler():
    code = (
        "import json, numpy as np; from sysdesign.models.balancing import kernels as k;"
        "g=np.random.default_rng(5); a=np.cumsum(g.exponential(.3,300)); s=g.exponential(1,300);"
        "d=g.random((300,3)); h=g.integers(0,4,300);"
        "print(json.dumps([k.balance(i,2,r,1.25,a,s,np.ones(4),d,h)[0].tolist() for i in range(6) for r in (0.,2.)]))"
    )
    answers = []
    for off in ("0", "1"):
        env = os.environ | {"NUMBA_DISABLE_JIT": off}
        run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        answers.append(json.loads(run.stdout))
    assert np.allclose(answers[0], answers[1], rtol=1e-12)


@pytest.mark.parametrize("algorithm", balancing.KINDS)
def test_ends_of_the_ranges(algorithm):
    for servers, utilization in ((1, 0.99), (1000, 0.001), (60, 0.99)):
        for refresh in (0.0, 1e6):
            inputs = {"choices": 16, "refresh_ms": refresh, "keys": 100_000, "most_runs": 5}
            try:
                run = balancing.balance(algorithm, servers, utilization, **inputs)
            except Unstable:
                assert algorithm == "consistent hashing"
                continue
            assert np.isfinite([run.mean_time_ms, run.p99_high_ms, run.busiest_share]).all()


def test_ends_of_the_limit():
    assert_finite_at_corners(balancing.supermarket)


def test_sentences():
    assert_sentences(balancing.MODELS)


def test_declared_work_follows_what_a_request_looks_at() -> None:
    """Measured: 4.2 s where every line is looked at for each request, 0.5 s where none is."""
    from sysdesign.models.registry import model
    from sysdesign.running.model_run import read_inputs

    chosen = model("balancing.balance")

    def work(**given: object) -> float:
        assert chosen.work is not None
        return chosen.work(read_inputs(chosen, {"algorithm": "random", "servers": 1000, "most_runs": 5, **given}))

    assert 0.25 < work() < 2
    assert 2.1 < work(refresh_ms=1e-6) < 20 and work(refresh_ms=1e6) < 2
    assert work(algorithm="bounded hashing") > 3.5 and work(choices=16) > 1.3 * work()
    assert work(servers=5, utilization=0.99, most_runs=200) > 20 * work(servers=5, utilization=0.99)
    assert work(algorithm="least connections", most_runs=20) < 15  # a page may ask for what stops after a few runs
