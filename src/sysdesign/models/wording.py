"""How amounts read in the sentence under a result."""

from __future__ import annotations

import math

UNITS = ((31_536_000.0, "years"), (86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))
SHORT_UNITS = ((1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
SIZES = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def duration(seconds: float) -> str:
    """A time in the unit that people would say, to three digits: 2592 is "43.2 minutes"."""
    for size, unit in UNITS:
        if abs(seconds) >= size:
            text = amount(seconds / size)
            return f"{text} {unit.removesuffix('s') if text == '1' else unit}"
    for size, unit in SHORT_UNITS:
        if abs(seconds) >= size:
            return f"{amount(seconds / size)} {unit}"
    return "under 1 ns" if seconds else "0 seconds"


def percent(share: float) -> str:
    """A share as a percentage to three digits, of what is missing where it is near 1: 0.0123 is "1.23%"."""
    if 0.99 < share < 1:
        digits = min(12, -math.floor(math.log10(1 - share)))
        return f"{share * 100:.{digits}f}".rstrip("0").rstrip(".") + "%"
    return "under 0.000000001%" if 0 < share < 1e-11 else f"{amount(share * 100)}%"


def amount(value: float, digits: int = 3) -> str:
    """A number to so many digits, written out: 1234567 is "1,230,000" and 0.0000123 is "0.0000123"."""
    rounded = float(f"{value:.{digits}g}")
    if not 1e-9 <= abs(rounded) < 1e15:
        return f"{value:.{digits}g}"
    text = f"{rounded:,.{max(0, digits - 1 - math.floor(math.log10(abs(rounded))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def size(size_bytes: float) -> str:
    """Bytes in the unit that people would say: 5.184e11 is "518 GB"."""
    for each, unit in SIZES:
        if size_bytes >= each:
            return f"{amount(size_bytes / each)} {unit}"
    return f"{amount(size_bytes)} bytes"


SINGULAR = {"are": "is", "were": "was", "have": "has", "do": "does"}


def several(number: float, noun: str, verb: str = "", digits: int = 3) -> str:
    """A count with its noun, and the verb of several: "1 server", "2 servers", "1,000 queries", "1 server waits"."""
    if count(number, digits) == "1":
        return f"1 {noun} {SINGULAR.get(verb, verb + _s_after(verb))}" if verb else f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith(("ry", "py", "ty", "cy")) else noun + _s_after(noun)
    return f"{count(number, digits)} {plural}{' ' if verb else ''}{verb}"


def _s_after(word: str) -> str:
    return "es" if word.endswith(("s", "sh", "ch", "x")) else "s"


def count(value: float, digits: int = 3) -> str:
    """A count with separators where it is large, a few digits where it is small: 12345.6 is "12,346"."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else amount(value, digits)


def bound_text(value: float) -> str:
    """A bound as a reader writes it: 10,000,000 and not 1e+07."""
    return f"{value:,.15g}" if value == 0 or 1e-5 <= abs(value) < 1e12 else f"{value:g}"
