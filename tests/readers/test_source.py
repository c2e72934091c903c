"""Where data comes from: files, pipes and uploads, compressed and encoded in any way, in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import threading

import pytest
import zstandard

from sysdesign.errors import BadFile, InvalidInput
from sysdesign.readers import decompression, source
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source

TEXT = "".join(f"line {n} of many: {n * 7919 % 1013}\n" for n in range(60_000))
PACKED = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress, "zst": zstandard.compress}


def lines_of(given, notices=None) -> list[str]:
    with Source(given).opened() as stream:
        return [line for _, line in stream.lines(notices or Notices())]


@pytest.mark.parametrize("kind", PACKED)
def test_compressed_by_content_whatever_the_name(tmp_path, kind):
    path = tmp_path / "data.txt"
    path.write_bytes(PACKED[kind](TEXT.encode()))
    assert lines_of(path) == TEXT.splitlines()
    halves = TEXT[:700_000].encode(), TEXT[700_000:].encode()
    assert lines_of(b"".join(map(PACKED[kind], halves))) == TEXT.splitlines()


@pytest.mark.parametrize("kind", PACKED)
def test_a_damaged_or_short_file_is_an_error_and_not_a_shorter_one(kind):
    packed = PACKED[kind](TEXT.encode())
    for data in (packed[:-30], packed[: len(packed) // 2]):
        with pytest.raises(BadFile, match="the compressed file is damaged"):
            lines_of(data)


@pytest.mark.parametrize("kind", PACKED)
def test_a_bomb_is_read_in_bounded_pieces_and_refused_as_an_upload(monkeypatch, kind):
    packed = PACKED[kind](b"0\n" * 20_000_000)
    with Source(packed).opened() as stream:
        assert max(len(piece) for _, piece in zip(range(20), stream.raw(), strict=False)) <= 64 << 20
    monkeypatch.setattr(source, "MOST_UPLOADED_BYTES", 10 << 20)
    with pytest.raises(BadFile, match="an upload of more than 10 MB"):
        lines_of(packed)


def test_an_xz_file_may_not_ask_for_any_memory(monkeypatch):
    monkeypatch.setattr(decompression, "MOST_DICTIONARY_BYTES", 1 << 20)
    with pytest.raises(BadFile, match="Memory usage limit"):
        lines_of(lzma.compress(b"a\n" * 10, preset=9))


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "UTF-16"), ("utf-32", "UTF-32"), ("cp1252", "Windows-1252")],
)
def test_encodings_with_and_without_marks(encoding, said):
    notices, text = Notices(), "größe,café\n" * 40_000
    assert lines_of(text.encode(encoding), notices) == text.splitlines()
    assert (said in " ".join(notices.texts)) and bool(notices.texts) == bool(said)


def test_line_ends_of_any_system():
    assert lines_of(b"a\r\nb\r\n") == lines_of(b"a\rb\r") == lines_of(b"a\nb") == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty. Give"),
        (b"a\nb\0c\n", ":2: the file is not text"),
        (b"PK\x03\x04rest", "a zip archive or spreadsheet"),
        (b"x" * 3_000_000, "longer than 1 MB"),
        ("a\nb".encode("utf-16") + b"\x00", "not UTF-16"),
        ("1,5\n10,9\n".encode("utf-16-le"), ":1: it looks like UTF-16 without the mark"),
        ("1,5\n10,9\n".encode("utf-16-be"), ":1: it looks like UTF-16 without the mark"),
    ],
)
def test_what_is_no_text_is_said(data, message):
    with pytest.raises(BadFile, match=message):
        lines_of(data)


def test_paths_that_hold_nothing_to_read(tmp_path):
    for path in (tmp_path, tmp_path / "nothing", "a\0b"):
        with pytest.raises(InvalidInput, match="give the path of a file, or - for a pipe"):
            lines_of(path)


def test_a_pipe_is_read_as_it_is_written(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    packed = gzip.compress(TEXT.encode())

    def write():
        with open(pipe, "wb", buffering=0) as file:
            for byte in packed[:4]:
                file.write(bytes([byte]))  # the magic in pieces
            file.write(packed[4:])

    writer = threading.Thread(target=write)
    writer.start()
    assert lines_of(pipe) == TEXT.splitlines()
    writer.join()


def test_standard_input_and_a_second_reading(monkeypatch):
    class Stdin:
        buffer = io.BytesIO(b"a\nb\n")

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert lines_of("-") == ["a", "b"]
    with pytest.raises(BadFile, match="a pipe can be read only once"):
        lines_of("-")


def test_process_substitution_and_dev_stdin(tmp_path):
    code = (
        "import sys; from sysdesign.readers.source import Source\nwith Source(sys.argv[1]).opened() as s: print(s.head)"
    )
    for shell in (
        '"$0" -c "$1" <(printf hello)',
        'printf hello | "$0" -c "$1" /dev/stdin',
        'printf hello | "$0" -c "$1" -',
    ):
        run = subprocess.run(["bash", "-c", shell, sys.executable, code], capture_output=True, text=True)
        assert run.stdout.strip() == "b'hello'", run.stderr


def test_progress_tells_bytes_and_size(tmp_path):
    path, told = tmp_path / "x", []
    path.write_bytes(b"a\n" * 1_000_000)
    with Source(path, progress=lambda *given: told.append(given)).opened() as stream:
        assert sum(map(len, stream.raw())) == 2_000_000
    assert told == [(1 << 20, 2_000_000), (2_000_000, 2_000_000)]
