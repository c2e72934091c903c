from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import push as model
from tests.models.corners import assert_finite_at_corners, assert_sentences

STYLES = ("polling", "long polling", "event stream", "websocket", "device push", "webhook")


def long_polls_played(rate, trip, hold, horizon, generator):
    """Delays of updates and the number of requests, request by request."""
    comes = np.cumsum(generator.exponential(1 / rate, int(horizon * rate)))
    delays, at, now, requests = np.empty(comes.size), 0, 0.0, 0
    while at < comes.size:
        requests += 1  # reaches the server now
        answered = max(now, comes[at])
        if answered > now + hold:
            now = now + hold + trip
            continue
        while at < comes.size and comes[at] <= answered:
            delays[at] = answered + trip / 2 - comes[at]
            at += 1
        now = answered + trip
    return delays, requests / now


@pytest.mark.parametrize(("rate", "trip", "hold"), [(0.5, 0.3, 30), (4, 0.3, 30), (0.02, 0.3, 30), (1, 0.5, 1.0)])
def test_long_polling_agrees_with_one_played(rate, trip, hold):
    delays, requests = long_polls_played(rate, trip, hold, 400_000 / rate, np.random.default_rng(3))
    found = model.deliver("long polling", rate, trip, hold_s=hold, cut_every_s=1e9, headers_bytes=1000)
    assert found.mean_delay_s == pytest.approx(delays.mean(), rel=0.01)
    assert found.median_delay_s == pytest.approx(np.median(delays), rel=0.02)
    assert found.p99_delay_s == pytest.approx(np.quantile(delays, 0.99), rel=0.02)
    assert found.requests_per_s == pytest.approx(requests, rel=0.01)
    assert found.overhead_bytes_per_s == pytest.approx(1000 * requests, rel=0.01)


def test_long_polling_takes_from_one_to_three_transits():
    """Section 2.2 of RFC 6202: close to one transit on average, up to three."""
    seldom = model.deliver("long polling", 1e-4, 0.2, cut_every_s=1e9, hold_s=100)
    assert seldom.mean_delay_s == pytest.approx(0.1, rel=0.01)
    often = model.deliver("long polling", 1e5, 0.2, cut_every_s=1e9)
    assert often.p99_delay_s == pytest.approx(0.3, rel=0.01) and often.mean_delay_s == pytest.approx(0.2, rel=0.01)
    assert often.requests_per_s == pytest.approx(5, rel=0.01)  # one for each round trip, however many updates


@pytest.mark.parametrize(("beat", "pause", "every"), [(30, 1, 600), (5, 20, 200), (60, 0, 50)])
def test_silent_losses_agree_with_ones_played(beat, pause, every):
    generator, trip, count = np.random.default_rng(4), 0.2, 200_000
    up = generator.exponential(every, count)
    gaps = 2 * beat - generator.uniform(0, beat, count) + pause + 3 * trip  # died within a beat, noticed after two
    cycles = np.cumsum(up + gaps)
    comes = generator.uniform(0, cycles[-1], 400_000)
    cycle = np.searchsorted(cycles, comes)
    waits = np.where(cycles[cycle] - comes <= gaps[cycle], cycles[cycle] - comes, 0)
    found = model.deliver("event stream", 0.1, trip, heartbeat_s=beat, reconnect_s=pause, cut_every_s=every)
    assert found.mean_delay_s == pytest.approx(waits.mean() + trip / 2, rel=0.02)
    assert found.p99_delay_s == pytest.approx(np.quantile(waits, 0.99) + trip / 2, rel=0.02)
    assert found.unreachable_share == pytest.approx((waits > 0).mean(), rel=0.02)


def test_polls_wait_half_an_interval_or_for_the_answer_before():
    found = model.deliver("polling", 0.01, 0.1, interval_s=10, cut_every_s=1e9)
    assert (found.mean_delay_s, found.p99_delay_s) == (pytest.approx(5.05), pytest.approx(9.95))
    assert found.median_delay_s == pytest.approx(5.05)
    assert found.overhead_bytes_per_s == 50 and found.bytes_per_s == 53
    assert model.deliver("polling", 0.01, 2, interval_s=0.1, cut_every_s=1e9).mean_delay_s == pytest.approx(2)


