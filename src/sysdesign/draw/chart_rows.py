"""The points of a chart: its model run over the sweep, rounded so that they are the same on every machine."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from sysdesign.draw.chart_spec import ChartSpec
from sysdesign.draw.chart_words import axis, field_titles, series_labels, with_unit
from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models.declaration import Parameter, inputs_of
from sysdesign.models.registry import model
from sysdesign.models.wording import several

DIGITS = 4
FEWEST = 9  # points that a live line has at the least
Row = dict[str, Any]


def chart_rows(spec: ChartSpec, inputs: Mapping[str, Any] | None = None, *, seconds: float | None = None) -> list[Row]:
    """Rows with `x`, `y` and `series`; `inputs` (a reader's own) replace those of the chart.

    Points that take fields along have `text` and `x_to` as well; the y of a span is a word. Where x is
    a field of names, x is the place among them and `x_text` the name.
    A point at which the model has no steady state is left out. With `seconds`, a costly model
    is asked at fewer points, evenly thinned, so that a live chart keeps up with its reader.
    Raises InvalidInput.
    """
    return [row for row in _rows(spec, inputs or {}, seconds) if isinstance(row["y"], str) or math.isfinite(row["y"])]


def chart_columns(spec: ChartSpec) -> tuple[str, ...]:
    """Headings for a table of the rows: x, then one a series, with units; for points that take fields along, those."""
    if spec.beside:
        return field_titles(spec, (spec.x, *spec.fields, *spec.beside))
    unit = axis(spec, "y")[1]
    return (with_unit(*axis(spec, "x")), *(with_unit(label, unit) for label in series_labels(spec)))


def chart_table(spec: ChartSpec, rows: list[Row]) -> list[tuple[Any, ...]]:
    """The rows with one column a series, as in `chart_columns`; None where a series has no point."""
    if spec.beside:
        return [tuple(row[key] for key in _keys(spec)) for row in rows]
    by_x: dict[float, dict[str, float]] = {}
    names: dict[float, str] = {row["x"]: row["x_text"] for row in rows if "x_text" in row}
    for row in rows:
        by_x.setdefault(row["x"], {})[row["series"]] = row["y"]
    labels = series_labels(spec)
    return [(names.get(x, x), *(found.get(label) for label in labels)) for x, found in sorted(by_x.items())]


def table_rows(spec: ChartSpec, table: Iterable[Sequence[Any]]) -> list[Row]:
    """The rows that a table made by `chart_table` was made of."""
    if spec.beside:
        return [{"series": "", **dict(zip(_keys(spec), found, strict=True))} for found in table]
    return [
        {**_along(x, at), "y": y, "series": label}
        for at, (x, *found) in enumerate(table)
        for label, y in zip(series_labels(spec), found, strict=True)
        if y is not None
    ]


def _along(x: Any, at: int) -> Row:
    """Where a point stands along x: at its number, or at the place of its name, counted from 1."""
    return {"x": float(at + 1), "x_text": str(x)} if isinstance(x, str) else {"x": x}


def _keys(spec: ChartSpec) -> tuple[str, ...]:
    """Under which names a row holds x, y and the fields that it takes along."""
    taken = {"x_to": spec.x_to, "series": spec.group, "text": spec.text}
    return ("x", "y", *(key for key, field in taken.items() if field))


def rounded(value: float) -> float:
    """A value to four significant digits."""
    return float(f"{float(value):.{DIGITS}g}")


def _rows(spec: ChartSpec, given: Mapping[str, Any], seconds: float | None) -> Iterator[Row]:
    chosen = model(spec.model)
    parameters = inputs_of(chosen.function)
    labels = series_labels(spec)
    for label, changed in zip(_run_labels(spec, labels), _runs(spec), strict=True):
        inputs = {**_defaults(parameters), **spec.inputs, **given, **changed}
        if spec.sweep is None:
            yield from _curves(spec, chosen.function(**inputs), label, labels)
        else:
            points = sweep_points(spec, parameters[spec.sweep.input])
            if seconds is not None:
                points = _affordable(points, spec, chosen.function, inputs, seconds / len(labels))
            yield from _swept(spec, chosen.function, points, inputs, label, labels)


def _runs(spec: ChartSpec) -> list[dict[str, Any]]:
    """What changes from one line to the next."""
    return [{}] if spec.series is None else [{spec.series.input: _plain(value)} for value in spec.series.values]


def _run_labels(spec: ChartSpec, labels: tuple[str, ...]) -> tuple[str, ...]:
    return ("",) if spec.series is None else labels


def _defaults(parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    return {name: p.input.default for name, p in parameters.items() if p.input.default is not None}


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _affordable(
    points: list[float | int], spec: ChartSpec, function: Any, inputs: dict[str, Any], seconds: float
) -> list[float | int]:
    """As many of the points as the model can be asked in that time, both ends among them, never under FEWEST."""
    assert spec.sweep is not None
    started = time.perf_counter()
    with suppress(Unstable):
        function(**{**inputs, spec.sweep.input: points[len(points) // 2]})
    count = max(FEWEST, int(seconds / max(time.perf_counter() - started, 1e-6)))
    if count >= len(points):
        return points
    return [points[round(at)] for at in np.linspace(0, len(points) - 1, count)]


def _swept(
    spec: ChartSpec,
    function: Any,
    points: list[float | int],
    inputs: dict[str, Any],
    label: str,
    labels: tuple[str, ...],
) -> Iterator[Row]:
    assert spec.sweep is not None
    for x in points:
        try:
            result = function(**{**inputs, spec.sweep.input: x})
        except Unstable:
            continue
        for at, field in enumerate(spec.fields):
            yield {"x": x, "y": _scalar(spec, result, field), "series": label or labels[at]}


def sweep_points(spec: ChartSpec, parameter: Parameter) -> list[float | int]:
    """The values of the swept input, rounded before the model sees them."""
    sweep = spec.sweep
    assert sweep is not None
    if sweep.scale == "nines":
        left = np.geomspace(1 - sweep.from_, 1 - sweep.to, sweep.points)
        return sorted({round(1 - rounded(value), 15) for value in left})
    space = np.geomspace if sweep.scale == "log" else np.linspace
    points = [rounded(value) for value in space(sweep.from_, sweep.to, sweep.points)]
    if parameter.kind == "integer":
        points = [round(value) for value in points]
    return sorted(set(points))


def _scalar(spec: ChartSpec, result: Any, field: str) -> float:
    value = getattr(result, field)
    if np.ndim(value) != 0:
        raise InvalidInput(f"{spec.model} gives a whole curve as {field}; leave out the sweep and name its x field")
    return rounded(value)


def _curves(spec: ChartSpec, result: Any, label: str, labels: tuple[str, ...]) -> Iterator[Row]:
    x_values = np.atleast_1d(getattr(result, spec.x))
    if spec.beside:
        yield from _points(spec, result, x_values, labels[0])
        return
    for at, field in enumerate(spec.fields):
        y_values = np.atleast_1d(getattr(result, field))
        if len(x_values) != len(y_values):
            raise InvalidInput(
                f"{spec.model}: {spec.x} has {several(len(x_values), 'value')} and {field} {len(y_values)}; "
                "draw fields of one length, or sweep an input"
            )
        if isinstance(x_values[0], str) and spec.shape != "bars":
            raise InvalidInput(f"{spec.model}: {spec.x} holds names; names along x take shape: bars")
        for place, (x, y) in enumerate(zip(x_values, y_values, strict=True)):
            yield {
                **_along(x if isinstance(x, str) else rounded(x), place),
                "y": rounded(y),
                "series": label or labels[at],
            }


def _points(spec: ChartSpec, result: Any, x_values: np.ndarray, label: str) -> Iterator[Row]:
    fields = {"y": spec.fields[0], "x_to": spec.x_to, "series": spec.group, "text": spec.text}
    taken = {key: np.atleast_1d(getattr(result, field)) for key, field in fields.items() if field}
    for at, x in enumerate(x_values):
        row = {key: _point(values[at]) for key, values in taken.items()}
        yield {"x": rounded(x), "series": label, **row, **({"series": _word(row["series"])} if spec.group else {})}


def _point(value: Any) -> Any:
    return str(value) if isinstance(value, str) else rounded(value)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:g}"
