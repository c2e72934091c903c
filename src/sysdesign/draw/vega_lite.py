"""A chart as a Vega-Lite specification: the layers of its plot, its axes, and the one look of every chart."""

from __future__ import annotations

from typing import Any

from sysdesign.draw.chart_labels import mark_layers, name_layers
from sysdesign.draw.chart_plot import Plot, label_width
from sysdesign.draw.chart_rows import Row
from sysdesign.draw.chart_scale import Axis
from sysdesign.draw.chart_shapes import shape_layers
from sysdesign.draw.chart_spec import ChartSpec
from sysdesign.draw.chart_words import axis
from sysdesign.draw.theme import GRID, INK, MUTED, RULE
from sysdesign.draw.timeline import timeline_layers

VEGA_LITE = "6.1"
TIMELINE_WIDTH = 500  # names of the lanes to its left, words of the last spans to its right
# The engine carries this face, so that it measures text the same on every machine.
MEASURED_FACE = "Liberation Sans"


def of_plot(plot: Plot) -> dict[str, Any]:
    """The specification of a plot, its rows in it."""
    layers = [*mark_layers(plot), *shape_layers(plot), *name_layers(plot)]
    right = 6 + label_width(plot.names) // 6
    return _specification(plot.rows, layers, {"x": _x(plot), "y": _y(plot)}, plot.x.length, plot.y.length, right)


def of_spans(spec: ChartSpec, rows: list[Row]) -> dict[str, Any]:
    """The specification of spans along lanes. Raises InvalidInput where there is none."""
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


def _x(plot: Plot) -> dict[str, Any]:
    shown = _axis(plot.x, *axis(plot.spec, "x"))
    if plot.x_words:
        shown["labelExpr"] = plot.x_words
    if plot.x_named:
        shown["labelOverlap"] = False
    return {"field": "x", "type": "quantitative", "scale": _scale(plot.x), "axis": shown}


def _y(plot: Plot) -> dict[str, Any]:
    shown = _axis(plot.y, *axis(plot.spec, "y"))
    return {"field": "y", "type": "quantitative", "scale": _scale(plot.y), "axis": shown}


def _scale(over: Axis) -> dict[str, Any]:
    kind = {"type": "log"} if over.is_log else {"type": "linear", "zero": False}
    return {**kind, "domain": [over.low, over.high], "nice": False}


def _axis(over: Axis, label: str, unit: str) -> dict[str, Any]:
    shown = "" if unit in ("", "share", "B") else unit
    label = label[:1].upper() + label[1:] or ("Share" if unit == "share" else "")
    title = f"{label} ({shown})" if label and shown else label or shown
    return {"title": title, "values": list(over.ticks), "labelExpr": label_expression(unit), "labelOverlap": "greedy"}
