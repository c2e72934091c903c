"""The inverse question: which value of one input gives a result that somebody wants.

The input's declared range is scanned first, since a result may rise and fall again, and the places where the
result passes the wanted value are then narrowed by halving. Points at which the model refuses to answer (an
overloaded queue, a quorum larger than its replicas) are left out. A simulation answers with its own seed at
every point, so that its noise does not hide the crossing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput, SysdesignError, nearest
from sysdesign.models.declaration import Parameter, inputs_of, outputs_of, result_type_of
from sysdesign.models.registry import model
from sysdesign.running import model_run
from sysdesign.running.model_run import ModelRun

POINTS = 49  # of the scan; a result that rises and falls within one fiftieth of the range is not seen
HALVINGS = 60
EDGE = 44  # halvings towards the value at which a model stops answering
NARROW = 1e-9  # of the value: closer than anybody reads
LOG_FROM = 50.0  # a range whose ends lie so many times apart is scanned in even factors
TARGET = re.compile(r"\s*(?P<result>[A-Za-z_]\w{0,60})\s*(?P<sign><=|>=|=|<|>)(?P<value>.{1,80})\Z", re.DOTALL)

Run = Callable[[str, Mapping[str, Any]], ModelRun]


@dataclass(frozen=True)
class Target:
    """What a result is to be: equal to a value, at most it, or at least it. The value is in the result's unit."""

    result: str
    sign: Literal["=", "<=", ">="]
    value: float

    def over(self, result: float) -> float:
        """How far a result lies above the wanted value."""
        return result - self.value

    def met(self, result: float) -> bool:
        """Whether a result is what was asked for, as nearly as anybody reads where it is to be equal."""
        close = math.isclose(result, self.value, rel_tol=1e-6, abs_tol=1e-12)
        return close or (self.sign == "<=" and result < self.value) or (self.sign == ">=" and result > self.value)


@dataclass(frozen=True)
class Solved:
    """The value found, and the model's answer there."""

    input: str
    value: float
    others: tuple[float, ...]  # further values of the input at which the result passes the wanted value
    exact: bool  # whether the result there is what was asked for; a whole number of servers may only come near
    sentence: str
    run: ModelRun


def target(name: str, text: str) -> Target:
    """A wanted result from `calls_with=1.3`, `wait_s<='20 ms'` or `availability>=99.9%`. Raises InvalidInput."""
    found = TARGET.match(text)
    if found is None:
        raise InvalidInput(
            f"{text[:60]!r} names no result and value; write it as calls_with=1.3, wait_s<=0.02 or share>=99%"
        )
    outputs = outputs_of(result_type_of(model(name).function))
    if found["result"] not in outputs:
        raise InvalidInput(f"{name} gives no {found['result']!r}. {nearest(found['result'], outputs, 'results')}")
    wanted = model_run.quantity(found["value"].strip().strip("'\""), outputs[found["result"]].unit)
    sign = {"<": "<=", ">": ">="}.get(found["sign"], found["sign"])
    return Target(found["result"], sign, wanted)  # type: ignore[arg-type]


def solve(name: str, given: Mapping[str, Any], unknown: str, wanted: Target, *, run: Run = model_run.run) -> Solved:
    """The value of the input `unknown` at which the result is what `wanted` says; other inputs as `given`.

    Where several values do it, the least is taken and the others are named. Raises InvalidInput where none does,
    with what the result ranges over.
    """
    parameter = _solvable(name, unknown, given)

    def at(value: float) -> float:
        try:
            answer = run(name, {**given, unknown: value})
        except SysdesignError:
            return math.nan
        return _number_of(answer, wanted.result)

    where, results = _answered(parameter, at)
    _refuse_nothing_found(name, given, parameter, wanted, where, results, run)
    found = _crossings(parameter, wanted, where, results, at)
    if not found:
        raise InvalidInput(_never(parameter, wanted, results))
    answer = run(name, {**given, unknown: found[0]})
    result = _number_of(answer, wanted.result)
    return Solved(
        unknown, found[0], tuple(found[1:]), wanted.met(result), _sentence(answer, parameter, wanted, found), answer
    )


def runs_of(name: str, unknown: str, given: Mapping[str, Any]) -> int:
    """How many runs solving for that input takes at the least. Raises InvalidInput where it cannot be solved for."""
    return len(_scanned(_solvable(name, unknown, given)))


def _solvable(name: str, unknown: str, given: Mapping[str, Any]) -> Parameter:
    parameters = inputs_of(model(name).function)
    numbers = {
        key: each
        for key, each in parameters.items()
        if each.kind in ("number", "integer") and each.input.low is not None and each.input.high is not None
    }
    if unknown not in numbers:
        kind = f"a {parameters[unknown].kind}, not a number" if unknown in parameters else "no input of it"
        raise InvalidInput(
            f"{name} cannot be solved for {unknown[:60]!r}: {kind}. {nearest(unknown, numbers, 'numbers')}"
        )
    if unknown in given:
        raise InvalidInput(f"{unknown} is given and solved for; leave one of the two out")
    return numbers[unknown]


def _number_of(answer: ModelRun, result: str) -> float:
    value = next(each.value for each in answer.results if each.name == result)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidInput(f"{result} is not a single number, so nothing can be solved for it")
    return float(value)


def _scanned(parameter: Parameter) -> list[float]:
    low, high = float(parameter.input.low or 0), float(parameter.input.high or 0)
    floor = low if low > 0 else max(high, 1.0) * 1e-9
    spread = np.geomspace(floor, high, POINTS) if high > LOG_FROM * floor else np.linspace(low, high, POINTS)
    values = np.unique(np.append(spread, low))
    if parameter.kind == "integer":
        values = np.unique(np.round(values))
    return [float(value) for value in values]


