"""Consensus: closed forms, a second election written differently, order statistics by integration."""

import heapq
import itertools
import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import consensus
from sysdesign.models.consensus import ROUND_TRIPS_MS, kernels, regions
from sysdesign.models.declaration import inputs_of
from sysdesign.models.registry import model


def elect(servers=5, failed=1, low=150, high=300, one_way="uniform(1, 4)", write="10", **more):
    return consensus.election(servers, failed, low, high, one_way, write, **more)


# --- split votes --------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(st.integers(3, 9), st.floats(0.02, 0.5), st.data())
def test_split_votes_as_drawn_timeouts_split_them(servers, share, data):
    failed = data.draw(st.integers(1, (servers - 1) // 2))
    left, trials = servers - failed, 20_000
    timeouts = np.sort(np.random.default_rng(3).random((trials, left)), axis=1)
    votes = (timeouts[:, 1:] > timeouts[:, :1] + share).sum(axis=1) + 1
    drawn = np.mean(votes < servers // 2 + 1)
    found = consensus.split_vote(servers, failed, share)
    assert abs(found.split - drawn) < 4 * math.sqrt(found.split * (1 - found.split) / trials) + 1e-4
    assert found.terms == pytest.approx(1 / (1 - found.split))


def test_a_bare_majority_splits_unless_all_others_wait():
    """Of s = n // 2 + 1 servers all votes are needed: the next timeout must be a latency later."""
    for servers in (3, 5, 7, 9):
        failed = (servers - 1) // 2
        left = servers - failed
        assert consensus.split_vote(servers, failed, 0.2).split == pytest.approx(1 - 0.8**left)


def test_split_votes_of_many_worlds_at_once():
    many = consensus.split_vote(5, 1, np.array([0.01, 0.1, 0.2])).split
    assert many == pytest.approx([consensus.split_vote(5, 1, share).split for share in (0.01, 0.1, 0.2)])


# --- elections ----------------------------------------------------------------------------------


def test_without_latency_the_first_timeout_elects():
    found = elect(one_way="0", write="0", low=100, high=200, heartbeat_share=0.0, relative_width=0.001)
    exact = 100 + 100 / 5  # the least of four uniform timeouts
    assert found.low_ms < exact < found.high_ms
    assert not found.low_ms < 1.05 * exact < found.high_ms
    assert found.split == found.given_up == 0


def test_the_crash_comes_at_a_random_moment_after_a_heartbeat():
    found = elect(one_way="0", write="0", low=100, high=200, heartbeat_share=0.5, relative_width=0.001)
    assert found.low_ms < 120 - 25 < found.high_ms
    assert elect(one_way="0", write="0", low=100, high=100, trials=100_000, relative_width=0.001).given_up == 1


def test_the_thesis_s_formula_for_fixed_latency():
    """Section 9.3: E = 1 / (1 - p) (1 + 1 / (s + 1) + L) + L, for timeouts from 1 to 2 and no heartbeat adjustment.

    It lets every server's timer start again together after a split; those that voted for
    themselves start theirs when they time out, up to a latency before. Hence a margin of 2 %.
    """
    for failed, share in ((1, 0.1), (1, 0.2), (2, 0.1)):
        split = consensus.split_vote(5, failed, share).split
        left = 5 - failed
        formula = 1000 * ((1 + 1 / (left + 1) + share) / (1 - split) + share)
        found = elect(5, failed, 1000, 2000, f"{1000 * share}", "0", heartbeat_share=0.0, relative_width=0.002,
                      trials=100_000)  # fmt: skip
        assert abs(found.elected_mean_ms / formula - 1) < 0.02
        assert found.split == pytest.approx(split, abs=0.015)


def by_objects(servers, failed, low, high, one_way, write, differ, trials, seed):
    """Raft's election with a queue of messages between objects, own random numbers, mean time until elected."""
    source, times = random.Random(seed), []
    left, majority = servers - failed, servers // 2 + 1
    for _ in range(trials):
        counter, queue = itertools.count(), []
        state = [{"term": 0, "voted": None, "timer": 0, "votes": set(), "leads": None} for _ in range(left)]

        def send(at, what, *facts, queue=queue, counter=counter):
            heapq.heappush(queue, (at, next(counter), what, facts))

        def wait(now, who, state=state, send=send):
            state[who]["timer"] += 1
            send(now + source.uniform(low, high), "timeout", who, state[who]["timer"])

        for who in range(left):
            wait(0.0, who)
        while True:
            now, _, what, facts = heapq.heappop(queue)
            me = state[facts[0]]
            if what == "timeout" and facts[1] == me["timer"]:
                me["term"] += 1
                me["voted"], me["votes"], me["leads"] = facts[0], set(), me["term"]
                wait(now, facts[0])
                send(now + write, "granted", facts[0], facts[0], me["term"])
                for other in set(range(left)) - {facts[0]}:
                    send(now + source.uniform(*one_way), "please", other, facts[0], me["term"])
            elif what == "please":
                _, sender, term = facts
                if term > me["term"]:
                    me["term"], me["voted"], me["leads"] = term, None, None
                if term == me["term"] and me["voted"] is None and (not differ or sender >= facts[0]):
                    me["voted"] = sender
                    wait(now, facts[0])
                    send(now + write + source.uniform(*one_way), "granted", sender, facts[0], term)
            elif what == "granted" and facts[2] == me["term"] == me["leads"]:
                me["votes"].add(facts[1])
                if len(me["votes"]) >= majority:
                    times.append(now)
                    break
    return np.array(times)


@pytest.mark.parametrize(
    ("servers", "failed", "low", "high", "differ"),
    [(5, 1, 20, 40, False), (5, 2, 20, 30, False), (5, 1, 20, 26, True), (7, 1, 20, 40, True)],
)
def test_an_election_written_differently_takes_as_long(servers, failed, low, high, differ):
    theirs = by_objects(servers, failed, low, high, (1, 4), 1, differ, 6_000, seed=11)
    ours = elect(servers, failed, low, high, write="1", heartbeat_share=0.0, logs="different" if differ else "same",
                 relative_width=0.002, trials=100_000)  # fmt: skip
    margin = 3.3 * theirs.std() / math.sqrt(theirs.size) + (ours.high_ms - ours.low_ms) / 2
    assert abs(ours.elected_mean_ms - theirs.mean()) < margin
    assert abs(1.05 * ours.elected_mean_ms - theirs.mean()) > margin


def test_the_order_that_the_thesis_measured():
    """RAFT-4, section 9.4: more spread helps the tail, a short timeout helps the mean, and none never ends.

    Five servers with different logs; 15 ms for a round trip and a write, taken as twice 2.5 and 10.
    """
    cluster = {"one_way": "2.5", "write": "10", "logs": "different", "trials": 1000, "relative_width": 1e-6}
    narrow, wide = elect(low=150, high=155, **cluster), elect(low=150, high=200, **cluster)
    short = elect(low=12, high=24, **cluster)
    none = elect(low=150, high=150, give_up_ms=10_000, **{**cluster, "trials": 100})
    assert short.mean_ms < wide.median_ms < narrow.median_ms < none.median_ms
    assert short.worst_ms < wide.worst_ms < narrow.worst_ms
    assert none.given_up == 1
    for value, published in ((narrow.median_ms, 287), (wide.worst_ms, 513), (short.mean_ms, 35), (short.worst_ms, 152)):
        assert published / 1.5 < value < published * 1.5


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 9), st.floats(20, 200), st.floats(1.2, 3))
def test_one_more_failure_never_speeds_an_election_up(servers, low, spread):
    few = elect(servers, 1, low, low * spread, "uniform(1, 4)", "1", relative_width=0.02)
    many = elect(servers, (servers - 1) // 2, low, low * spread, "uniform(1, 4)", "1", relative_width=0.02)
    assert many.high_ms >= few.low_ms


def test_a_run_stops_when_the_mean_is_known():
    found = elect(relative_width=0.02)
    assert (found.high_ms - found.low_ms) / 2 <= 0.02 * found.mean_ms
    assert found.trials < 20_000
    assert elect(relative_width=0.02) == found
    assert elect(relative_width=0.02, seed=2) != found


def test_the_same_answer_without_compilation():
    code = (
        "import json; from sysdesign.models import consensus as c;"
        "print(json.dumps(vars(c.election(5, 1, 15, 22, 'uniform(1, 4)', '1', 'different', trials=100))))"
    )
    source = Path(consensus.__file__).parents[3]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(source)}
    plain = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    compiled = vars(elect(low=15, high=22, write="1", logs="different", trials=100))
    assert json.loads(plain.stdout) == pytest.approx(compiled, rel=1e-12)


def test_a_year_of_outages_is_its_elections():
    one = elect()
    year = consensus.outage(100, 5, 1, 150, 300, "uniform(1, 4)", "10")
    assert year.seconds_per_year == pytest.approx(100 * one.mean_ms / 1000)
    assert (year.low_s, year.high_s) == pytest.approx((100 * one.low_ms / 1000, 100 * one.high_ms / 1000))
    assert year.availability == pytest.approx(1 - year.seconds_per_year / 31_536_000)


# --- commits ------------------------------------------------------------------------------------


def test_a_commit_waits_for_the_median_round_trip():
    found = consensus.commit_latency(ROUND_TRIPS_MS, 1, "0", "0")
    assert found.commit_ms == found.commit_mean_ms == sorted([0, 31, 91, 164, 118])[2]
    assert list(found.client_ms) == [91, 122, 182, 255, 209]
    square = regions._matrix(ROUND_TRIPS_MS).ravel()
    assert list(consensus.commit_latency(tuple(square), 1, "0", "0").client_ms) == list(found.client_ms)
    assert consensus.commit_latency(ROUND_TRIPS_MS, 4, "5", "0", quorum=5).commit_ms == 284 + 5


def test_a_jittered_commit_by_integrating_over_who_has_answered():
    """Mean of the second of three answers, from the chance that fewer than two have come by x."""
    trips, scale = (10.0, 14.0), 5.0
    x = np.linspace(0, 400, 400_001)
    near, far = (np.where(x > trip, -np.expm1(-(x - trip) / scale), 0.0) for trip in trips)
    fewer = (1 - near) * (1 - far)  # the leader has it at once, and needs one more
    mean = float(np.trapezoid(fewer, x))
    found = consensus.commit_latency((*trips, 99.0), 1, "0", f"exponential(mean={scale})", relative_width=0.001,
                                     trials=1_000_000)  # fmt: skip
    margin = 1.7 * (found.commit_high_ms - found.commit_low_ms) / 2
    assert abs(found.commit_mean_ms - mean) < margin < abs(1.05 * found.commit_mean_ms - mean)


def by_hand(trips, weights, members, leader):
    commit = sorted(trips[leader][member] for member in members)[len(members) // 2]
    return sum(weight * (trips[client][leader] + commit) for client, weight in enumerate(weights)) / sum(weights)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(3, 6).flatmap(
        lambda n: st.tuples(
            st.lists(st.integers(1, 300), min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2),
            st.lists(st.integers(1, 9), min_size=n, max_size=n),
        )
    ),
    st.sampled_from([3, 4, 5]),
)
def test_no_other_placement_is_better(drawn, replicas):
    half, weights = drawn
    count = len(weights)
    trips = regions._matrix(half)
    if replicas > count:
        return
    found = consensus.placement(tuple(half), replicas, tuple(weights))
    choices = {
        (members, leader): by_hand(trips, weights, members, leader)
        for members in itertools.combinations(range(count), replicas)
        for leader in members
    }
    assert found.mean_ms == pytest.approx(min(choices.values()))
    chosen = tuple(member - 1 for member in found.members)
    assert found.mean_ms == pytest.approx(choices[chosen, found.leader - 1])
    assert found.after_loss_ms >= 0
    assert found.worst_ms >= found.mean_ms >= found.commit_ms
    assert found.led_from_ms.min() == pytest.approx(found.mean_ms)


def test_after_the_loss_of_the_leader_the_best_of_the_others_leads():
    # three regions in a line: 1 - 10 - 2 - 10 - 3; region 2 leads, and after its loss the rest are 20 apart
    found = consensus.placement((10, 20, 10), 3)
    assert (found.leader, found.commit_ms, found.mean_ms) == (2, 10, pytest.approx(10 + 20 / 3))
    assert found.after_loss_ms == pytest.approx(20 + (0 + 10 + 20) / 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: elect(5, 3), "with 3 of 5 servers down no majority is left; at most 2 may be"),
        (lambda: consensus.split_vote(4, 2, 0.1), "no majority is left"),
        (lambda: consensus.split_vote(5, 1, 1.0), "every vote would split"),
        (lambda: elect(low=300, high=150), "timeout_max_ms is 150; it is timeout_min_ms, 300, or more"),
        (lambda: elect(give_up_ms=200), "give_up_ms is 200; it is over timeout_max_ms, 300"),
        (lambda: elect(one_way="normal(1, 1)"), "one_way_ms can fall to -inf"),
        (lambda: consensus.commit_latency((1, 2), 1, "0", "0"), "holds 2 numbers"),
        (lambda: consensus.commit_latency((1, 2, 3), 4, "0", "0"), "leader is region 4 of 3"),
        (lambda: consensus.commit_latency((1, 2, 3), 1, "0", "0", quorum=4), "quorum is 4 of 3"),
        (lambda: consensus.commit_latency((1, 2, 3), 1, "0", "pareto(1, 0.5)"), "has no mean"),
        (lambda: consensus.placement((1, 2, 3), 4), "replicas is 4 for 3 regions"),
        (lambda: consensus.placement((1, 2, 3), 3, (1, 2)), "client_share holds 2 numbers for 3 regions"),
        (lambda: consensus.placement((1.0,) * 78, 3), "13 regions; the search takes 12"),
        (lambda: consensus.outage(1e5, 1, 0, 1e5, 9e5, "0", "0"), "fill more than a year"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()


@pytest.mark.parametrize("name", ["split_vote", "election", "commit_latency", "placement", "outage"])
def test_the_corners_of_the_inputs_give_numbers(name):
    function = getattr(consensus, name)
    fixed = {"trials": 100, "relative_width": 1, "seed": 1, "give_up_ms": 2_000_000}
    ends = {}
    for key, one in inputs_of(function).items():
        if key in fixed:
            ends[key] = [fixed[key]]
        elif one.kind == "distribution":
            ends[key] = ["0", "1e5"]
        elif one.kind == "numbers":
            ends[key] = [one.input.default]
        elif one.kind == "word":
            ends[key] = [one.words[-1]]
        else:
            ends[key] = sorted({one.input.low, one.input.high, one.input.default})
    combinations = list(itertools.product(*ends.values()))
    for values in random.Random(1).sample(combinations, min(8, len(combinations))):
        try:
            found = function(**dict(zip(ends, values, strict=True)))
        except InvalidInput:
            continue
        numbers = [value for key, value in vars(found).items() if not key.endswith("_name")]
        for value in numbers:
            assert np.all(np.isfinite(value)) and np.all(np.asarray(value) >= 0)


def test_a_split_vote_ends_after_a_fresh_timeout_from_the_split():
    """Two servers time out together, each votes for itself, and the one with the shorter next timeout wins."""
    shortest, longest, latency = 150.0, 300.0, 5.0
    drawn = np.array([0.5, 0.5, 0.0, 1.0, 0.5, 0.5])
    used = np.zeros(3, np.int64)
    elected, heard, terms = kernels.elect(
        2, 2, shortest, longest, False, 1e6, np.full(8, latency), np.zeros(8), drawn, used
    )  # fmt: skip
    assert elected == pytest.approx(225.0 + shortest + 2 * latency)
    assert heard == pytest.approx(elected + latency)
    assert terms == 2


def test_regions_go_by_their_names_where_these_are_known():
    found = consensus.placement(ROUND_TRIPS_MS, 3)
    assert found.led_from_name == ("Washington", "Dallas", "Frankfurt", "Tokyo", "São Paulo")
    assert consensus.commit_latency((*ROUND_TRIPS_MS[:9], 1.0), 1, "0", "0").region_name == tuple(
        f"Region {at}" for at in range(1, 6)
    )
    sentence = model("consensus.placement").sentence({}, consensus.placement((10, 20, 30), 3))
    assert "led from region 1:" in sentence
