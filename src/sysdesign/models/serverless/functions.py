"""Functions, containers or machines: concurrency, cold starts, and where the prices cross.

An instance serves one request at a time and stays warm for a keep-alive time after it.
Prices are in any one currency or relative; the defaults are assumed, not a vendor's, and
there to be replaced by yours. Units: `_s` seconds, `_per_s` per second, `_per_h` an hour,
`_gb` gigabytes of memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.queueing import sizing
from sysdesign.models.serverless.kernels import cold_starts_in, warm_kernels
from sysdesign.models.wording import count, duration, percent, several
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import affordable_runs, interval_of, least_runs, replicate

SECONDS_PER_HOUR = 3600.0
JUST_WHOLE = 1 - 1e-12
STEPS = 2000  # of the integral over a gap's distribution

Requests = Annotated[float, Input("Requests", "1/s", low=1e-6, high=1e7, default=100)]
Duration = Annotated[Distribution, Input("Time of a request", "s", low=0, high=86_400, default="0.5")]
Gap = Annotated[Distribution, Input("Time between requests", "s", low=0, high=1e8, default="exponential(mean=600)")]
KeepAlive = Annotated[float, Input("Time that an idle instance is kept", "s", low=0, high=1e7, default=600)]


def _mean(given: Distribution, name: str) -> float:
    mean = Distribution.of(given, "s").mean
    if not 0 < mean < float("inf"):
        raise InvalidInput(f"{name} has a mean of {mean}; it takes a time with a finite mean above 0 s")
    return mean


@dataclass(frozen=True)
class Concurrency:
    """Requests in flight at once."""

    concurrency: Annotated[float, Output("Concurrency on average")]
    peak: Annotated[float, Output("Concurrency that is seldom exceeded")]
    with_buffer: Annotated[float, Output("Average with the buffer on top")]
    per_instance_per_s: Annotated[float, Output("Requests that one instance serves", "1/s")]


@checked
def concurrency(
    requests_per_s: Requests,
    duration_s: Duration,
    seldom: Annotated[float, Input("Share of time above the peak", "share", low=1e-9, high=0.5, default=0.001)] = 0.001,
    buffer: Annotated[float, Input("Buffer on the average", "share", low=0, high=10, default=0.1)] = 0.1,
) -> Concurrency:
    """Instances busy at once: the mean by Little's law, and a peak.

    Mean = rate * mean time, whatever the arrivals. The peak takes Poisson arrivals and
    instances without limit: the number busy is then Poisson with that mean for any
    distribution of the time. A cold start lengthens its request; bursts that are not
    Poisson go beyond the peak. Elementwise over the rate.
    Raises InvalidInput where the time has no finite mean. Source: lambda-concurrency;
    Little's law; the peak by the insensitivity of the infinite-server queue.

    >>> concurrency(100, 0.5).concurrency
    50.0
    """
    mean = np.asarray(requests_per_s, dtype=float) * _mean(duration_s, "duration_s")
    peak = _poisson_quantile(mean, 1 - seldom)
    return Concurrency(
        concurrency=plain(mean),
        peak=plain(peak),
        with_buffer=plain(np.ceil(mean * (1 + np.asarray(buffer)) * JUST_WHOLE)),
        per_instance_per_s=1 / _mean(duration_s, "duration_s"),
    )


def _poisson_quantile(mean: np.ndarray, q: float | np.ndarray) -> np.ndarray:
    """The least number that a Poisson count stays at or under with chance q."""
    near = np.maximum(np.ceil(special.pdtrik(q, mean)), 0)
    return np.where(special.pdtr(np.maximum(near - 1, 0), mean) >= q, np.maximum(near - 1, 0), near)


@dataclass(frozen=True)
class ColdStarts:
    """Cold starts of a function that seldom has two requests at once."""

    cold: Annotated[float, Output("Requests that start cold", "share")]
    cold_per_day: Annotated[float, Output("Cold starts a day", "1/d")]
    idle_s: Annotated[float, Output("Time kept idle for each request", "s")]
    mean_added_s: Annotated[float, Output("Time that cold starts add to the mean request", "s")]
    keep_alive_wanted_s: Annotated[float, Output("Keep-alive for the wanted share of cold starts", "s")]


@checked
def cold_starts(
    gap_s: Gap,
    keep_alive_s: KeepAlive,
    start_s: Annotated[float, Input("Time that a cold start takes", "s", low=0, high=3600, default=1)] = 1,
    cold_wanted: Annotated[
        float, Input("Share of cold starts that is acceptable", "share", low=1e-6, high=0.999, default=0.05)
    ] = 0.05,
) -> ColdStarts:
    """Share of requests that start cold, from the gaps between requests and the keep-alive.

    A request starts cold if the gap before it outlasts the keep-alive: 1 - F(keep-alive) for
    any distribution F of gaps, e^(-rate * keep-alive) for Poisson arrivals. Holds where the
    time of a request is short beside the gaps; requests that overlap need more instances,
    see `cold_starts_drawn`. Give your own gaps as samples. Idle time is the mean of the
    lesser of gap and keep-alive: what keeping warm costs.
    Raises InvalidInput where the gaps have no finite mean. Follows from the definition; for
    how skewed real gaps are see shahrad-2020.

    >>> round(cold_starts("exponential(mean=600)", 600).cold, 4)
    0.3679
    """
    gaps = Distribution.of(gap_s, "s")
    mean = _mean(gaps, "gap_s")
    cold = float(1 - gaps.cdf(keep_alive_s))
    idle = _mean_up_to(gaps, keep_alive_s)
    return ColdStarts(
        cold=cold,
        cold_per_day=cold * 86_400 / mean,
        idle_s=idle,
        mean_added_s=cold * start_s,
        keep_alive_wanted_s=float(gaps.quantile(1 - cold_wanted)),
    )


def _mean_up_to(gaps: Distribution, limit: float) -> float:
    """Mean of the lesser of a gap and the limit: the area under min(quantile, limit), to about 3 digits.

    Midpoints of cells that narrow toward 1, where the quantile of a heavy tail climbs.
    """
    edges = np.concatenate((np.linspace(0, 0.99, STEPS), 1 - np.geomspace(0.01, 1e-13, STEPS)[1:], [1.0]))
    middles = (edges[1:] + edges[:-1]) / 2
    return float(np.minimum(gaps.quantile(np.minimum(middles, 1 - 1e-15)), limit) @ np.diff(edges))


@dataclass(frozen=True)
class ColdStartsDrawn:
    """Cold starts of a function whose requests overlap, by simulation."""

    cold: Annotated[float, Output("Requests that start cold", "share")]
    cold_low: Annotated[float, Output("Low end of its 95% interval", "share")]
    cold_high: Annotated[float, Output("High end of its 95% interval", "share")]
    idle: Annotated[float, Output("Instances kept idle on average")]
    busy: Annotated[float, Output("Instances busy on average")]
    spilled: Annotated[float, Output("Requests beyond the provisioned instances", "share")]
    runs: Annotated[int, Output("Runs")]


@checked
def cold_starts_drawn(
    gap_s: Annotated[
        Distribution, Input("Time between requests", "s", low=0, high=1e8, default="exponential(mean=0.5)")
    ],
    duration_s: Annotated[
        Distribution, Input("Time of a request", "s", low=0, high=86_400, default="lognormal(median=0.5, p99=3)")
    ],
    keep_alive_s: Annotated[float, Input("Time that an idle instance is kept", "s", low=0, high=1e7, default=60)],
    start_s: Annotated[float, Input("Time that a cold start takes", "s", low=0, high=3600, default=1)] = 1,
    provisioned: Annotated[int, Input("Instances always kept", low=0, high=10_000, default=0)] = 0,
    requests: Annotated[int, Input("Requests in a run", low=100, high=200_000, default=5000)] = 5000,
    seed: Annotated[int, Input("Seed", low=0, high=2**31 - 1, default=1)] = 1,
    relative_width: Annotated[
        float, Input("Half width of the interval to stop at", "share", low=1e-3, high=1, default=0.05)
    ] = 0.05,
    most_runs: Annotated[int, Input("Most runs", low=5, high=1000, default=40)] = 40,
) -> ColdStartsDrawn:
    """Share of cold starts with overlapping requests, by simulation.

    Gaps are independent draws (a renewal stream), times too. A request takes a free
    provisioned instance, else the on-demand one that was idle for the shortest time, else a
    new one, which starts cold and is busy for `start_s` longer. Idle on-demand instances go
    after the keep-alive. The first tenth of each run is left out, so that an empty start
    does not count. Platforms differ in which instance they pick and may drop them sooner.
    Raises InvalidInput where a time has no finite mean. Agrees with Erlang's loss formula
    without keep-alive and with `cold_starts` where nothing overlaps.
    """
    gaps, times = Distribution.of(gap_s, "s"), Distribution.of(duration_s, "s")
    _mean(gaps, "gap_s")
    streams = np.random.SeedSequence(int(seed)).spawn(int(most_runs))
    number = int(requests)

    def run(at: int) -> tuple[float, ...]:
        generator = np.random.default_rng(streams[at])
        arrivals, lengths = gaps.sample(generator, number), times.sample(generator, number)
        return cold_starts_in(arrivals, lengths, float(keep_alive_s), float(start_s), int(provisioned), number // 10)

    rows = replicate(run, float(relative_width), _affordable(number, most_runs))
    interval = interval_of(rows[:, 0])
    means = rows.mean(axis=0)
    return ColdStartsDrawn(
        cold=interval.mean,
        cold_low=max(0.0, interval.low),
        cold_high=min(1.0, interval.high),
        idle=float(means[1]),
        busy=float(means[2]),
        spilled=float(means[3]),
        runs=len(rows),
    )


def _affordable(requests: int, most_runs: int) -> int:
    return affordable_runs(most_runs, 4_000_000, int(requests))


def _cold_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the runs that there must be: two draws and 0.15 us for each request."""
    request_s = (
        Distribution.of(inputs["gap_s"], "s").draw_s + Distribution.of(inputs["duration_s"], "s").draw_s + 1.5e-7
    )
    runs = least_runs(inputs["relative_width"], _affordable(inputs["requests"], inputs["most_runs"]))
    return runs * inputs["requests"] * request_s


