"""Retries, backoff and the metastable loop: by counting, by the published mechanism told anew, by a law."""

import contextlib
import heapq
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import BudgetSpent, InvalidInput
from sysdesign.models.retries import backoff, contention_kernel, metastable
from sysdesign.models.retries import load as retries
from sysdesign.models.retries.lasting import rescued
from sysdesign.probability import interval
from tests.models.corners import assert_finite_at_corners, assert_sentences

JITTERS = ("none", "exponential", "equal", "full", "decorrelated")


def call(layers, failing, generator):
    """One request through the layers, attempt by attempt: (succeeded, calls at the bottom)."""
    if not layers:
        return generator.random() >= failing, 1
    calls = 0
    for _ in range(layers[0]):
        done, made = call(layers[1:], failing, generator)
        calls += made
        if done:
            return True, calls
    return False, calls


def test_amplification_is_what_counting_gives_and_a_five_percent_error_would_show():
    generator = np.random.default_rng(2)
    runs = [call((3, 2, 4), 0.75, generator) for _ in range(30_000)]
    model = retries.amplification((3, 2, 4), 0.75)
    calls = interval.interval_of(np.array([made for _, made in runs]))
    assert calls.low <= model.mean_calls <= calls.high
    assert not calls.low <= 1.05 * model.mean_calls <= calls.high
    failed = interval.interval_of(np.array([not done for done, _ in runs], dtype=float))
    assert failed.low <= model.failed <= failed.high


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.floats(0, 1))
def test_one_call_at_least_and_the_product_at_most(layers, failing):
    model = retries.amplification(tuple(layers), failing)
    assert 1 <= model.mean_calls <= model.worst_calls * (1 + 1e-12)
    assert retries.amplification(tuple(layers), 1.0).mean_calls == pytest.approx(math.prod(layers))


def budgeted(layers, attempts, failing, keep, generator):
    """One request through equal layers; each retry is made with the chance `keep` of its layer."""
    if not layers:
        return generator.random() >= failing, 1
    calls = 0
    for number in range(attempts):
        if number and generator.random() >= keep[layers - 1]:
            return False, calls
        done, made = budgeted(layers - 1, attempts, failing, keep, generator)
        calls += made
        if done:
            return True, calls
    return False, calls


def test_layers_with_a_budget_are_what_counting_gives():
    failing, budget = 0.6, 0.5
    keep = []  # of each layer from the bottom: the share of retries that its budget lets through
    below = failing
    for _ in range(2):
        one = retries.budget(3, below, budget, "first attempts")
        keep.append(one.retries_allowed)
        below = one.failed_with
    generator = np.random.default_rng(4)
    runs = [budgeted(2, 3, failing, keep, generator) for _ in range(40_000)]
    model = retries.layered(2, 3, failing, budget)
    calls = interval.interval_of(np.array([made for _, made in runs]))
    assert calls.low <= model.calls <= calls.high and not calls.low <= 1.05 * model.calls <= calls.high
    failed = interval.interval_of(np.array([not done for done, _ in runs], dtype=float))
    assert failed.low <= model.failed <= failed.high


@given(st.integers(0, 6), st.integers(1, 6), st.floats(0, 1))
def test_equal_layers_without_a_budget_are_amplification(layers, attempts, failing):
    model = retries.layered(layers, attempts, failing, 100)
    known = retries.amplification((attempts,) * max(layers, 1) if layers else (1,), failing)
    assert model.calls == pytest.approx(known.mean_calls) and model.worst_calls == pytest.approx(known.worst_calls)
    assert model.failed == pytest.approx(known.failed, abs=1e-12)


@given(st.integers(1, 5), st.integers(1, 6), st.floats(0, 1), st.floats(0, 3))
def test_a_larger_budget_calls_more_and_fails_less(layers, attempts, failing, budget):
    tight, loose = (retries.layered(layers, attempts, failing, each) for each in (budget, 1.5 * budget))
    assert tight.calls <= loose.calls * (1 + 1e-12) and tight.failed >= loose.failed - 1e-12
    assert 1 <= tight.calls <= tight.worst_calls * (1 + 1e-12)
    assert tight.worst_calls <= (1 + budget) ** layers * (1 + 1e-12)


