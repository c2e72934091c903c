"""A chart's source: which model, swept over what, and what to mark.

    title: One expiry costs as many queries as there are requests in one rebuild
    model: caching.stampede
    inputs: {rebuild_s: 0.5}              # others at their defaults
    sweep: {input: arrivals_per_s, from: 1, to: 10000, points: 60, scale: log}
    series: {input: protection, values: [none, locking], labels: [No protection, Lock]}
    x: arrivals_per_s                     # the sweep's input, or an array field of the result (of names, for bars)
    y: requests_per_expiry                # a field of the result, or a list of fields, each a series
    y_scale: log
    marks: [{x: 2000, label: "the default"}]

A picture of the array fields of one run may take further fields along, one value a point:

    shape: points                         # line (by default), steps, points, bars, spans
    group: strict                         # words or numbers that tell the lines apart
    text: shown                           # words beside each point
    x_to: returned                        # of spans: where each ends; its y is then a lane's name

Every name is held against the model, so a wrong one is an error at its own line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sysdesign.content import located
from sysdesign.content.located import KeyPath, Located
from sysdesign.errors import BadContent, InvalidInput, UnknownName, nearest
from sysdesign.models.declaration import Model, check_value, inputs_of, outputs_of, result_type_of
from sysdesign.models.registry import model
from sysdesign.models.wording import several

MOST_SERIES = 6  # as many as the theme tells apart
Scale = Literal["linear", "log", "nines"]  # nines: 90%, 99%, 99.9% at even distances
Shape = Literal["line", "steps", "points", "bars", "spans"]


def _plain_text(value: Any) -> Any:
    """A label may be a bare number in the file."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


class Sweep(BaseModel):
    """The input that runs along the x axis."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    input: str
    from_: float = Field(alias="from")
    to: float
    points: int = Field(default=60, ge=2, le=400)
    scale: Scale = "linear"


class Series(BaseModel):
    """The input that differs between the lines."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    input: str
    values: tuple[Any, ...] = Field(min_length=1, max_length=MOST_SERIES)
    labels: tuple[Annotated[str, BeforeValidator(_plain_text)], ...] = ()


