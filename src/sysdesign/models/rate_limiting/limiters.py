"""Rate limiters: what each admits at worst and in practice, and what it remembers of a client.

Fixed window, sliding log, sliding counter, token bucket, leaky bucket (a queue that drains at the rate)
and GCRA (a token bucket kept as one timestamp). One limiter sees every request and one clock: copies
that count apart admit up to their number times as much. Refused requests cost nothing and are not
counted. Sources: gcra-leach-2015 for GCRA, herrera-rate-limiting for the sliding counter; worst cases follow
from the rules, and a search of adversarial arrivals holds them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, Samples, checked
from sysdesign.models.rate_limiting import kernels
from sysdesign.models.wording import amount, percent, several
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import interval_of, least_runs, replicate
from sysdesign.probability.streams import Streams
from sysdesign.probability.stretches import highest, stretches

Algorithm = Literal["fixed window", "sliding log", "sliding counter", "token bucket", "leaky bucket", "gcra"]
KINDS = {
    "fixed window": kernels.FIXED_WINDOW,
    "sliding log": kernels.SLIDING_LOG,
    "sliding counter": kernels.SLIDING_COUNTER,
    "token bucket": kernels.TOKEN_BUCKET,
    "leaky bucket": kernels.LEAKY_BUCKET,
    "gcra": kernels.GCRA,
}
BUCKETS = ("token bucket", "leaky bucket", "gcra")
ALGORITHM = Input("Algorithm", default="sliding counter")
LIMIT = Input("Requests allowed in a window", low=1, high=1_000_000, default=100)
WINDOW = Input("Window", "s", low=0.001, high=86_400, default=60)
BURST = Input("Burst a bucket holds", low=1, high=1_000_000, default=20, help="Windows and logs do not use it")
ARRIVALS_A_RUN = 20_000
STREAMS = Streams()


@dataclass(frozen=True)
class Envelope:
    """The most that a limiter can let through, and what it costs to keep."""

    sustained_per_s: Annotated[float, Output("Rate it allows in the long run", "1/s")]
    most_in_span: Annotated[float, Output("Most admitted in the span")]
    most_in_window: Annotated[float, Output("Most admitted in any window's length")]
    most_at_once: Annotated[float, Output("Most admitted in an instant")]
    passed_at_once: Annotated[float, Output("Most passed on in an instant")]
    longest_delay_s: Annotated[float, Output("Longest delay it adds", "s")]
    memory_bytes: Annotated[float, Output("Memory for one client", "B")]
    memory_total_bytes: Annotated[float, Output("Memory for all clients", "B")]


@dataclass(frozen=True)
class CounterDecision:
    """What a sliding counter makes of one request."""

    estimate: Annotated[float, Output("Requests it believes were in the last window")]
    decision: Annotated[str, Output("The request is")]
    left: Annotated[float, Output("Further requests it would admit at this moment")]


@dataclass(frozen=True)
class Bucket:
    """What a token bucket admits over a time of steady demand."""

    max_admitted: Annotated[float, Output("Most admitted in the span")]
    lasts_s: Annotated[float, Output("Demand is met in full for so long, or 0 where it always is", "s")]
    refused_share: Annotated[float, Output("Requests refused after that", "share")]
    refill_s: Annotated[float, Output("An empty bucket is full again after", "s")]


@dataclass(frozen=True)
class Replay:
    """What a limiter would have done to measured arrivals."""

    admitted: Annotated[int, Output("Requests admitted")]
    refused_share: Annotated[float, Output("Requests refused", "share")]
    most_in_window: Annotated[int, Output("Most admitted in any window's length")]
    passed: Annotated[np.ndarray, Output("1 where admitted, 0 where refused")]
    at_s: Annotated[np.ndarray, Output("Time", "s", drawn=True)]  # the first of each stretch of a long record
    asked_in_window: Annotated[np.ndarray, Output("Requests asked in the window up to it", drawn=True)]
    admitted_in_window: Annotated[np.ndarray, Output("Requests admitted in the window up to it", drawn=True)]


@dataclass(frozen=True)
class Load:
    """What a limiter does to random arrivals."""

    refused_share: Annotated[float, Output("Requests refused", "share")]
    refused_low: Annotated[float, Output("Requests refused, at least", "share")]
    refused_high: Annotated[float, Output("Requests refused, at most", "share")]
    admitted_per_s: Annotated[float, Output("Requests admitted", "1/s")]
    most_in_window: Annotated[int, Output("Most admitted in any window's length, as seen")]
    requests: Annotated[int, Output("Requests simulated")]


@checked
def envelope(
    algorithm: Annotated[Algorithm, ALGORITHM],
    limit: Annotated[int, LIMIT] = 100,
    window_s: Annotated[float, WINDOW] = 60.0,
    burst: Annotated[int, BURST] = 20,
    span_s: Annotated[float, Input("Span to look at", "s", low=0.001, high=1e7, default=60)] = 60.0,
    clients: Annotated[int, Input("Clients", low=1, high=10_000_000_000, default=1_000_000)] = 1_000_000,
    number_bytes: Annotated[int, Input("A counter or a timestamp", "B", low=1, high=1024, default=8)] = 8,
    entry_bytes: Annotated[int, Input("Overhead of an entry in a log", "B", low=0, high=1024, default=0)] = 0,
    key_bytes: Annotated[int, Input("Key and overhead of a client", "B", low=0, high=4096, default=0)] = 0,
) -> Envelope:
    """The most a limiter admits in any span of time, and the memory it takes.

    A fixed window lets twice its limit through around a boundary. A sliding counter never does so in an
    instant, but a burst at the end of one window and the full next one make twice the limit in one
    window's length: it takes the window before for evenly filled. A log never errs and remembers every
    request. A bucket of burst b admits at most floor(b + r T) in a time T, ends included; the spans of
    the others exclude their end. A leaky bucket admits the same and passes requests on evenly, which
    delays them. Memory counts numbers, log entries and a key; a store's own overhead is yours to give.
    """
    rate = limit / window_s
    in_span = _most(algorithm, limit, window_s, burst, span_s)
    at_once = {"fixed window": 2 * limit, "sliding log": limit, "sliding counter": limit + 1}.get(algorithm, burst)
    memory = key_bytes + _state_bytes(algorithm, limit, burst, number_bytes, entry_bytes)
    leaky = algorithm == "leaky bucket"
    return Envelope(
        rate, in_span, _most(algorithm, limit, window_s, burst, window_s), float(at_once),
        1.0 if leaky else float(at_once), (burst - 1) / rate if leaky else 0.0, float(memory), float(memory) * clients,
    )  # fmt: skip


def _most(algorithm: str, limit: int, window: float, burst: int, span: float) -> float:
    windows = span / window
    match algorithm:
        case "fixed window":
            return float(limit * (_ceil(windows) + 1))
        case "sliding log":
            return float(limit * _ceil(windows))
        case "sliding counter":
            return float(limit + _ceil(limit * windows))
        case _:
            return float(math.floor(burst + limit * windows + 1e-9))


def _ceil(value: float) -> int:
    return math.ceil(value - 1e-9)  # 0.3 / 0.1 is three windows


def _state_bytes(algorithm: str, limit: int, burst: int, number: int, entry: int) -> int:
    return {
        "fixed window": 2 * number,  # a count and the window's start
        "sliding log": limit * (number + entry),
        "sliding counter": 3 * number,  # two counts and the window's start
        "token bucket": 2 * number,  # tokens and when they were counted
        "leaky bucket": number + burst * (number + entry),  # the queue itself
        "gcra": number,  # one time
    }[algorithm]


@checked
def sliding_counter(
    previous: Annotated[float, Input("Requests in the window before", low=0, high=1e12, default=5)],
    current: Annotated[float, Input("Requests in this window so far", low=0, high=1e12, default=3)],
    position: Annotated[float, Input("How far into this window", "share", low=0, high=1, default=0.3)],
    limit: Annotated[float, Input("Requests allowed in a window", low=1, high=1e12, default=7)],
) -> CounterDecision:
    """What a sliding-window counter makes of a request: previous x (1 - position) + current, under the limit?

    The request is admitted when the estimate, itself not counted, is under the limit. Assumes that the
    window before was evenly filled. Source: herrera-rate-limiting.

    >>> sliding_counter(previous=5, current=3, position=0.3, limit=7).estimate
    6.5
    """
    estimate = previous * (1 - position) + current
    left = max(0.0, float(math.ceil(limit - estimate - 1e-9)))
    return CounterDecision(estimate, "admitted" if left > 0 else "refused", left)


@checked
def token_bucket(
    rate_per_s: Annotated[float, Input("Tokens added", "1/s", low=1e-6, high=1e9, default=100)],
    burst: Annotated[float, Input("Tokens the bucket holds", low=1, high=1e9, default=200)],
    span_s: Annotated[float, Input("Span to look at", "s", low=0, high=1e7, default=1)] = 1.0,
    demand_per_s: Annotated[float, Input("Requests", "1/s", low=0, high=1e9, default=300)] = 300.0,
) -> Bucket:
    """What a token bucket admits: at most floor(burst + rate x T) in any time T, and for how long a peak passes.

    A full bucket meets a demand above the rate in full for burst / (demand - rate), then admits the rate.
    Assumes that a request takes one token. GCRA with an emission interval of 1 / rate and a tolerance of
    (burst - 1) / rate admits the same. Takes arrays elementwise.
    """
    rate, size, span = (np.asarray(value, float) for value in (rate_per_s, burst, span_s))
    demand = np.asarray(demand_per_s, float)
    over = demand > rate
    lasts = np.divide(size, demand - rate, out=np.zeros(np.broadcast(size, demand, rate).shape), where=over)
    refused = np.divide(demand - rate, demand, out=np.zeros(np.broadcast(demand, rate).shape), where=over)
    most = np.floor(size + rate * span + 1e-9)
    return Bucket(*(plain(value) for value in np.broadcast_arrays(most, lasts, refused, size / rate)))


@checked
def replay(
    algorithm: Annotated[Algorithm, ALGORITHM],
    gaps_s: Annotated[Samples, Input("Gaps between requests", "s", low=0, high=1e9,
                                     default=(0.1,) * 12 + (5.0,) + (0.1,) * 12)],
    limit: Annotated[int, Input("Requests allowed in a window", low=1, high=1_000_000, default=10)] = 10,
    window_s: Annotated[float, Input("Window", "s", low=0.001, high=86_400, default=5)] = 5.0,
    burst: Annotated[int, Input("Burst a bucket holds", low=1, high=1_000_000, default=5)] = 5,
) -> Replay:  # fmt: skip
    """What a limiter would have done to measured arrivals.

    The first request comes one gap after time 0, where windows begin and buckets are full. Buckets refill
    at limit / window. Assumes one limiter with one clock, and clients that do not react: a client that is
    refused and tries again brings requests that the record does not hold.
    """
    times = np.cumsum(np.asarray(gaps_s, dtype=float))
    passed = kernels.admitted(KINDS[algorithm], times, int(limit), float(window_s), float(burst))
    most = int(kernels.most_within(times[passed], float(window_s))) if passed.any() else 0
    first = np.searchsorted(times, times - window_s, side="right")  # of the window that ends with each request
    so_far = np.concatenate([[0], np.cumsum(passed)])
    place, starts = np.arange(1, times.size + 1), stretches(times.size)
    return Replay(
        int(passed.sum()), float(1 - passed.mean()), most, passed.astype(int), times[starts],
        highest(place - first, starts), highest(so_far[place] - so_far[first], starts),
    )  # fmt: skip


@checked
def load(
    algorithm: Annotated[Algorithm, ALGORITHM],
    gap: Annotated[
        Distribution, Input("Gap between a client's requests", "s", low=0, high=1e6, default="exponential(mean=0.65)")
    ],
    limit: Annotated[int, LIMIT] = 100,
    window_s: Annotated[float, WINDOW] = 60.0,
    burst: Annotated[int, BURST] = 20,
    relative_width: Annotated[float, Input("Narrow enough", "share", low=0.001, high=1, default=0.05)] = 0.05,
    most_runs: Annotated[int, Input("Runs of 20,000 requests at most", low=5, high=1000, default=40)] = 40,
    seed: Annotated[int, Input("Seed", low=0, high=2**31, default=1)] = 1,
) -> Load:
    """Share of a client's requests that a limiter refuses, by simulation, when their gaps are random.

    Gaps are independent; refused requests are not retried. Runs start with an empty limiter at a random
    place in a window, and stop when the interval of the refused share is narrow enough or all are spent
    (at a share near 0 the latter). With random (exponential) gaps, a sliding log refuses what Erlang's loss
    formula gives for arrivals x window on `limit` lines.
    Raises InvalidInput unless the gaps have a finite mean above 0.
    """
    law = Distribution.of(gap, "s")
    if not 0 < law.mean < np.inf or law.least < 0:
        raise InvalidInput(f"gap is {law.text}; it takes times of 0 or more with a finite mean above 0")

    def run(number: int) -> tuple[float, float]:
        start, after = _arrivals(seed, number, law)
        times = window_s * start[0] + after
        passed = kernels.admitted(KINDS[algorithm], times, int(limit), float(window_s), float(burst))
        return 1 - float(passed.mean()), float(kernels.most_within(times[passed], float(window_s)))

    rows = replicate(run, relative_width, most_runs, means=1)  # the other is a maximum
    refused = interval_of(rows[:, 0])
    return Load(
        refused.mean, max(0.0, refused.low), min(1.0, refused.high), (1 - refused.mean) / law.mean,
        int(rows[:, 1].max()), ARRIVALS_A_RUN * len(rows),
    )  # fmt: skip


def _arrivals(seed: int, number: int, law: Distribution) -> tuple[np.ndarray, ...]:
    """Where in a window a run begins, and its arrivals after that."""

    def draw() -> tuple[np.ndarray, ...]:
        generator = np.random.default_rng((seed, number))
        return generator.random(1), np.cumsum(law.sample(generator, ARRIVALS_A_RUN))

    return STREAMS.of((seed, number, law), draw)


def warm() -> None:
    """Compile what the first request would otherwise wait for."""
    kernels.warm()


def _envelope_sentence(inputs: Any, result: Envelope) -> str:
    return (
        f"At worst {several(round(result.most_in_window), 'request', 'pass')} in one window's length, "
        f"{result.most_at_once:,.0f} of them at once; one client takes {several(round(result.memory_bytes), 'byte')}."
    )


WHICH = "Which rate limiter, and which burst?"


def _load_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the runs that there must be: a draw and 30 ns of every algorithm for each arrival."""
    arrival_s = Distribution.of(inputs["gap"], "s").draw_s + 3e-8
    return least_runs(inputs["relative_width"], inputs["most_runs"]) * ARRIVALS_A_RUN * arrival_s


MODELS = (
    Model(envelope, WHICH, _envelope_sentence, "02-rest", "02-rest/limiter-envelope"),
    Model(sliding_counter, WHICH, lambda i, r: f"The estimate is {amount(r.estimate, 4)}, so the request is "
                                               f"{r.decision}.",
          "02-rest", "02-rest/sliding-counter"),
    Model(token_bucket, WHICH,
          lambda i, r: f"At most {several(round(r.max_admitted), 'request', 'pass')} in the span; a full bucket "
                       f"meets the demand "
                       + (f"for {amount(r.lasts_s)} s." if r.lasts_s else "for good."),
          "02-rest", "02-rest/token-bucket"),
    Model(replay, WHICH,
          lambda i, r: f"{several(r.admitted, 'request')} would have passed, at most {r.most_in_window} in one "
                       f"window's length.",
          "02-rest", "02-rest/recorded-arrivals"),
    Model(load, WHICH, lambda i, r: f"It refuses {percent(r.refused_share)} of these requests.",
          "02-rest", "02-rest/refused-share", _load_work),
)  # fmt: skip
