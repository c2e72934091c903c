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
from sysdesign.draw.chart_rows import Row, axis, chart_columns, chart_rows, chart_table, line_names
from sysdesign.draw.chart_scale import Axis, axis_of_bars, axis_of_nines, axis_over, nines
from sysdesign.draw.chart_shapes import shape_layers
from sysdesign.draw.chart_spec import ChartSpec, chart_spec
from sysdesign.draw.svg import finish, tag
from sysdesign.draw.theme import GRID, INK, MUTED, RULE
from sysdesign.draw.timeline import timeline_layers
from sysdesign.errors import BadContent, InvalidInput, MissingTool

VEGA_LITE = "6.1"
VL_CONVERT = "1.9.0"
FULL_WIDTH, HEIGHT = 600, 280
TIMELINE_WIDTH = 500  # names of the lanes to its left, words of the last spans to its right
# The engine carries this face, so that it measures text the same on every machine.
MEASURED_FACE = "Liberation Sans"


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


def picture(svg: bytes, scale: float = 2.0) -> bytes:
    """A finished drawing as PNG on white, for programs that take no SVG."""
    import vl_convert

    root = ElementTree.fromstring(svg)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    root.insert(0, ElementTree.Element(tag("rect"), {"width": width, "height": height, "fill": "white"}))
    return vl_convert.svg_to_png(ElementTree.tostring(root, encoding="unicode"), scale=scale)


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
    if spec.shape == "spans":
        return _timeline(spec, rows)
    if spec.along == "nines":
        return _by_nines(spec, rows, here)
    names = line_names(spec, rows)
    if not rows:
        raise InvalidInput("there is no point that the chart can show; change its inputs or its scale")
    width = FULL_WIDTH - label_width(names)
    across = [row["x"] for row in rows]
    x = (
        axis_of_bars(across, width)
        if spec.shape == "bars"
        else axis_over(across, spec.along == "log", width, tight=True)
    )
    return _framed(spec, names, rows, x, _named(_x(spec, x), rows), here)


def _named(channel: dict[str, Any], rows: list[Row]) -> dict[str, Any]:
    """The x axis with the names of its places, where it has names."""
    words = {int(row["x"]): row["x_text"] for row in rows if "x_text" in row}
    if words:
        shown = json.dumps([words.get(at, "") for at in range(max(words) + 1)], ensure_ascii=False)
        channel["axis"] = {**channel["axis"], "labelExpr": f"{shown}[datum.value]", "labelOverlap": False}
    return channel


def _by_nines(spec: ChartSpec, rows: list[Row], here: float | None) -> dict[str, Any]:
    """The chart with x as the number of its nines, since no engine has a scale for them."""
    names = line_names(spec, rows)
    marks = tuple(mark if mark.x is None else mark.model_copy(update={"x": nines(mark.x)}) for mark in spec.marks)
    shown = [{**row, "x": nines(row["x"])} for row in rows if row["x"] < 1]
    if not shown:
        raise InvalidInput("there is no point below 100% that the chart can show; change its inputs")
    x = axis_of_nines([row["x"] for row in shown], FULL_WIDTH - label_width(names))
    channel = _x(spec, x)
    channel["axis"]["labelExpr"] = f"{[_nines_text(at) for at in range(16)]}[datum.value]"
    placed = None if here is None or here >= 1 else nines(here)
    return _framed(spec.model_copy(update={"marks": marks}), names, shown, x, channel, placed)


def _nines_text(count: int) -> str:
    return f"{100 * (1 - 10.0**-count):.{max(count - 2, 0)}f}%"


def _framed(
    spec: ChartSpec, names: tuple[str, ...], rows: list[Row], x: Axis, across: dict[str, Any], here: float | None
) -> dict[str, Any]:
    marks_y = [mark.y for mark in spec.marks if mark.y is not None]
    base = [0.0] if spec.shape == "bars" else []
    y = axis_over([*(row["y"] for row in rows), *marks_y, *base], spec.y_scale == "log", HEIGHT)
    shown = [row for row in rows if x.low <= row["x"] <= x.high and y.low <= row["y"] <= y.high]
    layers = [
        *mark_layers(spec, shown, x, y, here),
        *shape_layers(spec, names, shown, x, _tooltip(spec)),
        *(series_layers(spec, names, shown, x, y) if len(names) > 1 else []),
    ]
    right = 6 + label_width(names) // 6
    return _specification(shown, layers, {"x": across, "y": _y(spec, y)}, x.length, HEIGHT, right)


def _timeline(spec: ChartSpec, rows: list[Row]) -> dict[str, Any]:
    layers, encoding, height = timeline_layers(spec, rows, TIMELINE_WIDTH)
    return _specification(rows, layers, encoding, TIMELINE_WIDTH, height, 90)


def _specification(
    rows: list[Row], layers: list[Any], encoding: dict[str, Any], width: float, height: float, right: int
) -> dict[str, Any]:
    return {
        "$schema": f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE.split('.')[0]}.json",
        "width": width,
        "height": height,
        "background": None,
        "padding": {"left": 10, "top": 4, "right": right, "bottom": 4},
        "data": {"name": "rows", "values": rows},
        "encoding": encoding,
        "layer": layers,
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
    """How an axis writes its numbers: 1k, 10M, 30%, 2 MB, 0.05."""
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


def _tooltip(spec: ChartSpec) -> list[dict[str, Any]]:
    text = [{"field": "text", "title": "Point"}] if spec.text else []
    shown = [
        {"field": which, "type": "quantitative", "title": _axis_title(spec, which), "format": ",.4~g"}
        for which in ("x", "y")
    ]
    return [*text, *shown, {"field": "series", "title": "Line"}]


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
