"""A chart of spans: what was under way from when to when, a lane for each who did it."""

from __future__ import annotations

from typing import Any

from sysdesign.draw.chart_rows import Row
from sysdesign.draw.chart_scale import axis_over
from sysdesign.draw.chart_spec import ChartSpec
from sysdesign.draw.chart_words import axis, line_names
from sysdesign.draw.theme import INK, SERIES
from sysdesign.errors import InvalidInput

LANE = 46  # pixels
BAR = 11
WORDS_ABOVE = 10
NAMES_ABOVE = 22  # the names of the colors stand over the first lane
NAME_WIDTH = 6.8  # of a character, with room for wider faces

Layer = dict[str, Any]


def timeline_layers(spec: ChartSpec, rows: list[Row], width: float) -> tuple[list[Layer], dict[str, Any], int]:
    """Layers, encoding and height of spans. Raises InvalidInput where there is none."""
    if not rows:
        raise InvalidInput("there is no span that the chart can show; change its inputs")
    lanes = list(dict.fromkeys(row["y"] for row in rows))
    names = tuple(sorted(line_names(spec, rows)))  # a part keeps its color, whichever comes first
    over = axis_over([end for row in rows for end in (row["x"], row["x_to"])], False, width, tight=True)
    scale = {"type": "linear", "zero": False, "domain": [over.low, over.high], "nice": False}
    title, unit = axis(spec, "x")
    shown_title = f"{title} ({unit})" if unit else title
    color = {"field": "series", "scale": {"domain": names, "range": SERIES[: len(names)]}, "legend": None}
    tooltip = [{"field": key, "title": name} for key, name in (("text", "What"), ("y", axis(spec, "y")[0]))]
    encoding = {
        "x": {
            "field": "x", "type": "quantitative", "scale": scale,
            "axis": {"title": shown_title, "labels": False, "ticks": False},
        },
        "y": {"field": "y", "type": "nominal", "scale": {"domain": lanes, "padding": 0}, "axis": {"title": None}},
    }  # fmt: skip
    bars = {
        "mark": {"type": "bar", "height": BAR, "cornerRadius": 2, "yOffset": WORDS_ABOVE / 2},
        "encoding": {"x2": {"field": "x_to"}, "color": color, "tooltip": tooltip},
    }
    words = {
        "mark": {"type": "text", "align": "left", "dy": -WORDS_ABOVE, "color": INK, "fontSize": 11.5},
        "encoding": {"text": {"field": "text"}},
    }
    return [bars, words, *(_names(names) if len(names) > 1 else [])], encoding, LANE * len(lanes)


def _names(names: tuple[str, ...]) -> list[Layer]:
    """The name of each color, side by side above the first lane."""
    layers, left = [], 0.0
    for at, name in enumerate(names):
        place = {"y": {"value": -NAMES_ABOVE / 2}}
        patch = {"type": "point", "shape": "square", "filled": True, "opacity": 1, "size": 90, "color": SERIES[at]}
        said = {"type": "text", "text": name, "align": "left", "baseline": "middle", "color": INK, "fontSize": 12}
        for mark, across in ((patch, left + 5), (said, left + 15)):
            layers.append({
                "data": {"values": [{}]}, "mark": {**mark, "tooltip": None},
                "encoding": {"x": {"value": across}, **place},
            })  # fmt: skip
        left += 15 + NAME_WIDTH * len(name) + 22
    return layers
