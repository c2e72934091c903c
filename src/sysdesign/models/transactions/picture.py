"""A history of transactions as spans of time, one lane each: what its chart draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sysdesign.models.transactions.history import Transaction

MOST_DRAWN = 12  # transactions; of a longer history only those of the worst anomaly, or its beginning
LONGEST_TEXT = 60
ANOMALOUS, OTHER = "depend on each other in a circle, or are at fault", "other transactions"


@dataclass(frozen=True)
class Picture:
    """The transactions that are drawn, one value each; times are places in the order of begins and ends."""

    names: tuple[str, ...]
    began: np.ndarray
    ended: np.ndarray
    what: tuple[str, ...]
    part: tuple[str, ...]


def picture(committed: Sequence[Transaction], shown: Sequence[Transaction]) -> Picture:
    """The whole of a short history, else the transactions of its worst anomaly, else its first ones."""
    drawn = list(committed)
    if len(drawn) > MOST_DRAWN:
        drawn = list(shown or drawn)[:MOST_DRAWN]
    moments = sorted({moment for each in drawn for moment in (each.began, each.ended) if math.isfinite(moment)})
    place = {moment: at for at, moment in enumerate(moments)}
    within = {id(each) for each in shown}
    names = {id(each): each.name or f"T{number}" for number, each in enumerate(shown, 1)}
    lines = [names.get(id(each)) or each.name or f"line {each.line or number}" for number, each in enumerate(drawn, 1)]
    return Picture(
        names=tuple(lines),
        began=np.array([place.get(each.began, 0) for each in drawn], dtype=float),
        ended=np.array([place.get(each.ended, len(moments)) for each in drawn], dtype=float),
        what=tuple(_short(", ".join(step.text for step in each.steps)) for each in drawn),
        part=tuple(ANOMALOUS if id(each) in within else OTHER for each in drawn),
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 4]} ..."
