"""Quantities in a sentence: digits with their scale and unit, and numbers written as words.

Names are not quantities: years and dates, versions, RFC and status numbers,
ordinals and percentiles, S3 and IPv4. A small bare count ("2 caches") says how
a thing is built rather than how it behaves; `Quantity.bare_count` tells it apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from sysdesign import units
from sysdesign.units import PURE, Dimension

SMALL_COUNT = 10
LONGEST_NAME = 60  # characters before a number that may make it part of a name
REMEMBERED = 16_384  # texts: those of a reference, read again by the next check

_SCALES = {
    "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "bn": 1e9, "hundred": 1e2,
}  # fmt: skip
_SYMBOLS = "ns us ms s min h kB MB GB TB PB KiB MiB GiB TiB".split()
_NAMED = {
    "nanosecond": "ns", "microsecond": "us", "millisecond": "ms", "second": "s", "minute": "min", "hour": "h",
    "day": "day", "week": "week", "month": "month", "year": "year", "bit": "bit", "byte": "B", "kilobyte": "kB",
    "megabyte": "MB", "gigabyte": "GB", "terabyte": "TB", "petabyte": "PB",
}  # fmt: skip
_UNITS = {
    **dict(zip(_SYMBOLS, _SYMBOLS, strict=True)),
    **{f"{name}{plural}": symbol for name, symbol in _NAMED.items() for plural in ("", "s")},
    "µs": "us", "μs": "us", "KB": "kB", "sec": "s", "hr": "h", "%": "%", "percent": "%",
}  # fmt: skip
_DURATIONS = ("ns", "us", "ms", "s", "min", "h", "day", "week", "month", "year")
_TIMES = ("x", "×", "times", "fold")
_WORDS = {
    "zero": 0.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0, "six": 6.0, "seven": 7.0, "eight": 8.0,
    "nine": 9.0, "ten": 10.0, "eleven": 11.0, "twelve": 12.0, "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0,
    "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0, "eighty": 80.0, "ninety": 90.0,
    "half": 0.5, "third": 1 / 3, "quarter": 0.25, "twice": 2.0, "double": 2.0, "a": 1.0, "an": 1.0,
}  # fmt: skip
_PER = r"(?:\s*/\s*|\s+(?:a|an|per|each|every)\s+)"
_TIME_WORDS = "second|sec|s|minute|min|hour|h|day|week|month|year"
_RATE = re.compile(rf"(?:\s+(?!and\b|or\b|to\b|in\b|for\b)[A-Za-z-]+){{0,3}}?{_PER}(?P<time>{_TIME_WORDS})\b")
_SHORT_RATE = re.compile(rf"{_PER}(?P<time>{_TIME_WORDS})\b")
_UNIT_WORDS = "|".join(sorted(map(re.escape, (*_UNITS, *_TIMES)), key=len, reverse=True))
_SCALE_WORDS = "thousand|million|billion|trillion|hundred"
_NUMBER = re.compile(
    r"(?<![\w.,=/#^_\-:])(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?!\d|[.,:]\d|\^)"
    rf"(?:(?P<short>[kKMB]|bn)(?![A-Za-z])|\s(?P<scale>{_SCALE_WORDS})\b)?"
    rf"(?:[\s\-]?(?P<unit>{_UNIT_WORDS})(?![A-Za-z]))?"
    r"(?P<rest>[A-Za-z_]*)"
)
_WORD_NUMBER = re.compile(
    rf"\b(?P<word>{'|'.join(_WORDS)})(?:[\s\-](?P<scale>{_SCALE_WORDS})\b)?"
    rf"(?:(?:(?:(?<=half)|(?<=third)|(?<=quarter))\s(?:of\s)?an?\s|[\s\-])(?P<unit>{_UNIT_WORDS})(?![A-Za-z]))?",
    re.IGNORECASE,
)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(rf"\b\d{{4}}-\d\d(?:-\d\d)?\b|\b\d{{1,2}} (?:{_MONTHS})\b|\b(?:{_MONTHS}) \d{{1,2}}(?:, \d{{4}})?\b")
_NAMING = re.compile(
    r"\b(?:RFC|versions?|sections?|figure|table|steps?|chapter|part|level|port|status|code|item|rule|option|case"
    r"|an?) $",
    re.IGNORECASE,
)
_STATUS = re.compile(r" (?:[A-Z]|responses?\b|errors?\b|status\b|answers?\b)")
_NAME_BEFORE = re.compile(r"\b(?P<name>[A-Z][\w.+-]*) $")
_ORDINARY = frozenset(
    "A About Above After All Allow Almost An And Another Any Around As Assume At Because Before Below Between But By "
    "Each Even Every Exactly Expect For From Given Half Has Have If In Instead Into Is It Its Just Keep Let Like Most "
    "Nearly No Nor Not Of On Once One Only Or Over Per Roughly Say Set Since So Some Such Suppose Take Than That The "
    "Their Then There These They This Those To Under Until Up Use We When Where Which While With Within You".split()
)
_BETWEEN = re.compile(r"\s?(?:–|to|or|and)\s?")


@dataclass(frozen=True)
class Quantity:
    """A number in a text with what stands beside it."""

    text: str
    start: int
    end: int
    value: float  # as written, scale words applied
    digits: float  # half a unit of its last significant digit, in the same measure as `value`
    unit: str  # a symbol, "times", or ""
    base: float  # in seconds, bytes, and their products
    dimension: Dimension
    in_words: bool = False

    @property
    def factor(self) -> float:
        """What turns `value` into `base`."""
        return self.base / self.value if self.value else _factor(self.unit, "")[0]

    @property
    def bare_count(self) -> bool:
        """A small whole number that no unit follows."""
        return not self.unit and self.dimension == PURE and self.value <= SMALL_COUNT and self.value.is_integer()


@lru_cache(maxsize=REMEMBERED)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of a sentence that need something behind them, in order."""
    return tuple(sorted((*_digits(text), *_worded(text)), key=lambda found: found.start))


