"""Events of a recorded history in whatever form a tool writes them: who, what, and how it ended.

- JSON: one event a line, or an array of events, however it is broken into lines.
- EDN: maps one after the other, or a vector or list of them (Jepsen's history.edn, Porcupine's key-value logs).
- Columns: process, type, operation, value and error, as in Jepsen's history.txt.
- Log lines that hold such columns, as Jepsen prints them (`INFO  jepsen.util - 0 :invoke :read nil`, or with
  date, level and thread before). Lines of other loggers are passed over.

Events give process, type, f, key and value, or an operation with its `call` and `return` times. Other fields are
passed over.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from sysdesign.errors import BadFile
from sysdesign.readers import edn

Lines = Iterable[tuple[int, str]]
TYPES = ("invoke", "ok", "fail", "info")
TYPE_NAMES = {each: each for each in TYPES} | {"call": "invoke", "return": "ok"}
KIND_NAMES = {
    "read": "read", "get": "read", "r": "read",
    "write": "write", "put": "write", "set": "write", "w": "write",
    "cas": "cas", "compare-and-set": "cas", "compare_and_set": "cas",
    "enqueue": "enqueue", "enq": "enqueue", "dequeue": "dequeue", "deq": "dequeue",
    "acquire": "acquire", "lock": "acquire", "release": "release", "unlock": "release",
    "append": "append", "txn": "txn", "transaction": "txn",
}  # fmt: skip
KINDS = ("read", "write", "cas", "append", "enqueue", "dequeue", "acquire", "release", "txn")
HEAD_LINES = 50
MOST_EVENTS = 4_000_000
LONGEST_BROKEN_EVENT = 500  # lines
FOUND_OTHER = re.compile(
    r"mismatch|precondition|compar|differ|(?:not|n't|un)[\s_-]*(?:be\s*)?(?:equal|match|expected)|(?:another|other|wrong)[\s_-]*value"
    r"|value[\s_-]*changed|^:?(?:key[\s_-]*)?not[\s_-]*found$",
    re.IGNORECASE,
)  # why a compare-and-set failed
FOUND_EMPTY = re.compile(r"empty|exhausted", re.IGNORECASE)  # why a dequeue did
COLUMNS = re.compile(
    r"\s*(?P<process>\d{1,18}|:?nemesis|:[\w-]+)\s+:(?P<type>\w+)\s+:(?P<f>[\w-]+)(?P<rest>\s.*)?$", re.DOTALL
)
LOGGED = re.compile(r"\bjepsen\.(?:util|print|core|generator)[\w.]*\s*(?:-|:)\s+")
DATED = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:|(?:INFO|WARN|DEBUG|ERROR)\s")
FIRST_OF_EDN = re.compile(r"\s*(?:;|#[\w.]|#_|[\[(]*\s*\{\s*:|[\[(]*\s*#[\w.])")
FIRST_OF_JSON = re.compile(r'\s*(?:\[\s*\]|[\[]*\s*\{\s*"|[\[]*\s*\{\s*\})')
FIXES = {
    "json": 'Write {"process": 0, "type": "invoke", "f": "read", "key": "x"}',
    "edn": "Write {:process 0, :type :invoke, :f :read, :value nil}",
    "columns": "Write 0 :invoke :read nil, with tabs or spaces between",
    "log": "Write INFO  jepsen.util - 0 :invoke :read nil",
}


class Event(NamedTuple):
    """One event; `type` is one of TYPES and `f` one of KINDS."""

    line: int
    process: Hashable
    type: str
    f: str
    key: Any
    value: Any
    time: float | None = None
    error: str = ""


def events(lines: Lines, name: str) -> Iterator[Event]:
    """The events of a text, in its order, in whichever form it has. Raises BadFile."""
    lines = iter(lines)
    head = list(itertools.islice((each for each in lines if each[1].strip()), HEAD_LINES))
    written = form(head)
    read = {"json": _json_events, "edn": _edn_events, "columns": _column_events, "log": _log_events}[written]
    for count, event in enumerate(read(itertools.chain(head, lines), name)):
        if count >= MOST_EVENTS:
            bad(name, event.line, f"more than {MOST_EVENTS:,} events", "Record a shorter run.")
        yield event


def form(head: list[tuple[int, str]]) -> str:
    """How a text is written, by its first lines: json, edn, columns or log."""
    start = "\n".join(line for _, line in head)[:4096]
    if FIRST_OF_JSON.match(start):
        return "json"
    if FIRST_OF_EDN.match(start):
        return "edn"
    first = head[0][1] if head else ""
    if COLUMNS.match(first):
        return "columns"
    return "log" if DATED.match(first) or LOGGED.search(first) else "json"


def bad(name: str, line: int, found: str, fix: str) -> NoReturn:
    raise BadFile(name, line, found, fix)


# --- JSON and EDN: maps ---------------------------------------------------------------------------


def _json_events(lines: Lines, name: str) -> Iterator[Event]:
    for line, found in _json_values(lines, name):
        yield from _of_map(found, "", line, name, "json")


def _json_values(lines: Lines, name: str) -> Iterator[tuple[int, Any]]:
    """The JSON values of a text, an array around all of them taken off."""
    decode, text, start, opened, fault = json.JSONDecoder().raw_decode, "", 0, False, ""
    for number, line in lines:
        text, start = (f"{text}\n{line}", start) if text else (line, number)
        at, size = 0, len(text)
        while True:
            while at < size and text[at] in " \t\r\n,":
                at += 1
            if at < size and text[at] == "[" and not opened and re.match(r"\[\s*(?:\{|\]|$)", text[at:]):
                at, opened = at + 1, True
                continue
            if at < size and text[at] == "]" and opened:
                at += 1
                continue
            if at == size:
                text = ""
                break
            try:
                found, at = decode(text, at)
            except (ValueError, RecursionError) as error:
                fault = fault or str(error)
                ended = not isinstance(error, json.JSONDecodeError)
                if ended or text[at] != "{" or number - start > LONGEST_BROKEN_EVENT:
                    bad(name, start, f"not JSON: {fault}", FIXES["json"])
                text = text[at:]
                break
            fault = ""
            yield start, found
    if text:
        bad(name, start, f"not JSON: {fault}", FIXES["json"])


def _edn_events(lines: Lines, name: str) -> Iterator[Event]:
    try:
        for line, found in edn.forms(lines, inside=True):
            yield from _of_map(found, ":", line, name, "edn")
    except edn.BadEdn as error:
        bad(name, error.line, f"not EDN: {error}", FIXES["edn"])


def _of_map(found: Any, mark: str, line: int, name: str, form: str) -> Iterator[Event]:
    """The event of a map, whose names begin with `mark`; two of an operation with the times of its call and return."""
    if not isinstance(found, dict):
        bad(name, line, f"{str(found)[:40]!r} is not an event", FIXES[form] + ", one event after the other.")
    if mark + "type" not in found:
        times = _call_and_return({str(key).removeprefix(mark).lower(): value for key, value in found.items()})
        if times is not None:
            yield from _whole_operation(times, mark, line, name)
            return
    kind, f, value = found.get(mark + "type"), found.get(mark + "f"), found.get(mark + "value")
    if f is None and _is_transaction(value):
        f = "txn"
    for field, given in (("type", kind), ("f", f)):
        if given is None and not (field == "f" and kind in ("info", ":info")):
            bad(name, line, f"no {field!r}", "An event has process, type and f; key, value and time as needed.")
    if mark + "process" not in found and f != "txn" and f != ":txn":
        bad(name, line, "no 'process'", "An event has process, type and f; key, value and time as needed.")
    process = found.get(mark + "process", _Unnamed(line))
    error = found.get(mark + "error")
    event = _event(
        name, line, process, kind, f, found.get(mark + "key"), value, found.get(mark + "time"),
        "" if error is None else str(error),
    )  # fmt: skip
    if event is not None:
        yield event


class _Unnamed(str):
    """A process that the file does not name; each is taken to be another one."""

    def __new__(cls, line: int) -> _Unnamed:
        return super().__new__(cls, f"of line {line}")


def is_unnamed(process: Hashable) -> bool:
    return isinstance(process, _Unnamed)


def _is_transaction(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(each, (list, tuple)) and 2 <= len(each) <= 3 and isinstance(each[0], str) for each in value)
    )


def _event(
    name: str, line: int, process: Any, kind: Any, f: Any, key: Any, value: Any, time: Any = None, error: str = ""
) -> Event | None:
    """A checked event, or None for one of no client: what a nemesis did."""
    process = process.removeprefix(":") if isinstance(process, str) and not is_unnamed(process) else hashable(process)
    kind, known = known_type(kind), known_kind(f)
    if process == "nemesis":
        return None
    if kind not in TYPES:
        bad(name, line, f"type {kind!r}", f"It is one of {', '.join(TYPES)}.")
    if known is None:
        if kind == "info" and not isinstance(process, int):
            return None
        bad(name, line, f"operation {str(f).removeprefix(':')!r}", f"It is one of {', '.join(KINDS)}.")
    if time is not None and (isinstance(time, bool) or not isinstance(time, (int, float)) or not math.isfinite(time)):
        bad(name, line, f"time {time!r}", "Give a number, or leave it out.")
    return Event(line, process, kind, known, hashable(key), hashable(value), time, error)


def known_type(kind: Any) -> Any:
    """One of TYPES, or what was given."""
    return TYPE_NAMES.get(str(kind).removeprefix(":").lower(), kind)


def known_kind(f: Any) -> str | None:
    """One of KINDS, or None."""
    known = KIND_NAMES.get(f) if isinstance(f, str) else None
    return known or KIND_NAMES.get(str(f).removeprefix(":").lower())


def hashable(value: Any) -> Any:
    """A value that can be compared and be a key: arrays as tuples, maps as JSON text."""
    if value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(hashable(each) for each in value)
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, dict) else value


# --- operations with the times of call and return ---------------------------------------------------


def _call_and_return(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """An operation as one map, as Porcupine's `Operation`: ClientId, Input, Call, Output, Return."""
    call = next((found[each] for each in ("call", "invoke", "start") if each in found), None)
    returned = next((found[each] for each in ("return", "response", "end") if each in found), None)
    if call is None:
        return None
    asked = found.get("input", {})
    given = {key: value for key, value in found.items() if key not in ("input", "output")}
    if isinstance(asked, dict):
        given |= {str(key).removeprefix(":").lower(): value for key, value in asked.items()}
    answer = found.get("output")
    answer = answer.get("value", answer.get(":value")) if isinstance(answer, dict) else answer
    return {**given, "call": call, "return": returned, "answer": answer}


