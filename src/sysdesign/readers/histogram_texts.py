"""Histograms as text: HdrHistogram's percentiles and logs, Prometheus' exposition."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from sysdesign.errors import BadFile, nearest
from sysdesign.readers.amounts import Amounts
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices
from sysdesign.readers.percentiles import Percentiles
from sysdesign.readers.source import Opened

Reader = Callable[[Opened, str, Choices, Notices], Percentiles]

_GAP = r"[ \t]{1,200}"  # never a line's end: a run of empty lines would be read again from each of them
SPECTRUM = re.compile(
    rf"^[ \t]{{0,200}}Value(?:\((\w{{1,4}})\))?{_GAP}Percentile{_GAP}TotalCount{_GAP}1/\(1-Percentile\)", re.MULTILINE
)
LOG = ("#[Histogram log format", '"StartTimestamp","')
BUCKET = re.compile(r'^\w{1,200}_bucket\{[^}\n]{0,4000}le="', re.MULTILINE)
MOST_BUCKETS = 100_000
COUNTED = 1e7  # log values above are capped, as HdrHistogram needs a highest value


def recognized(head: str) -> Reader | None:
    """The reader of this kind of histogram; None where the head is none."""
    if SPECTRUM.search(head):
        return spectrum
    if head.startswith(LOG):
        return hdr_log
    if BUCKET.search(head):
        return prometheus
    return None


def spectrum(stream: Opened, unit: str, choices: Choices, notices: Notices) -> Percentiles:
    """HdrHistogram's table of percentiles, also within wrk2's and vegeta's output."""
    header = SPECTRUM.search(stream.head_text)
    amounts = Amounts.of(stream.name, unit, "", (header[1] or "") if header else "", choices, notices).settled(["1"])
    pairs = list(_rows(stream, amounts, notices))
    return Percentiles.rising(stream.name, "HdrHistogram's percentiles", pairs)


def _rows(stream: Opened, amounts: Amounts, notices: Notices) -> Iterator[tuple[float, float]]:
    inside = False
    for number, line in stream.lines(notices):
        if SPECTRUM.match(line):
            inside = True
        elif inside and line.startswith("#"):
            return
        elif inside and line.strip():
            value, share, *_ = [*line.replace(",", " ").split(), "", ""]
            yield (
                Amounts.of(amounts.name, "", "", "", amounts.choices, notices).value(share, number),
                amounts.value(value, number),
            )


def hdr_log(stream: Opened, unit: str, choices: Choices, notices: Notices) -> Percentiles:
    """HdrHistogram's log: the intervals of one tag added up. The log does not say its unit."""
    from hdrh.histogram import HdrHistogram

    total = HdrHistogram(1, 3_600_000_000_000, 3)
    tags: dict[str, None] = {}
    wanted = str(choices.get("column") or "")
    for number, line in stream.lines(notices):
        if line.startswith(("#", '"')) or not line.strip():
            continue
        tag, payload = _tagged(line)
        tags[tag] = None
        if wanted in ("", tag):
            _add(total, payload, stream.name, number)
    if wanted and wanted not in tags:
        raise BadFile(stream.name, 1, f"no interval is tagged {wanted!r}", nearest(wanted, tags, "tags"))
    if not wanted and len(tags) > 1:
        raise BadFile(
            stream.name,
            1,
            f"its intervals have tags: {', '.join(map(repr, tags))}",
            f"Say which: {choices.say('column')}",
        )
    if not choices.get("unit"):
        raise BadFile(
            stream.name, 1, "a histogram log does not say its unit", f"Say it, often us or ns: {choices.say('unit')}"
        )
    amounts = Amounts.of(stream.name, unit, "", "", choices, notices).settled(["1"])
    counts = ((item.count_at_value_iterated_to, item.value_iterated_to) for item in total.get_recorded_iterator())
    return _cumulated(stream.name, "HdrHistogram's log", counts, amounts)


def _tagged(line: str) -> tuple[str, str]:
    first, *rest = line.split(",")
    return (first[4:], rest[-1]) if first.startswith("Tag=") else ("", rest[-1] if rest else "")


