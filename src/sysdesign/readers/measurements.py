"""Measured times and sizes, in whatever form the tool that measured them wrote them.

One number a line, a column of a table, a load generator's log or report, a histogram.
The answer is the measurements themselves where the file has each, else a distribution
known by percentiles or buckets; what such a file cannot tell of the tail is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sysdesign.errors import BadFile
from sysdesign.models.wording import several
from sysdesign.probability.distribution import Distribution
from sysdesign.readers import delimited, histogram_texts, json_reports, text_reports
from sysdesign.readers.amounts import Amounts
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices, others
from sysdesign.readers.percentiles import Percentiles
from sysdesign.readers.source import Opened, Source

MOST_SAMPLES = 20_000_000
FEW, KNOWING = 1000, 10  # in fewer, the 99th percentile rests on fewer than so many
FILTERED = "metric_name"  # k6 writes all of its metrics below each other
K6_TIME = "http_req_duration"
FEWEST_OF_A_KIND = 4  # lines, on average, that make the values of a column names of kinds
CODES = frozenset(("code", "status", "statuscode", "responsecode", "httpstatus", "httpcode", "httpstatuscode"))
CODE = re.compile(r"[1-5][0-9][0-9]").fullmatch
STARTS_WITH_A_DIGIT = re.compile(r"[-+]?[0-9]").match  # numbers and times
XML = ("<?xml", "<testResults")


@dataclass(frozen=True)
class Known:
    """A column that a tool is known to write, and the unit it writes it in."""

    tool: str
    column: str
    unit: str
    beside: tuple[str, ...]  # other columns of its header, by which it is recognized


# By the tools' own outputs (JMeter, ab, hey) or sources (k6).
KNOWN = (
    Known("JMeter", "elapsed", "ms", ("timeStamp",)),
    Known("k6", "metric_value", "ms", (FILTERED,)),
    Known("ab", "ttime", "ms", ("ctime", "dtime")),
    Known("hey", "response-time", "s", ("DNS+dialup",)),
)
VEGETA_COLUMNS, VEGETA_LATENCY = 12, 2  # its CSV has no header; times are in nanoseconds


def read_measurements(
    source: Source, unit: str, choices: Choices, notices: Notices, *, each: bool = False
) -> np.ndarray | Distribution:
    """Measurements in `unit`: a 1-D array where the file has each, else a distribution.

    `each` refuses files that only sum them up. Raises BadFile with the line, and InvalidInput
    where something must be said first.
    """
    with source.opened() as stream:
        summed_up = _summed_up(stream, unit, choices, notices)
        if summed_up is not None:
            if each:
                raise BadFile(
                    str(source),
                    1,
                    "it holds percentiles or buckets, and each measurement is needed",
                    "Give a log with one line a request",
                )
            return summed_up.distribution(notices)
        values = np.fromiter(_bounded(str(source), _each(stream, unit, choices, notices)), dtype=float)
    if not values.size:
        raise BadFile(
            str(source), 1, "it holds no number", "Give one measurement a line, or a table with a column of them"
        )
    if not each and values.size < FEW:
        beyond = 100 * max(0.0, 1 - KNOWING / values.size)
        notices.say(
            f"{several(values.size, 'measurement')}: percentiles over {beyond:.3g} rest on fewer than {KNOWING} of "
            "them, so trust those little"
        )
    return values


def _summed_up(stream: Opened, unit: str, choices: Choices, notices: Notices) -> Percentiles | None:
    """What a report or histogram tells; None where the file has each measurement."""
    for kind in (histogram_texts, text_reports, json_reports):
        read = kind.recognized(stream.head_text)
        if read is not None:
            return read(stream, unit, choices, notices)
    return None


def _bounded(name: str, values: Iterator[float]) -> Iterator[float]:
    for count, value in enumerate(values):
        if count >= MOST_SAMPLES:
            raise BadFile(name, 1, f"it holds more than {MOST_SAMPLES:,} measurements", "Sample it first")
        yield value


def _each(stream: Opened, unit: str, choices: Choices, notices: Notices) -> Iterator[float]:
    start = stream.head_text.lstrip()
    if start.startswith("{"):
        return json_reports.points(stream, unit, choices, notices)
    if start.startswith(XML):
        return text_reports.xml_samples(stream, unit, notices)
    lines = delimited.sample(stream.whole_lines)
    if _one_amount_a_line(stream.name, lines, choices):
        found = delimited.Dialect("", (), 1, lines[0][1], lines[0][0])
    else:
        found = delimited.dialect(stream.name, lines, choices, notices)
    return _column(stream, found, unit, choices, notices)


def _column(stream: Opened, found: delimited.Dialect, unit: str, choices: Choices, notices: Notices) -> Iterator[float]:
    known = _known(found, choices, notices)
    lines = delimited.sample(stream.whole_lines)
    if not found.separator and found.width == 1:
        at = 0
    elif known is not None:
        at = known[0]
    else:
        at = _asked(stream.name, found, lines, choices, notices)
    header = found.header[at] if found.header and at < len(found.header) else ""
    amounts = Amounts.of(stream.name, unit, header, known[1] if known else "", choices, notices)
    amounts = amounts.settled([_field(line, found, at) for _, line in lines[1 if found.header else 0 :]])
    kept = _kept(found, choices, notices)
    rows = [delimited.fields(line, found.separator) for _, line in lines[1:]]
    _say_what_is_pooled(found, [row for row in rows if len(row) == found.width and kept(row)], at, notices)
    return _values(stream, found, at, amounts, kept, gaps=True)


def _say_what_is_pooled(found: delimited.Dialect, rows: list[list[str]], at: int, notices: Notices) -> None:
    """Requests of several routes, or good and failed ones, are several distributions: what is mixed is said."""
    columns = list(zip(found.header, zip(*rows, strict=True), strict=False))
    mixed = [_kinds(name, values) for place, (name, values) in enumerate(columns) if place != at]
    if said := ", ".join(filter(None, mixed)):
        notices.say(f"lines of several kinds are taken together: {said}. For one kind give a file of its lines alone")


def _kinds(name: str, values: Sequence[str]) -> str:
    """How many kinds of lines a column tells apart, by its words or as codes of HTTP; "" where it tells none."""
    if re.sub(r"[^a-z]", "", name.lower()) in CODES:
        failed = sum(CODE(value) is not None and value >= "4" for value in values)
        return (
            f"{failed} of the first {len(values)} with a {name[:40]!r} of 400 or more"
            if 0 < failed < len(values)
            else ""
        )
    kinds = list(dict.fromkeys(values))
    if (
        not 1 < len(kinds) <= len(values) / FEWEST_OF_A_KIND
        or any(map(STARTS_WITH_A_DIGIT, kinds))
        or "thread" in name.lower()
    ):
        return ""
    return f"{len(kinds)} of {name[:40]!r} ({others((kind[:24] for kind in kinds), 3)})"


def _asked(name: str, found: delimited.Dialect, lines: Any, choices: Choices, notices: Notices) -> int:
    """The column that was chosen, or the only one that holds numbers that are not a count or a clock."""
    if choices.get("column") is None and found.width > 1:
        rows = [delimited.fields(line, found.separator) for _, line in lines[1 if found.header else 0 :]]
        numeric = [
            at
            for at in range(found.width)
            if all(_is_amount(row[at]) or delimited.is_missing(row[at]) for row in rows if at < len(row))
        ]
        timed = [at for at in numeric if found.header and Amounts.unit_of(found.header[at])]
        if len(timed) == 1:
            notices.say(f"read column {found.header[timed[0]]!r}; choose another with {choices.say('column')}")
            return timed[0]
    at = delimited.column(name, found, choices, notices, what="the measurement")
    assert at is not None
    return at


def _is_amount(text: str) -> bool:
    return Amounts.FORM.fullmatch(text.strip()) is not None


def _one_amount_a_line(name: str, lines: list[tuple[int, str]], choices: Choices) -> bool:
    """Whether each line is one amount. Raises BadFile where it may as well be two columns."""
    if choices.get("column") is not None or choices.get("separator") is not None:
        return False
    texts = [line.strip() for _, line in lines]
    if not texts or not all(Amounts.FORM.fullmatch(text) for text in texts):
        return False
    if all("," in text for text in texts) and choices.get("decimal") is None:
        raise BadFile(
            name, 1, f"a line such as {texts[0][:40]!r} may be one number or two columns",
            f"Say {choices.say('decimal')}comma, or which column: {choices.say('column')}1",
        )  # fmt: skip
    return True


def _known(found: delimited.Dialect, choices: Choices, notices: Notices) -> tuple[int, str] | None:
    if choices.get("column") is not None:
        return None
    names = found.header
    for each in KNOWN:
        if each.column in names and all(name in names for name in each.beside):
            rest = ", ".join(name for name in names if name != each.column)[:160]
            how = f"choose with {choices.say('column')}"
            notices.say(f"read column {each.column!r} of {each.tool} in {each.unit}; others: {rest}; {how}")
            return names.index(each.column), each.unit
    if not names and found.separator == "," and found.width == VEGETA_COLUMNS and _nanoseconds(found.example):
        notices.say(f"read column 3 of vegeta's CSV, the latency in ns; choose with {choices.say('column')}")
        return VEGETA_LATENCY, "ns"
    return None


def _nanoseconds(line: str) -> bool:
    first, code, *_ = line.split(",")
    return first.isdigit() and len(first) == 19 and code.isdigit() and len(code) <= 3


def _kept(found: delimited.Dialect, choices: Choices, notices: Notices) -> Callable[[list[str]], bool]:
    """Which lines count: of k6's table those of one metric."""
    if FILTERED not in found.header:
        return lambda row: True
    at, metric = found.header.index(FILTERED), str(choices.get("metric", K6_TIME))
    notices.say(f"read metric {metric!r}; choose another with {choices.say('metric')}")
    return lambda row: row[at] == metric


