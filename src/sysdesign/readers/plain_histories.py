"""Histories in their plainest form, scanned by compiled code into columns: one event a line, nothing unusual.

Whatever is unusual or wrong leaves the text to `histories`, which reads every form and names what is wrong; what
a token means is asked of the same functions, so that both read the same. A test holds the two against each other.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from sysdesign.models.consistency.columns import Columns
from sysdesign.models.consistency.history import History
from sysdesign.readers import edn
from sysdesign.readers import history_lines as scan
from sysdesign.readers.history_events import (
    COLUMNS,
    FOUND_EMPTY,
    FOUND_OTHER,
    LOGGED,
    MOST_EVENTS,
    TYPES,
    form,
    hashable,
    known_kind,
    known_type,
    value_and_error,
)

KINDS = ("read", "cas", "write", "append", "enqueue", "dequeue", "acquire", "release")  # as `pair` numbers them
NAMES = np.frombuffer(b"".join(scan.NAMES), np.uint8)
ENDS = np.cumsum([len(name) for name in scan.NAMES])
MOST_TOKENS_A_LINE = 6


def plain_history(text: bytes) -> History | None:
    """The operations of a text that is plain throughout; None for any other."""
    if not text.isascii():
        return None
    if not text.endswith(b"\n"):
        text += b"\n"
    rows, tokens, written = _scanned(text)
    if rows is None or not 0 < len(rows) <= MOST_EVENTS:
        return None
    try:
        return _history(rows, _Meanings(tokens, text.decode("ascii"), written))
    except (ValueError, TypeError):
        return None


def _scanned(text: bytes) -> tuple[np.ndarray | None, np.ndarray, str]:
    """The rows of a text's events, their tokens and the form it has; no rows where it is not plain."""
    lines = text.count(b"\n")
    rows = np.empty((lines, scan.COLUMNS), np.int64)
    tokens = np.empty((lines * MOST_TOKENS_A_LINE, 3), np.int64)
    heads = np.full(1 << (2 * len(tokens)).bit_length(), -1, np.int64)
    written = form(list(enumerate(text[:4096].decode("ascii").split("\n"))))
    as_bytes = np.frombuffer(text, np.uint8)
    if written == "edn":
        found, count = scan.scan_edn(as_bytes, NAMES, ENDS, rows, tokens, heads)
    elif written in ("columns", "log"):
        marker = _marker(text[:4096].decode("ascii")) if written == "log" else b""
        if marker is None:
            return None, tokens, written
        marked = np.frombuffer(marker, np.uint8)
        found, count = scan.scan_columns(as_bytes, marked, rows, tokens, heads)
    else:
        return None, tokens, written
    return (None if found == scan.NOT_PLAIN else rows[:found]), tokens[:count], written


def _marker(start: str) -> bytes | None:
    """What stands before the columns of the first event in a log."""
    for line in start.split("\n"):
        found = LOGGED.search(line)
        if found and COLUMNS.match(line, found.end()):
            return found[0].encode()
    return None


def _in_order(rows: np.ndarray) -> np.ndarray:
    """The rows by time, where every one has it."""
    times = rows[:, scan.TIME]
    if (times == scan.NO_TIME).any() or (times[1:] >= times[:-1]).all():
        return rows
    return rows[np.argsort(times, kind="stable")]


class _Meanings:
    """What tokens mean: a code for each, the last for a field that is not there, and what the codes stand for."""

    def __init__(self, tokens: np.ndarray, text: str, written: str) -> None:
        self.processes: dict[Hashable, int] = {}
        self.keys: dict[Any, int] = {None: 0}
        self.values: list[Any] = [None]
        self.errors: list[str] = [""]
        value = self._value if written == "edn" else self._value_and_error
        read = (self._process, self._type, self._f, self._key, value, self._error)
        found = [read[field](text[low:high]) for field, low, high in tokens.tolist()]
        self.code = np.array([*found, 0], np.int64)

    def _process(self, token: str) -> int:
        found = _read(token)
        found = found.removeprefix(":") if isinstance(found, str) else hashable(found)
        return self.processes.setdefault(found, len(self.processes))

    def _type(self, token: str) -> int:
        return _place(TYPES, known_type(_read(token)))

    def _f(self, token: str) -> int:
        return _place(KINDS, known_kind(_read(token)))

    def _key(self, token: str) -> int:
        return self.keys.setdefault(hashable(_read(token)), len(self.keys))

    def _value(self, token: str) -> int:
        self.values.append(hashable(_read(token)))
        return len(self.values) - 1

    def _error(self, token: str) -> int:
        found = _read(token)
        self.errors.append("" if found is None else str(found))
        return len(self.errors) - 1

    def _value_and_error(self, token: str) -> int:
        """Of columns, which hold both in one; then one code serves for both."""
        value, error = value_and_error(token)
        self.values.append(hashable(value))
        self.errors.append(error)
        return len(self.values) - 1


def _place(words: Sequence[str], word: Any) -> int:
    return words.index(word) if word in words else scan.NOT_PLAIN


def _read(token: str) -> Any:
    if token[0] == '"':
        return token[1:-1]  # the scan stops at a backslash
    return int(token) if token.isdigit() and len(token) <= scan.LONGEST_NUMBER else _read_word(token)


@functools.lru_cache(maxsize=4096)  # a history holds few different ones
def _read_word(token: str) -> Any:
    ((_, found),) = edn.forms([(1, token)])
    return found


def _history(rows: np.ndarray, means: _Meanings) -> History | None:
    """The operations of rows whose tokens' meanings are known; None where the record is faulty or no single keys."""
    nemesis = means.processes.get("nemesis", -1)
    if len(rows) and rows[0, scan.TIME] != scan.NO_TIME:
        rows = _in_order(rows[means.code[rows[:, scan.PROCESS]] != nemesis])
    value_says = np.array([_says_value(each) for each in means.values])
    error_says = np.array([_reason(each) if each else 0 for each in means.errors])
    given, times = np.empty((len(rows), 7), np.int64), np.empty((len(rows), 2))
    count = scan.pair(rows, means.code, value_says, error_says, nemesis, len(means.processes), given, times)
    if count == scan.NOT_PLAIN:
        return None
    process, f, key, value, succeeded, assumed, line = given[:count].T.copy()
    invoked, returned = times[:count].T.copy()
    return History(
        Columns(
            process, f, key, value, invoked, returned, succeeded.astype(bool), assumed.astype(bool), line,
            tuple(means.processes), KINDS, tuple(means.keys), tuple(means.values),
        )
    )  # fmt: skip


def _says_value(value: Any) -> int:
    if value is None:
        return scan.NOTHING
    if isinstance(value, tuple):
        return scan.PAIR if len(value) == 2 else 0
    return _reason(value) if isinstance(value, str) and value.startswith(":") else 0


@functools.lru_cache(maxsize=1024)
def _reason(text: str) -> int:
    other = scan.OTHER if FOUND_OTHER.search(text) else 0
    return scan.REASON | other | (scan.EMPTY if FOUND_EMPTY.search(text) else 0)
