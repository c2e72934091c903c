"""What counts as a quantity in a sentence, and what it measures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.checks.quantities import all_numbers, quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It took 0.5 s.", [(0.5, "s")]),
        ("It took half a second, or 500 ms.", [(0.5, "s"), (0.5, "s")]),
        ("2,000 requests a second reach it", [(2000.0, "1/s")]),
        ("3.5 million reads per day", [(3.5e6 / 86400, "1/s")]),
        ("120 writes/min", [(2.0, "1/s")]),
        ("a 30-day TTL", [(30 * 86400.0, "s")]),
        ("10 to 20 ms", [(0.01, "s"), (0.02, "s")]),
        ("1.5–2.5 GB/s", [(1.5e9, "B/s"), (2.5e9, "B/s")]),
        ("95 % or 95% or 95 percent", [(0.95, ""), (0.95, ""), (0.95, "")]),
        ("10k keys, 4 KiB each", [(10000.0, ""), (4096.0, "B")]),
        ("twelve times as many, 12x", [(12.0, ""), (12.0, "")]),
        ("A million users", [(1e6, "")]),
        ("5 minutes a day", [(300.0, "s")]),
        ("Two trillion a day", [(2e12 / 86400, "1/s")]),
        ("a quarter of a second", [(0.25, "s")]),
    ],
)
def test_a_quantity_with_its_unit(text: str, expected: list[tuple[float, str]]) -> None:
    dimensions = {"": (0, 0, 0), "s": (1, 0, 0), "1/s": (-1, 0, 0), "B": (0, 1, 0), "B/s": (-1, 1, 0)}
    found = [(quantity.base, quantity.dimension) for quantity in quantities(text)]
    assert found == [(pytest.approx(value), dimensions[unit]) for value, unit in expected]


@pytest.mark.parametrize(
    "text",
    [
        "In 2013 and on 4 July 2012, or 2026-11-23",
        "RFC 9110, HTTP/2, TLS 1.3, Redis 7.2, version 5.0.6 and Python 3.11",
        "S3-FIFO, IPv4, p99, the 99th percentile, SHA-256, 2^32",
        "a 304, 304 Not Modified, 503 responses",
        "step 2 of section 4",
        "max-age=60 and key:42",
        "three replicas, one day, a second later",
    ],
)
def test_names_and_dates_are_no_quantities(text: str) -> None:
    assert quantities(text) == ()


def test_a_small_bare_count_is_told_apart() -> None:
    counts = {quantity.text: quantity.bare_count for quantity in quantities("3 caches, 30 caches, 3 ms, 3% and 0.3")}
    assert counts == {"3": True, "30": False, "3 ms": False, "3%": False, "0.3": False}


@pytest.mark.parametrize(
    ("text", "half"),
    [("41", 0.5), ("1,000", 50.0), ("1,040", 5.0), ("0.25", 0.005), ("3.5 million", 5e4), ("100", 5.0), ("5", 0.5)],
)
def test_half_a_unit_of_the_last_digit_that_is_meant(text: str, half: float) -> None:
    assert all_numbers(text)[0].digits == pytest.approx(half)


def test_words_count_as_numbers_in_a_text_known_to_hold_one() -> None:
    found = all_numbers("less than one second, two read replicas, a third, half")
    assert [number.value for number in found] == [1.0, 2.0, pytest.approx(1 / 3), 0.5]


@given(st.text(alphabet="0123456789.,:-/%kMs aperscond–", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    for quantity in quantities(text):
        assert text[quantity.start : quantity.end].strip().startswith(quantity.text[:1])


@given(st.integers(min_value=11, max_value=10**9), st.integers(min_value=0, max_value=9), st.data())
def test_a_changed_digit_is_another_quantity(value: int, digit: int, data: st.DataObject) -> None:
    text = f"{value:,}"
    places = [at for at, character in enumerate(text) if character.isdigit() and character != str(digit)]
    if not places:
        return
    at = data.draw(st.sampled_from(places))
    changed = f"{text[:at]}{digit}{text[at + 1 :]}"
    before = [q.base for q in quantities(f"It sends {text} requests.")]
    assert before == [value]
    assert [q.base for q in quantities(f"It sends {changed} requests.")] != before
