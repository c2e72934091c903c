"""Traces of requests from files, as a stream of keys.

A trace is text, plain or compressed with gzip or Zstandard (told by its first
bytes), in one of four layouts:

    keys      one key a line, the whole line
    csv       fields with commas between them, quoted where need be; one column is the key
    columns   fields with white space between them; one column is the key
    blocks    start block, number of blocks, ignored, request number: a run of keys a line

Blank lines are skipped, and so is a first line of csv or columns with a word over
a column of nothing but numbers: a header. A key of up to 18 digits is that number;
any other text stands for its 62-bit hash: among ten million keys not made to
collide, two coincide with a chance near 1 in 100,000. The file is read in pieces
of 1 MB; memory does not grow with it.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sysdesign.errors import BadTrace, InvalidInput, nearest
from sysdesign.models.caching.replacement import Cache, Replay
from sysdesign.readers import trace_lines
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Opened, Progress, Source

LAYOUTS = ("auto", "keys", "csv", "columns", "blocks")
LONGEST_LINE_BYTES = 1 << 20
KEYS_AT_ONCE = 1 << 20  # of a block range, before they are handed on


@dataclass(frozen=True)
class Layout:
    """How to read a trace, as told or found out."""

    name: str
    column: int  # of the key, from 1
    columns: int
    header: bool  # the first line names the columns

    def __str__(self) -> str:
        chosen = f", column {self.column} of {self.columns}" if self.columns > 1 and self.name != "blocks" else ""
        return f"{self.name}{chosen}{', with a header' if self.header else ''}"


class Trace:
    """A trace file. Nothing is read before `chunks` is asked; a file, but not a pipe, may be asked again."""

    def __init__(
        self,
        source: Source | Path | str | bytes,
        choices: Choices | None = None,
        notices: Notices | None = None,
        **said: Any,
    ) -> None:
        self.source = source if isinstance(source, Source) else Source(source)
        self.choices, self.notices = choices or Choices("trace", said), notices or Notices()
        self.found: Layout | None = None  # known once reading has begun

    def __str__(self) -> str:
        return str(self.source)

    def layout(self) -> Layout:
        """The layout of the file. Raises BadTrace where it cannot be told, naming what to give."""
        with self.source.opened() as stream:
            return self._layout(stream)

    def _layout(self, stream: Opened) -> Layout:
        lines = _first_lines(stream.head.removeprefix(codecs.BOM_UTF8), stream.whole)
        layout, column = self.choices.get("layout", "auto"), self.choices.get("column")
        return find_layout(str(self), lines, layout, column)

    def chunks(self) -> Iterator[np.ndarray]:
        """The keys in the order of their requests, as arrays of 64-bit whole numbers.

        Raises BadTrace with the number and text of the first line that cannot be read.
        """
        with self.source.opened() as stream:
            layout = self.found = self._layout(stream)
            yield from _keys(str(self), stream.text(self.notices), layout)


@dataclass(frozen=True)
class CacheReplay:
    """What one cache did with a trace."""

    policy: str
    capacity_keys: int
    hits: int
    hit_ratio: float


@dataclass(frozen=True)
class TraceReplay:
    """A trace replayed through caches that all started cold."""

    layout: str
    requests: int
    distinct_keys: int
    caches: tuple[CacheReplay, ...]


def replay_file(
    path: Path | str,
    policies: Sequence[str],
    capacities: Sequence[int],
    *,
    column: int | str | None = None,
    format: str = "auto",
    progress: Progress | None = None,
) -> TraceReplay:
    """Replay a trace file once through a cache of every policy and capacity.

    Raises BadTrace for a file or line that cannot be read, InvalidInput for a
    policy or capacity that does not exist.
    """
    trace = Trace(Source(path, progress=progress), layout=format, column=column)
    run = Replay(Cache(policy, capacity) for policy in policies for capacity in capacities)
    for keys in trace.chunks():
        run.feed(keys)
    caches = tuple(CacheReplay(c.policy, c.capacity_keys, c.hits, c.hit_ratio) for c in run.caches)
    return TraceReplay(str(trace.found), run.requests, run.distinct_keys, caches)


def _first_lines(head: bytes, whole: bool) -> list[str]:
    """The lines that are whole within the first 64 KB (all of them, if the file is no longer)."""
    lines = head.decode("utf-8", "replace").split("\n")
    if not whole and len(lines) > 1:
        lines.pop()
    return [line.strip() for line in lines]


def find_layout(path: str, lines: list[str], layout: str, column: int | str | None) -> Layout:
    """Tell layout, column and header from the first lines. Raises BadTrace or InvalidInput."""
    if layout not in LAYOUTS:
        raise InvalidInput(f"the layout is {layout!r}. {nearest(layout, LAYOUTS, 'layouts')}")
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line]
    if not numbered:
        raise BadTrace(path, 1, "the file holds no requests", "Give a file with a key on each line")
    for number, line in numbered:
        if "\0" in line:
            raise BadTrace(path, number, "the file is not text", "Give text, plain or compressed (.gz, .zst)")
    shown = [line for _, line in numbered]
    name = _told(path, shown, column) if layout == "auto" else layout
    if name in ("keys", "blocks"):
        if column not in (None, 0, 1):
            raise InvalidInput(f"the column is {column!r}, but a trace of {name} has none to choose; leave it out")
        return Layout(name, 1, 4 if name == "blocks" else 1, False)
    return _with_column(path, name, shown, column)


def _told(path: str, lines: list[str], column: int | str | None) -> str:
    """The layout that most lines speak for; a line that does not fit it is reported when it is read."""
    spaced = [line.split() for line in lines]
    if all(len(fields) == 4 for fields in spaced) and _is_blocks(spaced):
        return "blocks"
    if 2 * sum("," in line for line in lines) > len(lines):
        return "csv"
    widths = {len(fields) for fields in spaced}
    if column not in (None, 1) or (len(widths) == 1 and widths != {1}):
        return "columns"
    if widths == {1}:
        return "keys"
    raise BadTrace(
        path, 1, f"the lines have from {min(widths)} to {max(widths)} fields",
        "Give the layout: keys to take whole lines, columns or csv with the column of the key, or blocks",
    )  # fmt: skip


def _is_blocks(rows: list[list[str]]) -> bool:
    """Four whole numbers a line: at least one block, and request numbers that never fall."""
    if not all(field.isdecimal() and field.isascii() for row in rows for field in row):
        return False
    last = [int(row[3]) for row in rows]
    return all(int(row[1]) >= 1 for row in rows) and last == sorted(last) and len({row[2] for row in rows}) == 1


def _with_column(path: str, name: str, lines: list[str], column: int | str | None) -> Layout:
    rows = [trace_lines.fields(name, line) for line in lines]
    width = max(map(len, rows)) if name == "columns" else len(rows[0])
    if isinstance(column, str):
        if column not in rows[0]:
            raise BadTrace(path, 1, f"no column is named {column!r}", nearest(column, rows[0], "columns"))
        return Layout(name, rows[0].index(column) + 1, width, True)
    if column is None:
        if width > 1:
            raise BadTrace(
                path, 1, f"the lines have {width} columns, as in {lines[0][:60]!r}",
                f"Say which column is the key, from 1 to {width}",
            )  # fmt: skip
        column = 1
    if not 1 <= column <= width:
        raise BadTrace(path, 1, f"there is no column {column} in {lines[0][:60]!r}", f"Give one from 1 to {width}")
    return Layout(name, column, width, _has_header(rows))


def _has_header(rows: list[list[str]]) -> bool:
    """A first line with a word over a column that holds nothing but numbers below."""
    below = [row for row in rows[1:] if len(row) == len(rows[0])]
    return bool(below) and any(
        not _is_number(name) and all(_is_number(row[at]) for row in below) for at, name in enumerate(rows[0])
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _keys(path: str, pieces: Iterator[bytes], layout: Layout) -> Iterator[np.ndarray]:
    """Keys of all whole lines, piece by piece; the rest of a piece is carried into the next."""
    line, rest, skip_header = 1, b"", layout.header
    for piece in pieces:
        text = rest + piece
        end = text.rfind(b"\n") + 1
        if end == 0:
            rest = text
            if len(rest) > LONGEST_LINE_BYTES:
                raise BadTrace(path, line, "the line is longer than 1 MB", "Give one request a line")
            continue
        lines, rest = text[:end], text[end:]
        if skip_header and lines.strip():
            lines, skip_header = _without_header(lines), False
        yield from _requests(path, lines, line, layout)
        line += lines.count(b"\n")
    if rest.strip() and not skip_header:
        yield from _requests(path, rest + b"\n", line, layout)


def _without_header(lines: bytes) -> bytes:
    """The lines with the first that is not blank made so."""
    start = len(lines) - len(lines.lstrip())
    return lines[:start] + lines[lines.index(b"\n", start) :]


def _requests(path: str, lines: bytes, first_line: int, layout: Layout) -> Iterator[np.ndarray]:
    keys, runs, bad_line, fault = trace_lines.parse(lines, layout.name, layout.column)
    if layout.name == "blocks":
        yield from _expanded(keys, runs)
    else:
        yield keys
    if fault:
        text = lines.split(b"\n", bad_line + 1)[bad_line].decode("utf-8", "replace").strip()
        raise BadTrace(path, first_line + bad_line, f"found {text[:80]!r}", trace_lines.FIXES[fault])


def _expanded(starts: np.ndarray, runs: np.ndarray) -> Iterator[np.ndarray]:
    """The keys of block ranges, at most about a million at once."""
    done = 0
    while done < starts.size:
        ends = np.cumsum(runs[done:])
        take = max(int(np.searchsorted(ends, KEYS_AT_ONCE, side="right")), 1)
        if ends[0] > KEYS_AT_ONCE:
            for offset in range(0, int(runs[done]), KEYS_AT_ONCE):
                yield starts[done] + np.arange(offset, min(offset + KEYS_AT_ONCE, int(runs[done])))
        else:
            some, first = runs[done : done + take], np.repeat(starts[done : done + take], runs[done : done + take])
            before = np.repeat(ends[:take] - some, some)
            yield first + (np.arange(ends[take - 1]) - before)
        done += take
