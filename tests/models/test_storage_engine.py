"""Storage engines: trees and merges counted page by page, vendor's examples, drawn filters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import storage_engine as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


def merged_bytes(policy, fanout, levels, rounds):
    """Buffers written for each buffer put, while the levels fill once, by merging whole runs."""
    runs = [[] for _ in range(levels)]
    written = 0
    for _ in range(rounds):
        carry = 1
        for level in range(levels):
            one_run = policy == "leveled" or (policy == "lazy" and level == levels - 1)
            if one_run and runs[level]:
                carry += runs[level].pop()
            runs[level].append(carry)
            written += carry
            if sum(runs[level]) < fanout ** (level + 1) or level == levels - 1:
                break
            carry = sum(runs[level])
            runs[level] = []
    return written / rounds


@pytest.mark.parametrize("policy", ["leveled", "tiered", "lazy"])
@pytest.mark.parametrize("fanout,levels", [(4, 3), (10, 2), (3, 4)])
def test_filling_write_amplification_agrees_with_counted_merges(policy, fanout, levels):
    rounds = fanout**levels
    counted = merged_bytes(policy, fanout, levels, rounds)
    data = sum(fanout**level for level in range(1, levels + 1)) * 1e6 * 0.999
    found = model.lsm(data, policy, fanout, 1e6)
    assert found.levels == levels
    assert found.write_amplification_filling == pytest.approx(counted, rel=1e-9)
    assert found.write_amplification >= found.write_amplification_filling


@given(st.floats(2, 50), st.floats(1, 1e6))
def test_levels_are_the_fewest_that_hold_the_data(fanout, multiple):
    found = model.lsm(multiple * 1e6, "leveled", fanout, 1e6)

    def holds(levels):
        return sum(fanout**level for level in range(1, int(levels) + 1))

    assert holds(found.levels) >= multiple * (1 - 1e-6)
    assert found.levels == 1 or holds(found.levels - 1) < multiple * (1 + 1e-6)


@given(st.floats(1e9, 1e15), st.integers(2, 30))
def test_policies_trade_writes_for_reads(data, fanout):
    leveled, tiered, lazy = (model.lsm(data, policy, fanout) for policy in ("leveled", "tiered", "lazy"))
    assert tiered.write_amplification <= lazy.write_amplification <= leveled.write_amplification + 1e-9
    assert leveled.absent_reads <= lazy.absent_reads <= tiered.absent_reads
    assert leveled.space_amplification <= lazy.space_amplification + 1e-12 <= tiered.space_amplification + 1e-9
    # Tiering on two to a level is leveling but for the second run.
    assert model.lsm(data, "tiered", fanout, bits_per_key=0).absent_reads == tiered.runs


def test_leveled_space_is_the_sum_of_the_upper_levels():
    found = model.lsm(1.11e12, "leveled", 10, 1e8)
    assert found.space_amplification == pytest.approx(1 + sum(10.0**-back for back in range(1, int(found.levels))))
    assert found.space_amplification == pytest.approx(1.11, abs=0.002)


@given(st.floats(2, 1e12))
def test_best_levels_are_the_least_over_all(total):
    found = model.lsm_levels(total, 3)
    counts = np.arange(1, 60)
    least = (counts * total ** (1 / counts)).min()
    assert found.best_write_amplification == pytest.approx(least, rel=1e-9)


@given(st.integers(1, 2_000_000), st.integers(20, 900), st.integers(8, 300))
@settings(max_examples=60, deadline=None)
def test_btree_levels_by_counting_pages(rows, row, key):
    if math.floor(4096 * 0.69 / key) < 2:
        return
    found = model.btree(rows, row, key)
    reach, levels = math.floor(4096 * 0.69 / row), 1
    while reach < rows:
        reach *= math.floor(4096 * 0.69 / key)
        levels += 1
    assert found.levels == levels
    assert found.space_amplification >= 1


def test_btree_capacity_and_tree_agree_one_level_apart():
    pages = model.btree_capacity(3, 4096, 500).pages
    assert model.btree(pages, 4096, 4096 / 500, fill=1.0).levels == 4


def test_random_update_writes_its_page():
    assert model.btree(1e9, 200, 24, 4096, page_writes=2).write_amplification == pytest.approx(2 * 4096 / 200)
    assert model.btree(100, 2000, 24, 1 << 14).write_amplification == pytest.approx(16384 / 2000)


def test_bloom_agrees_with_a_drawn_filter():
    generator = np.random.default_rng(3)
    keys, bits, hashes, asked = 20_000, 8, 5, 400_000
    array = np.zeros(keys * bits, dtype=bool)
    array[generator.integers(0, array.size, (keys, hashes))] = True
    drawn = array[generator.integers(0, array.size, (asked, hashes))].all(axis=1).mean()
    error = math.sqrt(drawn / asked)
    found = model.bloom(bits, hashes).false_positive
    assert abs(found - drawn) < 3 * error < abs(1.05 * found - drawn)


@given(st.floats(0.1, 100))
def test_best_hashes_are_best(bits):
    found = model.bloom(bits, 1)
    assert found.best_false_positive <= min(model.bloom(bits, k).false_positive for k in range(1, 100)) + 1e-15


def test_units_round_each_item_up():
    def units(size, **more):
        found = model.capacity_units(size, 1, 1, **more)
        return found.units_a_read, found.units_a_write

    assert units(3500, reads="strong") == (1, 4)
    assert units(4096, reads="strong") == (1, 4) and units(4097, reads="strong") == (2, 5)
    assert units(8192, reads="transactional", writes="transactional") == (4, 16)
    assert units(8192) == (1, 8)
    many = model.capacity_units(np.array([1000, 5000]), 10, 10, "strong")
    assert many.read_units.tolist() == [10, 20] and many.write_units.tolist() == [10, 50]
    assert model.capacity_units(4096, 7, 0).read_units == 4  # 3.5 units are provisioned as 4


@given(st.floats(1, 400 * 1024), st.floats(0, 1e4), st.floats(0, 1e4))
def test_units_never_fall_with_size_or_rate(size, reads, writes):
    here = model.capacity_units(size, reads, writes)
    more = model.capacity_units(min(size * 1.5, 400 * 1024), reads * 1.1, writes * 1.1)
    assert more.read_units >= here.read_units and more.write_units >= here.write_units


def test_hot_partition_agrees_with_a_bucket_drained_request_by_request():
    reads, writes, share = 6000.0, 3000.0, 0.3
    generator = np.random.default_rng(7)
    left = refused = 0.0
    seconds, step = 200, 0.01
    asked = 0
    for _ in range(int(seconds / step)):
        left = min(left + step, step)  # one partition-second of work a second
        want_reads = generator.poisson(reads * share * step)
        want_writes = generator.poisson(writes * share * step)
        work = want_reads / 3000 + want_writes / 1000
        served = min(1.0, left / work) if work else 1.0
        left -= work * served
        asked += want_reads + want_writes
        refused += (want_reads + want_writes) * (1 - served)
    found = model.hot_partition(reads, writes, share).throttled_of_key
    assert found == pytest.approx(refused / asked, rel=0.02)
    assert abs(1.05 * found - refused / asked) > 0.02 * refused / asked


def test_splitting_and_safe_share_end_throttling():
    found = model.hot_partition(10_000, 5000, 0.2)
    assert model.hot_partition(10_000, 5000, 0.2 / found.key_copies).throttled == 0
    assert model.hot_partition(10_000, 5000, found.safe_share * 0.999).throttled == 0
    assert model.hot_partition(10_000, 5000, found.safe_share * 1.01).throttled > 0


def test_bad_input_is_refused_in_words():
    with pytest.raises(InvalidInput, match="holds no row"):
        model.btree(10, 5000, 24)
    with pytest.raises(InvalidInput, match="two or more"):
        model.btree(10, 100, 2000)
    with pytest.raises(InvalidInput, match="no burst to carry"):
        model.burst(200, 150)


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_corners(each):
    assert_finite_at_corners(each.function, 1000)


def test_sentences():
    assert_sentences(model.MODELS)


@pytest.mark.parametrize("policy", ["leveled", "tiered", "lazy"])
@pytest.mark.parametrize("fanout,levels", [(4, 3), (10, 2), (3, 4)])
def test_space_is_what_full_levels_hold_for_each_live_key(policy, fanout, levels):
    """Every run as large as its level allows, all versions of the keys in the last level's runs."""
    runs = [[fanout**level] * fanout for level in range(levels)]  # bytes of each run, in write buffers
    if policy != "tiered":
        runs[-1] = [sum(runs[-1])]
    live = runs[-1][-1]
    data = sum(fanout**level for level in range(1, levels + 1)) * 1e6 * 0.999
    found = model.lsm(data, policy, fanout, 1e6)
    assert found.space_amplification == pytest.approx(sum(map(sum, runs)) / live)
    one_run = {"leveled": levels, "lazy": 1, "tiered": 0}[policy]
    assert found.runs == one_run + (levels - one_run) * fanout


