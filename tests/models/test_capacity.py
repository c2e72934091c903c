"""The fullest node against requests counted one by one and arcs drawn, limits against loads drawn."""

from dataclasses import fields
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import capacity, hashing, storage_engine
from tests.models.agreement import agrees_with_power
from tests.models.corners import assert_finite_at_corners, assert_sentences

NODE = {"node_reads_per_s": 40_000.0, "node_writes_per_s": 10_000.0}
PLACEMENTS = ("random", "even", "balanced")


@given(st.floats(0, 1e6), st.floats(0, 1e5), st.floats(0, 5), st.floats(0, 5), st.floats(1, 3), st.floats(1, 3))
def test_one_node_adds_its_requests_and_is_full_of_what_it_has_least_of(
    reads, writes, disk, memory, growth, data_growth
):
    found = capacity.fullest_node(
        reads, writes, **NODE, data_bytes=disk * 16e12, hot_bytes=memory * 64e9, growth=growth, data_growth=data_growth
    )
    requests = reads / 40_000 + writes / 10_000
    assert found.utilization == found.mean_utilization == pytest.approx(max(requests, disk, memory))
    assert found.in_a_year == pytest.approx(max(requests * growth, disk * data_growth, memory * data_growth))
    shares = {"requests": found.requests_share, "disk": found.disk_share, "memory": found.memory_share}
    assert found.binding == "requests" or shares[found.binding] == pytest.approx(found.utilization)


def counted(generator, requests, nodes, copies, reads, keyless, hottest):
    """Work at each copy of each node, in node-seconds: requests go one by one to their key's node, or to all."""
    work = np.zeros((nodes, copies))
    read = generator.random(requests) < reads
    hot = generator.random(requests) < hottest
    place = np.where(hot, 0, generator.integers(1, nodes, requests))  # the hottest key has a node of its own
    asked = generator.random(requests) < keyless
    copy = generator.integers(0, copies, requests)
    single = read & ~asked
    np.add.at(work, (place[single], copy[single]), 1 / 40_000)
    for at in copy[read & asked]:
        work[:, at] += 1 / 40_000
    np.add.at(work, place[~read], 1 / 10_000)
    return work


@pytest.mark.parametrize(("copies", "keyless", "hottest"), [(1, 0.0, 0.3), (3, 0.02, 0.2), (2, 0.1, 0.15)])
def test_the_fullest_node_agrees_with_requests_counted_one_by_one(copies, keyless, hottest):
    generator = np.random.default_rng(5)
    runs = [counted(generator, 20_000, 12, copies, 0.8, keyless, hottest).max(axis=1)[0] for _ in range(30)]
    found = capacity.fullest_node(
        16_000, 4000, **NODE, partitions=12, copies=copies, placement="balanced", hottest_share=hottest,
        keyless_share=keyless,
    )  # fmt: skip
    mean = np.array([run * copies for run in runs]) / copies
    assert abs(found.requests_share - mean.mean()) < 0.03 * found.requests_share


@pytest.mark.parametrize(("nodes", "points"), [(10, 16), (20, 8), (20, 128), (200, 32)])
def test_random_placement_agrees_with_arcs_drawn(nodes, points):
    arcs = np.random.default_rng(2).dirichlet(np.full(nodes, points), 4000).max(axis=1)
    found = capacity.fullest_node(40_000 * nodes / 2, 0, **NODE, partitions=nodes, parts_per_node=points)
    assert found.utilization == pytest.approx(np.median(arcs) * nodes / 2, rel=0.02)
    assert found.utilization == pytest.approx(hashing.ring(nodes, points).largest / 2, rel=0.01)
    assert found.mean_utilization == pytest.approx(0.5)


@given(st.floats(0, 1), st.integers(2, 1000))
def test_a_key_brings_its_node_what_hashing_and_a_managed_store_say(share, nodes):
    found = capacity.fullest_node(4e5, 0, **NODE, partitions=nodes, placement="even", parts_per_node=1e6,
                                  hottest_share=share)  # fmt: skip
    assert found.utilization == pytest.approx(10 * (share + (1 - share) / nodes), rel=1e-5)
    own = capacity.nodes_needed(10_000, 5000, 3000, 1000, hottest_share=share, placement="balanced")
    assert own.indivisible == pytest.approx(storage_engine.hot_partition(10_000, 5000, share).load)


