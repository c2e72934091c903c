"""Which server a balancer sends a request to, and what that does to the time in the system.

Every server is one line served in order; requests are random (Poisson) and cannot move once sent.
`supermarket` is the limit of very many servers; `balance` simulates a number of them, with some slow ones
and with load information that is old. Assumes that lines are what counts: a server that fails fast has
a short line and draws all requests, which no algorithm here guards against.
Sources: mitzenmacher-2001 for the limit, mitzenmacher-2000 for old information. Units: milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models.balancing import kernels as kernel
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import interval_of, least_runs, replicate
from sysdesign.probability.streams import Streams

Algorithm = Literal[
    "random", "round robin", "least connections", "power of d choices", "consistent hashing", "bounded hashing"
]
KINDS = {
    "random": kernel.RANDOM,
    "round robin": kernel.ROUND_ROBIN,
    "least connections": kernel.LEAST,
    "power of d choices": kernel.CHOICES,
    "consistent hashing": kernel.HASHED,
    "bounded hashing": kernel.BOUNDED,
}
SHORTEST_RUN, LONGEST_RUN = 10_000, 400_000
MOST_SERVERS = 1_000
STREAMS = Streams()
BLIND = ("random", "round robin", "consistent hashing")
TAIL = 12  # line lengths told by the limit


@dataclass(frozen=True)
class Supermarket:
    """Very many servers, each request joining the shortest of d lines."""

    mean_time: Annotated[float, Output("Mean time in the system, in mean services")]
    mean_wait: Annotated[float, Output("Mean wait, in mean services")]
    random_mean_time: Annotated[float, Output("Mean time with one random choice, in mean services")]
    line: Annotated[np.ndarray, Output("Requests at a server, at least")]
    share: Annotated[np.ndarray, Output("Servers with that many", "share")]


@dataclass(frozen=True)
class Balanced:
    """Times in the system under one algorithm, by simulation."""

    mean_time_ms: Annotated[float, Output("Mean time in the system", "ms")]
    mean_time_low_ms: Annotated[float, Output("Mean time, at least", "ms")]
    mean_time_high_ms: Annotated[float, Output("Mean time, at most", "ms")]
    p50_ms: Annotated[float, Output("Median time", "ms")]
    p99_ms: Annotated[float, Output("99th percentile of the time", "ms")]
    p99_low_ms: Annotated[float, Output("99th percentile, at least", "ms")]
    p99_high_ms: Annotated[float, Output("99th percentile, at most", "ms")]
    busiest_share: Annotated[float, Output("Requests of the busiest server, over an even share")]
    longest_line: Annotated[int, Output("Longest line met")]
    requests: Annotated[int, Output("Requests simulated")]


@checked
def supermarket(
    utilization: Annotated[float, Input("Server time in use", "share", low=0, high=0.999999, default=0.9)],
    choices: Annotated[int, Input("Servers compared for each request", low=1, high=1000, default=2)],
) -> Supermarket:
    """Mean time when each request joins the shortest of d random lines, in the limit of very many servers.

    The share of servers with k requests or more is load^((d^k - 1) / (d - 1)), so the mean time is the sum of
    load^((d^i - d) / (d - 1)) from i = 1: two choices take it from 1 / (1 - load) to about its logarithm.
    Assumes exponential service, equal servers and fresh counts; a hundred servers come within a few
    percent below 95% load. Takes an array of utilization elementwise. Source: mitzenmacher-2001.

    >>> round(supermarket(utilization=0.9, choices=2).mean_time, 4)
    2.6141
    """
    load = np.asarray(utilization, dtype=float)
    mean = 1 / (1 - load) if choices == 1 else _mean_of_shortest(load, choices)
    line = np.arange(1, TAIL + 1)
    exponents = np.array([_exponent(choices, int(k)) for k in line])
    with np.errstate(under="ignore"):
        share = load[..., None] ** exponents
    return Supermarket(plain(mean), plain(mean - 1), plain(1 / (1 - load)), line, share)


def _exponent(choices: int, k: int) -> float:
    """1 + d + ... + d^(k - 1), as a float."""
    return float(k) if choices == 1 else float(choices**k - 1) / (choices - 1)


def _mean_of_shortest(load: np.ndarray, choices: int) -> np.ndarray:
    total = np.zeros_like(load)
    for i in range(1, 64):
        exponent = _exponent(choices, i) - 1
        term = load**exponent
        total = total + term
        if np.all(term < 1e-17):
            break
    return total


@checked
def balance(
    algorithm: Annotated[Algorithm, Input("Algorithm", default="power of d choices")],
    servers: Annotated[int, Input("Servers", low=1, high=MOST_SERVERS, default=20)] = 20,
    utilization: Annotated[float, Input("Server time in use, of all together", "share", low=0.001, high=0.99,
                                        default=0.8)] = 0.8,
    service_ms: Annotated[Distribution, Input("Service", "ms", low=0, high=1e6, default="exponential(mean=10)")]
    = "exponential(mean=10)",  # type: ignore[assignment]
    choices: Annotated[int, Input("Servers compared for each request", low=1, high=16, default=2)] = 2,
    slow_servers: Annotated[int, Input("Slow servers", low=0, high=1000, default=0)] = 0,
    slowness: Annotated[float, Input("Times as slow", low=1, high=1000, default=3)] = 3.0,
    refresh_ms: Annotated[float, Input("Age at which load information is renewed; 0 is always fresh", "ms",
                                       low=0, high=1e6, default=0)] = 0.0,
    keys: Annotated[int, Input("Keys", low=1, high=1_000_000, default=10_000)] = 10_000,
    skew: Annotated[float, Input("Skew of the keys' popularity (Zipf exponent)", low=0, high=3, default=0)] = 0.0,
    bound: Annotated[float, Input("Load of one server over the average, at most", low=1, high=100,
                                  default=1.25)] = 1.25,
    relative_width: Annotated[float, Input("Narrow enough", "share", low=0.001, high=1, default=0.05)] = 0.05,
    most_runs: Annotated[int, Input("Runs at most", low=5, high=200, default=20)] = 20,
    seed: Annotated[int, Input("Seed", low=0, high=2**31, default=1)] = 1,
) -> Balanced:  # fmt: skip
    """Time in the system under a balancing algorithm, for a number of servers, by simulation.

    "power of d choices" compares distinct random servers; "least connections" all of them, ties at random;
    round robin goes in turn whatever the lines. Hashing sends a key always to the same server (places drawn
    evenly; the spread of a ring comes on top), "bounded hashing" to the next server when its own holds more
    than `bound` times the average. The utilization is of all servers' speed together, slow ones included.
    With old information everyone sees the lines as they were at the last renewal, and those who take the
    shortest all go to the same server until the next.
    Raises Unstable where some servers get more than they can do for good, and InvalidInput when more
    servers are slow than there are. Sources: mitzenmacher-2001, mitzenmacher-2000.
    """
    law = Distribution.of(service_ms, "ms")
    if not 0 < law.mean < np.inf or law.least < 0:
        raise InvalidInput(f"service_ms is {law.text}; it takes times of 0 or more with a finite mean above 0")
    if slow_servers > servers:
        raise InvalidInput(f"slow_servers is {slow_servers} of {servers} servers; give no more slow ones than servers")
    pace = np.ones(servers)
    pace[:slow_servers] = slowness
    arrivals_per_ms = utilization * float(np.sum(1 / pace)) / law.mean
    compared = min(choices, servers)
    homes = _key_homes(algorithm, servers, keys, skew, seed)
    _refuse_overload(algorithm, pace, arrivals_per_ms * law.mean, compared, homes)
    count = _requests_of_a_run(servers, utilization)

    def run(number: int) -> tuple[float, ...]:
        return _run(
            KINDS[algorithm], _drawn(seed, number, count, law, compared), arrivals_per_ms, pace, compared,
            float(refresh_ms), float(bound), homes,
        )  # fmt: skip

    rows = replicate(run, relative_width, most_runs, means=4)  # the last is a maximum
    mean, p99 = interval_of(rows[:, 0]), interval_of(rows[:, 2])
    return Balanced(
        mean.mean, max(0.0, mean.low), mean.high, float(rows[:, 1].mean()), p99.mean, max(0.0, p99.low), p99.high,
        float(rows[:, 3].mean()), int(rows[:, 4].max()), count * len(rows),
    )  # fmt: skip


def _requests_of_a_run(servers: int, utilization: float) -> int:
    return int(np.clip(20 * servers / (1 - utilization) ** 2, SHORTEST_RUN, LONGEST_RUN))


def _balance_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the runs that it will take: all where they are too short to be alike, or the interval is narrow."""
    servers, utilization, law = inputs["servers"], inputs["utilization"], Distribution.of(inputs["service_ms"], "ms")
    count = _requests_of_a_run(servers, utilization)
    uneven = 40 / (count * (1 - utilization) ** 2) * max(1.0, law.variance / law.mean**2 if law.mean else 1.0)
    enough = uneven / inputs["relative_width"] ** 2  # runs; the variance of a run's mean is about `uneven`
    least = least_runs(inputs["relative_width"], inputs["most_runs"])
    runs = float(inputs["most_runs"]) if not enough < inputs["most_runs"] else max(float(least), 2 * enough)
    every = inputs["algorithm"] in ("least connections", "bounded hashing")
    gap_ms = law.mean / (utilization * servers)  # at least: slow servers take fewer
    looks = min(1.0, gap_ms / inputs["refresh_ms"]) if inputs["refresh_ms"] > 0 else 0.0  # of all lines, a request
    looked_at = servers * (looks + 1.2 * every)
    a_request = 0.25e-6 + 3e-9 * looked_at + 0.05e-6 * inputs["choices"]
    return min(runs, inputs["most_runs"]) * count * a_request


