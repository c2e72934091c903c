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
from sysdesign.decide.inference import RELATIONS, Fact, inferred_number, inferred_weights, inferred_word
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


def central_value(name: str, workload: Workload) -> float | str:
    """The value that ranking uses: base units, or a word."""
    field = FIELDS[name]
    central = _Facts(workload, {}, 1).of(name).central.ravel()[0]
    return field.names[int(central)] if isinstance(field, Word) else float(central)


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
    """The workload in `count` worlds, with some fields set to exact values in some of them.

    What follows from the fields set (see inference.py) follows in those worlds only.
    """
    by_name: dict[str, list[Setting]] = {}
    for setting in settings.values() if isinstance(settings, Mapping) else settings:
        by_name.setdefault(setting.name, []).append(setting)
    facts = _Facts(workload, by_name, count)
    possible: dict[str, Span | WordSet] = {}
    central: dict[str, Span | WordSet] = {}
    for name in framework.warned_by:
        view = facts.words(name) if isinstance(FIELDS[name], Word) else facts.numbers(name)
        possible[name], central[name] = view
    certain = all(possible[name] is central[name] for name in possible)
    ranked = Worlds(central, framework.derived)
    return Views(ranked if certain else Worlds(possible, framework.derived), ranked, count)


class _Facts:
    """Every field over worlds: as set, as stated, as it follows from those, or as usual."""

    def __init__(self, workload: Workload, settings: Mapping[str, list[Setting]], count: int) -> None:
        self.workload, self.settings, self.count = workload, settings, count
        self.found: dict[str, Fact] = {}
        self.asked: set[str] = set()

    def of(self, name: str) -> Fact:
        if name not in self.found:
            if name in self.asked:  # two fields that follow from each other: the one asked for last is not inferred
                return self._as_set(name, self._plain(name))
            self.asked.add(name)
            self.found[name] = self._as_set(name, self._unset(name))
        return self.found[name]

    def _unset(self, name: str) -> Fact:
        if name in self.workload.values or name not in RELATIONS:
            return self._plain(name)
        field = FIELDS[name]
        if isinstance(field, Word):
            return inferred_word(name, self.of)
        low, central, high = (np.asarray([end]) for end in field.prior)
        return inferred_number(name, (low, central, high), self.of)

    def _plain(self, name: str) -> Fact:
        field, value = FIELDS[name], self.workload.values.get(name)
        stated = np.asarray([value is not None])
        if isinstance(field, Word):
            code = np.asarray([field.code(field.central if value is None else str(value))])
            return Fact(code, code, code, stated)
        low, central, high = (np.asarray([end]) for end in ends_of(field, value))
        return Fact(low, central, high, stated)

    def _as_set(self, name: str, fact: Fact) -> Fact:
        changes = self.settings.get(name)
        if not changes:
            return fact
        low, central, high, known = (
            np.broadcast_to(part, (self.count,)).copy() for part in (fact.low, fact.central, fact.high, fact.known)
        )
        for change in changes:
            here = slice(change.start, change.start + len(change.values))
            low[here] = central[here] = high[here] = change.values
            known[here] = True
        return Fact(low, central, high, known)

    def numbers(self, name: str) -> tuple[Span, Span]:
        """The field's span in each world, and its central value."""
        fact = self.of(name)
        center = exact(fact.central)
        return (center if np.all(fact.low == fact.high) else Span(fact.low, fact.high)), center

    def words(self, name: str) -> tuple[WordSet, WordSet]:
        """The words that the field may hold in each world, and its central one, as bits."""
        field, fact = FIELDS[name], self.of(name)
        assert isinstance(field, Word)
        center = WordSet(np.left_shift(1, fact.central.astype(np.int64)))
        if name in self.workload.values:
            return center, center
        set_here = self._set_in(name)
        if set_here.all():
            return center, center
        return WordSet(np.where(set_here, center.bits, field.all_bits)), center

    def _set_in(self, name: str) -> np.ndarray:
        found = np.zeros(self.count if name in self.settings else 1, dtype=bool)
        for change in self.settings.get(name, ()):
            found[change.start : change.start + len(change.values)] = True
        return found


def sampled_worlds(
    framework: Framework, workload: Workload, count: int, seed: int
) -> tuple[Views, dict[str, np.ndarray]]:
    """Worlds drawn from intervals, from what follows from stated facts, and from priors; and the drawn values by field.

    Words are drawn as codes. Each field's draws are stratified, so that few worlds cover its range evenly.
    """
    generator = np.random.default_rng(seed)
    facts = _Facts(workload, {}, 1)
    draws: dict[str, np.ndarray] = {}
    for name in framework.fields_for(workload):
        value = workload.values.get(name)
        if value is None or isinstance(value, Interval):
            strata = (generator.permutation(count) + generator.random(count)) / count
            draws[name] = _drawn(name, facts, strata)
    settings = [Setting(name, 0, values) for name, values in draws.items()]
    return varied_worlds(framework, workload, settings, count), draws


def _drawn(name: str, facts: _Facts, strata: np.ndarray) -> np.ndarray:
    """Values of a field at quantiles `strata` (0 to 1) of what is likely; words as codes."""
    field = FIELDS[name]
    if isinstance(field, Word):
        likely = {word: weight for word, (weight, _) in field.words.items()}
        for _, inferred in inferred_weights(name, facts.of):
            likely = {word: inferred.get(word, 0.0) for word in field.names}
        weights = np.cumsum(list(likely.values()))
        return np.searchsorted(weights / weights[-1], strata, side="right").clip(0, len(weights) - 1)
    fact = facts.of(name)
    values = field.between(float(fact.low.ravel()[0]), float(fact.high.ravel()[0]), strata)
    return np.rint(values) if field.whole else values
