"""How many servers: Erlang's formulas turned round, and the rule of a replica autoscaler.

Erlang B is for a system that turns away what finds no free server (lines, connections, a pool without
a queue); Erlang C for one where requests wait. Both assume random arrivals (Poisson) at a steady rate:
size for the rate of the busiest minutes, not of the day. B holds for any spread of the service, C for
exponential service. Source: erlang-com-manual. The offered load in erlangs is arrivals times service.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput, Unstable
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.queueing import kernels as queueing_kernels
from sysdesign.models.queueing.steady_state import erlang_b_share, erlang_c_share
from sysdesign.models.wording import amount, percent, several
from sysdesign.probability.elementwise import plain

LOAD = Input("Offered load", "erlang", low=0, high=1e6, default=8)
SERVERS = Input("Servers", low=1, high=2_000_000, default=10)
BLOCKED = Input("Requests turned away at most", "share", low=1e-12, high=0.999, default=0.01)
MOST_SERVERS = 4_000_000


@dataclass(frozen=True)
class Blocking:
    """What happens to requests that find no free server and may not wait."""

    blocked: Annotated[float, Output("Requests turned away", "share")]
    carried_load: Annotated[float, Output("Load carried", "erlang")]
    utilization: Annotated[float, Output("Server time in use", "share")]


@dataclass(frozen=True)
class Waiting:
    """What happens to requests that find no free server and wait."""

    wait_probability: Annotated[float, Output("Requests that wait", "share")]
    utilization: Annotated[float, Output("Server time in use", "share")]
    mean_wait_in_services: Annotated[float, Output("Mean wait, in mean services")]
    mean_in_queue: Annotated[float, Output("Mean number waiting")]


@dataclass(frozen=True)
class LossSize:
    """The fewest servers that turn away few enough."""

    servers: Annotated[int, Output("Servers")]
    blocked: Annotated[float, Output("Requests turned away", "share")]
    utilization: Annotated[float, Output("Server time in use", "share")]


@dataclass(frozen=True)
class LossCapacity:
    """The most load that a number of servers takes."""

    offered_load: Annotated[float, Output("Offered load at most", "erlang")]
    carried_load: Annotated[float, Output("Load then carried", "erlang")]


@dataclass(frozen=True)
class DelaySize:
    """The fewest servers that answer soon enough."""

    servers: Annotated[int, Output("Servers")]
    utilization: Annotated[float, Output("Server time in use", "share")]
    wait_probability: Annotated[float, Output("Requests that wait", "share")]
    mean_wait_s: Annotated[float, Output("Mean wait", "s")]
    within_target: Annotated[float, Output("Requests whose wait is within the target", "share")]


@dataclass(frozen=True)
class Replicas:
    """What an autoscaler asks for."""

    desired_replicas: Annotated[int, Output("Replicas")]
    ratio: Annotated[float, Output("Metric over its target")]


@checked
def erlang_b(offered_load: Annotated[float, LOAD], servers: Annotated[int, SERVERS]) -> Blocking:
    """Share of requests turned away where none may wait (Erlang B).

    Holds for any spread of the service. Takes arrays elementwise. Retries of what was turned away are not
    counted: they raise the offered load.

    >>> round(erlang_b(offered_load=5, servers=10).blocked, 8)
    0.01838457
    """
    load, count = np.broadcast_arrays(np.asarray(offered_load, float), np.asarray(servers))
    blocked = erlang_b_share(load, count)
    carried = load * (1 - blocked)
    return Blocking(plain(blocked), plain(carried), plain(carried / count))


@checked
def erlang_c(offered_load: Annotated[float, LOAD], servers: Annotated[int, SERVERS]) -> Waiting:
    """Share of requests that wait where all may (Erlang C).

    Assumes random arrivals and exponential service: with another spread it is an approximation. Nobody gives
    up waiting; where people do, fewer wait and some are lost.
    Raises Unstable when the offered load is not below the number of servers. Takes arrays elementwise.
    """
    load, count = np.broadcast_arrays(np.asarray(offered_load, float), np.asarray(servers))
    if np.any(load >= count):
        at = int(np.argmax(load >= count))
        raise Unstable(
            f"offered_load is {load.flat[at]:g} erlang for {several(count.flat[at], 'server')}, so the queue "
            f"grows without "
            "end; give a load below the number of servers",
            load >= count,
        )
    waiting = erlang_c_share(load, count)
    wait = waiting / (count - load)
    return Waiting(*map(plain, (waiting, load / count, wait, load * wait)))


@checked
def servers_for_blocking(
    offered_load: Annotated[float, LOAD],
    blocked_at_most: Annotated[float, BLOCKED],
) -> LossSize:  # fmt: skip
    """Fewest servers that turn away at most a given share (Erlang B turned round).

    Exact: one server fewer turns away more than that. Assumes what `erlang_b` does: random arrivals that
    leave when turned away.
    """
    load = np.float64(offered_load)
    servers = _fewest(lambda count: _one_blocked(load, count) <= blocked_at_most, 1)
    blocked = _one_blocked(load, servers)
    return LossSize(servers, blocked, float(load * (1 - blocked) / servers))


def _one_blocked(load: float, servers: int) -> float:
    return float(queueing_kernels.erlang_b_one(float(load), servers))


@checked
def load_for_blocking(
    servers: Annotated[int, SERVERS],
    blocked_at_most: Annotated[float, BLOCKED],
) -> LossCapacity:  # fmt: skip
    """Most load that a number of servers takes at a given share turned away: an entry of an Erlang B table.

    Assumes what `erlang_b` does: random arrivals that leave when turned away, service of any spread. The
    inverse of a function that rises with the load, found to the last digits of a double.
    """
    low, high = 0.0, servers / (1 - blocked_at_most) + 1.0  # what is carried never exceeds the servers
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _one_blocked(middle, servers) <= blocked_at_most else (low, middle)
    return LossCapacity(low, low * (1 - _one_blocked(low, servers)))


@checked
def servers_for_wait(
    arrivals_per_s: Annotated[float, Input("Requests", "1/s", low=1e-6, high=1e6, default=80)],
    service_s: Annotated[float, Input("Mean service", "s", low=1e-6, high=1e5, default=0.1)],
    target_wait_s: Annotated[float, Input("Wait within", "s", low=0, high=1e6, default=0.02)],
    within_share: Annotated[float, Input("for this share of requests", "share", low=0, high=1 - 1e-9, default=0.95)],
) -> DelaySize:  # fmt: skip
    """Fewest servers that keep the wait within a target for a share of requests (Erlang C turned round).

    The wait is time before service begins. Assumes one line and exponential service. With a target of 0 s
    the share is that of requests which do not wait at all. Raises InvalidInput for more than a million
    erlangs: split the service first.
    """
    load = arrivals_per_s * service_s
    if load > 1e6:
        raise InvalidInput(f"{arrivals_per_s:g}/s of {service_s:g} s are {load:g} erlangs; it sizes up to 1,000,000")
    servers = _fewest(
        lambda count: _within(load, count, target_wait_s / service_s) >= within_share, math.floor(load) + 1
    )
    waiting = float(erlang_c_share(np.array(load), np.array(servers)))
    return DelaySize(
        servers, load / servers, waiting, waiting / (servers - load) * service_s,
        _within(load, servers, target_wait_s / service_s),
    )  # fmt: skip


def _within(load: float, servers: int, target_in_services: float) -> float:
    """Share of requests that wait no longer than the target."""
    waiting = float(erlang_c_share(np.array(load), np.array(servers)))
    return 1 - waiting * math.exp(-(servers - load) * target_in_services)


def _fewest(enough: Any, least: int) -> int:
    """The least count from `least` on for which `enough` holds; more is never worse."""
    step, high = 1, least
    while not enough(high):
        least, high, step = high + 1, min(high + step, MOST_SERVERS), step * 2
        if least > MOST_SERVERS:
            raise InvalidInput(f"more than {MOST_SERVERS:,} servers would be needed; ask for less")
    while least < high:
        middle = (least + high) // 2
        least, high = (least, middle) if enough(middle) else (middle + 1, high)
    return high


@checked
def desired_replicas(
    replicas: Annotated[int, Input("Replicas now", low=1, high=1_000_000, default=50)],
    metric: Annotated[float, Input("Metric now, mean of the replicas", low=0, high=1e12, default=0.9)],
    target: Annotated[float, Input("Target of the metric", low=1e-9, high=1e12, default=0.75)],
    tolerance: Annotated[float, Input("Deviation that changes nothing", "share", low=0, high=1, default=0.1)] = 0.1,
    least: Annotated[int, Input("Fewest replicas", low=0, high=1_000_000, default=1)] = 1,
    most: Annotated[int, Input("Most replicas", low=1, high=1_000_000_000, default=1_000_000)] = 1_000_000,
) -> Replicas:  # fmt: skip
    """Replicas that Kubernetes' horizontal autoscaler asks for: ceil(replicas x metric / target).

    Assumes that the metric falls in proportion to the replicas, as a load shared evenly does; a metric
    with a floor (memory, a fixed cost) never reaches its target. Says nothing of how long new replicas
    take, nor of stabilization windows. A ratio within the tolerance of 1 changes nothing.
    Source: kubernetes-hpa. The quotient is rounded to 12 digits first, so that 50 x 0.9 / 0.75 is 60, not 61.
    """
    if least > most:
        raise InvalidInput(f"least is {least} and most is {most}; give a least that is not above the most")
    ratio = metric / target
    changed = abs(ratio - 1) > tolerance * (1 + 1e-12)
    exact = replicas * metric / target
    if exact > 1e15:
        raise InvalidInput(f"{exact:g} replicas would be asked for; give a metric nearer its target")
    wanted = math.ceil(float(f"{exact:.12g}")) if changed else replicas
    return Replicas(min(max(wanted, least), most), ratio)


def warm() -> None:
    """Compile what the first request would otherwise wait for."""
    queueing_kernels.warm()


MANY = "How many servers does the load need?"
MODELS = (
    Model(erlang_b, MANY, lambda i, r: f"{percent(r.blocked)} of requests find every server busy and are turned away.",
          "01-compute", "01-compute/turned-away"),
    Model(erlang_c, MANY, lambda i, r: f"{percent(r.wait_probability)} of requests find every server busy and wait.",
          "01-compute", "01-compute/made-to-wait"),
    Model(servers_for_blocking, MANY, lambda i, r: f"{several(r.servers, 'server')} turn away "
                                                   f"{percent(r.blocked)} of requests.",
          "01-compute", "01-compute/servers-by-load"),
    Model(load_for_blocking, MANY, lambda i, r: f"{several(i['servers'], 'server')} take {amount(r.offered_load, 4)} "
                                                f"erlangs and turn "
                       f"away {percent(i['blocked_at_most'])} of requests.",
          "01-compute", "01-compute/load-by-servers"),
    Model(servers_for_wait, MANY,
          lambda i, r: f"{several(r.servers, 'server')}, {percent(r.utilization)} busy, begin "
                       f"{percent(r.within_target)} of requests in time.",
          "01-compute", "01-compute/servers-for-wait"),
    Model(desired_replicas, MANY, lambda i, r: f"The autoscaler asks for {several(r.desired_replicas, 'replica')}.",
          "01-compute", "01-compute/autoscaler"),
)  # fmt: skip
