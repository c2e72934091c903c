"""Lost updates: how often people or programs who read, think and write back erase each other's work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, percent
from sysdesign.probability.elementwise import broadcast, plain


@dataclass(frozen=True)
class LostUpdates:
    """What blind writes erase, and what a precondition refuses in their place."""

    erasing_share: Annotated[float, Output("Saves that erase another", "share")]
    erased_share: Annotated[float, Output("Saves that are erased", "share")]
    erased_per_day: Annotated[float, Output("Saves erased a day, all records")]
    refused_share: Annotated[float, Output("Saves that a precondition refuses at first", "share")]
    attempts: Annotated[float, Output("Attempts of a save with a precondition, mean")]
    open_at_once: Annotated[float, Output("Copies of a record that are open, mean")]


@checked
def lost_updates(
    saves_per_h: Annotated[float, Input("Saves of one record", "1/h", low=0, high=1e8, default=2)] = 2,
    open_s: Annotated[float, Input("Time from reading to saving, mean", "s", low=1e-6, high=1e7, default=180)] = 180,
    variation: Annotated[
        float, Input("Its coefficient of variation", low=0, high=10, default=1,
                     help="0: always the same; 1: exponential")
    ] = 1,
    overlap_share: Annotated[
        float, Input("Pairs of saves that touch the same fields", "share", low=0, high=1, default=1,
                     help="1 where a save writes the whole record, less where it names the fields that it changes")
    ] = 1,
    again_s: Annotated[
        float, Input("Time to read again and save after a refusal, mean", "s", low=1e-6, high=1e7, default=30)
    ] = 30,
    records: Annotated[float, Input("Records that are edited so", low=1, high=1e12, default=100)] = 100,
) -> LostUpdates:  # fmt: skip
    """How many saves are lost where each writes back what it read, without a precondition.

    Saves of a record come at random (Poisson), each from somebody who read it a time D before; D is gamma distributed.
    A save erases another if one that touches the same fields came within its D: 1 - E[exp(-rate D)]. It is
    erased if somebody had the record open when it came: copies open at a moment are an M/G/inf queue, so the
    chance is 1 - exp(-rate E[D]) whatever the law of D. With a precondition the first chance is that of a refusal;
    who is refused reads and tries again, and may be refused again.

    A fixed rate for each record: records edited more than others lose more than in proportion. People who see each
    other at work, or wait in turn, meet less often. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the rules; no source needed.

    >>> round(lost_updates(2, 180, 0).erasing_share, 4)
    0.0952
    """
    given = (saves_per_h, open_s, variation, overlap_share, again_s, records)
    hourly, opened, varied, overlap, again, count = broadcast(*given)
    rate = hourly / 3600 * overlap
    erasing, erased = 1 - _missed(rate * opened, varied), -np.expm1(-rate * opened)
    attempts = 1 + erasing / _missed(rate * again, varied)
    found = (erasing, erased, erased * hourly * 24 * count, erasing, attempts, hourly / 3600 * opened)
    return LostUpdates(*map(plain, found))


def _missed(met: np.ndarray, varied: np.ndarray) -> np.ndarray:
    """The chance that none of a mean of so many comes within a gamma distributed time."""
    square = varied**2
    power = np.where(square > 1e-9, np.log1p(met * square) / np.where(square > 1e-9, square, 1), met)
    return np.exp(-np.minimum(power, 600))  # so that attempts stay finite


def _lost(inputs: Mapping[str, Any], result: LostUpdates) -> str:
    return (
        f"Without a precondition {percent(result.erasing_share)} of saves erase another, "
        f"{amount(result.erased_per_day)} a day; with one as many are refused, and a save takes "
        f"{amount(result.attempts)} attempts."
    )


MODELS = (Model(lost_updates, "Does a write need a precondition?", _lost, "02-rest", "02-rest/lost-updates"),)