def _run(
    kind: int, drawn: tuple[np.ndarray, ...], arrivals_per_ms: float, pace: np.ndarray, choices: int,
    refresh: float, bound: float, homes: tuple[np.ndarray, np.ndarray],
) -> tuple[float, ...]:  # fmt: skip
    """One run; its first fifth, in which the lines fill, is left out."""
    at, services, draws, of_keys, order = drawn
    arrivals, count = at / arrivals_per_ms, at.size
    of_key = np.zeros(count, dtype=np.int64)
    if kind in (kernel.HASHED, kernel.BOUNDED):
        chance, home = homes
        of_key = home[np.minimum(np.searchsorted(np.cumsum(chance), of_keys), home.size - 1)]
    # A key's home is as likely slow as not; nothing else sees the order.
    slow = pace if kind == kernel.HASHED else pace[np.argsort(order[: pace.size])]
    times, chosen, longest = kernel.balance(kind, choices, refresh, bound, arrivals, services, slow, draws, of_key)
    kept, used = times[count // 5 :], chosen[count // 5 :]
    busiest = np.bincount(used, minlength=pace.size).max() * pace.size / used.size
    return float(kept.mean()), *_quantiles(kept, (0.5, 0.99)), float(busiest), float(longest)


def _drawn(seed: int, number: int, count: int, law: Distribution, choices: int) -> tuple[np.ndarray, ...]:
    """What chance decides in a run: arrivals at one a unit of time, services, choices, keys, the servers' order."""

    def draw() -> tuple[np.ndarray, ...]:
        generator = np.random.default_rng((seed, number))
        return (
            np.cumsum(generator.standard_exponential(count)), law.sample(generator, count),
            generator.random((count, choices + 1)), generator.random(count), generator.random(MOST_SERVERS),
        )  # fmt: skip

    return STREAMS.of((seed, number, count, law, choices), draw)


def _quantiles(values: np.ndarray, shares: tuple[float, ...]) -> tuple[float, ...]:
    """Order statistics: the least values that so many stay at or under. Reorders the values."""
    ranks = [math.ceil(share * values.size) - 1 for share in shares]
    values.partition(ranks)
    return tuple(float(values[rank]) for rank in ranks)


def _key_homes(algorithm: str, servers: int, keys: int, skew: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The chance of each key, and its server."""
    if algorithm not in ("consistent hashing", "bounded hashing"):
        return np.ones(1), np.zeros(1, dtype=np.int64)
    chance = np.arange(1, keys + 1, dtype=float) ** -skew
    return chance / chance.sum(), np.random.default_rng((seed, 2**32)).integers(0, servers, keys)


def _refuse_overload(
    algorithm: str, pace: np.ndarray, work: float, choices: int, homes: tuple[np.ndarray, np.ndarray]
) -> None:
    """Raise Unstable where some servers must get more than they can do. `work` is in services of a fast server."""
    servers, slow = pace.size, int(np.sum(pace > 1))
    if algorithm == "consistent hashing":
        share = np.bincount(homes[1], weights=homes[0], minlength=servers)
        worst = int(np.argmax(share * pace))
        load, what = work * share[worst] * pace[worst], f"one server gets {share[worst]:.1%} of the requests"
    elif algorithm in BLIND:
        load, what = work / servers * pace.max(), "every server gets the same share"
    elif algorithm == "power of d choices" and slow >= choices:
        within = math.exp(_log_choose(slow, choices) - _log_choose(servers, choices))
        load, what = work * within / slow * pace.max(), f"{within:.1%} of the requests meet slow servers alone"
    else:
        return
    if load >= 1:
        raise Unstable(
            f"{what}, which is {load:.2f} times what the slowest of them can do, so its queue grows without end; "
            "give a lower utilization, more even servers or keys, or an algorithm that looks at the lines"
        )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def warm() -> None:
    """Compile what the first request would otherwise wait for."""
    kernel.warm()


WHICH = "Which balancing algorithm?"
MODELS = (
    Model(supermarket, WHICH,
          lambda i, r: f"A request takes {amount(r.mean_time)} mean services where one random choice takes "
                       f"{amount(r.random_mean_time)}.",
          "10-networking", "10-networking/supermarket"),
    Model(balance, WHICH,
          lambda i, r: f"A request takes {amount(r.mean_time_ms)} ms on average ({amount(r.mean_time_low_ms)} to "
                       f"{amount(r.mean_time_high_ms)}), and 1 in 100 over {amount(r.p99_ms)} ms.",
          "10-networking", "10-networking/balancing", _balance_work),
)  # fmt: skip
