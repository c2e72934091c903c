"""Slow consumers, resuming and memory: chains solved state by state, queues and absences played, sums counted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.models import push as model
from sysdesign.models.push import holding, resuming, slow
from sysdesign.probability.lognormal_sum import Z99
from tests.models.corners import assert_finite_at_corners, assert_sentences


def stationary(births, deaths):
    """Chances of the states of a birth-death chain, from its rates."""
    weights = np.concatenate([[0.0], np.cumsum(np.log(births) - np.log(deaths))])
    chances = np.exp(weights - weights.max())
    return chances / chances.sum()


@pytest.mark.parametrize(
    ("rate", "taken", "room"), [(50, 40, 10), (30, 40, 25), (40, 40, 8), (40.001, 40, 30), (900, 1, 3)]
)
def test_a_bounded_queue_solved_state_by_state(rate, taken, room):
    chances = stationary(np.full(room, rate), np.full(room, taken))
    said = model.slow_consumer(rate, taken, 100, 100 * room)
    waiting = chances @ np.arange(room + 1)
    assert said.dropped_share == pytest.approx(chances[-1], rel=1e-4)
    assert said.memory_bytes / 1000 / 100 == pytest.approx(waiting, rel=1e-3)
    assert said.age_s == pytest.approx(waiting / (rate * (1 - chances[-1])), rel=1e-3)


@pytest.mark.parametrize(
    ("rate", "taken", "keys"), [(50, 40, 20), (5, 40, 3), (400, 2, 50), (40, 40, 1), (2000, 1, 200)]
)
def test_a_queue_that_conflates_solved_state_by_state(rate, taken, keys):
    waiting = np.arange(keys)
    chances = stationary(rate * (keys - waiting) / keys, np.full(keys, float(taken)))
    said = model.slow_consumer(rate, taken, keys=keys)
    sent = taken * (1 - chances[0])
    assert said.skipped_share == pytest.approx(1 - sent / rate, rel=1e-6, abs=1e-9)
    held = chances @ np.arange(keys + 1)
    assert said.conflated_bytes / 1000 / 300 == pytest.approx(held, rel=1e-6)
    assert said.conflated_age_s == pytest.approx(held / sent, rel=1e-6)


def test_a_queue_that_conflates_played():
    generator, rate, taken, keys, messages = np.random.default_rng(1), 50.0, 30.0, 12, 60_000
    came = np.cumsum(generator.exponential(1 / rate, messages))
    about = generator.integers(keys, size=messages)
    waiting, skipped, free_at = {}, 0, 0.0
    for at, key in zip(came, about, strict=True):
        while waiting and free_at <= at:
            waiting.pop(next(iter(waiting)))
            free_at += generator.exponential(1 / taken)
        if not waiting:
            free_at = at + generator.exponential(1 / taken)
        skipped += key in waiting
        waiting[key] = at
    assert skipped / messages == pytest.approx(model.slow_consumer(rate, taken, keys=keys).skipped_share, rel=0.03)


@given(st.floats(0.01, 1e4), st.floats(0.01, 1e4), st.floats(1, 1e6), st.floats(1, 1e5))
def test_what_holds_of_any_slow_client(rate, taken, bound, keys):
    said = model.slow_consumer(rate, taken, 1, bound, keys=keys)
    larger = model.slow_consumer(rate, taken, 1, bound * 2, keys=keys)
    assert larger.dropped_share <= said.dropped_share + 1e-9
    assert said.dropped_share >= 1 - taken / rate - 1e-6
    assert said.age_s <= said.full_age_s * (1 + 1e-6)
    assert said.conflated_bytes <= 1000 * keys * (1 + 1e-9)


@pytest.mark.parametrize(("rate", "kept", "long"), [(10, 120, 0.2), (0.2, 30, 0.5), (0.01, 600, 0.05)])
def test_absences_drawn_one_by_one(rate, kept, long):
    generator, count = np.random.default_rng(2), 300_000
    away = 5 * np.exp(generator.normal(0, np.log(20) / Z99, count))
    slept = generator.random(count) < long
    away[slept] = 1800 * np.exp(generator.normal(0, np.log(30) / Z99, int(slept.sum())))
    missed = generator.poisson(rate * away)
    said = model.resume(rate, 300, kept, long_share=long)
    short = away <= kept
    assert said.snapshot_share == pytest.approx(np.mean(~short), rel=0.02)
    assert said.unmissed_share == pytest.approx(np.mean(missed == 0), rel=0.03, abs=0.001)
    assert said.replayed == pytest.approx(np.mean(missed * short), rel=0.03)
    assert said.sent_bytes == pytest.approx(np.mean(np.where(short, missed * 300, 50_000)), rel=0.03)


@settings(max_examples=25)
@given(st.floats(1e-3, 1e3), st.floats(0, 1e5), st.floats(0, 1), st.floats(0.001, 0.9))
def test_more_history_needs_fewer_snapshots(rate, kept, long, allowed):
    said = model.resume(rate, history_s=kept, long_share=long, allowed_share=allowed)
    more = model.resume(rate, history_s=2 * kept + 1, long_share=long)
    assert said.unmissed_share + said.replay_share + said.snapshot_share == pytest.approx(1)
    assert more.snapshot_share <= said.snapshot_share + 1e-12 and more.replayed >= said.replayed - 1e-9
    enough = model.resume(rate, history_s=min(said.needed_s * 1.001, 1e8), long_share=long)
    assert enough.snapshot_share <= allowed + 1e-6 or said.needed_s > 9e7


def test_without_spread_all_take_the_median():
    said = model.resume(2, 100, 10, 1, 5, 1, 0)
    assert (said.snapshot_share, said.replayed) == (0, 10) and said.unmissed_share == pytest.approx(np.exp(-10))
    assert model.resume(2, 100, 4, 1, 5, 1, 0).snapshot_share == 1


@given(st.floats(1, 1e7), st.integers(9, 15), st.integers(1, 9), st.floats(0, 1))
def test_windows_are_held_as_long_as_they_are_needed(connections, bits, level, busy):
    kept, brief, none = (
        model.memory(connections, compression=way, window_bits=bits, memory_level=level, busy_share=busy)
        for way in ("kept", "each message", "none")
    )
    windows = (4 << bits) + (512 << level) + (1 << bits) + holding.CODER_BYTES
    assert kept.each_bytes - none.each_bytes == windows
    assert brief.each_bytes - none.each_bytes == pytest.approx(busy * windows)
    assert none.coder_share == 0 and kept.servers >= none.servers
    assert kept.servers * kept.fitting >= connections * (1 - 1e-9) or kept.servers == 1


def test_corners_and_sentences():
    for each in (model.slow_consumer, model.resume, model.memory):
        assert_finite_at_corners(each, 150)
    assert_sentences((*slow.MODELS, *resuming.MODELS, *holding.MODELS))
