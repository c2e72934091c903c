"""Durability: chains in closed form and by simulation, nodes drawn, backups laid out day by day."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import durability
from sysdesign.models.durability import YEAR_H, backup, copysets, loss, rebuild
from tests.models.corners import assert_finite_at_corners, assert_sentences


def test_a_mirror_lives_as_the_textbook_says():
    rate, mend = 0.05 / YEAR_H, 1 / 24
    assert loss(1, 1, 0.05, 24).mean_years == pytest.approx((3 * rate + mend) / (2 * rate**2) / YEAR_H)
    assert loss(4, 0, 0.05).mean_years == pytest.approx(5)  # four disks and nothing spare


def test_windows_miss_what_straddles_two():
    said = loss(17, 3, 0.00405, 156)
    assert said.annual_loss / said.window_annual_loss == pytest.approx(4, rel=0.01)


@pytest.mark.parametrize(("data", "parity", "unreadable", "decodable", "way"),
                         [(2, 1, 0.3, 1.0, "all"), (2, 2, 0.0, 0.6, "all"), (3, 2, 0.2, 1.0, "one")])  # fmt: skip
def test_mean_time_agrees_with_the_chain_solved_as_a_linear_system(data, parity, unreadable, decodable, way):
    rate, mend, disks = 3.0 / YEAR_H, 1 / 300, data + parity
    flows = np.zeros((parity + 1, parity + 1))
    for gone in range(parity + 1):
        up, back = (disks - gone) * rate, (min(gone, 1) if way == "one" else gone) * mend
        flows[gone, gone] = up + back
        if gone < parity:
            flows[gone, gone + 1] = -up * (decodable if gone == parity - 1 else 1)
        if gone:
            flows[gone, gone - 1] = -back * (1 - unreadable if gone == parity else 1)
    years = np.linalg.solve(flows, np.ones(parity + 1))[0] / YEAR_H
    said = loss(data, parity, 3.0, 300, unreadable_share=unreadable, decodable_share=decodable, at_a_time=way)
    assert said.mean_years == pytest.approx(years, rel=1e-9)


def test_losses_agree_with_disks_that_fail_and_are_rebuilt():
    generator = np.random.default_rng(1)
    rate, mend, lives = 2.0, YEAR_H / 400, []
    for _ in range(1500):
        now, gone = 0.0, 0
        while gone <= 1:
            up, back = (4 - gone) * rate, gone * mend
            now += generator.exponential(1 / (up + back))
            gone += 1 if generator.random() < up / (up + back) else -1
        lives.append(now)
    assert np.mean(lives) == pytest.approx(loss(3, 1, 2.0, 400).mean_years, rel=0.08)


def test_a_shared_cause_bounds_what_parity_gives():
    bare, shared = loss(10, 4), loss(10, 4, shared_per_year=1e-6)
    assert shared.annual_loss == pytest.approx(1e-6, rel=1e-3) and bare.annual_loss < 1e-12
    assert shared.shared_part == pytest.approx(1, abs=1e-6)
    assert loss(10, 8, shared_per_year=1e-6).annual_loss == pytest.approx(shared.annual_loss, rel=1e-3)


@given(st.integers(1, 30), st.integers(0, 6), st.floats(1e-3, 0.5), st.floats(0.1, 500), st.floats(0, 1))
def test_more_parity_and_faster_rebuilds_lose_less(data, parity, failures, hours, share):
    years = loss(data, parity, failures, hours).mean_years
    assert loss(data, parity + 1, failures, hours).mean_years >= years * (1 - 1e-9)
    assert loss(data, parity, failures, hours / 2).mean_years >= years * (1 - 1e-9)
    assert loss(data, parity, failures, hours, decodable_share=share).mean_years <= years * (1 + 1e-9)
    assert loss(data, parity, failures, hours, unreadable_share=share).mean_years <= years * (1 + 1e-9)


def test_rebuilds():
    said = rebuild(20e12, 10, 1000, 20e6, noticed_h=0)
    assert said.rebuild_h == pytest.approx(20e12 * 10 / (1000 * 20e6) / 3600)
    assert said.read_bytes == 2e14
    assert rebuild(1e12, 1, unreadable_bits=1e-14).unreadable_share == pytest.approx(1 - math.exp(-0.08), rel=1e-6)


def test_sets_agree_with_nodes_drawn():
    generator = np.random.default_rng(2)
    nodes, failed, lost, random_lost = 30, 6, 0, 0
    sets = [(a, a + 1, a + 2) for a in range(0, 30, 3)]  # ten sets: scatter 2
    everything = np.array(list(itertools.combinations(range(nodes), 3)))
    chosen = everything[generator.choice(len(everything), 200, replace=False)]
    for _ in range(4000):
        gone = np.zeros(nodes, bool)
        gone[generator.choice(nodes, failed, replace=False)] = True
        lost += any(gone[list(each)].all() for each in sets)
        random_lost += bool(gone[chosen].all(axis=1).any())
    said = copysets(nodes, failed, scatter=2, chunks=1e6)
    assert said.copyset_sets == 10
    assert lost / 4000 == pytest.approx(said.copyset_loss, abs=0.012)
    assert random_lost / 4000 == pytest.approx(copysets(nodes, failed, scatter=29, chunks=200).random_loss, abs=0.12)


@given(st.floats(10, 1e5), st.floats(0, 1), st.integers(2, 5), st.floats(1, 1000), st.floats(1, 1e12))
def test_few_sets_never_lose_more_often(nodes, share, copies, scatter, chunks):
    said = copysets(nodes, nodes * share, copies, scatter, chunks)
    assert said.copyset_loss <= said.random_loss * (1 + 1e-9)
    assert said.copyset_sets <= said.random_sets
    with pytest.raises(InvalidInput, match="failed is more than nodes"):
        copysets(nodes, nodes + 1)


def test_backups_laid_out_day_by_day():
    data, every, chain, kept, changed = 1000.0, 1, 7, 28, 0.1
    held, read = [], []
    for day in range(203, 413):  # keep every chain that some point of the kept time needs
        first = (day - kept) // chain * chain
        held.append(sum(data if each % chain == 0 else data * changed for each in range(first, day)))
        read.append(data + data * changed * ((day - 1) % chain))
    said = backup(1000.0, every * 24.0, chain, kept, changed, restore_bytes_per_s=1000.0, start_s=0.0)
    assert np.mean(held) == pytest.approx(said.kept_bytes, rel=0.15)
    assert np.mean(read) / 1000 == pytest.approx(said.restore_s, rel=1e-6)


def test_what_is_lost_and_found_broken():
    assert backup(1e12, every_h=24).lost_s == 12 * 3600
    assert backup(1e12, every_h=24, log_lag_s=60).lost_worst_s == 60
    generator = np.random.default_rng(3)
    since, broke = generator.uniform(0, 180, 200_000), generator.exponential(365.25 / 0.5, 200_000)
    assert np.mean(broke < since) == pytest.approx(backup(1e12, drill_every_d=180).bad_share, rel=0.03)
    noticed = generator.exponential(3, 200_000)
    assert np.mean(noticed < 7) == pytest.approx(backup(1e12, kept_d=7).reached_share, rel=0.01)


@given(st.floats(1, 200), st.integers(1, 30), st.floats(1, 400), st.floats(0, 0.3))
def test_keeping_longer_takes_more_and_a_log_loses_less(every, chain, kept, changed):
    said = backup(1e12, every, chain, kept, changed)
    assert backup(1e12, every, chain, 2 * kept, changed).kept_bytes >= said.kept_bytes
    assert backup(1e12, every, chain, kept, changed, log_lag_s=1.0).lost_s <= said.lost_s
    assert backup(1e12, every, 1, kept, changed).restore_s <= said.restore_s * (1 + 1e-9)


@pytest.mark.parametrize("model", durability.MODELS, ids=lambda model: model.name)
def test_results_are_numbers_everywhere(model):
    assert_finite_at_corners(model.function, most=500)


def test_results_are_said_in_words():
    assert_sentences(durability.MODELS)
