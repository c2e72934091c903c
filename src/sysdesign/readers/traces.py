"""Traces of requests from files, as a stream of keys and, where the file has them, sizes.

    keys            one key a line, the whole line
    table           columns with any separator and quotes, one of them the key, perhaps one the size
    access_log      a web server's log in common or combined format, keyed by path or another field
    blocks          start block, number of blocks, device and request number: a run of keys a line
    oracle_general  libCacheSim's binary records; its CSV is a table
    vscsi           VMware's binary records of block requests, versions 1 and 2; one key a request
    memcached       what `memcached -vv` or `watch` writes of the commands

Which one it is, is told from the first 64 KB, and so are separator, header and columns: see
trace_layouts.py. Blank lines and comments before a table are skipped. A key of up to 18
digits is that number; any other text stands for its 62-bit hash: among ten million keys not
made to collide, two coincide with a chance near 1 in 100,000. The file is read in pieces of
1 MB; memory grows with the distinct keys alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sysdesign.errors import BadTrace, InvalidInput
from sysdesign.models.caching.replacement import Cache, Replay
from sysdesign.models.wording import several
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import LONGEST_LINE_BYTES, Opened, Progress, Source
from sysdesign.readers.trace_layouts import Layout, Records, Requests, Table, layout_of, records_of

MOST_KEPT_REQUESTS = 30_000_000  # 240 MB of keys, and as much of sizes
MOST_UPLOADED_REQUESTS = 5_000_000  # some 400 MB where all keys differ


class Trace:
    """A trace. Nothing is read before it is asked for; a file, but not a pipe, may be asked again.

    After `keep`, requests that were read whole are kept, up to MOST_KEPT_REQUESTS, and given again without the file.
    """

    def __init__(
        self,
        source: Source | Path | str | bytes,
        choices: Choices | None = None,
        notices: Notices | None = None,
        **said: Any,  # choices by name: layout, column, size_column, separator, header, commands
    ) -> None:
        self.source = source if isinstance(source, Source) else Source(source)
        self.choices, self.notices = choices or Choices("trace", said), notices or Notices()
        self.found: Layout | None = None  # known once reading has begun
        self._keeps = False
        self._kept: list[Requests] | None = None

    def __str__(self) -> str:
        return str(self.source)

    def layout(self) -> Layout:
        """The layout of the file. Raises BadTrace where it cannot be told, naming what to give."""
        with self.source.opened() as stream:
            return self._layout(stream)

    def _layout(self, stream: Opened) -> Layout:
        if stream.binary:
            self.found = records_of(str(self), stream.head, self.choices)
        else:
            self.found = layout_of(str(self), stream.head_text, stream.whole, self.choices, self.notices)
        return self.found

    def keep(self) -> None:
        """Keep what is read from now on, for those who ask again."""
        self._keeps = True

    def requests(self) -> Iterator[Requests]:
        """Keys as 64-bit whole numbers, and sizes in bytes or None, in the order of the requests.

        Raises BadTrace with the number and text of the first line that cannot be read.
        """
        if self._kept is not None:
            yield from self._kept
            return
        kept, count = [], 0
        for keys, sizes in self._read():
            count += keys.size
            if self._keeps and count <= MOST_KEPT_REQUESTS:
                kept.append((keys, sizes))
            yield keys, sizes
        if self._keeps and count <= MOST_KEPT_REQUESTS:
            self._kept = kept

    def _read(self) -> Iterator[Requests]:
        with self.source.opened() as stream:
            layout, done = self._layout(stream), 0
            read = _records(str(self), stream, layout) if isinstance(layout, Records) else self._lines(stream, layout)
            for keys, sizes in read:
                done += keys.size
                if self.source.uploaded and done > MOST_UPLOADED_REQUESTS:
                    raise InvalidInput(
                        f"{self} asks for more than {MOST_UPLOADED_REQUESTS:,} keys; run it with the command"
                    )
                yield keys, sizes

    def chunks(self) -> Iterator[np.ndarray]:
        """The keys alone."""
        return (keys for keys, _ in self.requests())

    def _lines(self, stream: Opened, layout: Layout) -> Iterator[Requests]:
        """Requests of all whole lines, piece by piece; the rest of a piece is carried into the next."""
        line, rest = 1, b""
        skip_header = isinstance(layout, Table) and layout.header
        for piece in itertools.chain(stream.text(self.notices), (None,)):
            text = rest + piece if piece is not None else rest + b"\n" if rest.strip() else b""
            end = text.rfind(b"\n") + 1
            lines, rest = text[:end], text[end:]
            if len(rest) > LONGEST_LINE_BYTES:
                raise BadTrace(str(self), line, "the line is longer than 1 MB", "Give one request a line")
            if line == 1 and isinstance(layout, Table) and lines:
                lines, skip_header = _without_start(lines, skip_header)
            if lines:
                yield from layout.requests(str(self), lines, line)
                line += lines.count(b"\n")

    def ended(self, requests: int, distinct_keys: int) -> None:
        """Say what a replay cannot know: that no key was asked for twice, and how the file was read."""
        if requests and requests == distinct_keys:
            self.notices.say(
                f"none of the {several(requests, 'request')} is for a key asked for before, so every cache gives 0%; "
                f"read as {self.found}. If that is wrong, choose with {self.choices.say('column')} or "
                f"{self.choices.say('layout')}"
            )


def _without_start(lines: bytes, header: bool) -> tuple[bytes, bool]:
    """The lines with comments at the start, and the header after them, made blank; whether one is still to come."""
    kept = lines.split(b"\n")
    for at, line in enumerate(kept):
        if line.startswith(b"#"):
            kept[at] = b""
        elif line.strip():
            if header:
                kept[at] = b""
            return b"\n".join(kept), False
    return b"\n".join(kept), header


def _records(name: str, stream: Opened, layout: Records) -> Iterator[Requests]:
    rest, done, size = b"", 0, layout.record.itemsize
    for piece in stream.raw():
        data = rest + piece
        end = len(data) // size * size
        yield from layout.requests(name, data[:end], done)
        rest, done = data[end:], done + end // size
    if rest:
        raise BadTrace(name, done + 1, f"the last record has {len(rest)} of {size} bytes", "Copy the file again")


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
    notes: tuple[str, ...] = ()


def replay_file(
    path: Source | Path | str,
    policies: Sequence[str],
    capacities: Sequence[int],
    *,
    progress: Progress | None = None,
    **said: Any,
) -> TraceReplay:
    """Replay a trace file once through a cache of every policy and capacity.

    `said` are choices of the reading: column, layout, separator, ... Raises BadTrace for a file
    or line that cannot be read, InvalidInput for a policy or capacity that does not exist.
    """
    trace = Trace(path if isinstance(path, Source) else Source(path, progress=progress), **said)
    run = Replay(Cache(policy, capacity) for policy in policies for capacity in capacities)
    for keys in trace.chunks():
        run.feed(keys)
    trace.ended(run.requests, run.distinct_keys)
    caches = tuple(CacheReplay(c.policy, c.capacity_keys, c.hits, c.hit_ratio) for c in run.caches)
    return TraceReplay(str(trace.found), run.requests, run.distinct_keys, caches, trace.notices.texts)
