"""What would change the choice: the nearest such value of each input, in both directions.

Each numeric input is searched over its whole accepted range: on a grid (even on the
field's own scale, with every literal the framework compares and every other number
of the same kind added), then inward between the last value that changes nothing and
the first that does. All inputs are searched at once, and each flip reported was run.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sysdesign.decide.evaluation import evaluate
from sysdesign.decide.field import Number, Word
from sysdesign.decide.framework import Framework
from sysdesign.decide.node import Literal, walk
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import Setting, central_value, varied_worlds

GRID = 128  # points over the range of an input
INNER = 20  # points between two neighbors, a round
ROUNDS = 12
NEAR = 1e-9  # relative width at which the search between two neighbors ends
PEAKS = 4  # near ties looked at again, for each input
PEAK_ROUNDS = 2
CLOSE = 0.2  # how near to being overtaken a near tie is, in regret
DIGITS = 7  # digits a reported flip is rounded to, away from the present value
TIDY_SHARE = 1e-3  # and at most this much farther than the true one, as a share of the distance


@dataclass(frozen=True)
class Flip:
    """The nearest value of a numeric input, in one direction, that changes the first choice."""

    input: str
    direction: str  # up | down
    now: float  # base units
    value: float  # base units
    becomes: str  # option, "" where nothing survives

    @property
    def factor(self) -> float:
        """New value over present value; infinite or 0 where one of them is 0."""
        if self.now == 0:
            return float("inf")
        return self.value / self.now

    @property
    def nearness(self) -> float:
        """Smaller is more fragile: how many times, either way; for shares and zeros the plain distance."""
        if self.now > 0 and self.value > 0:
            return abs(np.log(self.value / self.now))
        return 10.0 + abs(self.value - self.now)


@dataclass(frozen=True)
class WordFlip:
    """A word of a choice input that changes the first choice."""

    input: str
    now: str
    word: str
    becomes: str


def flips(framework: Framework, workload: Workload, first: str) -> tuple[tuple[Flip, ...], tuple[WordFlip, ...]]:
    """Every nearest flip of every input that the framework reads, most fragile first."""
    base = list(framework.options).index(first) if first else -1
    inputs = framework.fields_for(workload)
    numbers = [name for name in inputs if isinstance(FIELDS[name], Number)]
    words = [name for name in inputs if isinstance(FIELDS[name], Word)]
    brackets = _brackets(framework, workload, numbers, base)
    found = list(_narrowed(framework, workload, brackets, base))
    found.sort(key=lambda flip: (flip.nearness, flip.input, flip.direction))
    return tuple(found), tuple(_word_flips(framework, workload, words, base))


def _firsts(framework: Framework, workload: Workload, parts: list[tuple[str, np.ndarray]]) -> list[np.ndarray]:
    """The first option at each of the values, for each (input, values)."""
    settings, start = _settings(parts)
    if start == 0:
        return []
    first = np.broadcast_to(evaluate(framework, varied_worlds(framework, workload, settings, start)).first, (start,))
    return np.split(first, np.cumsum([len(values) for _, values in parts])[:-1])


def _settings(parts: list[tuple[str, np.ndarray]]) -> tuple[list[Setting], int]:
    settings, start = [], 0
    for name, values in parts:
        settings.append(Setting(name, start, values))
        start += len(values)
    return settings, start


def _word_flips(framework: Framework, workload: Workload, names: list[str], base: int) -> Iterator[WordFlip]:
    parts = [(name, np.arange(len(FIELDS[name].words))) for name in names]  # type: ignore[union-attr]
    for (name, _), first in zip(parts, _firsts(framework, workload, parts), strict=True):
        field = FIELDS[name]
        assert isinstance(field, Word)
        now = workload.values.get(name)
        for at, word in enumerate(field.names):
            if word != now and first[at] != base:
                yield WordFlip(name, str(now or "unknown"), word, _option(framework, first[at]))


def _option(framework: Framework, index: int) -> str:
    return tuple(framework.options)[index] if index >= 0 else ""


@dataclass
class _Bracket:
    """Two values of an input: the near one changes nothing, the far one does."""

    name: str
    direction: str
    now: float
    near: float
    far: float
    becomes: int

    @property
    def done(self) -> bool:
        field = FIELDS[self.name]
        if isinstance(field, Number) and field.whole:
            return abs(self.far - self.near) <= 1
        if self.near == 0 and self.far <= field.least:  # type: ignore[union-attr]
            return True
        return abs(self.far - self.near) <= NEAR * max(abs(self.far - self.now), 1e-300)


def _brackets(framework: Framework, workload: Workload, names: list[str], base: int) -> list[_Bracket]:
    marks = _marks(framework, workload, names)
    parts = [(name, grid(name, float(central_value(name, workload)), marks)) for name in names]
    firsts, margins = _margins(framework, workload, parts, base)
    for _ in range(PEAK_ROUNDS):
        finer = [(name, _near_ties(values, margin)) for (name, values), margin in zip(parts, margins, strict=True)]
        more, more_margins = _margins(framework, workload, finer, base)
        for at, (name, values) in enumerate(finer):
            joined = np.concatenate((parts[at][1], values))
            order = np.argsort(joined, kind="stable")
            parts[at] = (name, joined[order])
            firsts[at] = np.concatenate((firsts[at], more[at]))[order]
            margins[at] = np.concatenate((margins[at], more_margins[at]))[order]
    found: list[_Bracket] = []
    for (name, values), first in zip(parts, firsts, strict=True):
        found += _nearest_changes(name, float(central_value(name, workload)), values, first, base)
    return found


def _marks(framework: Framework, workload: Workload, names: list[str]) -> set[float]:
    """Every literal that the framework holds, and the present value of every numeric input."""
    roots = (*framework.nodes, *framework.derived.values())
    literals = {node.value for root in roots for node in walk(root) if isinstance(node, Literal)}
    return literals | {float(central_value(name, workload)) for name in names}


def _nearest_changes(name: str, now: float, values: np.ndarray, first: np.ndarray, base: int) -> Iterator[_Bracket]:
    for direction, order in (("up", np.flatnonzero(values > now)), ("down", np.flatnonzero(values < now)[::-1])):
        changed = np.flatnonzero(first[order] != base)
        if len(changed):
            at = int(changed[0])
            near = float(values[order[at - 1]]) if at else now
            yield _Bracket(name, direction, now, near, float(values[order[at]]), int(first[order[at]]))


def _margins(
    framework: Framework, workload: Workload, parts: list[tuple[str, np.ndarray]], base: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The first option at each value, and by how much the base option is behind the best other (negative: ahead)."""
    settings, start = _settings(parts)
    if start == 0:
        return [np.zeros(0, dtype=int) for _ in parts], [np.zeros(0) for _ in parts]
    outcome = evaluate(framework, varied_worlds(framework, workload, settings, start))
    placing = np.broadcast_to(outcome.placing, (len(outcome.options), start))
    behind = placing[base] - np.delete(placing, base, axis=0).min(axis=0) if base >= 0 else np.full(start, -np.inf)
    ends = np.cumsum([len(values) for _, values in parts])[:-1]
    return np.split(np.broadcast_to(outcome.first, (start,)), ends), np.split(behind, ends)


