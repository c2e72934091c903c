"""The words of a chart, as its model declares them: names of lines, titles of axes, headings of its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sysdesign.draw.chart_spec import ChartSpec
from sysdesign.models.declaration import inputs_of, outputs_of, result_type_of
from sysdesign.models.registry import model

_JOINING = ("of", "at", "in", "by", "with", "for", "on", "to", "per", "a", "the", "under", "without")


def line_names(spec: ChartSpec, rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The names of the lines that these rows make, in the order in which they are drawn."""
    return tuple(dict.fromkeys(row["series"] for row in rows)) if spec.group else series_labels(spec)


def series_labels(spec: ChartSpec) -> tuple[str, ...]:
    """The names of the lines, in the order in which they are drawn; those of a group are in its rows."""
    chosen = model(spec.model)
    if spec.labels:
        return spec.labels
    if spec.series is None:
        outputs = outputs_of(result_type_of(chosen.function))
        return _without_common_words([outputs[field].label for field in spec.fields])[1]
    if spec.series.labels:
        return spec.series.labels
    declared = inputs_of(chosen.function)[spec.series.input].input
    if all(isinstance(value, str) for value in spec.series.values):
        return tuple(str(value).replace("_", " ") for value in spec.series.values)
    return tuple(f"{declared.label} {_text(value)}{_unit(declared.unit)}" for value in spec.series.values)


def axis(spec: ChartSpec, which: str) -> tuple[str, str]:
    """Title and unit of the x or y axis."""
    chosen = model(spec.model)
    outputs = outputs_of(result_type_of(chosen.function))
    if which == "x":
        declared = outputs[spec.x] if spec.sweep is None else inputs_of(chosen.function)[spec.x].input
        return spec.x_title or declared.label, declared.unit
    shared, _ = _without_common_words([outputs[field].label for field in spec.fields])
    return spec.y_title or shared, outputs[spec.fields[0]].unit


def _without_common_words(labels: list[str]) -> tuple[str, tuple[str, ...]]:
    """The words that all labels begin with, and what is left of each: one axis title, short names of lines."""
    if len(labels) == 1:
        return labels[0], tuple(labels)
    words = [label.split() for label in labels]
    most = min(map(len, words)) - 1
    same = next((at for at in range(most) if len({word[at] for word in words}) > 1), max(most, 0))
    title = words[0][:same]
    while title and title[-1] in _JOINING:
        title.pop()
    rest = [" ".join(word[same:]) for word in words]
    return " ".join(title), tuple(text[:1].upper() + text[1:] for text in rest)


def field_titles(spec: ChartSpec, fields: Iterable[str]) -> tuple[str, ...]:
    """The headings of result fields, with units."""
    outputs = outputs_of(result_type_of(model(spec.model).function))
    return tuple(with_unit(outputs[field].label, outputs[field].unit) for field in fields)


def with_unit(label: str, unit: str) -> str:
    """A heading: the label with its unit, where there is one to say."""
    return f"{label} ({unit})" if unit not in ("", "share") else label


def _unit(unit: str) -> str:
    return f" {unit}" if unit not in ("", "share") else ""


def _text(value: Any) -> str:
    return f"{value:,g}" if isinstance(value, (int, float)) else ", ".join(map(str, value))
