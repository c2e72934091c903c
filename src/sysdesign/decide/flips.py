"""What would change the choice: the nearest such value of each input, in both directions.

A number is searched where it may plausibly lie, given the other facts: a grid even
on the field's own scale, then inward between the last value that changes nothing
and the first that does. Each flip reported was run, in the worlds of the decision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from sysdesign.decide.evaluation import Evaluation
from sysdesign.decide.field import Number, Word
from sysdesign.decide.node import Array
from sysdesign.decide.relation import FromWord
from sysdesign.decide.vocabulary import FIELDS, RELATIONS
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import Sampler, sampler_of

GRID = 6  # values on each side of the present one
INNER = 11  # values between two neighbors, a round: two rounds are as near as `NEAR`
NEAR = 0.008  # width at which the search ends, as a share of the distance from the present value
ROUNDS = 3
ROWS = 128  # values that are evaluated together: enough that steps are few, few enough for the cache
MOST = 8  # flips that are reported, the nearest
REACH = 10.0  # a stated number may be wrong, or grow, by this factor
UNLIKELY = 0.02  # a word of less weight than this, given the other facts, is not offered
STRETCH = 3.0  # a stated number this far outside what a word leaves likely makes the word implausible


@dataclass(frozen=True)
class Flip:
    """The nearest plausible value of a numeric input, in one direction, that changes the first choice."""

    input: str
    direction: str  # up | down
    now: float  # base units
    value: float  # base units
    becomes: str  # option, "" where nothing survives
    stated: bool  # whether the workload states the present value

    @property
    def factor(self) -> float:
        """New value over present value; infinite where the present one is 0."""
        return math.inf if self.now == 0 else self.value / self.now

    @property
    def nearness(self) -> float:
        """Smaller is more fragile: how many times, either way; for zeros the plain distance."""
        if self.now > 0 and self.value > 0:
            return abs(math.log(self.value / self.now))
        return 10.0 + abs(self.value - self.now)


@dataclass(frozen=True)
class WordFlip:
    """A plausible word of a choice input that changes the first choice."""

    input: str
    now: str
    word: str
    becomes: str
    likely: float  # share of the worlds that have this word where nobody says


def flips(evaluation: Evaluation) -> tuple[tuple[Flip, ...], tuple[WordFlip, ...]]:
    """The nearest flips of the inputs that the framework reads, most fragile first."""
    workload = sampler_of(evaluation.worlds).workload
    base = int(evaluation.firsts[0])
    inputs = evaluation.framework.fields_for(workload)
    grids = [_grid(evaluation, name) for name in inputs if isinstance(FIELDS[name], Number)]
    grids = [grid for grid in grids if len(grid.values) > 1]
    likely = {name: _likely(evaluation, name) for name in inputs if isinstance(FIELDS[name], Word)}
    words = {name: _others(workload, name, shares) for name, shares in likely.items()}
    trials = [(grid.name, grid.values) for grid in grids] + [
        (name, np.array([_word(name).code(word) for word in some])) for name, some in words.items() if some
    ]
    found = dict(zip((name for name, _ in trials), _firsts(evaluation, trials), strict=True))
    steps = [step for grid in grids for step in _steps(evaluation, grid, found[grid.name], base)]
    steps.sort(key=_place)
    numbers = _narrowed(evaluation, steps[:MOST], base)
    turned = [
        WordFlip(
            name, str(workload.values.get(name) or "unknown"), word, _option(evaluation, first), likely[name][word]
        )
        for name, some in words.items()
        for word, first in zip(some, found.get(name, ()), strict=True)
        if first != base
    ]
    return tuple(sorted(numbers, key=_place)), tuple(sorted(turned, key=lambda f: (-f.likely, f.input, f.word)))


def _place(flip: Flip | _Step) -> tuple[float, str, str]:
    flip = flip.flip if isinstance(flip, _Step) else flip
    return flip.nearness, flip.input, flip.direction


def _firsts(evaluation: Evaluation, trials: Sequence[tuple[str, Array]]) -> list[Array]:
    """What is first at each value of each field, one field changed at a time."""
    found: list[Array] = []
    for some in _together(trials):
        firsts = evaluation.settings([{name: values[:, None]} for name, values in some]).firsts
        found += np.split(firsts, np.cumsum([len(values) for _, values in some])[:-1])
    return found


def _together(trials: Sequence[tuple[str, Array]]) -> Iterator[list[tuple[str, Array]]]:
    """Trials in parts of no more rows than are fast at once."""
    part: list[tuple[str, Array]] = []
    for trial in trials:
        if part and sum(len(values) for _, values in part) + len(trial[1]) > ROWS:
            yield part
            part = []
        part.append(trial)
    if part:
        yield part


def _option(evaluation: Evaluation, index: int) -> str:
    return evaluation.options[index] if index >= 0 else ""


@dataclass(frozen=True)
class _Step:
    """A flip at a step of the grid, and the last value before it that changes nothing."""

    flip: Flip
    near: float

    @property
    def is_wide(self) -> bool:
        """Whether the place at which the choice changes can be told more closely."""
        now, far = self.flip.now, self.flip.value
        return abs(far - self.near) > (1 if _number(self.flip.input).whole else NEAR * abs(far - now))

    @property
    def between(self) -> Array:
        """Values to try, nearest first."""
        near, far = self.near, self.flip.value
        values = np.linspace(near, far, INNER + 2)[1:-1]
        if not _number(self.flip.input).whole:
            return values
        values = np.unique(np.rint(values))
        values = values[(values != near) & (values != far)]
        return values if far > near else values[::-1]


@dataclass(frozen=True)
class _Grid:
    """The present value of a number, and those that it is tried at, nearest first in each direction."""

    name: str
    now: float
    up: Array
    down: Array

    @property
    def values(self) -> Array:
        return np.concatenate(([self.now], self.up, self.down))


def _grid(evaluation: Evaluation, name: str) -> _Grid:
    now, low, high = plausible(evaluation, name)
    field = _number(name)
    return _Grid(name, now, _values(field, now, high), _values(field, now, low))


def _steps(evaluation: Evaluation, grid: _Grid, found: Array, base: int) -> Iterator[_Step]:
    """The first change in each direction, by what is first at the values of the grid."""
    if found[0] != base:
        return  # as the unknown is drawn, its usual value alone chooses otherwise: a question, not a flip
    stated, turn = grid.name in sampler_of(evaluation.worlds).workload.values, len(grid.up) + 1
    for direction, values, firsts in (("up", grid.up, found[1:turn]), ("down", grid.down, found[turn:])):
        changed = np.flatnonzero(firsts != base)
        if len(changed):
            at = int(changed[0])
            becomes = _option(evaluation, int(firsts[at]))
            flip = Flip(grid.name, direction, grid.now, float(values[at]), becomes, stated)
            yield _Step(flip, float(values[at - 1]) if at else grid.now)


def _values(field: Number, now: float, end: float) -> Array:
    """Values from the present one (left out) to the end, even on the field's scale, nearest first."""
    if now == end:
        return np.zeros(0)
    if field.scale == "log" and min(now, end) > 0:
        values = np.geomspace(now, end, GRID + 1)[1:]
    elif field.scale == "nines" and max(now, end) < 1:
        values = 1 - np.geomspace(1 - now, 1 - end, GRID + 1)[1:]
    else:
        values = np.linspace(now, end, GRID + 1)[1:]
    if not field.whole:
        return values
    whole = np.unique(np.rint(values))
    whole = whole[whole != now]
    return whole if end > now else whole[::-1]