def _whole_operation(found: Mapping[str, Any], mark: str, line: int, name: str) -> Iterator[Event]:
    process = next((found[each] for each in ("process", "clientid", "client", "client_id") if each in found), None)
    f = next((found[each] for each in ("f", "op", "operation", "kind") if each in found), None)
    if process is None or f is None:
        bad(
            name, line, f"no {'process' if process is None else 'f'!r}", "An operation has process, f, call and return."
        )
    asked = _event(name, line, process, "invoke", f, found.get("key"), found.get("value"), found["call"])
    if asked is None:
        return
    reads = asked.f in ("read", "dequeue", "txn")
    value = found["answer"] if reads and found["answer"] is not None else found.get("value")
    if found["return"] is None:  # its process may have asked for more
        asked = asked._replace(process=f"{process}, without an answer on line {line}")
    yield asked._replace(value=None) if asked.f in ("read", "dequeue") else asked
    if found["return"] is not None:
        ended = _event(name, line, process, "ok", f, found.get("key"), value, found["return"])
        if ended is not None:
            yield ended


# --- columns and log lines --------------------------------------------------------------------------


def _column_events(lines: Lines, name: str, form: str = "columns") -> Iterator[Event]:
    for number, line in lines:
        found = COLUMNS.match(line)
        if found is None:
            if line.strip() and not line.lstrip().startswith(";"):
                bad(name, number, f"not a line of a history: {line[:80]!r}", FIXES[form])
            continue
        event = _of_columns(found, number, name, form)
        if event is not None:
            yield event


