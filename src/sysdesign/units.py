"""Quantities as people write them: "3.5 million/day", "10k", "40/s", "2 TB", "5 to 10 ms", "95%".

A point marks decimals. Thousands may be parted by commas, underscores, apostrophes or
spaces; a comma that parts no thousands ("0,2") is refused, since it could mean two numbers.

Pint holds the units, in a registry of our own: its stock registry takes a byte for
a pure number, so that "2 TB" would pass for a count. Here information and money are
dimensions, and countable things (requests, events, rows) are pure numbers.
Everything is kept in base units: seconds, bytes, US dollars, and their products.
A kilobyte is 1,000 bytes and a KiB 1,024; a month is a twelfth of 365.25 days.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from typing import Any

import pint

from sysdesign.errors import InvalidInput

Dimension = tuple[float, float, float]  # powers of time, information, money
PURE: Dimension = (0.0, 0.0, 0.0)
DIGITS = 3  # significant digits that a number is shown with
NINES_DIGITS = 6  # and a share near 1, whose meaning is in what is missing
FACTORS = ("times", "x", "×")  # after a number: "40x"
MOST_AS_PERCENT = 10.0  # a larger share reads better as a factor, "25 times" and not "2,500%"
MOST_DIGITS = 7  # beyond these nobody tells two numbers apart
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
SHORT_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6, "bn": 1e9}
LONGEST_TEXT = 120
LONGEST_UNIT = 60
LARGEST_BITS = 1024  # of a whole number that a float can hold
COUNTS = (
    "count request read write event message item row user call query task job key connection update entry record "
    "operation transaction stream machine region engineer step tenant session order point req op"
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
_GAPS = "\u00a0\u202f\u2009 "  # spaces that part thousands: no-break, narrow, thin, plain
_PARTED = re.compile(f"(?<=[0-9])[{_GAPS}](?=[0-9]{{3}}(?![0-9]))")
_NUMERAL = re.compile("[-+]?[0-9.][0-9.,_'’]*(?:[eE][-+]?[0-9]+)?")
_SCALE = re.compile(rf"\s*({'|'.join([*SCALES, *SHORT_SCALES])})(?![A-Za-zµμ])")
_BETWEEN = re.compile(r"\s*(?:\bto\b|-|–|—|\.\.\.?|…)\s*(?=[-+]?[0-9.])")
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


@lru_cache(4096)
def unit(text: str) -> tuple[float, Dimension]:
    """Size of a unit in base units, and its dimension. Raises InvalidInput."""
    if len(text) > LONGEST_UNIT:
        raise InvalidInput(_unknown_unit(text[:LONGEST_UNIT]))
    plain = re.sub(r"\b(per|a|an|each|every)\b", "/", text.replace("%", " percent ")).strip()
    plain = re.sub(r"\bKB\b", "kB", re.sub(r"\b([kMGT])bps\b", r"\1bit/s", plain))
    plain = re.sub(r"\b([rqt]ps|[RQT]PS|IOPS)\b", "count/s", plain)
    plain = re.sub(r"\s*/\s*", "/", plain)
    plain = re.sub(r"^1?/", "count/", plain)
    if plain in ("", "share", "factor"):
        return 1.0, PURE
    if re.search(r"[^A-Za-zµμ/* ]|//|\*\*", plain) or plain.endswith("/"):
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
    """Value in base units, dimension, and whether a unit was written. Raises InvalidInput, for a range too."""
    plain = _plain(text)
    if _ends(plain):
        raise InvalidInput(f"{text!r} is a range; one value is needed here")
    return _quantity(plain, text)


def parse_range(text: str) -> tuple[float, float, Dimension, bool]:
    """Low and high in base units, dimension, and whether a unit was written: "5 to 10 ms", "5-10 ms", "200".

    A single value is a range of itself. A unit at the end holds for both ends; a scale at
    the end ("5-10k") could hold for one or both, so it is refused. Raises InvalidInput.
    """
    plain = _plain(text)
    ends = _ends(plain)
    if not ends:
        value, dimension, with_unit = _quantity(plain, text)
        return value, value, dimension, with_unit
    low, high = ends
    _, scale, unit_text = _parts(high, text)
    _, low_scale, low_unit = _parts(low, text)
    if scale and not (low_scale or low_unit):
        raise InvalidInput(f"{text!r} can be read as from {low}{scale} or from {low}; write the first number out")
    if low_unit and not unit_text:
        raise InvalidInput(f"{text!r} has a unit at its low end alone; write it at the high end, or at both")
    first, dimension, _ = _quantity(low if low_unit else f"{low} {unit_text}", text)
    last, other, with_unit = _quantity(high, text)
    if dimension != other:
        raise InvalidInput(f"{text!r} goes from one kind of quantity to another; give both ends in the same")
    if first > last:
        raise InvalidInput(f"{text!r} has its low end above its high end; swap them")
    return first, last, dimension, with_unit


def finite(value: Any) -> Any:
    """The number, unless it is a whole one that no float can hold. Raises InvalidInput."""
    if isinstance(value, int) and value.bit_length() > LARGEST_BITS:
        raise InvalidInput("a whole number of more than 300 digits is beyond every range here; give a smaller one")
    return value


def _plain(text: str) -> str:
    """The text with one kind of minus sign, and thousands parted by no spaces. Raises InvalidInput."""
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(_not_a_quantity(text))
    return _PARTED.sub("_", text.strip().replace("−", "-"))


def _not_a_quantity(text: str) -> str:
    shown = repr(text if len(text) <= LONGEST_UNIT else text[:LONGEST_UNIT] + "...")
    return f'{shown} is not a quantity; write a number and a unit, as in "3.5 million/day" or "10 ms"'


def _ends(plain: str) -> tuple[str, str] | None:
    """Both ends of a range, or None for another text."""
    numeral = _NUMERAL.match(plain)
    dots = numeral and numeral[0].find("..")
    if numeral and dots and dots > 0:
        return plain[:dots], plain[dots:].lstrip(".").lstrip()
    joined = _BETWEEN.search(plain, numeral.end()) if numeral else None
    return (plain[: joined.start()], plain[joined.end() :]) if joined else None


def _parts(plain: str, text: str) -> tuple[float, str, str]:
    """Number, scale and unit as written. Raises InvalidInput."""
    numeral = _NUMERAL.match(plain)
    if numeral is None:
        raise InvalidInput(_not_a_quantity(text))
    scale = _SCALE.match(plain, numeral.end())
    end = scale.end() if scale else numeral.end()
    return _number(numeral[0], text), scale[1] if scale else "", plain[end:].strip()


def _quantity(plain: str, text: str) -> tuple[float, Dimension, bool]:
    number, scale, unit_text = _parts(plain, text)
    if any(letter.isdigit() for letter in unit_text):
        raise InvalidInput(_not_a_quantity(text))
    size, dimension = (1.0, PURE) if unit_text in FACTORS else unit(unit_text)
    size *= SCALES.get(scale) or SHORT_SCALES.get(scale, 1.0)
    value = number if size == 1.0 else clean(number * size)
    if not math.isfinite(value):
        raise InvalidInput(f"{text!r} is not a finite number")
    return value, dimension, bool(unit_text)


def _number(numeral: str, text: str) -> float:
    """The number, thousands parted in one way throughout. Raises InvalidInput."""
    whole, _, decimals = numeral.partition(".")
    marks = {mark for mark in ",_'’" if mark in whole}
    groups = re.split("[,_'’]", whole.lstrip("+-"))
    parted = len(groups) == 1 or (
        len(marks) == 1 and groups[0].strip("0") and len(groups[0]) <= 3 and all(len(each) == 3 for each in groups[1:])
    )
    if not parted or re.search("[.,_'’]", decimals):
        raise InvalidInput(_no_number(numeral))
    try:
        return float(re.sub("[,_'’]", "", numeral))
    except ValueError:
        raise InvalidInput(_not_a_quantity(text)) from None


def _no_number(numeral: str) -> str:
    point = numeral.replace(",", ".")
    guess = f"; if the comma is a decimal mark, write {point}" if re.fullmatch("[-+]?[0-9]+,[0-9]+", numeral) else ""
    return f"{numeral!r} is not a number: a point marks decimals and commas part thousands, as in 1,000.5{guess}"


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
    text = number_text(value / size, digits)
    return f"{text} {name.removesuffix('s') if text == '1' and name in ('days', 'years') else name}"


def in_unit(value: float, unit_name: str) -> float:
    """A value in base units, in the named unit."""
    return clean(value / unit(unit_name)[0])
