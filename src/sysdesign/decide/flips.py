"""What would change the choice: the nearest such value of each input, in both directions.

A number is searched where it may plausibly lie, given the other facts, on a grid even
on the field's own scale: first at the middle and the end of each direction, then at
what lies between two of these, unless the first choice leads by more at both than it
moves anywhere along the field. Then inward between the last value that changes nothing
and the first that does. Each flip reported was run, in the worlds of the decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from sysdesign.decide.evaluation import Evaluation
from sysdesign.decide.field import Number, Word
from sysdesign.decide.node import Array
from sysdesign.decide.relation import FromWord
from sysdesign.decide.vocabulary import FIELDS, RELATIONS
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import Sampler, sampler_of, sources_of

GRID = 6  # values on each side of the present one
PLACES = np.arange(1, GRID + 1)
INNER = 11  # values between two neighbors, a round: two rounds are as near as `NEAR`
FEW = 33  # values of all flips together that are tried at a time, at least `LEAST` of each
LEAST = 3
NEAR = 0.008  # width at which the search ends, as a share of the distance from the present value
ROUNDS = 3
ROWS = 256  # values that are evaluated together: a search takes few steps, each with its own cost
SURE = 1.0  # a lead of so many times its movement along the field lasts between two values
MOST = 8  # flips that are reported, the nearest
REACH = 10.0  # a stated number may be wrong, or grow, by this factor
UNLIKELY = 0.02  # a word of less weight than this, given the other facts, is not offered
STRETCH = 3.0  # a stated number this far outside what a word leaves likely makes the word implausible

Trial = tuple[str, Array]
"""A field, and values to try it at."""


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
    grids = [_Grid(evaluation, name, base) for name in inputs if isinstance(FIELDS[name], Number)]
    likely = {name: _likely(evaluation, name) for name in inputs if isinstance(FIELDS[name], Word)}
    words = {name: _others(workload, name, shares) for name, shares in likely.items()}
    coded = [(name, np.array([_word(name).code(word) for word in some])) for name, some in words.items() if some]
    found = dict(zip((name for name, _ in coded), _searched(evaluation, grids, coded, base), strict=True))
    steps = sorted((step for grid in grids for step in grid.steps(evaluation)), key=_place)
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


def _searched(evaluation: Evaluation, grids: list[_Grid], coded: list[Trial], base: int) -> list[Array]:
    """Try the grids as far as it takes; what is first at the other trials."""
    grids = [grid for grid in grids if grid.sides]
    told = _told(evaluation, [grid.ends for grid in grids] + coded, lambda found: _firsts_and_leads(found, base))
    lead = evaluation.leads(base)
    for grid, each in zip(grids, told, strict=False):
        grid.take_ends(each, lead)
    doubtful = [grid for grid in grids if grid.is_doubtful and len(grid.rest[1])]
    rest = _told(evaluation, [grid.rest for grid in doubtful], lambda found: _firsts_and_leads(found, base))
    for grid, each in zip(doubtful, rest, strict=True):
        grid.take_rest(each)
    return [each[0].astype(int) for each in told[len(grids) :]]


def _firsts_and_leads(found: Evaluation, base: int) -> Array:
    return np.concatenate((found.firsts[None], found.leads(base)))


def _told(evaluation: Evaluation, trials: Sequence[Trial], tell: Callable[[Evaluation], Array]) -> list[Array]:
    """What is told of each value of each field, one field changed at a time; settings are on the last axis."""
    found: list[Array] = []
    for some in _together(trials):
        told = tell(evaluation.settings([{name: values[:, None]} for name, values in some]))
        found += np.split(told, np.cumsum([len(values) for _, values in some])[:-1], axis=-1)
    return found


def _together(trials: Sequence[Trial]) -> Iterator[list[Trial]]:
    """Trials in parts of no more rows than are fast at once."""
    part: list[Trial] = []
    for trial in trials:
        if part and sum(len(values) for _, values in part) + len(trial[1]) > ROWS:
            yield part
            part = []
        part.append(trial)
    if part:
        yield part


def _option(evaluation: Evaluation, index: int) -> str:
    return evaluation.options[index] if index >= 0 else ""


class _Side:
    """Values of a number from the present one on, nearest first, and what is first at those that were tried."""

    def __init__(self, values: Array, base: int) -> None:
        self.values, self.base = values, base
        self.firsts = np.full(len(values), base)
        self.leads = np.full((3, len(values)), math.nan)
        self.ends = sorted({(len(values) - 1) // 2, len(values) - 1})
        self.rest: list[int] = []

    def take(self, places: list[int], told: Array) -> None:
        """What is first at some of the values, and what was first's leads there."""
        self.firsts[places], self.leads[:, places] = told[0], told[1:]

    def take_ends(self, told: Array, lasting: Array) -> None:
        """What is first at the ends, and whether it surely is the same over the values before each."""
        self.take(self.ends, told)
        before = -1
        for at, sure in zip(self.ends, lasting.tolist(), strict=True):
            changes = bool(self.firsts[at] != self.base)
            if changes or not sure:
                self.rest += range(before + 1, at)
            if changes:
                break  # the nearest counts
            before = at

    @property
    def nearest(self) -> int | None:
        """The place of the nearest value that changes the first choice."""
        changed = np.flatnonzero(self.firsts != self.base)
        return int(changed[0]) if len(changed) else None