def test_lazy_leveling_keeps_the_bound_on_space_of_leveling():
    """Dayan and Idreos 2018: fewer merges above the last level cost no space."""
    leveled, lazy = (model.lsm(5e12, policy, 8) for policy in ("leveled", "lazy"))
    assert lazy.space_amplification == leveled.space_amplification < 1 + 1 / 7


def test_trees_by_hand():
    small = model.btree_capacity(3, 4096, 10)
    assert (small.pages, small.bytes) == (1000, 4_096_000)
    tree = model.btree(1000, 200, 24)  # 14 rows to a leaf, 117 references to an inner page
    assert (tree.leaf_pages, tree.fanout, tree.levels, tree.inner_bytes) == (72, 117, 2, 4096)
    assert tree.space_amplification == pytest.approx(72 * 4096 / 200_000)
    assert (tree.reads, tree.write_amplification) == (1, pytest.approx(20.48))
    assert model.btree(10, 512, 256, page_bytes=512, fill=1).write_amplification == 1  # two references are enough
    levels = model.lsm_levels(1000, 3)
    assert (levels.fanout, levels.write_amplification) == pytest.approx((10, 30))
    assert levels.best_fanout == pytest.approx(levels.best_write_amplification / levels.best_levels)
    tree = model.lsm(1e9, "leveled", 10, 1e6, bits_per_key=16, row_bytes=100)
    assert tree.filter_bytes == 2e7


