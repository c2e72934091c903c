"""What a chart shows and where: the names of its lines, its scales, and the rows that lie on them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sysdesign.draw.chart_rows import Row
from sysdesign.draw.chart_scale import Axis, axis_of_bars, axis_of_nines, axis_over, nines
from sysdesign.draw.chart_spec import ChartSpec, Mark
from sysdesign.draw.chart_words import line_names
from sysdesign.errors import InvalidInput

FULL_WIDTH, HEIGHT = 600, 280


@dataclass(frozen=True)
class Plot:
    """Everything that layers and axes are made of; all values are on the scales as drawn."""

    spec: ChartSpec
    names: tuple[str, ...]
    rows: list[Row]
    marks: tuple[Mark, ...]
    x: Axis
    y: Axis
    x_words: str = ""  # the expression that writes the numbers of x, where it is not that of its unit
    x_named: bool = False  # whether those are names, all of which are written


def plot(spec: ChartSpec, rows: list[Row], here: float | None = None) -> Plot:
    """The scales of a chart with these rows. Raises InvalidInput when none can be shown."""
    names = line_names(spec, rows)
    width = FULL_WIDTH - label_width(names)
    if spec.along == "nines":
        return _by_nines(spec, names, rows, here, width)
    if not rows:
        raise InvalidInput("there is no point that the chart can show; change its inputs or its scale")
    across = [row["x"] for row in rows]
    is_log = spec.along == "log"
    x = axis_of_bars(across, width) if spec.shape == "bars" else axis_over(across, is_log, width, tight=True)
    words = {int(row["x"]): row["x_text"] for row in rows if "x_text" in row}
    named = [words.get(at, "") for at in range(max(words) + 1)] if words else []
    shown = f"{json.dumps(named, ensure_ascii=False)}[datum.value]" if named else ""
    return _on_scales(spec, names, rows, _marks(spec.marks, here), x, shown, bool(named))


def _by_nines(spec: ChartSpec, names: tuple[str, ...], rows: list[Row], here: float | None, width: float) -> Plot:
    """The chart with x as the number of its nines, since no engine has a scale for them."""
    shown = [{**row, "x": nines(row["x"])} for row in rows if row["x"] < 1]
    if not shown:
        raise InvalidInput("there is no point below 100% that the chart can show; change its inputs")
    marks = tuple(mark if mark.x is None else mark.model_copy(update={"x": nines(mark.x)}) for mark in spec.marks)
    placed = None if here is None or here >= 1 else nines(here)
    x = axis_of_nines([row["x"] for row in shown], width)
    words = f"{[_nines_text(at) for at in range(16)]}[datum.value]"
    return _on_scales(spec, names, shown, _marks(marks, placed), x, words)


def _nines_text(count: int) -> str:
    return f"{100 * (1 - 10.0**-count):.{max(count - 2, 0)}f}%"


def _marks(marks: tuple[Mark, ...], here: float | None) -> tuple[Mark, ...]:
    """The author's marks, and the reader's own value of x."""
    if here is None:
        return marks
    return (*(mark for mark in marks if mark.x is None or mark.y is not None), Mark(x=here, label="yours"))


def _on_scales(
    spec: ChartSpec, names: tuple[str, ...], rows: list[Row], marks: tuple[Mark, ...], x: Axis, words: str,
    named: bool = False,
) -> Plot:  # fmt: skip
    marks_y = [mark.y for mark in spec.marks if mark.y is not None]
    base = [0.0] if spec.shape == "bars" else []
    y = axis_over([*(row["y"] for row in rows), *marks_y, *base], spec.y_scale == "log", HEIGHT)
    shown = [row for row in rows if x.low <= row["x"] <= x.high and y.low <= row["y"] <= y.high]
    return Plot(spec, names, shown, marks, x, y, words, named)


def label_width(names: tuple[str, ...]) -> int:
    """Pixels to the right of the chart that the names of its lines take."""
    return 0 if len(names) < 2 else min(220, 36 + round(6.6 * max(map(len, names))))
