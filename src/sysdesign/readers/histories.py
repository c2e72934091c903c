"""Reads recorded histories: who asked what of a store, when, and what came back.

Forms: JSON lines or arrays, EDN, Jepsen's history.txt and log lines, Porcupine's key-value logs (see
`history_events`). One event is an object such as `{"process": 0, "type": "invoke", "f": "write", "key": "x",
"value": 1}`, and later `{"process": 0, "type": "ok", ...}`. Types: `invoke`; `ok`, it happened; `fail`, it did not
happen; `info`, nobody knows. `key` and `time` may be left out, other fields are passed over.

Operations: `read`, `write`, `cas` (value `[from, to]`), `append` (a key's text or list grows), `enqueue`, `dequeue`,
`acquire`, `release`; `get`, `put`, `lock` and their like are other words for these. `txn` has a list of
`["r", key, null]`, `["w", key, 1]` and `["append", key, 1]` as value, and makes it a history of transactions.
Without a `key`, values that are all pairs with a read's `[key, null]` are Jepsen's independent keys.

Events are in order of `time` where every one has it, of lines otherwise. An operation without an end may have
happened; a read that failed or timed out says nothing. A compare-and-set that failed for a stated reason other
than the value did not happen; without a reason it is marked `assumed`: that it found another value is not certain.
What a nemesis did is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sysdesign.models.consistency.columns import kernels_pay
from sysdesign.models.consistency.history import History, Operation
from sysdesign.models.transactions.history import SHORT, Step, Transaction, Transactions
from sysdesign.readers.history_events import FOUND_EMPTY, FOUND_OTHER, Event, bad, events, is_unnamed
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source, decoded

LARGEST_FILE_BYTES = 256 << 20  # decompressed
LONGEST_LINE_BYTES = 32 << 20
ASKED_WITH_NOTHING = ("read", "dequeue", "acquire", "release")


def read_history(given: Source | Path | str, notices: Notices | None = None) -> History | Transactions:
    """The operations or transactions in a file, as it lies or compressed, or a pipe. Raises BadFile with a line."""
    source, notices = given if isinstance(given, Source) else Source(given), notices or Notices()
    with source.opened() as stream:
        text = b"".join(_bounded(stream.text(notices), str(source)))
    if kernels_pay(text.count(b"\n") // 2):
        from sysdesign.readers.plain_histories import plain_history

        found = plain_history(text)
        if found is not None:
            return found
    return parse_lines(_lines(text, str(source), notices), str(source))


def _bounded(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    size = lines = 0
    for piece in pieces:
        size, lines = size + len(piece), lines + piece.count(b"\n")
        if size > LARGEST_FILE_BYTES:
            bad(name, lines + 1, "the file is over 256 MiB", "Record a shorter run, an event a line.")
        yield piece


def _lines(text: bytes, name: str, notices: Notices) -> Iterator[tuple[int, str]]:
    """Numbered lines. They may be long: a whole history may stand in one."""
    for number, line in enumerate(text.split(b"\n"), 1):
        if len(line) > LONGEST_LINE_BYTES:
            bad(name, number, "the line is over 32 MiB", "Record a shorter run, an event a line.")
        yield number, decoded(line, notices)


def parse(text: str, name: str = "history") -> History | Transactions:
    """The operations or transactions in a text, in any of the forms. Raises BadFile."""
    return parse_lines(enumerate(text.split("\n"), 1), name)


def parse_lines(lines: Iterable[tuple[int, str]], name: str = "history") -> History | Transactions:
    """The operations or transactions in numbered lines. Raises BadFile."""
    found = list(events(lines, name))
    if all(event.time is not None for event in found):
        found.sort(key=lambda event: event.time or 0.0)
    transactional = {event.f == "txn" for event in found}
    if len(transactional) > 1:
        odd = next(event for event in found if (event.f == "txn") != (found[0].f == "txn"))
        bad(
            name,
            odd.line,
            f"{odd.f} among {found[0].f}",
            "Keep transactions and single operations in files of their own.",
        )
    if transactional == {True}:
        return Transactions(_transactions(found, name))
    if _is_keyed_by_value(found):
        found = [_with_key(event) for event in found]
    return History(_operations(found, name))


# --- keys in values ---------------------------------------------------------------------------------


def _is_keyed_by_value(found: Sequence[Event]) -> bool:
    """Whether values are Jepsen's independent tuples: `[key value]` in all that was asked, `[key nil]` in reads."""
    asked = [event for event in found if event.type == "invoke"]
    if not asked or any(event.key is not None or not _is_pair(event.value) for event in asked):
        return False
    looks = [event.value[1] for event in asked if event.f in ASKED_WITH_NOTHING]
    if looks:
        return all(value is None for value in looks)
    swaps = [event.value[1] for event in asked if event.f == "cas"]
    return bool(swaps) and all(map(_is_pair, swaps))


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _with_key(event: Event) -> Event:
    if not _is_pair(event.value):
        return event
    return event._replace(key=event.value[0], value=event.value[1])


