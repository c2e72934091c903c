"""Requests to a running service: whatever is sent, it answers others, and says what would work.

The service is a process of its own over the tests' small reference, on this machine alone.
"""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from abuse.trials import Kind
from benchmarks.served import serving
from sysdesign.models.declaration import Parameter, inputs_of, outputs_of, result_type_of
from sysdesign.models.registry import models

SMALL = Path(__file__).parents[1] / "tests" / "site" / "reference"
RUN = "/api/models/caching.stampede/run"
LONG = "/api/models/caching.replay/run"  # ten million requests, no interval narrow enough to stop before
LONG_BODY = json.dumps({"inputs": {"requests": 10_000_000, "catalog_keys": 10_000_000, "precision": 1e-9}}).encode()
JSON = {"Content-Type": "application/json"}
SAID = {200, 304, 307, 308, 400, 403, 404, 405, 408, 413, 415, 422, 503}
LONGEST = 4_000  # characters of an error: what was sent is not said back whole
COUNTS = frozenset((
    "trials", "most_trials", "most_runs", "most_draws", "most_customers", "draws", "requests", "customers", "keys",
    "servers", "nodes", "clients", "replicas", "steps",
))  # fmt: skip
ANSWER_S = 120.0  # for any answer; a run ends after ten, or sixty while kernels compile, and waits twenty at most

Sent = tuple[str, str, dict[str, str], bytes]  # method, path, headers, body


def kinds() -> Iterator[Kind]:
    """Kinds of requests, to one service that ends with the iteration."""
    with tempfile.TemporaryDirectory() as folder, serving(SMALL, Path(folder, "site"), watch=False) as address:
        port = int(urlsplit(address).port or 0)
        yield Kind("paths", _paths, lambda sent: _answered(port, sent), ANSWER_S)
        yield Kind("bodies", _bodies, lambda sent: _answered(port, sent), ANSWER_S)
        yield Kind("questions for an input", _solves, lambda sent: _answered(port, sent), ANSWER_S)
        yield Kind("files in one body", _uploads, lambda sent: _answered(port, sent), ANSWER_S)
        yield Kind("queries", _queries, lambda sent: _answered(port, sent), ANSWER_S)
        yield Kind("pages of other origins", _foreign, lambda sent: _refused(port, sent), ANSWER_S)
        yield Kind("bytes that are no request", _bytes, lambda data: _closed(port, data), ANSWER_S, at_once=8)
        yield Kind("models at the ends of their inputs", _corners, lambda sent: _answered(port, sent), 2 * ANSWER_S)
        yield Kind("askers who leave", _leavers, lambda count: _left(port, count), 2 * ANSWER_S)
        yield Kind("runs at once", _floods, lambda count: _flood(port, count), 3 * ANSWER_S, few=1)


def _paths() -> Iterator[tuple[str, Sent]]:
    starts = ("/", "/api/", "/api/sections/", "/api/models/", "/api/decisions/", "/05-caching-strategies/")
    ends = (
        "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc%2fpasswd", "%00", "%ff%fe", "a" * 8_000,
        "%ed%a0%80", "//etc/passwd", "..\\..\\etc\\passwd", "?section=" + "%F0%9F%98%80" * 500, "#", "%", "%zz", "é",
        "%0d%0aSet-Cookie:a=b", "CON", "~", "." * 300, "a/" * 2_000, "{}", "${7*7}", "'%22%3E", ".site", "index.html/",
    )  # fmt: skip
    for start in starts:
        for end in ends:
            yield f"{start}{end[:40]!r}", ("GET", start + quote(end, safe="/%?=&#.\\~"), {}, b"")