@lru_cache(maxsize=REMEMBERED)
def all_numbers(text: str) -> tuple[Quantity, ...]:
    """Every number of a short text that is known to hold one: names excluded, number words included."""
    found = list(_digits(text))
    taken = {place for number in found for place in range(number.start, number.end)}
    for match in _WORD_NUMBER.finditer(text):
        if match["word"].lower() in ("a", "an") and not match["scale"]:
            continue
        if taken.isdisjoint(range(*match.span())):
            found.append(_worded_quantity(text, match))
    return tuple(sorted(found, key=lambda number: number.start))


def _digits(text: str) -> Iterator[Quantity]:
    dates = {place for found in _DATE.finditer(text) for place in range(*found.span())}
    later: Quantity | None = None
    for match in reversed(list(_NUMBER.finditer(text))):
        if match["rest"] or match.start() in dates or _is_name(text, match):
            continue
        found = _quantity(text, match)
        if later is not None and not found.unit and _BETWEEN.fullmatch(text, found.end, later.start):
            factor = later.factor  # 10 to 20 ms: both are milliseconds
            found = replace(found, unit=later.unit, base=found.value * factor, dimension=later.dimension)
        later = found
        yield found


def _is_name(text: str, match: re.Match[str]) -> bool:
    """Whether the digits are part of a name: a year, a version, an RFC, a status code."""
    plain = match["short"] is None and match["scale"] is None and match["unit"] is None and "," not in match["number"]
    if not plain or _RATE.match(text, match.end()):
        return False
    number, before = match["number"], (max(0, match.start() - LONGEST_NAME), match.start())
    if re.fullmatch(r"(?:19|20)\d\d", number):
        return True
    if _NAMING.search(text, *before):
        return True
    if re.fullmatch(r"[1-5]\d\d", number) and _STATUS.match(text, match.end()):
        return True
    named = _NAME_BEFORE.search(text, *before)
    return named is not None and named["name"] not in _ORDINARY


def _quantity(text: str, match: re.Match[str]) -> Quantity:
    scale = _SCALES[match["short"] or match["scale"]] if match["short"] or match["scale"] else 1.0
    value = float(match["number"].replace(",", "")) * scale
    digits = _half_digit(match["number"]) * scale
    return _built(text, match, value, digits, match["unit"] or "", False)


def _half_digit(number: str) -> float:
    """Half a unit of the last digit that is meant: trailing zeros of a whole number are not, past the second digit."""
    plain = number.replace(",", "")
    if "." in plain:
        return 0.5 * 10.0 ** -len(plain.partition(".")[2])
    zeros = len(plain) - len(plain.rstrip("0"))
    return 0.5 * 10.0 ** min(zeros, max(0, len(plain) - 2))


def _worded(text: str) -> Iterator[Quantity]:
    """Numbers in words that measure something: two seconds, ten times, a million."""
    for match in _WORD_NUMBER.finditer(text):
        word = match["word"].lower()
        if match["scale"] or (match["unit"] and word not in ("a", "an", "one")):
            yield _worded_quantity(text, match)


def _worded_quantity(text: str, match: re.Match[str]) -> Quantity:
    scale = _SCALES[match["scale"].lower()] if match["scale"] else 1.0
    value = _WORDS[match["word"].lower()]
    digits = 0.5 if value.is_integer() else 0.1 * value
    return _built(text, match, value * scale, digits * scale, match["unit"] or "", True)


def _built(text: str, match: re.Match[str], value: float, digits: float, unit: str, in_words: bool) -> Quantity:
    time = "" if _UNITS.get(unit) in _DURATIONS else _time_after(text, match)
    factor, dimension = _factor(unit, time)
    return Quantity(
        text=match.group().strip(),
        start=match.start(),
        end=match.end(),
        value=value,
        digits=digits,
        unit="times" if unit in _TIMES else unit,
        base=value * factor,
        dimension=dimension,
        in_words=in_words,
    )


def _time_after(text: str, match: re.Match[str]) -> str:
    """The time that the quantity is counted over: `2,000 requests a second`, `5 GB/day`."""
    pattern = _SHORT_RATE if match["unit"] else _RATE
    found = pattern.match(text, match.end())
    return found["time"] if found else ""


def _factor(unit: str, time: str) -> tuple[float, Dimension]:
    size, dimension = (1.0, PURE) if unit in _TIMES or not unit else units.unit(_UNITS.get(unit, unit))
    if not time:
        return size, dimension
    seconds, _ = units.unit("s" if time == "sec" else time)
    return size / seconds, (dimension[0] - 1.0, dimension[1], dimension[2])
