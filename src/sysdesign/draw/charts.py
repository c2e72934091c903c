"""The way of a chart: specification, rows, scales, layers, Vega-Lite, SVG, each step once.

`vega_lite` gives the same picture to the committed drawing and to the live
panel: the panel runs the model with the reader's inputs and shows the result.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sysdesign.draw.chart_engine import drawn
from sysdesign.draw.chart_plot import plot
from sysdesign.draw.chart_rows import Row, chart_columns, chart_rows, chart_table
from sysdesign.draw.chart_spec import ChartSpec, chart_spec
from sysdesign.draw.svg import finish
from sysdesign.draw.vega_lite import of_plot, of_spans
from sysdesign.errors import BadContent, InvalidInput


def chart(source: Path, name: str, description: str) -> bytes:
    """The finished drawing of a chart's .yaml. Raises BadContent, or MissingTool without the chart engine."""
    shown = f"reference/figures/{name}.yaml"
    spec = chart_spec(source, shown)
    try:
        return chart_svg(spec, chart_rows(spec), name, description)
    except InvalidInput as error:
        raise BadContent(shown, 1, str(error), "Change the inputs, the sweep or the scale") from None


def chart_svg(spec: ChartSpec, rows: list[Row], name: str, description: str = "") -> bytes:
    """The finished drawing of a chart with these rows. Raises InvalidInput when no row can be shown, or MissingTool."""
    return finish(drawn(vega_lite(spec, rows)), name, spec.title, description, chart_data(spec, rows))


def vega_lite(spec: ChartSpec, rows: list[Row], *, here: float | None = None) -> dict[str, Any]:
    """The chart as a Vega-Lite specification with its rows in it.

    `here` marks the reader's own value of the swept input. Raises InvalidInput
    when no row can be shown.
    """
    return of_spans(spec, rows) if spec.shape == "spans" else of_plot(plot(spec, rows, here))


def chart_data(spec: ChartSpec, rows: list[Row]) -> str:
    """What a drawing carries of its source and data, so that a page needs neither the source nor the model."""
    table = {"columns": chart_columns(spec), "rows": chart_table(spec, rows)}
    found = {"model": spec.model, "inputs": spec.inputs, **table}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))
