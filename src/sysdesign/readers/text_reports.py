"""Reports that load generators print for people, and JMeter's log as XML."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from xml.parsers import expat

from sysdesign.errors import BadFile, nearest
from sysdesign.readers.amounts import Amounts
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices
from sysdesign.readers.percentiles import Percentiles
from sysdesign.readers.source import Opened

Reader = Callable[[Opened, str, Choices, Notices], Percentiles]

NUMBER = r"([0-9]{1,15}(?:\.[0-9]{1,15})?)"
LONGEST = r"(?:\s+\(longest request\))?"
# Tool, what its report holds, a line of it as (percent, value, unit), and the unit where the line has none.
# Each was run and its output read (wrk, ab, hey, Locust); vegeta's is by its source.
LINES: tuple[tuple[str, str, re.Pattern[str], str], ...] = (
    ("wrk", "Latency Distribution", re.compile(rf"\s*{NUMBER}%\s+{NUMBER}(us|ms|s|m)\s*"), ""),
    ("ab", "Percentage of the requests served within", re.compile(rf"\s*{NUMBER}%\s+{NUMBER}{LONGEST}\s*()"), "ms"),
    ("ab", "Percentage served,Time in ms", re.compile(rf"{NUMBER},{NUMBER}\s*()"), "ms"),
    ("hey", "Latency distribution:", re.compile(rf"\s*{NUMBER}%+ in {NUMBER} (secs)\s*"), ""),
)  # fmt: skip
LOCUST = "Median Response Time,Average Response Time,Min Response Time,Max Response Time"
LOCUST_SHARE = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?%")
ALL_OF_LOCUST = "Aggregated"
VEGETA = re.compile(r"^Latencies\s{1,20}\[min, mean, 50, 90, 95, 99, max\]\s{1,20}([^\n]{5,200})$", re.MULTILINE)
VEGETA_SHARES = {2: 0.5, 3: 0.9, 4: 0.95, 5: 0.99, 6: 1.0}
GO_DURATION = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(h|ms|m|µs|us|ns|s)")
MINUTES = {"m": "min", "secs": "s"}


def recognized(head: str) -> Reader | None:
    """The reader of this kind of report; None where the head is none."""
    if VEGETA.search(head):
        return vegeta
    if LOCUST in head.partition("\n")[0]:
        return locust
    for tool, marker, line, unit in LINES:
        if marker in head:
            return lambda stream, wanted, choices, notices: _listed(
                stream, wanted, choices, notices, tool, marker, line, unit
            )
    return None


def _listed(
    stream: Opened, wanted: str, choices: Choices, notices: Notices, tool: str, marker: str,
    form: re.Pattern[str], unit: str,
) -> Percentiles:  # fmt: skip
    amounts = Amounts(stream.name, wanted, unit, choices, notices)
    pairs, inside = [], False
    for number, line in stream.lines(notices):
        found = form.fullmatch(line) if inside else None
        if found:
            written = MINUTES.get(found[3], found[3])
            pairs.append((float(found[1]) / 100, amounts.value(f"{found[2]} {written}".strip(), number)))
        elif pairs:
            break
        inside = inside or marker in line
    return Percentiles.rising(stream.name, f"the percentiles of {tool}", pairs)


def locust(stream: Opened, wanted: str, choices: Choices, notices: Notices) -> Percentiles:
    """Locust's table of statistics: a row for each name and one for all, percentiles in whole ms."""
    rows = list(csv.DictReader(line for _, line in stream.lines(notices)))
    names = [row["Name"] for row in rows]
    name = str(choices.get("column") or ALL_OF_LOCUST)
    if name not in names:
        raise BadFile(stream.name, 1, f"no row is named {name!r}", nearest(name, names, "names"))
    row = rows[names.index(name)]
    notices.say(f"read the row {name!r} of Locust in ms; choose another by name with {choices.say('column')}")
    amounts = Amounts(stream.name, wanted, "ms", choices, notices)
    columns = [column for column in row if column and LOCUST_SHARE.fullmatch(column)]
    pairs = [(float(column[:-1]) / 100, amounts.value(row[column], names.index(name) + 2)) for column in columns]
    return Percentiles.rising(stream.name, "the percentiles of Locust", pairs)


def vegeta(stream: Opened, wanted: str, choices: Choices, notices: Notices) -> Percentiles:
    """vegeta's text report: one line with minimum, mean and percentiles as Go writes durations."""
    found = VEGETA.search(stream.head_text)
    assert found is not None
    parts = [part.strip() for part in found[1].split(",")]
    if len(parts) <= max(VEGETA_SHARES):
        raise BadFile(
            stream.name, 1, f"vegeta's latencies are {found[1][:80]!r}", "Give vegeta report's output as it is"
        )
    pairs = [
        (share, _go_duration(stream.name, parts[at], wanted, choices, notices)) for at, share in VEGETA_SHARES.items()
    ]
    return Percentiles.rising(stream.name, "the percentiles of vegeta", pairs)


def _go_duration(name: str, text: str, wanted: str, choices: Choices, notices: Notices) -> float:
    parts = GO_DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        raise BadFile(name, 1, f"{text[:40]!r} is not a duration", "Give it as Go writes it, 1m2.5s or 35ms")
    amounts = Amounts(name, wanted, "", choices, notices)
    return sum(amounts.value(f"{number} {MINUTES.get(unit, unit)}", 1) for number, unit in parts)


def xml_samples(stream: Opened, wanted: str, notices: Notices) -> Iterator[float]:
    """The elapsed times of JMeter's log as XML: attribute t of each sample, in ms, parents alone."""
    amounts = Amounts(stream.name, wanted, "ms", Choices("measurements"), notices)
    found: list[tuple[str, int]] = []
    parser = expat.ParserCreate()
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth == 2 and "t" in attributes:
            found.append((attributes["t"], parser.CurrentLineNumber))

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*declared: object) -> None:
        raise BadFile(stream.name, parser.CurrentLineNumber, "it declares entities", "Give JMeter's log as it is")

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = start, end, refuse
    notices.say("read attribute t of JMeter's samples in ms; samples within samples were left out")
    try:
        for piece in stream.text(notices):
            parser.Parse(piece, False)
            yield from (amounts.value(text, line) for text, line in found)
            found.clear()
        parser.Parse(b"", True)
        yield from (amounts.value(text, line) for text, line in found)
    except expat.ExpatError as error:
        raise BadFile(
            stream.name, error.lineno, f"it is not XML: {expat.errors.messages[error.code]}", "Copy it again"
        ) from None
