"""Running a model on what a person typed: text to typed inputs, result to labeled values.

From Python, a model's function gives values, and `run` a table for pandas or polars as well:

    from sysdesign.models import quorum
    quorum.versions(replicas=3, read_quorum=1, write_quorum=1, versions=3).within

    import pandas
    from sysdesign.running import model_run
    pandas.DataFrame(model_run.run("quorum.configurations", {"replicas": 5}).table())
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sysdesign import units
from sysdesign.errors import InvalidInput, nearest
from sysdesign.models.declaration import Model, Output, Parameter, adapted, check_value, inputs_of, outputs_of, replaced
from sysdesign.models.registry import model
from sysdesign.models.wording import percent
from sysdesign.plain import as_plain
from sysdesign.probability.distribution import Distribution
from sysdesign.readers.choices import CHOICES, Choices, kind_of
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import LONGEST_PATH, Source

PATH = re.compile(r"[^()*+ ]{0,400}(/[^()*+ ]{1,400}|\.[A-Za-z]{2,8})")  # no distribution is written so
LONGEST_TEXT = 1_000_000  # characters of a text read from a file
MANY_NUMBERS = re.compile(r"((?:samples|percentiles)\((?:[^,()]{1,40}, ){6})[^()]{100,}\)")
LONG_NUMBER = re.compile(r"\d+\.\d{4,}")
MOST_VALUES = 200_000  # of a list given in text or JSON; more belongs in a file
# Times, sizes, rates of bytes and rates of events: powers of time, information, money.
READABLE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (-1.0, 1.0, 0.0), (-1.0, 0.0, 0.0))
ReadFile = Callable[[Parameter, Source | Path | str, Choices, Notices], Any]


@dataclass(frozen=True)
class Value:
    """One input or result with what a reader needs beside the number."""

    name: str
    label: str
    unit: str
    value: Any
    text: str  # for people, with its unit


@dataclass(frozen=True)
class ModelRun:
    """A model's answer to one set of inputs."""

    model: str
    inputs: tuple[Value, ...]
    results: tuple[Value, ...]
    sentence: str
    result: Any  # the model's own frozen result
    notes: tuple[str, ...] = ()  # what was taken for granted in reading files

    def table(self) -> dict[str, list[Any]]:
        """The results as columns, for `pandas.DataFrame` or `polars.DataFrame`; scalars are repeated.

        Curves of different lengths cannot share a table: shorter ones are filled up with None.
        """
        columns = {value.name: value.value for value in self.results}
        length = max((len(c) for c in columns.values() if isinstance(c, list)), default=1)
        return {
            name: c + [None] * (length - len(c)) if isinstance(c, list) else [c] * length for name, c in columns.items()
        }


def run(name: str, given: Mapping[str, Any], *, read_file: ReadFile | None = None) -> ModelRun:
    """Run the model of that name; inputs not given are at their defaults.

    Raises UnknownName for a model that is not there, InvalidInput for an input
    that is unknown, unreadable or out of range.
    """
    chosen = model(name)
    notices = Notices()
    inputs = read_inputs(chosen, given, read_file=read_file, notices=notices)
    result = chosen.function(**inputs)
    return answer(chosen, inputs, result, notices)


def answer(chosen: Model, inputs: Mapping[str, Any], result: Any, notices: Notices | None = None) -> ModelRun:
    """Inputs and result of a model as labeled values, with the sentence that says what they mean."""
    parameters = inputs_of(chosen.function)
    unused = replaced(parameters, inputs)
    shown = tuple(
        _value(name, parameters[name].input.label, parameters[name].input.unit, value)
        for name, value in inputs.items()
        if name not in unused
    )
    results, notes = tuple(_results(result)), notices.texts if notices else ()
    return ModelRun(chosen.name, shown, results, chosen.sentence(inputs, result), result, notes)