def _bodies() -> Iterator[tuple[str, Sent]]:
    digits = "9" * 5_000
    values = (
        digits, "-" + digits, f"1.{digits}", f"1e{digits}", "1e999", "NaN", "Infinity", '"\\ud800"', '"\\u0000"',
        "null", "true", "[]", "{}", "[" * 60 + "]" * 60, "[" * 900 + "]" * 900,
        "[" * 5_000 + "]" * 5_000, '{"a":' * 5_000 + "1" + "}" * 5_000, f'"{digits}"',
        '"1e400"', '"' + "(" * 5_000 + '"',
        '"٣"', '"1,2,3"', '"1_000"', "[" + "1," * 50_000 + "1]", '"../../etc/passwd"', '"/dev/zero"', '"-"',
        '"exponential(mean=0)"',
    )  # fmt: skip
    paths = (RUN, LONG, "/api/models/graphql.query_cost/run", "/api/models/tail.wait_for/run")
    names = ("arrivals_per_s", "requests", "query", "latency", "trace", "policy", "\\ud800")
    for path in paths:
        for name in names:
            for value in values:
                body = f'{{"inputs": {{"{name}": {value}}}}}'.encode()
                yield f"{name} {value[:30]} to {path}", ("POST", path, JSON, body)
    for body in (b"", b"{", b"\xff", b"[]", b"1", b'{"inputs": 1}', b'{"inputs": [1]}', b"\x00" * 1000, b" " * 300_000):
        for kind in (
            "application/json",
            "text/plain",
            "multipart/form-data; boundary=a",
            "application/octet-stream",
            "",
        ):
            yield f"{body[:20]!r} as {kind!r}", ("POST", LONG + "?file=trace", {"Content-Type": kind}, body)


def _solves() -> Iterator[tuple[str, Sent]]:
    """What value of an input gives a result: hostile wishes, inputs that are none, and the heaviest models."""
    digits = "9" * 5_000
    values = (
        "NaN", "nan", "inf", "-inf", "1e400", "1e308", "-1e308", "1e-400", "0", "-0", digits, f"1e{digits}", "0x10",
        "1_000", "1,000", "٣", "1/0", "1 s/s/s", "1 KB", "(" * 70, "1%" * 30, "''", "", " ", "\x00", "\u202e1", "1\n2",
        "10**10**10", "__import__('os')", "1 to 2", "> 1", "s" * 80, "s" * 81, "a" * 250_000,
    )  # fmt: skip
    for value in values:
        for sign in ("=", "<=", ">"):
            yield f"mean_wait_s{sign}{value[:30]!r}", _solve("queueing.mmc", "servers", f"mean_wait_s{sign}{value}")
    wishes = (
        "", "=", "<=1", "mean_wait_s", "mean_wait_s==1", "mean_wait_s=<1", "mean_wait_s!=1", "nothing=1", "_=1",
        "mean_wait_s.__class__=1", "a" * 250_000, "=" * 250_000, " " * 250_000, "a" * 200_000 + "=1",
        "mean_wait_s=1;" * 900, "é=1", "mean_wait_s = 1" + "\n" * 50_000, "\ud800=1",
    )  # fmt: skip
    for wish in wishes:
        yield f"the wish {wish[:30]!r}", _solve("queueing.mmc", "servers", wish)
    for unknown in ("", "nothing", "a" * 250_000, "é" * 100_000, "\ud800", "\x00", "__class__", "SERVERS", "servers "):
        yield f"for {unknown[:30]!r}", _solve("queueing.mmc", unknown, "mean_wait_s=1")
    for body in (
        {}, {"solve": "servers"}, {"for": "mean_wait_s=1"}, {"solve": 1, "for": 2}, {"solve": [], "for": {}},
        {"solve": None, "for": None}, {"solve": "servers", "for": True}, {"solve": ["servers"], "for": "mean_wait_s=1"},
        {"solve": "servers", "for": "mean_wait_s=1", "inputs": {"servers": 3}},
        {"solve": "servers", "for": "mean_wait_s=1", "inputs": {"services_per_s": "NaN"}},
        {"solve": "servers", "for": "mean_wait_s=1", "inputs": {"nothing": 1}},
    ):  # fmt: skip
        yield f"{body}", ("POST", "/api/models/queueing.mmc/solve", JSON, json.dumps(body).encode())
    for name, each in models().items():
        numbers = {key: one for key, one in inputs_of(each.function).items() if one.kind in ("number", "integer")}
        result = next((key for key, one in outputs_of(result_type_of(each.function)).items() if not one.drawn), "")
        heavy = {key: one.input.high for key, one in numbers.items() if one.input.high and key in COUNTS}
        unknown = next((key for key in numbers if key not in heavy), "")
        if heavy and unknown:
            yield f"{name} for {unknown} at its most work", _solve(name, unknown, f"{result}=1.5", heavy)


