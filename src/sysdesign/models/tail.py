"""The tail at scale: a request is as slow as the slowest answer it waits for.

Calls in series, fan-out, waiting for some of many, hedged and tied requests. Assumes that the answers of
different servers are independent draws; a cause they share (a hot key, a full network, a pause of all) makes
fan-out less bad and hedging less good than told here. `shared_share` puts a number to that. Extra requests
add load, which the latencies given here do not feel: keep them small, or measure latencies under it.
Source: dean-barroso-2013. Units: milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from scipy.special import betaincinv

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, percent
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import interval_of, known, least_runs
from sysdesign.probability.laws import invert
from sysdesign.probability.lognormal_sum import Shifted, mixed_quantile, moments, quantile, shifted
from sysdesign.probability.summed import Summed

SHARES = np.array([0.5, 0.95, 0.99, 0.999])
LATENCY = "0.98*lognormal(median=5, sigma=0.4) + 0.02*exponential(mean=60)"
LATENCY_INPUT = Input("Latency of one request", "ms", low=0, high=1e9, default=LATENCY)
BATCHES = 20
FIRST_DRAWS = 20_000


@dataclass(frozen=True)
class FanOut:
    """How often at least one of many is slow."""

    any_slow: Annotated[float, Output("Requests with at least one slow answer", "share")]
    leaf_percentile: Annotated[float, Output("Percentile of one server that is the median of the whole", "share")]


@dataclass(frozen=True)
class LeafTarget:
    """How rarely one server may be slow."""

    slow_share: Annotated[float, Output("Slow answers of one server at most", "share")]
    leaf_percentile: Annotated[float, Output("Percentile of one server that must be fast", "share")]


@dataclass(frozen=True)
class Wait:
    """Latency of waiting for k of n answers, beside that of one answer and of all."""

    p50_ms: Annotated[float, Output("Median", "ms")]
    p95_ms: Annotated[float, Output("95th percentile", "ms")]
    p99_ms: Annotated[float, Output("99th percentile", "ms")]
    p999_ms: Annotated[float, Output("99.9th percentile", "ms")]
    one_p50_ms: Annotated[float, Output("Median of one server", "ms")]
    one_p99_ms: Annotated[float, Output("99th percentile of one server", "ms")]
    all_p99_ms: Annotated[float, Output("99th percentile of waiting for all", "ms")]
    p99_of_all: Annotated[float, Output("99th percentile as a share of that for all", "share")]
    requests_per_answer: Annotated[float, Output("Requests sent for each answer used")]


@dataclass(frozen=True)
class Hedge:
    """Latency with hedged requests, and what they cost."""

    delay_ms: Annotated[float, Output("Time before the hedge", "ms")]
    p50_ms: Annotated[float, Output("Median", "ms")]
    p95_ms: Annotated[float, Output("95th percentile", "ms")]
    p99_ms: Annotated[float, Output("99th percentile", "ms")]
    p999_ms: Annotated[float, Output("99.9th percentile", "ms")]
    plain_p99_ms: Annotated[float, Output("99th percentile without hedging", "ms")]
    plain_p999_ms: Annotated[float, Output("99.9th percentile without hedging", "ms")]
    extra_requests: Annotated[float, Output("Requests added", "share")]


@dataclass(frozen=True)
class Tied:
    """Latency with tied requests, by simulation."""

    p50_ms: Annotated[float, Output("Median", "ms")]
    p99_ms: Annotated[float, Output("99th percentile", "ms")]
    p99_low_ms: Annotated[float, Output("99th percentile, at least", "ms")]
    p99_high_ms: Annotated[float, Output("99th percentile, at most", "ms")]
    plain_p50_ms: Annotated[float, Output("Median without tying", "ms")]
    plain_p99_ms: Annotated[float, Output("99th percentile without tying", "ms")]
    extra_work: Annotated[float, Output("Requests done twice", "share")]
    extra_work_low: Annotated[float, Output("Requests done twice, at least", "share")]
    extra_work_high: Annotated[float, Output("Requests done twice, at most", "share")]
    extra_messages: Annotated[float, Output("Messages added for each request")]
    draws: Annotated[int, Output("Requests simulated")]


@dataclass(frozen=True)
class Series(Lazy):
    """Latency of calls made one after the other."""

    mean_ms: Annotated[float, Output("Mean", "ms")]
    median_ms: Annotated[float, Output("Median", "ms")]
    p99_ms: Annotated[float, Output("99th percentile", "ms")]
    added_p99_ms: Annotated[float, Output("The calls' 99th percentiles, added up", "ms")]
    extra_p99_ms: Annotated[float, Output("99th percentile of requests with the extra call", "ms")]


SPREAD = Input("Its 99th percentile over its median", low=1, high=100, default=3)


@checked
def in_series(
    p99_ms: Annotated[float, Input("One call, 99th percentile", "ms", low=0, high=1e12, default=30)],
    calls: Annotated[float, Input("Such calls, one after the other", low=1, high=10_000, default=3)] = 1,
    spread: Annotated[float, SPREAD] = 3,
    round_trip_ms: Annotated[
        float, Input("Round trip of each, always the same", "ms", low=0, high=1e12, default=1)
    ] = 0,
    second_p99_ms: Annotated[
        float, Input("A call of another kind after them, 99th percentile", "ms", low=0, high=1e12, default=0)
    ] = 0,
    second_spread: Annotated[float, SPREAD] = 3,
    extra_share: Annotated[
        float, Input("Requests that need an extra call", "share", low=0, high=1, default=0.05, help="a cache miss, say")
    ] = 0,
    extra_p99_ms: Annotated[float, Input("The extra call, 99th percentile", "ms", low=0, high=1e12, default=300)] = 0,
    extra_spread: Annotated[float, SPREAD] = 3,
    extra_round_trip_ms: Annotated[
        float, Input("Its round trip, always the same", "ms", low=0, high=1e12, default=0)
    ] = 0,
) -> Series:
    """Latency of calls one after the other, of which some requests need one more.

    Each call's time is lognormal, independent of the others', and told by its 99th percentile and how many
    times its median that is; a round trip comes on top. Times add up, percentiles do not: all calls are seldom
    slow at once. An extra call that one request in fifty makes is the 99th percentile, and leaves the median alone.

    The sum is taken as a shifted lognormal of the same mean, variance and third moment; exact for one call. The
    99th percentile is then 0 to 0.2% too high where each call's is at most 3 times its median, up to 7% at
    10 times and 12% at 30 times; the median 0 to 5% too low at 10 times (held against convolution). Beyond,
    it is a rough upper estimate. The mixture with the extra call is solved to 1 in 100,000 of the chance.
    Slowness that calls share (a pause, a network) brings the sum nearer to the added percentiles. Load is not
    felt here: give latencies at the load that there will be, as `queueing.at_load` tells. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the moments of the lognormal law.

    >>> round(in_series(30).p99_ms, 6), round(in_series(30).median_ms, 6)
    (30.0, 10.0)
    >>> round(in_series(30, calls=4).p99_ms, 1)
    77.3
    """
    given = (p99_ms, calls, spread, round_trip_ms, second_p99_ms, second_spread)
    more = (extra_share, extra_p99_ms, extra_spread, extra_round_trip_ms)
    arrays = tuple(np.asarray(each, dtype=float) for each in (*given, *more))
    one, times, wide, trip, second, second_wide, share, extra, extra_wide, extra_trip = arrays
    usual, sure = moments(one, wide, times), times * trip  # what all requests wait alike moves their law, no more
    if np.any(second):
        usual = usual.plus(moments(second, second_wide))
    some = (share > 0) & (extra + extra_trip > 0)
    if not some.any():
        some, longer = np.asarray(False), usual
    else:
        longer = usual.plus(moments(extra, extra_wide)).later(extra_trip)
    ways = _Ways(shifted(usual), shifted(longer), share, some)
    return Series.later(
        np.broadcast_shapes(*(each.shape for each in arrays)),
        mean_ms=lambda: sure + usual.mean + np.where(some, share * (longer.mean - usual.mean), 0.0),
        median_ms=lambda: sure + ways.exceeded(0.5),
        p99_ms=lambda: sure + ways.exceeded(0.01),
        added_p99_ms=lambda: times * one + sure + second + np.where(some, extra + extra_trip, 0.0),
        extra_p99_ms=lambda: np.where(some, sure + quantile(ways.longer, 0.01), 0.0),
    )


class _Ways(NamedTuple):
    """The law of requests without the extra call and of those with it, their share, and where there are some."""

    usual: Shifted
    longer: Shifted
    share: np.ndarray
    some: np.ndarray

    def exceeded(self, above: float) -> np.ndarray:
        """The time that is exceeded with that chance."""
        alone = quantile(self.usual, above)
        if not self.some.any():
            return alone
        found, share, some, *laws = np.broadcast_arrays(alone, self.share, self.some, *self.usual, *self.longer)
        usual, longer = (Shifted(*(each[some] for each in law)) for law in (laws[:3], laws[3:]))
        found = found.copy()
        found[some] = mixed_quantile(usual, longer, np.clip(share[some], 1e-15, 1 - 1e-15), above)
        return found


@checked
def fan_out(
    slow_share: Annotated[float, Input("Slow answers of one server", "share", low=0, high=1, default=0.01)],
    servers: Annotated[int, Input("Servers asked", low=1, high=1_000_000, default=100)],
) -> FanOut:
    """Chance that at least one of n answers is slow: 1 - (1 - p)^n. Takes arrays elementwise.

    Assumes that servers are slow independently of each other and of the request. Slowness that they share
    (a network, a deployment, a heavy request) makes fewer requests slow than this, and those slower.

    >>> round(fan_out(slow_share=0.01, servers=100).any_slow, 3)
    0.634
    """
    share, count = np.asarray(slow_share, float), np.asarray(servers, float)
    with np.errstate(divide="ignore"):
        any_slow = -np.expm1(count * np.log1p(-share))
    return FanOut(plain(any_slow), plain(0.5 ** (1 / count)))


@checked
def leaf_target(
    any_slow: Annotated[float, Input("Requests that may be slow", "share", low=0, high=1, default=0.01)],
    servers: Annotated[int, Input("Servers asked", low=1, high=1_000_000, default=100)],
) -> LeafTarget:
    """How rarely one server may be slow for the whole to be fast: 1 - (1 - t)^(1/n). Takes arrays elementwise.

    `fan_out` turned round, so with the same assumption: servers are slow independently of each other.
    """
    with np.errstate(divide="ignore"):
        share = -np.expm1(np.log1p(-np.asarray(any_slow, float)) / np.asarray(servers, float))
    return LeafTarget(plain(share), plain(1 - share))


@checked
def wait_for(
    latency: Annotated[Distribution, LATENCY_INPUT],
    servers: Annotated[int, Input("Servers asked", low=1, high=100_000, default=20)],
    answers: Annotated[int, Input("Answers waited for", low=1, high=100_000, default=20, most=AtMost("servers"))],
    legs: Annotated[int, Input("Independent draws that one answer adds up", low=1, high=4, default=1,
                               help="2 where the latency given is one way")] = 1,
) -> Wait:  # fmt: skip
    """Latency of asking n servers and waiting for the fastest k answers.

    The k-th of n draws stays within x with the chance that a Beta(k, n - k + 1) variable stays within F(x),
    so percentiles are exact for one leg. Ask for more than you need and the tail goes; the load grows as n
    over k. Source of an example: bailis-redundant-2012. Raises InvalidInput when more
    answers are waited for than servers are asked.
    """
    if answers > servers:
        raise InvalidInput(f"answers is {answers} of {servers} servers; wait for no more answers than servers asked")
    law = Summed(Distribution.of(latency, "ms"), legs)
    waits = law.quantile(betaincinv(answers, servers - answers + 1, SHARES))
    one = law.quantile(np.array([0.5, 0.99]))
    every = float(law.quantile(np.array([0.99 ** (1 / servers)]))[0])
    _finite(law.law, waits, every)
    p50, p95, p99, p999 = waits.tolist()
    part = p99 / every if every > 0 else 1.0
    return Wait(p50, p95, p99, p999, float(one[0]), float(one[1]), every, part, servers / answers)


@checked
def hedge(
    latency: Annotated[Distribution, LATENCY_INPUT],
    delay_percentile: Annotated[float, Input("Hedge when slower than this share of requests", "share",
                                             low=0, high=0.9999, default=0.95)] = 0.95,
    hedges: Annotated[int, Input("Hedges at most, one delay apart", low=1, high=5, default=1)] = 1,
    shared_share: Annotated[float, Input("Slowness that a second server shares", "share", low=0, high=1, default=0,
                                         help="Chance that the hedge is of no use")] = 0.0,
    delay_ms: Annotated[float, Input("Delay, if not by percentile; 0 takes the percentile", "ms", low=0, high=1e9,
                                     default=0)] = 0.0,
    legs: Annotated[int, Input("Independent draws that one answer adds up", low=1, high=4, default=1,
                               help="2 where the latency given is one way")] = 1,
) -> Hedge:  # fmt: skip
    """Latency when a second request goes out once the first is late, and the requests that adds.

    The first answer wins: still waiting at t means S(t) S(t - d) ..., with S the chance that one request
    takes longer. A delay at the 95th percentile adds at most 5% of requests, if the latencies stay as
    given. With a percentile of 0 both go out at once. Only for requests that may safely be done twice.
    bailis-redundant-2012 tells of a hedge after 8 ms that adds 4.2% of requests, as here, and brings the 99.9th
    percentile to 11.0 ms; a second answer that takes 3 ms at least, sent after 8 ms, cannot: it is 16.7 ms.
    """
    law = Summed(Distribution.of(latency, "ms"), legs)
    delay = delay_ms if delay_ms > 0 else 0.0
    if delay == 0 and delay_percentile > 0:
        delay = float(law.quantile(np.array([delay_percentile]))[0])

    def cdf(x: np.ndarray) -> np.ndarray:
        return 1 - _still_waiting(law, x, delay, hedges, shared_share)

    plain = np.asarray(law.quantile(SHARES), dtype=float)
    waits = invert(cdf, SHARES, np.full(4, law.least), plain)
    extra = sum(
        float(_still_waiting(law, np.array(j * delay), delay, j - 1, shared_share)) for j in range(1, hedges + 1)
    )
    _finite(law.law, waits, extra)
    p50, p95, p99, p999 = waits.tolist()
    return Hedge(delay, p50, p95, p99, p999, float(plain[2]), float(plain[3]), extra)


def _still_waiting(law: Summed, at: np.ndarray, delay: float, hedges: int, shared: float) -> np.ndarray:
    """Chance that no answer has come by `at`. A request that goes out at 0 ms delay has not answered at 0."""
    survival = 1 - law.cdf(at)
    if delay == 0:
        survival = np.where(at <= 0, 1.0, survival)
    together = survival
    for j in range(1, hedges + 1):
        late = at - j * delay
        together = together * np.where(late < 0, 1.0, 1 - law.cdf(late))
    return shared * survival + (1 - shared) * together


@checked
def tied(
    queue: Annotated[Distribution, Input("Wait in a server's queue", "ms", low=0, high=1e9,
                                         default="exponential(mean=10)")],
    service: Annotated[Distribution, Input("Service", "ms", low=0, high=1e9, default="exponential(mean=5)")],
    message_ms: Annotated[float, Input("One message between servers", "ms", low=0, high=1e6, default=0.5)] = 0.5,
    delay_ms: Annotated[float, Input("Delay of the second copy", "ms", low=0, high=1e6, default=1)] = 1.0,
    draws: Annotated[int, Input("Requests simulated at most", low=2_000, high=2_000_000, default=200_000)] = 200_000,
    relative_width: Annotated[float, Input("Narrow enough", "share", low=0.001, high=1, default=0.02)] = 0.02,
    seed: Annotated[int, Input("Seed", low=0, high=2**31, default=1)] = 1,
) -> Tied:  # fmt: skip
    """Latency when a request stands in two servers' queues and the first to begin cancels the other.

    Both copies are done when the second begins before the cancellation reaches it, one message later.
    Delaying the second copy by two messages avoids most of that when queues are empty. Assumes that the two
    queues are independent and as long as before: the copies that wait in line cost nothing until they begin.
    Stops when the interval of everything that it prints is narrow enough.
    """
    waits, services = Distribution.of(queue, "ms"), Distribution.of(service, "ms")
    for name, law in (("queue", waits), ("service", services)):
        if law.least < 0:
            raise InvalidInput(f"{name} is {law.text}, which may be under 0; try abs({law.text})")
    generator = np.random.default_rng(seed)
    plain, times, twice = np.empty(0), np.empty(0), np.empty(0)
    size = min(draws, FIRST_DRAWS)
    while True:
        more = _tied_draws(waits, services, message_ms, delay_ms, size - plain.size, generator)
        plain, times, twice = (np.concatenate(pair) for pair in zip((plain, times, twice), more, strict=True))
        if known(_printed(plain, times, twice, size), relative_width) or size >= draws:
            break
        size = min(draws, 2 * size)
    p99, done = (interval_of(_printed(plain, times, twice, size)[:, column]) for column in (1, 4))
    return Tied(
        float(np.quantile(times, 0.5)), float(np.quantile(times, 0.99)), max(0.0, p99.low), p99.high,
        float(np.quantile(plain, 0.5)), float(np.quantile(plain, 0.99)),
        float(twice.mean()), max(0.0, done.low), min(1.0, done.high), 2.0, size,
    )  # fmt: skip


def _tied_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the requests that there must be: four draws, and 0.2 us to compare and sort."""
    drawn_s = 2 * (Distribution.of(inputs["queue"], "ms").draw_s + Distribution.of(inputs["service"], "ms").draw_s)
    return least_runs(inputs["relative_width"], inputs["draws"], FIRST_DRAWS) * (drawn_s + 2e-7)


