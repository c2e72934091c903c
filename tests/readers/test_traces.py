"""Traces from files: layouts, compression, bad lines, and the same keys however the file is cut."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.errors import BadFile, InvalidInput
from sysdesign.models import caching
from sysdesign.readers import decompression, trace_layouts
from sysdesign.readers.traces import Trace, replay_file
from sysdesign.running.model_run import run


def keys_of(path: Path, layout: str = "auto", column: int | str | None = None) -> list[int]:
    return np.concatenate([np.empty(0, np.int64), *Trace(path, layout=layout, column=column).chunks()]).tolist()


def pattern(keys: list) -> list[int]:
    """Which requests are for the same key: the number of each by first sight."""
    seen: dict = {}
    return [seen.setdefault(key, len(seen)) for key in keys]


@pytest.fixture
def write(tmp_path):
    def writer(text: str | bytes, name: str = "trace.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return writer


def test_one_key_a_line(write):
    path = write("7\nabc\n7\n\n 12 \r\nabc\n007\nGET\n")
    keys = keys_of(path)
    assert keys[0] == keys[2] == 7 and keys[3] == 12
    assert pattern(keys) == [0, 1, 0, 2, 1, 3, 4]
    assert all(key < 0 for key in (keys[1], keys[5], keys[6]))
    assert pattern(keys_of(write("GET /a\nGET /b\nGET /a b\nGET /a\n"), "keys")) == [0, 1, 2, 0]


def test_csv_with_a_chosen_column_by_number_and_by_name(write):
    path = write('time,url,size\n1,"/a,b",10\n2,/c,20\n3,"/a,b",30\n4,,5\n', "log.csv")
    with pytest.raises(BadFile, match=r"log\.csv:5: found '4,,5'.*the column of the key"):
        keys_of(path, column=2)
    path.write_text(path.read_text().replace("4,,5\n", ""))
    assert pattern(keys_of(path, column="url")) == [0, 1, 0]
    assert pattern(keys_of(path, column=2)) == [0, 1, 0]  # a word over numbers in any column is a header
    assert pattern(keys_of(write("a,b\nc,d\na,b\n"), column=1)) == [0, 1, 0]
    assert keys_of(path, column=1) == [1, 2, 3] and keys_of(path, column=3) == [10, 20, 30]
    assert str(Trace(path, column=3).layout()) == "csv, column 3 of 3, with a header"
    with pytest.raises(BadFile, match=r"no column is named 'uri'. Did you mean url"):
        keys_of(path, column="uri")
    with pytest.raises(
        BadFile, match=r"3 columns.*Say which column is the key: trace_column= takes a number from 1 to 3"
    ):
        keys_of(path)
    with pytest.raises(BadFile, match=r"no column 4.*from 1 to 3"):
        keys_of(path, column=4)


def test_an_open_quote_is_reported(write):
    with pytest.raises(BadFile, match=r':2: found \'b,"c\'. Close the quote'):
        keys_of(write('a,x\nb,"c\nd,e\n'), column=2)


def test_columns_with_any_white_space(write):
    path = write("10  a\t1\n20 b 2\n30 a   3\n")
    assert pattern(keys_of(path, column=2)) == [0, 1, 0]
    assert keys_of(path, column=1) == [10, 20, 30]
    with pytest.raises(BadFile, match=r":3: found '30'"):
        keys_of(write("10 a\n20 b\n30\n"), "columns", 2)


def test_block_ranges(write):
    path = write("5 3 0 0\n100 1 0 1\n6 2 0 2\n", "x.lis")
    assert keys_of(path) == [5, 6, 7, 100, 6, 7]
    assert keys_of(path, "columns", 1) == [5, 100, 6]
    for bad in ("5 0 0 3", "5 x 0 3", "-1 2 0 3", "5 2 0", "99999999999999999999 1 0 0"):
        with pytest.raises(BadFile, match=f"x.lis:4: found '{bad}'. A line of block ranges is"):
            keys_of(write(path.read_text() + bad + "\n", "x.lis"), "blocks")
        path = write("5 3 0 0\n100 1 0 1\n6 2 0 2\n", "x.lis")


def test_a_range_longer_than_a_piece_is_still_cut_small(write, monkeypatch):
    monkeypatch.setattr(trace_layouts, "KEYS_AT_ONCE", 10)
    path = write("0 35 0 0\n7 2 0 1\n100 10 0 2\n9 1 0 3\n5 11 0 4\n")
    chunks = list(Trace(path).chunks())
    assert max(map(len, chunks)) <= 10
    ranges = ((0, 35), (7, 2), (100, 10), (9, 1), (5, 11))
    assert np.concatenate(chunks).tolist() == [key for start, run in ranges for key in range(start, start + run)]


def test_compressed_files_are_known_by_their_bytes(write):
    text = "".join(f"{random.Random(n).randrange(50)}\n" for n in range(4000)).encode()
    plain = keys_of(write(text, "plain"))
    frames = zstandard.compress(text[:9001]) + zstandard.compress(text[9001:])
    for name, data in {"gz": gzip.compress(text), "zst": zstandard.compress(text), "two": frames}.items():
        assert keys_of(write(data, name)) == plain
    checked = zstandard.ZstdCompressor(write_checksum=True).compress(text)
    for name, data in {"gz": gzip.compress(text), "zst": checked}.items():
        with pytest.raises(BadFile, match="the compressed file is damaged"):
            keys_of(write(data[:-20], name))
        with pytest.raises(BadFile, match="the compressed file is damaged"):
            keys_of(write(data[:60] + b"junkjunk" + data[68:], name))


LINES = st.lists(st.text('ab1," \t', max_size=6), max_size=30)


@settings(max_examples=150, deadline=None)
@given(lines=LINES, size=st.integers(1, 40))
def test_where_the_file_is_cut_into_pieces_changes_nothing(tmp_path_factory, lines, size):
    path = tmp_path_factory.mktemp("cut") / "t"
    path.write_text("\n".join(lines) + "\nz")

    def outcome():
        try:
            return keys_of(path, "csv", 1)
        except BadFile as error:
            return str(error)

    whole = outcome()
    before = decompression.PIECE_BYTES
    decompression.PIECE_BYTES = size
    try:
        assert outcome() == whole
    finally:
        decompression.PIECE_BYTES = before
    # by Python's own splitting, the first bad line and the keys before it
    fields = [(n, line.strip()) for n, line in enumerate(path.read_text().split("\n"), 1) if line.strip()]
    if not any('"' in line for _, line in fields):
        wanted = [line.split(",")[0].strip() for _, line in fields]
        if all(wanted):
            assert pattern(whole) == pattern(wanted)
        else:
            assert f":{next(n for (n, _), key in zip(fields, wanted, strict=True) if not key)}:" in whole


def test_hashes_tell_many_texts_apart(write):
    words = [f"user:{n}:{n * 7919 % 1000}" for n in range(200_000)]
    assert len(set(keys_of(write("\n".join(words))))) == len(words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n \n", "holds no requests"),
        ("a\0b\n", "not text, nor the records of oracleGeneral or vscsi"),
        ("a b\nc\nd e f\n", "from 1 to 3 fields. Give the layout, trace_layout=: keys"),
    ],
)
def test_files_that_cannot_be_told(write, text, message):
    with pytest.raises(BadFile, match=message):
        keys_of(write(text))


def test_a_line_without_end_is_refused(write):
    with pytest.raises(BadFile, match="longer than 1 MB"):
        keys_of(write("a\nb\n" + "x" * 3_000_000), "keys")


def test_a_missing_file_and_wrong_words(write, tmp_path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        keys_of(tmp_path / "nothing")
    with pytest.raises(InvalidInput, match="cannot be read"):
        keys_of(tmp_path)
    with pytest.raises(InvalidInput, match=r"'block'\. Did you mean blocks"):
        keys_of(write("1\n"), "block")
    with pytest.raises(InvalidInput, match="a trace of keys has no columns to choose"):
        keys_of(write("1\n"), "keys", 2)


def test_replay_of_a_file_counts_every_cache_in_one_pass(write):
    path, told = write("1\n2\n1\n3\n1\n2\n"), []
    found = replay_file(path, ["lru", "fifo"], [2, 3], progress=lambda *given: told.append(given))
    assert [(c.policy, c.capacity_keys, c.hits) for c in found.caches] == [
        ("lru", 2, 2), ("lru", 3, 3), ("fifo", 2, 1), ("fifo", 3, 3),
    ]  # fmt: skip
    assert (found.layout, found.requests, found.distinct_keys) == ("keys", 6, 3)
    assert told == [(12, 12)]
    with pytest.raises(InvalidInput, match="policy"):
        replay_file(path, ["lur"], [2])


def test_the_model_replays_a_file_named_to_the_command(write):
    from sysdesign.readers.files import read_file

    path = write("t,key\n1,a\n2,b\n3,a\n")
    given = {"policy": "lru", "capacity_keys": 5, "trace": str(path), "trace_column": 2, "trace_layout": "csv"}
    answer = run("caching.replay", given, read_file=read_file)
    assert (answer.result.requests_replayed, answer.result.distinct_keys) == (3, 2)
    assert "of the trace" in answer.sentence
    with pytest.raises(InvalidInput, match="only the command and Python"):
        run("caching.replay", given)


def test_the_same_keys_without_compiling(write):
    path = write('a,1\nb,22\n"c,d",1\n,4\n')
    code = (
        "import sys\nfrom sysdesign.readers.traces import Trace\nfrom sysdesign.errors import BadFile\n"
        "try:\n    [print(c.tolist()) for c in Trace(sys.argv[1], layout='csv', column=1).chunks()]\n"
        "except BadFile as error: print(error)\n"
        "print([c.tolist() for c in Trace(sys.argv[1], layout='csv', column=2).chunks()])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code, str(path)], env={**os.environ, "NUMBA_DISABLE_JIT": off},
            capture_output=True, text=True,
        )
        for off in ("0", "1")
    ]  # fmt: skip
    assert runs[0].stdout == runs[1].stdout and "found ',4'" in runs[0].stdout and "22" in runs[0].stdout
    assert runs[1].stderr == ""


def test_the_oltp_trace_gives_the_published_ratios():
    """Megiddo & Modha 2003: LRU on OLTP, to 0.01 point."""
    folder = os.environ.get("SYSDESIGN_DATA")
    if not folder:
        pytest.skip("SYSDESIGN_DATA is unset; it names the folder that holds traces/OLTP.lis.zst")
    sizes = [1000, 2000, 5000, 10000, 15000]
    found = replay_file(Path(folder) / "traces/OLTP.lis.zst", ["lru"], sizes)
    assert (found.layout, found.requests, found.distinct_keys) == ("blocks", 914_145, 186_880)
    ratios = [100 * cache.hit_ratio for cache in found.caches]
    assert ratios == pytest.approx([32.83, 42.47, 53.65, 60.70, 64.63], abs=0.01)
    smaller = replay_file(Path(folder) / "traces/OLTP.lis.zst", ["lru"], [size - 1 for size in sizes])
    for cache, published in zip(smaller.caches[:1], [32.83], strict=True):  # one key fewer is told apart
        assert abs(100 * cache.hit_ratio - published) > 0.01


def test_four_requests_tell_little_of_the_hit_ratio(tmp_path):
    (tmp_path / "four.keys").write_text("a\nb\na\nc\n")
    found = caching.replay("lru", 2, trace=Trace(tmp_path / "four.keys"))
    # Wilson's interval of 1 in 4 at 95%, by the formula with z = 1.96
    assert (found.hit_ratio, found.hit_ratio_low, found.hit_ratio_high) == pytest.approx(
        (0.25, 0.0456, 0.6994), abs=1e-4
    )


def test_streams_one_after_the_other_are_read_across_steps(write):
    lines = [b"%d\n" % n for n in range(2_000)]
    assert sum(len(gzip.compress(line)) for line in lines) > 2 * decompression.STEP_BYTES
    for compress in (gzip.compress, zstandard.compress):
        assert keys_of(write(b"".join(map(compress, lines)), "many")) == list(range(2_000))
