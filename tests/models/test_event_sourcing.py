"""Streams of events: races of appends played attempt by attempt, and what must hold of any stream."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from sysdesign.models import event_sourcing as model
from tests.models.corners import assert_finite_at_corners, assert_sentences

RATES = st.floats(0.01, 500)


def raced(rate, window, most, backoff, law, generator, commands=60_000):
    """Each attempt loads a version, and appends if it is still the last; losers come back after a random wait."""
    arrivals = np.cumsum(generator.exponential(1 / rate, commands))
    queue = [(at, number, 0, -1) for number, at in enumerate(arrivals)]
    heapq.heapify(queue)
    version = attempts = lost = refused = 0
    while queue:
        at, number, tried, loaded = heapq.heappop(queue)
        if loaded < 0:  # the load
            ends = at + (window if law == "constant" else generator.exponential(window))
            heapq.heappush(queue, (ends, number, tried, version))
            continue
        attempts += 1
        if loaded == version:
            version += 1
            continue
        lost += 1
        if tried + 1 == most:
            refused += 1
        else:
            heapq.heappush(queue, (at + generator.exponential(backoff), number, tried + 1, -1))
    return lost / attempts, attempts / commands, refused / commands, version / arrivals[-1]


@pytest.mark.parametrize("law", ["constant", "exponential"])
@pytest.mark.parametrize(("rate", "most"), [(2, 3), (20, 1), (50, 1), (30, 4), (80, 2)])
def test_races_played_attempt_by_attempt(rate, most, law):
    lost, attempts, refused, done = raced(rate, 0.02, most, 0.4, law, np.random.default_rng(5))
    said = model.conflict(rate, 0.02, most, 0.4, law)
    assert said.conflict_share == pytest.approx(lost, rel=0.03, abs=0.003)
    assert said.attempts == pytest.approx(attempts, rel=0.01)
    assert said.refused_share == pytest.approx(refused, rel=0.05, abs=0.002)
    assert said.done_per_s == pytest.approx(done, rel=0.02)


def test_losers_that_come_back_soon_do_not_lose_more():
    for backoff in (0.02, 0.001):
        lost, *_ = raced(25, 0.02, 5, backoff, "constant", np.random.default_rng(6))
        said = model.conflict(25, 0.02, 5, backoff)
        assert 0.8 * said.conflict_share < lost < 1.03 * said.conflict_share


@given(RATES, st.floats(1e-4, 1), st.integers(1, 50), st.sampled_from(["constant", "exponential"]))
def test_what_comes_is_done_or_refused(rate, window, most, law):
    said = model.conflict(rate, window, most, window=law)
    assert said.done_per_s == pytest.approx(rate * (1 - said.refused_share), rel=1e-6)
    assert said.attempts_per_s * (1 - said.conflict_share) == pytest.approx(said.done_per_s, rel=1e-6)
    assert 1 - 1e-9 <= said.attempts <= most + 1e-9
    if law == "constant":
        assert said.done_per_s <= said.serial_per_s * (1 + 1e-9)
        assert said.conflict_share <= rate * window + 1e-9  # the bound of rate and window
    more = model.conflict(rate * 1.1, window, most, window=law)
    assert more.conflict_share >= said.conflict_share - 1e-9


def test_limits_in_closed_form():
    once = model.conflict(50, 0.02, 1)
    assert once.conflict_share == pytest.approx(0.5) and once.done_per_s == pytest.approx(25)
    many = model.conflict(25, 0.02, 100)  # all succeed in the end: the share of losers is rate times window
    assert many.conflict_share == pytest.approx(0.5) and many.attempts == pytest.approx(2)
    rare = model.conflict(0.01, 0.01)
    assert rare.conflict_share == pytest.approx(1 - np.exp(-1e-4), rel=1e-3)


@pytest.mark.parametrize("within", [0.01, 1.0, 30.0])
def test_exponential_windows_by_their_integral(within):
    time, _ = quad(lambda t: np.exp(-within * (t - 1 + np.exp(-t))), 0, np.inf)
    assert model.conflict(within / 0.02, 0.02, 1, window="exponential").conflict_share == pytest.approx(
        1 - 1 / (within * time), abs=1e-9
    )


def streamed(events, every, way, replay, read, save, loads, generator):
    """A stream that grows event by event, loaded now and then: mean and longest load, time for each event."""
    times, spent = [], 0.0
    for version in range(events):
        for _ in range(generator.poisson(loads)):
            behind = version if version < every else version % every
            times.append(way + (read if version >= every else 0) + behind * replay)
            spent += behind * replay
        if (version + 1) % every == 0:
            spent += save
    return np.mean(times), np.max(times), spent / events


@pytest.mark.parametrize(("every", "loads"), [(1, 1.0), (10, 3.0), (64, 0.5), (500, 1.0)])
def test_streams_grown_event_by_event(every, loads):
    mean, longest, each = streamed(20_000, every, 0.002, 2e-5, 0.001, 0.01, loads, np.random.default_rng(4))
    said = model.load(20_000, every, loads_per_event=loads)
    assert said.load_s == pytest.approx(mean, rel=0.01) and said.longest_s == pytest.approx(longest, rel=0.01)
    assert said.event_s == pytest.approx(each, rel=0.03)
    *_, whole = streamed(2000, 10**9, 0.002, 2e-5, 0.001, 0.01, loads, np.random.default_rng(4))
    assert model.load(2000, loads_per_event=loads).plain_event_s == pytest.approx(whole, rel=0.05)


@given(st.floats(1e-6, 10), st.floats(1e-7, 0.1), st.floats(0.001, 1000), st.integers(1, 10**6))
def test_no_interval_beats_the_best(save, replay, loads, every):
    said = model.load(1e9, every, replay_s=replay, save_s=save, loads_per_event=loads)
    assert said.best_event_s <= said.event_s * (1 + 1e-9)
    assert said.best_every == pytest.approx(said.young, abs=1)
    twice = model.load(1e9, 2 * said.best_every, replay_s=replay, save_s=save, loads_per_event=loads)
    assert twice.event_s <= 1.25 * said.best_event_s + loads * replay  # the valley is flat


def test_lengths_and_intervals_that_end_in_time():
    said = model.load()
    assert said.bound_events == 2400 and said.even_events == pytest.approx(50)
    assert model.load(said.bound_events).plain_s == pytest.approx(0.05)
    assert model.load(1e6, said.bound_every).longest_s == pytest.approx(0.05)
    assert model.load(1e6, 100, stale_share=1).load_s == pytest.approx(0.003 + 20)
    assert model.load(50, 100).load_s == model.load(50, 100).longest_s == pytest.approx(0.003 + 50 * 2e-5)


def test_arrays_corners_and_sentences():
    rates = np.array([1, 20, 300])
    many = model.conflict(rates, 0.02).attempts
    assert many == pytest.approx([model.conflict(each, 0.02).attempts for each in rates])
    for each in model.MODELS:
        assert_finite_at_corners(each.function, 2000)
    assert_sentences(model.MODELS)
