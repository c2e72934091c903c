from __future__ import annotations

import heapq
import ipaddress
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import network as model
from sysdesign.models.declaration import Text
from tests.models.corners import assert_finite_at_corners, assert_sentences


def filled(prefix, nodes, pods, surge, zones, growth, reserved):
    """Years until the first zone has no address left, year by year in small steps."""
    usable = 2 ** (32 - prefix) - reserved
    for step in range(100_001):
        if nodes * (1 + growth) ** (step / 1000) / zones * (1 + pods) * (1 + surge) >= usable:
            return step / 1000
    return 100.0


@pytest.mark.parametrize(
    ("prefix", "nodes", "pods", "surge", "zones", "growth"),
    [(20, 60, 30, 0.25, 3, 0.4), (22, 30, 10, 0, 2, 1), (24, 300, 0, 0.5, 3, 0.1), (26, 2, 29, 0.1, 1, 0.05)],
)
def test_a_subnet_fills_as_counted_year_by_year(prefix, nodes, pods, surge, zones, growth):
    found = model.plan(16, prefix, zones, 3, nodes, pods, surge, growth)
    assert found.full_years == pytest.approx(filled(prefix, nodes, pods, surge, zones, growth, 5), abs=0.002)
    node = (1 + pods) * (1 + surge)
    assert found.nodes * node <= found.usable < (found.nodes + 1) * node
    assert found.pods_all == found.nodes * zones * pods


def test_subnets_are_those_of_the_standard_library():
    for prefix, part in itertools.product((16, 20, 24), (24, 26, 28)):
        listed = list(ipaddress.ip_network(f"10.0.0.0/{prefix}").subnets(new_prefix=part))
        found = model.plan(prefix, part, reserved=0)
        assert found.subnets == len(listed) and found.usable == listed[0].num_addresses
        assert found.spare_subnets == len(listed) - 9
    with pytest.raises(InvalidInput, match="give a subnet_prefix of 20 or more"):
        model.plan(20, 18)


@given(st.floats(0, 1e5), st.floats(0, 250), st.floats(0, 1), st.floats(0.01, 3), st.integers(16, 28))
def test_a_larger_load_fills_a_subnet_sooner(nodes, pods, surge, growth, prefix):
    here = model.plan(16, prefix, nodes=nodes, pods_each=pods, surge=surge, growth=growth)
    for worse in (
        model.plan(16, prefix, nodes=nodes * 1.1, pods_each=pods, surge=surge, growth=growth),
        model.plan(16, prefix, nodes=nodes, pods_each=pods * 1.1, surge=surge, growth=growth),
        model.plan(16, prefix, nodes=nodes, pods_each=pods, surge=surge, growth=growth * 1.1),
    ):
        assert worse.full_years <= here.full_years + 1e-9 and worse.nodes <= here.nodes


@pytest.mark.parametrize(
    ("networks", "prefix", "default"), [(20, 16, 0.0), (20, 16, 0.2), (5, 12, 0.5), (60, 20, 0.02)]
)
def test_unplanned_ranges_collide_as_drawn(networks, prefix, default):
    generator = np.random.default_rng(3)
    drawn = generator.integers(0, 2 ** (prefix - 8), (20_000, networks + 1))
    drawn[generator.random(drawn.shape) < default] = 0
    ordered = np.sort(drawn[:, :-1], axis=1)
    found = model.overlap(networks, prefix, 8, default)
    assert found.any_overlap == pytest.approx((ordered[:, 1:] == ordered[:, :-1]).any(axis=1).mean(), abs=0.01)
    assert found.next_overlaps == pytest.approx((drawn[:, :-1] == drawn[:, -1:]).any(axis=1).mean(), abs=0.01)
    equal = sum((drawn[:, i] == drawn[:, j]).mean() for i, j in itertools.combinations(range(networks), 2))
    assert found.pairs == pytest.approx(equal, rel=0.04)


