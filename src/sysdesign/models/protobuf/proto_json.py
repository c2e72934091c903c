"""The same message as ProtoJSON, without spaces: names in camel case, 64-bit integers as texts, bytes as base64."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np

from sysdesign.models.protobuf.fields import Enum, Field, Message

QUOTED = ("int64", "uint64", "sint64", "fixed64", "sfixed64")


def of_message(message: Message) -> str:
    return "{" + ",".join(member for field in message if (member := of_field(field))) + "}"


def of_field(field: Field) -> str:
    """A name and its value; nothing for an empty list or map."""
    if field.type == "map" or field.label == "repeated":
        return f"{_text(camel(field.name))}:{_several(field)}" if field.value else ""
    return f"{_text(camel(field.name))}:{_value(field.type, field.value)}"


def _several(field: Field) -> str:
    if field.type == "map":
        pairs = (f"{_key(key)}:{_value(field.value_type, value)}" for key, value in field.value)
        return "{" + ",".join(pairs) + "}"
    return "[" + ",".join(_value(field.type, each) for each in field.value) + "]"


def camel(name: str) -> str:
    """An underscore goes, and the letter behind it becomes a capital."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def _key(key: Any) -> str:
    return _text(str(key).lower() if isinstance(key, bool) else str(key))


def _value(kind: str, value: Any) -> str:
    match kind:
        case "message":
            return of_message(value)
        case "string":
            return _text(value)
        case "bytes":
            return _text(base64.b64encode(value).decode())
        case "bool":
            return "true" if value else "false"
        case "enum":
            return _text(value.name) if isinstance(value, Enum) and value.name else str(value.number)
        case "float" | "double":
            return _number(float(np.float32(value)) if kind == "float" else value, narrow=kind == "float")
    return f'"{value}"' if kind in QUOTED else str(value)


def _number(value: float, *, narrow: bool) -> str:
    """The shortest digits that give the same number again."""
    if not math.isfinite(value):
        return _text("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")
    shortest = str(np.float32(value)) if narrow else repr(value)
    return shortest.removesuffix(".0")


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
