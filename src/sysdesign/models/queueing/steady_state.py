"""Waiting for a server: how full it may run before the wait runs away.

Steady states of queues with Poisson arrivals (M/M/1, M/M/c, M/D/1, M/G/1), Little's law, and Kingman's
bound with the approximation for arrivals and services of any spread. All assume one line, served in
order, that nobody leaves and that has no limit; services independent of each other and of arrivals.
Real traffic comes in bursts: read a wait from Poisson arrivals as a floor. Near full load the steady
state takes long to reach: after a step in load, about service / (1 - utilization)^2.
Source: tran-gia-hossfeld-2021 where none is named; the percentiles follow from the same laws
(waiting_law.py). Units: `_s` seconds, `_per_s` per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.queueing import kernels as queueing_kernels
from sysdesign.models.queueing.waiting_law import md1_wait_quantiles, mg1_quantiles
from sysdesign.models.wording import duration, percent, several
from sysdesign.probability.distribution import Distribution, DistributionLike

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)
ARRIVALS = Input("Requests", "1/s", low=1e-6, high=1e9, default=80)


@dataclass(frozen=True)
class QueueState:
    """A queue in its steady state. Times of `time` count the service, times of `wait` do not."""

    utilization: Annotated[float, Output("Server time in use", "share")]
    wait_probability: Annotated[float, Output("Requests that wait", "share")]
    mean_wait_s: Annotated[float, Output("Mean wait", "s")]
    mean_time_s: Annotated[float, Output("Mean time, wait and service", "s")]
    mean_in_queue: Annotated[float, Output("Mean number waiting")]
    mean_in_system: Annotated[float, Output("Mean number waiting or in service")]
    wait_p50_s: Annotated[float, Output("Median wait", "s")]
    wait_p90_s: Annotated[float, Output("90th percentile of the wait", "s")]
    wait_p95_s: Annotated[float, Output("95th percentile of the wait", "s")]
    wait_p99_s: Annotated[float, Output("99th percentile of the wait", "s")]
    wait_p999_s: Annotated[float, Output("99.9th percentile of the wait", "s")]
    time_p50_s: Annotated[float, Output("Median time", "s")]
    time_p90_s: Annotated[float, Output("90th percentile of the time", "s")]
    time_p95_s: Annotated[float, Output("95th percentile of the time", "s")]
    time_p99_s: Annotated[float, Output("99th percentile of the time", "s")]
    time_p999_s: Annotated[float, Output("99.9th percentile of the time", "s")]


@dataclass(frozen=True)
class Concurrency:
    """What is in progress at once."""

    concurrency: Annotated[float, Output("Requests in progress, on average")]


@dataclass(frozen=True)
class GeneralWait:
    """The mean wait where arrivals and services have any spread."""

    utilization: Annotated[float, Output("Server time in use", "share")]
    mean_wait_bound_s: Annotated[float, Output("Mean wait at most (Kingman)", "s")]
    mean_wait_daley_s: Annotated[float, Output("Mean wait at most (Daley, tighter)", "s")]
    mean_wait_s: Annotated[float, Output("Mean wait, approximately", "s")]
    mean_time_s: Annotated[float, Output("Mean time, approximately", "s")]


@dataclass(frozen=True)
class ManyServerWait:
    """The mean wait before several servers where arrivals and services have any spread."""

    utilization: Annotated[float, Output("Server time in use", "share")]
    mean_wait_s: Annotated[float, Output("Mean wait (Allen and Cunneen)", "s")]
    mean_wait_sakasegawa_s: Annotated[float, Output("Mean wait (Sakasegawa)", "s")]
    mean_time_s: Annotated[float, Output("Mean time (Allen and Cunneen)", "s")]


@checked
def littles_law(
    arrivals_per_s: Annotated[float, Input("Requests", "1/s", low=0, high=1e12, default=100)],
    duration_s: Annotated[float, Input("Time each is in progress", "s", low=0, high=1e9, default=0.5)],
) -> Concurrency:
    """Requests in progress at once, by Little's law.

    Holds for any system in which nothing is lost or made, whatever the order or the spread, for
    averages over a time long against `duration_s`. The peak is higher than the average.
    """
    return Concurrency(np.multiply(arrivals_per_s, duration_s) * 1.0)


@checked
def mm1(
    arrivals_per_s: Annotated[float, ARRIVALS],
    services_per_s: Annotated[float, Input("Requests a server can do", "1/s", low=1e-6, high=1e9, default=100)],
) -> QueueState:
    """One server, random arrivals, exponential service (M/M/1).

    Assumes independent requests at a steady rate, a line without end in order of arrival, and nobody who
    gives up. Real arrivals come in bursts and wait longer (see `kingman`); service that varies less than
    exponential waits less (see `md1`). Measured over minutes near full load, the mean has not yet settled.
    Raises Unstable when work arrives at least as fast as it can be done.
    Takes arrays elementwise.

    >>> round(mm1(arrivals_per_s=0.8, services_per_s=1).mean_time_s, 9)
    5.0
    """
    arrivals, services = np.asarray(arrivals_per_s, float), np.asarray(services_per_s, float)
    load = _stable(arrivals, services, 1)
    spare = services - arrivals
    waits = [np.maximum(0.0, np.log(load / (1 - q))) / spare for q in SHARES]
    times = [-np.log1p(-q) / spare for q in SHARES]
    return _state(arrivals, load, load, load / spare, 1 / services, waits, times)


@checked
def mmc(
    arrivals_per_s: Annotated[float, ARRIVALS],
    services_per_s: Annotated[float, Input("Requests a server can do", "1/s", low=1e-6, high=1e9, default=10)],
    servers: Annotated[int, Input("Servers", low=1, high=1_000_000, default=10)],
) -> QueueState:
    """Several equal servers drawing from one line, random arrivals, exponential service (M/M/c).

    Assumes that any server can take any request: one line before each server waits far longer.
    Raises Unstable when work arrives at least as fast as it can be done.
    Takes arrays elementwise.

    >>> round(mmc(arrivals_per_s=80, services_per_s=10, servers=10).mean_wait_s, 6)
    0.020459
    """
    arrivals, services, servers_ = np.broadcast_arrays(
        np.asarray(arrivals_per_s, float), np.asarray(services_per_s, float), np.asarray(servers)
    )
    load = _stable(arrivals, services, servers_)
    offered = arrivals / services
    wait_probability = erlang_c_share(offered, servers_)
    spare = servers_ * services - arrivals
    with np.errstate(divide="ignore"):
        waits = [np.maximum(0.0, np.log(wait_probability / (1 - q))) / spare for q in SHARES]
    each = np.reshape(SHARES, (-1,) + (1,) * np.ndim(load))
    times = list(_time_quantile(each, wait_probability, spare / services, np.stack(waits) * services) / services)
    return _state(arrivals, load, wait_probability, wait_probability / spare, 1 / services, waits, times)


def erlang_c_share(offered: np.ndarray, servers: np.ndarray) -> np.ndarray:
    """Chance that an arrival finds every server busy, for an offered load below the number of servers."""
    loss = erlang_b_share(offered, servers)
    return servers * loss / (servers - offered * (1 - loss))


def erlang_b_share(offered: np.ndarray, servers: np.ndarray) -> np.ndarray:
    """Chance that an arrival is turned away where none may wait, for arrays of one shape."""
    loads = np.ascontiguousarray(offered, dtype=float).ravel()
    counts = np.ascontiguousarray(servers, dtype=np.int64).ravel()
    return queueing_kernels.erlang_b_each(loads, counts).reshape(np.shape(offered))


def _time_quantile(share: np.ndarray, waiting: np.ndarray, spare: np.ndarray, wait: np.ndarray) -> np.ndarray:
    """Wait plus service that `share` of customers stays within, in units of one mean service.

    By halving: the chance of more than x is e^-x + C (e^-(x spare) - e^-x) / (1 - spare), where `spare`
    is servers less offered load; near spare = 1 the quotient is taken by its series.
    """
    rest = (1 - share) / 2  # a wait past its half or a service past its half: neither, and the sum holds
    low = np.zeros(np.shape(wait))
    high = wait + np.log(2.0) / spare + np.log(1 / rest)
    for _ in range(64):
        x = (low + high) / 2
        gap = 1 - spare
        close = np.abs(x * gap) < 1e-3
        direct = (np.exp(-x * spare) - np.exp(-x)) / np.where(close, 1.0, gap)
        series = np.exp(-x) * x * (1 + np.where(close, x * gap, 0.0) / 2 + np.where(close, x * gap, 0.0) ** 2 / 6)
        more = np.exp(-x) + waiting * np.where(close, series, direct) > 1 - share
        low, high = np.where(more, x, low), np.where(more, high, x)
    return (low + high) / 2


@checked
def md1(
    arrivals_per_s: Annotated[float, ARRIVALS],
    service_s: Annotated[float, Input("Service, always the same", "s", low=1e-9, high=1e6, default=0.01)],
) -> QueueState:
    """One server, random arrivals, constant service (M/D/1): half the wait of M/M/1.

    Percentiles are exact up to 64 services and beyond that by the tail's exponential, which then agrees
    to all digits. Raises Unstable when work arrives at least as fast as it can be done.
    Takes arrays elementwise.
    """
    arrivals, service = np.broadcast_arrays(np.asarray(arrivals_per_s, float), np.asarray(service_s, float))
    load = _stable(arrivals, 1 / service, 1)
    wait = load * service / (2 * (1 - load))
    each = np.array([md1_wait_quantiles(float(x), SHARES) for x in load.ravel()])
    waits = [each[:, i].reshape(load.shape) * service for i in range(len(SHARES))]
    return _state(arrivals, load, load, wait, service, waits, [w + service for w in waits])


@checked
def mg1(
    arrivals_per_s: Annotated[float, ARRIVALS],
    service: Annotated[
        Distribution, Input("Service", "s", low=0, high=1e6, default="0.9*constant(0.005) + 0.1*constant(0.055)")
    ],
) -> QueueState:
    """One server, random arrivals, service of any spread (M/G/1, Pollaczek and Khinchine).

    The mean wait grows with the mean square of the service: a few slow requests make all others wait.
    Percentiles are convolved on a lattice and good to about 0.1% of the largest. Raises Unstable when
    work arrives at least as fast as it can be done, InvalidInput when the service has no finite variance:
    the mean wait is then infinite. Takes an array of arrivals elementwise.
    """
    law = service_law(service)
    arrivals = np.asarray(arrivals_per_s, float)
    load = _stable(arrivals, 1 / law.mean, 1)
    wait = arrivals * (law.variance + law.mean**2) / (2 * (1 - load))
    pairs = [mg1_quantiles(float(x), law, float(w), SHARES) for x, w in zip(load.flat, wait.flat, strict=True)]
    waits = [np.array([pair[0][i] for pair in pairs]).reshape(load.shape) for i in range(len(SHARES))]
    times = [np.array([pair[1][i] for pair in pairs]).reshape(load.shape) for i in range(len(SHARES))]
    return _state(arrivals, load, load, wait, law.mean, waits, times)


def service_law(service: DistributionLike) -> Distribution:
    """The service as a distribution whose mean wait exists. Raises InvalidInput otherwise."""
    law = Distribution.of(service, "s")
    if not (0 < law.mean < np.inf and law.variance < np.inf and law.least >= 0):
        raise InvalidInput(
            f"service is {law.text}, with mean {law.mean:g} s, variance {law.variance:g} and least value "
            f"{law.least:g} s; it takes positive times with finite variance, such as exponential(mean=0.01)"
        )
    return law


@checked
def kingman(
    arrivals_per_s: Annotated[float, ARRIVALS],
    service_s: Annotated[float, Input("Mean service", "s", low=1e-9, high=1e6, default=0.01)],
    arrival_cv: Annotated[float, Input("Spread of the gaps between requests", low=0, high=1000, default=2,
                                       help="Standard deviation over mean: 0 evenly spaced, 1 random")],
    service_cv: Annotated[float, Input("Spread of the service", low=0, high=1000, default=1,
                                       help="Standard deviation over mean: 0 constant, 1 exponential")],
) -> GeneralWait:  # fmt: skip
    """One server, gaps and services of any spread (G/G/1): Kingman's bound and the VUT approximation.

    The bounds hold for independent gaps and independent services at any load. The approximation
    (spread x utilization x time) is exact for Poisson arrivals and close near full load; at low load
    with even arrivals it is too high. Neither holds where bursts follow bursts (gaps that depend on
    each other). Raises Unstable when work arrives at least as fast as it can be done.
    Source: tran-gia-hossfeld-2021 (section 5.6.3, with Daley's bound). Takes arrays elementwise.
    """
    arrivals, service = np.asarray(arrivals_per_s, float), np.asarray(service_s, float)
    load = _stable(arrivals, 1 / service, 1)
    gaps, services = np.square(arrival_cv), np.square(service_cv)
    bound = arrivals * (gaps / arrivals**2 + services * service**2) / (2 * (1 - load))
    daley = ((2 - load) * gaps + load * services) / (2 * (1 - load)) * service
    wait = (gaps + services) / 2 * load / (1 - load) * service
    return GeneralWait(*map(plain, np.broadcast_arrays(load, bound, daley, wait, wait + service)))


@checked
def vut(
    arrivals_per_s: Annotated[float, ARRIVALS],
    service_s: Annotated[float, Input("Mean service", "s", low=1e-9, high=1e6, default=0.1)],
    servers: Annotated[int, Input("Servers", low=1, high=1_000_000, default=10)],
    arrival_cv: Annotated[float, Input("Spread of the gaps between requests", low=0, high=1000, default=2)],
    service_cv: Annotated[float, Input("Spread of the service", low=0, high=1000, default=1)],
) -> ManyServerWait:
    """Several servers, gaps and services of any spread (G/G/c): the approximate mean wait.

    Allen and Cunneen take the exact wait of M/M/c, Sakasegawa a power of the utilization, both times the
    mean of the squared spreads. Both give M/G/1 exactly, Allen and Cunneen M/M/c too, and that is tested; for
    other laws it is an approximation, whose error is not bounded here: simulate with `ggc` where it matters.
    Raises Unstable when work arrives at least as fast as it can be done. Takes arrays elementwise.
    """
    arrivals, service, count = np.broadcast_arrays(
        np.asarray(arrivals_per_s, float), np.asarray(service_s, float), np.asarray(servers)
    )
    load = _stable(arrivals, 1 / service, count)
    spread = (np.square(arrival_cv) + np.square(service_cv)) / 2
    spare = count - arrivals * service
    wait = spread * erlang_c_share(arrivals * service, count) / spare * service
    power = spread * load ** (np.sqrt(2 * (count + 1.0)) - 1) / spare * service
    return ManyServerWait(*map(plain, np.broadcast_arrays(load, wait, power, wait + service)))


@dataclass(frozen=True)
class AtLoad:
    """A latency measured at one load, at another."""

    latency_s: Annotated[float, Output("Latency at the new load", "s")]
    factor: Annotated[float, Output("New latency over the measured one", "times")]
    waiting_share: Annotated[float, Output("Part of the mean latency that is waiting", "share")]


@checked
def at_load(
    latency_s: Annotated[float, Input("Latency measured, mean or percentile", "s", low=0, high=1e9, default=0.05)],
    utilization: Annotated[float, Input("Utilization to come", "share", low=0, high=1, default=0.8)],
    measured_utilization: Annotated[
        float, Input("Utilization when it was measured", "share", low=0, high=0.999, default=0.3)
    ] = 0.3,
    servers: Annotated[float, Input("Servers, cores or connections", low=1, high=1e6, default=1)] = 1,
    spread: Annotated[
        float, Input("Burstiness: mean of the squared spreads of gaps and services", low=0, high=1000, default=1)
    ] = 1,
) -> AtLoad:
    """What a latency measured at one utilization becomes at another.

    The mean time in the system is that of one service, times 1 + spread u^(sqrt(2 (c + 1)) - 1) / (c (1 - u)) at the
    utilization u of c servers (Sakasegawa, as `vut`); percentiles are taken to grow as the mean does. For one
    server, random arrivals and exponential service that is exact for every percentile, (1 - u) / (1 - u'); for one
    server shared by all requests (processor sharing) exact for the mean, whatever the services. Of M/M/c with 2 to
    64 servers, measured at 10 to 70% and asked at up to 95%, the mean is within 2.5% and the 99th percentile
    from 8% too low to 27% too high. Latency that is not spent at the server (a round trip) does not grow:
    take it off before. Elementwise over arrays. Raises Unstable at a utilization of 1.

    >>> round(at_load(0.05, utilization=0.8, measured_utilization=0.3).latency_s, 4)
    0.175
    """
    now, then = np.asarray(utilization, dtype=float), np.asarray(measured_utilization, dtype=float)
    if np.any(now >= 1):
        where = np.broadcast_to(now >= 1, np.broadcast(latency_s, now, then, servers, spread).shape)
        raise Unstable("a server in use all the time has a queue that grows without end; give less than 1", where)
    power = np.sqrt(2 * (np.asarray(servers, dtype=float) + 1)) - 1
    waits, waited = (spread * load**power / (servers * (1 - load)) for load in (now, then))
    factor = (1 + waits) / (1 + waited)
    return AtLoad(*map(plain, np.broadcast_arrays(latency_s * factor, factor, waits / (1 + waits))))


def _stable(arrivals: np.ndarray, services: Any, servers: Any) -> np.ndarray:
    """Utilization. Raises Unstable where it is 1 or more."""
    load = np.asarray(arrivals / (servers * services))
    if np.any(load >= 1):
        at = int(np.argmax(load >= 1))
        arriving = np.broadcast_to(arrivals, load.shape).flat[at]
        doable = np.broadcast_to(servers * services, load.shape).flat[at]
        raise Unstable(
            f"{arriving:g} requests/s arrive and {doable:g}/s can be done, so the queue grows without end; "
            "give fewer arrivals, faster service or more servers",
            load >= 1,
        )
    return load


def plain(value: Any) -> Any:
    """A float where the value is a single number, else the array."""
    return float(value) if np.ndim(value) == 0 else np.asarray(value)


def _state(
    arrivals: Any, load: Any, waiting: Any, wait: Any, service: Any, waits: list[Any], times: list[Any]
) -> QueueState:
    fields = (
        load, waiting, wait, wait + service, arrivals * wait, arrivals * (wait + service), *waits, *times
    )  # fmt: skip
    return QueueState(*map(plain, np.broadcast_arrays(*fields)))


def warm() -> None:
    """Compile what the first request would otherwise wait for."""
    queueing_kernels.warm()


def _wait_sentence(inputs: Any, result: QueueState) -> str:
    return (
        f"At {percent(result.utilization)} load a request waits {duration(result.mean_wait_s)} on average, "
        f"and 1 in 100 takes longer than {duration(result.time_p99_s)} from start to end."
    )


def _general_sentence(inputs: Any, result: Any) -> str:
    return f"At {percent(result.utilization)} load a request waits about {duration(result.mean_wait_s)} on average."


def _load_sentence(inputs: Any, result: AtLoad) -> str:
    return (
        f"{duration(inputs['latency_s'])} measured at {percent(inputs['measured_utilization'])} load become "
        f"{duration(result.latency_s)} at {percent(inputs['utilization'])}."
    )


FULL = "How full may a server run?"
MODELS = (
    Model(littles_law, FULL, lambda i, r: f"On average {several(r.concurrency, 'request', 'are', 4)} in "
                                          f"progress at once.",
          "01-compute", "01-compute/little"),
    Model(mm1, FULL, _wait_sentence, "01-compute", "01-compute/wait-by-load"),
    Model(mmc, FULL, _wait_sentence, "01-compute", "01-compute/pooled-servers"),
    Model(md1, FULL, _wait_sentence, "01-compute", "01-compute/constant-service"),
    Model(mg1, FULL, _wait_sentence, "01-compute", "01-compute/slow-minority"),
    Model(kingman, FULL, _general_sentence, "01-compute", "01-compute/bursts"),
    Model(vut, FULL, _general_sentence, "01-compute", "01-compute/many-servers"),
    Model(at_load, FULL, _load_sentence, "01-compute", "01-compute/latency-at-load"),
)  # fmt: skip
