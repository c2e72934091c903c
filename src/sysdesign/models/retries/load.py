"""Retries: what they rescue, and what they add to a service that is already in trouble.

Assumes that an attempt fails with the same chance whatever happened before. Under overload that is
false: retries raise the load, and the load raises the failures. Then only the worst case and the budget
hold; metastable.py follows the loop. Units: shares 0 to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Numbers, Output, checked
from sysdesign.models.wording import amount, percent, several
from sysdesign.probability.elementwise import plain

FAILURES = Input("Attempts that fail", "share", low=0, high=1, default=0.2)
ATTEMPTS = Input("Attempts at most, the first included", low=1, high=100, default=3)


@dataclass(frozen=True)
class Amplification:
    """Calls that reach the bottom of a stack of layers, each of which retries."""

    mean_calls: Annotated[float, Output("Calls at the bottom for one request, on average")]
    worst_calls: Annotated[float, Output("Calls at the bottom for one request, when all fail")]
    failed: Annotated[float, Output("Requests that fail in the end", "share")]


@dataclass(frozen=True)
class Layered:
    """Calls that reach the bottom of equal layers, each with a budget for its retries."""

    calls: Annotated[float, Output("Calls at the bottom for one request, on average")]
    worst_calls: Annotated[float, Output("Calls at the bottom for one request, when all fail")]
    failed: Annotated[float, Output("Requests that fail in the end", "share")]
    safe_utilization: Annotated[float, Output("Usual utilization at which it still carries the worst", "share")]


@dataclass(frozen=True)
class Budget:
    """What a cap on retries does to calls and to success."""

    calls_without: Annotated[float, Output("Calls for one request without the budget")]
    calls_with: Annotated[float, Output("Calls for one request with it")]
    retries_allowed: Annotated[float, Output("Retries that the budget lets through", "share")]
    failed_without: Annotated[float, Output("Requests that fail without the budget", "share")]
    failed_with: Annotated[float, Output("Requests that fail with it", "share")]


@dataclass(frozen=True)
class Attempts:
    """How many attempts a target of success takes."""

    attempts: Annotated[int, Output("Attempts")]
    succeeded: Annotated[float, Output("Requests that then succeed", "share")]
    mean_calls: Annotated[float, Output("Calls for one request, on average")]


@dataclass(frozen=True)
class Throttle:
    """What a client holds back by itself."""

    rejected: Annotated[float, Output("Requests the client refuses by itself", "share")]


@dataclass(frozen=True)
class ThrottledLoad:
    """The load that throttling clients leave on an overloaded service."""

    sent_per_s: Annotated[float, Output("Requests that reach the service", "1/s")]
    accepted_per_s: Annotated[float, Output("Requests it accepts", "1/s")]
    refused_per_s: Annotated[float, Output("Requests it must refuse", "1/s")]
    rejected: Annotated[float, Output("Requests the clients refuse by themselves", "share")]


@checked
def amplification(
    attempts_by_layer: Annotated[Numbers, Input("Attempts at each layer", low=1, high=100, default=(3, 3, 3),
                                                help="From the top down; the first attempt counts")],
    failed_attempts: Annotated[float, FAILURES] = 0.2,
) -> Amplification:  # fmt: skip
    """Calls at the bottom of several layers that each retry.

    Only the call at the bottom fails by itself; a layer's call fails when all its attempts do. The worst
    case is the product of the attempts, 4 x 4 x 4 = 64 for three layers of three retries. Takes an array
    of failed_attempts elementwise. Source: google-sre-2016, chapters 21 and 22.

    >>> amplification((4, 4, 4)).worst_calls
    64.0
    """
    failing = np.asarray(failed_attempts, dtype=float)
    worst = math.prod(float(each) for each in attempts_by_layer)
    if worst > 1e15 or len(attempts_by_layer) > 50 or any(each != int(each) for each in attempts_by_layer):
        raise InvalidInput(
            f"attempts_by_layer is {tuple(attempts_by_layer)}; "
            "it takes up to 50 whole numbers with a product up to 1e15"
        )
    mean = np.ones_like(failing)
    for attempts in reversed(tuple(attempts_by_layer)):
        mean = mean * _mean_attempts(failing, attempts)
        failing = failing**attempts
    return Amplification(plain(mean), worst, plain(failing))


def _mean_attempts(failing: np.ndarray, attempts: float) -> np.ndarray:
    """1 + p + ... + p^(attempts - 1), summed term by term so that p = 1 needs no case of its own."""
    return np.sum(failing[..., None] ** np.arange(int(attempts)), axis=-1)


@checked
def layered(
    layers: Annotated[int, Input("Layers that retry", low=0, high=10, default=3)],
    attempts: Annotated[int, ATTEMPTS],
    failed_attempts: Annotated[float, FAILURES] = 0.2,
    budget_share: Annotated[
        float, Input("Retries at most, of first attempts", low=0, high=100, default=0.1, help="100: no bound")
    ] = 0.1,
) -> Layered:  # fmt: skip
    """Load that retries at several equal layers put on the bottom, with a retry budget at each.

    Only the call at the bottom fails by itself. A layer makes 1 + p + ... + p^(attempts - 1) calls
    for each that it gets, p being the share of its calls that fail, and no more than 1 + the budget;
    each call made succeeds with 1 - p, so a layer's own calls fail less, but the layers multiply.
    When all fails, as in an outage, each layer makes min(attempts, 1 + budget) calls. Below the
    safe utilization the bottom could carry that, so that retries alone cannot keep it down.
    No layers: the caller asks once. Elementwise over arrays. Raises InvalidInput where an input is
    out of range. Source: google-sre-2016, chapters 21 and 22, for budgets and multiplication.

    >>> layered(3, 4, 1.0, budget_share=100).worst_calls
    64.0
    """
    most = 1 + np.asarray(budget_share, dtype=float)
    tries, failing, layer = np.asarray(attempts, float), np.asarray(failed_attempts, float), np.asarray(layers)
    failing = np.broadcast_to(failing, np.broadcast_shapes(most.shape, tries.shape, failing.shape, layer.shape))
    calls, worst = np.ones_like(failing), np.minimum(tries, most) ** layer + np.zeros_like(failing)
    for at in range(int(layer.max())):
        retries = at < layer
        made = np.minimum(_geometric(failing, tries), most)
        calls = np.where(retries, calls * made, calls)
        failing = np.where(retries, np.clip(1 - (1 - failing) * made, failing**tries, 1.0), failing)
    return Layered(plain(calls), plain(worst), plain(failing), plain(1 / worst))


def _geometric(failing: np.ndarray, attempts: np.ndarray) -> np.ndarray:
    """1 + p + ... + p^(attempts - 1), for arrays of both."""
    apart = np.where(failing < 1, 1 - failing, 1.0)
    return np.where(failing < 1, (1 - failing**attempts) / apart, attempts)


@checked
def attempts_for(
    failed_attempts: Annotated[float, Input("Attempts that fail", "share", low=0, high=0.999, default=0.2)],
    succeeded: Annotated[float, Input("Requests that must succeed", "share", low=0, high=1 - 1e-12, default=0.999)],
) -> Attempts:
    """Fewest attempts by which a share of requests succeeds, when attempts fail independently.

    Assumes that each attempt fails with the same chance, whatever became of the one before. Where failures
    come together (an outage, an overload), no number of quick attempts will do, and each adds load.
    """
    attempts = 1
    while failed_attempts**attempts > (1 - succeeded) * (1 + 1e-12):
        attempts += 1  # at most 27,618 within the declared ranges
    return Attempts(attempts, 1 - failed_attempts**attempts, float(_mean_attempts(np.array(failed_attempts), attempts)))


@checked
def budget(
    attempts: Annotated[int, ATTEMPTS],
    failed_attempts: Annotated[float, Input("Attempts that fail", "share", low=0, high=1, default=1)],
    budget_share: Annotated[float, Input("Retries at most, as a share", "share", low=0, high=0.99, default=0.1)],
    share_of: Annotated[Literal["first attempts", "all requests"], Input("Share of", default="first attempts")]
    = "first attempts",
) -> Budget:  # fmt: skip
    """What a retry budget saves in an outage and costs in a hiccup.

    As a share of first attempts, a budget of 0.1 bounds the calls at 1.1 for one request; as a share of all
    requests, retries included, at 1 / (1 - 0.1) = 1.11. The two are often told as one: say which is meant.
    Retries beyond the budget are dropped at random. Source: google-sre-2016, chapter 21.
    """
    most = 1 + budget_share if share_of == "first attempts" else 1 / (1 - budget_share)
    without = float(_mean_attempts(np.array(failed_attempts), attempts))
    low, high = 0.0, 1.0
    if without > most:
        for _ in range(80):
            middle = (low + high) / 2
            calls = float(_mean_attempts(np.array(failed_attempts * middle), attempts))
            low, high = (middle, high) if calls <= most else (low, middle)
    else:
        low = 1.0
    # each attempt made succeeds with chance 1 - p, so success is that times the attempts made
    calls = float(_mean_attempts(np.array(failed_attempts * low), attempts))
    return Budget(without, calls, low, failed_attempts**attempts, min(1.0, max(0.0, 1 - (1 - failed_attempts) * calls)))


@checked
def client_throttle(
    requests: Annotated[float, Input("Requests in the window", low=0, high=1e12, default=100)],
    accepts: Annotated[
        float, Input("of which the service accepted", low=0, high=1e12, default=30, most=AtMost("requests", kept=0.3))
    ],
    multiplier: Annotated[float, Input("Multiplier K", low=1, high=100, default=2)] = 2.0,
) -> Throttle:
    """Chance that a client refuses its own next request: max(0, (requests - K accepts) / (requests + 1)).

    Requests and accepts are counted over the last two minutes or so; requests the client refused count
    as requests. Takes arrays elementwise. Source: google-sre-2016, chapter 21, equation 21-1.

    >>> round(client_throttle(requests=100, accepts=30).rejected, 5)
    0.39604
    """
    sent, accepted = np.asarray(requests, float), np.asarray(accepts, float)
    if np.any(accepted > sent):
        raise InvalidInput(f"accepts is {accepts} of {requests} requests; give no more accepts than requests")
    return Throttle(plain(np.maximum(0.0, (sent - multiplier * accepted) / (sent + 1))))


@checked
def throttled_load(
    offered_per_s: Annotated[float, Input("Requests clients want to send", "1/s", low=0, high=1e9, default=1000)],
    capacity_per_s: Annotated[float, Input("Requests the service can accept", "1/s", low=0, high=1e9, default=300)],
    multiplier: Annotated[float, Input("Multiplier K", low=1, high=100, default=2)] = 2.0,
) -> ThrottledLoad:
    """What reaches an overloaded service once its clients throttle themselves: K times what it accepts.

    The steady state of client_throttle for many requests in the window. A service that accepts nothing
    still gets the few requests that find out when it is back; they vanish in this limit.
    Takes arrays elementwise. Source: google-sre-2016, chapter 21.
    """
    offered, capacity = np.broadcast_arrays(np.asarray(offered_per_s, float), np.asarray(capacity_per_s, float))
    sent = np.minimum(offered, multiplier * capacity)
    accepted = np.minimum(sent, capacity)
    rejected = np.divide(offered - sent, offered, out=np.zeros(offered.shape), where=offered > 0)
    return ThrottledLoad(*map(plain, (sent, accepted, sent - accepted, rejected)))


HOW_MANY = "How many attempts, and at which layer?"
HOW_FAR = "What may retries cost a service in trouble?"
MODELS = (
    Model(amplification, HOW_MANY,
          lambda i, r: f"One request makes {several(r.mean_calls, 'call')} at the bottom, at worst "
                       f"{r.worst_calls:.0f}.",
          "07-resilience", "07-resilience/amplification"),
    Model(layered, HOW_MANY,
          lambda i, r: f"Retries put {amount(r.calls)} times the requests on the bottom, and "
                       f"{amount(r.worst_calls)} times when all fails: it carries that up to "
                       f"{percent(r.safe_utilization)} of its capacity in usual times.",
          "07-resilience", "07-resilience/layered-retries"),
    Model(attempts_for, HOW_MANY,
          lambda i, r: f"{several(r.attempts, 'attempt', 'bring')} {percent(r.succeeded)} of requests through, "
                       f"at {several(r.mean_calls, 'call')} each.",
          "07-resilience", "07-resilience/attempts-for"),
    Model(budget, HOW_FAR,
          lambda i, r: f"The budget holds one request at {several(r.calls_with, 'call')}, not "
                       f"{amount(r.calls_without)}.",
          "07-resilience", "07-resilience/retry-budget"),
    Model(client_throttle, HOW_FAR, lambda i, r: f"The client refuses {percent(r.rejected)} of its own requests.",
          "07-resilience", "07-resilience/client-throttle"),
    Model(throttled_load, HOW_FAR,
          lambda i, r: f"{amount(r.sent_per_s, 4)} requests/s reach the service, of which it refuses "
                       f"{amount(r.refused_per_s, 4)}/s.",
          "07-resilience", "07-resilience/throttled-load"),
)  # fmt: skip