# --- calls with their answers -----------------------------------------------------------------------


def _pairs(found: Sequence[Event], name: str, alone: bool = False) -> Iterator[tuple[Event, Event | None, int, float]]:
    """Each call with its answer, and the places of both in the record. With `alone`, an answer needs no call."""
    pending: dict[Hashable, tuple[Event, int]] = {}
    for place, event in enumerate(found, 1):
        process = "" if is_unnamed(event.process) else event.process
        if event.type == "invoke":
            if process in pending:
                bad(
                    name, event.line,
                    f"process {event.process} asks again; it still waits for line {pending[process][0].line}",
                    "End that operation first: ok, fail or info.",
                )  # fmt: skip
            pending[process] = (event, place)
        elif process in pending:
            asked, began = pending.pop(process)
            if event.f != asked.f:
                fix = "Let f be the same in both."
                bad(name, event.line, f"a {event.f} ends the {asked.f} of line {asked.line}", fix)
            if event.key is not None and event.key != asked.key:
                fix = f"Let the key be {asked.key!r} in both."
                bad(name, event.line, f"key {event.key!r} ends line {asked.line}", fix)
            yield asked, event, began, place
        elif alone:
            yield event, event, 0, place
        else:
            fix = "Put an invoke with the same process before it."
            bad(name, event.line, f"process {event.process} has an answer to nothing it asked", fix)
    for asked, began in pending.values():
        yield asked, None, began, math.inf


def _operations(found: Sequence[Event], name: str) -> Iterator[Operation]:
    """An operation's times are the places of its events in the record."""
    for asked, answer, began, ended in _pairs(found, name):
        operation = _asked(asked, began, name)
        if answer is None or answer.type == "info":
            if asked.f != "read":
                yield operation
        elif answer.type == "ok":
            value = answer.value if asked.f in ("read", "dequeue") else operation.value
            yield replace(operation, returned=ended, value=value)
        else:
            yield from _failed(operation, answer, ended)


def _asked(event: Event, place: int, name: str) -> Operation:
    if event.f == "cas" and not _is_pair(event.value):
        bad(name, event.line, f"cas with value {event.value!r}", "Give what it compares and what it sets: [1, 2].")
    if event.f in ("write", "enqueue", "append") and event.value is None:
        fix = "Give the value; null is what an absent key reads as."
        bad(name, event.line, f"{event.f} without a value", fix)
    value = None if event.f in ASKED_WITH_NOTHING else event.value
    return Operation(event.process, event.f, event.key, value, place, line=event.line)  # type: ignore[arg-type]


def _failed(operation: Operation, answer: Event, ended: float) -> Iterator[Operation]:
    """What a failed operation says of the store: nothing, unless it failed because of what it found."""
    reason = answer.error
    if not reason and isinstance(answer.value, str) and answer.value.startswith(":"):
        reason = answer.value  # `:fail :cas :timed-out`
    if operation.kind == "cas" and (not reason or FOUND_OTHER.search(reason)):
        yield replace(operation, returned=ended, succeeded=False, assumed=not reason)
    elif operation.kind == "dequeue" and FOUND_EMPTY.search(reason):
        yield replace(operation, returned=ended, value=None)


# --- transactions -----------------------------------------------------------------------------------

ENDINGS = {"ok": "committed", "fail": "aborted", "info": "unknown"}


def _transactions(found: Sequence[Event], name: str) -> Iterator[Transaction]:
    """What an answer says holds, what was asked where there is none or the answer is not known."""
    for asked, answer, began, ended in _pairs(found, name, alone=True):
        ending = "unknown" if answer is None else ENDINGS.get(answer.type, "unknown")
        told = answer if answer is not None and ending == "committed" else asked
        yield Transaction(
            process=None if is_unnamed(asked.process) else asked.process,
            steps=tuple(_steps(told, name)),
            began=began if asked.type == "invoke" else -math.inf,
            ended=ended if ending == "committed" else math.inf,
            ending=ending,  # type: ignore[arg-type]
            line=asked.line,
        )


def _steps(event: Event, name: str) -> Iterator[Step]:
    fix = 'Give a list of ["r", key, null], ["w", key, 1] or ["append", key, 1].'
    if not isinstance(event.value, tuple):
        bad(name, event.line, f"a transaction with value {str(event.value)[:40]!r}", fix)
    for step in event.value:
        if not isinstance(step, tuple) or not 2 <= len(step) <= 3:
            bad(name, event.line, f"{str(step)[:40]!r} is no step of a transaction", fix)
        kind = SHORT.get(str(step[0]).removeprefix(":"))
        if kind is None:
            bad(name, event.line, f"a step {str(step[0])[:40]!r}", fix)
        value = step[2] if len(step) == 3 else None
        if kind != "read" and value is None:
            bad(name, event.line, f"{kind} without a value", "Give the value; null is what an absent key reads as.")
        yield Step(kind, step[1], value)