def _add(total: object, payload: str, name: str, line: int) -> None:
    try:
        total.decode_and_add(payload)  # type: ignore[attr-defined]
    except Exception:  # the library raises whatever its parts raise
        raise BadFile(name, line, "the interval's histogram is damaged", "Copy the log again") from None


def _cumulated(name: str, of: str, counts: Iterator[tuple[float, float]], amounts: Amounts) -> Percentiles:
    held = [(count, amounts.value(f"{value:.17g}", 1)) for count, value in counts if count]
    total = sum(count for count, _ in held)
    done = 0.0
    pairs = []
    for count, value in held:
        done += count
        pairs.append((done / total, value))
    return Percentiles.rising(name, of, pairs)


def prometheus(stream: Opened, unit: str, choices: Choices, notices: Notices) -> Percentiles:
    """One histogram of Prometheus' text exposition: cumulative counts by upper bound, in seconds by convention."""
    found = _buckets(stream, notices)
    wanted = str(choices.get("column") or "")
    if wanted and wanted not in found:
        raise BadFile(stream.name, 1, f"there is no histogram {wanted!r}", nearest(wanted, found, "histograms"))
    if not wanted and len(found) > 1:
        raise BadFile(
            stream.name, 1, f"it holds histograms {', '.join(found)[:300]}", f"Say which: {choices.say('column')}"
        )
    metric = wanted or next(iter(found))
    amounts = Amounts.of(stream.name, unit, metric, "", choices, notices).settled(["1"])
    bounds = sorted(found[metric].items())
    for (lower, less), (bound, count) in pairwise(bounds):
        if count < less:
            fallen = f"{metric} has counted {less:g} up to {lower:g} and {count:g} up to {bound:g}"
            raise BadFile(
                stream.name, 1, f"{fallen}, and each bucket counts those below too", "Give it as /metrics shows it"
            )
    total = bounds[-1][1]
    if math.isfinite(bounds[-1][0]):
        notices.say(f"{metric} has no bucket for +Inf, so the {total:g} up to {bounds[-1][0]:g} are taken for all")
    if not total > 0:
        raise BadFile(stream.name, 1, f"{metric} has counted nothing", "Give one that has")
    pairs = [(count / total, amounts.value(f"{bound:.17g}", 1)) for bound, count in bounds if math.isfinite(bound)]
    below = [(0.0, 0.0)] if pairs and pairs[0][0] > 0 else []  # what is counted is not negative
    return Percentiles.rising(stream.name, f"the buckets of {metric}", [*below, *pairs])


def _buckets(stream: Opened, notices: Notices) -> dict[str, dict[float, float]]:
    """Bounds and cumulative counts by histogram; series that differ by other labels are added up, and said."""
    from prometheus_client.parser import text_fd_to_metric_families

    lines: Any = (line + "\n" for _, line in stream.lines(notices))
    found: dict[str, dict[float, float]] = {}
    others: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    try:
        for family in text_fd_to_metric_families(lines):
            for sample in family.samples:
                if not sample.name.endswith("_bucket") or "le" not in sample.labels:
                    continue
                name = sample.name.removesuffix("_bucket")
                bounds = found.setdefault(name, {})
                bound = float(sample.labels["le"])
                bounds[bound] = bounds.get(bound, 0.0) + sample.value
                rest = tuple(sorted((key, value) for key, value in sample.labels.items() if key != "le"))
                others.setdefault(name, set()).add(rest)
                if sum(map(len, found.values())) > MOST_BUCKETS:
                    raise BadFile(stream.name, 1, f"it holds more than {MOST_BUCKETS:,} buckets", "Give one histogram")
    except (ValueError, KeyError, IndexError) as error:
        if isinstance(error, BadFile):
            raise
        raise BadFile(
            stream.name, 1, f"it is not Prometheus' text exposition: {error}", "Give it as /metrics shows it"
        ) from None
    for name, series in others.items():
        if len(series) > 1:
            notices.say(f"{name} has {len(series)} series by label; they were added up")
    return found