def _solve(name: str, unknown: str, wish: str, inputs: Mapping[str, Any] | None = None) -> Sent:
    body = json.dumps({"solve": unknown, "for": wish, "inputs": inputs or {}}).encode()
    return "POST", f"/api/models/{name}/solve", JSON, body


def _uploads() -> Iterator[tuple[str, Sent]]:
    """Two files, one behind the other, whose lengths and names say something else than the body."""
    one, other = b"1\n2\n3\n", b"0.5\n0.5\n0.5\n"
    two, long = [("gaps_s", len(one)), ("services_s", len(other))], "9" * 5_000
    yield "as it should be", _files(two, one + other)
    for count in (
        "",
        "0",
        "-1",
        "+6",
        " 6",
        "6.0",
        "6e0",
        "0x6",
        "٦",
        "³",
        "1_0",
        "5",
        "7",
        "99999999999",
        long,
        "NaN",
        "a",
        "\x00",
    ):
        yield f"the first of {count[:20]!r}", _files([("gaps_s", count), two[1]], one + other)
        yield f"both of {count[:20]!r}", _files([("gaps_s", count), ("services_s", count)], one + other)
        yield f"a single file of {count[:20]!r}", _files([("gaps_s", count)], one)
    for label, parts, body in (
        ("no lengths", [("gaps_s", None), ("services_s", None)], one + other),
        ("one length for two", [two[0], ("services_s", None)], one + other),
        ("two lengths for one", [two[0], (None, len(other))], one + other),
        ("lengths alone", [(None, len(one)), (None, len(other))], one + other),
        ("no body", two, b""), ("half the body", two, one), ("more than the body", two, one + other + b"1" * 9_000),
        ("two files of nothing", [("gaps_s", 0), ("services_s", 0)], b""),
        ("a file of nothing", [("gaps_s", None)], b""),
        ("a name twice", [two[0], ("gaps_s", len(other))], one + other), ("no name", [("", 6), ("", 12)], one + other),
        ("five hundred files", [(f"gaps_{n}", 0) for n in range(500)], b""),
        ("names of no input", [("nothing", len(one)), ("../../etc/passwd", len(other))], one + other),
        ("a name that is a number's", [("servers", len(one)), ("services_s", len(other))], one + other),
        ("half a character", [("\udcff", len(one)), two[1]], one + other),
        ("a name of 1,500 characters", [("g" * 1_500, len(one)), two[1]], one + other),
        ("a cut inside a number", [("gaps_s", 3), ("services_s", len(one + other) - 3)], one + other),
        ("files that are none", [("gaps_s", 9_000), ("services_s", 9_000)], b"\x00\xff" * 9_000),
        ("compressed without end", [("gaps_s", 3), ("services_s", 3)], b"\x1f\x8b\x08" * 2),
    ):  # fmt: skip
        yield label, _files(parts, body)
    for more in (
        "inputs={", "inputs=[]", "inputs=" + quote("[" * 1_900), 'inputs={"gaps_s":"1"}', "chart=" + "y" * 1_900,
        "solve=servers&for=mean_wait_s=1", "inputs=%ff", 'inputs={"servers":1e400}', "file=%00&bytes=0",
    ):  # fmt: skip
        method, path, headers, body = _files(two, one + other)
        yield f"two files and {more[:30]}", (method, f"{path}&{quote(more, safe='=&%')}", headers, body)
        yield (
            f"{more[:30]}, solved",
            (method, f"{path.replace('/run', '/solve')}&{quote(more, safe='=&%')}", headers, body),
        )