def _narrowed(evaluation: Evaluation, steps: list[_Step], base: int) -> list[Flip]:
    """The flips moved in to where the choice changes, all of them round by round."""
    found = list(steps)
    for _ in range(ROUNDS):
        wide = [at for at, step in enumerate(found) if step.is_wide]
        trials = [(found[at].flip.input, found[at].between) for at in wide]
        for at, (_, values), firsts in zip(wide, trials, _firsts(evaluation, trials), strict=True):
            found[at] = _nearer(evaluation, found[at], values, firsts, base)
    return [step.flip for step in found]


def _nearer(evaluation: Evaluation, step: _Step, values: Array, firsts: Array, base: int) -> _Step:
    """The step moved in to the first of some values between that changes the choice."""
    changed = np.flatnonzero(firsts != base)
    at = int(changed[0]) if len(changed) else len(values)
    flip, near = step.flip, step.near
    if at < len(values):
        flip = replace(flip, value=float(values[at]), becomes=_option(evaluation, int(firsts[at])))
    return _Step(flip, float(values[at - 1]) if at else near)


def plausible(evaluation: Evaluation, name: str) -> tuple[float, float, float]:
    """The present value of a number, and from where to where it may plausibly lie, given the other facts."""
    field, sampler = _number(name), sampler_of(evaluation.worlds)
    value = sampler.workload.values.get(name)
    likely = _without(sampler, name).range_of(field)
    low, high = float(likely[0].min()), float(likely[2].max())
    if value is None:
        now = float(np.median(likely[1]))
    else:
        now = float(np.median(sampler.of(name)))
        low, high = min(low, now) if low == 0 else now / REACH, now * REACH
        if field.scale == "nines" and now < 1:
            low, high = 1 - (1 - now) * REACH, 1 - (1 - now) / REACH
    if field.whole:
        now = float(round(now))
    bottom, top = field.bounds
    return now, min(max(low, bottom), now), max(min(high, top), now)


