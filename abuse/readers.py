"""Files of measurements and traces, each of a form whose cost may outgrow its length."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import zstandard

from abuse.trials import Kind
from sysdesign.errors import SysdesignError
from sysdesign.readers import measurements
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source
from sysdesign.readers.traces import Trace

Labeled = Iterator[tuple[str, bytes]]
MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff", "utf-32-le": b"\xff\xfe\x00\x00"}


def kinds() -> Iterator[Kind]:
    """One kind for each sort of file."""
    yield Kind("traces by their form", _traces, _told(_requests), seconds=30)
    yield Kind("measurements by their form", _measurements, _told(_measured), seconds=30)


def _told(read: Callable[[bytes], object]) -> Callable[[Any], None]:
    def attempt(data: bytes) -> None:
        try:
            read(data)
        except SysdesignError as error:
            if len(str(error)) > 3_000:
                raise AssertionError(f"an error of {len(str(error)):,} characters") from None

    return attempt


def _requests(data: bytes) -> None:
    for keys, _ in Trace(Source(data)).requests():
        len(keys)


def _measured(data: bytes) -> None:
    measurements.read_measurements(Source(data), "ms", Choices("latency", {"unit": "ms"}), Notices())


def _traces() -> Labeled:
    """Ranges, columns, long keys and many, encodings, and what decompresses to far more."""
    for run in (1 << 20, 10**9, 10**12, 10**18, -1, 0):
        yield f"100,000 ranges of {run} blocks", b"".join(b"%d %d 0 %d\n" % (n, run, n) for n in range(100_000))
    yield "one range of a trillion", b"0 1 0 0\n1 1 0 1\n2 1 0 2\n3 1000000000000 0 3\n"
    yield "300,000 columns", b"\n".join([b",".join([b"1"] * 300_000)] * 3)
    yield "a header of 10,000 names", b",".join(b"c%d" % n for n in range(10_000)) + b"\n" + b",".join([b"1"] * 10_000)
    yield "a quoted cell of 900 KB", b'key,size\n"' + b"a" * 900_000 + b'",1\n'
    yield "a quoted cell of 900 KB of quotes", b'key,size\n"' + b'""' * 450_000 + b'",1\n'
    yield "keys of 900 KB", (b"a" * 900_000 + b"\n") * 30
    yield "300,000 distinct keys", b"".join(b"key-%d\n" % n for n in range(300_000))
    yield from _encoded("1\n2\n")
    yield from _compressed(b"1\n2\n")


def _encoded(text: str) -> Labeled:
    for name, mark in MARKS.items():
        yield f"{name} of an odd length", mark + text.encode(name) + b"\x31"
        yield f"{name} of half a surrogate", mark + ("\ud800" + text).encode(name, "surrogatepass")
    yield "a mark alone", b"\xff\xfe"
    yield "a million NULs", b"\0" * 1_000_000


def _compressed(text: bytes) -> Labeled:
    """Streams that ask for much, or give far more than they are long."""
    yield "100,000 empty gzip members", gzip.compress(b"") * 100_000
    yield "100,000 empty bzip2 streams", bz2.compress(b"") * 100_000
    yield "10,000 empty xz streams", lzma.compress(b"") * 10_000
    yield "100,000 Zstandard frames", zstandard.compress(b"1\n") * 100_000
    yield "gzip in gzip", gzip.compress(gzip.compress(text))
    packed: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "xz": lzma.compress,
        "bzip2": bz2.compress,
        "Zstandard": zstandard.compress,
    }
    for (name, compress), piece in product(packed.items(), (b"1\n", b"1")):
        yield f"100 MB of {piece!r} as {name}", compress(piece * (1_000_000 // len(piece))) * 100  # a stream for each
    block = (len(text) << 3 | 1).to_bytes(3, "little") + text  # the last, and not compressed
    yield "a Zstandard window of 2 GB", b"\x28\xb5\x2f\xfd\x00\xa8" + block
    yield "an xz dictionary of 4 GB", _xz_asking(40, text)
    yield "an xz dictionary of 1.5 GB", _xz_asking(37, text)


def _xz_asking(size: int, text: bytes) -> bytes:
    """An xz file whose block asks for a dictionary by its code of a size, with the header's checksum made good."""
    data = bytearray(lzma.compress(text))
    at = data.index(b"\x21\x01", 12)  # the filter LZMA2 and the length of its properties
    data[at + 2] = size
    end = 12 + (data[12] + 1) * 4 - 4
    data[end : end + 4] = zlib.crc32(data[12:end]).to_bytes(4, "little")
    return bytes(data)


def _measurements() -> Labeled:
    """Histograms whose counts are odd, tables that are wide, and encodings."""
    for count in ("1e18", "1e308", "-1", "NaN", "+Inf", "1e999", "1" * 5_000):
        rows = "".join(f'a_bucket{{le="{n}"}} {count}\n' for n in range(1, 50))
        yield f"buckets of {count[:9]}", f'# TYPE a histogram\n{rows}a_bucket{{le="+Inf"}} {count}\n'.encode()
        yield f"bounds of {count[:9]}", f'# TYPE a histogram\na_bucket{{le="{count}"}} 5\n'.encode()
        spectrum = "Value Percentile TotalCount 1/(1-Percentile)\n\n"
        yield f"a spectrum of {count[:9]}", f"{spectrum}{count} 0.5 {count} 2\n{count} 1.0 {count} inf\n".encode()
        yield f"numbers of {count[:9]}", f"{count}\n".encode() * 1_000
    yield "counts that fall", b'# TYPE a histogram\na_bucket{le="1"} 5\na_bucket{le="2"} 3\na_bucket{le="+Inf"} 9\n'
    yield "a name of 900 KB", b"a" * 900_000 + b"\n1\n2\n"
    yield "a million ends of lines of old", b"1\r" * 1_000_000
    rows = "".join(f'a_bucket{{le="{n}"}} {n}\n' for n in range(120_000))
    yield "120,000 buckets", f"# TYPE a histogram\n{rows}".encode()
    yield "spectrum up to 1e15", b"Value Percentile TotalCount 1/(1-Percentile)\n1e15 0.5 1 2\n1e15 1.0 2 inf\n"
    yield "300,000 columns", b"\n".join([b",".join([b"1"] * 300_000)] * 3)
    yield "a header of 10,000 names", b",".join(b"c%d" % n for n in range(10_000)) + b"\n" + b",".join([b"1"] * 10_000)
    yield "a quoted cell of 900 KB", b'ms,b\n"' + b"1" * 900_000 + b'",1\n'
    yield "digits of 900 KB", b"1" * 900_000 + b"\n"
    yield "JSON nested 100,000 deep", b"[" * 100_000
    yield "300,000 numbers in JSON", json.dumps(list(range(300_000))).encode()
    yield from _encoded("1\n2\n")
