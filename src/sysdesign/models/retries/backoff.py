"""Backoff and jitter: how long to wait between attempts, and what that does to clients that contend.

`contention` follows the mechanism of the simulator published with "Exponential Backoff And Jitter"
(brooker-2015): clients all want to change one row under optimistic concurrency, start at once, and
back off when another was first. Units: milliseconds, as is usual for a hop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import BudgetSpent, InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.retries import contention_kernel
from sysdesign.models.retries.contention_kernel import DECORRELATED, EQUAL, EXPONENTIAL, FULL, NONE
from sysdesign.models.wording import amount, duration, several
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.interval import affordable_runs, interval_of, least_runs, replicate
from sysdesign.probability.streams import Streams

Jitter = Literal["none", "exponential", "equal", "full", "decorrelated"]
KINDS = {"none": NONE, "exponential": EXPONENTIAL, "equal": EQUAL, "full": FULL, "decorrelated": DECORRELATED}
MOST_HOPS = 50_000_000  # one race with more is refused
MOST_HOPS_TOGETHER = 20_000_000  # of all races; five are run in any case
STREAMS = Streams()
CELLS = 500  # for the law of decorrelated delays


@dataclass(frozen=True)
class Schedule:
    """The delays before each retry: least, mean and most."""

    retry: Annotated[np.ndarray, Output("Retry")]
    least_ms: Annotated[np.ndarray, Output("Least delay", "ms")]
    mean_ms: Annotated[np.ndarray, Output("Mean delay", "ms")]
    most_ms: Annotated[np.ndarray, Output("Most delay", "ms")]
    total_mean_ms: Annotated[float, Output("All delays together, on average", "ms")]
    total_most_ms: Annotated[float, Output("All delays together, at most", "ms")]


@dataclass(frozen=True)
class Contention:
    """Work and time until every client has succeeded once."""

    calls: Annotated[float, Output("Writes tried")]
    calls_low: Annotated[float, Output("Writes tried, at least")]
    calls_high: Annotated[float, Output("Writes tried, at most")]
    time_ms: Annotated[float, Output("Time until the last is done", "ms")]
    time_low_ms: Annotated[float, Output("Time, at least", "ms")]
    time_high_ms: Annotated[float, Output("Time, at most", "ms")]
    calls_per_client: Annotated[float, Output("Writes tried by one client")]
    trials: Annotated[int, Output("Races run")]


@checked
def schedule(
    jitter: Annotated[Jitter, Input("Jitter", default="full")] = "full",
    base_ms: Annotated[
        float, Input("First delay at most", "ms", low=0.001, high=1e7, default=100, most=AtMost("cap_ms"))
    ] = 100.0,
    cap_ms: Annotated[float, Input("Longest delay", "ms", low=0.001, high=1e9, default=20_000)] = 20_000.0,
    retries: Annotated[int, Input("Retries", low=1, high=200, default=6)] = 6,
    multiplier: Annotated[float, Input("Growth from one retry to the next", low=1, high=100, default=2)] = 2.0,
) -> Schedule:
    """Delays before each retry of a capped exponential backoff.

    Retry n waits up to min(cap, base x multiplier^(n - 1)): all of it ("exponential"), the upper half at
    random ("equal"), any part ("full"). "decorrelated" draws from base to three times the last delay; the
    multiplier does not enter. (The published simulator begins one doubling later, at 2 x base.)
    Raises InvalidInput when the cap is under the base. Source: brooker-2015.
    """
    if cap_ms < base_ms:
        raise InvalidInput(f"cap_ms is {cap_ms:g} and base_ms is {base_ms:g}; give a cap that is not under the base")
    number = np.arange(1, retries + 1)
    if jitter == "decorrelated":
        least, mean, most = _decorrelated(base_ms, cap_ms, retries)
    else:
        growth = np.minimum((number - 1) * np.log(multiplier), 600.0)  # e^600 is past every cap
        most = np.zeros(retries) if jitter == "none" else np.minimum(cap_ms, base_ms * np.exp(growth))
        least = most * {"none": 1.0, "exponential": 1.0, "equal": 0.5, "full": 0.0}[jitter]
        mean = (least + most) / 2
    return Schedule(number, least, mean, most, float(mean.sum()), float(most.sum()))


def _decorrelated(base: float, cap: float, retries: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least, mean and most of each delay: the law of the one before carried forward on a grid."""
    number = np.arange(1, retries + 1)
    most = np.minimum(cap, base * np.exp(np.minimum(number * np.log(3.0), 600.0)))
    least = np.full(retries, base)
    values, weights = np.array([base]), np.ones(1)
    edges = np.geomspace(base, cap, CELLS + 1) if cap > base else np.array([base, cap])
    middles = (edges[1:] + edges[:-1]) / 2
    mean = np.empty(retries)
    for i in range(retries):
        reach = np.maximum(3 * values - base, 1e-300)
        share = np.clip((edges[:, None] - base) / reach[None, :], 0, 1) @ weights
        below = np.diff(share)
        at_cap = 1 - share[-1]  # the cap is a point of its own
        values, weights = np.append(middles, cap), np.append(below, at_cap)
        mean[i] = values @ weights
    return least, np.clip(mean, base, most), most