def test_layers_take_arrays():
    layers, failing = np.array([0, 1, 3]), np.array([0.2, 0.9, 1.0])
    each = [retries.layered(int(n), 3, float(p)).calls for n, p in zip(layers, failing, strict=True)]
    assert np.allclose(retries.layered(layers, 3, failing).calls, each)


def test_amplification_takes_arrays_and_refuses_parts_of_attempts():
    failing = np.array([0.0, 0.3, 1.0])
    each = [retries.amplification((3, 3), float(p)).mean_calls for p in failing]
    assert np.allclose(retries.amplification((3, 3), failing).mean_calls, each)
    with pytest.raises(InvalidInput, match="whole numbers"):
        retries.amplification((2.5,))


@given(st.floats(0, 0.99), st.floats(0, 0.9999))
def test_attempts_are_the_fewest(failing, goal):
    found = retries.attempts_for(failing, goal)
    assert failing**found.attempts <= (1 - goal) * (1 + 1e-9)
    assert found.attempts == 1 or failing ** (found.attempts - 1) > 1 - goal


@given(st.integers(1, 20), st.floats(0, 1), st.floats(0, 0.9))
def test_a_budget_caps_calls_and_never_helps_success(attempts, failing, share):
    first = retries.budget(attempts, failing, share)
    every = retries.budget(attempts, failing, share, "all requests")
    assert first.calls_with <= 1 + share + 1e-9
    assert every.calls_with * share >= every.calls_with - 1 - 1e-9  # retries over all requests
    for result in (first, every):
        assert result.calls_with <= result.calls_without + 1e-9
        assert result.failed_with >= result.failed_without - 1e-9
    if first.retries_allowed == 1:
        assert first.failed_with == pytest.approx(first.failed_without, abs=1e-9)


def test_throttling_settles_at_k_times_what_is_accepted():
    """The formula itself, run over a sliding window of requests, against its steady state."""
    generator = np.random.default_rng(4)
    requests, accepts, sent = 0.0, 0.0, []
    for _ in range(4000):  # each tick 1000 requests arrive and 300 can be accepted
        rejected = retries.client_throttle(requests, accepts, 2.0).rejected
        passed = generator.binomial(1000, 1 - rejected)
        requests, accepts = requests * 0.9 + 1000, accepts * 0.9 + min(passed, 300)
        sent.append(passed)
    steady = interval.interval_of(np.array(sent[1000:]).reshape(30, 100).mean(axis=1))
    model = retries.throttled_load(1000, 300).sent_per_s
    assert steady.low * 0.998 <= model <= steady.high * 1.002
    assert not steady.low * 0.998 <= 1.05 * model <= steady.high * 1.002
    with pytest.raises(InvalidInput, match="no more accepts"):
        retries.client_throttle(1, 2)


class Row:
    """The contended row, and the clients as generators that yield how long until they act again."""

    def __init__(self, clients, jitter, base, cap, seed):
        self.generator = np.random.default_rng(seed)
        self.version, self.calls, self.jitter, self.base, self.cap = 0, 0, jitter, base, cap
        tie = itertools.count()
        heap = []
        for client in (self.client() for _ in range(clients)):
            heapq.heappush(heap, (next(client), next(tie), client))
        self.end = 0.0
        while heap:
            self.end, _, client = heapq.heappop(heap)
            with contextlib.suppress(StopIteration):
                heapq.heappush(heap, (self.end + client.send(None), next(tie), client))

    def hop(self):
        return abs(self.generator.normal(10, 2))

    def client(self):
        sleep = self.base
        yield self.hop()
        for failures in itertools.count(1):
            seen = self.version
            yield self.hop()
            yield self.hop()
            self.calls += 1
            if seen == self.version:
                self.version += 1
                yield self.hop()
                return
            yield self.hop()
            top = min(self.cap, self.base * 2**failures)
            if self.jitter == "decorrelated":
                sleep = min(self.cap, self.generator.uniform(self.base, 3 * sleep))
            else:
                low, high = {"none": (0, 0), "exponential": (1, 1), "equal": (0.5, 1), "full": (0, 1)}[self.jitter]
                sleep = self.generator.uniform(low * top, high * top) if high > low else high * top
            yield sleep + self.hop()