class Mark(BaseModel):
    """A labeled rule at a value of x or of y, or a labeled point at both."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    x: float | None = None
    y: float | None = None
    label: str = ""


class ChartSpec(BaseModel):
    """A chart as its author wrote it, every name checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str
    model: str
    inputs: dict[str, Any] = {}
    sweep: Sweep | None = None
    series: Series | None = None
    x: str
    y: str | tuple[str, ...]
    labels: tuple[Annotated[str, BeforeValidator(_plain_text)], ...] = ()  # of the lines, where y is several fields
    shape: Shape = "line"
    group: str = ""
    text: str = ""
    x_to: str = ""
    x_scale: Scale | None = None  # by default the sweep's, else linear
    y_scale: Literal["linear", "log"] = "linear"
    x_title: str = ""  # by default the label and unit that the model declares
    y_title: str = ""
    marks: tuple[Mark, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The result fields that are drawn."""
        return (self.y,) if isinstance(self.y, str) else self.y

    @property
    def along(self) -> Scale:
        """The scale of x: as told, else the sweep's."""
        return self.x_scale or (self.sweep.scale if self.sweep is not None else "linear")

    @property
    def beside(self) -> tuple[str, ...]:
        """The fields that each point takes along; such points are not rows of one table with a column a line."""
        return tuple(field for field in (self.x_to, self.group, self.text) if field)


def chart_spec(path: Path, shown: str) -> ChartSpec:
    """Read a chart's source; `shown` is its name in errors. Raises BadContent."""
    return parse(located.read_text(path, shown), shown)


def parse(text: str, shown: str) -> ChartSpec:
    """A chart's source from its text. Raises BadContent."""
    file = located.parse(text, shown)
    spec = located.record(ChartSpec, file, (), {})
    _Checking(spec, file).run()
    return spec


class _Checking:
    """Holds the names and values of a specification against its model."""

    def __init__(self, spec: ChartSpec, file: Located) -> None:
        self.spec, self.file = spec, file

    def run(self) -> None:
        chosen = self._model()
        self.parameters = inputs_of(chosen.function)
        self.outputs = outputs_of(result_type_of(chosen.function))
        for name, value in self.spec.inputs.items():
            self._input(name, ("inputs", name))
            self._value(name, value, ("inputs", name))
        self._sweep()
        self._series()
        self._axes()
        for at, mark in enumerate(self.spec.marks):
            if mark.x is None and mark.y is None:
                self._refuse(("marks", at), "a mark without a place", "Give it x, y, or both")

    def _refuse(self, keys: KeyPath, found: str, fix: str) -> None:
        raise BadContent(self.file.path, self.file.line(keys), found, fix) from None

    def _model(self) -> Model:
        try:
            return model(self.spec.model)
        except UnknownName as error:
            found, _, fix = str(error).partition(". ")
            raise BadContent(self.file.path, self.file.line(("model",)), found, fix) from None

    def _input(self, name: str, keys: KeyPath) -> None:
        if name not in self.parameters:
            self._refuse(keys, f"{self.spec.model} has no input {name!r}", nearest(name, self.parameters, "inputs"))

    def _value(self, name: str, value: Any, keys: KeyPath) -> None:
        try:
            check_value(self.parameters[name], value)
        except InvalidInput as error:
            self._refuse(keys, str(error), "Give a value that the model takes")

    def _sweep(self) -> None:
        sweep = self.spec.sweep
        if sweep is None:
            return
        self._input(sweep.input, ("sweep", "input"))
        if self.parameters[sweep.input].kind not in ("number", "integer"):
            self._refuse(("sweep", "input"), f"{sweep.input} is not a number", "Sweep a number; words go into series")
        self._value(sweep.input, self._whole(sweep.input, sweep.from_), ("sweep", "from"))
        self._value(sweep.input, self._whole(sweep.input, sweep.to), ("sweep", "to"))
        if not sweep.from_ < sweep.to:
            self._refuse(("sweep", "to"), f"the sweep ends at {sweep.to:g}, not above its start", "Let it rise")
        if sweep.scale == "log" and sweep.from_ <= 0:
            self._refuse(("sweep", "from"), f"a logarithmic sweep starts at {sweep.from_:g}", "Start above 0")
        if sweep.scale == "nines" and not 0 <= sweep.from_ < sweep.to < 1:
            self._refuse(("sweep", "to"), "a sweep by nines that leaves 0 to 1", "End below 1, at 0.99999 for example")

    def _whole(self, name: str, value: float) -> float | int:
        return int(value) if self.parameters[name].kind == "integer" and value == int(value) else value

    def _series(self) -> None:
        series = self.spec.series
        if len(self.spec.fields) > MOST_SERIES:
            self._refuse(("y",), f"{len(self.spec.fields)} lines", f"Draw at most {MOST_SERIES}")
        self._labels()
        if series is None:
            return
        self._input(series.input, ("series", "input"))
        for at, value in enumerate(series.values):
            self._value(series.input, value, ("series", "values", at))
        if series.labels and len(series.labels) != len(series.values):
            self._refuse(
                ("series", "labels"),
                f"{several(len(series.labels), 'label')} for {several(len(series.values), 'value')}",
                "Label each value",
            )
        if len(self.spec.fields) > 1:
            self._refuse(("y",), "several fields beside a series", "Draw one field, or leave the series out")
        if self.spec.sweep is not None and series.input == self.spec.sweep.input:
            self._refuse(("series", "input"), f"{series.input} is swept already", "Choose another input")

    def _labels(self) -> None:
        if not self.spec.labels:
            return
        if self.spec.series is not None:
            self._refuse(("labels",), "labels of lines beside a series", "Write them as the series' own labels")
        if len(self.spec.labels) != len(self.spec.fields):
            self._refuse(
                ("labels",),
                f"{several(len(self.spec.labels), 'label')} for {several(len(self.spec.fields), 'field')}",
                "Label each field",
            )

    def _beside(self) -> None:
        spec = self.spec
        for key in ("group", "text", "x_to"):
            field = getattr(spec, key)
            if field and field not in self.outputs:
                self._refuse((key,), f"{spec.model} gives no field {field!r}", nearest(field, self.outputs, "fields"))
        if spec.beside and spec.sweep is not None:
            self._refuse(("sweep",), f"a sweep beside {spec.beside[0]}", "Draw array fields of one run")
        if spec.beside and (spec.series is not None or len(spec.fields) > 1):
            self._refuse(("y",), f"several lines beside {spec.beside[0]}", "Draw one field, without a series")
        if (spec.shape == "spans") != bool(spec.x_to):
            self._refuse(
                ("shape",), "spans and x_to without each other", "Give shape: spans and the field of their ends"
            )
        if spec.shape == "bars" and spec.y_scale == "log":
            self._refuse(("y_scale",), "bars on a logarithmic scale, which has no zero", "Draw points or a line")

    def _axes(self) -> None:
        self._beside()
        names: Iterable[str] = self.outputs
        for field in self.spec.fields:
            if field not in self.outputs:
                self._refuse(("y",), f"{self.spec.model} gives no field {field!r}", nearest(field, names, "fields"))
        if self.spec.sweep is not None and self.spec.x != self.spec.sweep.input:
            self._refuse(("x",), f"x is {self.spec.x!r}", f"With a sweep, x is its input, {self.spec.sweep.input}")
        if self.spec.sweep is None and self.spec.x not in self.outputs:
            self._refuse(
                ("x",), f"{self.spec.model} gives no field {self.spec.x!r}", nearest(self.spec.x, names, "fields")
            )
