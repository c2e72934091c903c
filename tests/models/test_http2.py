"""Shared connections: packets lost and sent again one by one, frames written out, and what must hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import http2 as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


def played(calls, packets, loss, again, generator, answers=400_000):
    """Delays of answers on one ordered connection and of answers alone: copies are drawn for every packet."""
    sent = np.cumsum(generator.exponential(1 / calls, answers))
    copies = generator.geometric(1 - loss, (answers, packets)) - 1
    arrived = sent[:, None] + copies * again
    whole = arrived.max(axis=1)
    ordered = np.maximum.accumulate(whole)
    return ordered - sent, whole - sent


@pytest.mark.parametrize(
    ("calls", "packets", "loss"), [(500, 3, 0.001), (500, 3, 0.01), (50, 1, 0.02), (2000, 2, 0.005), (20, 10, 0.1)]
)
def test_packets_lost_one_by_one(calls, packets, loss):
    shared, alone = played(calls, packets, loss, 0.06, np.random.default_rng(1))
    said = model.blocking(calls, packets, loss, 50, 1.2)
    assert np.mean(shared > 1e-9) == pytest.approx(said.delayed_share, rel=0.04)
    assert np.mean(alone > 1e-9) == pytest.approx(said.own_share, rel=0.04)
    assert shared.mean() * 1000 == pytest.approx(said.mean_ms, rel=0.04)
    assert alone.mean() * 1000 == pytest.approx(said.own_mean_ms, rel=0.04)
    for share, ours in ((0.99, said.p99_ms), (0.999, said.p999_ms)):
        assert np.quantile(shared, share) * 1000 == pytest.approx(ours, abs=2.5)
    assert np.mean(alone > said.own_p99_ms / 1000 + 1e-9) <= 0.01 * 1.05


def test_several_connections_are_each_their_own():
    generator = np.random.default_rng(2)
    shared, _ = played(500 / 4, 3, 0.01, 0.06, generator)
    assert np.mean(shared > 1e-9) == pytest.approx(model.blocking(500, 3, 0.01, connections=4).delayed_share, rel=0.03)


@given(st.floats(0.1, 1e5), st.integers(1, 50), st.floats(0, 0.3), st.floats(0.1, 500), st.floats(1, 1000))
def test_more_connections_hold_up_less_and_never_less_than_alone(calls, packets, loss, trip, more):
    one, many = (model.blocking(calls, packets, loss, trip, connections=each) for each in (1, more))
    for wide, narrow in (
        (one.delayed_share, many.delayed_share),
        (one.mean_ms, many.mean_ms),
        (one.p99_ms, many.p99_ms),
    ):
        assert narrow <= wide * (1 + 1e-9) + 1e-12
    assert many.own_share <= many.delayed_share + 1e-12 and many.own_mean_ms <= many.mean_ms * (1 + 1e-9)
    assert one.own_p99_ms <= one.p99_ms + 1e-9 and one.p99_ms <= one.p999_ms + 1e-9


def test_rare_losses_hold_up_those_that_come_in_the_time_of_a_copy():
    said = model.blocking(500, 3, 1e-6, 50, 1.2)
    assert said.delayed_share == pytest.approx(3e-6 * (1 + 500 * 0.06), rel=1e-3)
    assert said.own_share == pytest.approx(3e-6, rel=1e-3)
    assert said.mean_ms == pytest.approx(3e-6 * 60 * (1 + 500 * 0.06 / 2), rel=1e-3)


def test_without_calls_beside_it_an_answer_has_its_own_losses_alone():
    said = model.blocking(0, 4, 0.02)
    assert said.delayed_share == pytest.approx(1 - 0.98**4) and said.mean_ms == pytest.approx(said.own_mean_ms)
    assert model.blocking(loss=0).delayed_share == 0 and model.blocking(loss=0).times_delayed == 1


def written(message, largest=16_384):
    """The frames of one message, as bytes."""
    rest, found = bytes(5) + bytes(message), b""
    while rest:
        part, rest = rest[:largest], rest[largest:]
        found += len(part).to_bytes(3, "big") + bytes(6) + part
    return found


@given(st.integers(0, 100_000), st.integers(0, 100_000), st.integers(0, 500))
def test_a_call_has_the_bytes_of_its_frames(request, answer, headers):
    said = model.call(request, answer, 200, headers)
    frames = 27 + headers + len(written(request)) + len(written(answer))
    assert (said.call_bytes, said.stream_bytes) == (frames, len(written(answer)))
    assert said.first_bytes == frames - headers + 200 and said.overhead_bytes == frames - request - answer


def test_arrays_are_taken_element_by_element():
    losses = np.array([0.0, 0.001, 0.1])
    many = model.blocking(loss=losses)
    assert many.p99_ms == pytest.approx([model.blocking(loss=each).p99_ms for each in losses])
    assert many.mean_ms == pytest.approx([model.blocking(loss=each).mean_ms for each in losses])


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_results_are_numbers_everywhere(each):
    assert_finite_at_corners(each.function)


def test_sentences():
    assert_sentences(model.MODELS)
