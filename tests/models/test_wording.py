"""How amounts read: no exponents where people would write the number out, and units that people say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.models.wording import amount, count, duration, percent, several, size


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (amount(1_234_567), "1,230,000"), (amount(0.0000123), "0.0000123"), (amount(999.6), "1,000"), (amount(0), "0"),
        (amount(12.30), "12.3"), (amount(-0.5), "-0.5"), (amount(0.29431, 4), "0.2943"), (amount(1e20), "1e+20"),
        (duration(2592), "43.2 minutes"), (duration(1), "1 second"), (duration(0.0023), "2.3 ms"),
        (duration(0), "0 seconds"),
        (duration(7.2e-6), "7.2 µs"), (duration(4.61e-9), "4.61 ns"), (duration(1e-80), "under 1 ns"),
        (duration(4380 * 31_536_000), "4,380 years"),
        (percent(0.0123), "1.23%"), (percent(2500), "250,000%"), (percent(1.19e-7), "0.0000119%"),
        (percent(0.99995), "99.995%"),
        (percent(1e-100), "under 0.000000001%"), (percent(0), "0%"),
        (size(518.4e9), "518 GB"), (size(12), "12 bytes"), (size(2.048e6), "2.05 MB"), (size(1e21), "1,000,000 PB"),
        (several(1, "server"), "1 server"), (several(2, "query"), "2 queries"), (several(1500, "key"), "1,500 keys"),
        (several(1.0001, "call"), "1 call"), (several(2, "process"), "2 processes"), (several(2, "copy"), "2 copies"),
        (several(1, "server", "wait"), "1 server waits"), (several(1, "place", "are"), "1 place is"),
        (several(1, "request", "pass"), "1 request passes"), (several(0, "server", "wait"), "0 servers wait"),
        (count(12345.6), "12,346"), (count(0.25), "0.25"),
    ],
)  # fmt: skip
def test_amounts_read_as_people_write_them(said, text):
    assert said == text


@given(st.floats(1e-9, 9e14), st.integers(1, 6))
def test_an_amount_is_its_number_to_that_many_digits(value, digits):
    text = amount(value, digits)
    assert "e" not in text and float(text.replace(",", "")) == pytest.approx(float(f"{value:.{digits}g}"), rel=1e-12)