def _log_events(lines: Lines, name: str) -> Iterator[Event]:
    """The lines that hold an event; other lines of the log are passed over."""
    for number, line in lines:
        logged = LOGGED.search(line)
        found = COLUMNS.match(line, logged.end()) if logged else None
        event = _of_columns(found, number, name, "log") if found else None
        if event is not None:
            yield event


def _of_columns(found: re.Match[str], number: int, name: str, form: str) -> Event | None:
    process = int(found["process"]) if found["process"].isdigit() else found["process"]
    rest = (found["rest"] or "").strip()
    values, error = value_and_error(rest)
    if not rest and process != ":nemesis":
        bad(name, number, f"not a line of a history: {found[0].strip()[:80]!r}", FIXES[form])
    return _event(name, number, process, found["type"], found["f"], None, values, None, error)


@functools.lru_cache(maxsize=4096)  # a history holds few different ones
def value_and_error(rest: str) -> tuple[Any, str]:
    """The value that a line's last columns begin with, and what stands behind it."""
    column, _, error = rest.partition("\t")
    try:
        found = [value for _, value in edn.forms([(1, column)])]
    except edn.BadEdn:
        return column, error
    if len(found) == 1:
        return found[0], error
    return (found[0], error or " ".join(map(str, found[1:]))) if found else (None, error)