class _Grid:
    """The present value of a number, and those that it is tried at in each direction."""

    def __init__(self, evaluation: Evaluation, name: str, base: int) -> None:
        self.name, self.base = name, base
        self.now, low, high = plausible(evaluation, name)
        field, stated = _number(name), sampler_of(evaluation.worlds).workload.values.get(name)
        sides = {"up": _Side(_values(field, self.now, high), base), "down": _Side(_values(field, self.now, low), base)}
        self.sides = {direction: side for direction, side in sides.items() if len(side.values)}
        self.stated, self.drawn = stated is not None, not isinstance(stated, float)
        self.holds = True  # the first choice, where every world has the present value
        self.lead = np.full((3, 1), math.nan)  # at the present value

    @property
    def ends(self) -> Trial:
        return self.name, np.concatenate([side.values[side.ends] for side in self.sides.values()])

    def take_ends(self, told: Array, lead: Array) -> None:
        """What is first at the ends of the sides, and its leads there; `lead` is that at the present value."""
        self.lead = lead
        enough = SURE * np.ptp(np.concatenate((lead, told[1:]), axis=1), axis=1)[:, None]
        for side in self.sides.values():
            mine, told = np.split(told, [len(side.ends)], axis=1)
            before = np.concatenate((lead, mine[1:, :-1]), axis=1)
            over_others, over_default, in_worlds = np.minimum(before, mine[1:]) > enough
            side.take_ends(mine, over_others & (over_default | in_worlds))

    @property
    def is_doubtful(self) -> bool:
        """Whether a value may change the first choice, or does."""
        return any(side.rest or side.nearest is not None for side in self.sides.values())

    @property
    def rest(self) -> Trial:
        """What is still to try, the present value before it where worlds differ in it."""
        values = [side.values[side.rest] for side in self.sides.values()]
        return self.name, np.concatenate(([self.now] * self.drawn, *values))

    def take_rest(self, told: Array) -> None:
        if self.drawn:
            self.holds, self.lead, told = bool(told[0, 0] == self.base), told[1:, :1], told[:, 1:]
        for side in self.sides.values():
            mine, told = np.split(told, [len(side.rest)], axis=1)
            side.take(side.rest, mine)

    def steps(self, evaluation: Evaluation) -> Iterator[_Step]:
        """The first change in each direction."""
        if not self.holds:
            return  # as the unknown is drawn, its usual value alone chooses otherwise: a question, not a flip
        for direction, side in self.sides.items():
            at = side.nearest
            if at is not None:
                becomes = _option(evaluation, int(side.firsts[at]))
                flip = Flip(self.name, direction, self.now, float(side.values[at]), becomes, self.stated)
                leads = self.lead[:, 0] if at == 0 else side.leads[:, at - 1], side.leads[:, at]
                yield _Step(flip, float(side.values[at - 1]) if at else self.now, leads)


def _values(field: Number, now: float, end: float) -> Array:
    """Values from the present one (left out) to the end, even on the field's scale, nearest first."""
    if now == end:
        return np.zeros(0)
    if field.scale == "log" and min(now, end) > 0:
        values = _by_factors(now, end)
    elif field.scale == "nines" and max(now, end) < 1:
        values = 1 - _by_factors(1 - now, 1 - end)
    else:
        values = _even(now, end)
        values[-1] = end
    if not field.whole:
        return values
    whole = np.unique(np.rint(values))
    whole = whole[whole != now]
    return whole if end > now else whole[::-1]


def _even(now: float, end: float) -> Array:
    return PLACES * ((end - now) / GRID) + now