@pytest.mark.parametrize("jitter", JITTERS)
def test_contention_agrees_with_the_mechanism_told_as_processes(jitter):
    rows = [Row(20, jitter, 5, 2000, seed) for seed in range(300)]
    calls = interval.interval_of(np.array([row.calls for row in rows]))
    time = interval.interval_of(np.array([row.end for row in rows]))
    model = backoff.contention(jitter, 20, relative_width=0.004, most_trials=2560)
    for ours, low, high, theirs in (
        (model.calls, model.calls_low, model.calls_high, calls),
        (model.time_ms, model.time_low_ms, model.time_high_ms, time),
    ):
        slack = 1.3 * math.hypot(theirs.high - theirs.mean, (high - low) / 2)
        assert abs(ours - theirs.mean) <= slack
    slack = 1.3 * math.hypot(calls.high - calls.mean, (model.calls_high - model.calls_low) / 2)
    assert abs(1.05 * model.calls - calls.mean) > slack


def test_one_client_writes_once_and_two_of_equal_speed_collide_forever_without_jitter():
    alone = backoff.contention("none", 1, hop_ms=10)
    assert (alone.calls, alone.time_ms) == (1, 40)
    pair = backoff.contention("full", 2, hop_ms="constant(10)")
    assert pair.calls > 2
    lockstep = backoff.contention("exponential", 2, hop_ms=10)
    assert lockstep.calls == 3 and lockstep.time_ms == 90  # the second finds the first gone after one backoff


def test_the_same_seed_gives_the_same_race_and_more_hops_do_not_change_it():
    assert backoff.contention("full", 50) == backoff.contention("full", 50)
    assert backoff.contention("full", 50, seed=2) != backoff.contention("full", 50)
    hops, draws = np.random.default_rng(1).exponential(1, 9000), np.random.default_rng(2).random(9000)
    whole = contention_kernel.race(9, 3, 1.0, 9.0, hops, draws)
    assert contention_kernel.race(9, 3, 1.0, 9.0, hops[: whole[2] + 1], draws)[:2] == whole[:2]
    assert contention_kernel.race(9, 3, 1.0, 9.0, hops[: whole[2] - 3], draws)[2] == -1
    assert contention_kernel.race.py_func(9, 3, 1.0, 9.0, hops, draws) == pytest.approx(whole)


@pytest.mark.parametrize("jitter", JITTERS)
def test_schedules_are_what_drawing_them_gives(jitter):
    plan = backoff.schedule(jitter, base_ms=10, cap_ms=500, retries=8)
    generator = np.random.default_rng(6)
    last = np.full(200_000, 10.0)
    for n in range(8):
        top = min(500, 10 * 2**n)
        drawn = {
            "none": lambda: np.zeros(1000),
            "exponential": lambda top=top: np.full(1000, float(top)),
            "equal": lambda top=top: top / 2 + generator.uniform(0, top / 2, 200_000),
            "full": lambda top=top: generator.uniform(0, top, 200_000),
            "decorrelated": lambda last=last: np.minimum(500, generator.uniform(10, 3 * last)),
        }[jitter]()
        last = drawn
        assert plan.mean_ms[n] == pytest.approx(drawn.mean(), rel=0.01)
        assert plan.least_ms[n] - 1e-9 <= drawn.min() and drawn.max() <= plan.most_ms[n] + 1e-9
    assert plan.total_mean_ms == pytest.approx(plan.mean_ms.sum())


def single_requests(arrivals, capacity, retries_, timeout, outage, horizon):
    """The loop request by request: evenly spaced arrivals, constant service, a queue that forgets nobody."""
    begin, end = horizon / 10, horizon / 10 + outage
    events = [(i / arrivals, 0) for i in range(int(horizon * arrivals))]
    heapq.heapify(events)
    free, good = 0.0, []
    while events:
        now, attempt = heapq.heappop(events)
        if now > horizon:
            break
        start = max(now, free)
        if begin <= start < end:
            start = end
        free = start + 1 / capacity
        if start - now > timeout:
            if attempt < retries_:
                heapq.heappush(events, (now + timeout, attempt + 1))
        else:
            good.append(now)
    return np.array(good)