def _near_ties(values: np.ndarray, margin: np.ndarray) -> np.ndarray:
    """Values around those where the first choice is nearly overtaken, as a short stretch between two points may do."""
    if len(values) < 3:
        return np.zeros(0)
    middle, left, right = margin[1:-1], margin[:-2], margin[2:]
    peaks = (
        (middle < 0) & (middle > -CLOSE) & (middle >= left) & (middle >= right) & ((middle > left) | (middle > right))
    )
    best = np.flatnonzero(peaks)[np.argsort(-middle[peaks], kind="stable")][:PEAKS] + 1
    stretches = [np.linspace(values[at - 1], values[at + 1], INNER + 2)[1:-1] for at in best]
    found = np.concatenate(stretches) if stretches else np.zeros(0)
    whole = np.all(values == np.rint(values))
    return np.setdiff1d(np.unique(np.rint(found)) if whole else found, values)


def grid(name: str, now: float, marks: set[float]) -> np.ndarray:
    """Values of a numeric field over its accepted range, with the marks and their near neighbors."""
    field = FIELDS[name]
    assert isinstance(field, Number)
    low, high = field.bounds
    if field.scale == "log":
        start = low if low > 0 else field.least
        even = np.geomspace(start, high, GRID)
    elif field.scale == "nines":
        even = field.between(low, high, np.linspace(0, 1, GRID))
    else:
        even = np.linspace(low, high, GRID)
        inner = np.linspace(max(low, field.prior[0] / 2), min(high, field.prior[2] * 4), GRID)
        even = np.concatenate((even, inner))
    near = np.array([mark * (1 + side * step) for mark in marks for side in (-1, 0, 1) for step in (1e-9,)])
    around = now * np.array([0.5, 0.8, 0.9, 0.99, 1.01, 1.1, 1.25, 2.0])
    values = np.concatenate((even, near, around, [low, high]))
    values = np.unique(np.rint(values) if field.whole else values)
    return values[(values >= low) & (values <= high)]