loads = st.fixed_dictionaries({
    "reads_per_s": st.floats(0, 1e6), "writes_per_s": st.floats(0, 1e5), "copies": st.integers(1, 5),
    "placement": st.sampled_from(PLACEMENTS), "parts_per_node": st.integers(4, 256),
    "hottest_share": st.floats(0, 0.05), "largest_share": st.floats(0, 0.05), "keyless_share": st.floats(0, 0.05),
    "data_bytes": st.floats(0, 1e15), "busy_share": st.floats(0, 0.2),
})  # fmt: skip


@given(loads)
def test_as_many_nodes_as_are_needed_suffice_and_fewer_do_not(load):
    needed = capacity.nodes_needed(**NODE, **load)
    if needed.partitions == 0:
        assert needed.indivisible >= 0.6 * 0.999
        return
    assume(needed.partitions <= 1e6)
    assert needed.nodes == needed.partitions * load["copies"]
    assert capacity.fullest_node(**NODE, **load, partitions=needed.partitions).utilization <= 0.6 * (1 + 1e-9)
    fewer = needed.partitions * 0.97 - 1  # spreads are taken a little wide
    if fewer >= 1:
        assert capacity.fullest_node(**NODE, **load, partitions=fewer).utilization > 0.6


@given(loads, st.integers(1, 100))
def test_as_many_copies_as_are_needed_suffice_and_fewer_do_not(load, partitions):
    load = load | {"partitions": partitions}
    copies = int(capacity.nodes_needed(**NODE, **load).copies)
    shares = [
        capacity.fullest_node(**NODE, **load | {"copies": each}).requests_share
        for each in (copies or 10_000, max(copies - 1, 1))
    ]
    if copies == 0:
        assert shares[0] >= 0.6 * (1 - 1e-9)
    else:
        assert shares[0] <= 0.6 * (1 + 1e-9) and (copies == 1 or shares[1] > 0.6 * (1 - 1e-9))


@given(loads, st.integers(1, 100))
def test_more_load_is_never_less_and_more_nodes_never_more(load, partitions):
    here = capacity.fullest_node(**NODE, **load, partitions=partitions)
    for name in ("reads_per_s", "writes_per_s", "hottest_share", "largest_share", "data_bytes", "busy_share"):
        more = capacity.fullest_node(**NODE, **load | {name: load[name] * 1.1}, partitions=partitions)
        assert more.utilization >= here.utilization * (1 - 1e-12)
    wider = capacity.fullest_node(**NODE, **load, partitions=partitions + 1)
    assert wider.utilization <= here.utilization * (1 + 1e-12)
    added = capacity.with_nodes_added(**NODE, **load, partitions=partitions)
    floor = capacity.nodes_needed(**NODE, **load).indivisible
    assert floor <= added.utilization * (1 + 1e-9) and added.utilization <= here.utilization * (1 + 1e-9)
    assert added.in_a_year == pytest.approx(
        capacity.with_nodes_added(**NODE, **grown(load), partitions=partitions).utilization
    )


def grown(load):
    return load | {name: load[name] * 1.5 for name in ("reads_per_s", "writes_per_s", "data_bytes", "busy_share")}


@given(loads)
def test_without_large_keys_added_nodes_reach_the_target(load):
    alike = load | {"hottest_share": 0, "largest_share": 0, "keyless_share": 0}
    assert capacity.with_nodes_added(**NODE, **alike).utilization <= 0.6 * (1 + 1e-9)


@given(loads, st.floats(1.05, 4), st.floats(1.05, 4))
def test_what_it_says_of_time_and_room_holds(load, growth, data_growth):
    found = capacity.fullest_node(**NODE, **load, partitions=50, growth=growth, data_growth=data_growth)
    if 0 < found.months_left < 60:
        later = capacity.fullest_node(
            **NODE, **load, partitions=50, growth=growth ** (found.months_left / 12),
            data_growth=data_growth ** (found.months_left / 12),
        ).in_a_year  # fmt: skip
        assert later == pytest.approx(1)
    assert (found.utilization >= 1) == (found.months_left == 0)
    asked = load["reads_per_s"] + load["writes_per_s"]
    if asked > 1:
        times = found.fits_per_s / asked
        full = load | {"reads_per_s": load["reads_per_s"] * times, "writes_per_s": load["writes_per_s"] * times}
        assert capacity.fullest_node(**NODE, **full, partitions=50).requests_share == pytest.approx(0.6)
    stored = capacity.fullest_node(**NODE, **load | {"data_bytes": min(found.fits_bytes, 1e21)}, partitions=50)
    assert stored.disk_share == pytest.approx(0.6)


