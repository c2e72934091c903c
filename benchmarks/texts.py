"""How the time to read a hostile text grows with its length: twice as long may take twice as long, not four times."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from abuse.texts import READERS, SPOILS
from benchmarks.measured import line
from sysdesign.errors import SysdesignError

LEAST = 4_000  # characters
LONGEST = 64_000
ENOUGH_S = 0.02  # below that a ratio says more of the clock than of the reader
LINEAR = 3.0  # times as long for twice the text: between linear and square


def main() -> None:
    """For each reader the piece of text that grows worst, at n and 2n characters."""
    for name, (read, longest, pieces) in READERS.items():
        worst = max((_growth(read, min(longest, LONGEST), piece, spoil), piece) for piece in pieces for spoil in SPOILS)
        ratio, piece = worst
        said = f"{ratio:.1f} times" if ratio else f"< {1000 * ENOUGH_S:.0f} ms"
        line(f"{name}: twice the text (worst: {piece!r})"[:62], said, f"< {LINEAR:g} times")


def _growth(read: Callable[[str], object], longest: int, piece: str, spoil: str) -> float:
    """Time at twice the length over time at the length; 0 where the text is read too fast to tell."""
    length = LEAST
    while length < longest and _time(read, piece, length, spoil) < ENOUGH_S:
        length *= 2
    once = min(_time(read, piece, length, spoil) for _ in range(3))
    if once < ENOUGH_S:
        return 0.0
    return min(_time(read, piece, 2 * length, spoil) for _ in range(3)) / once


def _time(read: Callable[[str], object], piece: str, length: int, spoil: str) -> float:
    text = (piece * length)[:length] + spoil
    started = time.perf_counter()
    with suppress(SysdesignError):
        read(text)
    return time.perf_counter() - started
