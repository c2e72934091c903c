"""`push.reconnect`."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import BudgetSpent
from sysdesign.models import push as model
from tests.models.corners import assert_sentences


def played(clients, rate, spread, backoff, cap, jitter, queue, generator):
    """Clients one by one: when 99% are back, and the attempts."""
    low = {"full": 0.0, "equal": 0.5, "none": 1.0}[jitter]
    events = [(float(at), 0) for at in generator.uniform(0, spread, clients)] if spread else [(0.0, 0)] * clients
    heapq.heapify(events)
    free_at, done, attempts = 0.0, [], 0
    while events:
        now, refusals = heapq.heappop(events)
        attempts += 1
        if max(free_at - now, 0.0) > queue:
            wait = min(backoff * 2.0**refusals, cap) * generator.uniform(low, 1.0)
            heapq.heappush(events, (now + wait, refusals + 1))
            continue
        free_at = max(free_at, now) + 1 / rate
        done.append(free_at)
    return float(np.quantile(done, 0.99)), attempts / clients


@pytest.mark.parametrize(
    ("clients", "rate", "spread", "backoff", "cap", "jitter", "queue"),
    [
        (20_000, 1000, 0, 1, 30, "full", 1), (20_000, 1000, 0, 1, 30, "equal", 1),
        (20_000, 1000, 0, 1, 30, "none", 1), (20_000, 1000, 10, 2, 60, "full", 0.5),
        (20_000, 4000, 0, 5, 5, "full", 1), (20_000, 2000, 3, 0.5, 8, "equal", 2),
    ],
)  # fmt: skip
def test_the_return_agrees_with_clients_played_one_by_one(clients, rate, spread, backoff, cap, jitter, queue):
    back, attempts = played(clients, rate, spread, backoff, cap, jitter, queue, np.random.default_rng(4))
    found = model.reconnect(clients, rate, spread, backoff, cap, jitter, queue)
    assert found.back_s == pytest.approx(back, rel=0.04)
    assert found.attempts_each == pytest.approx(attempts, rel=0.04)


def test_who_spreads_the_first_attempts_enough_is_never_refused():
    found = model.reconnect(100_000, 5_000, spread_s=40)
    assert (found.attempts_each, found.peak_per_s) == pytest.approx((1, 2_500), rel=1e-3)
    assert found.back_s == pytest.approx(0.99 * 40, rel=0.02)
    # A queue that holds everybody: the servers work without a pause from the first moment.
    roomy = model.reconnect(10_000, 1_000, queue_s=10)
    assert roomy.attempts_each == pytest.approx(1) and roomy.back_s == pytest.approx(9.9, rel=0.01)


@given(
    st.floats(100, 1e6), st.floats(10, 1e5), st.floats(0, 60), st.floats(0.5, 10), st.floats(1, 8),
    st.sampled_from(["full", "equal", "none"]), st.floats(0.2, 5),
)  # fmt: skip
def test_nobody_is_back_before_the_servers_can_and_more_servers_help(
    clients, rate, spread, backoff, more, jitter, queue
):
    rate = max(rate, clients / 300)
    given_ = (spread, backoff, backoff * more, jitter, queue)
    found = model.reconnect(clients, rate, *given_)
    assert found.back_s >= found.least_s * (1 - 1e-6) and found.attempts_each >= 0.999
    assert np.all(np.diff(found.connected) >= -1e-12) and found.connected[-1] <= 1 + 1e-9
    assert found.peak_per_s <= 1.001 * max(found.attempts_per_s.max(), clients * found.attempts_each)
    assert model.reconnect(clients, rate * 2, *given_).attempts_each <= found.attempts_each * 1.05


def test_no_end_is_an_error_and_sentences_are_finite():
    with pytest.raises(BudgetSpent, match="longer backoffs"):
        model.reconnect(1e9, 0.1)
    assert_sentences(model.MODELS)
