"""Whether a level can be kept while replicas cannot hear each other, by every answer they could give.

Two sides share nothing. What clients ask is given, and at which side; each answers at once, with what was
written at that side. Where no choice of answers satisfies a level, no store can give it and stay available.
A client may be held to one side (sticky) or be sent to either.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from sysdesign.models.consistency.hierarchy import JUDGES
from sysdesign.models.consistency.history import Operation

BUDGET = 100_000
Asked = tuple[int, int, str, str]  # process, side, r or w, key


@dataclass(frozen=True)
class Split:
    """What was asked at which side, one after the other, and one of the ways to answer."""

    asked: tuple[Asked, ...]
    answers: tuple[Operation, ...]


def refutation(level: str, sticky: bool, most: int = 4) -> Split | None:
    """The smallest split in which no answers satisfy a level; None if there is none of up to so many operations."""
    for size in range(1, most + 1):
        for asked in _programs(size, sticky):
            answers = tuple(_answers(asked))
            if all(JUDGES[level](each, BUDGET).answer == "fails" for each in answers):
                return Split(asked, answers[0])
    return None


def _programs(size: int, sticky: bool) -> Iterator[tuple[Asked, ...]]:
    deeds = [(process, side, kind, key) for process in (0, 1) for side in (0, 1) for kind in "wr" for key in "xy"]
    for asked in itertools.product(deeds, repeat=size):
        if asked[0][:2] != (0, 0) or asked[0][3] != "x":
            continue
        if sticky and any(process != side for process, side, _, _ in asked):
            continue
        if asked[-1][2] == "r":
            yield asked


def _answers(asked: tuple[Asked, ...]) -> Iterator[tuple[Operation, ...]]:
    """Every way to answer: a read gives nothing, or what had been written to its key at its side."""
    numbers = {at: 1 + sum(other[2:] == ("w", one[3]) for other in asked[:at]) for at, one in enumerate(asked)}
    choices = [
        [numbers[at]] if kind == "w" else
        [None, *(numbers[other] for other in range(at) if asked[other][1:] == (side, "w", key))]
        for at, (_, side, kind, key) in enumerate(asked)
    ]  # fmt: skip
    for values in itertools.product(*choices):
        yield tuple(
            Operation(process, "write" if kind == "w" else "read", key, value, 2 * at, 2 * at + 1)
            for at, ((process, _, kind, key), value) in enumerate(zip(asked, values, strict=True))
        )
