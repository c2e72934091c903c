"""Compressed bytes to plain ones, piece by piece: gzip, xz, bzip2, Zstandard, told by their first bytes.

Every piece is bounded however well a file compresses, and so is the memory that a
file may ask for. A file may hold several streams one after the other; one that ends
within a stream is damaged, not shorter.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import zstandard

PIECE_BYTES = 1 << 20
MOST_DICTIONARY_BYTES = 256 << 20  # that an xz file may ask for; `xz -9` asks for 65 MB
STEP_BYTES = 1 << 14  # compressed bytes at once: what is left at a stream's end is copied, and a file may hold many
ZSTD_STEP_BYTES = 2048  # compressed bytes at once: at most 64 MB of text, however well they compress
FAULTS = (zlib.error, lzma.LZMAError, EOFError, zstandard.ZstdError, OSError)


class Stream(Protocol):
    """One compressed stream, as the standard library's bz2 and lzma give it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    eof = property(lambda self: self._stream.eof)
    unused_data = property(lambda self: self._stream.unused_data)
    needs_input = property(lambda self: not self._stream.unconsumed_tail)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdDecompressor().decompressobj()
        self._waiting = b""

    eof = property(lambda self: self._stream.eof)
    unused_data = property(lambda self: self._stream.unused_data + self._waiting)
    needs_input = property(lambda self: not self._waiting)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        data = self._waiting + data
        self._waiting = data[ZSTD_STEP_BYTES:]
        return self._stream.decompress(data[:ZSTD_STEP_BYTES])


KINDS: dict[bytes, tuple[str, Callable[[], Stream]]] = {
    b"\x1f\x8b": ("gzip", _Gzip),
    b"\x28\xb5\x2f\xfd": ("Zstandard", _Zstd),
    b"\xfd7zXZ\x00": ("xz", lambda: lzma.LZMADecompressor(memlimit=MOST_DICTIONARY_BYTES)),
    b"BZh": ("bzip2", bz2.BZ2Decompressor),
}
LONGEST_START = max(map(len, KINDS))


def decompressed(start: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The plain bytes of pieces whose first bytes are `start`. Raises one of FAULTS for a damaged file."""
    for magic, (_, kind) in KINDS.items():
        if start.startswith(magic):
            return gathered(_plain(pieces, kind))
    return gathered(pieces)


def _plain(pieces: Iterator[bytes], kind: Callable[[], Stream]) -> Iterator[bytes]:
    stream: Stream | None = None
    for data in _steps(pieces):
        while data or (stream and not stream.needs_input):
            stream = stream or kind()
            if piece := stream.decompress(data, PIECE_BYTES):
                yield piece
            data = b""
            if stream.eof:
                data, stream = stream.unused_data.lstrip(b"\0"), None  # streams may be padded with zeros
    while stream and (piece := stream.decompress(b"", PIECE_BYTES)):
        yield piece
    if stream and not stream.eof:
        raise EOFError("it ends too early")


def _steps(pieces: Iterator[bytes]) -> Iterator[bytes]:
    return (piece[at : at + STEP_BYTES] for piece in pieces for at in range(0, len(piece), STEP_BYTES))


def gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of a megabyte and a little, but for the last."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            yield waiting[0] if len(waiting) == 1 else b"".join(waiting)
            waiting, size = [], 0
    if size:
        yield b"".join(waiting)
