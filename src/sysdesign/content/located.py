"""YAML as plain values that remember their lines.

Plain loaders let the last duplicate key win and forget where a value stood.
Here a duplicate key, a file that is not UTF-8, or a document that is not YAML
is a BadContent with file, line and what would work.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from yaml import CSafeLoader, MappingNode, MarkedYAMLError, Node, ScalarNode, SequenceNode, YAMLError, compose

from sysdesign.errors import BadContent, nearest

T = TypeVar("T", bound=BaseModel)
KeyPath = tuple[str | int, ...]
LIMIT_BYTES = 4_000_000  # far above any record file; bounds what a stray file can cost
LIMIT_DEPTH = 40
LIMIT_INTEGER = 2**64  # models count in 64 bits; a longer one cannot even be printed at once
LIMIT_SHOWN = 80  # characters of a value in a message
LIMIT_VALUES = 50_000  # ten times our longest file; many more are freed at once for longer than a page may wait


class _Loader(CSafeLoader):
    """libyaml's parser, twenty times faster than one in Python; plain words are read by YAML 1.2's rules below."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}
    _depth = 0
    _nodes = 0

    def descend_resolver(self, current_node: Node | None, current_index: Any) -> None:
        """Called before each node: the parser itself descends until the stack of the process ends."""
        self._depth += 1
        self._nodes += 1
        if current_node is not None and self._depth > LIMIT_DEPTH + 1:
            raise _TooDeep(problem_mark=current_node.start_mark)
        if current_node is not None and self._nodes > 2 * LIMIT_VALUES:  # a key is a node too
            raise _TooMany(problem_mark=current_node.start_mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1


class _TooDeep(MarkedYAMLError):
    """Nested beyond reason."""


class _TooMany(MarkedYAMLError):
    """More values than a file may hold."""


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
    records: dict[tuple[type, str], Any] = field(default_factory=dict, compare=False, repr=False)  # made of it so far

    def line(self, keys: KeyPath = ()) -> int:
        """Line of the value at `keys`, or of the nearest enclosing one."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)


class Stamp(NamedTuple):
    """What any later write to a settled file changes."""

    device: int
    node: int
    size: int
    modified_ns: int
    changed_ns: int


class _Texts:
    """Texts of files by name, the oldest forgotten where they grow too many."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[Stamp, str]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, name: str, stamp: Stamp) -> str | None:
        found = self._texts.get(name)
        return found[1] if found is not None and found[0] == stamp else None

    def put(self, name: str, stamp: Stamp, text: str) -> None:
        with self._lock:
            self._drop(name)
            self._texts[name] = stamp, text
            self._bytes += stamp.size
            while self._bytes > MOST_KEPT:
                self._drop(next(iter(self._texts)))

    def _drop(self, name: str) -> None:
        if name in self._texts:
            self._bytes -= self._texts.pop(name)[0].size


MOST_KEPT = 64_000_000  # bytes of files
SETTLED_NS = 2_000_000_000  # a file that changed so lately may change again within one tick of the system's clock

_kept = _Texts()


def read_text(path: Path, shown: str, limit: int = LIMIT_BYTES) -> str:
    """The text of a UTF-8 file; `shown` is its name in errors.

    A file that the system says has not been written to since is not read again.
    """
    stamp, name = _stamp(path), os.fspath(path)
    if stamp is None or stamp.size > limit:
        return _decoded(read_bytes(path, shown, limit), shown)
    text = _kept.get(name, stamp)
    if text is None:
        text = _decoded(read_bytes(path, shown, limit), shown)
        _kept.put(name, stamp, text)
    return text


def _stamp(path: Path) -> Stamp | None:
    """Of a regular file, unless it changed so lately that another write might leave no trace."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    settled = stat.S_ISREG(found.st_mode) and 0 < found.st_ctime_ns < time.time_ns() - SETTLED_NS
    if not settled:
        return None
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _decoded(data: bytes, shown: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadContent(
            shown, line, f"byte 0x{data[error.start]:02x} is not UTF-8", "Save the file as UTF-8"
        ) from None


def read_bytes(path: Path, shown: str, limit: int = LIMIT_BYTES) -> bytes:
    """The content of a regular file. A pipe, which would wait for ever, or a device is a BadContent."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _no_file(shown)
            data = file.read(limit + 1)
            size = os.fstat(handle).st_size
    except (OSError, ValueError) as error:
        if isinstance(error, BadContent):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise BadContent(shown, 1, f"cannot be read ({reason})", "Check that the file is there") from None
    if len(data) > limit:
        raise BadContent(shown, 1, f"is {size:,} bytes long", f"Keep a file under {limit:,} bytes")
    return data


def is_there(path: Path, shown: str) -> bool:
    """Whether there is a file to read. What stands in its place without being one is a BadContent."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadContent(
            shown[:LIMIT_SHOWN], 1, f"cannot be looked up ({reason})", "Give it a plain, short name"
        ) from None
    if not stat.S_ISREG(mode):
        raise _no_file(shown)
    return True


def listed(folder: Path, pattern: str, root: Path) -> list[Path]:
    """Files of a folder in order. A name that is not UTF-8, or stands for no file, is a BadContent."""
    return [path for path in sorted(folder.glob(pattern), key=lambda path: path.parts) if _is_file(path, root)]


def _is_file(path: Path, root: Path) -> bool:
    if not str(path).isascii():
        name = _shown(path, root)
        if name != name.encode(errors="replace").decode():
            odd = name.encode(errors="backslashreplace").decode()
            raise BadContent(odd, 1, "has a name that is not UTF-8", "Rename the file")
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return is_there(path, _shown(path, root))
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise _no_file(_shown(path, root))
    return stat.S_ISREG(mode)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root.parent).as_posix()


def _no_file(shown: str) -> BadContent:
    return BadContent(shown, 1, "is no regular file", "Put a file there: not a folder, a pipe or a device")


def parse(text: str, shown: str) -> Located:
    """Parse one YAML document. Raises BadContent."""
    try:
        node = compose(text, Loader=_Loader)
    except _TooDeep as error:
        raise _too_deep(shown, error.problem_mark.line + 1 if error.problem_mark else 1) from None
    except _TooMany as error:
        raise _too_many(shown, error.problem_mark.line + 1 if error.problem_mark else 1) from None
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


MOST_REMEMBERED = 400  # files
_remembered: dict[str, tuple[str, Located]] = {}


def read(path: Path, shown: str) -> Located:
    """Read and parse one YAML file, or give what it held where its text is the same. Raises BadContent.

    An edit of one file of many does not cost the parsing of all. Of each file the last text is remembered.
    """
    text = read_text(path, shown)
    before = _remembered.get(shown)
    if before is not None and before[0] == text:
        return before[1]
    found = parse(text, shown)
    while len(_remembered) >= MOST_REMEMBERED:
        _remembered.pop(next(iter(_remembered), ""), None)
    _remembered[shown] = text, found
    return found


def _too_deep(shown: str, line: int) -> BadContent:
    return BadContent(
        shown, line, f"is nested more than {LIMIT_DEPTH} deep", "Flatten it; an alias may not hold itself"
    )


def _too_many(shown: str, line: int) -> BadContent:
    return BadContent(shown, line, f"holds more than {LIMIT_VALUES:,} values", "Split it, or write aliases out")


def _value(node: Node, keys: KeyPath, lines: dict[KeyPath, int], shown: str) -> Any:
    line = node.start_mark.line + 1
    lines[keys] = line
    if len(lines) > LIMIT_VALUES:
        raise _too_many(shown, line)
    if len(keys) > LIMIT_DEPTH:
        raise _too_deep(shown, line)
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
            raise BadContent(shown, line, f"the key {cut(key)} stands twice", "Keep one of the two")
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
            return _plain(read_as, node.value, shown, line)
    return node.value


def _plain(read_as: Callable[[str], Any], text: str, shown: str, line: int) -> Any:
    try:
        value = read_as(text)
    except ValueError:
        value = text  # 2026-13-01: the record that takes it says what it expects
    if (isinstance(value, int) and abs(value) >= LIMIT_INTEGER) or (read_as is _PLAIN[2][1] and value is text):
        raise BadContent(
            shown, line, f"an integer of {len(text):,} characters", "Write it with an exponent, as in 1e30"
        )
    return value


def cut(value: Any) -> str:
    """A value as a message shows it: its beginning, where it is long."""
    text = repr(value)
    return text if len(text) <= LIMIT_SHOWN else f"{text[:LIMIT_SHOWN]}..."


def record(kind: type[T], located: Located, keys: KeyPath, extra: dict[str, Any]) -> T:
    """The value at `keys` as a record of that kind. Raises BadContent at the field's own line."""
    value: Any = located.value
    for key in keys:
        value = value[key]
    if not isinstance(value, dict):
        raise BadContent(
            located.path, located.line(keys), f"{cut(value)} stands where a {kind.__name__.lower()} is expected",
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
            located.path, line, f"unknown field {cut(name)}", nearest(str(first["loc"][-1]), names, "fields")
        )
    if first["type"] == "missing":
        return BadContent(located.path, line, f"the field {name!r} is missing", "Add it")
    return BadContent(located.path, line, f"{name} is {cut(first['input'])}", first["msg"])
