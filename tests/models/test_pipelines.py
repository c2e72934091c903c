"""Flaky suites drawn test by test, and merge queues played minute by minute."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.models.deployment import flakiness, flaky, merge_queue, merge_queues
from tests.models.corners import assert_finite_at_corners, assert_sentences

RATES = st.floats(1e-6, 0.3)


@pytest.mark.parametrize("again", ["test", "suite"])
@pytest.mark.parametrize(("tests", "rate", "retries"), [(200, 0.005, 1), (50, 0.05, 2), (300, 0.002, 0)])
def test_suites_drawn_test_by_test(tests, rate, retries, again):
    generator, runs = np.random.default_rng(2), 20_000
    failed = generator.random((runs, tests)) < rate
    first, ran = failed.any(axis=1), np.zeros(runs)
    for _ in range(retries):
        if again == "test":
            ran += failed.sum(axis=1)
            failed &= generator.random((runs, tests)) < rate
        else:
            red = failed.any(axis=1)
            ran += red * tests
            failed = (generator.random((runs, tests)) < rate) & red[:, None]
    said = flaky(tests, rate, retries, again)
    assert said.first_red_share == pytest.approx(first.mean(), abs=0.012)
    assert said.red_share == pytest.approx(failed.any(axis=1).mean(), abs=0.012)
    assert said.extra_share == pytest.approx(ran.mean() / tests, rel=0.05, abs=1e-6)


@given(st.integers(1, 10**5), RATES, st.integers(0, 5), st.floats(0.001, 1))
def test_a_retry_trades_false_alarms_for_hidden_faults(tests, rate, retries, fault):
    here, there = (flaky(tests, rate, each, fault_rate=fault) for each in (retries, retries + 1))
    assert there.red_share <= here.red_share + 1e-12 and there.hidden_share >= here.hidden_share - 1e-12
    assert there.believed_share >= here.believed_share - 1e-12
    assert flaky(tests, rate, retries, "suite").red_share >= here.red_share - 1e-9


@given(st.integers(1, 10**5), st.integers(0, 4), st.floats(0.001, 0.3), st.sampled_from(["test", "suite"]))
def test_at_its_target_a_suite_is_as_red_as_wanted(tests, retries, wanted, again):
    target = flaky(tests, retries=retries, again=again, wanted_share=wanted).target_rate
    if 1e-9 <= target <= 0.5:
        assert flaky(tests, target, retries, again).red_share == pytest.approx(wanted, rel=1e-6)


def test_hand_sums_of_a_suite():
    once = flaky(1000, 0.0005, 1, fault_rate=0.1)
    assert once.first_red_share == pytest.approx(0.3935, abs=1e-4) and once.red_share == pytest.approx(2.5e-4, rel=1e-3)
    assert once.hidden_share == pytest.approx(0.99) and once.first_hidden_share == pytest.approx(0.9)
    assert flaky(1000, retries=0).target_rate == pytest.approx(1.005e-5, rel=1e-3)
    assert flaky(1, 0.1, 0, broken_share=0.1).believed_share == pytest.approx(0.1 / (0.1 + 0.9 * 0.1))


def queued(come, fails, check, most):
    """Checks side by side, minute by minute: changes join, end, land in order, or begin anew behind a failure."""
    line, runs, landed, now = [], 0, {}, 0
    waiting = list(range(len(come)))
    while waiting or line:
        while line and line[0][1] + check <= now:
            head, _ = line.pop(0)
            if fails[head]:
                line = [(each, now) for each, _ in line]
                runs += len(line)
            else:
                landed[head] = now
        while waiting and come[waiting[0]] <= now and len(line) < most:
            line.append((waiting.pop(0), now))
            runs += 1
        now += 1
    return landed, runs


@pytest.mark.parametrize(("most", "bad"), [(1, 0.1), (3, 0.2), (8, 0.05), (8, 0.5)])
def test_speculation_played_minute_by_minute(most, bad):
    generator = np.random.default_rng(8)
    come, fails = np.sort(generator.integers(0, 3000, 150)), generator.random(150) < bad
    landed, runs = queued(come, fails, 30, most)
    ended, good, ran, _ = merge_queues._speculated(come.astype(float), fails, 30.0, most)
    assert {at: ended[at] for at in np.flatnonzero(good)} == landed and ran == runs


@pytest.mark.parametrize("way", ["batches, then each", "batches, then halves", "speculation"])
@pytest.mark.parametrize(("together", "bad"), [(1, 0.1), (4, 0.02), (7, 0.15)])
def test_a_queue_that_is_never_empty_takes_its_capacity(way, together, bad):
    said = merge_queue(20, 20, bad, together, way, day_h=400, trials=4)
    took = 400 * said.capacity_per_h * (1 - bad)
    assert said.landed == pytest.approx(took, rel=0.06)
    if way != "speculation":
        assert said.runs_per_change == pytest.approx(3 / said.capacity_per_h, rel=0.06)


def test_one_at_a_time_waits_as_one_server_does():
    """Pollaczek and Khinchine with a constant time: the check and load / (2 (1 - load)) of one."""
    for load in (0.5, 0.8):
        said = merge_queue(3 * load, 20, 0, 1, day_h=5000, trials=4)
        assert said.wait_min == pytest.approx(20 + 20 * load / (2 * (1 - load)), rel=0.05)
        assert said.runs_per_change == 1 and said.red_share == 0
    wide = merge_queue(3, 20, 0, 200, "speculation")
    assert wide.wait_min == pytest.approx(20) and wide.capacity_per_h == 600


@pytest.mark.parametrize(("rate", "bad"), [(6, 0.1), (12, 0.1), (24, 0.05), (24, 0.1)])
def test_of_speculation_only_failures_wait_for_each_other(rate, bad):
    """With room for all, the wait is a check and that of a queue to which failures alone come, a check each."""
    load = bad * rate * 20 / 60
    said = merge_queue(rate, 20, bad, 200, "speculation", day_h=400, trials=6)
    assert said.wait_min == pytest.approx(20 * (1 + load / (2 * (1 - load))), rel=0.03)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.5, 20), st.floats(0, 0.5), st.integers(1, 20), st.integers(0, 100))
def test_every_change_ends(rate, bad, together, seed):
    for way in ("batches, then each", "batches, then halves", "speculation"):
        said = merge_queue(rate, 15, bad, together, way, trials=3, seed=seed)
        assert said.wait_min >= 15 * (1 - 1e-9) and 0 <= said.red_share <= 1
        assert said.landed + said.left <= rate * 8 * 3 + 60


def test_arrays_corners_and_sentences():
    counts = np.array([1, 1000, 1e5])
    assert flaky(counts).red_share == pytest.approx([flaky(each).red_share for each in counts])
    assert_finite_at_corners(flaky, 2000)
    assert_sentences((*flakiness.MODELS, *merge_queues.MODELS))