def _without(sampler: Sampler, name: str) -> Sampler:
    """Draws of the workload as if that field were not stated."""
    values = {key: value for key, value in sampler.workload.values.items() if key != name}
    return Sampler(Workload(values, {}), sampler.count, sampler.seed)


def _likely(evaluation: Evaluation, name: str) -> dict[str, float]:
    """The share of the worlds that have each word where nobody says, but for the present word."""
    sampler = sampler_of(evaluation.worlds)
    drawn, now = _without(sampler, name).of(name), sampler.workload.values.get(name)
    return {word: float(np.mean(drawn == code)) for code, word in enumerate(_word(name).names) if word != now}


def _others(workload: Workload, name: str, likely: Mapping[str, float]) -> list[str]:
    """Words that a field may plausibly hold instead."""
    return [word for word, share in likely.items() if is_plausible(workload, _word(name), word, share)]


def _number(name: str) -> Number:
    field = FIELDS[name]
    assert isinstance(field, Number)
    return field


def _word(name: str) -> Word:
    field = FIELDS[name]
    assert isinstance(field, Word)
    return field


def is_plausible(workload: Workload, field: Word, word: str, share: float) -> bool:
    """Whether the word, which this share of the worlds have, is likely enough, and no fact speaks against it."""
    weight = field.words[word][0] / sum(each for each, _ in field.words.values())
    if max(share, weight if share else 0.0) < UNLIKELY:
        return False
    return not any(_contradicts(workload, word, *told) for told in _ranges_by_word().get(field.name, ()))


@cache
def _ranges_by_word() -> Mapping[str, tuple[tuple[str, FromWord], ...]]:
    """For each choice the numbers whose likely range it tells, with how."""
    found: dict[str, list[tuple[str, FromWord]]] = {}
    for target, relations in RELATIONS.items():
        for relation in relations:
            if isinstance(relation, FromWord) and isinstance(FIELDS[target], Number):
                found.setdefault(relation.source, []).append((target, relation))
    return {name: tuple(told) for name, told in found.items()}


def _contradicts(workload: Workload, word: str, target: str, relation: FromWord) -> bool:
    """Whether the stated number `target` lies far outside what the word would leave likely."""
    stated, field = workload.values.get(target), FIELDS[target]
    if not isinstance(stated, float) or word not in relation.likely:
        return False
    likely = relation.likely[word]
    assert isinstance(field, Number) and not isinstance(likely, Mapping)
    return not likely[0] * field.size / STRETCH <= stated <= likely[2] * field.size * STRETCH
