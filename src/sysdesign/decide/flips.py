"""What would change the choice: the nearest such value of each input, in both directions.

A number is searched where it may plausibly lie, given the other facts: a grid even
on the field's own scale, then inward between the last value that changes nothing
and the first that does. Each flip reported was run, in the worlds of the decision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
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
    coarse = [flip for name in inputs if isinstance(FIELDS[name], Number) for flip in _steps(evaluation, name, base)]
    coarse.sort(key=lambda found: _place(found.flip))
    numbers = sorted((_narrowed(evaluation, found, base) for found in coarse[:MOST]), key=_place)
    words = [flip for name in inputs if isinstance(FIELDS[name], Word) for flip in _word_flips(evaluation, name, base)]
    return tuple(numbers), tuple(sorted(words, key=lambda flip: (-flip.likely, flip.input, flip.word)))


def _place(flip: Flip) -> tuple[float, str, str]:
    return flip.nearness, flip.input, flip.direction


def _firsts(evaluation: Evaluation, name: str, values: Array) -> Array:
    """What is first at each value of one field."""
    return evaluation.setting({name: np.asarray(values)[:, None]}).firsts


def _option(evaluation: Evaluation, index: int) -> str:
    return evaluation.options[index] if index >= 0 else ""


@dataclass(frozen=True)
class _Step:
    """A flip at a step of the grid, and the last value before it that changes nothing."""

    flip: Flip
    near: float


def _steps(evaluation: Evaluation, name: str, base: int) -> Iterator[_Step]:
    now, low, high = plausible(evaluation, name)
    field, stated = FIELDS[name], name in sampler_of(evaluation.worlds).workload.values
    assert isinstance(field, Number)
    up, down = _values(field, now, high), _values(field, now, low)
    if not len(up) + len(down):
        return
    found = _firsts(evaluation, name, np.concatenate(([now], up, down)))
    if found[0] != base:
        return  # as the unknown is drawn, its usual value alone chooses otherwise: a question, not a flip
    for direction, values, firsts in (("up", up, found[1 : len(up) + 1]), ("down", down, found[len(up) + 1 :])):
        changed = np.flatnonzero(firsts != base)
        if len(changed):
            at = int(changed[0])
            becomes = _option(evaluation, int(firsts[at]))
            flip = Flip(name, direction, now, float(values[at]), becomes, stated)
            yield _Step(flip, float(values[at - 1]) if at else now)


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


def _narrowed(evaluation: Evaluation, step: _Step, base: int) -> Flip:
    """The flip moved in to where the choice changes."""
    field, now, near, far = FIELDS[step.flip.input], step.flip.now, step.near, step.flip.value
    assert isinstance(field, Number)
    becomes = step.flip.becomes
    for _ in range(ROUNDS):
        if abs(far - near) <= (1 if field.whole else NEAR * abs(far - now)):
            break
        values = np.linspace(near, far, INNER + 2)[1:-1]
        if field.whole:
            values = np.unique(np.rint(values)) if far > near else np.unique(np.rint(values))[::-1]
            values = values[(values != near) & (values != far)]
        firsts = _firsts(evaluation, field.name, values)
        changed = np.flatnonzero(firsts != base)
        at = int(changed[0]) if len(changed) else len(values)
        if at < len(values):
            far, becomes = float(values[at]), _option(evaluation, int(firsts[at]))
        if at > 0:
            near = float(values[at - 1])
    return replace(step.flip, value=far, becomes=becomes)


def plausible(evaluation: Evaluation, name: str) -> tuple[float, float, float]:
    """The present value of a number, and from where to where it may plausibly lie, given the other facts."""
    field, sampler = FIELDS[name], sampler_of(evaluation.worlds)
    assert isinstance(field, Number)
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


def _word_flips(evaluation: Evaluation, name: str, base: int) -> Iterator[WordFlip]:
    """Words that a field may plausibly hold instead, and that change the choice."""
    field, sampler = FIELDS[name], sampler_of(evaluation.worlds)
    assert isinstance(field, Word)
    now = str(sampler.workload.values.get(name) or "unknown")
    drawn = _without(sampler, name).of(name)
    likely = {word: float(np.mean(drawn == field.code(word))) for word in field.names if word != now}
    words = [word for word, share in likely.items() if is_plausible(sampler.workload, field, word, share)]
    firsts = _firsts(evaluation, name, np.array([field.code(word) for word in words])) if words else ()
    for word, first in zip(words, firsts, strict=True):
        if first != base:
            yield WordFlip(name, now, word, _option(evaluation, int(first)), likely[word])


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