@checked
def contention(
    jitter: Annotated[Jitter, Input("Jitter", default="full")],
    clients: Annotated[int, Input("Clients that start at once", low=1, high=2000, default=100)] = 100,
    base_ms: Annotated[float, Input("Base delay", "ms", low=0.001, high=1e6, default=5, most=AtMost("cap_ms"))] = 5.0,
    cap_ms: Annotated[float, Input("Longest delay", "ms", low=0.001, high=1e7, default=2000)] = 2000.0,
    hop_ms: Annotated[
        Distribution, Input("One message", "ms", low=0, high=1e6, default="abs(normal(mean=10, sd=2))")
    ] = "abs(normal(mean=10, sd=2))",  # type: ignore[assignment]
    relative_width: Annotated[float, Input("Narrow enough", "share", low=0.001, high=1, default=0.02)] = 0.02,
    most_trials: Annotated[int, Input("Races at most", low=5, high=10_000, default=80)] = 80,
    seed: Annotated[int, Input("Seed", low=0, high=2**31, default=1)] = 1,
) -> Contention:
    """Work and time until all of many clients have changed one row, by kind of jitter.

    Each reads the row's version and writes if nobody else did (two messages each way). The delay after
    failure n is up to min(cap, base x 2^n), as in the published simulator. Without jitter, clients that
    collide once collide again. Races are independent; they stop when the interval of the calls is
    narrow enough, or some 20 million messages are spent. Raises BudgetSpent for a race of more than 50
    million messages. Source: brooker-2015.
    """
    if cap_ms < base_ms:
        raise InvalidInput(f"cap_ms is {cap_ms:g} and base_ms is {base_ms:g}; give a cap that is not under the base")
    law = Distribution.of(hop_ms, "ms")
    if law.least < 0:
        raise InvalidInput(f"hop_ms is {law.text}, which may be under 0; try abs({law.text})")

    def run(trial: int) -> tuple[float, float, float]:
        return _race(clients, KINDS[jitter], float(base_ms), float(cap_ms), law, (seed, trial))

    rows = replicate(run, relative_width, affordable_runs(most_trials, MOST_HOPS_TOGETHER, run(0)[2]))
    calls, time = interval_of(rows[:, 0]), interval_of(rows[:, 1])
    return Contention(
        calls.mean, max(float(clients), calls.low), calls.high, time.mean, max(0.0, time.low), time.high,
        calls.mean / clients, len(rows),
    )  # fmt: skip


def _race(
    clients: int, kind: int, base: float, cap: float, law: Distribution, seeds: tuple[int, int]
) -> tuple[float, float, float]:
    """Writes, end and messages of one race; draws more random numbers, after those it has, until they suffice."""
    size = 64 * clients + 1024
    generator = np.random.default_rng(seeds)
    hops, draws = STREAMS.of((seeds, law, size), lambda: (law.sample(generator, size), generator.random(size)))
    while True:
        calls, end, used = contention_kernel.race(clients, kind, base, cap, hops, draws)
        if used >= 0:
            return float(calls), float(end), float(used)
        if hops.size > MOST_HOPS:
            raise BudgetSpent(
                f"one race of {several(clients, 'client')} took more than {MOST_HOPS:,} messages; "
                "give fewer clients or a longer base delay"
            )
        if hops.size == size:  # where the first were kept from before, their generator has yet to pass them
            generator = np.random.default_rng(seeds)
            law.sample(generator, size), generator.random(size)
        hops = np.concatenate([hops, law.sample(generator, hops.size)])
        draws = np.concatenate([draws, generator.random(draws.size)])


def _contention_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the races that there must be, 0.2 us for each message.

    As counted, a client sends 8 messages, more where all wait alike, and some for every other where delays are short.
    """
    clients, hop = inputs["clients"], Distribution.of(inputs["hop_ms"], "ms").mean
    alike = clients / 6 if inputs["jitter"] == "none" else 4 * clients**0.3
    messages = clients * (8 + alike + clients * hop / (hop + inputs["cap_ms"]))
    races = affordable_runs(inputs["most_trials"], MOST_HOPS_TOGETHER, messages)
    return least_runs(inputs["relative_width"], races) * messages * 2e-7


def warm() -> None:
    """Compile what the first request would otherwise wait for."""
    contention_kernel.warm()


def _schedule_sentence(inputs: Any, result: Schedule) -> str:
    return (
        f"{several(len(result.retry), 'retry', 'add')} {duration(result.total_mean_ms / 1000)} of delay on average, "
        f"at most {duration(result.total_most_ms / 1000)}."
    )


MODELS = (
    Model(schedule, "Which backoff and jitter?", _schedule_sentence, "07-resilience", "07-resilience/backoff-schedule"),
    Model(contention, "Which backoff and jitter?",
          lambda i, r: f"All are done after {duration(r.time_ms / 1000)} and {amount(r.calls_per_client)} "
                       f"writes a client.",
          "07-resilience", "07-resilience/contention", _contention_work),
)  # fmt: skip