def test_the_measures_of_one_store_told_in_full():
    # 300,000 reads and 50,000 writes over 20 partitions of 2 copies: each copy takes (50/10 + 300/40/2) / 20 nodes.
    found = capacity.fullest_node(
        300_000, 50_000, **NODE, partitions=20, copies=2, placement="balanced", data_bytes=64e13
    )
    assert found.requests_share == pytest.approx(8.75 / 20)
    assert (found.disk_share, found.binding) == (pytest.approx(2), "disk")
    assert found.months_left == 0 and found.fits_bytes == pytest.approx(0.6 * 16e12 * 20)


@pytest.mark.parametrize(("load", "deviation"), [(0.6, 0.3), (1.0, 0.3), (1.5, 0.8)])
def test_what_passes_a_limit_agrees_with_loads_drawn(load, deviation):
    sigma = np.sqrt(np.log1p(deviation**2))
    drawn = np.random.default_rng(3).lognormal(np.log(load * 1000) - sigma**2 / 2, sigma, 400_000)
    found = capacity.let_through(load * 5000, 1000, nodes=6, failed=1, variation=deviation, growth=1)
    assert agrees_with_power(found.passed_per_s, 5 * np.minimum(drawn, 1000))
    assert agrees_with_power(found.full, (drawn > 1000).astype(float))
    assert found.busy_p99 == pytest.approx(np.quantile(drawn, 0.99) / 1000, rel=0.02)
    assert found.refused_in_a_year == pytest.approx(found.refused) == pytest.approx(1 - found.utilization / load)


@given(st.floats(0.01, 100), st.floats(0.001, 3), st.integers(1, 50))
def test_less_passes_than_the_smaller_of_load_and_limit(load, deviation, nodes):
    found = capacity.let_through(load * nodes, 1, nodes=nodes, variation=deviation)
    steady = capacity.let_through(load * nodes, 1, nodes=nodes, variation=0)
    assert found.passed_per_s <= steady.passed_per_s * (1 + 1e-9) <= nodes * min(load, 1) * (1 + 2e-9)
    assert steady.passed_per_s == pytest.approx(nodes * min(load, 1))
    enough = capacity.let_through(load * nodes, 1, nodes=found.nodes_needed, variation=deviation)
    assert enough.full <= 0.01 * (1 + 1e-9)


def test_capacity_takes_arrays_and_refuses_what_is_out_of_range():
    each = product((0.0, 5e5), (1.0, 30.0), PLACEMENTS)
    for reads, partitions, placement in each:
        given = {"writes_per_s": 2000, **NODE, "partitions": partitions, "placement": placement, "hottest_share": 0.02}
        for model in (capacity.fullest_node, capacity.nodes_needed, capacity.with_nodes_added):
            together = model(np.array([reads, 1e4]), **given)
            alone = model(reads, **given)
            told = {each.name for each in fields(alone)} - {"binding", "months_left"}
            assert all(getattr(together, name)[0] == getattr(alone, name) for name in told)
    assert capacity.fullest_node(np.array([reads, 1e4]), **given).months_left.size == 0
    with pytest.raises(InvalidInput, match="partitions is 0"):
        capacity.fullest_node(1, 1, **NODE, partitions=0)
    with pytest.raises(InvalidInput, match="nothing passes"):
        capacity.let_through(1, 1, nodes=2, failed=2)


def test_capacity_is_finite_at_its_corners():
    for model in (capacity.fullest_node, capacity.nodes_needed, capacity.with_nodes_added, capacity.let_through):
        assert_finite_at_corners(model, most=3000)
    assert_sentences(capacity.MODELS)
