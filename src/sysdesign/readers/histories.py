"""Reads recorded histories: JSON lines, or the log of a test as Jepsen prints it.

JSON lines, one event a line: `{"process": 0, "type": "invoke", "f": "write", "key": "x", "value": 1}`
and later `{"process": 0, "type": "ok", "f": "write", "key": "x", "value": 1}`. Types: `invoke`; `ok`, it
happened; `fail`, it did not (for `cas`: it found another value); `info`, nobody knows. Operations:
`read`, `write`, `cas` (value `[from, to]`), `enqueue`, `dequeue`. `key` and `time` may be left out.

Events are in order of `time` where every line has one, of lines otherwise. An operation without an
end may have happened; a read that failed or timed out says nothing. Lines of the process `nemesis`
are passed over.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from sysdesign.errors import BadContent
from sysdesign.models.consistency.history import KINDS, History, Operation

TYPES = ("invoke", "ok", "fail", "info")
FIELDS = {"process", "type", "f", "key", "value", "time", "index", "error"}
LARGEST_FILE_BYTES = 256 * 1024 * 1024
NEMESIS = re.compile(r'^INFO\s+jepsen\.util\s+-\s+:nemesis\b|"process"\s*:\s*"nemesis"')
LOG_LINE = re.compile(
    r"INFO\s+jepsen\.util\s+-\s+(?P<process>\d{1,18})\s+:(?P<type>\w+)\s+:(?P<f>\w+)\s+"
    r"(?:(?P<word>:[\w-]+)|(?P<nil>nil)|(?P<number>-?\d{1,18})|\[(?P<pair>-?\d{1,18}\s+-?\d{1,18})\])\s*"
)


@dataclass(frozen=True)
class Event:
    """One line of a history."""

    line: int
    process: Hashable
    type: str
    f: str
    key: Hashable
    value: Any
    time: float | None = None


def read_history(path: Path) -> History:
    """The operations in a file. Raises BadContent with the line of the first one that cannot be read."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise BadContent(str(path), 1, "the file is over 256 MiB", "Record a shorter run.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadContent(str(path), 1, f"cannot be read: {error.strerror}", "Give a file of JSON lines.") from None
    except UnicodeDecodeError:
        raise BadContent(str(path), 1, "is not UTF-8 text", "Give a file of JSON lines.") from None
    return parse(text, str(path))


def parse(text: str, name: str = "history") -> History:
    """The operations in a text, in either format. Raises BadContent."""
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    events = [_event(name, number, line) for number, line in lines if line and not NEMESIS.search(line)]
    if all(event.time is not None for event in events):
        events.sort(key=lambda event: event.time or 0.0)
    return History(_paired(list(enumerate(events, 1)), name))


def _event(name: str, number: int, line: str) -> Event:
    return _log_event(name, number, line) if line.startswith("INFO") else _json_event(name, number, line)


def _fail(name: str, line: int, found: str, fix: str) -> NoReturn:
    raise BadContent(name, line, found, fix)


def _log_event(name: str, number: int, line: str) -> Event:
    match = LOG_LINE.fullmatch(line)
    if match is None:
        _fail(name, number, f"not a line of a history: {line[:80]!r}", "Write INFO  jepsen.util - 0 :invoke :read nil")
    _known(name, number, match["type"], match["f"])
    value: Any = match["word"]
    if match["number"]:
        value = int(match["number"])
    elif match["pair"]:
        value = tuple(int(each) for each in match["pair"].split())
    return Event(number, int(match["process"]), match["type"], match["f"], None, value)


def _json_event(name: str, number: int, line: str) -> Event:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError too
        _fail(name, number, f"not JSON: {error}", 'Write {"process": 0, "type": "invoke", "f": "read", "key": "x"}')
    if not isinstance(found, dict):
        _fail(name, number, f"{line[:40]!r} is not an event", "Write one JSON object a line.")
    for field in ("process", "type", "f"):
        if field not in found:
            _fail(name, number, f"no {field!r}", "An event has process, type and f; key, value and time as needed.")
    unknown = sorted(set(found) - FIELDS)
    if unknown:
        _fail(name, number, f"unknown field {unknown[0]!r}", f"The fields are {', '.join(sorted(FIELDS))}.")
    _known(name, number, found["type"], found["f"])
    process, key = _hashable(found["process"]), _hashable(found.get("key"))
    time = found.get("time")
    if time is not None and (isinstance(time, bool) or not isinstance(time, (int, float)) or not math.isfinite(time)):
        _fail(name, number, f"time {time!r}", "Give a number, or leave it out.")
    return Event(number, process, found["type"], found["f"], key, _hashable(found.get("value")), time)


def _known(name: str, number: int, kind: Any, f: Any) -> None:
    if kind not in TYPES:
        _fail(name, number, f"type {kind!r}", f"It is one of {', '.join(TYPES)}.")
    if f not in KINDS:
        _fail(name, number, f"operation {f!r}", f"It is one of {', '.join(KINDS)}.")


def _hashable(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_hashable(each) for each in value)
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value


def _paired(events: Iterable[tuple[int, Event]], name: str) -> Iterator[Operation]:
    """Calls with their answers; an operation's times are the places of its events in the record."""
    pending: dict[Hashable, Operation] = {}
    for place, event in events:
        if event.type == "invoke":
            if event.process in pending:
                asked = pending[event.process].line
                _fail(
                    name, event.line, f"process {event.process} asks again; it still waits for line {asked}",
                    "End that operation first: ok, fail or info.",
                )  # fmt: skip
            pending[event.process] = _asked(event, place, name)
            continue
        if event.process not in pending:
            _fail(
                name, event.line, f"process {event.process} has an answer to nothing it asked",
                "Put an invoke with the same process before it.",
            )  # fmt: skip
        ended = _ended(pending.pop(event.process), event, place, name)
        if ended is not None:
            yield ended
    yield from pending.values()


def _asked(event: Event, place: int, name: str) -> Operation:
    if event.f == "cas" and not (isinstance(event.value, tuple) and len(event.value) == 2):
        _fail(name, event.line, f"cas with value {event.value!r}", "Give what it compares and what it sets: [1, 2].")
    if event.f in ("write", "enqueue") and event.value is None:
        _fail(name, event.line, f"{event.f} without a value", "Give the value; null is what an absent key reads as.")
    value = None if event.f in ("read", "dequeue") else event.value
    return Operation(event.process, event.f, event.key, value, place, math.inf, True, event.line)  # type: ignore[arg-type]


def _ended(asked: Operation, event: Event, place: int, name: str) -> Operation | None:
    """The finished operation, or None for one that did not happen or says nothing."""
    if event.f != asked.kind:
        _fail(name, event.line, f"a {event.f} ends the {asked.kind} of line {asked.line}", "Let f be the same in both.")
    if event.key is not None and event.key != asked.key:
        _fail(name, event.line, f"key {event.key!r} ends line {asked.line}", f"Let the key be {asked.key!r} in both.")
    if event.type == "info":
        return None if asked.kind == "read" else asked
    if event.type == "fail":
        return replace(asked, returned=place, succeeded=False) if asked.kind == "cas" else None
    value = event.value if asked.kind in ("read", "dequeue") else asked.value
    return replace(asked, returned=place, value=value)
