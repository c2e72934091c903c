"""Accelerators: published sizes, a batch played token by token, and rooflines from both sides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models import accelerator as model
from tests.models.corners import assert_finite_at_corners, assert_sentences


def test_the_cache_counted_tensor_by_tensor():
    layers, heads, width, context, sequences = 3, 4, 16, 50, 7
    cache = [
        np.zeros((sequences, heads, context, width), dtype=np.float16) for _ in range(layers) for _ in ("key", "value")
    ]
    weights = np.zeros(1000, dtype=np.float16)
    said = model.memory(1000, 2, layers, heads, width, 2, context, sequences)
    assert said.cache_bytes == sum(each.nbytes for each in cache) and said.weights_bytes == weights.nbytes
    assert said.sequence_bytes == said.token_bytes * context


@given(st.floats(1e9, 1e12), st.floats(100, 1e5), st.integers(1, 500), st.floats(0, 0.5))
def test_as_many_sequences_fit_as_the_devices_were_counted_for(parameters, context, sequences, kept):
    said = model.memory(parameters, context=context, sequences=sequences, kept_share=kept)
    assert said.most_sequences >= sequences
    fewer = said.devices - 1
    assert fewer == 0 or fewer * 80e9 * (1 - kept) < said.total_bytes


@pytest.mark.parametrize("way", ["nothing", "optimizer", "optimizer and gradients", "everything"])
def test_on_one_device_nothing_is_saved_and_all_devices_hold_it_once(way):
    assert model.training(1e9, 1, way).each_bytes == 16e9
    if way == "everything":
        assert model.training(1e9, 64, way).each_bytes * 64 == pytest.approx(16e9)


@given(st.floats(1e8, 1e12), st.sampled_from(["optimizer", "optimizer and gradients", "everything"]))
def test_it_fits_from_just_so_many_devices_on(parameters, way):
    least = model.training(parameters, 1, way).least_devices
    if least == 0:
        assert model.training(parameters, 1e6, way).each_bytes > 80e9 * (1 - 1e-6)
    elif least <= 1e6:
        assert model.training(parameters, least, way).each_bytes <= 80e9 * (1 + 1e-6)
        assert least == 1 or model.training(parameters, least - 1, way).each_bytes > 80e9 * (1 - 1e-6)


def played(sequences, prompt, answer, parameters, token, reads, speed, rounds=4):
    """A full batch: all write a token a step, and who is done makes the others wait while the next prompt is read."""
    written = np.random.default_rng(1).integers(0, answer, sequences).astype(float)
    now, done = 0.0, 0
    for _ in range(rounds * answer):
        reading = (parameters * 2 + token * (prompt + written).sum()) / reads
        now += max(reading, 2 * parameters * sequences / speed)
        written += 1
        ended = written >= answer
        written[ended] = 0
        done += ended.sum()
        now += ended.sum() * 2 * parameters * prompt / speed
    return done / now


@pytest.mark.parametrize(
    ("sequences", "prompt", "answer", "token"), [(4, 500, 100, 3e5), (32, 1000, 300, 3e5), (300, 100, 50, 1e4)]
)
def test_a_full_batch_played_token_by_token(sequences, prompt, answer, token):
    said = model.serving(sequences, prompt, answer, 7e9, 2, token, 1, 80e9, 2e12, 300e12, 1)
    assert played(sequences, prompt, answer, 7e9, token, 2e12, 300e12) == pytest.approx(said.requests_per_s, rel=0.03)


@given(st.floats(1, 1e4), st.floats(1e8, 1e12), st.floats(0, 1e6))
def test_a_step_is_never_faster_than_either_roof(sequences, parameters, token):
    said = model.serving(sequences, parameters=parameters, token_bytes=token, devices=1, reached_share=1)
    assert said.step_ms >= parameters * 2 / 1.935e12 * 1000 * (1 - 1e-9)
    assert said.step_ms >= 2 * parameters * sequences / 312e12 * 1000 * (1 - 1e-9)
    assert said.compute_share <= 1 + 1e-9
    more = model.serving(2 * sequences, parameters=parameters, token_bytes=token, devices=1, reached_share=1)
    assert more.tokens_per_s >= said.tokens_per_s * (1 - 1e-9) and more.each_per_s <= said.each_per_s * (1 + 1e-9)


def test_at_the_ridge_both_take_the_same():
    ridge = model.serving(token_bytes=0).ridge_sequences
    below, above = (model.serving(ridge * factor, token_bytes=0) for factor in (0.5, 2))
    assert below.compute_share == pytest.approx(0.5) and above.compute_share == pytest.approx(1)
    assert below.step_ms == pytest.approx(model.serving(1, token_bytes=0).step_ms)
    assert above.step_ms == pytest.approx(2 * below.step_ms)


def test_arrays_are_taken_element_by_element():
    batches = np.array([1.0, 32.0, 500.0])
    many = model.serving(batches).requests_per_s
    assert many == pytest.approx([model.serving(each).requests_per_s for each in batches])


@pytest.mark.parametrize("each", model.MODELS, ids=lambda each: each.name)
def test_results_are_numbers_everywhere(each):
    assert_finite_at_corners(each.function, 2000)


def test_sentences():
    assert_sentences(model.MODELS)
