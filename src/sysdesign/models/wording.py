"""How amounts read in the sentence under a result."""

from __future__ import annotations

import math

UNITS = ((31_536_000.0, "years"), (86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def duration(seconds: float) -> str:
    """A time in the unit that people would say, to three digits: 2592 is "43.2 minutes"."""
    for size, unit in UNITS:
        if abs(seconds) >= size:
            amount = f"{seconds / size:.3g}"
            return f"{amount} {unit.removesuffix('s') if amount == '1' else unit}"
    return f"{seconds * 1000:.3g} ms" if seconds else "0 seconds"


def percent(share: float) -> str:
    """A share as a percentage to three digits, of what is missing where it is near 1: 0.0123 is "1.23%"."""
    if 0.99 < share < 1:
        digits = min(12, -math.floor(math.log10(1 - share)))
        return f"{share * 100:.{digits}f}".rstrip("0").rstrip(".") + "%"
    return f"{share * 100:.3g}%"


def count(value: float) -> str:
    """A count with separators where it is large, three digits where it is small: 12345.6 is "12,346"."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def bound_text(value: float) -> str:
    """A bound as a reader writes it: 10,000,000 and not 1e+07."""
    return f"{value:,.15g}" if value == 0 or 1e-5 <= abs(value) < 1e12 else f"{value:g}"