@dataclass(frozen=True)
class BreakEven:
    """Functions against containers or machines, by cost alone."""

    function_per_h: Annotated[float, Output("Functions, at this rate", "price/h")]
    server_per_h: Annotated[float, Output("Servers, at this rate", "price/h")]
    servers: Annotated[float, Output("Servers needed at this rate")]
    break_even_per_s: Annotated[float, Output("Rate at which both cost the same", "1/s")]
    break_even_load: Annotated[float, Output("Use of the fewest servers there (above 1: never reached)", "share")]
    always_above_per_s: Annotated[float, Output("Rate from which servers stay cheaper", "1/s")]


@checked
def break_even(
    requests_per_s: Annotated[float, Input("Requests, averaged over the day", "1/s", low=0, high=1e7, default=5)],
    duration_s: Annotated[float, Input("Billed time of a request", "s", low=1e-6, high=86_400, default=0.2)],
    memory_gb: Annotated[float, Input("Memory of a function", "GB", low=0.01, high=100, default=0.5)],
    server_requests_per_s: Annotated[
        float, Input("Requests that one server takes", "1/s", low=1e-3, high=1e7, default=50)
    ],
    price_gb_s: Annotated[
        float, Input("Price of a gigabyte second (assumed)", "price", low=1e-15, high=1e3, default=0.0002)
    ] = 0.0002,
    price_request: Annotated[
        float, Input("Price of a request (assumed)", "price", low=0, high=1e3, default=2e-6)
    ] = 2e-6,
    price_server_h: Annotated[
        float, Input("Price of a server hour (assumed: the unit of price)", "price", low=1e-9, high=1e6, default=1)
    ] = 1,
    fewest_servers: Annotated[int, Input("Fewest servers, for availability", low=1, high=1000, default=2)] = 2,
) -> BreakEven:
    """The rate at which servers (containers or machines) become cheaper than functions.

    Functions cost in proportion to requests: memory * time * price + price of the request.
    Servers cost by the hour whatever they do: the fewest kept for availability, then one
    more each `server_requests_per_s` (set that to what you would load one with at peak, per
    unit of average traffic). The break-even rate is where the fewest servers cost what the
    functions do; if that is more than they can take, `break_even_load` is above 1 and the
    function's price beats even a full server at every rate. Between break-even and
    `always_above_per_s` a server just added may cost more again; at a load above 1 that
    rate repeats the break-even rate. Leaves out network, storage and people's time.
    Default prices are assumed and relative to a server hour. Elementwise over arrays.
    Raises InvalidInput where an input is out of range.

    >>> round(break_even(5, 0.2, 0.5, 50).break_even_per_s, 1)
    25.3
    """
    a_request = np.asarray(memory_gb, dtype=float) * duration_s * price_gb_s + price_request
    hourly = a_request * SECONDS_PER_HOUR
    rate = np.asarray(requests_per_s, dtype=float)
    servers = np.maximum(np.ceil(rate / server_requests_per_s * JUST_WHOLE), fewest_servers)
    one = price_server_h / hourly  # rate at which functions cost one server
    crossing = one * fewest_servers
    load = one / np.asarray(server_requests_per_s, dtype=float)
    return BreakEven(
        function_per_h=plain(rate * hourly),
        server_per_h=plain(servers * price_server_h),
        servers=plain(servers),
        break_even_per_s=plain(crossing),
        break_even_load=plain(load),
        always_above_per_s=plain(_last_crossing(one, load, np.asarray(fewest_servers, dtype=float))),
    )


