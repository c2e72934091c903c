"""How the time to read a reader's own file grows: twice the rows may take twice as long, not four times.

Every kind of file that `readers` knows, well formed, as its tool writes it; hostile texts are in `texts`.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path

from benchmarks.measured import grown, growth_line
from sysdesign.readers.choices import Choices
from sysdesign.readers.histories import read_history
from sysdesign.readers.measurements import read_measurements, read_points
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source
from sysdesign.readers.traces import Trace

FILES = Path(__file__).parents[1] / "tests" / "readers" / "files"
LEAST, LONGEST = 1_000, 200_000  # rows
Read = Callable[[bytes], object]
Made = Callable[[int], bytes]


def trace(data: bytes) -> object:
    """All requests of a trace."""
    return [keys for keys, _ in Trace(data).requests()]


def measurements(data: bytes) -> object:
    """A distribution of what was measured, in milliseconds."""
    return read_measurements(Source(data), "ms", Choices("latency"), Notices())


def points(data: bytes) -> object:
    """A list of numbers."""
    return read_points(Source(data), "nodes", Choices("nodes"), Notices())


def history(data: bytes) -> object:
    """The operations or transactions of a history."""
    return read_history(Source(data))


def rows_of(name: str, head: int = 0) -> Made:
    """A file that a tool wrote, its rows after the first `head` lines again and again."""
    lines = (FILES / name).read_text(encoding="utf-8-sig").splitlines()
    return lambda rows: _text([*lines[:head], *islice(cycle(lines[head:]), rows)])


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _events(rows: int, f: str = "write", key: object = "x") -> Iterable[dict[str, object]]:
    """Calls with their answers, one after the other, of ten processes."""
    for at in range(rows // 2):
        for kind in ("invoke", "ok"):
            yield {"process": at % 10, "type": kind, "f": f, "key": key, "value": at}


def _json_lines(rows: int) -> bytes:
    return _text(map(json.dumps, _events(rows)))


def _json_array(rows: int) -> bytes:
    return json.dumps(list(_events(rows))).encode()


def _edn(event: dict[str, object]) -> str:
    return (
        f"{{:process {event['process']}, :type :{event['type']}, :f :{event['f']}, "
        f':key "{event["key"]}", :value {event["value"]}}}'
    )


def _transactions(rows: int) -> bytes:
    steps = [["append", "x", 1], ["r", "y", None]]
    return _text(
        json.dumps({**event, "key": None, "f": "txn", "value": steps}, separators=(",", ":")) for event in _events(rows)
    )


def _columns(rows: int) -> bytes:
    return _text(f"{at // 2 % 10}\t:{('invoke', 'ok')[at % 2]}\t:write\t{at // 2}" for at in range(rows))


def _calls(rows: int) -> bytes:
    return _text(
        json.dumps({"client": at % 10, "op": "put", "key": "x", "value": at, "call": 2 * at, "return": 2 * at + 1})
        for at in range(rows // 2)
    )


def _buckets(rows: int) -> bytes:
    lines = (f'waits_seconds_bucket{{le="{at / 1000}"}} {at}' for at in range(1, rows))
    return _text(["# TYPE waits_seconds histogram", *lines, f'waits_seconds_bucket{{le="+Inf"}} {rows}'])


def _percentiles(rows: int) -> bytes:
    lines = (f"{at:12.3f} {at / rows:.12f} {at:10d} {rows / (rows - at):14.2f}" for at in range(rows))
    return _text(["       Value   Percentile   TotalCount 1/(1-Percentile)", "", *lines])


KINDS: dict[str, tuple[Read, Made]] = {
    "trace, one key a line": (trace, lambda rows: _text(f"key-{at * 7919 % 9973}" for at in range(rows))),
    "trace, one key a line, gzip": (trace, lambda rows: gzip.compress(_text(str(at % 997) for at in range(rows)), 1)),
    "trace, table with header": (trace, rows_of("trace-semicolons.csv", 1)),
    "trace, access log": (trace, rows_of("access-log-browsers.log")),
    "trace, block ranges": (trace, lambda rows: _text(f"{at * 7919 % 9973} 8 0 {at}" for at in range(rows))),
    "trace, memcached -vv": (trace, rows_of("memcached-vv.log")),
    "trace, memcached watch": (trace, rows_of("memcached-watch.log", 1)),
    "trace, oracleGeneral": (
        trace, lambda rows: b"".join(struct.pack("<IQIq", at, at % 97, 10, at + 97) for at in range(rows)),
    ),
    "trace, vscsi": (
        trace, lambda rows: b"".join(struct.pack("<IIIHHQQ", at, 512, 1, 42, 256, at % 97, at) for at in range(rows)),
    ),
    "measurements, one number a line": (measurements, lambda rows: _text(f"{at % 97}.5" for at in range(rows))),
    "measurements, with units": (measurements, rows_of("measured/latency-with-units.txt")),
    "measurements, decimal commas": (measurements, rows_of("measured/loadtest-decimal-comma.csv", 1)),
    "measurements, JMeter": (measurements, rows_of("measured/loadtest-samples.jtl", 1)),
    "measurements, k6": (measurements, rows_of("measured/loadtest-points.csv", 1)),
    "measurements, hey": (measurements, rows_of("measured/hey.csv", 1)),
    "measurements, ab -g": (measurements, rows_of("measured/ab.tsv", 1)),
    "measurements, Prometheus": (measurements, _buckets),
    "measurements, HdrHistogram": (measurements, _percentiles),
    "points": (points, lambda rows: _text(["nodes,per_s", *(f"{at + 1},{at * 90}" for at in range(rows))])),
    "history, JSON lines": (history, _json_lines),
    "history, JSON array": (history, _json_array),
    "history, EDN lines": (history, lambda rows: _text(map(_edn, _events(rows)))),
    "history, EDN vector": (history, lambda rows: f"[{' '.join(map(_edn, _events(rows)))}]".encode()),
    "history, columns": (history, _columns),
    "history, Jepsen's log": (
        history, lambda rows: b"".join(b"INFO  jepsen.util - " + each for each in _columns(rows).splitlines(True)),
    ),
    "history, calls and returns": (history, _calls),
    "history, transactions": (history, _transactions),
}  # fmt: skip


def main() -> None:
    """For each kind the time at n and 2n rows."""
    for name, (read, made) in KINDS.items():
        read(made(LEAST))  # it is read at all: a refusal takes no time
        growth_line(f"{name}: twice the rows", grown(read, made, LEAST, LONGEST))


if __name__ == "__main__":
    main()
