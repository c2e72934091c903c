"""Quantities as people write them: "3.5 million/day", "40/s", "2 TB", "10 ms", "95%".

Pint holds the units, in a registry of our own: its stock registry takes a byte for
a pure number, so that "2 TB" would pass for a count. Here information and money are
dimensions, and countable things (requests, events, rows) are pure numbers.
Everything is kept in base units: seconds, bytes, US dollars, and their products.
A kilobyte is 1,000 bytes and a KiB 1,024; a month is a twelfth of 365.25 days.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import pint

from sysdesign.errors import InvalidInput

Dimension = tuple[float, float, float]  # powers of time, information, money
PURE: Dimension = (0.0, 0.0, 0.0)
DIGITS = 3  # significant digits that a number is shown with
NINES_DIGITS = 6  # and a share near 1, whose meaning is in what is missing
MOST_AS_PERCENT = 10.0  # a larger share reads better as a factor, "25 times" and not "2,500%"
MOST_DIGITS = 7  # beyond these nobody tells two numbers apart
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
COUNTS = (
    "count request read write event message item row user call query task job key connection update entry record "
    "operation transaction stream machine region engineer step tenant session order point"
).split()

_DEFINITIONS = """
nano- = 1e-9 = n-
micro- = 1e-6 = µ- = μ- = u-
milli- = 1e-3 = m-
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
peta- = 1e15 = P-
exa- = 1e18 = E-
kibi- = 1024 = Ki-
mebi- = 1048576 = Mi-
gibi- = 1073741824 = Gi-
tebi- = 1099511627776 = Ti-
second = [time] = s = sec
minute = 60 * second = min
hour = 3600 * second = h = hr
day = 86400 * second = d
week = 604800 * second
month = 2629800 * second
year = 31557600 * second = yr
byte = [information] = B
bit = byte / 8
dollar = [money] = USD
percent = 0.01
"""
_TEXT = re.compile(
    r"^\s*(?P<number>[-+]?(\d[\d,_]*\.?\d*|\.\d+)([eE][-+]?\d+)?)\s*"
    r"(?P<scale>thousand|million|billion|trillion)?\s*(?P<unit>[A-Za-zµμ%/* ]*)\s*$"
)
_DISPLAY = {
    (1.0, 0.0, 0.0): (
        ("years", 31557600.0), ("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6),
    ),
    (0.0, 1.0, 0.0): (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0)),
    (-1.0, 1.0, 0.0): (("TB/s", 1e12), ("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3), ("B/s", 1.0)),
}  # fmt: skip


@cache
def _registry() -> pint.UnitRegistry:
    registry: pint.UnitRegistry = pint.UnitRegistry(None)
    registry.load_definitions(_DEFINITIONS.strip().splitlines())
    for word in COUNTS:
        registry.define(f"{word} = []" if word == "count" else f"{word} = count")
    registry.define("@alias second = seconds")
    return registry


@cache
def unit(text: str) -> tuple[float, Dimension]:
    """Size of a unit in base units, and its dimension. Raises InvalidInput."""
    plain = re.sub(r"\b(per|a|an|each|every)\b", "/", text.replace("%", " percent ")).strip()
    plain = re.sub(r"\bKB\b", "kB", re.sub(r"\b([kMGT])bps\b", r"\1bit/s", plain))
    plain = re.sub(r"\s*/\s*", "/", plain)
    plain = re.sub(r"^1?/", "count/", plain)
    if plain in ("", "share", "factor"):
        return 1.0, PURE
    if len(plain) > 60 or re.search(r"[^A-Za-zµμ/* ]|//|\*\*", plain) or plain.endswith("/"):
        raise InvalidInput(_unknown_unit(text))
    try:
        base = _registry().Quantity(1.0, re.sub(r"\s+", "*", plain)).to_base_units()
    except Exception:  # Pint raises its own, tokenizer's and syntax errors alike
        raise InvalidInput(_unknown_unit(text)) from None
    powers: dict[str, Any] = {str(name): power for name, power in base.dimensionality.items()}
    time, information, money = (float(powers.get(f"[{name}]", 0.0)) for name in ("time", "information", "money"))
    dimension = (time, information, money)
    magnitude: Any = base.magnitude
    return float(magnitude), dimension


def _unknown_unit(text: str) -> str:
    return (
        f"the unit {text.strip()!r} is not known; units are s, ms, min, h, day, month, year, "
        "B, kB, GB, TB, bit, USD, % and their quotients, as in GB/day"
    )


def is_unit(word: str) -> bool:
    """Whether a single word names a unit."""
    try:
        unit(word)
    except InvalidInput:
        return False
    return bool(word)


def clean(value: float) -> float:
    """The value to 12 digits, so that 0.1 TB and 100 GB are the same number."""
    return float(f"{value:.12g}") if math.isfinite(value) else value


def parse(text: str) -> tuple[float, Dimension, bool]:
    """Value in base units, dimension, and whether a unit was written. Raises InvalidInput."""
    found = _TEXT.match(text) if len(text) <= 120 else None
    if found is None:
        raise InvalidInput(
            f'{text[:60]!r} is not a quantity; write a number and a unit, as in "3.5 million/day" or "10 ms"'
        )
    number = float(found["number"].replace(",", "").replace("_", "")) * SCALES.get(found["scale"] or "", 1.0)
    size, dimension = unit(found["unit"])
    if not math.isfinite(number * size):
        raise InvalidInput(f"{text[:60]!r} is not a finite number")
    return clean(number * size), dimension, bool(found["unit"].strip())


def number_text(value: float, digits: int = DIGITS) -> str:
    """A number for people: so many significant digits, thousands separated, millions and more in words."""
    if not math.isfinite(value):
        return "no limit" if value > 0 else "none"
    if value == 0:
        return "0"
    if abs(value) >= 1e15 or abs(value) < 1e-9:
        return f"{value:.{digits}g}"
    for name, size in reversed(SCALES.items()):
        if abs(value) >= size * 0.9995 and size > 1e3:
            return f"{float(f'{value / size:.{digits}g}'):,.15g} {name}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{round(value, places):,.{places}f}" if places else f"{float(f'{value:.{digits}g}'):,.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def text(value: float, dimension: Dimension, unit_name: str = "", digits: int = DIGITS) -> str:
    """A value in base units, in the unit that reads best."""
    if not math.isfinite(value):
        return number_text(value)
    if unit_name == "share" and value <= MOST_AS_PERCENT:
        return f"{number_text(100 * value, max(digits, NINES_DIGITS) if 0.99 <= value < 1 else digits)}%"
    if unit_name == "share":
        return f"{number_text(value, digits)} times"
    if dimension in _DISPLAY:
        return _scaled(value, _DISPLAY[dimension], digits)
    if dimension == (-1.0, 0.0, 0.0):
        if value == 0 or value >= 0.1:
            return f"{number_text(value, digits)}/s"
        return f"{number_text(value * 86400, digits)}/day"
    if dimension == (0.0, 0.0, 1.0):
        return f"{number_text(value, digits)} USD"
    if dimension == (-1.0, 0.0, 1.0):
        return f"{number_text(value * 2629800, digits)} USD/month"
    return number_text(value, digits)


def texts_apart(one: float, other: float, dimension: Dimension, unit_name: str = "") -> tuple[str, str]:
    """Both values with as many digits as their texts need to differ, `MOST_DIGITS` at most."""
    texts = ("", "")
    for digits in range(DIGITS, MOST_DIGITS + 1):
        texts = text(one, dimension, unit_name, digits), text(other, dimension, unit_name, digits)
        if texts[0] != texts[1]:
            break
    return texts


def _scaled(value: float, units: tuple[tuple[str, float], ...], digits: int) -> str:
    name, size = next(((name, size) for name, size in units if abs(value) >= size * 0.9995), units[-1])
    if value == 0:
        name, size = next((name, size) for name, size in units if size == 1.0)
    return f"{number_text(value / size, digits)} {name}"


def in_unit(value: float, unit_name: str) -> float:
    """A value in base units, in the named unit."""
    return clean(value / unit(unit_name)[0])
