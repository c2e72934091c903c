"""Charts: a specification and its rows to Vega-Lite, and that to SVG.

`vega_lite` gives the same picture to the committed drawing and to the live
panel: the panel runs the model with the reader's inputs and shows the result.
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sysdesign.draw.chart_labels import mark_layers, series_layers
from sysdesign.draw.chart_rows import Row, axis, chart_columns, chart_rows, chart_table, series_labels
from sysdesign.draw.chart_scale import Axis, axis_over
from sysdesign.draw.chart_spec import ChartSpec, chart_spec
from sysdesign.draw.svg import finish, tag
from sysdesign.draw.theme import DASHES, GRID, INK, MUTED, RULE, SERIES
from sysdesign.errors import BadContent, InvalidInput, MissingTool

VEGA_LITE = "6.1"
VL_CONVERT = "1.9.0"
FULL_WIDTH, HEIGHT = 600, 280
POINTS_UNTIL = 12  # a line of so few points shows each of them
# The engine carries this face, so that it measures text the same on every machine.
MEASURED_FACE = "Liberation Sans"
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down")


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
    root = ElementTree.fromstring(_svg(vega_lite(spec, rows)))
    return finish(_bare(root), name, spec.title, description, chart_data(spec, rows))


def chart_data(spec: ChartSpec, rows: list[Row]) -> str:
    """What a drawing carries of its source and data, so that a page needs neither the source nor the model."""
    table = {"columns": chart_columns(spec), "rows": chart_table(spec, rows)}
    found = {"model": spec.model, "inputs": spec.inputs, **table}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def vega_lite(spec: ChartSpec, rows: list[Row], *, here: float | None = None) -> dict[str, Any]:
    """The chart as a Vega-Lite specification with its rows in it.

    `here` marks the reader's own value of the swept input. Raises InvalidInput
    when no row can be shown.
    """
    names = series_labels(spec)
    width = FULL_WIDTH - label_width(names)
    x = axis_over([row["x"] for row in rows], spec.x_is_log, width, tight=True)
    marks_y = [mark.y for mark in spec.marks if mark.y is not None]
    y = axis_over([*(row["y"] for row in rows), *marks_y], spec.y_scale == "log", HEIGHT)
    shown = [row for row in rows if x.low <= row["x"] <= x.high and y.low <= row["y"] <= y.high]
    return {
        "$schema": f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE.split('.')[0]}.json",
        "width": width,
        "height": HEIGHT,
        "background": None,
        "padding": {"left": 10, "top": 4, "right": 6 + label_width(names) // 6, "bottom": 4},
        "data": {"name": "rows", "values": shown},
        "encoding": {"x": _x(spec, x), "y": _y(spec, y)},
        "layer": [
            *mark_layers(spec, shown, x, y, here),
            _lines(spec, names, shown),
            *(series_layers(names, shown, x, y) if len(names) > 1 else []),
        ],
        "config": config(),
    }


def label_width(names: tuple[str, ...]) -> int:
    """Pixels to the right of the chart that the names of its lines take."""
    return 0 if len(names) < 2 else min(220, 36 + round(6.6 * max(map(len, names))))


def config() -> dict[str, Any]:
    """The one look of every chart."""
    return {
        "font": MEASURED_FACE,
        "view": {"stroke": None},
        "axis": {
            "labelFontSize": 12, "titleFontSize": 12.5, "titleFontWeight": "normal",
            "labelColor": MUTED, "titleColor": INK, "tickColor": RULE, "domainColor": RULE, "gridColor": GRID,
            "labelPadding": 5, "tickSize": 5,
        },
        "axisX": {"grid": False, "titlePadding": 8},
        "axisY": {
            "grid": True, "domain": False, "ticks": False,
            "titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleBaseline": "bottom",
            "titleX": -34, "titleY": -12,
        },
        "line": {"strokeWidth": 2.25, "strokeJoin": "round"},
    }  # fmt: skip


def label_expression(unit: str) -> str:
    """How an axis writes its numbers: 1k, 10M, 30 %, 2 MB, 0.05."""
    if unit == "share":
        return "format(datum.value, '~%')"
    suffix = "'B'" if unit == "B" else "''"
    small = "abs(datum.value) < 0.001 && datum.value != 0 ? format(datum.value, '~e')"
    large = "format(datum.value, '~s')" if unit == "B" else "replace(format(datum.value, '~s'), 'G', 'B')"
    return f"abs(datum.value) >= 1000 ? {large} + {suffix} : {small} : format(datum.value, '~g') + {suffix}"


def _x(spec: ChartSpec, x: Axis) -> dict[str, Any]:
    return {"field": "x", "type": "quantitative", "scale": _scale(x), "axis": _axis(x, *axis(spec, "x"))}


def _y(spec: ChartSpec, y: Axis) -> dict[str, Any]:
    return {"field": "y", "type": "quantitative", "scale": _scale(y), "axis": _axis(y, *axis(spec, "y"))}


def _scale(over: Axis) -> dict[str, Any]:
    kind = {"type": "log"} if over.is_log else {"type": "linear", "zero": False}
    return {**kind, "domain": [over.low, over.high], "nice": False}


def _axis(over: Axis, label: str, unit: str) -> dict[str, Any]:
    shown = "" if unit in ("", "share", "B") else unit
    label = label[:1].upper() + label[1:] or ("Share" if unit == "share" else "")
    title = f"{label} ({shown})" if label and shown else label or shown
    return {"title": title, "values": list(over.ticks), "labelExpr": label_expression(unit), "labelOverlap": "greedy"}


def _lines(spec: ChartSpec, names: tuple[str, ...], rows: list[Row]) -> dict[str, Any]:
    most = max(sum(1 for row in rows if row["series"] == name) for name in names)
    points = {"filled": True, "size": 42} if most <= POINTS_UNTIL else False
    count = len(names)
    encoding: dict[str, Any] = {
        "color": {"field": "series", "scale": {"domain": names, "range": SERIES[:count]}, "legend": None},
        "tooltip": _tooltip(spec),
    }
    if count > 1:
        dashes = [list(dash) or [1, 0] for dash in DASHES[:count]]
        encoding["strokeDash"] = {"field": "series", "scale": {"domain": names, "range": dashes}, "legend": None}
        if points:
            encoding["shape"] = {"field": "series", "scale": {"domain": names, "range": SHAPES[:count]}, "legend": None}
    return {"mark": {"type": "line", "point": points, "clip": False}, "encoding": encoding}


def _tooltip(spec: ChartSpec) -> list[dict[str, Any]]:
    shown = [
        {"field": which, "type": "quantitative", "title": _axis_title(spec, which), "format": ",.4~g"}
        for which in ("x", "y")
    ]
    return [*shown, {"field": "series", "title": "Line"}]


def _axis_title(spec: ChartSpec, which: str) -> str:
    label, unit = axis(spec, which)
    return f"{label or 'Value'} ({unit})" if unit else label or "Value"


def _svg(specification: dict[str, Any]) -> str:
    try:
        import vl_convert
    except ImportError:
        raise MissingTool(
            f'the chart engine is not installed. Install it with: pip install "vl-convert-python=={VL_CONVERT}.post1"'
        ) from None
    found = metadata.version("vl-convert-python")
    if found.split(".post")[0] != VL_CONVERT:
        raise MissingTool(f"vl-convert is {found}, which may draw differently; install {VL_CONVERT}.post1")
    return vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE)


def _bare(root: ElementTree.Element) -> ElementTree.Element:
    """The engine's drawing without paint that cannot be seen."""
    for parent in list(root.iter()):
        for child in list(parent):
            unseen = child.get("fill") in (None, "none", "transparent") and child.get("stroke") in (None, "none")
            if child.tag in (tag("path"), tag("rect")) and (unseen or child.get("class") == "background"):
                parent.remove(child)
    return root
