"""Quorums: closed forms, a second simulation by messages, every availability by enumeration."""

import heapq
import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import quorum
from sysdesign.models.declaration import inputs_of
from sysdesign.models.quorum.kernels import race

LEGS = {
    "write_ms": "exponential(mean=5)",
    "acknowledge_ms": "exponential(mean=1)",
    "read_ms": "exponential(mean=1)",
    "respond_ms": "exponential(mean=1)",
}


def run(replicas=3, read_quorum=1, write_quorum=1, t_ms=0.0, **more):
    return quorum.staleness(
        replicas=replicas, read_quorum=read_quorum, write_quorum=write_quorum, t_ms=t_ms, **{**LEGS, **more}
    )


@pytest.mark.parametrize(("n", "r", "w", "t"), [(3, 1, 1, 0), (3, 1, 1, 4), (5, 2, 2, 1), (7, 1, 3, 2)])
def test_instant_messages_give_the_closed_form(n, r, w, t):
    """With only the writes taking time, exponentially, what is left of them after the commit has no memory."""
    instant = dict.fromkeys(("acknowledge_ms", "read_ms", "respond_ms"), 0)
    found = run(n, r, w, t, **instant, trials=400_000, half_width=1e-6)
    stale = math.comb(n - w, r) / math.comb(n, r) * math.exp(-t * r / 5)
    assert found.consistent_low <= 1 - stale <= found.consistent_high
    assert not found.consistent_low <= 1 - 1.05 * stale <= found.consistent_high
    wait = max(0.0, -math.log(0.001 * math.comb(n, r) / math.comb(n - w, r)) * 5 / r)
    assert found.visible_low_ms <= wait <= found.visible_high_ms


def by_messages(n, r, w, t, trials, seed):
    """The same race as events in order of time, replica by replica, with its own random numbers."""
    source, fresh, reads = random.Random(seed), 0, []
    for _ in range(trials):
        events = [(source.expovariate(1 / 5), "store", i) for i in range(n)]
        heapq.heapify(events)
        stored, acks, answers, commit, asked = set(), 0, [], None, 0.0
        while len(answers) < r:
            now, what, i = heapq.heappop(events)
            if what == "store":
                stored.add(i)
                heapq.heappush(events, (now + source.expovariate(1), "ack", i))
            elif what == "ack":
                acks += 1
                if acks == w and commit is None:
                    commit = now
                    asked = now + t
                    for j in range(n):
                        heapq.heappush(events, (asked + source.expovariate(1), "ask", j))
            elif what == "ask":
                heapq.heappush(events, (now + source.expovariate(1), "yes" if i in stored else "no", i))
            else:
                answers.append(what)
                finished = now
        fresh += "yes" in answers
        reads.append(finished - asked)
    return fresh / trials, float(np.median(reads))


@pytest.mark.parametrize(("n", "r", "w", "t"), [(3, 1, 1, 0.0), (3, 1, 2, 3.0), (5, 2, 2, 1.0)])
def test_a_simulation_by_messages_agrees(n, r, w, t):
    trials = 40_000
    ours = run(n, r, w, t, trials=400_000, half_width=1e-6)
    theirs, median = by_messages(n, r, w, t, trials, seed=7)
    error = 3.3 * math.sqrt(theirs * (1 - theirs) / trials) + (ours.consistent_high - ours.consistent_low) / 2
    assert abs(ours.consistent - theirs) < error
    assert abs(ours.consistent * 1.05 - theirs) > error
    assert abs(ours.read_median_ms - median) < 0.03 < abs(1.05 * ours.read_median_ms - median)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.data(), st.floats(0, 20), st.sampled_from([quorum.SSD, quorum.DISK, "uniform(1, 9)"]))
def test_more_answers_never_make_a_read_staler_nor_faster(n, data, t, write):
    r = data.draw(st.integers(1, n))
    w = data.draw(st.integers(1, n))
    more = {"write_ms": write, "trials": 2_000, "half_width": 0.5, "t_ms": t, "share": 0.9}
    here = run(n, r, w, **more)
    if r + w > n:
        assert (here.consistent, here.visible_ms) == (1, 0)
    if r < n:
        further = run(n, r + 1, w, **more)
        assert further.consistent >= here.consistent
        assert further.visible_ms <= here.visible_ms
        assert further.read_tail_ms >= here.read_tail_ms
        assert further.write_tail_ms == here.write_tail_ms
    assert np.all(np.diff(here.consistent_after) >= 0)


