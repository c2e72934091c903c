"""Workers that call many receivers, some of which hang: one pool for all, or a limit for each receiver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.queueing.steady_state import erlang_c_share
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

HOUR_S = 3600
SOUND = 0.8  # utilization up to which random arrivals hardly wait in a pool of many workers


@dataclass(frozen=True)
class Isolation:
    """One pool of workers without and with a limit of calls in flight for each receiver."""

    hung_calls: Annotated[float, Output("Calls in flight to receivers that hang, without a limit")]
    healthy_calls: Annotated[float, Output("Calls in flight to the others")]
    load: Annotated[float, Output("Workers asked for without a limit, of those there are", "share")]
    late_each_hour_s: Annotated[float, Output("Delay that each hour adds for everybody, without a limit", "s")]
    held: Annotated[float, Output("Workers held by receivers that hang, with the limit")]
    limited_load: Annotated[float, Output("Workers that the others ask for, of those left to them", "share")]
    limited_late_each_hour_s: Annotated[float, Output("Delay that each hour adds for the others, with the limit", "s")]
    limited_waiting: Annotated[float, Output("Deliveries to the others that wait, with the limit", "share")]
    largest_limit: Annotated[float, Output("Largest limit at which the others ask for 80% of what is left")]


@checked
def isolation(
    deliveries_per_s: Annotated[float, Input("Deliveries", "1/s", low=0.001, high=1e7, default=500)] = 500,
    answer_s: Annotated[float, Input("Time of an answer, mean", "s", low=0.001, high=1000, default=0.2)] = 0.2,
    hung_share: Annotated[
        float, Input("Deliveries to receivers that hang", "share", low=0, high=1, default=0.02)
    ] = 0.02,
    timeout_s: Annotated[
        float, Input("Time after which a call is given up", "s", low=0.001, high=1000, default=30)
    ] = 30,
    workers: Annotated[int, Input("Workers, each with one call", low=1, high=100_000, default=200)] = 200,
    hung: Annotated[int, Input("Receivers that hang", low=1, high=100_000, default=10)] = 10,
    limit: Annotated[int, Input("Calls in flight for each receiver, at most", low=1, high=100_000, default=5)] = 5,
) -> Isolation:
    """Delay of deliveries to sound receivers while others hang, with one pool and with a limit for each receiver.

    Deliveries come at random and wait in one line; answers take exponential times, calls to a receiver that hangs the
    whole timeout. Where the pool is asked for more than it has, an event of the hour t begins at t times the load:
    the delay grows as long as the receivers hang. With the limit a receiver that hangs holds that many
    workers at most, its other events wait for it alone, and the rest of the workers are M/M/c for the others.
    It is exact in the long run where those that hang are always at their limit; where they are below it they hold
    what they ask for on average, and their fluctuation is left out. So is a start: at first
    calls pile up for one timeout. Retries count to the deliveries. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from Little's law and Erlang's formula.

    >>> isolation().hung_calls, isolation().held
    (300.0, 50.0)
    """
    given = (deliveries_per_s, answer_s, hung_share, timeout_s, workers, hung, limit)
    rate, answer, share, timeout, count, bad, most = broadcast(*given)
    hanging, healthy = rate * share * timeout, rate * (1 - share) * answer
    load = (hanging + healthy) / count
    held = np.minimum(np.minimum(hanging, bad * most), count)
    left = np.maximum(np.floor(count - held + 1e-9), 1e-3)  # a thousandth of a worker where none is left
    limited = healthy / left
    stable = limited < 1
    waiting = erlang_c_share(np.where(stable, healthy, 0), np.maximum(left, 1).astype(np.int64))
    room = np.maximum(np.floor((count - healthy / SOUND) / bad + 1e-9), 0)
    grows, limited_grows = (HOUR_S * np.maximum(each - 1, 0) for each in (load, limited))
    found = (hanging, healthy, load, grows, held, limited, limited_grows, np.where(stable, waiting, 1.0), room)
    return Isolation(*map(plain, found))


def _isolated(inputs: Mapping[str, Any], result: Isolation) -> str:
    return (
        f"Without a limit each hour makes every delivery {duration(result.late_each_hour_s)} later; with "
        f"{amount(inputs['limit'])} calls for each receiver those that hang hold {amount(result.held)} workers, and "
        f"the others use {percent(result.limited_load)} of the rest."
    )


MODELS = (
    Model(isolation, "How many calls may one receiver hold?", _isolated, "13-webhooks", "13-webhooks/worker-limits"),
)
