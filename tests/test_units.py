"""Quantities: the same amount in any unit is the same number, and nothing else gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign import units
from sysdesign.errors import InvalidInput

RATE, DATA, TIME = (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "value", "dimension"),
    [
        ("3.5 million/day", 3.5e6 / 86400, RATE),
        ("40/s", 40, RATE),
        ("40 requests a second", 40, RATE),
        ("12 per hour", 12 / 3600, RATE),
        ("2 TB", 2e12, DATA),
        ("2 TiB", 2 * 1024**4, DATA),
        ("100 Mbps", 12.5e6, (-1.0, 1.0, 0.0)),
        ("10 ms", 0.01, TIME),
        ("1 month", 365.25 / 12 * 86400, TIME),
        ("95 %", 0.95, units.PURE),
        ("5 USD/month", 5 / (365.25 / 12 * 86400), (-1.0, 0.0, 1.0)),
    ],
)
def test_texts_are_read_in_base_units(text, value, dimension):
    got, kind, _ = units.parse(text)
    assert got == pytest.approx(value, rel=1e-11)
    assert kind == dimension


def test_information_is_not_a_count():
    assert units.parse("2 TB")[1] != units.parse("2 trillion")[1]


@pytest.mark.parametrize(
    "text", ["", "ten", "3 furlongs", "3 s/", "1e999", "nan", "3 s**9", "3" * 200, "__import__('os')"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(InvalidInput):
        units.parse(text)


@given(st.floats(1e-3, 1e12), st.sampled_from([("ms", "s", 1e-3), ("GB", "TB", 1e-3), ("/day", "/s", 1 / 86400)]))
def test_changing_the_unit_changes_nothing(value, pair):
    small, large, size = pair
    assert units.parse(f"{value!r} {small}")[0] == pytest.approx(units.parse(f"{value * size!r} {large}")[0], rel=1e-10)


@given(st.floats(1e-6, 1e18, allow_nan=False))
def test_a_time_shown_reads_back_within_its_digits(value):
    shown = units.text(value, TIME).replace(",", "")
    assert units.parse(shown)[0] == pytest.approx(value, rel=6e-3)


@given(st.floats(1e-3, 1e12), st.floats(1.000001, 2))
def test_two_times_get_the_digits_they_need_to_differ(value, factor):
    shown = units.texts_apart(value, value * factor, TIME)
    assert shown[0] != shown[1] or factor < 1 + 2e-6


@pytest.mark.parametrize(
    ("one", "other", "unit", "shown"),
    [
        (0.9999, 0.999905, "share", ("99.99%", "99.9905%")),
        (0.9999, 0.99990000001, "share", ("99.99%", "99.99%")),
        (30, 30.04, "1/s", ("30/s", "30.04/s")),
        (12345, 40000, "1/s", ("12,300/s", "40,000/s")),
        (1.2345e9, 1.2346e9, "count", ("1.234 billion", "1.235 billion")),
        (0.5, 1.0, "share", ("50%", "100%")),
        (9.9, 25, "share", ("990%", "25 times")),
        (1.0049, 1.0051, "share", ("100%", "101%")),
    ],
)
def test_texts_apart_add_only_the_digits_needed(one, other, unit, shown):
    assert units.texts_apart(one, other, units.unit(unit)[1], unit) == shown
