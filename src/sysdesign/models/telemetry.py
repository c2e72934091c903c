"""What telemetry weighs, and what sampling leaves of it.

Units: `_s` seconds, `_per_s` per second, `_per_day` a day, `_bytes` bytes, `_share` fractions of 1. Elementwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, count, duration, percent, size
from sysdesign.probability.elementwise import broadcast, plain

DAY_S = 86_400.0

Requests = Annotated[float, Input("Requests", "1/s", low=1e-6, high=1e9, default=2000)]
Spans = Annotated[float, Input("Spans of a trace", low=1, high=1e5, default=20)]
SpanBytes = Annotated[float, Input("Bytes of a span", "B", low=1, high=1e6, default=500)]


@dataclass(frozen=True)
class Series:
    """Time series that a histogram or counter with labels makes, and what they take."""

    active: Annotated[float, Output("Series at a time")]
    per_process: Annotated[float, Output("Combinations of labels that one process meets")]
    created_per_day: Annotated[float, Output("Series made anew in a day")]
    in_memory: Annotated[float, Output("Series that the store holds in memory")]
    memory_bytes: Annotated[float, Output("Memory for them", "B")]
    samples_per_s: Annotated[float, Output("Samples", "1/s")]
    disk_bytes: Annotated[float, Output("Disk for the retention", "B")]


@checked
def series(
    combinations: Annotated[
        float, Input("Combinations of labels", low=1, high=1e12, default=250, help="the product of the labels' values")
    ],
    processes: Annotated[float, Input("Processes that export them", low=1, high=1e7, default=40)] = 40,
    each: Annotated[
        float, Input("Series of a combination", low=1, high=1e4, default=14, help="of a histogram: buckets, sum, count")
    ] = 14,
    requests_per_s: Requests = 2000,
    releases_per_day: Annotated[float, Input("Releases a day", low=1e-3, high=1e3, default=10)] = 10,
    interval_s: Annotated[float, Input("Time between scrapes", "s", low=1, high=86_400, default=15)] = 15,
    retention_d: Annotated[float, Input("Retention", "d", low=0.1, high=1e4, default=15)] = 15,
    sample_bytes: Annotated[float, Input("Bytes of a sample on disk", "B", low=0.1, high=100, default=1.5)] = 1.5,
    series_bytes: Annotated[float, Input("Bytes of a series in memory", "B", low=100, high=1e6, default=4096)] = 4096,
    head_s: Annotated[
        float, Input("Time that a series stays in memory after its last sample", "s", low=0, high=1e7, default=7200)
    ] = 7200,
) -> Series:  # fmt: skip
    """How many series labels make: their product, as far as requests reach it, times processes and releases.

    A process meets a combination with its first request of that kind; requests are spread evenly over
    combinations, so of C it meets C (1 - e ** (-n / C)) in a life of n requests: all of few, and of very many
    about one for each request. A release replaces each process, whose series end and begin anew under another
    name; until the store's head is written both are in memory.

    Skewed requests meet fewer combinations. Memory for a series and the head's time are the store's; the
    defaults suit Prometheus. Elementwise over arrays. Source: Prometheus' documentation of storage for bytes
    of a sample; the rest follows from counting.

    >>> round(series(250).active)
    140000
    """
    labels, many, parts, rate, releases, every, days, sample, held, head = broadcast(
        combinations, processes, each, requests_per_s, releases_per_day, interval_s, retention_d, sample_bytes,
        series_bytes, head_s,
    )  # fmt: skip
    met = labels * -np.expm1(-rate / many * DAY_S / releases / labels)
    active = met * many * parts
    in_memory = active * (1 + releases * head / DAY_S)
    samples = active / every
    found = (active, met, active * releases, in_memory, in_memory * held, samples, samples * days * DAY_S * sample)
    return Series(*(plain(value) for value in found))


@dataclass(frozen=True)
class Volume:
    """Bytes of metrics, logs and traces."""

    metrics_per_day: Annotated[float, Output("Metrics a day", "B")]
    logs_per_day: Annotated[float, Output("Logs a day", "B")]
    traces_per_day: Annotated[float, Output("Traces a day", "B")]
    kept_bytes: Annotated[float, Output("All that is kept", "B")]
    metrics_share: Annotated[float, Output("Metrics, of all that is written", "share")]
    even_per_s: Annotated[float, Output("Requests at which logs weigh as much as metrics", "1/s")]


@checked
def volume(
    requests_per_s: Requests,
    series_count: Annotated[float, Input("Series", low=1, high=1e12, default=140_000)] = 140_000,
    interval_s: Annotated[float, Input("Time between scrapes", "s", low=1, high=86_400, default=15)] = 15,
    sample_bytes: Annotated[float, Input("Bytes of a sample", "B", low=0.1, high=100, default=1.5)] = 1.5,
    lines: Annotated[float, Input("Log lines of a request", low=0, high=1e4, default=1)] = 1,
    line_bytes: Annotated[float, Input("Bytes of a line", "B", low=1, high=1e7, default=1000)] = 1000,
    lines_kept: Annotated[float, Input("Lines that are kept", "share", low=0, high=1, default=1)] = 1,
    spans: Spans = 20,
    span_bytes: SpanBytes = 500,
    traces_kept: Annotated[float, Input("Traces that are kept", "share", low=0, high=1, default=0.01)] = 0.01,
    metrics_d: Annotated[float, Input("Retention of metrics", "d", low=0, high=1e4, default=395)] = 395,
    logs_d: Annotated[float, Input("Retention of logs", "d", low=0, high=1e4, default=30)] = 30,
    traces_d: Annotated[float, Input("Retention of traces", "d", low=0, high=1e4, default=7)] = 7,
) -> Volume:  # fmt: skip
    """What metrics, logs and traces weigh: metrics follow their series, logs and traces the requests.

    Bytes as given, before any compression or index of the store. Elementwise over arrays.
    Follows from counting; no source needed.

    >>> round(volume(2000).logs_per_day / 1e9)
    173
    """
    rate, many, every, sample, per, line, kept, tree, span, share, metric_d, log_d, trace_d = broadcast(
        requests_per_s, series_count, interval_s, sample_bytes, lines, line_bytes, lines_kept, spans, span_bytes,
        traces_kept, metrics_d, logs_d, traces_d,
    )  # fmt: skip
    metrics = many / every * sample * DAY_S
    logs, traces = rate * per * line * kept * DAY_S, rate * tree * span * share * DAY_S
    of_one = np.maximum(per * line * kept * DAY_S, 1e-9)
    found = (
        metrics, logs, traces, metrics * metric_d + logs * log_d + traces * trace_d,
        metrics / (metrics + logs + traces), np.minimum(metrics / of_one, 1e15),
    )  # fmt: skip
    return Volume(*(plain(each) for each in found))


@dataclass(frozen=True)
class Sampling:
    """What is kept of traces: of rare ones, of all, and what it takes."""

    kept_share: Annotated[float, Output("Traces that are kept", "share")]
    rare_share: Annotated[float, Output("Traces of the rare kind that are kept", "share")]
    rare_per_day: Annotated[float, Output("Traces of the rare kind kept in a day")]
    found_share: Annotated[float, Output("Chance that a day keeps at least one of them", "share")]
    lost_share: Annotated[float, Output("Chance that a wanted trace of the rare kind is not there", "share")]
    first_s: Annotated[float, Output("Time until the first of them is kept, mean", "s")]
    count_error: Annotated[float, Output("Error of their count, if scaled up: relative deviation", "share")]
    kept_per_day: Annotated[float, Output("Kept in a day", "B")]
    sent_per_s: Annotated[float, Output("Sent to the collectors", "B/s")]
    held_bytes: Annotated[float, Output("Memory for traces that wait for a verdict", "B")]
    held_traces: Annotated[float, Output("Traces that wait for a verdict")]


@checked
def sampling(
    head_share: Annotated[float, Input("Share kept at the head", "share", low=1e-9, high=1, default=0.01)],
    rare_per_day: Annotated[float, Input("Traces of the rare kind a day", low=1e-3, high=1e12, default=50)] = 50,
    requests_per_s: Requests = 2000,
    rest_share: Annotated[
        float, Input("What the tail keeps of the rest", "share", low=0, high=1, default=1, help="1: no tail")
    ] = 1,
    matched_share: Annotated[
        float, Input("Rare traces that a rule of the tail recognizes", "share", low=0, high=1, default=0.95)
    ] = 0.95,
    wanted_share: Annotated[
        float, Input("All traces that some rule of the tail keeps", "share", low=0, high=1, default=0.02)
    ] = 0.02,
    trace_s: Annotated[float, Input("Length of a rare trace, mean", "s", low=0, high=1e6, default=2)] = 2,
    wait_s: Annotated[float, Input("Time that the tail waits for a trace", "s", low=0.1, high=1e5, default=30)] = 30,
    spans: Spans = 20,
    span_bytes: SpanBytes = 500,
) -> Sampling:  # fmt: skip
    """The chance that a rare bad trace is kept, by head and tail sampling, and the bytes of each.

    The head keeps a share by the trace's number, before anything is known. The tail sees what the head left:
    it keeps what a rule recognizes and that ends within the wait (lengths are exponential), and a share of the
    rest. Both see whole traces; what a full buffer drops is lost beside. Counts scaled up from kept traces
    scatter as binomial counts do.

    A head that follows the rate of each operation is this one with that operation's share. Elementwise over
    arrays. Follows from the definition; no source needed.

    >>> round(sampling(0.01).found_share, 3)
    0.395
    """
    head, rare, rate, rest, matched, wanted, length, wait, tree, span = broadcast(
        head_share, rare_per_day, requests_per_s, rest_share, matched_share, wanted_share, trace_s, wait_s, spans,
        span_bytes,
    )  # fmt: skip
    ended = -np.expm1(-wait / np.maximum(length, 1e-9))
    chance = head * (rest + (1 - rest) * matched * ended)
    kept = head * (rest + (1 - rest) * wanted)
    found = -np.expm1(rare * np.log1p(-np.minimum(chance, 1 - 1e-16)))
    waiting = np.where(rest < 1, head * rate * wait, 0.0)
    safe = np.maximum(chance, 1e-12)
    result = (
        kept, chance, rare * chance, found, 1 - chance, DAY_S / (rare * safe), np.sqrt((1 - chance) / (rare * safe)),
        kept * rate * DAY_S * tree * span, head * rate * tree * span, waiting * tree * span, waiting,
    )  # fmt: skip
    return Sampling(*(plain(each) for each in result))


def _series_said(inputs: Mapping[str, Any], result: Series) -> str:
    return (
        f"{count(result.active)} series at a time, "
        f"{size(result.memory_bytes)} of memory with what releases leave behind, "
        f"{amount(result.samples_per_s)} samples a second and {size(result.disk_bytes)} of disk."
    )


def _volume_said(inputs: Mapping[str, Any], result: Volume) -> str:
    return (
        f"A day writes {size(result.metrics_per_day)} of metrics, {size(result.logs_per_day)} of logs and "
        f"{size(result.traces_per_day)} of traces; {size(result.kept_bytes)} are kept."
    )


def _sampling_said(inputs: Mapping[str, Any], result: Sampling) -> str:
    text = (
        f"{percent(result.rare_share)} of the rare traces are kept: a day keeps one or more with a chance of "
        f"{percent(result.found_share)}, at {size(result.kept_per_day)}"
    )
    held = f"; {size(result.held_bytes)} wait for a verdict" if result.held_bytes else ""
    return f"{text}, the first after {duration(result.first_s)} on average{held}."


MODELS = (
    Model(series, "Which labels may a metric carry?", _series_said, "11-observability", "11-observability/series"),
    Model(volume, "What does telemetry weigh?", _volume_said, "11-observability", "11-observability/volume"),
    Model(sampling, "Which traces are worth keeping?", _sampling_said, "11-observability", "11-observability/sampling"),
)