def _files(parts: Sequence[tuple[str | None, object]], body: bytes) -> Sent:
    """An upload to a model that takes two files; a part of its address is left out where it is None."""
    said = [(key, value) for part in parts for key, value in zip(("file", "bytes"), part, strict=True)]
    query = urlencode([(key, value) for key, value in said if value is not None], errors="surrogateescape")
    return "POST", f"/api/models/queueing.lindley/run?{query}", {"Content-Type": "application/octet-stream"}, body


def _queries() -> Iterator[tuple[str, Sent]]:
    pieces = (
        "a",
        "a-",
        "-",
        "cache ",
        "*",
        '"',
        "(",
        "AND ",
        "NEAR(",
        "%00",
        "é",
        "缓",
        "\u202e",
        "a'",
        "'",
        "^",
        ":",
        "{",
    )
    limits = ("10", "0", "-1", "1" + "0" * 30, "9" * 5_000, "٣", "1e3", "")
    for piece in pieces:
        for length in (3, 299, 2_000, 5_000):  # longer heads are cut off while they are sent
            text = quote((piece * length)[:length], safe="%")
            yield f"{piece!r} to {length} characters", ("GET", f"/api/search?q={text}", {}, b"")
    for limit in limits:
        yield f"limit {limit[:20]!r}", ("GET", f"/api/search?q=cache&limit={quote(limit)}", {}, b"")


def _foreign() -> Iterator[tuple[str, Sent]]:
    for origin in ("https://stranger.example", "null", "http://127.0.0.1:1", "http://localhost", "file://"):
        for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            yield f"{origin}, {kind}", ("POST", RUN, {"Content-Type": kind, "Origin": origin}, b"{}")
    for origin in ("http://127.0.0.1@stranger.example", "ftp://127.0.0.1", "http://127.0.0.1.", "127.0.0.1", ""):
        yield f"origin {origin!r}", ("POST", RUN, {**JSON, "Origin": origin}, b"{}")
    for site in ("cross-site", "same-site"):
        yield site, ("POST", RUN, {**JSON, "Sec-Fetch-Site": site}, b"{}")
        yield (
            f"{site}, a picture",
            ("GET", "/api/decisions", {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}, b""),
        )
    for host in ("stranger.example", "127.0.0.1.stranger.example", "", "127.0.0.1@stranger.example"):
        yield f"host {host!r}", ("GET", "/", {"Host": host}, b"")


def _bytes() -> Iterator[tuple[str, bytes]]:
    head = b"POST " + RUN.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    yield "no byte", b""
    yield "half a line", b"GET / HT"
    yield "half a head", head
    yield "half a body", head + b"Content-Length: 1000\r\n\r\n{"
    upload = b"POST /api/models/queueing.lindley/run?file=gaps_s&bytes=6&file=services_s&bytes=900 HTTP/1.1\r\n"
    upload += b"Host: 127.0.0.1\r\nContent-Type: application/octet-stream\r\n"
    yield "half of two files", upload + b"Content-Length: 906\r\n\r\n1\n2\n3\n"
    yield "two files in chunks, cut off", upload + b"Transfer-Encoding: chunked\r\n\r\n6\r\n1\n2\n3\n\r\n384\r\n1\n"
    yield "two files and a length of 2^60", upload + b"Content-Length: 1152921504606846976\r\n\r\n1\n"
    yield "two lengths", head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
    yield "length and chunks", head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield "a chunk of 2^60", head + b"Transfer-Encoding: chunked\r\n\r\n1000000000000000\r\n{"
    yield "a negative length", head + b"Content-Length: -1\r\n\r\n"
    yield "a head of a megabyte", b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n"
    yield "ten thousand headers", b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 10_000 + b"\r\n"
    yield "15,000 short headers", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X:\r\n" * 15_000 + b"\r\n"
    yield "15,000 trailers", head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X:\r\n" * 12_000 + b"\r\n"
    yield "a chunk for each byte", head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 200_000
    yield "a body after its answer", b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000\r\n\r\n" + b" " * 900
    yield "UTF-16", head + b"Content-Length: 10\r\n\r\n" + b"\xff\xfe{\x00}\x00 \x00 \x00"
    yield "TLS", bytes.fromhex("16030102000100001fc0303f") + b"\x00" * 400
    yield "zeros", b"\x00" * 10_000
    yield "HTTP/9.9", b"GET / HTTP/9.9\r\n\r\n"
    yield "an upgrade", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def _corners() -> Iterator[tuple[str, Sent]]:
    """Every model with every number at its least, and at its most."""
    for name, each in models().items():
        for end in ("low", "high"):
            ends = {key: _end(one, end) for key, one in inputs_of(each.function).items()}
            inputs = {key: value for key, value in ends.items() if value is not None}
            body = json.dumps({"inputs": inputs}).encode()
            yield f"{name} at its {end}", ("POST", f"/api/models/{name}/run", JSON, body)


