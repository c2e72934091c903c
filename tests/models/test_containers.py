"""Containers: quotas spent millisecond by millisecond, containers counted onto nodes, and bounds of packing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import containers as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


def played(quota, work, threads, period, step=0.01):
    """Each hundredth of a millisecond: threads run while the period's quota lasts."""
    now = left_quota = 0.0
    left, stopped, throttled = work, 0.0, set()
    tick = 0
    while left > 1e-9:
        now = tick * step
        if tick % round(period / step) == 0:
            left_quota = quota
        if left_quota > 1e-9:
            spent = min(threads * step, left_quota, left)
            left_quota, left = left_quota - spent, left - spent
        else:
            stopped += step
            throttled.add(int(now // period))
        tick += 1
    return tick * step, stopped, len(throttled)


@pytest.mark.parametrize(
    ("limit", "work", "threads", "period"),
    [(1, 200, 4, 100), (0.5, 50, 10, 100), (0.4, 200, 1, 100), (2, 37, 8, 20), (3, 500, 2, 100), (1.5, 333, 3, 50)],
)
def test_quotas_spent_step_by_step(limit, work, threads, period):
    time, stopped, throttled = played(limit * period, work, threads, period)
    said = model.throttle(limit, work, threads, period)
    assert time == pytest.approx(said.time_ms, abs=0.15) and stopped == pytest.approx(said.stopped_ms, abs=1)
    assert throttled == said.throttled_periods


@given(st.floats(0.05, 16), st.floats(1, 2000), st.integers(1, 64), st.sampled_from([10, 50, 100]))
def test_a_limit_never_speeds_up_and_never_gives_more_than_its_share(limit, work, threads, period):
    said = model.throttle(limit, work, threads, period)
    assert said.time_ms >= said.free_ms - 1e-9 and said.used_share <= 1 + 1e-9
    assert said.time_ms >= work / limit - (1 - limit / max(threads, limit)) * period - 1e-6
    assert model.throttle(2 * limit, work, threads, period).time_ms <= said.time_ms + 1e-6
    enough = model.throttle(max(said.limit_for_none, 0.01), work, threads, period)
    assert enough.stopped_ms == pytest.approx(0, abs=1e-6)


@given(
    st.floats(0.1, 12),
    st.floats(0.1, 50),
    st.integers(1, 500),
    st.integers(2, 64),
    st.integers(8, 256),
    st.integers(1, 110),
)
def test_containers_counted_onto_nodes_one_by_one(cpu, memory, pods, cores, space, most):
    free_cpu, free_memory, fits = cores - 0.5, space - 3.0, 0
    while (
        fits < most and (fits + 1) * cpu <= free_cpu + 1e-9 * cpu and (fits + 1) * memory <= free_memory + 1e-9 * memory
    ):
        fits += 1
    if fits == 0:
        with pytest.raises(InvalidInput, match="take a larger node"):
            model.packing(cpu, memory, pods, cores, space, most_pods=most)
        return
    said = model.packing(cpu, memory, pods, cores, space, most_pods=most)
    assert said.per_node == fits and said.nodes == math.ceil(pods / fits)
    assert said.stranded_cpu_share * cores == pytest.approx(free_cpu - fits * cpu, abs=1e-9)
    full = model.packing(cpu, memory, fits * 1000, cores, space, most_pods=most)
    assert full.cpu_share + full.stranded_cpu_share + 0.5 / cores == pytest.approx(1)
    assert full.memory_share + full.stranded_memory_share + 3 / space == pytest.approx(1)


def test_a_container_of_the_node_s_own_ratio_strands_nothing():
    ratio = model.packing().fitting_gb
    said = model.packing(15.5 / 10, 15.5 / 10 * ratio, 100)
    assert said.stranded_cpu_share == pytest.approx(0, abs=1e-9) and said.stranded_memory_share == pytest.approx(
        0, abs=1e-9
    )


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 300), st.floats(0, 2), st.sampled_from(["first fit", "fullest that fits", "emptiest that fits"]),
    st.integers(0, 1000),
)  # fmt: skip
def test_no_rule_goes_below_the_bound_nor_beyond_twice_of_it(pods, variation, rule, seed):
    said = model.packing_mixed(pods, variation=variation, rule=rule, trials=1, seed=seed)
    assert said.least_nodes <= said.nodes <= 4 * said.least_nodes + 1
    assert said.cpu_share <= 15.5 / 16 + 1e-9 and said.memory_share <= 61 / 64 + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400), st.floats(0.1, 2), st.integers(0, 1000))
def test_the_largest_first_is_within_eleven_ninths_for_one_resource(pods, variation, seed):
    said = model.packing_mixed(
        pods, 2, 0.01, variation, "first fit", "largest first", trials=1, seed=seed, most_pods=10_000
    )
    by_halves = said.least_nodes * 11 / 9 + 6 / 9
    assert said.nodes <= by_halves + 1 + pods / 16  # the bound is over the best packing, which the sums go below


def test_equal_containers_are_packed_as_they_are_counted():
    for cpu, memory in ((1, 3), (4, 3), (0.7, 9)):
        drawn = model.packing_mixed(200, cpu, memory, 0, "first fit", gone_share=0)
        assert drawn.nodes == model.packing(cpu, memory, 200).nodes
        assert drawn.cpu_share == pytest.approx(drawn.after_share) and drawn.emptied_share == 0


def test_what_goes_at_random_leaves_nodes_half_empty():
    said = model.packing_mixed(1000, variation=0, gone_share=0.5, trials=10)
    assert said.after_share == pytest.approx(said.cpu_share / 2, rel=0.03)  # with 15 a node, none empties
    few = model.packing_mixed(1000, pod_cpu=7, pod_memory_gb=10, variation=0, gone_share=0.5, trials=10)
    assert few.emptied_share == pytest.approx(0.25, abs=0.02)  # two a node: both gone in a quarter


def test_spreading_keeps_more_nodes_busy_than_filling():
    filled, spread = (
        model.packing_mixed(400, 0.5, 1, 1.5, rule=rule, gone_share=0.9, trials=10, seed=3).nodes
        for rule in ("fullest that fits", "emptiest that fits")
    )
    assert filled <= spread


def test_a_node_without_room_is_refused():
    with pytest.raises(InvalidInput, match="keep less"):
        model.packing_mixed(reserved_cpu=20)


def test_arrays_are_taken_element_by_element():
    works = np.array([10.0, 150.0, 400.0])
    many = model.throttle(1, works, 4).time_ms
    assert many == pytest.approx([model.throttle(1, each, 4).time_ms for each in works])


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_results_are_numbers_everywhere(each):
    assert_finite_at_corners(each.function, 60 if each.work else 2000)


def test_sentences():
    assert_sentences(model.MODELS)
