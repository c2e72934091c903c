"""Every kind of trace: hit ratios against a dictionary LRU over keys read by hand, and what is said of the reading."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from sysdesign.errors import BadFile, InvalidInput
from sysdesign.models import caching
from sysdesign.operations.modeling import run_model
from sysdesign.readers import traces
from sysdesign.readers.traces import Trace, replay_file
from tests.models.plain_sized_caches import SIZED

FILES = Path(__file__).parent / "files"


def pattern(keys) -> list[int]:
    seen: dict = {}
    return [seen.setdefault(key, len(seen)) for key in keys]


def read(given, **said) -> tuple[list[int], Trace]:
    """The requests, keys numbered by first sight, and the trace that says how it was read."""
    trace = Trace(given, **said)
    return pattern(np.concatenate([np.empty(0, np.int64), *trace.chunks()]).tolist()), trace


def lru_hits(keys, capacity: int) -> int:
    held: OrderedDict = OrderedDict()
    hits = 0
    for key in keys:
        hits += key in held
        held[key] = held.pop(key, True)
        if len(held) > capacity:
            held.popitem(last=False)
    return hits


def ratio(name: str, capacity: int, policy: str = "lru", **said) -> float:
    found = replay_file(FILES / name, [policy], [capacity], **said)
    return round(100 * found.caches[0].hit_ratio, 1)


@pytest.mark.parametrize(
    ("name", "capacity", "policy", "said", "wanted"),
    [
        ("access-log-browsers.log", 4, "lru", {}, 53.3),
        ("access-log-browsers.log", 4, "lru", {"column": 7}, 53.3),
        ("blocks-with-device.lis", 64, "lru", {}, 75.2),
        ("trace-semicolons.csv", 5, "lru", {"column": 2}, 72.7),
        ("trace-semicolons.csv", 5, "lru", {"column": "key"}, 72.7),
        ("trace-bom.txt", 5, "lru", {}, 50.0),
        ("three-rounds.keys", 500, "s3fifo", {}, 27.7),
        ("three-rounds.keys", 500, "s3fifo-simulator", {}, 44.4),
    ],
)
def test_ratios_computed_apart(name, capacity, policy, said, wanted):
    assert ratio(name, capacity, policy, **said) == wanted


def test_an_access_log_by_any_field():
    keys, trace = read(FILES / "access-log-browsers.log")
    lines = (FILES / "access-log-browsers.log").read_text().splitlines()
    assert keys == pattern(line.split()[6] for line in lines)
    assert (
        "path as the key; others: url, method" in trace.notices.texts[0] and "trace_column=" in trace.notices.texts[0]
    )
    assert read(FILES / "access-log-browsers.log", column="agent")[0] == pattern(line.split('"')[5] for line in lines)
    assert read(FILES / "access-log-browsers.log", column="host")[0] == pattern(line.split()[0] for line in lines)
    with pytest.raises(InvalidInput, match=r"'aegnt'.*Did you mean agent"):
        read(FILES / "access-log-browsers.log", column="aegnt")


LOG = (
    '192.0.2.1 - ann [01/Feb/2026:10:00:00 +0000] "GET /a?x=1 HTTP/1.1" 200 10 "-" "One, \\"quoted\\" agent; x"\n'
    'site:443 192.0.2.1 - - [01/Feb/2026:10:00:01 +0000] "GET /a?x=2 HTTP/1.1" 200 20 "-" "b"\n'
    '192.0.2.2 - - [01/Feb/2026:10:00:02 +0000] "-" 408 0 "-" "-"\n'
    '192.0.2.2 - - [01/Feb/2026:10:00:03 +0000] "\\x16\\x03" 400 -\n'
    '192.0.2.2 - - [01/Feb/2026:10:00:04 +0000] "POST /b HTTP/2.0" 304 -\n'
)


def test_odd_lines_of_an_access_log_are_left_out_and_counted():
    keys, trace = read(LOG.encode(), layout="access_log")
    assert keys == [0, 0, 1]
    assert "2 lines are no requests with a path and were left out" in trace.notices.texts
    assert read(LOG.encode(), column="url")[0] == [0, 1, 2]
    (_, sizes), *_ = Trace(LOG.encode()).requests()
    assert sizes.tolist() == [10, 20, 0]


def test_servers_own_logs():
    for name in ("nginx-access.log", "apache-common.log", "apache-combined.log"):
        lines = (FILES / name).read_text().splitlines()
        asked = [line.split('"')[1].split() for line in lines]
        wanted = [words[1].partition("?")[0] for words in asked if words[0].isalpha()]
        assert len(wanted) == len(lines) - 1 > 8 and read(FILES / name)[0] == pattern(wanted), name


def test_memcached_logs_of_commands():
    reads = "u1 u2 u1 u2 u3 u2 u3 cnt a b c u2".split()
    keys, trace = read(FILES / "memcached-vv.log")
    assert keys == pattern(reads)
    assert "trace_commands=" in trace.notices.texts[0]
    every = "u1 u1 u2 u1 u2 u3 u2 u1 u2 u3 u3 cnt cnt cnt cnt a b c u3 u2".split()
    assert read(FILES / "memcached-vv.log", commands="all")[0] == pattern(every)
    watched, _ = read(FILES / "memcached-watch.log")
    assert watched == pattern("u1 u1 u2 u1 u2".split())
    assert read(b"ts=1.2 gid=1 type=item_get key=a%2Cb status=found\nts=1.2 gid=1 type=item_get key=a%2cb x\n")[0] == [
        0,
        0,
    ]


def test_block_ranges_with_and_without_a_device():
    four, three = b"5 3 0 0\n5 2 1 1\n6 1 0 2\n", b"5 3 0\n6 2 1\n7 1 2\n"
    keys, trace = read(four)
    assert keys == [0, 1, 2, 0, 1, 1] and "if it is a device, trace_device=yes" in trace.notices.texts[0]
    keys, trace = read(four, device="yes")
    assert keys == [0, 1, 2, 3, 4, 1] and "trace_device=no" in trace.notices.texts[0]
    assert read(three)[0] == [0, 1, 2, 1, 2, 2]
    assert read(b"5 3\n6 1\n", layout="blocks")[0] == [0, 1, 2, 1]
    with pytest.raises(BadFile, match=r"2 columns.*Say which column is the key"):
        read(b"5 3\n6 1\n")
    for far in (f"{2**50} 1 1 0", "1 1 4096 0"):
        with pytest.raises(BadFile, match="start block is below"):
            read(far.encode() + b"\n", layout="blocks", device="yes")


def test_a_range_of_a_trillion_blocks_is_refused_at_once():
    with pytest.raises(BadFile, match=r"found '0 1000000000000 0 0'.*number of blocks \(1 to 16,777,216\)"):
        read(b"0 1000000000000 0 0\n")


def test_more_keys_than_memory_allows_are_refused(monkeypatch):
    from sysdesign.models.caching import replacement

    monkeypatch.setattr(replacement, "MOST_DISTINCT", 1_000)
    with pytest.raises(InvalidInput, match="more than 1,000 distinct keys; replay a sample"):
        replay_file_of(b"0 16777216 0 0\n")
    monkeypatch.setattr(traces, "MOST_UPLOADED_REQUESTS", 1_000)
    with pytest.raises(InvalidInput, match="more than 1,000 keys; run it with the command"):
        read(b"0 1001 0 0\n")


def replay_file_of(data: bytes):
    from sysdesign.readers.source import Source

    return replay_file(Source(data), ["lru"], [10])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "::", " "])
def test_tables_with_any_separator(separator):
    rows = [("7", "a b", "x"), ("8", "c,d|e;f", "y"), ("9", "a b", "z")]
    text = "\n".join(separator.join(f'"{each}"' if len(each) > 1 else each for each in row) for row in rows)
    assert read(text.encode(), column=2)[0] == [0, 1, 0]
    assert read((f"t{separator}key{separator}v\n" + text).encode())[0] == [0, 1, 0]
    assert read(text.encode("utf-16"), column=2)[0] == [0, 1, 0]


def test_the_compiled_fields_are_those_of_the_reader_of_headers():
    from sysdesign.readers.delimited import fields

    lines = ['a,"b,c",d', '"x y" z,,w', ' "p" , q ,"r', 'a"b,c"d,e', '"a"b,c,d', "a::b: :c", "1  2\t3"]
    for separator in (",", " ", "::"):
        for line in lines:
            for at, field in enumerate(fields(line, separator)):
                try:
                    trace = Trace(f"{line}\n".encode(), separator=separator, column=at + 1, header="no")
                    (found, _), *_ = trace.requests()
                except BadFile:  # an empty field, or a quote left open, which the reader of headers takes for text
                    assert not field or field.startswith('"'), (line, separator, at)
                    continue
                (bare,) = Trace(f"{field}\n".encode(), layout="keys").chunks()
                assert found.tolist() == bare.tolist(), (line, separator, at)


def test_a_word_over_numbers_is_a_name_and_said_so():
    keys, trace = read(b"key\n1\n2\n1\n")
    assert keys == [0, 1, 0] and "'key', is taken for a name (choose with trace_header=)" in trace.notices.texts[0]
    assert read(b"key\n1\n2\n1\n", header="no")[0] == [0, 1, 2, 1]
    assert read(b"key\na b\nc\na b\n", layout="keys", header="yes")[0] == [0, 1, 0]
    assert read("größe,schlüssel\n1,ä\n2,ö\n3,ä\n".encode("cp1252"), column="schlüssel")[0] == [0, 1, 0]


def test_libcachesim_csv_with_sizes_and_byte_hit_ratio():
    text = b"time,obj_id,obj_size\n1,7,100\n2,8,300\n3,7,100\n4,9,50\n5,8,300\n"
    keys, trace = read(text)
    assert keys == [0, 1, 0, 2, 1]
    said = " ".join(trace.notices.texts)
    assert "read column 'obj_id' as the key" in said and "read column 'obj_size' as the size in bytes" in said
    found = caching.replay("lru", 2, trace=Trace(text))
    assert found.hit_ratio == 0.2 and found.byte_hit_ratio == pytest.approx(100 / 850)
    assert caching.replay("lru", 3, trace=Trace(text)).byte_hit_ratio == pytest.approx(400 / 850)
    assert caching.replay("lru", 2, trace=Trace(text, size_column="none")).byte_hit_ratio is None
    with pytest.raises(BadFile, match="whole number of bytes"):
        read(text.replace(b"300", b"-"), header="yes")


@pytest.mark.parametrize("policy", ["lru", "arc"])
def test_capacities_in_bytes_agree_with_a_second_implementation(policy):
    chance = np.random.default_rng(4)
    requests = [(int(key), int(key) * 37 % 90 + 1) for key in chance.zipf(1.3, 4000) % 200]
    text = "".join(f"{key},{size}\n" for key, size in requests).encode()
    for capacity in (80, 500, 3000):
        wanted = SIZED[policy](requests, capacity)
        trace = Trace(text, column=1, size_column=2)
        found = caching.replay(policy, 1, trace=trace, capacity_bytes=capacity)
        assert found.hit_ratio == sum(wanted) / len(wanted)
        hit_bytes = sum(size for (_, size), hit in zip(requests, wanted, strict=True) if hit)
        assert found.byte_hit_ratio == pytest.approx(hit_bytes / sum(size for _, size in requests))


def test_capacity_in_bytes_is_refused_where_it_cannot_be():
    with pytest.raises(InvalidInput, match="needs the sizes of objects; name their column with trace_size_column="):
        caching.replay("lru", 1, trace=Trace(b"1\n2\n1\n"), capacity_bytes=10)
    with pytest.raises(InvalidInput, match="for wtinylfu-sketch give capacity_keys"):
        caching.replay("wtinylfu-sketch", 1, trace=Trace(b"key,size\n1,2\n1,2\n"), capacity_bytes=10)
    with pytest.raises(InvalidInput, match="generated requests have none"):
        caching.replay("lru", 1, capacity_bytes=10)


KEYS = [(np.random.default_rng(9).zipf(1.2, 500) % 97).tolist(), [2**63 + 5, 7, 2**63 + 5]]


def oracle(keys) -> bytes:
    later: dict = {}
    following = []
    for at in range(len(keys) - 1, -1, -1):
        following.append(later.get(keys[at], -1))
        later[keys[at]] = at
    following.reverse()
    return b"".join(
        struct.pack("<IQIq", 100 + n, key, 10 + n % 5, after)
        for n, (key, after) in enumerate(zip(keys, following, strict=False))
    )


def vscsi(keys, version: int) -> bytes:
    if version == 1:
        return b"".join(struct.pack("<IIIHHQQ", n, 512, 1, 42, 256, key, n) for n, key in enumerate(keys))
    return b"".join(struct.pack("<HHIIIQQQ", 42, 512, n, 512, 1, key, n, 3) for n, key in enumerate(keys))


@pytest.mark.parametrize("keys", KEYS, ids=["many", "few"])
def test_binary_records_are_told_by_what_holds_of_them(keys):
    for data, told, layout in (
        (oracle(keys), "oracleGeneral", "oracle_general"),
        (vscsi(keys, 1), "vscsi, version 1", "vscsi"),
        (vscsi(keys, 2), "vscsi, version 2", "vscsi"),
    ):
        for said in ({}, {"layout": layout}):
            found, trace = read(data, **said)
            assert (found, str(trace.found)) == (pattern(keys), told)
        with pytest.raises(BadFile, match="the last record has 3 of"):
            read(data + b"\0\0\1")
    (_, sizes), *_ = Trace(oracle(keys)).requests()
    assert sizes[:3].tolist() == [10, 11, 12]
    with pytest.raises(BadFile, match="the file is not vscsi"):
        read(oracle(keys), layout="vscsi")
    with pytest.raises(BadFile, match="the file is text, and vscsi is not"):
        read(b"1\n2\n", layout="vscsi")


def test_libcachesim_reads_the_same_binary_files_to_the_same_ratio(tmp_path):
    libcachesim = pytest.importorskip("libcachesim")
    path = tmp_path / "requests.oracleGeneral.bin"
    path.write_bytes(oracle(KEYS[0]))
    reader = libcachesim.TraceReader(str(path), libcachesim.TraceType.ORACLE_GENERAL_TRACE)
    missed, _ = libcachesim.LRU(400).process_trace(reader)
    found = run_model("caching.replay", {"trace": str(path), "capacity_bytes": 400}, files=True).result
    assert 1 - missed == pytest.approx(found.hit_ratio, abs=2e-3)


def test_no_key_asked_for_twice_is_said_with_how_it_was_read():
    answer = run_model("caching.replay", {"trace_column": 1}, uploads={"trace": b"a,1\nb,2\nc,3\n"})
    assert answer.result.hit_ratio == 0
    said = answer.notes[-1]
    assert "none of the 3 requests is for a key asked for before" in said and "read as csv, column 1 of 2" in said


def test_uploads_are_read_by_the_service_as_files_are_by_the_command():
    data = (FILES / "trace-semicolons.csv").read_bytes()
    given = {"trace_column": "key", "capacity_keys": 5}
    one = run_model("caching.replay", given, uploads={"trace": data})
    other = run_model("caching.replay", {**given, "trace": str(FILES / "trace-semicolons.csv")}, files=True)
    assert one.result == other.result and one.notes == other.notes
    for path in (str(FILES / "trace-semicolons.csv"), "/etc/passwd", "-"):
        with pytest.raises(InvalidInput, match="takes a file, which only the command and Python can read"):
            run_model("caching.replay", {**given, "trace": path})


def test_choices_are_known_and_belong_to_a_file():
    with pytest.raises(InvalidInput, match=r"no input 'trace_colum'. Did you mean trace_column"):
        run_model("caching.replay", {"trace_colum": 1}, uploads={"trace": b"1\n"})
    with pytest.raises(InvalidInput, match="trace_column says how to read trace, which is not given"):
        run_model("caching.replay", {"trace_column": 1})
    with pytest.raises(InvalidInput, match=r"trace_layout is 'block'. Did you mean blocks"):
        run_model("caching.replay", {"trace_layout": "block"}, uploads={"trace": b"1\n"})


def test_the_command_reads_pipes_and_prints_the_notes():
    def command(shell: str) -> str:
        env = {**os.environ, "COLUMNS": "200"}
        return subprocess.run(
            ["bash", "-c", shell, sys.executable, str(FILES)], capture_output=True, text=True, env=env
        ).stdout  # fmt: skip

    run = '"$0" -m sysdesign model run caching.replay capacity_keys=5'
    for given in (
        'trace=<(cat "$1"/trace-bom.txt)',
        'trace=/dev/stdin < "$1"/trace-bom.txt',
        'trace=- < "$1"/trace-bom.txt',
    ):
        assert "LRU with room for 5 keys answers 50.0% of requests" in command(f"{run} {given}")
    text = command(f'{run} trace="$1"/trace-semicolons.csv trace_column=key')
    assert "Note: columns separated by semicolon; the first line names the columns" in text


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "line",
    [
        b'1.1.1.1 - - [x] "' + b"\\" * 200_000, b'1.1.1.1 - - [x] "' + b'\\"' * 100_000, b"a " * 200_000,
        b"[" * 200_000,
        b'"' * 200_000, b"<1 get " + b"k " * 100_000, b"ts=1 gid=1 type=item_get key=" + b"%" * 200_000,
        b"9" * 200_000,
        b"ts=" + b"1" * 200_000, b'a "b" ' * 60_000,
    ],
    ids=range(10),
)  # fmt: skip
@pytest.mark.parametrize("layout", ["auto", "access_log", "memcached", "table", "keys"])
def test_hostile_lines_cost_no_more_than_their_length(line, layout):
    try:
        read(line + b"\n" + line + b"\n", layout=layout)
    except InvalidInput as error:
        assert len(str(error)) < 1000