def _answered(parameter: Parameter, at: Callable[[float], float]) -> tuple[list[float], np.ndarray]:
    """Where the model was asked, and what it gave: the whole range, and closer where its answers end.

    A queue's wait grows without end just before the load at which it has none.
    """
    found = {value: at(value) for value in _scanned(parameter)}
    for low, high in pairwise(sorted(found)):
        ends = (low, high)
        for _ in range(EDGE if math.isnan(found[low]) != math.isnan(found[high]) else 0):
            middle = (ends[0] + ends[1]) / 2 if ends[0] <= 0 else math.sqrt(ends[0] * ends[1])
            middle = float(math.floor(middle)) if parameter.kind == "integer" else middle
            if middle in found:
                break
            found[middle] = at(middle)
            same = math.isnan(found[middle]) == math.isnan(found[ends[0]])
            ends = (middle, ends[1]) if same else (ends[0], middle)
    where = sorted(found)
    return where, np.array([found[value] for value in where])


def _refuse_nothing_found(
    name: str,
    given: Mapping[str, Any],
    parameter: Parameter,
    wanted: Target,
    where: list[float],
    results: np.ndarray,
    run: Run,
) -> None:
    """Where the model answers nowhere, its own words say why."""
    if np.isnan(results).all():
        run(name, {**given, parameter.name: where[len(where) // 2]})
        raise InvalidInput(f"{name} gives no {wanted.result} at any {parameter.name}")


def _crossings(
    parameter: Parameter, wanted: Target, where: list[float], results: np.ndarray, at: Callable[[float], float]
) -> list[float]:
    """Values at which the result passes the wanted one, the least first; of a range at which it is that, the ends."""
    known = [(value, wanted.over(result)) for value, result in zip(where, results, strict=True) if result == result]
    found = [end for start, stop in _level(known) for end in _ends(parameter, wanted, known, start, stop, at)]
    for (low, below), (high, above) in pairwise(known):
        if below * above < 0:
            found.append(_narrowed(parameter, wanted, low, high, below, at))
    return sorted(set(found))


def _level(known: list[tuple[float, float]]) -> Iterator[tuple[int, int]]:
    """First and last place of each run of points at which the result is just the wanted one."""
    for is_level, run in groupby(range(len(known)), key=lambda at: known[at][1] == 0):
        if is_level:
            places = list(run)
            yield places[0], places[-1]


def _ends(
    parameter: Parameter,
    wanted: Target,
    known: list[tuple[float, float]],
    start: int,
    stop: int,
    at: Callable[[float], float],
) -> list[float]:
    """The ends of such a range: both for an equality, else those beyond which the wish is missed; or the first."""
    if start == stop:
        return [known[start][0]]
    found = []
    for inside, outside in ((start, start - 1), (stop, stop + 1)):
        if not 0 <= outside < len(known):
            continue
        value, over = known[outside]
        if wanted.sign == "=" or (over > 0) == (wanted.sign == "<="):
            found.append(_last_level(parameter, wanted, known[inside][0], value, at))
    return found or [known[start][0]]


def _last_level(
    parameter: Parameter, wanted: Target, inside: float, outside: float, at: Callable[[float], float]
) -> float:
    """The value nearest to `outside` at which the result is just the wanted one."""
    whole = parameter.kind == "integer"
    for _ in range(HALVINGS):
        if abs(outside - inside) <= (1 if whole else NARROW * max(abs(inside), abs(outside))):
            break
        middle = float(math.floor((inside + outside) / 2)) if whole else (inside + outside) / 2
        inside, outside = (middle, outside) if wanted.over(at(middle)) == 0 else (inside, middle)
    return inside


def _narrowed(
    parameter: Parameter, wanted: Target, low: float, high: float, below: float, at: Callable[[float], float]
) -> float:
    """The end of the narrowest bracket at which the wish is met; the nearer one where it is an equality."""
    whole = parameter.kind == "integer"
    over_low, over_high = below, -below
    for _ in range(HALVINGS):
        if (whole and high - low <= 1) or high - low <= NARROW * max(abs(high), 1e-300):
            break
        middle = math.floor((low + high) / 2) if whole else (low + high) / 2
        over = wanted.over(at(middle))
        if math.isnan(over):
            break
        if (over > 0) == (below > 0):
            low, over_low = middle, over
        else:
            high, over_high = middle, over
    ends = {low: over_low, high: over_high}
    meeting = [value for value, over in ends.items() if (over <= 0 if wanted.sign == "<=" else over >= 0)]
    return meeting[0] if wanted.sign != "=" and meeting else min(ends, key=lambda value: abs(ends[value]))


def _never(parameter: Parameter, wanted: Target, results: np.ndarray) -> str:
    known = results[np.isfinite(results)]
    ranges = f"from {known.min():.4g} to {known.max():.4g}" if known.size else "without a finite value"
    low, high = parameter.input.low, parameter.input.high
    met = known.size and all(wanted.met(float(each)) for each in known)
    ending = "any value does" if met else f"{wanted.value:g} is not among them"
    return f"{wanted.result} goes {ranges} while {parameter.name} goes from {low:g} to {high:g}; {ending}"


def _sentence(answer: ModelRun, parameter: Parameter, wanted: Target, found: list[float]) -> str:
    shown = next(each for each in answer.inputs if each.name == parameter.name)
    result = next(each for each in answer.results if each.name == wanted.result)
    text = f"{shown.label} {shown.text} gives: {result.label} {result.text}."
    if len(found) > 1:
        also = ", ".join(model_run.text_of(value, shown.unit) for value in found[1:])
        text += f" So does {also}."
    return text
