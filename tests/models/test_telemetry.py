"""Series, volumes and sampled traces: the closed forms against labels and traces drawn one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import telemetry
from sysdesign.models.telemetry import DAY_S, sampling, series, volume
from tests.models.corners import assert_finite_at_corners, assert_sentences


def test_few_labels_are_all_met_and_very_many_about_once_a_request():
    assert series(250).active == pytest.approx(250 * 40 * 14)
    once = series(1e12, processes=40, requests_per_s=1, releases_per_day=1, each=1)
    assert once.per_process == pytest.approx(DAY_S / 40, rel=1e-6)
    assert series(250, releases_per_day=12, head_s=7200).in_memory == pytest.approx(2 * 140_000)


def test_labels_met_agree_with_requests_drawn():
    generator = np.random.default_rng(1)
    met = [np.unique(generator.integers(0, 5000, 8000)).size for _ in range(20)]
    # 8,000 requests in a process's life: one process, a release a day
    said = series(5000, processes=1, requests_per_s=8000 / DAY_S, releases_per_day=1, each=1)
    assert np.mean(met) == pytest.approx(said.per_process, rel=0.01)


def test_series_in_memory_agree_with_series_laid_on_a_time_line():
    # Each release ends 100 series; the store forgets them two hours after: counted each minute of ten days.
    releases, head = 5.0, 7200.0
    starts = np.arange(-20, 60) * DAY_S / releases
    now = np.arange(0, 10 * DAY_S, 60.0)[:, None]
    held = ((starts <= now) & (now < starts + DAY_S / releases + head)).sum(axis=1).mean()
    said = series(100, processes=1, each=1, requests_per_s=1e6, releases_per_day=releases, head_s=head)
    assert 100 * held == pytest.approx(said.in_memory, rel=0.01)


@given(st.floats(1, 1e9), st.floats(1, 1e4), st.floats(0.1, 1e5), st.floats(0.01, 100))
def test_series_stay_below_labels_and_below_requests(labels, processes, rate, releases):
    said = series(labels, processes, 1, rate, releases)
    life = rate / processes * DAY_S / releases
    assert said.per_process <= min(labels, life) * (1 + 1e-9)
    assert series(2 * labels, processes, 1, rate, releases).active >= said.active * (1 - 1e-9)
    assert said.in_memory >= said.active


def test_volumes_add_up():
    said = volume(2000)
    assert said.logs_per_day == pytest.approx(172.8e9)
    assert said.kept_bytes == pytest.approx(
        said.metrics_per_day * 395 + said.logs_per_day * 30 + said.traces_per_day * 7
    )
    even = volume(said.even_per_s)
    assert even.logs_per_day == pytest.approx(even.metrics_per_day)
    assert volume(4000).metrics_per_day == said.metrics_per_day


@pytest.mark.parametrize(("head", "rest"), [(0.02, 1.0), (0.5, 0.05), (1.0, 0.0)])
def test_kept_traces_agree_with_traces_drawn(head, rest):
    generator = np.random.default_rng(2)
    shape = (4000, 60)
    at_head = generator.random(shape) < head
    recognized = (generator.random(shape) < 0.7) & (generator.exponential(10, shape) < 15)
    kept = at_head & (recognized | (generator.random(shape) < rest))
    said = sampling(head, 60, rest_share=rest, matched_share=0.7, trace_s=10, wait_s=15)
    per_day = kept.sum(axis=1)
    assert kept.mean() == pytest.approx(said.rare_share, rel=0.03)
    assert (per_day > 0).mean() == pytest.approx(said.found_share, abs=0.02)
    assert per_day.std() / per_day.mean() == pytest.approx(said.count_error, rel=0.05, abs=1e-9)


def test_a_tail_holds_what_arrives_within_its_wait():
    said = sampling(1.0, rest_share=0.01)
    assert said.held_traces == 60_000
    assert said.held_bytes == pytest.approx(60_000 * 20 * 500)
    assert sampling(1.0).held_traces == 0  # nobody waits where no tail decides


@given(st.floats(1e-6, 1), st.floats(0.01, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_more_sampling_finds_more_and_a_rule_finds_at_least_what_the_rest_does(head, rare, rest, matched):
    said = sampling(head, rare, rest_share=rest, matched_share=matched)
    assert said.found_share >= sampling(head / 2, rare, rest_share=rest, matched_share=matched).found_share - 1e-12
    assert said.rare_share >= head * rest - 1e-12
    assert said.found_share <= min(1, rare * said.rare_share * (1 + 1e-9)) or rare < 1
    assert math.isclose(said.rare_share + said.lost_share, 1)


def test_arrays_are_taken_element_by_element():
    heads = np.array([0.001, 0.1, 1.0])
    assert sampling(heads).found_share == pytest.approx([sampling(float(each)).found_share for each in heads])


@pytest.mark.parametrize("model", telemetry.MODELS, ids=lambda model: model.name)
def test_results_are_numbers_everywhere(model):
    assert_finite_at_corners(model.function, most=500)


def test_results_are_said_in_words():
    assert_sentences(telemetry.MODELS)
