"""Where an axis begins and ends, and where it is labeled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass

from sysdesign.errors import InvalidInput

WANTED_TICKS = 6
MOST_BAR_TICKS = 24
SAME = 1e-4  # values are rounded to four digits, so nearer ones are one


@dataclass(frozen=True)
class Axis:
    """A scale with round ends, its ticks, and its length in pixels."""

    low: float
    high: float
    ticks: tuple[float, ...]
    is_log: bool
    length: float

    def share(self, value: float) -> float:
        """Where a value lies, 0 at the low end and 1 at the high one."""
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def at(self, share: float) -> float:
        """The value that lies there: the inverse of `share`."""
        if self.is_log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)


def nines(value: float) -> float:
    """How many nines a share below 1 has: 1 for 90%, 2 for 99%, 3 for 99.9%."""
    return -math.log10(1 - value)


def axis_of_nines(values: Iterable[float], length: float) -> Axis:
    """An axis over values that `nines` gave, labeled at whole nines."""
    found = list(values)
    low, high = min(found), max(found)
    ticks = tuple(float(at) for at in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1))
    return Axis(low, high, ticks, False, length) if high > low else _linear(low, high, length, True, False)


def axis_of_bars(values: Iterable[float], length: float) -> Axis:
    """An axis with equal room for the bars of each value, labeled at each; values are a whole step apart."""
    found = sorted(set(values))
    step = min((after - before for before, after in itertools.pairwise(found)), default=1.0)
    every = math.ceil(len(found) / MOST_BAR_TICKS)
    return Axis(found[0] - step / 2, found[-1] + step / 2, tuple(found[::every]), False, length)


def axis_over(values: Iterable[float], is_log: bool, length: float, *, tight: bool = False) -> Axis:
    """An axis that holds all values; `tight` ends it at the data instead of at round numbers."""
    found = [value for value in values if math.isfinite(value) and (value > 0 or not is_log)]
    if not found:
        raise InvalidInput("there is no point that the chart can show; change its inputs or its scale")
    low, high = min(found), max(found)
    if high - low < SAME * max(abs(low), abs(high)):
        low = high
    if is_log:
        return _log(low, high, length, tight)
    return _linear(low, high, length, tight, whole=all(float(value).is_integer() for value in found))


def _log(low: float, high: float, length: float, tight: bool) -> Axis:
    if low == high:
        low, high = low / 10, high * 10
    floor, ceiling = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    if ceiling - floor > 2:
        step = max(1, math.ceil((ceiling - floor) / 8))
        ticks = [10.0**power for power in range(floor, ceiling + 1, step)]
    else:
        ticks = [factor * 10.0**power for power in range(floor, ceiling + 1) for factor in (1, 2, 5)]
    if not tight:
        low, high = _enclosing(ticks, low, high)
    inside = tuple(tick for tick in map(_clean, ticks) if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9))
    return Axis(low, high, inside, True, length)


def _enclosing(ticks: list[float], low: float, high: float) -> tuple[float, float]:
    below = [tick for tick in ticks if tick <= low * (1 + 1e-9)]
    above = [tick for tick in ticks if tick >= high * (1 - 1e-9)]
    return (below[-1] if below else low), (above[0] if above else high)


def _linear(low: float, high: float, length: float, tight: bool, whole: bool) -> Axis:
    if low == high:
        low, high = (low - 0.5 * abs(low), high + 0.5 * abs(high)) if low else (0.0, 1.0)
    if not tight and 0 <= low <= 0.6 * high:
        low = 0.0
    step = _step((high - low) / WANTED_TICKS)
    if whole and not step.is_integer():
        step = max(1.0, 2 * step)  # 2.5 becomes 5: nobody has half a server
    first = math.ceil(low / step - 1e-9) if tight else math.floor(low / step + 1e-9)
    last = math.floor(high / step + 1e-9) if tight else math.ceil(high / step - 1e-9)
    ticks = tuple(_clean(step * at) for at in range(first, last + 1))
    return Axis(low, high, ticks, False, length) if tight else Axis(ticks[0], ticks[-1], ticks, False, length)


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return _clean(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9)))


def _clean(value: float) -> float:
    return float(f"{value:.6g}")


def spread(wanted: list[float], gap: float, length: float) -> list[float]:
    """Places nearest to those wanted, at least `gap` apart and inside 0..length where they fit."""
    order = sorted(range(len(wanted)), key=lambda at: (wanted[at], at))
    places = [wanted[at] for at in order]
    for at in range(1, len(places)):
        places[at] = max(places[at], places[at - 1] + gap)
    if places and places[-1] > length:
        places[-1] = length
        for at in range(len(places) - 2, -1, -1):
            places[at] = min(places[at], places[at + 1] - gap)
    found = [0.0] * len(wanted)
    for place, at in zip(places, order, strict=True):
        found[at] = round(place, 1)
    return found
