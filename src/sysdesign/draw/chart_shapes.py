"""How a chart shows its points: lines, steps, points with words beside them, or bars."""

from __future__ import annotations

from typing import Any

from sysdesign.draw.chart_plot import Plot
from sysdesign.draw.chart_rows import Row
from sysdesign.draw.chart_scale import Axis
from sysdesign.draw.chart_spec import ChartSpec
from sysdesign.draw.chart_words import axis
from sysdesign.draw.theme import DASHES, MUTED, SERIES

POINTS_UNTIL = 12  # a line of so few points shows each of them
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down")
WIDEST_BAR = 44  # pixels
BARS_SHARE = 0.76  # of the room of one x that its bars take
TEXT_LEFT_FROM = 0.8  # from this share of the width on, a point's words stand to its left

Layer = dict[str, Any]


def shape_layers(plot: Plot) -> list[Layer]:
    """The layers that show the rows, in the colors of the series."""
    spec, tooltip = plot.spec, _tooltip(plot.spec)
    if spec.shape == "bars":
        return _bars(plot.names, plot.rows, plot.x, tooltip)
    if spec.shape == "points":
        return [_points(plot.names, tooltip), *(_words(plot.x) if spec.text else [])]
    return [_lines(spec, plot.names, plot.rows, tooltip)]


def sample(spec: ChartSpec, at: int) -> Layer:
    """What stands before the name of a series: a piece of its line, or its symbol."""
    if spec.shape in ("line", "steps"):
        dash = {"strokeDash": list(DASHES[at])} if DASHES[at] else {}
        return {"type": "rule", "color": SERIES[at], "strokeWidth": 2.25, **dash}
    shape = SHAPES[at] if spec.shape == "points" else "square"
    return {"type": "point", "filled": True, "opacity": 1, "shape": shape, "size": 90, "color": SERIES[at]}


def _color(names: tuple[str, ...]) -> dict[str, Any]:
    return {"field": "series", "scale": {"domain": names, "range": SERIES[: len(names)]}, "legend": None}


def _shape(names: tuple[str, ...]) -> dict[str, Any]:
    return {"field": "series", "scale": {"domain": names, "range": SHAPES[: len(names)]}, "legend": None}


def _lines(spec: ChartSpec, names: tuple[str, ...], rows: list[Row], tooltip: list[dict[str, Any]]) -> Layer:
    most = max(sum(1 for row in rows if row["series"] == name) for name in names)
    points = {"filled": True, "size": 42} if most <= POINTS_UNTIL else False
    steps = {"interpolate": "step-after"} if spec.shape == "steps" else {}
    encoding: dict[str, Any] = {"color": _color(names), "tooltip": tooltip}
    if len(names) > 1:
        dashes = [list(dash) or [1, 0] for dash in DASHES[: len(names)]]
        encoding["strokeDash"] = {"field": "series", "scale": {"domain": names, "range": dashes}, "legend": None}
        if points:
            encoding["shape"] = _shape(names)
    return {"mark": {"type": "line", "point": points, "clip": False, **steps}, "encoding": encoding}


def _points(names: tuple[str, ...], tooltip: list[dict[str, Any]]) -> Layer:
    encoding: dict[str, Any] = {"color": _color(names), "tooltip": tooltip}
    if len(names) > 1:
        encoding["shape"] = _shape(names)
    return {"mark": {"type": "point", "filled": True, "opacity": 1, "size": 60}, "encoding": encoding}


def _words(x: Axis) -> list[Layer]:
    """The words of each point, on the side where there is room."""
    edge = x.at(TEXT_LEFT_FROM)
    sides = ((f"datum.x < {edge!r}", "left", 8), (f"datum.x >= {edge!r}", "right", -8))
    return [
        {
            "transform": [{"filter": test}],
            "mark": {"type": "text", "align": align, "dx": dx, "dy": -9, "color": MUTED, "fontSize": 11.5},
            "encoding": {"text": {"field": "text"}},
        }
        for test, align, dx in sides
    ]


def _bars(names: tuple[str, ...], rows: list[Row], x: Axis, tooltip: list[dict[str, Any]]) -> list[Layer]:
    """A bar for each row, those of one x side by side."""
    room = BARS_SHARE * x.length / max(len({row["x"] for row in rows}), 1)
    width = round(min(WIDEST_BAR, room / len(names)), 1)
    return [
        {
            "transform": [{"filter": {"field": "series", "equal": name}}],
            "mark": {
                "type": "bar", "orient": "vertical", "color": SERIES[at], "size": max(width - 2, 1),
                "xOffset": round((at - (len(names) - 1) / 2) * width, 1),
            },
            "encoding": {"y2": {"datum": 0}, "tooltip": tooltip},
        }
        for at, name in enumerate(names)
    ]  # fmt: skip


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
