"""JSON of load generators: a point a line (k6, vegeta), or one report with percentiles."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sysdesign.errors import BadFile
from sysdesign.readers.amounts import Amounts
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices
from sysdesign.readers.percentiles import Percentiles
from sysdesign.readers.source import Opened

Reader = Callable[[Opened, str, Choices, Notices], Percentiles]

K6_TIME = "http_req_duration"
MOST_REPORT_BYTES = 8 << 20
KEY = re.compile(r"p?\(?([0-9]{1,2}(?:\.[0-9]{1,4})?|[0-9]{1,2}_[0-9]{1,2})\)?(?:th)?")
# Where each tool's report keeps its percentiles, and their unit; by the tools' own sources.
REPORTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("k6", ("metrics", K6_TIME, "values"), "ms"),
    ("k6", ("metrics", K6_TIME), "ms"),
    ("vegeta", ("latencies",), "ns"),
    ("oha", ("latencyPercentiles",), "s"),
)


def recognized(head: str) -> Reader | None:
    """The reader of a report; None where the head is none, or holds a point a line."""
    text = head.lstrip()
    if not text.startswith("{") or _is_line(text):
        return None
    return report


def _is_line(text: str) -> bool:
    """Whether the first line is a whole object with another after it, or a point."""
    first = text.partition("\n")[0]
    try:
        read = json.loads(first) if len(first) < 100_000 else None
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and (_is_number(read.get("latency")) or read.get("type") in ("Metric", "Point"))


def report(stream: Opened, wanted: str, choices: Choices, notices: Notices) -> Percentiles:
    """One JSON object with percentiles: k6's summary, vegeta's and oha's reports."""
    read = _loaded(stream)
    for tool, path, unit in REPORTS:
        found = _at(read, path)
        if found is None:
            continue
        amounts = Amounts.of(stream.name, wanted, "", unit, choices, notices).settled(["1"])
        shares = {key: _share(key) or 0.0 for key, value in found.items() if _is_number(value)}
        pairs = [(share, amounts.value(f"{found[key]:.17g}", 1)) for key, share in shares.items() if share]
        if pairs:
            return Percentiles.rising(stream.name, f"the percentiles of {tool}", pairs)
    raise BadFile(
        stream.name, 1, "it is JSON without percentiles that we know",
        "Give k6's or vegeta's points or report, oha's report, or one number a line",
    )  # fmt: skip


def _loaded(stream: Opened) -> Any:
    pieces, size = [], 0
    for piece in stream.raw():
        pieces.append(piece)
        size += len(piece)
        if size > MOST_REPORT_BYTES:
            raise BadFile(stream.name, 1, "a report of more than 8 MB", "Give a point a line, or the summary alone")
    try:
        return json.loads(b"".join(pieces))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise BadFile(stream.name, line, f"it is not JSON: {str(error)[:80]}", "Copy it again") from None


def _at(read: Any, path: tuple[str, ...]) -> Mapping[str, Any] | None:
    for key in path:
        read = read.get(key) if isinstance(read, dict) else None
    return read if isinstance(read, dict) else None


def _share(key: str) -> float | None:
    """The share that a key names: 0.99 of p(99), p99, 99th; the whole of max; the half of med."""
    if key in ("max", "med"):
        return 1.0 if key == "max" else 0.5
    found = KEY.fullmatch(key)
    return float(found[1].replace("_", ".")) / 100 if found else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def points(stream: Opened, wanted: str, choices: Choices, notices: Notices) -> Iterator[float]:
    """k6's points of one metric, or vegeta's results: an object a line."""
    metric = str(choices.get("metric", K6_TIME))
    seen: dict[str, None] = {}
    for number, line in stream.lines(notices):
        if not line.strip():
            continue
        read = _object(stream.name, line, number)
        if "latency" in read:
            notices.say("read vegeta's latencies, which are in ns")
            yield Amounts(stream.name, wanted, "ns", choices, notices).value(_text(read["latency"]), number)
        elif read.get("type") == "Point":
            seen[str(read.get("metric"))] = None
            if read.get("metric") == metric:
                notices.say(f"read metric {metric!r} of k6 in ms; choose another with {choices.say('metric')}")
                value = (read.get("data") or {}).get("value")
                yield Amounts(stream.name, wanted, "ms", choices, notices).value(_text(value), number)
        elif read.get("type") != "Metric":
            raise BadFile(stream.name, number, "an object without a time that we know", "Give k6's or vegeta's points")
    if seen and metric not in seen:
        raise BadFile(
            stream.name, 1, f"there is no metric {metric!r} among {', '.join(seen)[:200]}",
            f"Say which: {choices.say('metric')}",
        )  # fmt: skip


def _object(name: str, line: str, number: int) -> dict[str, Any]:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        raise BadFile(name, number, f"{line[:40]!r} is not JSON", "Give an object a line") from None
    if not isinstance(read, dict):
        raise BadFile(name, number, f"{line[:40]!r} is not an object", "Give an object a line")
    return read


def _text(value: Any) -> str:
    return f"{value:.17g}" if _is_number(value) else str(value)
