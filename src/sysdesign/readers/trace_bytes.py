"""Bytes of a trace file, decompressed piece by piece."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard

from sysdesign.errors import BadTrace, InvalidInput

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
PIECE_BYTES = 1 << 20
ZSTD_STEP_BYTES = 2048  # compressed bytes at once: at most 64 MB of text, however well they compress


@contextmanager
def reader(path: Path, progress: Callable[[int, int], None] | None = None) -> Iterator[Iterator[bytes]]:
    """Pieces of the file's text. Raises InvalidInput for a file that cannot be read, BadTrace for a damaged one."""
    try:
        with path.open("rb") as file:
            yield _pieces(path, file, progress)
    except (gzip.BadGzipFile, zlib.error, EOFError, zstandard.ZstdError) as error:
        raise BadTrace(
            str(path), 1, f"the compressed file is damaged ({error})", "Copy it again, or decompress it"
        ) from None
    except OSError as error:
        raise InvalidInput(f"{str(path)!r} cannot be read ({error.strerror}); give the path of a trace file") from None


def _pieces(path: Path, file: BinaryIO, progress: Callable[[int, int], None] | None) -> Iterator[bytes]:
    size, start = path.stat().st_size, file.read(4)
    file.seek(0)
    source = _zstd(file) if start == ZSTD else _plain(gzip.GzipFile(fileobj=file) if start[:2] == GZIP else file)
    for piece in source:
        if progress:
            progress(file.tell(), size)
        yield piece


def _plain(file: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _zstd(file: BinaryIO) -> Iterator[bytes]:
    """All frames of a Zstandard file; one that ends early is an error, not a shorter trace."""
    frame, gathered = zstandard.ZstdDecompressor().decompressobj(), bytearray()
    while compressed := file.read(ZSTD_STEP_BYTES):
        while compressed:
            gathered += frame.decompress(compressed)
            compressed = frame.unused_data if frame.eof else b""
            if frame.eof and (compressed or file.peek(1)):  # type: ignore[attr-defined]
                frame = zstandard.ZstdDecompressor().decompressobj()
        if len(gathered) >= PIECE_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)
    if not frame.eof:
        raise EOFError("it ends within a frame")
