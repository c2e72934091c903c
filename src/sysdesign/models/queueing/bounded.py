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
from scipy.special import gammaln, logsumexp

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.wording import duration, percent

LONGEST = 200  # states told one by one


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
    Raises InvalidInput for fewer places than servers.

    >>> round(mmck(arrivals_per_s=5, services_per_s=1, servers=10, places=10).refused, 8)
    0.01838457
    """
    if places < servers:
        raise InvalidInput(f"places is {places} for {servers} servers; give as many places as servers, or more")
    number = np.arange(places + 1)
    busy = np.minimum(number, servers)
    logs = number * np.log(arrivals_per_s / services_per_s) - gammaln(busy + 1) - (number - busy) * np.log(servers)
    share = np.exp(logs - logsumexp(logs))
    done = services_per_s * float(busy @ share)
    waiting, within = float((number - busy) @ share), float(number @ share)
    admitted = float(share[:-1].sum())
    waits = float(share[servers:-1].sum()) / admitted if admitted > 0 else 1.0
    return BoundedState(
        float(share[-1]), done, float(busy @ share) / servers, min(1.0, waits),
        waiting / done, within / done, (places - servers) / (servers * services_per_s), waiting, within,
        float(share[0]), number[: LONGEST + 1], share[: LONGEST + 1],
    )  # fmt: skip


def _sentence(inputs: Any, result: BoundedState) -> str:
    return (
        f"It refuses {percent(result.refused)} of requests; the others wait {duration(result.mean_wait_s)} on average, "
        f"at the end of the line {duration(result.longest_mean_wait_s)}."
    )


MODELS = (Model(mmck, "How long may the line be?", _sentence, "01-compute", "01-compute/bounded-line"),)
