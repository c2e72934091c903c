"""Charts: specification, rows, axes, and the drawing, on a model written here."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.draw import theme
from sysdesign.draw.chart_rows import chart_columns, chart_rows, chart_table, rounded
from sysdesign.draw.chart_scale import axis_over, spread
from sysdesign.draw.chart_spec import ChartSpec, parse
from sysdesign.draw.chart_words import series_labels
from sysdesign.draw.charts import chart_svg, vega_lite
from sysdesign.draw.svg import tag
from sysdesign.draw.vega_lite import label_expression
from sysdesign.errors import BadContent, InvalidInput, Unstable
from sysdesign.models import registry
from sysdesign.models.declaration import Input, Model, Output, checked


@dataclass(frozen=True)
class Wait:
    """What a queue gives."""

    wait_s: Annotated[float, Output("Mean wait", "s")]
    busy: Annotated[float, Output("Share of time busy", "share")]
    idle: Annotated[float, Output("Share of time idle", "share")]
    times: Annotated[np.ndarray, Output("Time", "s")]
    levels: Annotated[np.ndarray, Output("Level", "share")]
    short: Annotated[np.ndarray, Output("Short", "share")]


@checked
def wait(
    load: Annotated[float, Input("Load", "1/s", low=0, high=100, default=1)],
    servers: Annotated[int, Input("Servers", "", low=1, high=50, default=2)] = 2,
    order: Annotated[Literal["fifo", "lifo"], Input("Order", default="fifo")] = "fifo",
) -> Wait:
    """Wait for a server."""
    if load >= servers:
        raise Unstable(f"load {load} is more than {servers} servers can do")
    share = load / servers
    times = np.arange(5.0)
    return Wait(share / (1 - share) / 3, share, 1 - share, times, np.exp(-share * times), np.arange(3.0))


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = {"queue.wait": Model(wait, "How many?", lambda inputs, result: "", "05-caching")}
    monkeypatch.setattr(registry, "models", lambda: offered)
    monkeypatch.setattr(registry, "SUBJECTS", ("queue",))
    monkeypatch.setattr(registry, "_of", lambda subject: offered)  # a model is looked up in its subject alone


SWEEP = """title: Waits grow without bound
model: queue.wait
sweep: {input: load, from: 0.5, to: 4, points: 8}
series: {input: servers, values: [2, 4]}
x: load
y: wait_s
"""
CURVE = """title: Levels fall
model: queue.wait
x: times
y: [busy]
"""


def spec(text: str = SWEEP, **changes: str) -> ChartSpec:
    lines = [line for line in text.splitlines() if line.partition(":")[0] not in changes]
    return parse("\n".join([*lines, *(f"{key}: {value}" for key, value in changes.items() if value)]), "a.yaml")


def test_rows_are_the_model_at_the_points_of_the_sweep_rounded() -> None:
    rows = chart_rows(spec())
    assert {row["series"] for row in rows} == {"Servers 2", "Servers 4"}
    for row in rows:
        answer = wait(load=row["x"], servers=int(row["series"].split()[1])).wait_s
        assert row["y"] == pytest.approx(answer, rel=1e-3)
        assert row["y"] == rounded(row["y"])


def test_points_without_a_steady_state_are_left_out() -> None:
    most = {
        name: max(row["x"] for row in chart_rows(spec()) if row["series"] == name) for name in series_labels(spec())
    }
    assert most == {"Servers 2": 1.5, "Servers 4": 3.5}


def test_a_readers_inputs_replace_those_of_the_chart() -> None:
    mine = chart_rows(spec(series=""), {"servers": 4})
    assert [(row["x"], row["y"]) for row in mine] == [
        (row["x"], row["y"]) for row in chart_rows(spec()) if row["series"] == "Servers 4"
    ]


def test_a_whole_input_is_swept_in_whole_steps() -> None:
    rows = chart_rows(spec(sweep="{input: servers, from: 2, to: 9, points: 40}", series="", x="servers"))
    assert [row["x"] for row in rows] == list(range(2, 10))
    assert all(isinstance(row["x"], int) for row in rows)


def test_a_logarithmic_sweep_has_even_ratios() -> None:
    rows = chart_rows(spec(sweep="{input: load, from: 0.01, to: 1, points: 5, scale: log}", series=""))
    assert [row["x"] for row in rows] == [0.01, 0.03162, 0.1, 0.3162, 1.0]


def test_curves_of_one_run_and_their_table() -> None:
    chart = spec(CURVE, y="levels")
    assert [row["x"] for row in chart_rows(chart)] == [0, 1, 2, 3, 4]
    assert chart_columns(chart) == ("Time (s)", "Level")
    assert chart_table(chart, chart_rows(chart))[0] == (0.0, 1.0)


def test_words_that_all_lines_share_become_the_title_of_the_axis() -> None:
    chart = spec(SWEEP, series="", y="[busy, idle]", title="t")
    assert series_labels(chart) == ("Busy", "Idle")
    assert vega_lite(chart, chart_rows(chart))["encoding"]["y"]["axis"]["title"] == "Share of time"


@pytest.mark.parametrize(
    ("changes", "line", "found", "fix"),
    [
        ({"model": "queue.wat"}, 6, "no model 'queue.wat'", "queue.wait"),
        ({"inputs": "{laod: 3}"}, 7, "no input 'laod'", "load"),
        ({"inputs": "{load: 300}"}, 7, "load is 300", ""),
        ({"inputs": "{order: random}"}, 7, "order is 'random'", ""),
        ({"y": "wait"}, 6, "no field 'wait'", "wait_s"),
        ({"y": "[wait_s, wait]", "series": ""}, 5, "no field 'wait'", "wait_s"),
        ({"y": "[wait_s, busy]"}, 6, "several fields", "series"),
        ({"x": "servers"}, 6, "x is 'servers'", "load"),
        ({"sweep": "{input: order, from: 1, to: 2}", "x": "order"}, 5, "not a number", "series"),
        ({"sweep": "{input: load, from: 3, to: 1}"}, 6, "not above its start", ""),
        ({"sweep": "{input: load, from: 0, to: 1, scale: log}"}, 6, "logarithmic sweep starts at 0", ""),
        ({"sweep": "{input: load, from: 1, to: 900}"}, 6, "load is 900", ""),
        ({"sweep": "{input: load, from: 1, to: 2, points: 1}"}, 6, "points", "2"),
        ({"series": "{input: servers, values: [1, 99]}"}, 6, "servers is 99", ""),
        ({"series": "{input: servers, values: [1, 2], labels: [a]}"}, 6, "1 label for 2 values", ""),
        ({"series": "{input: servers, values: [1,2,3,4,5,6,7]}"}, 6, "values", "6"),
        ({"series": "{input: load, values: [1]}"}, 6, "swept already", ""),
        ({"marks": "[{label: nowhere}]"}, 7, "without a place", ""),
        ({"colour": "red"}, 7, "unknown field 'colour'", ""),
        ({"title": ""}, 1, "title", "Add it"),
    ],
)
def test_a_bad_specification_is_an_error_at_its_line(changes: dict[str, str], line: int, found: str, fix: str) -> None:
    with pytest.raises(BadContent) as caught:
        spec(SWEEP, **changes)
    assert found in caught.value.found
    assert fix in caught.value.fix
    assert (caught.value.path, caught.value.line) == ("a.yaml", line)


def test_a_curve_cannot_be_swept_and_lengths_must_agree() -> None:
    with pytest.raises(InvalidInput, match="whole curve"):
        chart_rows(spec(y="levels"))
    with pytest.raises(InvalidInput, match="5 values and short 3"):
        chart_rows(spec(CURVE, y="short"))


def test_a_chart_without_a_point_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="no point"):
        vega_lite(spec(), [])
    with pytest.raises(InvalidInput, match="no point"):
        vega_lite(spec(y_scale="log"), [{"x": 1.0, "y": 0.0, "series": "Servers 2"}])


def test_the_specification_stands_alone_and_can_be_sent() -> None:
    chart = spec(
        marks='[{x: 1, label: "here"}, {y: 0.5, label: "limit"}, {x: 1, y: 0.33, label: "both"}]', y_scale="log"
    )
    specification = json.loads(json.dumps(vega_lite(chart, chart_rows(chart), here=2.0), allow_nan=False))
    assert specification["data"]["values"] == chart_rows(chart)
    texts = [layer["mark"].get("text") for layer in specification["layer"] if isinstance(layer["mark"], dict)]
    assert {"yours", "limit", "both", "Servers 2", "Servers 4"} <= set(texts)
    assert "here" not in texts  # the reader's own value stands in for the author's
    assert "http" not in json.dumps({**specification, "$schema": ""})


def test_the_drawing_is_the_same_twice_and_changes_with_its_label() -> None:
    chart = spec()
    drawn = chart_svg(chart, chart_rows(chart), "05-caching/a", "A description")
    assert drawn == chart_svg(chart, chart_rows(chart), "05-caching/a", "A description")
    for changes in (
        {"title": "Another"},
        {"y_title": "Other"},
        {"series": "{input: servers, values: [2, 4], labels: [A, B]}"},
    ):
        assert drawn != chart_svg(
            spec(SWEEP, **changes), chart_rows(spec(SWEEP, **changes)), "05-caching/a", "A description"
        )


def test_the_drawing_shows_titles_units_and_names_of_lines() -> None:
    chart = spec(marks='[{y: 0.5, label: "the limit"}]')
    root = ElementTree.fromstring(chart_svg(chart, chart_rows(chart), "05-caching/a"))
    texts = {text.text for text in root.iter(tag("text"))}
    assert {"Load (1/s)", "Mean wait (s)", "Servers 2", "Servers 4", "the limit"} <= texts
    assert root.get("font-family") == theme.FACE
    assert not any("font-family" in text.attrib for text in root.iter(tag("text")))
    strokes = {path.get("stroke-dasharray") for path in root.iter(tag("path")) if path.get("stroke") in theme.SERIES}
    assert len(strokes) == 2


def test_names_of_lines_never_overlap() -> None:
    chart = spec(series="{input: order, values: [fifo, lifo]}")  # both lines are the same
    root = ElementTree.fromstring(chart_svg(chart, chart_rows(chart), "05-caching/a"))
    places = [text.get("transform", "") for text in root.iter(tag("text")) if text.text in ("fifo", "lifo")]
    heights = [float(place.split(",")[1].rstrip(")")) for place in places]
    assert abs(heights[0] - heights[1]) >= 14


@pytest.mark.parametrize("unit", ["", "s", "share", "B", "1/s"])
def test_axis_labels_are_expressions_of_the_value_alone(unit: str) -> None:
    assert "datum.value" in label_expression(unit)


NUMBERS = st.floats(min_value=1e-9, max_value=1e12, allow_nan=False)


@given(st.lists(NUMBERS, min_size=1, max_size=8), st.booleans(), st.booleans())
def test_an_axis_holds_every_value_and_has_few_round_ticks(values: list[float], is_log: bool, tight: bool) -> None:
    axis = axis_over(values, is_log, 300, tight=tight)
    assert axis.low < axis.high
    assert all(axis.low * (1 - 1e-4) <= value <= axis.high * (1 + 1e-4) for value in values)
    assert all(-1e-6 <= axis.share(tick) <= 1 + 1e-6 for tick in axis.ticks)
    assert list(axis.ticks) == sorted(set(axis.ticks))
    assert len(axis.ticks) <= 14
    assert tight or len(axis.ticks) >= 2


@given(st.lists(st.floats(min_value=0, max_value=280), min_size=1, max_size=6))
def test_spread_places_keep_their_order_and_distance(wanted: list[float]) -> None:
    places = spread(wanted, 17, 280)
    order = sorted(range(len(wanted)), key=lambda at: (wanted[at], at))
    gaps = [places[b] - places[a] for a, b in itertools.pairwise(order)]
    assert all(gap >= 16.8 for gap in gaps)
    assert all(-0.1 <= place <= 280.1 for place in places)
    if all(b - a >= 17 for a, b in itertools.pairwise(sorted(wanted))):
        assert all(math.isclose(place, want, abs_tol=0.06) for place, want in zip(places, wanted, strict=True))


def test_rounding_keeps_four_digits() -> None:
    assert [rounded(value) for value in (123456, 0.00123456, 0.1 + 0.2, 0)] == [123500, 0.001235, 0.3, 0]


def test_the_fixture_is_in_use() -> None:
    anything: Any = registry.models()
    assert list(anything) == ["queue.wait"]