def _narrowed(framework: Framework, workload: Workload, brackets: list[_Bracket], base: int) -> Iterator[Flip]:
    for _ in range(ROUNDS):
        wide = [bracket for bracket in brackets if not bracket.done]
        if not wide:
            break
        parts = [(bracket.name, _between(bracket)) for bracket in wide]
        for bracket, (_, values), first in zip(wide, parts, _firsts(framework, workload, parts), strict=True):
            changed = np.flatnonzero(first != base)
            at = int(changed[0]) if len(changed) else len(values)
            if at < len(values):
                bracket.far, bracket.becomes = float(values[at]), int(first[at])
            if at > 0:
                bracket.near = float(values[at - 1])
    yield from _tidied(framework, workload, brackets, base)


def _tidied(framework: Framework, workload: Workload, brackets: list[_Bracket], base: int) -> Iterator[Flip]:
    """Flips at values of few digits, rounded away from the present value, where such a value was run and flips too."""
    parts = [(bracket.name, np.array([_few_digits(bracket), bracket.far])) for bracket in brackets]
    for bracket, (_, values), first in zip(brackets, parts, _firsts(framework, workload, parts), strict=True):
        at = 0 if first[0] == first[1] != base else 1
        yield Flip(bracket.name, bracket.direction, bracket.now, float(values[at]), _option(framework, int(first[at])))


def _few_digits(bracket: _Bracket) -> float:
    field = FIELDS[bracket.name]
    if bracket.far == 0 or (isinstance(field, Number) and field.whole):
        return bracket.far
    step = 10.0 ** (math.floor(math.log10(abs(bracket.far))) - DIGITS + 1)
    away = math.ceil if bracket.direction == "up" else math.floor
    value = away(bracket.far / step) * step
    low, high = field.bounds  # type: ignore[union-attr]
    near_enough = abs(value - bracket.far) <= TIDY_SHARE * abs(bracket.far - bracket.now)
    return value if near_enough and low <= value <= high else bracket.far


def _between(bracket: _Bracket) -> np.ndarray:
    """Values strictly inside a bracket, from its near end on."""
    field = FIELDS[bracket.name]
    near, far = bracket.near, bracket.far
    if isinstance(field, Number) and field.whole:
        values = np.unique(np.rint(np.linspace(near, far, INNER + 2)))
        values = values[(values > min(near, far)) & (values < max(near, far))]
        return values if far > near else values[::-1]
    wide = near > 0 and far > 0 and max(near / far, far / near) > 1.5
    return (np.geomspace if wide else np.linspace)(near, far, INNER + 2)[1:-1]
