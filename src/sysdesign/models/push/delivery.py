"""Delay and bytes of an update that a server has for one client, by the way on which it travels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import plain

Style = Literal["polling", "long polling", "event stream", "websocket", "device push", "webhook"]
EVENT_BYTES = 8  # "data: " and the blank line of a server-sent event
COMMENT_BYTES = 3  # a comment that keeps its stream alive
MASK_BYTES = 4  # of each frame from client to server
HEARTBEAT_BYTES = 2 + 2 + MASK_BYTES  # a ping and its answer, both empty
HANDSHAKE_TRIPS = 3  # TCP, TLS and the request
NEWTON_STEPS = 12  # at most; two or three are taken


@dataclass(frozen=True)
class Delivery:
    """What one client gets, and what it costs it and the server."""

    mean_delay_s: Annotated[float, Output("Delay of an update, mean", "s")]
    median_delay_s: Annotated[float, Output("Delay of an update, median", "s")]
    p99_delay_s: Annotated[float, Output("Delay of an update, 99th percentile", "s")]
    unreachable_share: Annotated[float, Output("Time in which nothing can be sent to the client", "share")]
    overhead_bytes_per_s: Annotated[float, Output("Traffic besides the updates", "B/s")]
    bytes_per_s: Annotated[float, Output("Traffic in all", "B/s")]
    requests_per_s: Annotated[float, Output("HTTP requests", "1/s")]
    wakeups_per_s: Annotated[float, Output("Times that the client's radio is used", "1/s")]


@dataclass(frozen=True)
class _Waits:
    """Shares of updates that wait for a request or a reconnection, and how long these take."""

    share: np.ndarray  # finds no request, or a device asleep
    longest: np.ndarray  # until the next one, evenly spread
    gap_low: np.ndarray  # a connection is away that long, evenly spread from low to high
    gap_high: np.ndarray
    every: np.ndarray  # between silent losses


@checked
def deliver(
    style: Annotated[Style, Input("Way of the updates", default="polling")] = "polling",
    updates_per_s: Annotated[float, Input("Updates for the client", "1/s", low=0, high=1e5, default=0.01)] = 0.01,
    round_trip_s: Annotated[float, Input("Round trip to the client", "s", low=1e-5, high=100, default=0.1)] = 0.1,
    interval_s: Annotated[float, Input("Time between two polls", "s", low=0.001, high=1e7, default=10)] = 10,
    hold_s: Annotated[float, Input("Longest time a long poll is held", "s", low=0.1, high=1e5, default=30)] = 30,
    heartbeat_s: Annotated[float, Input("Time between heartbeats", "s", low=0.1, high=1e6, default=30)] = 30,
    cut_every_s: Annotated[
        float, Input("Time between silent losses of a connection", "s", low=1, high=1e9, default=86400)
    ] = 86400,
    reconnect_s: Annotated[
        float, Input("Pause before a new connection", "s", low=0, high=1e5, default=1, help="backoff with its jitter")
    ] = 1,
    relay_s: Annotated[float, Input("Way through a service in between", "s", low=0, high=1e4, default=0)] = 0,
    asleep_share: Annotated[
        float, Input("Time in which the device takes no pushes", "share", low=0, high=1, default=0.5)
    ] = 0.5,
    wake_every_s: Annotated[
        float, Input("Time between wakings of a device asleep", "s", low=1, high=1e6, default=900)
    ] = 900,
    sends_per_s: Annotated[float, Input("Messages from the client", "1/s", low=0, high=1e5, default=0)] = 0,
    update_bytes: Annotated[float, Input("Size of an update", "B", low=1, high=1e9, default=300)] = 300,
    headers_bytes: Annotated[
        float, Input("Headers of a request and its answer together", "B", low=10, high=1e6, default=500)
    ] = 500,
    text_factor: Annotated[
        float, Input("Growth where bytes are sent as text", low=1, high=10, default=1, help="4/3 for base64")
    ] = 1,
) -> Delivery:
    """Delay and traffic of updates by polling, long polling, an event stream, WebSocket, device push or webhook.

    Updates come at random (Poisson). A poll waits for the next one, or for the answer to the last.
    After each answer of a long poll the server has no request for one round trip: what comes then
    waits for the next, and goes out together, so requests do not grow with updates beyond one
    for each round trip. A connection is lost silently at random; a stream's client notices once two
    heartbeats are missing, one that polls when the next poll is due, a long one when its time is over, and connects
    again by three round trips after its pause. What comes meanwhile waits for it, if the server keeps it. A device
    asleep takes what waits when it next wakes. Each way adds half a round trip.

    Bytes are those of HTTP messages, events and frames; packets and encryption are left out.
    A frame takes 2, 4 or 10 bytes by its size, and 4 more from the client. Losses of packets,
    and queues in the server, are left out too. Elementwise over arrays.
    Raises InvalidInput where an input is out of range.
    Source: rfc-6202 for the transits of long polling, rfc-6455 for frames; the rest follows.

    >>> round(deliver("long polling", updates_per_s=1, round_trip_s=0.2).median_delay_s, 2)
    0.1
    """
    given = (updates_per_s, round_trip_s, interval_s, hold_s, heartbeat_s, cut_every_s, reconnect_s, relay_s)
    more = (asleep_share, wake_every_s, sends_per_s, update_bytes, headers_bytes, text_factor)
    every = [np.asarray(each, dtype=float) for each in (*given, *more)]
    rate, trip, interval, hold, beat, cut, pause, relay, asleep, wake, sends, size, headers, text = every
    zero, one = np.zeros(()), np.ones(())
    cycle = np.maximum(interval, trip)
    back = pause + HANDSHAKE_TRIPS * trip
    stream = _Waits(zero, one, beat + back, 2 * beat + back, cut)
    framed = _frame(size)
    sent = sends * (headers if style != "websocket" else framed + MASK_BYTES)
    match style:
        case "polling":
            waits = _Waits(one, cycle, cycle + back, 2 * cycle + back, cut)
            asked, beats, extra = 1 / cycle, zero, headers / cycle
        case "long polling":
            requests, open_share = _held(rate, trip, hold)
            waits = _Waits(1 - open_share, trip, back, hold + back, cut)
            asked, beats, extra = requests, zero, headers * requests
        case "event stream":
            waits, asked, beats = stream, zero, 1 / beat
            extra = rate * (EVENT_BYTES + (text - 1) * size) + COMMENT_BYTES * beats
        case "websocket":
            waits, asked, beats = stream, zero, 1 / beat
            extra = rate * framed + HEARTBEAT_BYTES * beats
        case "device push":
            waits = _Waits(asleep, wake, zero, zero, cut)
            asked, beats, extra = zero, zero, rate * framed
        case _:
            waits = _Waits(zero, one, zero, zero, cut)
            asked, beats, extra = rate, zero, rate * headers
    mean, typical, late, away = _delays(waits)
    way = trip / 2 + relay
    polled = asked if style in ("polling", "long polling") else rate
    requested = asked + (sends if style != "websocket" else 0)
    extra = extra + sent
    found = (way + mean, way + typical, way + late, away, extra, extra + rate * size, requested, polled + beats + sends)
    return Delivery(*map(plain, np.broadcast_arrays(*found)))


def _frame(size: np.ndarray) -> np.ndarray:
    """Bytes in front of a message, without the mask."""
    return np.where(size < 126, 2.0, np.where(size < 65536, 4.0, 10.0))


def _held(rate: np.ndarray, trip: np.ndarray, hold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Long polls a second, and the share of time in which one is held.

    A cycle is a round trip without a request, and a wait of at most `hold` for an update unless one is there.
    """
    busy = np.maximum(rate * hold, 1e-12)
    waited = np.exp(-rate * trip) * hold * -np.expm1(-busy) / busy
    return 1 / (trip + waited), waited / (trip + waited)


