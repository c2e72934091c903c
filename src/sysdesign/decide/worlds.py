"""A workload as worlds: the stated facts, and what the rest may be.

`possible` worlds hold each field as everything it may be; there a rule that surely
holds rules out. `central` worlds hold one value each; there options are ranked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sysdesign.decide.field import Number, Word
from sysdesign.decide.framework import Framework
from sysdesign.decide.node import Worlds
from sysdesign.decide.span import Span, WordSet, exact
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval, Value, Workload


@dataclass(frozen=True)
class Views:
    """The same worlds as everything they may be, and at their central values."""

    possible: Worlds
    central: Worlds
    count: int


def ends_of(field: Number, value: Value | None) -> tuple[float, float, float]:
    """Lowest, central and highest value of a numeric field, in base units."""
    if value is None:
        return field.prior
    if isinstance(value, Interval):
        return value.low, middle(field, value.low, value.high), value.high
    assert isinstance(value, float)
    return value, value, value


def middle(field: Number, low: float, high: float) -> float:
    """The value an interval is ranked at: geometric on a log scale, rounded where whole."""
    between = float(field.between(low, high, np.asarray(0.5)))
    return float(round(between)) if field.whole else between


def bits_of(field: Word, value: Value | None) -> tuple[int, int]:
    """The words a field may hold, and the central one, as bits."""
    if value is None:
        return field.all_bits, 1 << field.code(field.central)
    bit = 1 << field.code(str(value))
    return bit, bit


def central_value(name: str, workload: Workload) -> float | str:
    """The value that ranking uses: base units, or a word."""
    field = FIELDS[name]
    value = workload.values.get(name)
    if isinstance(field, Number):
        return ends_of(field, value)[1]
    return str(value) if value is not None else field.central


def stated_world(framework: Framework, workload: Workload) -> Views:
    """One world: the workload as stated, unknowns left open."""
    return varied_worlds(framework, workload, {}, 1)


@dataclass(frozen=True)
class Setting:
    """Exact values for a field in the worlds from `start` on; words as their codes."""

    name: str
    start: int
    values: np.ndarray


def varied_worlds(
    framework: Framework, workload: Workload, settings: Iterable[Setting] | Mapping[str, Setting], count: int
) -> Views:
    """The workload in `count` worlds, with some fields set to exact values in some of them."""
    by_name: dict[str, list[Setting]] = {}
    for setting in settings.values() if isinstance(settings, Mapping) else settings:
        by_name.setdefault(setting.name, []).append(setting)
    possible: dict[str, Span | WordSet] = {}
    central: dict[str, Span | WordSet] = {}
    for name in framework.warned_by:
        field, value = FIELDS[name], workload.values.get(name)
        changes = by_name.get(name, [])
        if isinstance(field, Number):
            possible[name], central[name] = _number_views(field, value, changes, count)
        else:
            possible[name], central[name] = _word_views(field, value, changes, count)
    certain = all(possible[name] is central[name] for name in possible)
    ranked = Worlds(central, framework.derived)
    return Views(ranked if certain else Worlds(possible, framework.derived), ranked, count)


def _number_views(field: Number, value: Value | None, changes: list[Setting], count: int) -> tuple[Span, Span]:
    low, mid, high = ends_of(field, value)
    center = exact(_with(mid, changes, count))
    if low == high or (changes and sum(len(change.values) for change in changes) == count):
        return center, center
    return Span(_with(low, changes, count), _with(high, changes, count)), center


def _with(base: float, changes: list[Setting], count: int) -> np.ndarray:
    if not changes:
        return np.full(1, base)
    array = np.full(count, base)
    for change in changes:
        array[change.start : change.start + len(change.values)] = change.values
    return array


def _word_views(field: Word, value: Value | None, changes: list[Setting], count: int) -> tuple[WordSet, WordSet]:
    every, mid = bits_of(field, value)
    center = WordSet(_bits_with(mid, changes, count))
    if every == mid:
        return center, center
    return WordSet(_bits_with(every, changes, count)), center


def _bits_with(base: int, changes: list[Setting], count: int) -> np.ndarray:
    if not changes:
        return np.full(1, base, dtype=np.int64)
    array = np.full(count, base, dtype=np.int64)
    for change in changes:
        array[change.start : change.start + len(change.values)] = np.left_shift(1, change.values.astype(np.int64))
    return array


def sampled_worlds(
    framework: Framework, workload: Workload, count: int, seed: int
) -> tuple[Views, dict[str, np.ndarray]]:
    """Worlds drawn from intervals and priors, and the drawn values (words as codes) by field.

    Each field's draws are stratified, so that few worlds cover its range evenly.
    """
    generator = np.random.default_rng(seed)
    draws: dict[str, np.ndarray] = {}
    for name in framework.fields:
        value = workload.values.get(name)
        if value is None or isinstance(value, Interval):
            strata = (generator.permutation(count) + generator.random(count)) / count
            draws[name] = drawn(name, value, strata)
    settings = [Setting(name, 0, values) for name, values in draws.items()]
    return varied_worlds(framework, workload, settings, count), draws


def drawn(name: str, value: Value | None, strata: np.ndarray) -> np.ndarray:
    """Values of a field at quantiles `strata` (0 to 1) of its interval or prior; words as codes."""
    field = FIELDS[name]
    if isinstance(field, Word):
        weights = np.cumsum([weight for weight, _ in field.words.values()])
        return np.searchsorted(weights / weights[-1], strata, side="right").clip(0, len(weights) - 1)
    low, _, high = ends_of(field, value)
    values = field.between(low, high, strata)
    return np.rint(values) if field.whole else values
