"""What reported percentiles hide: averages over servers, interpolation in buckets, waits that nobody recorded.

Units: `_s` seconds, `_per_s` per second, `_share` and quantiles fractions of 1. Everything is elementwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import broadcast, plain
from sysdesign.probability.lognormal_sum import sigma_of

HALVINGS = 60  # of a bracket, on the scale of logarithms
NARROWEST = 1e-9  # spread in logarithms below which all requests take the median
ROUNDED = 1e-12  # ranks, and logarithms, nearer than this are the same

Quantile = Annotated[float, Input("Percentile, as a share of requests", "share", low=0.01, high=1 - 1e-9, default=0.99)]
Spread = Annotated[
    float, Input("Spread: the 99th percentile over the median", low=1, high=1e4, default=5, help="1: all alike")
]


@dataclass(frozen=True)
class Averaged:
    """A percentile of all requests beside averages of the servers' percentiles."""

    true_s: Annotated[float, Output("Percentile of all requests", "s")]
    averaged_s: Annotated[float, Output("Mean of the servers' percentiles", "s")]
    weighted_s: Annotated[float, Output("The same weighted by requests", "s")]
    times_true: Annotated[float, Output("Mean of percentiles over the true one")]
    weighted_times_true: Annotated[float, Output("Weighted mean over the true one")]
    slower_share: Annotated[float, Output("Requests slower than the mean of percentiles", "share")]


@checked
def averaged(
    slow_share: Annotated[float, Input("Requests that slow servers answer", "share", low=0, high=1, default=0.05)],
    slow_servers: Annotated[float, Input("Servers that are slow", "share", low=0, high=1, default=0.5)] = 0.5,
    median_s: Annotated[float, Input("Median of the fast servers", "s", low=1e-9, high=1e6, default=0.02)] = 0.02,
    slow_factor: Annotated[
        float, Input("Median of the slow servers, times that of the fast", low=1, high=1e6, default=20)
    ] = 20,
    spread: Spread = 5,
    quantile: Quantile = 0.99,
) -> Averaged:
    """The percentile of a service against the average of its servers' percentiles.

    Servers are of two kinds, latencies lognormal with one spread. The service's percentile is the latency below
    which `quantile` of all requests lie, whoever answered them. The mean of percentiles counts each server
    alike, whatever it answers; weighting by requests does not mend it, since a percentile is no sum.

    With both kinds alike all three agree. Real servers come in more than two kinds, which changes by how much
    an average is off, not that it is. Follows from the definition of a quantile; no source needed.

    >>> round(averaged(0.01, spread=1, median_s=0.01, slow_factor=100).averaged_s, 3)
    0.505
    """
    share, servers, fast, factor, wide, rank = broadcast(slow_share, slow_servers, median_s, slow_factor, spread,
                                                         quantile)  # fmt: skip
    sigma = sigma_of(wide)
    fast_at = fast * np.exp(sigma * ndtri(rank))
    slow_at = fast_at * factor

    def below(log_s: np.ndarray) -> np.ndarray:
        return (1 - share) * _below(log_s, np.log(fast), sigma) + share * _below(log_s, np.log(fast * factor), sigma)

    true = np.exp(_rank(below, rank, np.log(fast_at), np.log(slow_at)))
    mean = (1 - servers) * fast_at + servers * slow_at
    weighted = (1 - share) * fast_at + share * slow_at
    found = (true, mean, weighted, mean / true, weighted / true, 1 - below(np.log(mean)))
    return Averaged(*(plain(each) for each in found))


