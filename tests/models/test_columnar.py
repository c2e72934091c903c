from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput
from sysdesign.models import columnar as model
from sysdesign.models.columnar import parquet
from tests.models.corners import assert_finite_at_corners, assert_sentences

LONG = st.integers(-(2**63), 2**63 - 1)
WORDS = st.lists(st.binary(max_size=12), min_size=1, max_size=80)


class Bits:
    """A reader of its own kind: the bytes as one text of bits, the lowest bit of each byte first."""

    def __init__(self, data: bytes) -> None:
        self.text, self.at = "".join(f"{byte:08b}"[::-1] for byte in data), 0

    def take(self, width: int) -> int:
        part = self.text[self.at : self.at + width]
        self.at += width
        return int(part[::-1], 2) if part else 0

    def varint(self) -> int:
        found = shift = 0
        while True:
            byte = self.take(8)
            found += (byte % 128) * 2**shift
            shift += 7
            if byte < 128:
                return found

    def signed(self) -> int:
        number = self.varint()
        return number // 2 if number % 2 == 0 else -(number + 1) // 2

    @property
    def left(self) -> int:
        return (len(self.text) - self.at) // 8


def read_runs(bits: Bits, width: int, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        header = bits.varint()
        if header % 2:
            found += [bits.take(width) for _ in range(header // 2 * 8)]
        else:
            found += [bits.take((width + 7) // 8 * 8)] * (header // 2)
    return found[:count]


def read_delta(bits: Bits, size: int = 64) -> list[int]:
    block, minis, count, value = bits.varint(), bits.varint(), bits.varint(), bits.signed()
    found = [value]
    while len(found) < count:
        least, widths = bits.signed(), [bits.take(8) for _ in range(minis)]
        for width in widths:
            if len(found) < count:
                found += itertools.accumulate(
                    (bits.take(width) + least for _ in range(block // minis)), initial=found.pop()
                )
    half = 2 ** (size - 1)
    return [(number + half) % 2**size - half for number in found[:count]]


@given(st.lists(LONG, min_size=1, max_size=300))
def test_differences_give_the_numbers_again(numbers):
    assert read_delta(Bits(parquet.delta(numbers))) == numbers


@given(st.lists(st.tuples(st.integers(0, 37), st.integers(1, 40)), min_size=1, max_size=30))
def test_runs_and_groups_give_the_places_again(pieces):
    numbers = [value for value, count in pieces for _ in range(count)]
    stored = Bits(parquet.runs(numbers, 6))
    assert read_runs(stored, 6, len(numbers)) == numbers and stored.left == 0


@given(st.lists(st.integers(0, 2**17 - 1), min_size=1, max_size=60))
def test_packed_numbers_read_bit_by_bit(numbers):
    bits = Bits(parquet.packed(numbers, 17))
    assert [bits.take(17) for _ in numbers] == numbers
    text = "".join(f"{byte:08b}" for byte in parquet.packed_high_first(numbers, 17))
    assert [int(text[at : at + 17], 2) for at in range(0, 17 * len(numbers), 17)] == numbers


@given(WORDS)
def test_texts_come_back_from_lengths_and_from_what_they_share(texts):
    data = parquet.delta_lengths(texts)
    bits = Bits(data)
    lengths = read_delta(bits, 32)
    assert lengths == [len(text) for text in texts] and data[len(data) - bits.left :] == b"".join(texts)
    data = parquet.delta_texts(texts)
    bits = Bits(data)
    shared, left = read_delta(bits, 32), read_delta(bits, 32)
    rest, before = data[len(data) - bits.left :], b""
    for text, common, length in zip(texts, shared, left, strict=True):
        assert before[:common] + rest[:length] == text
        rest, before = rest[length:], text


@given(st.lists(st.sampled_from(["Lyon", "Lille", "Nice", "Paris", "Metz"]), min_size=1, max_size=200))
def test_a_dictionary_lists_each_value_once_and_every_place(values):
    listed, page = parquet.places(values)
    bits = Bits(page)
    width = bits.take(8)
    assert len(set(listed)) == len(listed) and [listed[at] for at in read_runs(bits, width, len(values))] == values


@given(st.lists(LONG, min_size=1, max_size=50))
def test_split_streams_are_the_plain_bytes_turned(numbers):
    rows = np.frombuffer(parquet.plain_numbers(numbers), dtype=np.uint8).reshape(-1, 8)
    assert parquet.stream_split(numbers) == rows.T.tobytes()
    assert np.array_equal(rows.copy().view("<i8").ravel(), numbers)


def test_the_published_pieces_of_both_delta_examples():
    first = Bits(parquet.delta([1, 2, 3, 4, 5], block=8, miniblocks=1))
    assert [first.varint() for _ in range(3)] == [8, 1, 5] and first.signed() == 1
    assert first.signed() == 1 and first.take(8) == 0 and first.left == 0
    second = Bits(parquet.delta([7, 5, 3, 1, 2, 3, 4, 5], block=8, miniblocks=1))
    assert [second.varint() for _ in range(3)] == [8, 1, 8] and second.signed() == 7
    assert second.signed() == -2 and second.take(8) == 2 and [second.take(2) for _ in range(7)] == [0, 0, 0, 3, 3, 3, 3]


def test_what_it_cannot_store_is_said():
    for values, message, more in [
        ("", "empty", {}),
        ("1, 99999999999", "does not fit 32 bits", {"bits": "32"}),
        ("-1, 2", "does not take these values", {}),
        ("a, b", "does not take these values", {}),
        ("1, 2", "does not divide", {"block": 8, "miniblocks": 3}),
        ("1," * 20_000 + "1", "characters", {}),
    ]:
        with pytest.raises(InvalidInput, match=message):
            model.encode(values, **more)


def stored(values: np.ndarray, group: int, wide: int) -> int:
    """Bytes that the encoder itself makes of each row group."""
    total = 0
    for at in range(0, values.size, group):
        listed, page = parquet.places(values[at : at + group].tolist())
        total += len(listed) * wide + len(page)
    return total


@pytest.mark.parametrize(
    ("kinds", "again", "group"),
    [(2, 0, 50_000), (200, 0, 50_000), (200, 0.9, 50_000), (3, 0.97, 200_000), (5000, 0.5, 100_000), (4, 0.8, 200_000)],
)
def test_expected_sizes_agree_with_the_encoder_on_drawn_rows(kinds, again, group):
    generator = np.random.default_rng(3)
    rows = 200_000
    fresh = generator.random(rows) >= again
    fresh[0] = True
    drawn = generator.integers(0, kinds, rows)
    values = drawn[np.maximum.accumulate(np.where(fresh, np.arange(rows), 0))]
    found = model.column_size(rows, kinds, 8, "by chance", again, group_rows=group)
    assert found.dictionary_bytes == pytest.approx(stored(values, group, 8), rel=0.02)


@pytest.mark.parametrize(("kinds", "group"), [(50, 100_000), (1000, 100_000), (20, 20_000), (1, 50_000)])
def test_sorted_sizes_are_the_encoder_s_to_the_byte(kinds, group):
    values = np.repeat(np.arange(kinds), 100_000 // kinds)
    found = model.column_size(100_000, kinds, 8, "sorted", group_rows=group)
    assert found.dictionary_bytes == stored(values, group, 8)


@pytest.mark.parametrize("bits", [3, 10, 20])
def test_differences_of_even_steps_take_what_is_expected(bits):
    steps = np.random.default_rng(4).integers(0, 2**bits, 50_000)
    found = model.column_size(50_001, 50_001, 8, step_bits=bits)
    assert found.delta_bytes == pytest.approx(len(parquet.delta(np.cumsum([0, *steps]).tolist())), rel=0.03)


@given(st.floats(1e3, 1e12), st.floats(1, 1e6), st.floats(1, 100), st.floats(0, 0.999))
def test_more_values_take_more_and_order_helps(rows, kinds, wide, again):
    here = model.column_size(rows, kinds, wide, repeat_share=again)
    assert model.column_size(2 * rows, kinds, wide, repeat_share=again).dictionary_bytes >= here.dictionary_bytes * (
        1 - 1e-9
    )
    few = min(kinds, rows / 100)
    ordered = model.column_size(rows, few, wide, "sorted")
    assert ordered.dictionary_bytes <= 1.1 * model.column_size(rows, few, wide).dictionary_bytes + 10
    assert here.least_bytes <= here.plain_bytes * (1 + 1e-9)


def test_a_list_that_is_too_long_falls_back_to_plain_values():
    assert model.column_size(1e6, 1e6, 16, most_list_bytes=1e6).dictionary_bytes == 16e6
    assert model.column_size(1e6, 1e4, 16, most_list_bytes=1e6).dictionary_bytes < 4e6


def blocks_played(rows, block, asked, late, scattered, generator, tries=400):
    """Share of blocks whose least and greatest value meet a range, over drawn tables and places of the range."""
    came = np.arange(rows) - (generator.exponential(late, rows) if late else 0)
    came = np.where(generator.random(rows) < scattered, generator.uniform(0, rows, rows), came)
    parts = came.reshape(-1, block)
    low, high = parts.min(axis=1), parts.max(axis=1)
    found = [
        ((low <= start + asked * rows) & (high >= start)).mean()
        for start in generator.uniform(0, (1 - asked) * rows, tries)
    ]
    return np.mean(found)


@pytest.mark.parametrize(
    ("block", "asked", "late", "scattered"),
    [
        (1000, 0.01, 0, 0),
        (1000, 0.001, 3000, 0),
        (1000, 0.02, 200, 0),
        (1000, 0.01, 0, 0.0005),
        (1000, 0.01, 500, 0.002),
        (200, 0.1, 20, 0.01),
        (1000, 0.01, 0, 1),
        (5, 0.05, 0, 1),
        (4, 0.02, 0, 0.5),
        (10, 0.001, 8000, 0.5),
    ],
)
def test_blocks_read_agree_with_tables_played(block, asked, late, scattered):
    generator = np.random.default_rng(2)
    played = np.mean([blocks_played(400_000, block, asked, late, scattered, generator) for _ in range(5)])
    found = model.zone_map(400_000, block, asked, late, scattered)
    assert found.kept_share == pytest.approx(played, rel=0.03)
    assert found.read_rows == pytest.approx(400_000 * found.kept_share)


def test_a_sorted_column_reads_the_range_and_one_block_more():
    found = model.zone_map(6e7, 1e5, asked_share=1 / 60)
    assert found.kept_blocks == pytest.approx(10 + 1) and found.useful_share == pytest.approx(10 / 11)
    assert model.zone_map(1e6, 1e6).kept_share == 1 and model.zone_map(1e9, asked_share=0).kept_share == 0
    assert model.zone_map(1e9, scattered_share=1).kept_share == pytest.approx(1, abs=1e-4)


@given(st.floats(1e4, 1e12), st.floats(10, 1e4), st.floats(1e-6, 1), st.floats(0, 1e5), st.floats(0, 1))
def test_disorder_and_wider_ranges_read_more(rows, block, asked, late, scattered):
    here = model.zone_map(rows, block, asked, late, scattered)
    assert min(asked, here.kept_share) * (1 - 1e-9) <= here.kept_share <= 1
    for more in (
        model.zone_map(rows, block, min(1, asked * 1.5), late, scattered),
        model.zone_map(rows, block, asked, late * 2 + 1, scattered),
    ):
        assert more.kept_share >= here.kept_share * (1 - 1e-3)
    # A late row can come from before the table's begin, a scattered one cannot: this holds without late rows.
    in_order = model.zone_map(rows, block, asked, 0, scattered)
    assert model.zone_map(rows, block, asked, 0, min(1, scattered * 2)).kept_share >= in_order.kept_share * (1 - 1e-3)


def test_arrays_corners_and_sentences():
    kinds = np.array([2.0, 500.0])
    assert model.column_size(1e8, kinds).dictionary_bytes[1] == model.column_size(1e8, 500).dictionary_bytes
    assert_finite_at_corners(model.column_size, 3000)
    assert_finite_at_corners(model.encode, 200)
    assert_finite_at_corners(model.zone_map)
    assert_sentences(model.MODELS)
