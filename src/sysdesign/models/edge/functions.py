"""Code at the edge against code in the region: whose answers are sooner, and from which share answered alone.

Times in milliseconds, `_s` in seconds; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, percent
from sysdesign.probability.elementwise import broadcast

TAIL = 0.99
LEAST_MS = 1e-6  # below it trips take no time


@dataclass(frozen=True)
class Function(Lazy):
    """One request by code at the edge, by code at the edge with one call home, and by code in the region."""

    edge_ms: Annotated[float, Output("Answer by code at the edge, mean", "ms")]
    edge_p99_ms: Annotated[float, Output("The same, 99th percentile of these parts", "ms")]
    one_trip_ms: Annotated[float, Output("Answer if the edge asks the region once for all, mean", "ms")]
    home_ms: Annotated[float, Output("Answer by code in the region", "ms")]
    saved_ms: Annotated[float, Output("Saved by the edge, mean; below 0 it costs", "ms")]
    break_even_alone: Annotated[float, Output("Share answered alone from which the edge is sooner", "share")]
    break_even_queries: Annotated[float, Output("Trips home of the others up to which it is")]
    cold_share: Annotated[float, Output("Requests that meet a cold instance", "share")]
    calls_ratio: Annotated[float, Output("Price of the calls, of answering all in the region")]


@checked
def function(
    near_ms: Annotated[float, Input("Round trip to the edge", "ms", low=0, high=1e4, default=10)] = 10,
    far_ms: Annotated[float, Input("Round trip from the edge to the region", "ms", low=0, high=1e4, default=160)] = 160,
    queries: Annotated[
        float, Input("Questions to the data, one after the other", low=0, high=1000, default=3)
    ] = 3,
    inside_ms: Annotated[float, Input("One question at the data itself", "ms", low=0, high=1e4, default=1)] = 1,
    alone_share: Annotated[
        float, Input("Requests that the edge answers alone", "share", low=0, high=1, default=0.8)
    ] = 0.8,
    work_ms: Annotated[float, Input("Work on the answer at the edge", "ms", low=0, high=1e5, default=2)] = 2,
    home_work_ms: Annotated[float, Input("Work on the answer in the region", "ms", low=0, high=1e5, default=2)] = 2,
    requests_per_s: Annotated[float, Input("Requests, all places", "1/s", low=1e-6, high=1e9, default=100)] = 100,
    places: Annotated[float, Input("Places that they spread over", low=1, high=1e5, default=50)] = 50,
    kept_s: Annotated[
        float, Input("Time that an idle instance is kept", "s", low=0, high=1e7, default=300)
    ] = 300,
    cold_ms: Annotated[float, Input("Start of a cold instance", "ms", low=0, high=1e6, default=200)] = 200,
    price_ratio: Annotated[
        float, Input("Price of a call at the edge over one in the region", low=0, high=1000, default=1)
    ] = 1,
) -> Function:  # fmt: skip
    """When code near the user answers sooner than code beside the data.

    Code in the region takes near + far + queries x inside. Code at the edge answers a share alone; the others pay
    far + inside for each question, or the long way once where the edge forwards the request. A request at random finds
    its place idle for longer than instances are kept with a chance of e^(-r kept / places), and waits for a start.
    The edge is sooner on average while the share answered alone exceeds one less (far + queries x inside - start and
    work beyond home's) / (queries x (far + inside)). Calls at the edge are paid for each request, and again in the
    region for those that go on: fewer calls are paid only if the ratio of prices is below the share answered alone.

    Connections are warm on all ways. Places get equal shares of requests, one instance each answers those at once:
    bursts meet more cold starts. Machines of the region have no cold start. The percentile counts these parts alone,
    not the spread of each. Elementwise over arrays. Raises InvalidInput where an input is out of range. Follows from
    the mechanism.

    >>> round(function(alone_share=0, work_ms=0, requests_per_s=1e6).edge_ms, 6)
    493.0
    """
    given = (near_ms, far_ms, queries, inside_ms, alone_share, work_ms, home_work_ms, requests_per_s, places, kept_s)
    near, far, asked, inside, alone, work, home_work, rate, many, kept, start, price = broadcast(
        *given, cold_ms, price_ratio
    )
    trips = asked * (far + inside)
    each = (1 - alone) * (far + inside)  # what one more trip of the others adds
    cold = np.exp(-rate * kept / many)
    begin = near + work + cold * start
    home = near + far + asked * inside + home_work
    edge = begin + (1 - alone) * trips
    spare = home - begin  # what trips may take on average

    def even() -> np.ndarray:
        share = np.where(trips > LEAST_MS, 1 - spare / np.maximum(trips, LEAST_MS), np.where(spare > 0, 0, 1))
        return np.clip(share, 0, 1)

    def most() -> np.ndarray:
        return np.maximum(np.where(each > LEAST_MS, spare / np.maximum(each, LEAST_MS), asked), 0)

    return Function.later(
        near.shape,
        edge_ms=lambda: edge,
        edge_p99_ms=lambda: _percentile(near + work, cold, start, 1 - alone, trips),
        one_trip_ms=lambda: begin + (1 - alone) * (far + asked * inside + home_work),
        home_ms=lambda: home,
        saved_ms=lambda: home - edge,
        break_even_alone=even,
        break_even_queries=most,
        cold_share=lambda: cold,
        calls_ratio=lambda: price + 1 - alone,
    )


def _percentile(least: np.ndarray, cold: np.ndarray, start: np.ndarray, on: np.ndarray, trips: np.ndarray) -> Any:
    """The 99th percentile where a start and trips happen independently of each other."""
    parts = (
        (0.0, (1 - cold) * (1 - on)),
        (start, cold * (1 - on)),
        (trips, (1 - cold) * on),
        (start + trips, cold * on),
    )
    times, chances = (np.stack([np.broadcast_to(part[at], least.shape) for part in parts], axis=-1) for at in (0, 1))
    order = np.argsort(times, axis=-1)
    below = np.cumsum(np.take_along_axis(chances, order, axis=-1), axis=-1)
    reached = np.argmax(below >= TAIL - 1e-12, axis=-1)[..., None]
    return least + np.take_along_axis(np.take_along_axis(times, order, axis=-1), reached, axis=-1)[..., 0]


def _answered(inputs: Mapping[str, Any], result: Function) -> str:
    return (
        f"Code at the edge answers in {amount(result.edge_ms)} ms on average, code in the region in "
        f"{amount(result.home_ms)} ms; if the edge asks the region once for all, {amount(result.one_trip_ms)} ms. "
        f"The edge is sooner if it answers {percent(result.break_even_alone)} alone, or with up to "
        f"{amount(result.break_even_queries)} trips home of the others."
    )


MODELS = (Model(function, "Is code at the edge sooner?", _answered, "20-edge", "20-edge/break-even"),)