def _below(log_s: np.ndarray, log_median: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Share of requests up to a latency; a step where all take the same time."""
    steps = np.where(log_s >= log_median - ROUNDED, 1.0, 0.0)
    return np.where(sigma < NARROWEST, steps, ndtr((log_s - log_median) / np.maximum(sigma, NARROWEST)))


def _rank(below: Any, rank: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The least logarithm in the bracket up to which at least `rank` of requests lie."""
    under, over = low - NARROWEST / 10, high
    for _ in range(HALVINGS):
        middle = (under + over) / 2
        enough = below(middle) >= rank - ROUNDED
        under, over = np.where(enough, under, middle), np.where(enough, middle, over)
    return np.clip(over, low, high)


@dataclass(frozen=True)
class Bucketed:
    """A percentile read from buckets, and the true one."""

    estimate_s: Annotated[float, Output("Percentile as interpolated", "s")]
    true_s: Annotated[float, Output("True percentile", "s")]
    error_share: Annotated[float, Output("Error, of the true percentile", "share")]
    most_error_share: Annotated[float, Output("Largest error of a value in a bucket, of that value", "share")]
    lower_s: Annotated[float, Output("Lower bound of its bucket", "s")]
    upper_s: Annotated[float, Output("Upper bound of its bucket", "s")]
    buckets: Annotated[float, Output("Buckets")]


@checked
def bucketed(
    growth: Annotated[
        float, Input("Each bound, times the one before", low=1.0001, high=100, default=2, help="2 ** 0.125: 1.0905")
    ],
    median_s: Annotated[float, Input("Median latency", "s", low=1e-9, high=1e6, default=0.12)] = 0.12,
    spread: Spread = 5,
    quantile: Quantile = 0.99,
    first_s: Annotated[float, Input("Lowest upper bound", "s", low=1e-9, high=1e6, default=0.005)] = 0.005,
    last_s: Annotated[float, Input("Highest finite bound", "s", low=1e-9, high=1e9, default=10)] = 10,
    interpolation: Annotated[
        Literal["linear", "exponential"], Input("Interpolation within a bucket", default="linear")
    ] = "linear",
) -> Bucketed:  # fmt: skip
    """A percentile interpolated from histogram buckets whose bounds grow by a factor.

    Latencies are lognormal. The bucket that holds the percentile is found by counts; within it requests are
    taken as evenly spread, over the values (linear) or over their logarithms (exponential). Below the first
    bound the bucket begins at 0; above the last one the answer is that bound. `most_error_share` is the
    bound for the middle of a bucket, (growth - 1) / (growth + 1), as sketches promise it.

    Bounds are first_s times powers of growth. A store that drops or merges buckets does worse.
    Source: Prometheus' histogram_quantile. Raises InvalidInput where last_s lies below first_s.

    >>> round(bucketed(1.5, 0.22, spread=1, quantile=0.95, first_s=0.2).estimate_s, 3)
    0.295
    """
    factor, median, wide, rank, first, last = broadcast(growth, median_s, spread, quantile, first_s, last_s)
    if (last < first).any():
        raise InvalidInput("last_s lies below first_s; the highest bound is at least the lowest one")
    sigma = sigma_of(wide)
    true = median * np.exp(sigma * ndtri(rank))
    steps = np.floor(np.log(last / first) / np.log(factor) + 1e-9)
    at = np.ceil(np.log(true / first) / np.log(factor) - 1e-12)
    beyond, upper = at > steps, first * factor ** np.clip(at, 0, steps)
    lower = np.where(at <= 0, 0.0, np.where(beyond, upper, upper / factor))
    with np.errstate(divide="ignore"):
        under, over = (_below(np.log(each), np.log(median), sigma) for each in (lower, upper))
    inside = np.clip((rank - under) / np.maximum(over - under, 1e-300), 0, 1)
    straight = lower + (upper - lower) * inside
    curved = np.where(lower > 0, lower * (upper / np.maximum(lower, 1e-300)) ** inside, straight)
    estimate = np.where(beyond, upper, straight if interpolation == "linear" else curved)
    found = (estimate, true, np.abs(estimate / true - 1), (factor - 1) / (factor + 1), lower, upper, steps + 2)
    return Bucketed(*(plain(each) for each in found))


@dataclass(frozen=True)
class Omitted:
    """What a client records that stops while the system is stuck, and what users wait."""

    recorded_s: Annotated[float, Output("Percentile as recorded", "s")]
    true_s: Annotated[float, Output("Percentile of all who would have asked", "s")]
    recorded_mean_s: Annotated[float, Output("Mean as recorded", "s")]
    true_mean_s: Annotated[float, Output("Mean of all", "s")]
    unsent_share: Annotated[float, Output("Requests that were due and never sent", "share")]
    hurt_share: Annotated[float, Output("Requests that wait, of all", "share")]
    drain_s: Annotated[float, Output("Time until the backlog of a stall is gone", "s")]


@checked
def omitted(
    stall_s: Annotated[float, Input("Length of a stall", "s", low=0, high=1e6, default=100)],
    good_s: Annotated[float, Input("Time between stalls", "s", low=1e-6, high=1e9, default=100)] = 100,
    requests_per_s: Annotated[float, Input("Requests due", "1/s", low=1e-6, high=1e7, default=100)] = 100,
    service_s: Annotated[float, Input("Latency outside a stall", "s", low=0, high=1e4, default=0.001)] = 0.001,
    drained_per_s: Annotated[
        float, Input("Requests answered after a stall", "1/s", low=1e-6, high=1e12, default=1e12,
                     help="the rate at which the backlog is worked off; very high: all at once")
    ] = 1e12,
    clients: Annotated[float, Input("Clients that wait for their answers", low=1, high=1e9, default=1)] = 1,
    quantile: Quantile = 0.99,
) -> Omitted:  # fmt: skip
    """Coordinated omission: how a load test that waits for answers hides a stall.

    Requests are due at an even rate. While the system stalls each client is stuck in one request and sends
    none of those that fall due, so a stall enters the record `clients` times. Of those who would have asked,
    each waits from when its request was due: in the stall for its rest and its place in the backlog, after it
    until the backlog is gone. More clients than requests due in a stall leave nothing out.

    Stalls come at a fixed distance, and beside them latency is constant: a real test has a tail of its own.
    Source: Tene's talk "How NOT to Measure Latency" for the example of 100 s. Raises InvalidInput where the
    backlog is not gone before the next stall.

    >>> round(omitted(100).true_mean_s, 1)
    25.0
    """
    stall, good, rate, service, drained, stuck, rank = broadcast(stall_s, good_s, requests_per_s, service_s,
                                                                 drained_per_s, clients, quantile)  # fmt: skip
    busy = rate / drained
    if (busy >= 1).any() or (stall * busy / (1 - np.minimum(busy, 0.999999)) > good).any():
        raise InvalidInput(
            "a stall's backlog is not gone before the next one; raise drained_per_s or good_s, or shorten stall_s"
        )
    drain = stall * busy / (1 - busy)
    stuck = np.minimum(stuck, np.maximum(stall * rate, np.where(stall > 0, 1.0, 0.0)))
    kept, due = good * rate + stuck, (good + stall) * rate
    sent_wait = np.maximum(stall - (stuck - 1) / rate / 2, 0)
    wait_sum = rate * stall * (stall + stall * busy) / 2 + rate * drain * stall * busy / 2
    found = (
        service + _stuck_wait((1 - rank) * kept, stuck, stall, rate),
        service + _wait((1 - rank) * (good + stall), stall, drain, busy),
        service + stuck * sent_wait / kept, service + wait_sum / due,
        np.maximum(1 - kept / due, 0), (stall + drain) / (good + stall), drain,
    )  # fmt: skip
    return Omitted(*(plain(each) for each in found))


def _stuck_wait(above: np.ndarray, stuck: np.ndarray, stall: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """The wait that so many recorded requests exceed: the first of a stall waits all of it, each further one less."""
    return np.where(above < stuck - ROUNDED, np.maximum(stall - np.floor(above + ROUNDED) / rate, 0), 0.0)


def _wait(above_s: np.ndarray, stall: np.ndarray, drain: np.ndarray, busy: np.ndarray) -> np.ndarray:
    """The wait that requests due in so much time exceed: it falls through the stall, then while the backlog drains."""
    falling = stall - above_s * (1 - busy)
    draining = (stall + drain - above_s) * (1 - busy)
    return np.maximum(np.where(above_s <= stall, falling, draining), 0)


def _average_said(inputs: Mapping[str, Any], result: Averaged) -> str:
    return (
        f"The service's percentile is {duration(result.true_s)}; the mean of its servers' says "
        f"{duration(result.averaged_s)}, {amount(result.times_true)} times as much, and weighted by requests "
        f"{duration(result.weighted_s)}."
    )


def _bucket_said(inputs: Mapping[str, Any], result: Bucketed) -> str:
    return (
        f"The buckets say {duration(result.estimate_s)} where the percentile is {duration(result.true_s)}, "
        f"an error of {percent(result.error_share)}; {amount(result.buckets)} buckets hold all."
    )


def _omission_said(inputs: Mapping[str, Any], result: Omitted) -> str:
    return (
        f"The client records {duration(result.recorded_s)} where users wait {duration(result.true_s)}, and a mean of "
        f"{duration(result.recorded_mean_s)} for {duration(result.true_mean_s)}: {percent(result.unsent_share)} of the "
        "requests due were never sent."
    )


HONEST = "Does a reported percentile say what users wait?"
MODELS = (
    Model(averaged, HONEST, _average_said, "11-observability", "11-observability/averaged"),
    Model(bucketed, HONEST, _bucket_said, "11-observability", "11-observability/buckets"),
    Model(omitted, HONEST, _omission_said, "11-observability", "11-observability/omission"),
)