def read_inputs(
    chosen: Model, given: Mapping[str, Any], *, read_file: ReadFile | None = None, notices: Notices | None = None
) -> dict[str, Any]:
    """Typed and checked inputs of a model, defaults filled in. Raises InvalidInput.

    `read_file` reads what a text names; without it texts name no files, and only a Source is read.
    """
    parameters = inputs_of(chosen.function)
    given, said = read_names(chosen, given)
    notices = notices or Notices()
    reading = Reading(read_file, said, notices)
    read = {name: read_value(parameters[name], value, reading) for name, value in given.items()}
    moved = adapted(parameters, read)
    inputs = {}
    for name, parameter in parameters.items():
        if name in read:
            inputs[name] = read[name]
        elif name in moved:
            inputs[name] = moved[name]
            notices.say(f"{name} is taken as {moved[name]:g}; its default, {parameter.input.default:g}, does not fit")
        elif parameter.input.default is not None:
            inputs[name] = read_value(parameter, parameter.input.default)
        elif parameter.required:
            raise InvalidInput(f"{chosen.name} needs {name} ({parameter.input.label})")
    for name, value in inputs.items():
        check_value(parameters[name], value)
    for name, instead in replaced(parameters, inputs).items():
        if name in read:
            notices.say(f"{name} is not used: {instead} takes its place")
    return inputs


@dataclass(frozen=True)
class Reading:
    """How files among the inputs are read: by what, as what, and who hears what was taken for granted."""

    read_file: ReadFile | None = None
    choices: Mapping[str, Choices] = field(default_factory=dict)
    notices: Notices = field(default_factory=Notices)

    def read(self, parameter: Parameter, given: Any) -> Any:
        """What a file or upload holds. Raises InvalidInput."""
        from sysdesign.readers import files  # here alone: few runs read one

        read_file = files.read_file if isinstance(given, Source) else self.read_file
        assert read_file is not None
        return read_file(parameter, given, self.choices.get(parameter.name, Choices(parameter.name)), self.notices)

    def names_file(self, given: Any) -> bool:
        """Whether an input that could be typed out is a file instead."""
        if isinstance(given, Source):
            return True
        return self.read_file is not None and isinstance(given, (str, Path)) and _looks_like_file(str(given))


def read_names(chosen: Model, given: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Choices]]:
    """The inputs given, every name known, and what was said about files among them (`trace_column=2`).

    Raises InvalidInput, naming the nearest.
    """
    parameters = inputs_of(chosen.function)
    if "samples" in given and "samples" not in parameters:
        return read_names(chosen, _measured(chosen, given))
    said = {f"{of}_{choice}": (of, choice) for of, choices in choices_of(chosen).items() for choice in choices}
    found: dict[str, dict[str, Any]] = {}
    for name in given:
        if name in parameters:
            continue
        if name not in said:
            raise InvalidInput(f"{chosen.name} has no input {name!r}. {nearest(name, [*parameters, *said], 'inputs')}")
        of, choice = said[name]
        if of not in given:
            raise InvalidInput(f"{name} says how to read {of}, which is not given; add {of}=FILE")
        found.setdefault(of, {})[choice] = given[name]
    inputs = {name: value for name, value in given.items() if name in parameters}
    return inputs, {of: Choices(of, choices) for of, choices in found.items()}


def choices_of(chosen: Model) -> dict[str, dict[str, str]]:
    """What one can say about a file, by the input that takes it: `trace_column=`, with what it means."""
    readers = {name: kind_of(name, each.kind) for name, each in inputs_of(chosen.function).items()}
    return {name: CHOICES[reader] for name, reader in readers.items() if reader}