def _delays(waits: _Waits) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, median and 99th percentile of the wait, and the share of updates that wait at all."""
    gap = (waits.gap_low + waits.gap_high) / 2
    away = gap / (waits.every + gap)
    share = waits.share * (1 - away)
    spread = (waits.gap_high - waits.gap_low) ** 2 / 12
    left = (gap + spread / np.maximum(gap, 1e-12)) / 2  # of a gap, from a random moment in it
    mean = share * waits.longest / 2 + away * left
    typical, late = _exceeded(share, away, gap, waits)
    return mean, typical, late, share + away


CHANCES = np.array([0.5, 0.01])


def _exceeded(share: np.ndarray, away: np.ndarray, gap: np.ndarray, waits: _Waits) -> np.ndarray:
    """The waits that are exceeded with these chances: Newton from 0, since the curve of chances is convex."""
    shape = np.broadcast_shapes(*map(np.shape, (share, away, waits.longest)))
    chance = CHANCES.reshape(-1, *(1,) * len(shape))
    at = np.zeros((2, *shape))
    if np.max(share + away) <= chance.min():
        return at
    width, mean = np.maximum(waits.gap_high - waits.gap_low, 1e-12), np.maximum(gap, 1e-12)
    steep, away = share / waits.longest, away / mean
    for _ in range(NEWTON_STEPS):
        past = np.minimum(np.maximum((waits.gap_high - at) / width, 0), 1)  # gaps longer than this
        inside = np.maximum(waits.longest - at, 0)
        tail = steep * inside + away * (np.maximum(waits.gap_low - at, 0) + past**2 * width / 2)
        beyond = tail - chance
        if beyond.max() <= 1e-9:
            break
        at = at + np.maximum(beyond, 0) / np.maximum(steep * (inside > 0) + away * past, 1e-300)
    return at


def _delivered(inputs: Mapping[str, Any], result: Delivery) -> str:
    style = "WebSocket" if inputs["style"] == "websocket" else inputs["style"]
    return (
        f"By {style} an update comes after {duration(result.median_delay_s)} in the middle, one in a hundred after "
        f"{duration(result.p99_delay_s)} or more; nothing reaches the client for {percent(result.unreachable_share)} "
        f"of the time, and {amount(result.overhead_bytes_per_s)} B/s are no updates."
    )


DELIVERY = "Over what should updates reach a client?"
MODELS = (Model(deliver, DELIVERY, _delivered, "03-websocket", "03-websocket/delivery"),)