def _printed(plain: np.ndarray, times: np.ndarray, twice: np.ndarray, size: int) -> np.ndarray:
    """What a result prints, batch by batch: median and 99th percentile, tied and not, and the share done twice."""
    tied, alone, done = (each[: size // BATCHES * BATCHES].reshape(BATCHES, -1) for each in (times, plain, twice))
    return np.column_stack(
        [*np.quantile(tied, (0.5, 0.99), axis=1), *np.quantile(alone, (0.5, 0.99), axis=1), done.mean(axis=1)]
    )


def _tied_draws(
    waits: Distribution, services: Distribution, message: float, delay: float, size: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latency untied, latency tied, and whether both copies were done."""
    first, second = waits.sample(generator, size), waits.sample(generator, size) + delay
    own, other = services.sample(generator, size), services.sample(generator, size)
    both = np.abs(first - second) < message
    leads = first <= second
    alone = np.where(leads, first + own, second + other)
    return first + own, np.where(both, np.minimum(first + own, second + other), alone), both.astype(float)


def _finite(law: Distribution, *values: Any) -> None:
    if not all(np.isfinite(value).all() for value in values):
        raise InvalidInput(f"the latency {law.text} has no finite percentile that high; give a lighter tail")


def _series_sentence(inputs: Mapping[str, Any], result: Series) -> str:
    return (
        f"1 request in 100 takes longer than {amount(result.p99_ms)} ms and half take longer than "
        f"{amount(result.median_ms)} ms; the calls' 99th percentiles add up to {amount(result.added_p99_ms)} ms."
    )


FAN = "How far may a request fan out?"
CHAIN = "What do calls one after the other add up to?"
HEDGING = "Is hedging worth its extra load?"
MODELS = (
    Model(in_series, CHAIN, _series_sentence, "07-resilience", "07-resilience/in-series"),
    Model(fan_out, FAN, lambda i, r: f"{percent(r.any_slow)} of requests meet at least one slow answer.",
          "07-resilience", "07-resilience/fan-out"),
    Model(leaf_target, FAN, lambda i, r: f"One server may be slow in at most {percent(r.slow_share)} of its answers.",
          "07-resilience", "07-resilience/leaf-target"),
    Model(wait_for, FAN,
          lambda i, r: f"Waiting for {i['answers']} of {i['servers']} servers, 1 request in 100 takes longer than "
                       f"{amount(r.p99_ms)} ms; asking one server, {amount(r.one_p99_ms)} ms.",
          "07-resilience", "07-resilience/wait-for"),
    Model(hedge, HEDGING,
          lambda i, r: f"Hedging after {amount(r.delay_ms)} ms takes the 99.9th percentile from "
                       f"{amount(r.plain_p999_ms)} ms to {amount(r.p999_ms)} ms for {percent(r.extra_requests)} "
                       f"more requests.",
          "07-resilience", "07-resilience/hedge"),
    Model(tied, HEDGING,
          lambda i, r: f"Tying takes the 99th percentile from {amount(r.plain_p99_ms)} ms to {amount(r.p99_ms)} ms; "
                       f"{percent(r.extra_work)} of requests are done twice.",
          "07-resilience", "07-resilience/tied", _tied_work),
)  # fmt: skip
