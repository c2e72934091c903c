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
        ("40x", 40, units.PURE),
        ("1.3 times", 1.3, units.PURE),
        ("5 USD/month", 5 / (365.25 / 12 * 86400), (-1.0, 0.0, 1.0)),
        ("10k", 1e4, units.PURE),
        ("1.5M", 1.5e6, units.PURE),
        ("10K requests/s", 1e4, RATE),
        ("2 MB", 2e6, DATA),
        ("2 bn/year", 2e9 / 31557600, RATE),
        ("100 rps", 100, RATE),
        ("5k QPS", 5000, RATE),
        ("3 ops/s", 3, RATE),
        ("1,000", 1000, units.PURE),
        ("1,234,567.5 ms", 1234.5675, TIME),
        ("10 000 B", 1e4, DATA),
        ("10\u202f000", 1e4, units.PURE),
        ("1'000'000", 1e6, units.PURE),
        ("1_000", 1000, units.PURE),
        ("−5", -5, units.PURE),
        ("2 hrs", 7200, TIME),
        ("1e-3 s", 1e-3, TIME),
    ],
)
def test_texts_are_read_in_base_units(text, value, dimension):
    got, kind, _ = units.parse(text)
    assert got == pytest.approx(value, rel=1e-11)
    assert kind == dimension


def test_information_is_not_a_count():
    assert units.parse("2 TB")[1] != units.parse("2 trillion")[1]


@pytest.mark.parametrize(
    "text",
    [
        "", "ten", "3 furlongs", "3 s/", "1e999", "nan", "inf", "3 s**9", "3" * 200, "__import__('os')", "5m", "2G",
        "5 10", "1.5.2", "1,00", "12,34", "0,200", "1.000,5", "1.000.000", "1,000_000", "1,", ",5", "½", "٣", "--5",
        "5 to", "to 5",
    ],
)  # fmt: skip
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


@pytest.mark.parametrize(("text", "written"), [("0,2", "0.2"), ("-1,5 ms", "-1.5"), ("12,34 GB", "12.34")])
def test_a_decimal_comma_is_refused_with_what_to_write(text, written):
    with pytest.raises(InvalidInput, match=f"if the comma is a decimal mark, write {written}$"):
        units.parse(text)


@pytest.mark.parametrize(
    ("text", "low", "high", "dimension"),
    [
        ("5 to 10 ms", 5e-3, 10e-3, TIME),
        ("5-10 ms", 5e-3, 10e-3, TIME),
        ("5 – 10ms", 5e-3, 10e-3, TIME),
        ("5..10", 5, 10, units.PURE),
        ("5 ms to 1 s", 5e-3, 1, TIME),
        ("5k-10k/s", 5e3, 10e3, RATE),
        ("200 to 400", 200, 400, units.PURE),
        ("1,000-2,000", 1000, 2000, units.PURE),
        ("-5--3", -5, -3, units.PURE),
        ("1e-3-1e-2", 1e-3, 1e-2, units.PURE),
        ("5-10%", 0.05, 0.1, units.PURE),
        ("7 ms", 7e-3, 7e-3, TIME),
    ],
)
def test_ranges_have_both_ends_in_base_units(text, low, high, dimension):
    found = units.parse_range(text)
    assert found[:2] == pytest.approx((low, high), rel=1e-11)
    assert found[2] == dimension
    if low != high:
        with pytest.raises(InvalidInput, match="is a range; one value is needed"):
            units.parse(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("5-10k", "can be read as from 5k or from 5"),
        ("1 to 5 million", "write the first number out"),
        ("10-5", "swap them"),
        ("5 ms to 10", "a unit at its low end alone"),
        ("5 ms to 10 GB", "from one kind of quantity to another"),
        ("5 to 0,2", "decimal mark"),
    ],
)
def test_ranges_that_could_mean_two_things_are_refused(text, why):
    with pytest.raises(InvalidInput, match=why):
        units.parse_range(text)


def test_numbers_no_float_can_hold_are_refused_quickly():
    with pytest.raises(InvalidInput, match="more than 300 digits"):
        units.finite(10**5000)
    assert units.finite(10**300) == 10**300


HOSTILE = (
    "1" * 10**6,
    "1,111" * 10**5,
    "1 111" * 10**5,
    " " * 10**6 + "/",
    "1" + " " * 10**6 + "/",
    "1-" * 10**5,
    "/" * 10**6,
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_long_texts_are_refused_without_being_read(text):
    for read in (units.parse, units.parse_range, units.unit):
        with pytest.raises(InvalidInput) as error:
            read(text)
        assert len(str(error.value)) < 400