def _last_crossing(one: np.ndarray, load: np.ndarray, fewest: np.ndarray) -> np.ndarray:
    """The highest rate at which a server just added still costs what the functions do.

    n servers are kept above a rate of (n - 1) q. Functions are cheaper there still while
    n * one > (n - 1) q, that is while n < 1 / (1 - load).
    """
    below_one = np.minimum(load, 1 - 1e-9)
    most = np.ceil(1 / (1 - below_one) - 1e-9) - 1
    return np.where(load < 1, one * np.maximum(most, fewest), one * fewest)


@dataclass(frozen=True)
class Provisioned:
    """Instances kept ready, and what they are worth."""

    spilled: Annotated[float, Output("Requests beyond the ready instances", "share")]
    utilization: Annotated[float, Output("Share of time that the ready ones are busy", "share")]
    cost_per_h: Annotated[float, Output("Cost with them", "price/h")]
    on_demand_per_h: Annotated[float, Output("Cost without them", "price/h")]
    break_even_utilization: Annotated[float, Output("Utilization from which they save money", "share")]


@checked
def provisioned_concurrency(
    requests_per_s: Requests,
    duration_s: Duration,
    provisioned: Annotated[int, Input("Instances kept ready", low=1, high=100_000, default=60)],
    memory_gb: Annotated[float, Input("Memory of a function", "GB", low=0.01, high=100, default=0.5)] = 0.5,
    price_gb_s: Annotated[
        float,
        Input("On-demand price of a gigabyte second (assumed: the unit)", "price", low=1e-12, high=1e3, default=1),
    ] = 1,
    price_ready_gb_s: Annotated[
        float, Input("Price of keeping it ready (assumed)", "price", low=1e-12, high=1e3, default=0.25)
    ] = 0.25,
    price_used_gb_s: Annotated[
        float,
        Input(
            "Price of using a ready one (assumed)",
            "price",
            low=0,
            high=1e3,
            default=0.6,
            most=AtMost("price_gb_s", times=0.99, kept=0.6),
        ),
    ] = 0.6,
) -> Provisioned:
    """Share of requests that find no ready instance, and what keeping them ready costs.

    With Poisson arrivals the ready instances are Erlang's loss system: what they turn away
    goes to on-demand instances, warm or cold, whatever the distribution of the time. They
    save money where their utilization exceeds ready price / (on-demand - used price); above
    1 that never happens. Default prices are assumed and relative to the on-demand price.
    Raises InvalidInput where the used price is not below the on-demand price, or the time
    has no finite mean. Source: Erlang B as in sizing; lambda-provisioned for the scheme.

    >>> round(provisioned_concurrency(100, 0.5, 60).spilled, 3)
    0.022
    """
    if np.any(np.asarray(price_used_gb_s) >= price_gb_s):
        raise InvalidInput(
            f"price_used_gb_s is {price_used_gb_s}, not below the on-demand {price_gb_s}: ready instances could never "
            "save; give a lower one"
        )
    load = np.asarray(requests_per_s, dtype=float) * _mean(duration_s, "duration_s")
    spilled = np.asarray(sizing.erlang_b(offered_load=plain(load), servers=provisioned).blocked)
    carried = load * (1 - spilled)
    per_h = SECONDS_PER_HOUR * np.asarray(memory_gb, dtype=float)
    ready = provisioned * price_ready_gb_s + carried * price_used_gb_s
    return Provisioned(
        spilled=plain(spilled),
        utilization=plain(carried / provisioned),
        cost_per_h=plain((ready + load * spilled * price_gb_s) * per_h),
        on_demand_per_h=plain(load * price_gb_s * per_h),
        break_even_utilization=plain(price_ready_gb_s / (price_gb_s - np.asarray(price_used_gb_s, dtype=float))),
    )