def test_overlap_in_closed_form():
    assert model.overlap(23, 16, 8, 0).any_overlap == pytest.approx(1 - math.perm(256, 23) / 256**23)
    assert model.overlap(1, 16).any_overlap == 0 and model.overlap(257, 16, 8, 0).any_overlap == 1
    assert model.overlap(2, 16, 8, 1).any_overlap == 1 and model.overlap(1, 16, 8, 1).any_overlap == 0
    assert model.overlap(20, 16, 8, 0).pairs == pytest.approx(190 / 256)


@given(st.integers(1, 400), st.integers(9, 26), st.floats(0, 1))
def test_more_networks_and_a_shared_default_collide_more(networks, prefix, default):
    here = model.overlap(networks, prefix, 8, default)
    assert 0 <= here.any_overlap <= 1 and here.pairs >= 0
    assert model.overlap(networks + 1, prefix, 8, default).any_overlap >= here.any_overlap - 1e-9
    assert model.overlap(networks, prefix, 8, min(1, default + 0.1)).any_overlap >= here.any_overlap - 1e-9
    assert here.any_overlap <= here.pairs + 1e-9  # Markov


def test_ranges_overlap_where_an_address_is_in_both():
    generator = np.random.default_rng(4)
    for _ in range(100):
        lengths = generator.integers(24, 30, 6)
        starts = [int(generator.integers(0, 2 ** (length - 22))) << (32 - length) for length in map(int, lengths)]
        texts = [f"10.0.{start >> 8}.{start & 255}/{length}" for start, length in zip(starts, lengths, strict=True)]
        sets = [set(range(start, start + 2 ** (32 - int(n)))) for start, n in zip(starts, lengths, strict=True)]
        found = model.ranges(Text(", ".join(texts)))
        assert found.overlapping_pairs == sum(bool(a & b) for a, b in itertools.combinations(sets, 2))
        together = set.union(*sets)
        whole = int(found.one_route[0].split("/")[1])
        assert found.covered == pytest.approx(len(together) / 2 ** (32 - whole))
        assert found.routes <= len(texts) and found.addresses.sum() == sum(map(len, sets))


