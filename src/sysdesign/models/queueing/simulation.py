"""Waiting where no formula holds: any gaps, any services, any number of servers, or your own measurements.

By the recursion that gives each customer's wait from the one before (Lindley; for several servers, from
when each is free), so a million customers take milliseconds. Assumes one line, served in order, that
nobody leaves. With distributions, gaps and services are independent draws; with your own samples they
are taken in the order given, so bursts and correlation count. The recursions follow from the order of
service alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models.declaration import Input, Model, Output, Samples, checked
from sysdesign.models.queueing import kernels as queueing_kernels
from sysdesign.models.queueing.steady_state import service_law
from sysdesign.models.wording import duration, percent, several
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.interval import NARROW, interval_of, known
from sysdesign.probability.stretches import highest, stretches

BATCHES = 20  # long stretches of one run, each nearly independent of the next
FIRST_BATCH = 2_000
BURST = (2.0, 0.1, 0.1, 0.1, 0.1, 2.0, 1.0, 1.0)  # shown until the reader gives a file


@dataclass(frozen=True)
class SimulatedQueue:
    """A simulated queue: mean wait with its 95% interval, percentiles without."""

    utilization: Annotated[float, Output("Server time in use", "share")]
    mean_wait_s: Annotated[float, Output("Mean wait", "s")]
    mean_wait_low_s: Annotated[float, Output("Mean wait, at least", "s")]
    mean_wait_high_s: Annotated[float, Output("Mean wait, at most", "s")]
    mean_time_s: Annotated[float, Output("Mean time, wait and service", "s")]
    time_p50_s: Annotated[float, Output("Median time", "s")]
    time_p95_s: Annotated[float, Output("95th percentile of the time", "s")]
    time_p99_s: Annotated[float, Output("99th percentile of the time", "s")]
    customers: Annotated[int, Output("Customers simulated")]


@dataclass(frozen=True)
class ReplayedQueue:
    """What a server would have done with the arrivals and services that were measured."""

    utilization: Annotated[float, Output("Server time in use", "share")]
    waited: Annotated[float, Output("Requests that waited", "share")]
    mean_wait_s: Annotated[float, Output("Mean wait", "s")]
    wait_p99_s: Annotated[float, Output("99th percentile of the wait", "s")]
    longest_wait_s: Annotated[float, Output("Longest wait", "s")]
    mean_time_s: Annotated[float, Output("Mean time, wait and service", "s")]
    time_p99_s: Annotated[float, Output("99th percentile of the time", "s")]
    waits_s: Annotated[np.ndarray, Output("Waits, in order", "s")]
    request: Annotated[
        np.ndarray, Output("Request, in order", drawn=True)
    ]  # the first of each stretch of a long record
    stretch_wait_s: Annotated[np.ndarray, Output("Wait, the longest of a stretch", "s", drawn=True)]


@checked
def ggc(
    gap: Annotated[
        Distribution, Input("Gap between requests", "s", low=0, high=1e6, default="exponential(mean=0.0125)")
    ],
    service: Annotated[Distribution, Input("Service", "s", low=0, high=1e6, default="exponential(mean=0.01)")],
    servers: Annotated[int, Input("Servers", low=1, high=1000, default=1)] = 1,
    relative_width: Annotated[float, Input("Narrow enough", "share", low=0.001, high=1, default=0.05)] = 0.05,
    most_customers: Annotated[int, Input("Customers at most", low=40_000, high=20_000_000, default=640_000)] = 640_000,
    seed: Annotated[int, Input("Seed", low=0, high=2**31, default=1)] = 1,
) -> SimulatedQueue:  # fmt: skip
    """Waits before one or more servers, gaps and services of any spread (G/G/c), by simulation.

    Drops a tenth as warm-up, cuts the rest into 20 batches, and doubles the run until each figure that it
    prints is known closely enough or the customers are spent. Near full load the batches are not independent
    unless the run is long against (1 - utilization)^-2 customers: the interval is then too narrow.
    Raises Unstable when work arrives at least as fast as it can be done.
    """
    gaps, law = Distribution.of(gap, "s"), service_law(service)
    if not 0 < gaps.mean < np.inf or gaps.least < 0:
        raise InvalidInput(f"gap is {gaps.text}; it takes times of 0 or more with a finite mean above 0")
    load = law.mean / (gaps.mean * servers)
    if load >= 1:
        raise Unstable(
            f"work of {law.mean:g} s arrives every {gaps.mean:g} s for {servers} servers, so the queue grows "
            "without end; give longer gaps, faster service or more servers"
        )
    generator = np.random.default_rng(seed)
    state = np.zeros(servers)
    size = FIRST_BATCH * BATCHES
    waits, times = _stretch(gaps, law, state, size // 10, generator)
    waits, times = np.empty(0), np.empty(0)
    while True:
        more_waits, more_times = _stretch(gaps, law, state, size - waits.size, generator)
        waits, times = np.concatenate([waits, more_waits]), np.concatenate([times, more_times])
        mean = interval_of(_batches(waits, size).mean(axis=1))
        if known(_printed(waits, times, size), relative_width) or 2 * size > most_customers:
            break
        size *= 2
    p50, p95, p99 = np.quantile(times, (0.5, 0.95, 0.99))
    return SimulatedQueue(
        load, mean.mean, max(0.0, mean.low), mean.high, float(times.mean()),
        float(p50), float(p95), float(p99), size,
    )  # fmt: skip


def _batches(values: np.ndarray, size: int) -> np.ndarray:
    return values[: size // BATCHES * BATCHES].reshape(BATCHES, -1)


def _printed(waits: np.ndarray, times: np.ndarray, size: int) -> np.ndarray:
    """What a result prints, batch by batch: the mean wait, the mean time and its percentiles."""
    batches = _batches(times, size)
    quantiles = np.quantile(batches, (0.5, 0.95, 0.99), axis=1)
    return np.column_stack([_batches(waits, size).mean(axis=1), batches.mean(axis=1), *quantiles])


def _stretch(
    gaps: Distribution, law: Distribution, state: np.ndarray, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The next `size` customers: waits and times. Moves `state` on."""
    services = law.sample(generator, size)
    waits = queueing_kernels.waits_at_servers(gaps.sample(generator, size), services, state)
    return waits, waits + services


