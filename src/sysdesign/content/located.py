"""YAML as plain values that remember their lines.

Plain loaders let the last duplicate key win and forget where a value stood.
Here a duplicate key, a file that is not UTF-8, or a document that is not YAML
is a BadContent with file, line and what would work.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ValidationError
from yaml import CSafeLoader, MappingNode, MarkedYAMLError, Node, ScalarNode, SequenceNode, YAMLError, compose

from sysdesign.errors import BadContent, nearest

T = TypeVar("T", bound=BaseModel)
KeyPath = tuple[str | int, ...]
LIMIT_BYTES = 4_000_000  # far above any record file; bounds what a stray file can cost
LIMIT_DEPTH = 40
LIMIT_VALUES = 300_000  # aliases of aliases grow without bound


class _Loader(CSafeLoader):
    """libyaml's parser, twenty times faster than one in Python; plain words are read by YAML 1.2's rules below."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


# YAML 1.2's core schema, with a date: "yes", "on" and "12:30" stay text.
_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"|~|null|Null|NULL"), lambda text: None),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (re.compile(r"[-+]?[0-9][0-9_]*"), lambda text: int(text.replace("_", ""))),
    (re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+"), lambda text: int(text, 0)),
    (
        re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"),
        lambda text: float(text.replace("_", "")),
    ),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), dt.date.fromisoformat),
)


@dataclass(frozen=True)
class Located:
    """A parsed file: its value, and the line of every value by its path of keys."""

    path: str
    value: Any
    lines: dict[KeyPath, int]

    def line(self, keys: KeyPath = ()) -> int:
        """Line of the value at `keys`, or of the nearest enclosing one."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)


def read_text(path: Path, shown: str) -> str:
    """The text of a UTF-8 file; `shown` is its name in errors."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadContent(shown, 1, f"cannot be read ({error.strerror})", "Check that the file is there") from None
    if len(data) > LIMIT_BYTES:
        raise BadContent(shown, 1, f"is {len(data):,} bytes long", f"Keep a file under {LIMIT_BYTES:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadContent(
            shown, line, f"byte 0x{data[error.start]:02x} is not UTF-8", "Save the file as UTF-8"
        ) from None


def parse(text: str, shown: str) -> Located:
    """Parse one YAML document. Raises BadContent."""
    try:
        node = compose(text, Loader=_Loader)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadContent(
            shown, (mark.line + 1) if mark else 1, f"is not YAML: {error.problem}", "Mend the syntax"
        ) from None
    except (YAMLError, RecursionError, ValueError) as error:
        raise BadContent(shown, 1, f"is not YAML: {error}".splitlines()[0], "Mend the syntax") from None
    lines: dict[KeyPath, int] = {}
    value = None if node is None else _value(node, (), lines, shown)
    return Located(shown, value, lines)


def read(path: Path, shown: str) -> Located:
    """Read and parse one YAML file. Raises BadContent."""
    return parse(read_text(path, shown), shown)


def _value(node: Node, keys: KeyPath, lines: dict[KeyPath, int], shown: str) -> Any:
    line = node.start_mark.line + 1
    lines[keys] = line
    if len(lines) > LIMIT_VALUES:
        raise BadContent(shown, line, f"holds more than {LIMIT_VALUES:,} values", "Split it, or write aliases out")
    if len(keys) > LIMIT_DEPTH:
        raise BadContent(
            shown, line, f"is nested more than {LIMIT_DEPTH} deep", "Flatten it; an alias may not hold itself"
        )
    if isinstance(node, MappingNode):
        return _mapping(node, keys, lines, shown)
    if isinstance(node, SequenceNode):
        return [_value(item, (*keys, at), lines, shown) for at, item in enumerate(node.value)]
    assert isinstance(node, ScalarNode)
    return _scalar(node, shown, line)


def _mapping(node: MappingNode, keys: KeyPath, lines: dict[KeyPath, int], shown: str) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise BadContent(shown, line, "a key is not a word", "Use plain words as keys")
        key = key_node.value
        if key == "<<":
            raise BadContent(shown, line, "a merge key (<<)", "Write the fields out")
        if key in found:
            raise BadContent(shown, line, f"the key {key!r} stands twice", "Keep one of the two")
        found[key] = _value(value_node, (*keys, key), lines, shown)
        lines[(*keys, key)] = line
    return found


def _scalar(node: ScalarNode, shown: str, line: int) -> Any:
    if not node.tag.endswith(":str"):
        raise BadContent(shown, line, f"the tag {node.tag}", "Use plain values: text, numbers, lists, mappings")
    if node.style:  # quoted, or a block of text
        return node.value
    for pattern, read_as in _PLAIN:
        if pattern.fullmatch(node.value):
            try:
                return read_as(node.value)
            except ValueError:
                return node.value  # 2026-13-01: the record that takes it says what it expects
    return node.value


def record(kind: type[T], located: Located, keys: KeyPath, extra: dict[str, Any]) -> T:
    """The value at `keys` as a record of that kind. Raises BadContent at the field's own line."""
    value: Any = located.value
    for key in keys:
        value = value[key]
    if not isinstance(value, dict):
        raise BadContent(
            located.path, located.line(keys), f"{value!r} stands where a {kind.__name__.lower()} is expected",
            f"Give it the fields {', '.join(field_names(kind))}",
        )  # fmt: skip
    try:
        return kind.model_validate({**value, **extra})
    except ValidationError as error:
        raise _bad_field(kind, located, keys, error) from None


def field_names(kind: type[BaseModel]) -> list[str]:
    """The names that a record's fields bear in a file."""
    return [field.alias or name for name, field in kind.model_fields.items() if name not in ("id", "place")]


def _bad_field(kind: type[BaseModel], located: Located, keys: KeyPath, error: ValidationError) -> BadContent:
    faults = error.errors()  # a misspelled field is two faults: the unknown name tells more than the missing one
    first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    where: KeyPath = (*keys, *first["loc"])
    name = ".".join(str(part) for part in first["loc"])
    line = located.line(where)
    if first["type"] == "extra_forbidden":
        names = field_names(kind)
        return BadContent(
            located.path, line, f"unknown field {name!r}", nearest(str(first["loc"][-1]), names, "fields")
        )
    if first["type"] == "missing":
        return BadContent(located.path, line, f"the field {name!r} is missing", "Add it")
    return BadContent(located.path, line, f"{name} is {first['input']!r}", first["msg"])