def warm() -> None:
    """Compile the kernel, so that no request waits for it."""
    warm_kernels()


def _flying(inputs: Mapping[str, Any], result: Concurrency) -> str:
    flying = several(result.concurrency, "request", "are")
    return f"{flying} in flight on average, and seldom more than {count(result.peak)}."


def _cold(inputs: Mapping[str, Any], result: ColdStarts) -> str:
    return (
        f"{percent(result.cold)} of requests start cold, {count(result.cold_per_day)} a day; an idle time of "
        f"{duration(result.idle_s)} is kept for each request."
    )


def _cold_drawn(inputs: Mapping[str, Any], result: ColdStartsDrawn) -> str:
    return (
        f"{percent(result.cold)} of requests start cold ({percent(result.cold_low)} to {percent(result.cold_high)}); "
        f"{several(result.busy, 'instance', 'are')} busy and {count(result.idle)} idle on average."
    )


def _evened(inputs: Mapping[str, Any], result: BreakEven) -> str:
    if result.break_even_load > 1:
        return "Functions are cheaper at every rate: even a full server costs more for each request."
    return (
        f"Servers become cheaper from {several(result.break_even_per_s, 'request')} a second, where the fewest "
        f"are used "
        f"{percent(result.break_even_per_s / (inputs['server_requests_per_s'] * inputs['fewest_servers']))}."
    )


def _kept(inputs: Mapping[str, Any], result: Provisioned) -> str:
    return (
        f"{percent(result.spilled)} of requests find no ready instance; those are busy "
        f"{percent(result.utilization)} of the time and save money from {percent(result.break_even_utilization)}."
    )


CHOICE = "Functions, containers or machines?"
WARMTH = "How long to keep instances, and how many ready?"
MODELS = (
    Model(concurrency, CHOICE, _flying, "01-compute", "01-compute/concurrency"),
    Model(break_even, CHOICE, _evened, "01-compute", "01-compute/break-even"),
    Model(cold_starts, WARMTH, _cold, "01-compute", "01-compute/cold-starts"),
    Model(cold_starts_drawn, WARMTH, _cold_drawn, "01-compute", "01-compute/cold-starts-drawn", _cold_work),
    Model(provisioned_concurrency, WARMTH, _kept, "01-compute", "01-compute/provisioned"),
)
