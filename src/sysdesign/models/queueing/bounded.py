"""A queue with few places: what a bound on the line costs in refusals and saves in waiting.

M/M/c/K: random arrivals, exponential service, c servers and K places in all, those in service included.
Whoever finds every place taken is refused and does not come back; retries raise the arrivals. Loads above
the capacity are allowed: the bound keeps the wait finite. The states follow from their balance (flow up
equals flow down), so nothing is assumed beyond the above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import gammaincc, gammaln

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.wording import duration, percent
from sysdesign.probability.elementwise import Numeric, plain

LONGEST = 200  # states told one by one
FALLING = 200  # terms of a sum that falls by a quarter at each


@dataclass(frozen=True)
class BoundedState:
    """A queue with a bound, in its steady state; times are of requests that were admitted."""

    refused: Annotated[float, Output("Requests refused", "share")]
    throughput_per_s: Annotated[float, Output("Requests done", "1/s")]
    utilization: Annotated[float, Output("Server time in use", "share")]
    wait_probability: Annotated[float, Output("Admitted requests that wait", "share")]
    mean_wait_s: Annotated[float, Output("Mean wait", "s")]
    mean_time_s: Annotated[float, Output("Mean time, wait and service", "s")]
    longest_mean_wait_s: Annotated[float, Output("Mean wait of whoever takes the last place", "s")]
    mean_in_queue: Annotated[float, Output("Mean number waiting")]
    mean_in_system: Annotated[float, Output("Mean number waiting or in service")]
    empty_probability: Annotated[float, Output("Time with nobody there", "share")]
    number: Annotated[np.ndarray, Output("Requests in the system")]
    share: Annotated[np.ndarray, Output("Time with that many", "share")]


@checked
def mmck(
    arrivals_per_s: Annotated[float, Input("Requests", "1/s", low=1e-6, high=1e9, default=110)],
    services_per_s: Annotated[float, Input("Requests a server can do", "1/s", low=1e-6, high=1e9, default=10)],
    servers: Annotated[int, Input("Servers", low=1, high=10_000, default=10, most=AtMost("places"))],
    places: Annotated[int, Input("Places, those in service included", low=1, high=100_000, default=30)],
) -> BoundedState:
    """Several servers with a bounded line (M/M/c/K): refusals against waits.

    With as many places as servers it is Erlang's loss system, with very many the unbounded queue. Under
    overload a longer line refuses no less in the long run; it only makes everybody wait for all of it.
    Elementwise over arrays, where `number` and `share` are empty: those are told of one queue.
    Raises InvalidInput for fewer places than servers.

    >>> round(mmck(arrivals_per_s=5, services_per_s=1, servers=10, places=10).refused, 8)
    0.01838457
    """
    if np.any(np.asarray(places) < servers):
        raise InvalidInput(
            f"places is {np.min(places):g} for {np.max(servers):g} servers; give as many places as servers, or more"
        )
    load = np.asarray(arrivals_per_s / services_per_s, dtype=float)
    spare = np.asarray(places - servers, dtype=float)
    growth = np.log(load / servers)
    # logarithms of shares of time, over that with every server busy and nobody waiting
    below = np.log(servers / load) + _sum_to(servers - 1, load)
    line, mean_place = _line(growth, spare)
    last = spare * growth
    admitted = np.logaddexp(below, line)
    total = np.logaddexp(admitted, last)
    done = arrivals_per_s * np.exp(admitted - total)
    waiting = np.exp(growth + line - total) * mean_place
    within = waiting + done / services_per_s
    empty = gammaln(servers + 1.0) - servers * np.log(load) - total
    told = 0 if np.ndim(total) else min(int(places), LONGEST) + 1
    number = np.arange(told)
    share = np.exp(empty + _weights(number, load, servers)) if told else np.zeros(0)
    return BoundedState(
        plain(np.exp(last - total)), plain(done), plain(np.minimum(done / services_per_s / servers, 1.0)),
        plain(np.exp(line - admitted)), plain(waiting / done), plain(within / done),
        plain(spare / (servers * services_per_s)), plain(waiting), plain(within),
        plain(np.exp(empty)), number, share,
    )  # fmt: skip


def _weights(number: np.ndarray, load: np.ndarray, servers: Numeric) -> np.ndarray:
    """Logarithms of shares of time, over that with nobody there."""
    busy = np.minimum(number, servers)
    return number * np.log(load) - gammaln(busy + 1.0) - (number - busy) * np.log(servers)


def _sum_to(count: Numeric, load: np.ndarray) -> np.ndarray:
    """Logarithm of the sum of load ** n / n! for n up to `count`, over its last term."""
    terms = np.asarray(count, dtype=float)
    heaped = gammaincc(terms + 1, load)  # the share of a Poisson law up to `count`
    deep = heaped < 1e-280
    found = np.log(np.where(deep, 1.0, heaped)) + load - terms * np.log(load) + gammaln(terms + 1)
    if not np.any(deep):
        return found
    total = term = np.ones_like(found)
    for step in range(FALLING):  # far above, each term before the last is at most three quarters of the next
        term = term * np.maximum(terms - step, 0.0) / load
        total = total + term
    return np.where(deep, np.log(total), found)


def _line(growth: np.ndarray, spare: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the sum of exp(growth * n) for n below `spare`, and the mean of n + 1 with those weights."""
    decay = np.maximum(np.abs(growth), 1e-300)
    length = np.maximum(spare, 1.0)
    whole = decay * length
    count = np.expm1(-whole) / np.expm1(-decay)
    near = (length - 1) / 2 - (length**2 - 1) * decay / 12
    mean = np.where(whole < 1e-4, near, 1 / np.expm1(decay) - length / np.expm1(np.clip(whole, 1e-300, 700)))
    rising = growth > 0
    log = np.log(count) + np.where(rising, (length - 1) * growth, 0.0)
    return np.where(spare > 0, log, -np.inf), np.where(rising, length - mean, mean + 1)


def _sentence(inputs: Any, result: BoundedState) -> str:
    return (
        f"It refuses {percent(result.refused)} of requests; the others wait {duration(result.mean_wait_s)} on average, "
        f"at the end of the line {duration(result.longest_mean_wait_s)}."
    )


MODELS = (Model(mmck, "How long may the line be?", _sentence, "01-compute", "01-compute/bounded-line"),)
