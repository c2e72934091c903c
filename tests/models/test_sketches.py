"""Sketches: sizes and errors against sketches that are filled."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import sketches
from sysdesign.models.sketches import ddsketch, hyperloglog
from tests.models.corners import assert_finite_at_corners, assert_sentences


def test_a_sketch_that_is_filled_keeps_its_error_and_its_buckets():
    generator = np.random.default_rng(1)
    values = np.exp(generator.uniform(math.log(1e-3), math.log(60), 100_000))
    said = ddsketch(0.02, 1e-3, 60)
    at = np.ceil(np.log(values) / math.log(said.growth))
    middle = 2 * said.growth**at / (said.growth + 1)
    assert np.unique(at).size == pytest.approx(said.buckets, abs=1.5)
    errors = np.abs(middle / values - 1)
    assert 0.0195 < errors.max() <= 0.02 + 1e-9


def test_an_exponential_histogram_is_one_of_them():
    # OpenTelemetry, 160 buckets: scale 3 has the base 1.090508 and an error of 4.329%
    base = 2 ** (2**-3)
    error = (base - 1) / (base + 1)
    assert error == pytest.approx(0.04329, rel=1e-3)
    assert ddsketch(error).growth == pytest.approx(base)
    assert ddsketch(error, 1e-3, 100).buckets < 160 < ddsketch(error / 2, 1e-3, 100).buckets


@given(st.floats(1e-4, 0.4), st.floats(1e-6, 1), st.floats(1.5, 1e6), st.floats(10, 1e5))
def test_what_the_buckets_allowed_cover(accuracy, low, ratio, most):
    said = ddsketch(accuracy, low, low * ratio, most)
    inside = ddsketch(accuracy, said.kept_from_s, low * ratio, most)
    assert inside.buckets <= most * (1 + 1e-6) or inside.buckets == 1
    wide = ddsketch(min(max(said.kept_error, 1e-5), 0.5), low, low * ratio, most)
    assert wide.buckets <= most * (1 + 1e-6) + 1 or said.kept_error > 0.5
    with pytest.raises(InvalidInput, match="high_s lies below low_s"):
        ddsketch(accuracy, 2.0, 1.0)


def registers(generator, many, distinct, trials):
    """Registers of so many sketches: in each the longest run among a number of hashes that is binomial."""
    loads = generator.multinomial(distinct, np.full(many, 1 / many), trials)
    chance = generator.random((trials, many))
    with np.errstate(divide="ignore"):
        runs = np.ceil(-np.log2(-np.expm1(np.log(chance) / np.maximum(loads, 1))))  # (1 - 2 ** -k) ** load >= chance
    return np.where(loads > 0, np.maximum(runs, 1), 0)


def test_errors_agree_with_registers_that_are_drawn():
    generator = np.random.default_rng(2)
    many, trials = 256, 600
    filled = registers(generator, many, 40_000, trials)
    raw = 0.7213 / (1 + 1.079 / many) * many**2 / (2.0**-filled).sum(axis=1)
    assert raw.std() / raw.mean() == pytest.approx(hyperloglog(many, 40_000).error_share, rel=0.1)
    assert raw.mean() == pytest.approx(40_000, rel=0.02)
    empty = (registers(generator, many, 200, trials) == 0).sum(axis=1)
    counted = many * np.log(many / empty)
    assert counted.std() / 200 == pytest.approx(hyperloglog(many, 200).error_share, rel=0.1)


@given(st.floats(16, 1e7), st.floats(1, 1e15))
def test_four_times_the_registers_halve_the_error_of_many_values(many, distinct):
    said, larger = hyperloglog(many, distinct), hyperloglog(min(4 * many, 1.6e7), distinct)
    assert larger.error_share <= said.error_share * (1 + 1e-9)
    if 4 * many <= 1.6e7:
        assert larger.large_error_share == pytest.approx(said.large_error_share / 2)


def test_results_are_numbers_everywhere_and_said_in_words():
    assert_finite_at_corners(ddsketch)
    assert_finite_at_corners(hyperloglog)
    assert_sentences(sketches.MODELS)
