"""Appends to one stream under optimistic concurrency: how many lose the race, and what trying again costs.

Times in seconds; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy import special

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

STEPS = 20  # at most; about ten are taken
NEAR = 1e-14  # of the logarithm of what ends over what comes
SURE = 1 - 1e-16  # chance to win


@dataclass(frozen=True)
class Conflict:
    """Commands that load a stream, decide, and append at the version they loaded."""

    conflict_share: Annotated[float, Output("Attempts that lose the race", "share")]
    attempts: Annotated[float, Output("Attempts of a command, mean")]
    refused_share: Annotated[float, Output("Commands that lose every attempt", "share")]
    done_per_s: Annotated[float, Output("Commands that succeed", "1/s")]
    attempts_per_s: Annotated[float, Output("Loads and appends that they take", "1/s")]
    serial_per_s: Annotated[float, Output("Commands that one owner could do one after another", "1/s")]
    time_s: Annotated[float, Output("Time of a command, mean", "s")]


@checked
def conflict(
    rate_per_s: Annotated[float, Input("Commands for the stream", "1/s", low=1e-6, high=1e6, default=2)] = 2,
    window_s: Annotated[float, Input("Time from load to append", "s", low=1e-6, high=1e4, default=0.02)] = 0.02,
    most_attempts: Annotated[float, Input("Attempts before a command is refused", low=1, high=100, default=3)] = 3,
    backoff_s: Annotated[
        float, Input("Wait before the next attempt, mean", "s", low=0, high=1e4, default=0.05)
    ] = 0.05,
    window: Annotated[
        Literal["constant", "exponential"], Input("How windows differ", default="constant")
    ] = "constant",
) -> Conflict:  # fmt: skip
    """How often an append at an expected version loses the race, and how often a command has to be tried again.

    An attempt fails if another one appended between its load and its append; attempts that fail themselves hurt nobody.
    So after an append only attempts begun since can win, and the first of them to end does: with attempts at random
    at a rate a, and windows of law F, the time between two appends exceeds t with a chance of exp(-a int_0^t F). Its
    mean is w + 1/a with constant windows w, which gives a share of losers of a w / (1 + a w). Commands that lose come
    again until they win or have used their attempts, which fixes a.

    Holds where attempts come at random: many clients, and a backoff at least as long as the window. Losers that come
    back at once win somewhat more often, since they load just after an append. One owner of a stream, which takes
    commands in turn, has no conflicts and the same limit. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the definitions.

    >>> round(conflict(50, 0.02, 1).conflict_share, 6)
    0.5
    """
    rate, wide, tries, wait = broadcast(rate_per_s, window_s, most_attempts, backoff_s)
    within = _within(rate * wide, tries, window)
    won = _won(within, window)  # appends in a window
    lost = np.maximum(1 - won / within, 0)
    refused = lost**tries
    each = within / (rate * wide)
    time = each * wide + np.maximum(each - 1, 0) * wait
    found = (lost, each, refused, won / wide, within / wide, 1 / wide + 0 * rate, time)
    return Conflict(*map(plain, found))


def _won(within: np.ndarray, window: str) -> np.ndarray:
    """Appends in the time of a window, from attempts begun in it: one over the mean time between two."""
    if window == "constant":
        return within / (1 + within)
    small = np.minimum(within, 1e5)  # of the integral of e^(-x (t - 1 + e^-t)); beyond, its limit
    logarithm = small - small * np.log(small) + special.gammaln(small) + np.log(special.gammainc(small, small))
    return np.where(within > 1e5, np.sqrt(2 * within / np.pi), np.exp(-logarithm))


def _within(offered: np.ndarray, tries: np.ndarray, window: str) -> np.ndarray:
    """Attempts in a window at which as many commands end as come.

    Each command takes from one attempt to as many as it has, and both sides move apart: chords between these two,
    the value at an end that stays halved (the Illinois method).
    """

    def apart(logarithm: np.ndarray) -> np.ndarray:
        within = np.exp(logarithm)
        won = _won(within, window)
        lost_all = tries * np.log1p(-np.minimum(won / within, SURE))
        return np.log(won / offered) - np.log(-np.expm1(lost_all))

    low = np.log(offered)
    high = low + np.log(tries)
    below, above, before = apart(low), apart(high), np.zeros(low.shape)
    at = low
    for _ in range(STEPS):
        gap = above - below
        at = np.where(gap > 0, high - above * (high - low) / np.where(gap > 0, gap, 1), low)
        value = apart(at)
        if np.all(np.abs(value) < NEAR):
            break
        side = np.where(value > 0, 1.0, -1.0)
        again = np.where(side == before, 0.5, 1.0)
        low, below, high, above = (
            np.where(side < 0, at, low),
            np.where(side < 0, value, below * again),
            np.where(side > 0, at, high),
            np.where(side > 0, value, above * again),
        )
        before = side
    return np.exp(at)


def _raced(inputs: Mapping[str, Any], result: Conflict) -> str:
    return (
        f"{percent(result.conflict_share)} of attempts lose the race; a command takes "
        f"{amount(result.attempts)} attempts and {duration(result.time_s)} on average, and "
        f"{percent(result.refused_share)} of commands are refused. One owner could do "
        f"{amount(result.serial_per_s)} a second."
    )


MODELS = (
    Model(conflict, "Does a stream bear its commands?", _raced, "18-event-sourcing", "18-event-sourcing/conflict-rate"),
)