def test_a_run_stops_when_the_chance_is_known():
    found = run(share=0.99, half_width=0.005)
    assert found.trials < 100_000
    assert (found.consistent_high - found.consistent_low) / 2 <= 0.005
    assert run(share=0.99, half_width=0.005).trials == found.trials
    assert run(half_width=1e-6, trials=30_000).trials == 30_000
    assert run(seed=2).consistent != run(seed=3).consistent


def test_a_chance_of_one_has_an_interval_too():
    strict = run(3, 2, 2)
    assert strict.consistent == strict.consistent_high == 1
    assert 0.9999 < strict.consistent_low < 1


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 60 runs at 95 %, 51 or more hold it with chance 0.998, and 46 or fewer with 0.00002."""
    instant = dict.fromkeys(("acknowledge_ms", "read_ms", "respond_ms"), 0)
    truth = 1 - 2 / 3 * math.exp(-0.2)
    runs = [run(t_ms=1, **instant, trials=4_000, half_width=0.5, share=0.9, seed=seed) for seed in range(60)]
    assert sum(one.consistent_low <= truth <= one.consistent_high for one in runs) >= 51
    wait = -math.log(0.1 * 3 / 2) * 5
    assert sum(one.visible_low_ms <= wait <= one.visible_high_ms for one in runs) >= 51


def test_the_kernel_answers_the_same_without_compilation():
    generator = np.random.default_rng(5)
    legs = [generator.exponential(size=(50, 4)) for _ in range(4)]
    compiled = [np.empty(50) for _ in range(3)]
    plain = [np.empty(50) for _ in range(3)]
    race(*legs, 2, 3, *compiled)
    race.py_func(*legs, 2, 3, *plain)
    assert np.array_equal(compiled, plain)
    assert np.allclose(plain[2], np.sort(legs[0] + legs[1], axis=1)[:, 2])


def test_one_replica_is_near_and_the_others_far():
    constant = dict.fromkeys(LEGS, 1)
    near = run(3, 1, 1, **constant, remote_extra_ms=75, share=0.9)
    assert (near.read_tail_ms, near.write_tail_ms) == (2, 2)
    # the reader stands at the writer's replica one time in three; else the write needs 75 + 1 - 2 - 1 ms more
    assert near.consistent == pytest.approx(1 / 3, abs=0.005)
    assert near.visible_ms == 73
    assert run(3, 2, 1, **constant, remote_extra_ms=75, share=0.9).read_tail_ms == 152


def test_all_configurations_agree_with_single_runs():
    table = quorum.configurations(replicas=3, **LEGS, trials=20_000)
    assert list(zip(table.read_quorum, table.write_quorum, strict=True)) == list(itertools.product((1, 2, 3), repeat=2))
    at = 3  # R=2, W=1
    single = run(3, 2, 1, trials=20_000, half_width=1e-6)
    assert table.consistent[at] == pytest.approx(single.consistent)
    assert (table.read_tail_ms[at], table.write_tail_ms[at]) == (single.read_tail_ms, single.write_tail_ms)
    assert np.all(table.consistent[table.strict == 1] == 1)
    pairs = list(zip(table.read_quorum, table.write_quorum, strict=True))
    assert table.strict.tolist() == [int(r + w > 3) for r, w in pairs]
    assert table.overlap == tuple("overlap: never stale" if r + w > 3 else "may be stale" for r, w in pairs)


def test_k_staleness_by_drawing_quorums():
    source, trials = random.Random(3), 40_000
    stale = 0
    for _ in range(trials):
        read = set(source.sample(range(5), 2))
        stale += not any(read & set(source.sample(range(5), 1)) for _ in range(2))
    found = quorum.versions(5, 2, 1, 2)
    error = 3.3 * math.sqrt(found.stale * (1 - found.stale) / trials)
    assert abs(found.stale - stale / trials) < error < abs(1.05 * found.stale - stale / trials)
    assert quorum.versions(3, 2, 2, 1) == quorum.Versions(0, 1, 0)
    assert quorum.versions(3, 1, 1, np.array([1, 2])).stale == pytest.approx([2 / 3, 4 / 9])


def enumerated(nodes, up, beta, zones, zone_up, quorum_size):
    """Every combination of shared cause, zones and replicas, each with its chance."""
    together = 1 - beta * (1 - up)
    alone = up / together
    zone_of = [node * zones // nodes for node in range(nodes)]
    total = 0.0
    for zone_state in itertools.product((0, 1), repeat=zones):
        for node_state in itertools.product((0, 1), repeat=nodes):
            chance = together
            for state in zone_state:
                chance *= zone_up if state else 1 - zone_up
            for state in node_state:
                chance *= alone if state else 1 - alone
            if sum(node_state[i] and zone_state[zone_of[i]] for i in range(nodes)) >= quorum_size:
                total += chance
    return total


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([(1, 1), (2, 2), (3, 1), (3, 3), (4, 2), (6, 3), (5, 5)]),
    st.floats(0.01, 1), st.floats(0, 1), st.floats(0, 1), st.data(),
)  # fmt: skip
def test_availability_is_what_enumeration_gives(shape, up, beta, zone_up, data):
    nodes, zones = shape
    r, w = data.draw(st.integers(1, nodes)), data.draw(st.integers(1, nodes))
    found = quorum.availability(nodes, up, beta, zones, zone_up, r, w)
    for value, size in ((found.majority, nodes // 2 + 1), (found.read, r), (found.write, w)):
        assert value == pytest.approx(enumerated(nodes, up, beta, zones, zone_up, size), abs=1e-12)


@given(st.floats(0.8, 1), st.floats(0, 0.9))
def test_a_shared_cause_never_helps_a_good_quorum(up, beta):
    found = quorum.availability(5, up, beta)
    assert found.majority <= found.independent_majority + 1e-12
    assert found.majority_down_min_per_month == pytest.approx((1 - found.majority) * 43200)


def test_five_replicas_in_three_zones_outlive_any_zone_and_in_two_they_do_not():
    three = quorum.availability(5, 1.0, 0.0, zones=3, zone_availability=0.99)
    two = quorum.availability(5, 1.0, 0.0, zones=2, zone_availability=0.99)
    assert three.majority == pytest.approx(1 - (3 * 0.01**2 * 0.99 + 0.01**3))
    assert two.majority == pytest.approx(0.99)


def test_many_worlds_at_once():
    up = np.array([0.9, 0.99])
    many = quorum.availability(3, up, np.array([0.0, 0.5])).majority
    assert list(many) == [quorum.availability(3, 0.9, 0.0).majority, quorum.availability(3, 0.99, 0.5).majority]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: run(3, 4, 1), "read_quorum is 4 of 3 replicas; it is from 1 to 3"),
        (lambda: run(3, 1, 4), "write_quorum is 4 of 3"),
        (lambda: run(write_ms="normal(1, 1)"), "write_ms can fall to -inf, below 0"),
        (lambda: quorum.availability(3, 0.9, zones=4), "zones is 4 for 3 replicas"),
        (lambda: quorum.availability(3, 0.9, read_quorum=4), "read_quorum is 4 of 3"),
        (lambda: quorum.versions(3, 4, 1, 1), "read_quorum is 4 of 3"),
        (lambda: quorum.availability(3, 1.5), "node_availability is 1.5; .* from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


@pytest.mark.parametrize("name", ["versions", "availability"])
def test_the_corners_of_the_inputs_give_numbers(name):
    function = getattr(quorum, name)
    ends = [(key, sorted({p.input.low, p.input.high, p.input.default})) for key, p in inputs_of(function).items()]
    for values in itertools.product(*(each for _, each in ends)):
        try:
            found = function(**dict(zip((key for key, _ in ends), values, strict=True)))
        except InvalidInput:
            continue
        assert all(math.isfinite(value) and value >= 0 for value in vars(found).values())


@pytest.mark.parametrize("write", ["0", "1e7", "pareto(minimum=1, shape=0.1)", quorum.DISK])
@pytest.mark.parametrize(("n", "r", "w"), [(1, 1, 1), (15, 15, 1), (15, 1, 15), (15, 1, 1)])
def test_the_corners_of_staleness_give_numbers(write, n, r, w):
    for t, share, extra in itertools.product((0, 1e9), (0.5, 0.99999), (0, 1e7)):
        found = run(n, r, w, t, write_ms=write, share=share, remote_extra_ms=extra, trials=1_000, half_width=0.5)
        assert all(np.all(np.isfinite(value)) for value in vars(found).values())


def test_the_majority_without_a_shared_cause_is_a_binomial():
    found = quorum.availability(5, 0.97, 0.2, 5, 0.99, read_quorum=3, write_quorum=3)
    binomial = sum(math.comb(5, k) * 0.97**k * 0.03 ** (5 - k) for k in (3, 4, 5))
    assert found.independent_majority == pytest.approx(binomial, rel=1e-12)
    assert found.majority < binomial
    assert found.majority_down_min_per_month == pytest.approx((1 - found.majority) * 43_200)
