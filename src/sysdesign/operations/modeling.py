"""Models: what there is, and running one on what a person gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sysdesign.content import Reference, load
from sysdesign.content.tidy import write_atomically
from sysdesign.draw.chart_engine import picture
from sysdesign.draw.chart_rows import chart_rows
from sysdesign.draw.chart_spec import ChartSpec, chart_spec
from sysdesign.draw.charts import chart_svg, vega_lite
from sysdesign.errors import BudgetSpent, InvalidInput
from sysdesign.models.declaration import Model, Parameter, inputs_of, outputs_of, result_type_of
from sysdesign.models.registry import model, models
from sysdesign.models.wording import duration
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source
from sysdesign.running.model_run import (
    ModelRun,
    Reading,
    Value,
    answer,
    choices_of,
    read_inputs,
    read_names,
    read_value,
)
from sysdesign.running.model_run import run as run_on
from sysdesign.running.solving import Solved, runs_of, solve, target


@dataclass(frozen=True)
class InputLine:
    """One input of a model: what it is and what it takes."""

    name: str
    label: str
    kind: str
    unit: str
    low: float | None
    high: float | None
    default: Any
    words: tuple[str, ...]
    required: bool
    help: str


@dataclass(frozen=True)
class ModelLine:
    """One model with its inputs and results."""

    name: str
    title: str
    decision: str
    document: str
    chart: str | None
    explanation: str
    inputs: tuple[InputLine, ...]
    results: Mapping[str, tuple[str, str]]  # name: (label, unit)
    choices: Mapping[str, str]  # how a file of the reader's is read, by name: trace_column


def list_models() -> tuple[ModelLine, ...]:
    """All models, those that inform one decision together."""
    lines = [describe_model(chosen) for chosen in models().values()]
    order = list(dict.fromkeys(line.decision for line in lines))
    return tuple(sorted(lines, key=lambda line: order.index(line.decision)))


def describe_model(chosen: Model | str) -> ModelLine:
    """A model's decision, assumptions, inputs and results. Raises UnknownName."""
    chosen = model(chosen) if isinstance(chosen, str) else chosen
    outputs = outputs_of(result_type_of(chosen.function))
    return ModelLine(
        name=chosen.name,
        title=chosen.title,
        decision=chosen.decision,
        document=chosen.document,
        chart=chosen.chart,
        explanation=(chosen.function.__doc__ or "").strip(),
        inputs=tuple(_input_line(parameter) for parameter in inputs_of(chosen.function).values()),
        results={name: (output.label, output.unit) for name, output in outputs.items()},
        choices={f"{of}_{each}": what for of, said in choices_of(chosen).items() for each, what in said.items()},
    )


def _input_line(parameter: Parameter) -> InputLine:
    declared = parameter.input
    return InputLine(
        name=parameter.name,
        label=declared.label,
        kind=parameter.kind,
        unit=declared.unit,
        low=declared.low,
        high=declared.high,
        default=declared.default,
        words=parameter.words,
        required=parameter.required,
        help=declared.help,
    )


def run_model(
    name: str,
    given: Mapping[str, Any],
    *,
    files: bool = False,
    once: bool = False,
    uploads: Mapping[str, bytes] | None = None,
) -> ModelRun:
    """Run a model on what a person gave.

    With `files`, inputs may name the reader's own files, which with `once` are not read again by a later run in
    this process. `uploads` are the bytes of files by
    the input that takes them, read as a file of these bytes would be; nothing in them or in
    `given` names a file of the host.
    Raises UnknownName and InvalidInput.
    """
    if not files:
        return run_on(name, {**given, **_sources(uploads)})
    from sysdesign.readers.files import read_file, read_file_once

    return run_on(name, given, read_file=read_file_once if once else read_file)


def _sources(uploads: Mapping[str, bytes] | None) -> dict[str, Source]:
    return {key: Source(data, f"the upload for {key}") for key, data in (uploads or {}).items()}


HEAVY = 1.5  # times its bound: an estimate is no measurement


def refuse_heavy(name: str, given: Mapping[str, Any], *, seconds: float, unknown: str = "") -> None:
    """Raise BudgetSpent for a run whose declared work takes far more than so many seconds; with `unknown`, for the
    runs that solving for that input takes at the least. Raises InvalidInput.
    """
    chosen = model(name)
    if chosen.work is None:
        return
    takes = chosen.work(read_inputs(chosen, given)) * (runs_of(name, unknown, given) if unknown else 1)
    if takes > HEAVY * seconds:
        raise BudgetSpent(f"this would take about {duration(takes)}, and a run in a page may take {duration(seconds)}")