def _end(parameter: Parameter, end: str) -> Any:
    value = getattr(parameter.input, end)
    if value is None or parameter.kind not in ("number", "integer", "numbers", "samples"):
        return None
    return [value] * 60 if parameter.kind in ("numbers", "samples") else value


def _leavers() -> Iterator[tuple[str, int]]:
    for count in (1, 6, 12, 24):
        yield f"{count} who leave", count


def _floods() -> Iterator[tuple[str, int]]:
    for count in (40, 80):
        yield f"{count} runs", count


def _ask(port: int, sent: Sent) -> tuple[int, dict[str, str], bytes]:
    method, path, headers, body = sent
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in {**headers, **({"Content-Length": str(len(body))} if body else {})}.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def _answered(port: int, sent: Sent) -> None:
    """The answer is one that the sender can use, with the headers that all carry; pages are answered after it."""
    status, headers, body = _ask(port, sent)
    assert status in SAID, f"status {status}"
    assert "default-src 'self'" in headers.get("content-security-policy", ""), "no policy"
    assert b"Traceback" not in body and b"root:" not in body, "tells of its host"
    if status >= 400 and "json" in headers.get("content-type", ""):
        message = json.loads(body)["error"]["message"]
        assert 0 < len(message) < LONGEST, f"says {len(message):,} characters"
    _page(port)


def _page(port: int) -> None:
    assert _ask(port, ("GET", "/", {}, b""))[0] == 200, "no page"


def _refused(port: int, sent: Sent) -> None:
    status, headers, _ = _ask(port, sent)
    assert status in (400, 403, 415), f"status {status}"
    assert "content-security-policy" in headers, "no policy"


def _closed(port: int, data: bytes) -> None:
    """The connection ends, whether by an answer or not, and pages are answered meanwhile."""
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S) as connection:
        try:
            connection.sendall(data)
            _page(port)
            while connection.recv(65536):
                pass
        except (ConnectionResetError, BrokenPipeError):
            return


def _left(port: int, count: int) -> None:
    """Askers of long runs hang up; a page and a run are answered then."""
    asked = []
    for _ in range(count):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
        connection.request("POST", LONG, LONG_BODY, JSON)
        asked.append(connection)
    _page(port)
    for connection in asked:
        connection.close()
    _page(port)
    status, _, _ = _ask(port, ("POST", RUN, JSON, b"{}"))
    assert status == 200, f"a run after them: status {status}"


def _flood(port: int, count: int) -> None:
    """Every one of many long runs is answered, and a page while they run."""
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(_ask(port, ("POST", LONG, JSON, LONG_BODY))[0]))
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    for _ in range(20):
        _page(port)
    for thread in threads:
        thread.join(2 * ANSWER_S)
    assert len(statuses) == count and set(statuses) <= {200, 422, 503}, f"{len(statuses)} of {count}: {set(statuses)}"