@pytest.mark.parametrize("arrivals", [100, 140, 165, 250])
def test_the_fluid_follows_single_requests(arrivals):
    model = metastable.metastable_loop(arrivals, 300, 1, timeout_s=1, trigger_s=3, shown_s=120)
    good = single_requests(arrivals, 300, 1, 1, 3, 120)
    assert model.state == ("recovers" if arrivals < 150 else "stays down")
    if arrivals < 150:
        late = good[good > 15.2]
        assert model.recovery_s == pytest.approx(late[np.argmax(np.diff(late) < 2 / arrivals)] - 15, abs=1.5)
    ours = model.goodput_per_s[model.time_s > 110].mean()
    assert ours == pytest.approx((good > 110).sum() / 10, rel=0.02, abs=1e-9)


@given(st.floats(1, 1000), st.integers(0, 6), st.floats(0.3, 1.7))
def test_the_threshold_parts_recovery_from_staying_down(capacity, retries_, side):
    threshold = capacity / (1 + retries_)
    arrivals = min(threshold * side, capacity * 0.999)
    run = metastable.metastable_loop(arrivals, capacity, retries_, trigger_s=20, shown_s=200)
    assert run.vulnerable_above_per_s == pytest.approx(threshold)
    if abs(side - 1) > 0.02 and retries_ > 0:
        assert run.state == ("recovers" if side < 1 else "stays down")


def test_the_projected_recovery_is_what_a_longer_run_finds():
    short = metastable.metastable_loop(140, 300, 1, trigger_s=10, shown_s=40)
    long = metastable.metastable_loop(140, 300, 1, trigger_s=10, shown_s=400)
    assert short.state == long.state == "recovers"
    assert short.recovery_s > 40
    assert short.recovery_s == pytest.approx(long.recovery_s, rel=0.02)


def test_limits_are_said_in_words():
    with pytest.raises(BudgetSpent, match="show"):
        metastable.metastable_loop(1, 2, 1, timeout_s=0.01, shown_s=86_400)
    with pytest.raises(InvalidInput, match="trigger lasts"):
        metastable.metastable_loop(1, 2, 1, trigger_s=100, shown_s=60)
    with pytest.raises(InvalidInput, match="not under the base"):
        backoff.schedule("full", base_ms=100, cap_ms=1)
    assert metastable.metastable_loop(301, 300, 1).state == "is overloaded"
    assert metastable.metastable_loop(200, 300, 1, trigger_s=0.4).state == "does not notice"


EVERY = (*retries.MODELS, *backoff.MODELS, *metastable.MODELS)


@pytest.mark.parametrize(
    "model", [m.function for m in EVERY if m.name != "retries.contention"], ids=lambda f: f.__name__
)
def test_ends_of_the_ranges(model):
    if model.__name__ == "metastable_loop":  # BudgetSpent is an answer there
        with pytest.raises(BudgetSpent):
            metastable.metastable_loop(1, 1, 0, 0.01, 0, 0, 0, 86_400)
        for capacity, count, left in itertools.product((0.001, 1e7), (0, 20), (0, 1)):
            for arrivals in (0.001, 1e7):
                run = metastable.metastable_loop(arrivals, capacity, count, 600, 600, 3600, left, 86_400)
                assert np.isfinite(run.wait_s).all() and np.isfinite(run.recovery_s)
        return
    assert_finite_at_corners(model, most=400)


def test_contention_at_the_ends_of_its_ranges():
    for jitter in JITTERS:
        for clients, base, cap in ((1, 0.001, 1e7), (40, 0.001, 0.001), (40, 1e6, 1e7)):
            run = backoff.contention(jitter, clients, base, cap, most_trials=5)
            assert run.calls >= clients and math.isfinite(run.time_ms)


def test_sentences():
    assert_sentences(EVERY)


def test_all_races_together_have_a_bound():
    found = backoff.contention("full", 1000, relative_width=0.001, most_trials=10_000)
    assert found.trials * found.calls * 4 < 3 * backoff.MOST_HOPS_TOGETHER