def _by_factors(now: float, end: float) -> Array:
    """As numpy.geomspace, which takes several times as long for so few."""
    values = np.asarray(10.0 ** _even(np.log10(now), np.log10(end)))
    values[-1] = end
    return values


@dataclass(frozen=True)
class _Step:
    """A flip at a step of the grid, and the last value before it that changes nothing."""

    flip: Flip
    near: float
    leads: tuple[Array, Array]  # of what was first, at the value before and at the flip's

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

    @property
    def guess(self) -> float:
        """Where the choice changes, if leads go straight over the field's scale."""
        near, far = self.near, self.flip.value
        over_others, over_default, in_worlds = (_crossing(*each) for each in zip(*self.leads, strict=True))
        part = min(over_others, max(over_default, in_worlds))
        if _number(self.flip.input).scale == "log" and min(near, far) > 0:
            return near * (far / near) ** part
        return near + part * (far - near)


def _crossing(before: float, after: float) -> float:
    """Which part of the way a lead is lost at; the whole where it is not."""
    return before / (before - after) if before > 0 > after else 1.0


def _narrowed(evaluation: Evaluation, steps: list[_Step], base: int) -> list[Flip]:
    """The flips moved in to where the choice changes, side by side."""
    found = [_Inward(step) for step in steps]
    while wide := [each for each in found if each.is_open]:
        places = [each.places(max(LEAST, FEW // len(wide))) for each in wide]
        trials = [(each.step.flip.input, each.values[some]) for each, some in zip(wide, places, strict=True)]
        told = _told(evaluation, trials, lambda found: _firsts_and_leads(found, base))
        for each, some, what in zip(wide, places, told, strict=True):
            each.take(evaluation, some, what, base)
    return [each.step.flip for each in found]


class _Inward:
    """A step, and values inside it, a round at a time, of which it becomes known where the choice changes."""

    def __init__(self, step: _Step) -> None:
        self.step, self.rounds = step, ROUNDS
        self._begin()

    def _begin(self) -> None:
        self.values = self.step.between if self.rounds > 0 and self.step.is_wide else np.zeros(0)
        self.rounds -= 1

    @property
    def is_open(self) -> bool:
        return len(self.values) > 0

    def places(self, most: int) -> list[int]:
        """So many of the values between, about where the choice seems to change."""
        size, way = len(self.values), np.sign(self.step.flip.value - self.step.near)
        after = int(np.searchsorted(way * self.values, way * self.step.guess))
        first = min(max(after - (most + 1) // 2, 0), max(size - most, 0))
        return list(range(first, min(first + most, size)))

    def take(self, evaluation: Evaluation, places: list[int], told: Array, base: int) -> None:
        """What is first at the values tried, and leads; the next round begins where this one has ended."""
        changed = np.flatnonzero(told[0] != base)
        high = int(changed[0]) if len(changed) else len(places)
        step, low, end = self.step, -1, len(self.values)
        if high < len(places):
            end = places[high]
            flip = replace(step.flip, value=float(self.values[end]), becomes=_option(evaluation, int(told[0, high])))
            step = _Step(flip, step.near, (step.leads[0], told[1:, high]))
        if high > 0:
            low = places[high - 1]
            step = _Step(step.flip, float(self.values[low]), (told[1:, high - 1], step.leads[1]))
        self.step, self.values = step, self.values[low + 1 : end]
        if not self.is_open:
            self._begin()


def plausible(evaluation: Evaluation, name: str) -> tuple[float, float, float]:
    """The present value of a number, and from where to where it may plausibly lie, given the other facts."""
    field, sampler = _number(name), sampler_of(evaluation.worlds)
    value = sampler.workload.values.get(name)
    likely = sampler.range_of(field) if _is_one_way(name) else _without(sampler, name).range_of(field)
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


@cache
def _is_one_way(name: str) -> bool:
    """Whether what a field follows from never follows from it, so that stating it changes none of that."""
    return name not in sources_of((name,))


def _without(sampler: Sampler, name: str) -> Sampler:
    """Draws of the workload as if that field were not stated."""
    values = {key: value for key, value in sampler.workload.values.items() if key != name}
    return Sampler(Workload(values, {}), sampler.count, sampler.seed)


def _likely(evaluation: Evaluation, name: str) -> dict[str, float]:
    """The share of the worlds that have each word where nobody says, but for the present word."""
    sampler = sampler_of(evaluation.worlds)
    drawn = sampler.unstated(name) if _is_one_way(name) else _without(sampler, name).of(name)
    now = sampler.workload.values.get(name)
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