def test_throughput_by_hand():
    units = model.capacity_units(1025, 7000, 1500, "strong", "transactional")
    assert (units.units_a_read, units.units_a_write) == (1, 4)
    assert (units.read_units, units.write_units) == (7000, 6000)
    assert units.partitions == 9  # 7000 / 3000 + 6000 / 1000 = 8.33
    assert model.capacity_units(1024, 3000, 1000, "strong").partitions == 2
    exact = model.hot_partition(6000, 0, 0.5)
    assert (exact.load, exact.key_copies, exact.throttled) == (1, 1, 0)
    assert model.hot_partition(0, 4151, 3 / 4.151).key_copies == 3  # 3.0000000000000004 copies are three
    saved = model.burst(150, 250, 50, 100)
    assert (saved.saved_units, saved.lasts_s, saved.throttled_after) == (10_000, 100, pytest.approx(0.4))
    assert model.burst(150, 250, 50, 9_999).saved_units == 30_000


def test_filters_and_runs_by_hand():
    assert model.bloom(10, 7, 8e6).memory_bytes == 1e7
    wasted = model.bloom(10, 7).false_positive
    tiered = model.lsm(5e9, "tiered", 4, 64e6, bits_per_key=10)
    assert tiered.absent_reads == pytest.approx(tiered.runs * wasted)
    assert tiered.present_reads == pytest.approx(1 + (tiered.runs - 1) * wasted)
    assert model.lsm(5e9, "tiered", 4, 64e6, bits_per_key=0).present_reads == tiered.runs
    lazy = model.lsm(5e9, "lazy", 4, 64e6)
    assert lazy.write_amplification == lazy.levels - 1 + 4
    assert model.btree(1e6, 200, 24).inner_bytes == (611 + 6 + 1) * 4096  # over 71,429 leaves


@given(st.floats(1, 50), st.floats(1, 20), st.floats(0.1, 1), st.floats(0, 1), st.floats(0, 1))
def test_ways_to_pay_agree_with_a_load_summed_hour_by_hour(peak, ratio, busy, followed, least):
    x = (np.arange(200_000) + 0.5) / 200_000
    load = peak * x ** (peak - 1)
    found = model.capacity_modes(peak, ratio, busy, followed, least)
    assert load.mean() == pytest.approx(1, rel=1e-3)
    assert found.fixed == pytest.approx(load.max() / busy, rel=1e-3)
    kept = followed * np.maximum(load, least * peak) + (1 - followed) * peak
    assert found.scaled == pytest.approx(kept.mean() / busy, rel=1e-3)
    assert found.hours_above_mean == pytest.approx(np.mean(load > 1), abs=1e-3) or peak < 1.001
    bases = np.unique(np.append(np.quantile(load, np.linspace(0, 1, 201)), 0))
    costs = [base / busy + ratio * np.maximum(load - base, 0).mean() for base in bases]
    assert found.mixed == pytest.approx(min(costs), rel=0.02)
    assert found.mixed <= min(found.by_request, found.fixed) * (1 + 1e-9)
    assert (found.fixed < found.by_request) == (peak < found.break_even_peak)


def test_ways_to_pay_take_arrays():
    peaks = np.array([1.0, 3.0, 40.0])
    each = [model.capacity_modes(float(peak)).mixed for peak in peaks]
    assert np.allclose(model.capacity_modes(peaks).mixed, each)
    assert model.capacity_modes(peaks).by_request.shape == (3,)
    assert_finite_at_corners(model.capacity_modes)