def _measured(chosen: Model, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """`samples` stands for the one distribution that a model takes. Raises InvalidInput where it takes none or more."""
    laws = [name for name, each in inputs_of(chosen.function).items() if each.kind in ("distribution", "samples")]
    if len(laws) != 1:
        which = f"say for which: {', '.join(f'{name}=FILE' for name in laws)}" if laws else "it takes no measurements"
        raise InvalidInput(f"{chosen.name} cannot tell what samples are of; {which}")
    if laws[0] in given:
        raise InvalidInput(f"samples and {laws[0]} are the same input of {chosen.name}; give one of them")
    return {laws[0] if name == "samples" else name: value for name, value in given.items()}


def read_value(parameter: Parameter, given: Any, reading: Reading | None = None) -> Any:
    """One input from a text, number, list or file. Raises InvalidInput naming the input."""
    reading = reading or Reading()
    try:
        match parameter.kind:
            case "number" | "integer":
                return _number(parameter, given)
            case "word":
                return str(given)
            case "text":
                return _text(given, reading)
            case "distribution":
                return _distribution(parameter, given, reading)
            case "numbers":
                return tuple(_numbers_given(parameter, given, reading))
            case "samples":
                return _samples(parameter, given, reading)
            case "file":
                return _file(parameter, given, reading)
    except InvalidInput as error:
        text = str(error)
        raise InvalidInput(text if text.startswith(parameter.name) else f"{parameter.name}: {text}") from None


def _text(given: Any, reading: Reading) -> str:
    """A text as typed, or what a file or pipe holds where one is named."""
    if not reading.names_file(given):
        return str(given)
    source = given if isinstance(given, Source) else Source(given)
    lines, length = [], 0
    with source.opened() as stream:
        for _, line in stream.lines(reading.notices):
            lines.append(line)
            length += len(line) + 1
            if length > LONGEST_TEXT:
                raise InvalidInput(f"{source} holds more than {LONGEST_TEXT:,} characters")
    return "\n".join(lines)


def _number(parameter: Parameter, given: Any) -> float | int:
    value = given
    if isinstance(given, str):
        value = quantity(given, parameter.input.unit)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InvalidInput(f"{given!r} is not a number")
    units.finite(value)
    if parameter.kind == "integer" and math.isfinite(value) and float(value).is_integer():
        return int(value)
    return value if isinstance(value, int) else float(value)


def quantity(text: str, unit: str) -> float:
    """A text with or without a unit, in the input's unit."""
    value, dimension, with_unit = units.parse(text)
    if not with_unit:
        return value
    size, wanted = units.unit("" if unit in ("", "share") else unit)
    if dimension != wanted:
        raise InvalidInput(f"{text!r} is not in {unit or 'a pure number'}")
    return units.clean(value / size)


def _numbers(parameter: Parameter, given: Any) -> list[float]:
    parts = list_parts(given) if isinstance(given, str) else given
    if isinstance(parts, (int, float)):
        parts = [parts]
    if not isinstance(parts, (list, tuple, np.ndarray)) or not len(parts):
        raise InvalidInput(f"{given!r} is not a list of numbers; write them with commas, as in 3, 5, 7")
    if len(parts) > MOST_VALUES:
        raise InvalidInput(f"holds {len(parts):,} values; give at most {MOST_VALUES:,}, or a file")
    return [
        quantity(part.strip(), parameter.input.unit) if isinstance(part, str) else float(units.finite(part))
        for part in parts
    ]


def list_parts(text: str) -> list[str]:
    """The numbers of a list in a text: between semicolons or lines where there are any, else between commas.

    Raises InvalidInput where a comma may part thousands.
    """
    for mark in (";", "\n"):
        if mark in text:
            return [part for part in text.split(mark) if part.strip()]
    parts = text.split(",")
    for before, after in itertools.pairwise(parts):
        if re.fullmatch(r"0[0-9]{2}([ .].*)?", after) and before[-1:].isdigit():
            raise InvalidInput(
                f"'{before.strip()},{after}' is a number with thousands, or two of a list; "
                "leave the comma out, or put semicolons between the numbers"
            )
    return [part for part in parts if part.strip()]


def _numbers_given(parameter: Parameter, given: Any, reading: Reading) -> list[float]:
    if reading.names_file(given):
        return [float(each) for each in reading.read(parameter, given)]
    return _numbers(parameter, given)


def _samples(parameter: Parameter, given: Any, reading: Reading) -> np.ndarray:
    values = reading.read(parameter, given) if reading.names_file(given) else _numbers(parameter, given)
    return np.asarray(values, dtype=float)


def _distribution(parameter: Parameter, given: Any, reading: Reading) -> Distribution:
    if reading.names_file(given):
        read = reading.read(parameter, given)
        return read if isinstance(read, Distribution) else Distribution.from_samples(read)
    if isinstance(given, list) and len(given) > MOST_VALUES:
        raise InvalidInput(f"holds {len(given):,} values; give at most {MOST_VALUES:,}, or a file")
    if reading.read_file is not None and isinstance(given, str) and PATH.fullmatch(given.strip()):
        raise InvalidInput(f"there is no file {given[:200]!r}")
    return Distribution.of(given, parameter.input.unit)


def _looks_like_file(text: str) -> bool:
    """A path to something that can be read, a pipe's among them, or `-`; never a number or a distribution's text."""
    if text == "-":
        return True
    named = "(" not in text and ("/" in text or "." in text) and any(c.isalpha() for c in text) and "\0" not in text
    return named and len(text) < LONGEST_PATH and Path(text).exists() and not Path(text).is_dir()


def _file(parameter: Parameter, given: Any, reading: Reading) -> Any:
    if isinstance(given, Source):
        return reading.read(parameter, given)
    if reading.read_file is None:
        raise InvalidInput("takes a file, which only the command and Python can read: `sysdesign model run`")
    if str(given) != "-" and not (
        "\0" not in str(given) and len(str(given)) < LONGEST_PATH and Path(str(given)).exists()
    ):
        raise InvalidInput(f"there is no file {str(given)[:200]!r}")
    return reading.read(parameter, str(given))


def _results(result: Any) -> list[Value]:
    if not is_dataclass(result):
        raise TypeError(f"a model gave {type(result).__name__}, not a frozen result")
    declared = outputs_of(type(result))
    shown = declared or {field.name: Output(field.name.replace("_", " ")) for field in fields(result)}
    return [_value(name, output.label, output.unit, getattr(result, name)) for name, output in shown.items()]


def _value(name: str, label: str, unit: str, value: Any) -> Value:
    plain = as_plain(value)
    text = text_of(plain, unit)
    if isinstance(value, Distribution):  # as a value it keeps every digit
        text = LONG_NUMBER.sub(lambda number: f"{float(number[0]):.4g}", text)
        text = MANY_NUMBERS.sub(lambda list_: f"{list_[1]}... ({list_[0].count(',') + 1:,} numbers))", text)
    return Value(name, label, unit, plain, text)


def text_of(value: Any, unit: str) -> str:
    """A value for people, in the unit that reads best."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and unit == "" and abs(value) < 1e15:
        return f"{value:,}"  # a count is told exactly
    if isinstance(value, (int, float)):
        return _number_text(float(value), unit)
    if isinstance(value, list):
        shown = ", ".join(text_of(item, unit) for item in value[:6])
        return f"{shown}, ... ({len(value)} values)" if len(value) > 6 else shown
    if isinstance(value, dict):
        return ", ".join(f"{key}: {text_of(item, '')}" for key, item in value.items())
    return "none" if value is None else str(value)


def _number_text(value: float, unit: str) -> str:
    if unit == "share" and 0.99 < value < 1:
        return percent(value)
    if unit == "" and 1000 <= abs(value) < 1e9 and value.is_integer():
        return f"{value:,.0f}"
    if unit in ("", "share"):
        return units.text(value, units.PURE, unit)
    try:
        size, dimension = units.unit(unit)
    except InvalidInput:
        return f"{units.number_text(value)} {unit}"
    if dimension in READABLE:
        return units.text(value * size, dimension)
    return f"{units.number_text(value)} {unit}"