def solve_model(
    name: str,
    given: Mapping[str, Any],
    unknown: str,
    wanted: str,
    *,
    files: bool = False,
    uploads: Mapping[str, bytes] | None = None,
) -> Solved:
    """The value of one input that gives a wanted result, as in `calls_with=1.3` or `wait_s<=0.02`.

    `files` and `uploads` as for `run_model`. Raises UnknownName and InvalidInput, also where no value of the
    input gives it.
    """
    return solve(
        name, given, unknown, target(name, wanted), run=partial(run_model, files=files, once=files, uploads=uploads)
    )


CHART_SECONDS = 0.06  # for the points of a live chart: a change is seen in about a tenth of a second


@dataclass(frozen=True)
class Panel:
    """What a live panel shows after a change: results, their meaning, and the chart with the reader's inputs."""

    model: str
    inputs: tuple[Value, ...]
    results: tuple[Value, ...]
    sentence: str
    rows: tuple[dict[str, Any], ...]
    spec: dict[str, Any] | None  # Vega-Lite, the rows in it
    notes: tuple[str, ...] = ()  # what was taken for granted in reading a file


def panel(
    reference: Reference,
    name: str,
    given: Mapping[str, Any],
    *,
    chart: bool = True,
    uploads: Mapping[str, bytes] | None = None,
) -> Panel:
    """Run a model, and its chart, on what a reader gave in a page. Raises UnknownName and InvalidInput."""
    chosen = model(name)
    notices = Notices()
    given = {**given, **_sources(uploads)}
    inputs = read_inputs(chosen, given, notices=notices)
    found = answer(chosen, inputs, chosen.function(**inputs), notices)
    rows: list[dict[str, Any]] = []
    spec = None
    if chart and chosen.chart in reference.figures:
        drawn = _chart_spec(reference, str(chosen.chart))
        own = {key: inputs[key] for key in read_names(chosen, given)[0]}
        rows = chart_rows(drawn, _outside_chart(drawn, own), seconds=CHART_SECONDS)
        here = inputs.get(drawn.sweep.input) if drawn.sweep else None
        spec = vega_lite(drawn, rows, here=here)
    return Panel(chosen.name, found.inputs, found.results, found.sentence, tuple(rows), spec, found.notes)


def draw_chart(name: str, given: Mapping[str, Any], path: Path, *, root: Path | None = None) -> None:
    """Draw a model's chart with a person's inputs, files among them, to an SVG or a PNG.

    Raises InvalidInput without a chart, or for a file of another kind.
    """
    from sysdesign.readers.files import read_file

    if path.suffix.lower() not in (".svg", ".png"):
        raise InvalidInput(f"{path} is neither .svg nor .png; charts are drawn as these")
    chosen = model(name)
    reference = load(root)
    if chosen.chart not in reference.figures:
        raise InvalidInput(f"{chosen.name} has no chart; run it with --sweep and --csv instead")
    drawn = _chart_spec(reference, str(chosen.chart))
    if drawn.model != chosen.name:
        raise InvalidInput(f"the chart {chosen.chart} shows {drawn.model}, not {chosen.name}")
    parameters = inputs_of(chosen.function)
    given, said = read_names(chosen, given)
    reading = Reading(read_file, said)
    inputs = {key: read_value(parameters[key], value, reading) for key, value in given.items()}
    svg = chart_svg(drawn, chart_rows(drawn, _outside_chart(drawn, inputs)), str(chosen.chart))
    try:
        write_atomically(path.resolve(), svg if path.suffix.lower() == ".svg" else picture(svg))
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}; name a file in a folder that exists") from None


def _chart_spec(reference: Reference, name: str) -> ChartSpec:
    return chart_spec(reference.figures[name], f"{reference.root.name}/figures/{name}.yaml")


def _outside_chart(drawn: ChartSpec, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The reader's inputs but those that the chart itself varies."""
    varied = {drawn.sweep.input if drawn.sweep else None, drawn.series.input if drawn.series else None}
    return {key: value for key, value in inputs.items() if key not in varied}
