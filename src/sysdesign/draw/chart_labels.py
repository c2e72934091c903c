"""Names of lines beside their ends, and labeled rules: put where they hide nothing."""

from __future__ import annotations

from typing import Any

from sysdesign.draw.chart_plot import Plot
from sysdesign.draw.chart_scale import Axis, spread
from sysdesign.draw.chart_shapes import sample
from sysdesign.draw.chart_spec import Mark
from sysdesign.draw.theme import INK, MUTED, RULE

LINE_GAP = 17  # pixels between two names
TEXT_SIZE = 12
CHARACTER = 6.2  # about the mean width of a character at TEXT_SIZE

Layer = dict[str, Any]


def name_layers(plot: Plot) -> list[Layer]:
    """For each line a short piece of it and its name, to the right of the chart at the height of its end."""
    spec, names, x, y = plot.spec, plot.names, plot.x, plot.y
    if len(names) < 2:
        return []
    ends = {row["series"]: row["y"] for row in sorted(plot.rows, key=lambda row: row["x"])}
    drawn = [name for name in names if name in ends]
    places = spread([(1 - y.share(ends[name])) * y.length for name in drawn], LINE_GAP, y.length)
    layers = []
    for name, place in zip(drawn, places, strict=True):
        at = names.index(name)
        before = sample(spec, at)
        ends_at = {"x2": x.length + 30} if before["type"] == "rule" else {}
        layers.append(_fixed(before, x.length + (8 if ends_at else 22), place, **ends_at))
        text = {
            "type": "text",
            "text": name,
            "align": "left",
            "baseline": "middle",
            "color": INK,
            "fontSize": TEXT_SIZE,
        }
        layers.append(_fixed(text, x.length + 35, place))
    return layers


def mark_layers(plot: Plot) -> list[Layer]:
    """The marks, each with its label where it hides least."""
    x, y = plot.x, plot.y
    curves = [(x.share(row["x"]) * x.length, (1 - y.share(row["y"])) * y.length) for row in plot.rows]
    return [layer for mark in plot.marks if _inside(mark, x, y) for layer in _mark(mark, curves, x, y)]


def _inside(mark: Mark, x: Axis, y: Axis) -> bool:
    return (mark.x is None or x.low <= mark.x <= x.high) and (mark.y is None or y.low <= mark.y <= y.high)


def _mark(mark: Mark, curves: list[tuple[float, float]], x: Axis, y: Axis) -> list[Layer]:
    rule = {"type": "rule", "color": RULE, "strokeDash": [3, 3], "strokeWidth": 1.25}
    across = None if mark.x is None else round(x.share(mark.x) * x.length, 1)
    down = None if mark.y is None else round((1 - y.share(mark.y)) * y.length, 1)
    width = CHARACTER * len(mark.label)
    if across is not None and down is not None:
        layers = [_fixed({"type": "point", "color": INK, "size": 60, "strokeWidth": 1.75}, across, down)]
        candidates = [(across + 8, down - 9), (across - 8 - width, down - 9), (across + 8, down + 9)]
    elif across is not None:
        layers = [_fixed(rule, across, 0, y2=y.length)]
        lefts: tuple[float, ...] = (across + 6, across - 6 - width)
        candidates = [(left, top) for top in (9, y.length * 0.3, y.length * 0.6, y.length - 10) for left in lefts]
    else:
        assert down is not None
        layers = [_fixed(rule, 0, down, x2=x.length)]
        lefts = (x.length - width - 4, 6, x.length * 0.5 - width / 2)
        candidates = [(left, down + shift) for left in lefts for shift in (-8, 10)]
    if not mark.label:
        return layers
    left, middle = _clearest(candidates, width, curves, x, y)
    text = {
        "type": "text",
        "text": mark.label,
        "align": "left",
        "baseline": "middle",
        "color": MUTED,
        "fontSize": TEXT_SIZE,
    }
    return [*layers, _fixed(text, round(left, 1), round(middle, 1))]


def _clearest(
    candidates: list[tuple[float, float]], width: float, curves: list[tuple[float, float]], x: Axis, y: Axis
) -> tuple[float, float]:
    """The first candidate that is clear of every line, or else the one farthest from them."""

    def clearance(candidate: tuple[float, float]) -> float:
        left, middle = candidate
        if left < 0 or left + width > x.length + 30 or not 0 <= middle <= y.length:
            return -1.0
        near = [abs(down - middle) for across, down in curves if left - 14 <= across <= left + width + 14]
        return min(near, default=1e9)

    return next((found for found in candidates if clearance(found) >= 16), max(candidates, key=clearance))


def _fixed(mark: dict[str, Any], x: float, y: float, **second: float) -> Layer:
    """A mark at a place in pixels, drawn once and not for every row."""
    encoding = {"x": {"value": x}, "y": {"value": y}, **{name: {"value": value} for name, value in second.items()}}
    return {"data": {"values": [{}]}, "mark": {**mark, "tooltip": None}, "encoding": encoding}