def _field(line: str, found: delimited.Dialect, at: int) -> str:
    row = delimited.fields(line, found.separator)
    return row[at] if at < len(row) else ""


def _values(
    stream: Opened,
    found: delimited.Dialect,
    at: int,
    amounts: Amounts,
    kept: Callable[[list[str]], bool],
    *,
    gaps: bool = False,
) -> Iterator[float]:
    """The column's values. With `gaps` lines without a value are passed over, and counted in a note."""
    missing = 0
    skipped = found.line if found.header else 0
    for number, line in stream.lines(amounts.notices):
        if number <= skipped or not line.strip() or line.startswith("#"):
            continue
        row = delimited.fields(line, found.separator)
        if not kept(row):
            continue
        if gaps and at < len(row) and delimited.is_missing(row[at]):
            missing += 1
            amounts.notices.say(f"passed over {several(missing, 'line')} without a value", "missing")
            continue
        if at >= len(row) or not row[at].strip():
            raise BadFile(
                stream.name, number, f"there is no column {at + 1} in {line[:60]!r}", "Give a value in every line"
            )
        yield amounts.value(row[at], number)


def read_points(source: Source, name: str, choices: Choices, notices: Notices) -> list[float]:
    """One column of numbers, for an input that takes a list: the column of that name, or the one chosen."""
    with source.opened() as stream:
        lines = delimited.sample(stream.whole_lines)
        found = delimited.dialect(stream.name, lines, choices, notices)
        at = delimited.column(
            stream.name, found, choices, notices, what=name, usual=(name.lower(), *SAME.get(name, ()))
        )
        assert at is not None
        amounts = Amounts.of(stream.name, "", "", "", choices, notices)
        amounts = amounts.settled([_field(line, found, at) for _, line in lines[1 if found.header else 0 :]])
        return list(_bounded(stream.name, _values(stream, found, at, amounts, lambda row: True)))


# How load tests name what our models call so.
SAME = {
    "nodes": ("users", "threads", "clients", "concurrency", "workers", "vus", "n"),
    "throughput": ("per_s", "rps", "requests_per_s", "req/s", "tps", "x", "rate"),
}
