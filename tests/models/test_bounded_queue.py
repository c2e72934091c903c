"""A bounded line: Erlang's loss system and the unbounded queue as its ends, and a plain simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import queueing
from sysdesign.models.queueing import bounded as bounded_queue
from sysdesign.models.queueing import sizing
from sysdesign.probability import interval
from tests.models.corners import assert_finite_at_corners, assert_sentences


@given(st.floats(0.01, 200), st.integers(1, 60))
def test_without_waiting_places_it_is_erlangs_loss_system(load, servers):
    state = bounded_queue.mmck(load, 1, servers, servers)
    assert state.refused == pytest.approx(sizing.erlang_b(load, servers).blocked, rel=1e-9)
    assert state.mean_wait_s == pytest.approx(0, abs=1e-12) and state.mean_time_s == pytest.approx(1)


@given(st.floats(0.01, 0.9), st.integers(1, 40))
def test_with_very_many_places_it_is_the_unbounded_queue(load, servers):
    state = bounded_queue.mmck(load * servers, 1, servers, servers + 600)
    open_ended = queueing.mmc(load * servers, 1, servers)
    assert state.mean_wait_s == pytest.approx(open_ended.mean_wait_s, rel=1e-9, abs=1e-14)
    assert state.wait_probability == pytest.approx(open_ended.wait_probability, rel=1e-9, abs=1e-14)


@given(st.floats(0.01, 50), st.integers(1, 10), st.integers(0, 100))
def test_what_comes_is_done_or_refused_and_a_place_more_refuses_less(arrivals, servers, room):
    state = bounded_queue.mmck(arrivals, 1, servers, servers + room)
    assert state.throughput_per_s == pytest.approx(arrivals * (1 - state.refused), rel=1e-9)
    assert state.mean_in_system == pytest.approx(state.throughput_per_s * state.mean_time_s, rel=1e-9)
    assert bounded_queue.mmck(arrivals, 1, servers, servers + room + 1).refused <= state.refused * (1 + 1e-12)


def test_a_plain_simulation_refuses_and_waits_alike():
    generator = np.random.default_rng(3)
    refused, waits = [], []
    for _ in range(40):
        now, leaving, lost, waited = 0.0, [], 0, []
        for gap, service in zip(generator.exponential(1 / 3.3, 6000), generator.exponential(1, 6000), strict=True):
            now += gap
            leaving = sorted(leave for leave in leaving if leave > now)
            if len(leaving) == 8:
                lost += 1
                continue
            start = now if len(leaving) < 3 else leaving[len(leaving) - 3]
            waited.append(start - now)
            leaving.append(start + service)
        refused.append(lost / 6000)
        waits.append(np.mean(waited))
    model = bounded_queue.mmck(3.3, 1, 3, 8)
    for found, claim in ((refused, model.refused), (waits, model.mean_wait_s)):
        seen = interval.interval_of(np.array(found))
        assert seen.low <= claim <= seen.high
        assert not seen.low <= 1.05 * claim <= seen.high


def test_fewer_places_than_servers_are_refused():
    with pytest.raises(InvalidInput, match="as many places as servers"):
        bounded_queue.mmck(1, 1, 5, 4)


def test_ends_of_the_ranges():
    assert_finite_at_corners(bounded_queue.mmck)


def test_sentences():
    assert_sentences(bounded_queue.MODELS)


def test_every_figure_by_the_balance_of_neighboring_states():
    """Two servers, five places: what leaves a state upward comes back from the next."""
    load, rate, weights = 1.5, 4.0, [1.0]
    for number in range(1, 6):
        weights.append(weights[-1] * load / min(number, 2))
    share = np.array(weights) / sum(weights)
    found = bounded_queue.mmck(load * rate, rate, 2, 5)
    waiting = float(share @ np.maximum(np.arange(6) - 2, 0))
    done = load * rate * (1 - share[-1])
    assert (found.refused, found.throughput_per_s) == pytest.approx((share[-1], done))
    assert (found.utilization, found.empty_probability) == pytest.approx((done / rate / 2, share[0]))
    assert found.wait_probability == pytest.approx(share[2:5].sum() / share[:5].sum())
    assert (found.mean_in_queue, found.mean_in_system) == pytest.approx((waiting, float(share @ np.arange(6))))
    assert (found.mean_wait_s, found.mean_time_s) == pytest.approx((waiting / done, waiting / done + 1 / rate))
    assert found.longest_mean_wait_s == pytest.approx(3 / 8)  # three leave, eight a second
    assert found.number.tolist() == [0, 1, 2, 3, 4, 5] and found.share == pytest.approx(share)
    assert bounded_queue.mmck(10, 1, 3, 900).number.size == 201


@given(
    st.lists(st.tuples(st.floats(0.001, 40), st.integers(1, 400), st.integers(0, 2000)), min_size=1, max_size=6),
    st.sampled_from([1.0, 1 + 1e-9, 0.25]),
)
def test_arrays_tell_what_the_balance_of_each_state_tells(queues, loads):
    """Near full load the sums of the closed form cancel; far above it they overflow unless kept as logarithms."""
    servers, room = np.array([each[1] for each in queues], float), np.array([each[2] for each in queues], float)
    arrivals = servers * np.array([each[0] if loads == 0.25 else loads for each in queues])
    found = bounded_queue.mmck(arrivals, np.ones(len(queues)), servers, servers + room)
    for at, (_, count, more) in enumerate(queues):
        number = np.arange(1, count + more + 1)
        logs = np.concatenate(([0.0], np.cumsum(np.log(arrivals[at] / np.minimum(number, count)))))
        share = np.exp(logs - logs.max())
        share /= share.sum()
        waiting = float(np.maximum(np.arange(count + more + 1) - count, 0) @ share)
        done = float(np.minimum(np.arange(count + more + 1), count) @ share)
        assert found.refused[at] == pytest.approx(share[-1], rel=1e-8, abs=1e-250)
        assert found.throughput_per_s[at] == pytest.approx(done, rel=1e-8)
        assert found.mean_wait_s[at] == pytest.approx(waiting / done, rel=1e-8, abs=1e-250)
