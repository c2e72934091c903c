"""Where a reader's own data comes from: a path, `-`, a pipe, `<(...)`, or bytes sent to the service.

    with Source("requests.csv.zst").opened() as stream:
        stream.head                    # the first 64 KB, decompressed
        for piece in stream.raw():   # all of it, in pieces of a megabyte
        for piece in stream.text(notices):   # as UTF-8, with the mark at its start taken off
        for number, line in stream.lines(notices):

A stream goes by once, since a pipe can be read only once; what is told from its head
(layout, separator, header, unit) is settled before the rest is read. Memory does not
grow with the file. Anything may stand in a path that a command was given; a service
makes sources from bytes alone.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from sysdesign.errors import BadFile, InvalidInput
from sysdesign.readers import decompression
from sysdesign.readers.decompression import FAULTS, LONGEST_START, decompressed
from sysdesign.readers.notices import Notices

HEAD_BYTES = 1 << 16
WIDE_START = 64  # bytes that tell UTF-16 without a mark
LONGEST_PATH = 4096
LONGEST_LINE_BYTES = 1 << 20
MOST_UPLOADED_BYTES = 64_000_000  # of an upload, as it comes and decompressed
WIDE_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"} | {
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"
}  # fmt: skip
ARCHIVES = {b"PK\x03\x04": "a zip archive or spreadsheet", b"%PDF": "a PDF", b"PAR1": "a Parquet file"}

Progress = Callable[[int, int], None]  # bytes read of the file as it lies, and its size; 0 for a pipe


class Source:
    """A file, a pipe or uploaded bytes. Nothing is read before it is opened."""

    def __init__(self, given: Path | str | bytes, name: str = "", progress: Progress | None = None) -> None:
        self.given, self.progress = given, progress
        self.name = name or (
            "the upload" if isinstance(given, bytes) else "standard input" if self.is_stdin else str(given)
        )

    @property
    def is_stdin(self) -> bool:
        return str(self.given) == "-"

    @property
    def uploaded(self) -> bool:
        return isinstance(self.given, bytes)

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """The stream. Raises InvalidInput where it cannot be opened, BadFile where it is damaged or empty."""
        try:
            if isinstance(self.given, bytes):
                yield Opened(self, iter((self.given,)))
            elif self.is_stdin:
                yield Opened(self, self._read(sys.stdin.buffer, 0))
            else:
                path = Path(self.given)
                with path.open("rb") as file:
                    yield Opened(self, self._read(file, _size(path) if self.progress else 0))
        except OSError as error:
            raise InvalidInput(
                f"{self.name!r} cannot be read ({error.strerror or error}); give the path of a file, or - for a pipe"
            ) from None
        except ValueError as error:
            if isinstance(error, InvalidInput) or "null byte" not in str(error):
                raise
            raise InvalidInput(f"{self.name!r} is no path; give the path of a file, or - for a pipe") from None

    def _read(self, file: BinaryIO, size: int) -> Iterator[bytes]:
        done = 0
        while piece := file.read(decompression.PIECE_BYTES):
            done += len(piece)
            if self.progress:
                self.progress(done, size)
            yield piece
        if self.progress and not size:
            self.progress(done, done)  # a pipe's size is known at its end


class Opened:
    """A source being read; its head is known at once."""

    def __init__(self, source: Source, pieces: Iterator[bytes]) -> None:
        self.name = source.name
        self._uploaded = source.uploaded
        start, pieces = _started(pieces, LONGEST_START)
        for magic, what in ARCHIVES.items():
            if start.startswith(magic):
                raise BadFile(self.name, 1, f"this is {what}", "Give text, plain or compressed (.gz, .xz, .bz2, .zst)")
        if not start:
            once = "" if source.uploaded or _is_regular(source.given) else " (a pipe can be read only once)"
            raise BadFile(self.name, 1, f"the file is empty{once}", "Give one with a request, number or event a line")
        self.head, self._pieces = _started(self._undamaged(decompressed(start, pieces)), HEAD_BYTES)
        self.whole = len(self.head) < HEAD_BYTES
        self.head = self.head[:HEAD_BYTES]

    def _undamaged(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        done = 0
        try:
            for piece in pieces:
                done += len(piece)
                if self._uploaded and done > MOST_UPLOADED_BYTES:
                    raise BadFile(
                        self.name, 1, f"an upload of more than {MOST_UPLOADED_BYTES // 1_000_000} MB once decompressed",
                        "Run it with the command, which reads files of any size",
                    )  # fmt: skip
                yield piece
        except FAULTS as error:
            if isinstance(error, OSError) and error.errno:  # of the disk, not of the contents
                raise
            raise BadFile(
                self.name, 1, f"the compressed file is damaged ({error})", "Copy it again, or decompress it"
            ) from None

    @cached_property
    def head_text(self) -> str:
        """The head as text with line feeds, whatever its encoding; for telling how the rest is written.

        Raises BadFile where it is no text.
        """
        self._refuse_no_text()
        mark = next((mark for mark in WIDE_MARKS if self.head.startswith(mark)), None)
        encoding = WIDE_MARKS[mark] if mark else "utf-8-sig"
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(self.head)  # a character cut at the end is no fault
        except UnicodeDecodeError:
            text = self.head.decode("cp1252", "replace")
        return text if "\n" in text else text.replace("\r", "\n")

    @property
    def whole_lines(self) -> str:
        """The head's text without the line that it may cut; one line longer than the head stays."""
        return self.head_text if self.whole else self.head_text.rpartition("\n")[0] or self.head_text

    @property
    def binary(self) -> bool:
        """Whether the head holds what no text does."""
        return b"\0" in self.head and not any(self.head.startswith(mark) for mark in WIDE_MARKS)

    def raw(self) -> Iterator[bytes]:
        """All of it, decompressed. Goes by once, as do `text` and `lines`."""
        return self._pieces

    def text(self, notices: Notices) -> Iterator[bytes]:
        """All of it as text with line feeds: UTF-8, or whatever 8-bit encoding it has, without a byte order mark."""
        mark = next((mark for mark in WIDE_MARKS if self.head.startswith(mark)), None)
        pieces = self._pieces
        if mark:
            notices.say(f"read as {WIDE_MARKS[mark].upper()}, as the mark at its start says")
            pieces = self._decoded(pieces, WIDE_MARKS[mark])
        elif self.head.startswith(codecs.BOM_UTF8):
            pieces = _without(pieces, len(codecs.BOM_UTF8))
        self._refuse_no_text()
        if b"\n" not in self.head and b"\r" in self.head:
            pieces = (piece.replace(b"\r", b"\n") for piece in pieces)
        return pieces

    def _refuse_no_text(self) -> None:
        if not self.binary:
            return
        start = self.head[:WIDE_START]
        if any(start) and not (any(start[::2]) and any(start[1::2])):  # every second byte is zero, as of Latin letters
            raise BadFile(self.name, 1, "it looks like UTF-16 without the mark at its start", "Save it as UTF-8")
        line = self.head[: self.head.index(b"\0")].count(b"\n") + 1
        raise BadFile(self.name, line, "the file is not text", "Give text, plain or compressed (.gz, .xz, .bz2, .zst)")

    def _decoded(self, pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for piece in pieces:
                yield decoder.decode(piece).encode("utf-8", "replace")
            yield decoder.decode(b"", True).encode("utf-8", "replace")
        except UnicodeDecodeError as error:
            raise BadFile(self.name, 1, f"not {encoding.upper()}: {error.reason}", "Save it as UTF-8") from None

    def lines(self, notices: Notices) -> Iterator[tuple[int, str]]:
        """Lines and their numbers from 1, ends off; one that is not UTF-8 is read as Windows-1252, and said."""
        for number, line in enumerate(_lines(self.name, self.text(notices)), 1):
            yield number, decoded(line.rstrip(b"\r"), notices)


def decoded(line: bytes, notices: Notices) -> str:
    """A line's text; one that is not UTF-8 is read as Windows-1252, and said."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        notices.say("not all of it is UTF-8; the other lines were read as Windows-1252")
        return line.decode("cp1252", "replace")


def is_pipe(given: Path | str) -> bool:
    """Whether a text names standard input or a pipe, which goes by once."""
    text = str(given)
    return text == "-" or ("\0" not in text and len(text) < LONGEST_PATH and Path(text).is_fifo())


def _size(path: Path) -> int:
    """Bytes of a file as it lies; 0 for a pipe."""
    return path.stat().st_size if path.is_file() else 0


def _is_regular(given: Path | str | bytes) -> bool:
    return isinstance(given, bytes) or Path(given).is_file()


def _started(pieces: Iterator[bytes], wanted: int) -> tuple[bytes, Iterator[bytes]]:
    """At least that many bytes from the start, if there are as many, and all pieces with them."""
    first: list[bytes] = []
    size = 0
    for piece in pieces:
        first.append(piece)
        size += len(piece)
        if size >= wanted:
            break
    start = first[0] if len(first) == 1 else b"".join(first)

    def all_pieces() -> Iterator[bytes]:
        if start:
            yield start
        yield from pieces

    return start, all_pieces()


def _without(pieces: Iterator[bytes], count: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[count:]
        count = max(count - len(piece), 0)


def _lines(name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest, number = b"", 1
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        number += len(whole)
        if len(rest) > LONGEST_LINE_BYTES:
            raise BadFile(name, number, "the line is longer than 1 MB", "Give one request, number or event a line")
    if rest:
        yield rest


def show_progress(read_bytes: int, file_bytes: int) -> None:
    """Show on the terminal how much is read; cleared at the end."""
    if not file_bytes:
        text = f"reading, {read_bytes / 1e6:,.0f} MB so far"
    else:
        share = min(read_bytes / file_bytes, 1.0)
        text = f"reading {100 * share:3.0f}% of {file_bytes / 1e6:,.1f} MB" if share < 1 else ""
    print(f"\r{text:<40}", end="\r", file=sys.stderr, flush=True)


def on_terminal() -> Progress | None:
    """Progress where a person looks on."""
    return show_progress if sys.stderr.isatty() else None