@checked
def lindley(
    gaps_s: Annotated[Samples, Input("Gaps between requests", "s", low=0, high=1e9, default=BURST)],
    services_s: Annotated[Samples, Input("Services", "s", low=0, high=1e9, default=(0.5,) * 8)],
    servers: Annotated[int, Input("Servers", low=1, high=1000, default=1)] = 1,
) -> ReplayedQueue:
    """Waits that measured requests would have had, in their own order (G/G/c on samples).

    `gaps_s[i]` is the time from request i to request i + 1; the last gap may be left out. The run begins
    with idle servers. Nothing is assumed of either: bursts stay bursts. The utilization is of the time
    from the first arrival to one gap after the last.

    Raises InvalidInput unless there are as many gaps as services, or one fewer.
    """
    gaps, services = np.asarray(gaps_s, float), np.asarray(services_s, float)
    if gaps.size not in (services.size, services.size - 1):
        raise InvalidInput(
            f"gaps_s holds {several(gaps.size, 'value')} and services_s {services.size}; "
            "give as many gaps as services, or one fewer"
        )
    if gaps.size < services.size:
        gaps = np.append(gaps, gaps.mean())
    if servers == 1:
        waits = queueing_kernels.lindley(gaps, services, 0.0)
    else:
        waits = queueing_kernels.waits_at_servers(gaps, services, np.zeros(servers))
    times = waits + services
    starts = stretches(waits.size)
    elapsed = max(float(gaps.sum()), float(np.max(np.concatenate([[0.0], np.cumsum(gaps[:-1])]) + times)))
    return ReplayedQueue(
        float(services.sum() / (elapsed * servers)) if elapsed > 0 else 0.0,
        float(np.mean(waits > 0)),
        float(waits.mean()), float(np.quantile(waits, 0.99)), float(waits.max()),
        float(times.mean()), float(np.quantile(times, 0.99)), waits, starts + 1, highest(waits, starts),
    )  # fmt: skip


def warm() -> None:
    """Compile what the first request would otherwise wait for."""
    queueing_kernels.warm()


def _sentence(inputs: Any, result: SimulatedQueue) -> str:
    return (
        f"At {percent(result.utilization)} load a request waits {duration(result.mean_wait_s)} on average "
        f"({duration(result.mean_wait_low_s)} to {duration(result.mean_wait_high_s)}), and 1 in 100 takes longer "
        f"than {duration(result.time_p99_s)}."
    )


def _simulated_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the customers that there must be: two draws, a place in a heap of servers, a share of the sorting."""
    customers = FIRST_BATCH * BATCHES
    if inputs["relative_width"] <= NARROW:
        customers *= 2 ** math.floor(math.log2(inputs["most_customers"] / customers))
    drawn_s = Distribution.of(inputs["gap"], "s").draw_s + Distribution.of(inputs["service"], "s").draw_s
    return customers * (drawn_s + 5e-8 + 1e-8 * math.log2(inputs["servers"]))


MODELS = (
    Model(ggc, "How full may a server run?", _sentence, "01-compute", "01-compute/any-spread", _simulated_work),
    Model(lindley, "How full may a server run?",
          lambda i, r: f"{percent(r.waited)} of the requests would have waited, {duration(r.mean_wait_s)} on average.",
          "01-compute", "01-compute/recorded-waits"),
)  # fmt: skip
