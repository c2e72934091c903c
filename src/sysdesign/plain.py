"""Frozen results as plain values and as JSON."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any


def as_plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    match value:
        case tuple() | list():
            return [as_plain(item) for item in value]
        case dict():
            return {str(key): as_plain(item) for key, item in value.items()}
        case Path():
            return str(value)
        case _ if _is_of("numpy", "ndarray", value) or _is_of("numpy", "generic", value):
            return value.tolist()
        case _ if _is_of("pydantic", "BaseModel", value):
            return as_plain(value.model_dump(by_alias=True))
        case _ if callable(getattr(value, "as_json", None)):
            return as_plain(value.as_json())
        case _ if is_dataclass(value) and type(value).__str__ is not object.__str__:
            return str(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value


def _is_of(package: str, kind: str, value: Any) -> bool:
    """Whether `value` is of a kind that a package defines. While nothing has loaded the package, nothing is."""
    module = sys.modules.get(package)
    return module is not None and isinstance(value, getattr(module, kind))


# What a terminal obeys or hides instead of showing: control characters, marks that turn the direction of text,
# invisible letters, lone surrogates, and separators of lines that editors do not show.
_HIDDEN = (
    (0x80, 0x9F), (0x61C, 0x61C), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x2069), (0xFEFF, 0xFEFF),
    (0xD800, 0xDFFF), (0xE0000, 0xE007F),
)  # fmt: skip
_SHOWN = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: "\u2421",
    **{code: f"<U+{code:04X}>" for low, high in _HIDDEN for code in range(low, high + 1)},
}


def visible(text: str) -> str:
    """A text as it may be printed to a terminal: what would control it is shown instead. Lines and tabs stay."""
    return text.translate(_SHOWN)


_ESCAPED = {
    code: f"\\u{code:04x}" if code < 0x10000 else json.dumps(chr(code))[1:-1] for code in _SHOWN if code >= 0x7F
}


def escaped(text: str) -> str:
    """JSON in which nothing controls a terminal: such characters stand in its texts alone, where escapes may."""
    return text.translate(_ESCAPED)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A frozen result as JSON; what JSON has no number for (no limit, no answer) is null."""
    return json.dumps(_finite(as_plain(value)), ensure_ascii=False, allow_nan=False, indent=indent, default=str)


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [_finite(item) for item in value]
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case _:
            return value