def test_frames_grow_with_the_message_and_clients_mask_theirs():
    def extra(size, sends=0.0):
        found = model.deliver("websocket", 1, heartbeat_s=1e6, update_bytes=size, sends_per_s=sends)
        return round(found.overhead_bytes_per_s, 3)

    assert [extra(size) for size in (125, 126, 65535, 65536)] == [2, 4, 4, 10]
    assert extra(125, 1) == 8 and extra(126, 1) == 12
    beat = model.deliver("websocket", 0, heartbeat_s=1).overhead_bytes_per_s
    assert beat == 8  # a ping of 2 and its masked answer of 6


def test_a_device_asleep_waits_for_its_waking():
    found = model.deliver("device push", 0.01, 0.1, relay_s=0.5, asleep_share=0.4, wake_every_s=600)
    assert found.mean_delay_s == pytest.approx(0.05 + 0.5 + 0.4 * 300)
    assert found.p99_delay_s == pytest.approx(0.55 + 600 * (1 - 0.01 / 0.4))
    assert model.deliver("device push", asleep_share=0, round_trip_s=0.1).p99_delay_s == pytest.approx(0.05)


@given(st.sampled_from(STYLES), st.floats(1e-4, 100), st.floats(1e-3, 2), st.floats(1, 1000), st.floats(10, 1e7))
def test_farther_clients_and_shakier_lines_get_updates_later(style, rate, trip, pace, cut):
    def at(trip_s, cut_s):
        return model.deliver(style, rate, trip_s, pace, pace, pace, cut_s)

    here, far, shaky = at(trip, cut), at(trip * 1.2, cut), at(trip, cut / 2)
    for worse in (far, shaky):
        assert worse.mean_delay_s >= here.mean_delay_s * (1 - 1e-9)
        assert worse.p99_delay_s >= here.p99_delay_s * (1 - 1e-6)
    assert here.mean_delay_s >= trip / 2 and here.p99_delay_s >= trip / 2
    assert here.bytes_per_s >= here.overhead_bytes_per_s >= 0


def test_arrays_give_what_numbers_do():
    rates = np.array([0.001, 0.1, 30])
    for style in STYLES:
        together = model.deliver(style, rates, 0.2, cut_every_s=np.array([100, 1e4, 1e8]))
        for at, (rate, cut) in enumerate(zip(rates, (100, 1e4, 1e8), strict=True)):
            alone = model.deliver(style, float(rate), 0.2, cut_every_s=cut)
            assert together.p99_delay_s[at] == pytest.approx(alone.p99_delay_s)
            assert together.bytes_per_s[at] == pytest.approx(alone.bytes_per_s)


def holds(count, connections, room, messages, sent, shakes, wanted, gone):
    left = count - gone
    returning = gone * connections / count / (left * shakes)
    return connections / left <= room and messages / left <= sent and returning <= wanted


@given(
    st.floats(1e3, 1e7),
    st.floats(100, 1e6),
    st.floats(0, 1e6),
    st.floats(10, 1e5),
    st.floats(1, 5e3),
    st.integers(1, 5),
)
def test_one_server_fewer_would_not_hold_them(connections, room, messages, shakes, wanted, gone):
    found = model.fleet(connections, room, messages, 5000, shakes, wanted, 0, gone)
    given_ = (connections, room, messages, 5000, shakes, wanted, gone)
    assert holds(found.servers * (1 + 1e-9), *given_)
    assert found.servers == gone + 1 or not holds(found.servers - 1 - 1e-6, *given_)
    assert found.servers - 1 <= found.servers_exact <= found.servers + 1e-6 or found.servers == gone + 1


def test_the_return_ends_with_the_jitter_or_the_last_handshake():
    fast = model.fleet(1e6, 50_000, spread_s=300)
    assert fast.return_s == 300 and fast.handshake_share < 0.1
    slow = model.fleet(1e6, 500_000, 0, handshakes_per_s=50, back_s=1e5, spread_s=0)
    assert slow.return_s == pytest.approx(1e6 / 3 / (2 * 50)) and slow.handshake_share == 1
    assert slow.servers == 3 and slow.memory_share == 1


def test_corners_and_sentences():
    assert_finite_at_corners(model.deliver, 2000)
    assert_finite_at_corners(model.fleet)
    assert_sentences(model.MODELS)