def outages_played(attempts, fails, lasting, length, wait, factor, effect, count, generator):
    """Shares of requests that fail, take effect twice, and fail with an effect; the callee's state in events."""
    down = fails * lasting
    single = (fails - down) / (1 - down)
    state = generator.random(count) < down
    effects, open_, twice, pause = np.zeros(count, int), np.ones(count, bool), np.zeros(count, bool), wait
    for at in range(attempts):
        bad = state | (generator.random(count) < single)
        done = open_ & ~bad
        twice |= done & (effects > 0)
        open_ &= bad
        effects += open_ & (generator.random(count) < effect)
        if at < attempts - 1:
            left = np.full(count, pause)
            while (left > 0).any():  # alternate exponential times until the pause is over
                stay = generator.exponential(np.where(state, length, length * (1 - down) / down))
                state = np.where(stay < left, ~state, state)
                left = np.where(stay < left, left - stay, 0)
            pause *= factor
    twice |= open_ & (effects > 1)
    return open_.mean(), twice.mean(), (open_ & (effects > 0)).mean()


@pytest.mark.parametrize(
    ("attempts", "fails", "lasting", "length", "wait"),
    [(3, 0.2, 0.5, 5, 1), (4, 0.3, 0.9, 2, 3), (2, 0.3, 0.2, 100, 0.1), (1, 0.2, 0.5, 5, 1)],
)
def test_retries_over_outages_agree_with_ones_played(attempts, fails, lasting, length, wait):
    played = outages_played(attempts, fails, lasting, length, wait, 2, 0.4, 400_000, np.random.default_rng(2))
    found = rescued(attempts, fails, lasting, length, wait, 2, 1e6, 0.4)
    assert found.failed == pytest.approx(played[0], rel=0.03)
    assert found.twice_per_million == pytest.approx(1e6 * played[1], rel=0.03, abs=1e-9)
    assert found.unknown_per_million == pytest.approx(1e6 * played[2], rel=0.03)


@given(st.integers(1, 8), st.floats(0, 0.9))
def test_single_failures_fall_by_powers_and_outages_longer_than_all_waits_do_not(attempts, fails):
    assert rescued(attempts, fails, 0).failed == pytest.approx(fails**attempts, abs=1e-15)
    assert rescued(attempts, fails, 1, outage_s=1e7, longest_s=0.001).failed == pytest.approx(fails, rel=1e-3)
    assert rescued(attempts, fails, 0).calls == pytest.approx(sum(fails**n for n in range(attempts)))


@given(st.integers(1, 8), st.floats(0, 0.9), st.floats(0, 1), st.floats(0.1, 1e4), st.floats(0, 10), st.floats(0, 1))
def test_more_attempts_and_longer_waits_rescue_more(attempts, fails, lasting, length, wait, effect):
    here = rescued(attempts, fails, lasting, length, wait, 2, 1e6, effect)
    more = rescued(attempts + 1, fails, lasting, length, wait, 2, 1e6, effect)
    slower = rescued(attempts, fails, lasting, length, wait * 2, 2, 1e6, effect)
    assert more.failed <= here.failed + 1e-12 and slower.failed <= here.failed + 1e-12
    assert more.twice_per_million >= here.twice_per_million - 1e-6
    assert here.twice_per_million <= 1e6 and here.unknown_per_million <= here.failed_per_million + 1e-6
    lapse = np.array([wait, wait * 2])
    assert rescued(attempts, fails, lasting, length, lapse, 2, 1e6, effect).failed[1] == pytest.approx(slower.failed)


def test_attempts_that_vary_are_each_counted_to_their_own():
    several = rescued(np.array([1, 2, 5]), 0.3, 0.5, 10, 1)
    for at, attempts in enumerate((1, 2, 5)):
        alone = rescued(attempts, 0.3, 0.5, 10, 1)
        assert several.failed[at] == pytest.approx(alone.failed) and several.calls[at] == pytest.approx(alone.calls)
        assert several.longest_wait_s[at] == alone.longest_wait_s
    assert_finite_at_corners(rescued, 1000)
