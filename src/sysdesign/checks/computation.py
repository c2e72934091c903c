"""Computing a number record again, and telling whether what it shows is what comes out.

`shows` must equal the computed value rounded to the digits shown; a simulated
value may be anywhere in its interval.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from sysdesign import units
from sysdesign.checks.quantities import Quantity, all_numbers
from sysdesign.content.records import Measured, Number
from sysdesign.decide import expression
from sysdesign.decide.node import Literal, Worlds
from sysdesign.errors import InvalidInput, UnknownName, nearest
from sysdesign.models.declaration import inputs_of, outputs_of
from sysdesign.models.registry import model
from sysdesign.running import model_run
from sysdesign.units import PURE, Dimension

_TIME: Dimension = (1.0, 0.0, 0.0)
_RATE: Dimension = (-1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Computed:
    """What a model or formula gives: a number in base units with its range, or words."""

    value: float
    low: float
    high: float
    dimension: Dimension
    words: str = ""  # a result that is a word, such as "linearizable"
    is_share: bool = False  # 0.5 may be shown as 50 where a table's header holds the %

    @property
    def text(self) -> str:
        """For a finding's message."""
        if self.words:
            return self.words
        shown = units.text(self.value, self.dimension)
        return shown if self.low == self.high else f"{shown} ({self.low:.4g} to {self.high:.4g})"


def compute(number: Number) -> Computed:
    """Run the model or the formula of a record, or take what was measured. Raises InvalidInput or UnknownName."""
    if sum(map(bool, (number.model, number.formula, number.measured))) != 1:
        raise InvalidInput("a number has a model, a formula or a measurement; give one of the three")
    if number.measured is not None:
        return _measured(number.measured)
    return _formula(number) if number.formula else _model(number)


def shows_it(number: Number, computed: Computed) -> bool:
    """Whether one number that the record shows is the computed value."""
    if computed.words:
        return computed.words.replace("_", " ").lower() in number.shows.lower()
    return any(_rounds_to(shown, computed) for shown in all_numbers(number.shows))


def strange_numbers(number: Number, computed: Computed) -> list[Quantity]:
    """Numbers in what a record shows that are neither the computed value nor an input."""
    return [
        shown
        for shown in all_numbers(number.shows)
        if not _rounds_to(shown, computed) and not equals_input(shown, number) and shown.text.lower() != "one"
    ]


def equals_input(shown: Quantity, number: Number) -> bool:
    """Whether a quantity of the text is one of the record's inputs, in whatever unit it is written."""
    units = _input_units(number)
    return any(_same(shown, value, units.get(name, "")) for name, value in number.inputs.items())


def equals_value(shown: Quantity, value: Any, unit: str) -> bool:
    """Whether a quantity of the text is this value of this unit."""
    return _same(shown, value, unit)


def _rounds_to(shown: Quantity, computed: Computed) -> bool:
    """Rounding moves a value by half a unit of the last digit at most; a hair more for binary fractions."""
    factor, dimension = shown.factor, shown.dimension
    if dimension != computed.dimension:
        if dimension != PURE or shown.unit or computed.dimension[1:] != (0.0, 0.0):
            return False
        factor = 1.0  # "3.3" of something whose unit stands elsewhere in the sentence
    if _within(shown, factor, computed):
        return True
    return computed.is_share and not shown.unit and _within(shown, 0.01, computed)


def _within(shown: Quantity, factor: float, computed: Computed) -> bool:
    half = shown.digits * factor * (1 + 1e-9)
    return computed.low - half <= shown.value * factor <= computed.high + half


def _measured(found: Measured) -> Computed:
    """The interval of a benchmark's runs."""
    (low, dimension, _), (high, other, _) = units.parse(found.low), units.parse(found.high)
    if dimension != other or low > high:
        raise InvalidInput(f"measured from {found.low} to {found.high}; give the low end first, both in one unit")
    return Computed((low + high) / 2, low, high, dimension)


def _formula(number: Number) -> Computed:
    derived = {name: _literal(name, value) for name, value in number.inputs.items()}
    node = expression.number(number.formula, derived)
    unused = [name for name in derived if not _names(number.formula, name)]
    if unused:
        raise InvalidInput(f"the formula never uses {', '.join(unused)}; take it out of the inputs")
    with np.errstate(all="ignore"):  # what is not finite is refused below
        found = node.number(Worlds({}, derived))
    value = float(found.reshape(-1)[0])
    if not math.isfinite(value):
        raise InvalidInput(f"{number.formula} is {value} with these inputs; mend the formula")
    return Computed(value, value, value, node.dimension)