def test_ranges_in_words_and_what_is_refused():
    found = model.ranges(Text("10.20.0.0/16 10.21.0.0/16\n10.20.128.0/20"))
    assert found.routes == 1 and found.one_route == ("10.20.0.0/15",) and found.covered == 1
    assert found.overlaps == ("10.20.128.0/20", "none", "10.20.0.0/16") and found.usable[2] == 4091
    assert found.first[2] == "10.20.128.0" and found.last[2] == "10.20.143.255"
    assert model.ranges(Text("2001:db8::/48, 2001:db8:0:1::/64")).overlapping_pairs == 1
    for text, said in (
        ("10.20.1.0/16", "give 10.20.0.0/16"), ("10.20.0.0/40", "is no range"), ("", "0 ranges"),
        ("10.0.0.0/8 2001:db8::/48", "give them apart"), ("10.0.0.0/24 " * 2001, "2,001 ranges"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=said):
            model.ranges(Text(text))


def refused_as_played(rate, hold, ports, connections=400_000, seed=1):
    """Share of connections that find no port, one after the other."""
    generator = np.random.default_rng(seed)
    gaps, held = generator.exponential(1 / rate, connections), generator.exponential(hold, connections)
    now, busy, refused = 0.0, [], 0
    for at in range(connections):
        now += gaps[at]
        while busy and busy[0] <= now:
            heapq.heappop(busy)
        if len(busy) >= ports:
            refused += at >= connections // 10
        else:
            heapq.heappush(busy, now + held[at])
    return refused / (connections * 0.9)


@pytest.mark.parametrize(("rate", "machines"), [(66, 1), (72, 1), (60, 4)])
def test_ports_are_refused_as_played(rate, machines):
    found = model.nat_ports(rate, 1, 0, 1, 64, 1, machines)
    assert found.refused == pytest.approx(refused_as_played(rate / machines, 1, 64 // machines), rel=0.05)


def test_ports_in_closed_form():
    few = model.nat_ports(1000, 1, 60, 1, 55_000)
    assert few.needed == 61_000 and few.refused == pytest.approx(1 - 55_000 / 61_000, rel=0.01)
    assert few.most_per_s == pytest.approx(55_000 / 61) and model.nat_ports(500, 1, 60).refused == 0
    assert model.nat_ports(2000, 3600, 0, requests_each=36_000).needed == 200
    assert model.nat_ports(2000, busiest_share=0.1).needed == pytest.approx(12_200)


@given(st.floats(1, 5000), st.floats(0, 100), st.integers(1, 8), st.floats(0.01, 1), st.integers(1, 50))
def test_more_ports_refuse_less_and_dealing_them_out_more(rate, hold, addresses, share, machines):
    here = model.nat_ports(rate, hold, 60, addresses, 55_000, share)
    assert model.nat_ports(rate, hold, 60, addresses + 1, 55_000, share).refused <= here.refused + 1e-12
    assert model.nat_ports(rate * 1.1, hold, 60, addresses, 55_000, share).refused >= here.refused - 1e-12
    dealt = model.nat_ports(rate, hold, 60, addresses, 55_000, share, machines)
    assert dealt.refused >= here.refused - 1e-12 and 0 <= dealt.refused < 1


def last_byte_played(segments, trip, segment_ms, window, growth=2.0):
    """When the last segment arrives after the first: a sender that clocks segments out and counts windows."""
    clock, start, sent, allowed, count = 0.0, 0.0, 0, window, 0
    while sent < segments:
        if count >= allowed:  # the window is used up; its first acknowledgment is back a round trip after its start
            clock, start, count, allowed = max(clock, start + trip), max(clock, start + trip), 0, allowed * growth
        clock += segment_ms
        sent, count = sent + 1, count + 1
    return clock


@pytest.mark.parametrize("trip", [1, 20, 90, 300])
@pytest.mark.parametrize("kilobytes", [1, 14, 15, 60, 1000, 20_000])
@pytest.mark.parametrize("bandwidth", [5e6, 1e8, 1e9])
def test_the_last_byte_arrives_as_a_sender_clocks_it(trip, kilobytes, bandwidth):
    size = kilobytes * 1460
    found = model.first_byte(trip, "TCP", 0, 30, size, bandwidth)
    assert found.first_byte_ms == 2 * trip + 30
    played = last_byte_played(kilobytes, trip, 1460 * 8000 / bandwidth, 10)
    assert found.last_byte_ms - found.first_byte_ms == pytest.approx(played, rel=1e-6)


def test_handshakes_in_round_trips():
    firsts = {way: model.first_byte(100, way).first_byte_ms for way in model.round_trips.HANDSHAKES}
    assert firsts == {
        "kept connection": 100, "TCP": 200, "TLS 1.2": 400, "TLS 1.2 resumed": 300, "TLS 1.3": 300,
        "TLS 1.3 early data": 200, "QUIC": 200, "QUIC early data": 100,
    }  # fmt: skip
    near = model.first_byte(90, "TLS 1.3", near_ms=10)
    assert near.first_byte_ms == 3 * 10 + 90 and near.round_trips == 4


@pytest.mark.parametrize("loss", [0.001, 0.02, 0.1])
def test_handshakes_wait_for_lost_packets_as_drawn(loss):
    generator = np.random.default_rng(8)
    again = generator.random((1_000_000, 6)) < 1 - (1 - loss) ** 2
    failures = np.cumprod(again, axis=1)
    waited = (failures * 1000 * 2.0 ** np.arange(6)).sum(axis=1).mean()
    assert model.first_byte(90, "TLS 1.3", loss=loss).lost_ms == pytest.approx(2 * waited, rel=0.05)


@given(st.floats(0, 500), st.floats(1, 1e9), st.floats(1e5, 1e10), st.floats(1, 100), st.floats(0, 0.2))
def test_distance_size_and_loss_only_delay(trip, size, bandwidth, window, loss):
    def at(**changed):
        return model.first_byte(**{"round_trip_ms": trip, "way": "TLS 1.3", "response_bytes": size, "loss": loss,
                                   "bandwidth": bandwidth, "initial_window": window, **changed})  # fmt: skip

    here = at()
    assert here.last_byte_ms >= here.first_byte_ms and here.line_share <= 1
    for worse in (at(round_trip_ms=trip * 1.1 + 1), at(response_bytes=size * 1.1), at(loss=min(0.25, loss + 0.01)),
                  at(way="TLS 1.2"), at(bandwidth=bandwidth / 1.1)):  # fmt: skip
        assert worse.last_byte_ms >= here.last_byte_ms * (1 - 1e-9)
    assert at(initial_window=window * 1.2).last_byte_ms <= here.last_byte_ms * (1 + 1e-9)


def sawtooth(loss, round_trips=400_000):
    """Mean window of a sender that loses every 1/p-th packet, halves and adds one each round trip."""
    window, since, sent, rounds = 10.0, 0.0, 0.0, 0
    for _ in range(round_trips):
        since, sent, rounds = since + window, sent + window, rounds + 1
        if since >= 1 / loss:
            since, window = since - 1 / loss, window / 2
        else:
            window += 1
    return sent / rounds


@pytest.mark.parametrize("loss", [1e-3, 1e-4, 1e-5])
def test_loss_bounds_a_sawtooth(loss):
    found = model.throughput(1e12, 100, 1e12, loss)
    assert found.window_packets == pytest.approx(sawtooth(loss), rel=0.05)
    assert found.throughput == pytest.approx(found.window_packets * 1460 * 8 / 0.1)


def test_each_bound_alone():
    assert model.throughput(1e9, 90, 65_536, 0).throughput == pytest.approx(65_536 * 8 / 0.09)
    assert model.throughput(1e9, 90, 1e12, 0).throughput == 1e9
    assert model.throughput(1e9, 90).in_flight_bytes == pytest.approx(11.25e6)
    far, close = model.throughput(1e12, 90, 1e12, 1e-4), model.throughput(1e12, 1, 1e12, 1e-4)
    assert close.throughput == pytest.approx(90 * far.throughput)
    at_bound = model.throughput(1e9, 90, 1e12, far.loss_for_line)
    exact = model.throughput(1e9, 90, 1e12, at_bound.loss_for_line)
    assert exact.throughput == pytest.approx(1e9) and exact.connections == pytest.approx(1)


@given(st.floats(1e5, 1e11), st.floats(0.1, 1000), st.floats(1000, 1e9), st.floats(0, 0.1))
def test_throughput_is_the_least_bound(bandwidth, trip, window, loss):
    found = model.throughput(bandwidth, trip, window, loss)
    assert found.throughput == pytest.approx(min(found.line, found.by_window, found.by_loss))
    assert model.throughput(bandwidth, trip * 1.1, window, loss).throughput <= found.throughput * (1 + 1e-9)
    assert model.throughput(bandwidth, trip, window, min(0.1, loss * 1.1)).throughput <= found.throughput * (1 + 1e-9)


def test_arrays_corners_and_sentences():
    trips = np.array([1, 20, 200])
    assert model.first_byte(trips).last_byte_ms[1] == pytest.approx(model.first_byte(20).last_byte_ms)
    assert model.nat_ports(np.array([10, 900, 2000])).refused[2] == pytest.approx(model.nat_ports(2000).refused)
    assert model.plan(16, np.array([20, 22])).usable.tolist() == [4091, 1019]
    for function in (model.plan, model.overlap, model.nat_ports, model.first_byte, model.throughput):
        assert_finite_at_corners(function, 2000)
    assert_sentences(model.MODELS)
