"""The workload vocabulary as a JSON Schema and as plain values for its page."""

from __future__ import annotations

from typing import Any

from sysdesign.decide.field import Field, Number, Word
from sysdesign.decide.vocabulary import FIELDS, GROUPS
from sysdesign.decide.workload import TITLES

SCHEMA_ID = "sysdesign-workload"


def workload_schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) that a workload file fulfils.

    It is a little wider than the reader: a text with a unit is checked for its form, not its unit.
    """
    groups = {group: _group_schema(group, meaning) for group, meaning in GROUPS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Workload",
        "description": "What is known of a system, as sysdesign decide reads it",
        "type": "object",
        "additionalProperties": False,
        "properties": {**{title: {"type": "string"} for title in TITLES}, **groups},
    }


def _group_schema(group: str, meaning: str) -> dict[str, Any]:
    fields = {
        name.partition(".")[2]: _field_schema(field) for name, field in FIELDS.items() if name.startswith(f"{group}.")
    }
    return {"type": "object", "description": meaning, "additionalProperties": False, "properties": fields}


def _field_schema(field: Field) -> dict[str, Any]:
    if isinstance(field, Word):
        meanings = "; ".join(f"{word}: {meaning}" for word, (_, meaning) in field.words.items())
        return {"enum": [*field.words, "unknown"], "description": f"{field.meaning} ({meanings})"}
    number = {"type": "integer" if field.whole else "number", "minimum": field.low, "maximum": field.high}
    text = {"type": "string", "pattern": r"^(unknown|[-+]?[0-9.].*)$"}
    interval = {
        "type": "object",
        "additionalProperties": False,
        "required": ["low", "high"],
        "properties": {"low": {"anyOf": [number, text]}, "high": {"anyOf": [number, text]}},
    }
    return {"anyOf": [number, text, interval], "description": f"{field.meaning} ({field.unit})"}


def vocabulary_entries() -> list[dict[str, Any]]:
    """Every field as plain values, for the page that documents the vocabulary."""
    return [field_entry(field) for field in FIELDS.values()]


def field_entry(field: Field) -> dict[str, Any]:
    """One field as plain values: name, kind, meaning, unit and bounds or words, and what unknown means."""
    group, _, short = field.name.partition(".")
    names = {"name": field.name, "group": group, "field": short}
    entry: dict[str, Any] = {**names, "label": field.label, "meaning": field.meaning}
    if isinstance(field, Number):
        return (
            entry
            | _takes(field)
            | {
                "kind": "whole" if field.whole else "number",
                "unit": field.unit,
                "low": field.low,
                "high": field.high,
                "unknown": {"low": field.likely_low, "central": field.central, "high": field.likely_high},
                "scale": field.scale,
                "usual": " to ".join(dict.fromkeys((field.text(field.prior[0]), field.text(field.prior[2])))),
            }
        )
    total = sum(weight for weight, _ in field.words.values())
    return (
        entry
        | _takes(field)
        | {
            "kind": "word",
            "words": {word: meaning for word, (_, meaning) in field.words.items()},
            "unknown": {
                "central": field.central,
                "weights": {word: round(weight / total, 3) for word, (weight, _) in field.words.items()},
            },
        }
    )


def _takes(field: Field) -> dict[str, str]:
    """What a field accepts, and an example of it, for people."""
    if isinstance(field, Word):
        words = "; ".join(f"{word}: {meaning}" for word, (_, meaning) in field.words.items())
        return {"takes": words, "example": field.central}
    low, high = map(field.text, field.bounds)
    return {"takes": f"{low} to {high}", "example": field.text(field.prior[1])}