def _names(formula: str, name: str) -> bool:
    return any(token.kind == "name" and token.text == name for token in expression.tokens(formula))


def _literal(name: str, value: Any) -> Literal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise InvalidInput(f"the input {name} is {value!r}; give a number, or a text with a unit")
    if isinstance(value, str):
        size, dimension, _ = units.parse(value)
        return Literal(size, dimension)
    return Literal(float(value))


def _model(number: Number) -> Computed:
    run = _run(number.model, json.dumps(number.inputs, sort_keys=True))
    if not number.result:
        names = ", ".join(value.name for value in run.results)
        raise InvalidInput(f"the record names no result of {number.model}; name one of {names}")
    value, unit = _result(number, run.result)
    if isinstance(value, str):
        return Computed(math.nan, math.nan, math.nan, PURE, value)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InvalidInput(f"{number.result} of {number.model} is no single number; name one, as in {number.result}[0]")
    low, high = _range(number.result, run.result, float(value))
    size, dimension = _size(unit)
    if not math.isfinite(float(value)):
        raise InvalidInput(f"{number.model} gives {value} as {number.result}; choose inputs with a finite answer")
    return Computed(float(value) * size, low * size, high * size, dimension, is_share=unit == "share")


@lru_cache(maxsize=4096)
def _run(name: str, inputs: str) -> model_run.ModelRun:
    """A run of a model; several records show results of one run."""
    return model_run.run(name, json.loads(inputs))


def _result(number: Number, result: Any) -> tuple[Any, str]:
    """The value that `field`, `field.inner` or `field[3]` names, and its declared unit."""
    unit, value = "", result
    for part in number.result.split("."):
        name, _, index = part.partition("[")
        if not is_dataclass(value):
            raise UnknownName(f"{number.model} has no result {number.result!r}")
        known = [field.name for field in fields(value)]
        if name not in known:
            raise UnknownName(f"{number.model} has no result {name!r}. {nearest(name, known, 'results')}")
        outputs = outputs_of(type(value))
        unit = outputs[name].unit if name in outputs else unit
        value = getattr(value, name)
        if index:
            value = _item(value, index.removesuffix("]"), number)
    return value, unit


def _item(value: Any, index: str, number: Number) -> Any:
    try:
        return value[int(index)]
    except (ValueError, IndexError, TypeError):
        raise UnknownName(
            f"{number.model} has no result {number.result!r}; its list has {np.size(value)} values"
        ) from None


def _range(name: str, result: Any, value: float) -> tuple[float, float]:
    """The interval of a simulated value: the fields named like it, with low and high; else the value itself."""
    ends = []
    for end in ("low", "high"):
        names = [
            field.name for field in fields(result) if end in field.name.split("_") and _without(field.name, end) == name
        ]
        ends.append(float(getattr(result, names[0])) if names else value)
    return min(ends[0], value), max(ends[1], value)


def _without(name: str, end: str) -> str:
    words = name.split("_")
    words.remove(end)
    return "_".join(words)


def _size(unit: str) -> tuple[float, Dimension]:
    """A declared unit in base units; one that only counts things ("keys") is 1."""
    try:
        return units.unit(unit)
    except InvalidInput:
        return 1.0, PURE


def _input_units(number: Number) -> Mapping[str, str]:
    if not number.model:
        return {}
    try:
        return {name: parameter.input.unit for name, parameter in inputs_of(model(number.model).function).items()}
    except UnknownName:
        return {}


def _same(shown: Quantity, value: Any, unit: str) -> bool:
    """Whether a quantity of the text is a value of that unit; one written without a unit is taken as in that unit."""
    if isinstance(value, (list, tuple)):
        return any(_same(shown, item, unit) for item in value)
    if value is None or isinstance(value, bool | date):  # the day of a launch is no quantity
        return False
    if isinstance(value, str):
        return any(_matches(shown, number.value, number.factor, number.dimension) for number in all_numbers(value))
    return _matches(shown, float(value), *_size(unit))


def _matches(shown: Quantity, value: float, size: float, dimension: Dimension) -> bool:
    if shown.unit in ("", "times") and PURE in (shown.dimension, dimension) and _equal(shown.value, value):
        return True
    base = value * size
    if dimension == _RATE and shown.dimension == _TIME and base:
        return _equal(shown.base, 1 / base)  # 0.1 a second is once in ten seconds
    return _equal(shown.base, base) and shown.dimension == dimension


def _equal(first: float, second: float) -> bool:
    return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-15)
