"""Where the time of a request on a network goes: names, handshakes, round trips, windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import duration, several, size
from sysdesign.probability.elementwise import broadcast, plain

MOST_ROUNDS = 64  # doublings; 2^64 segments are more than any response
RETRANSMIT_MS = 1000.0  # before a round trip is measured (RFC 6298)
MOST_DOUBLINGS = 6  # of that time, before a handshake is given up


class Handshake(NamedTuple):
    """Round trips before the request may leave."""

    transport: int
    security: int


HANDSHAKES = {
    "kept connection": Handshake(0, 0),
    "TCP": Handshake(1, 0),
    "TLS 1.2": Handshake(1, 2),
    "TLS 1.2 resumed": Handshake(1, 1),
    "TLS 1.3": Handshake(1, 1),
    "TLS 1.3 early data": Handshake(1, 0),
    "QUIC": Handshake(1, 0),
    "QUIC early data": Handshake(0, 0),
}
Way = Literal[
    "kept connection", "TCP", "TLS 1.2", "TLS 1.2 resumed", "TLS 1.3", "TLS 1.3 early data", "QUIC", "QUIC early data"
]


@dataclass(frozen=True)
class Bytes:
    """When the first and the last byte of an answer arrive, by phase."""

    name_ms: Annotated[float, Output("Looking up the name", "ms")]
    transport_ms: Annotated[float, Output("Opening the transport", "ms")]
    security_ms: Annotated[float, Output("Agreeing on keys", "ms")]
    lost_ms: Annotated[float, Output("Waiting for lost packets of the handshakes", "ms")]
    request_ms: Annotated[float, Output("The request's own round trip", "ms")]
    server_ms: Annotated[float, Output("The server", "ms")]
    first_byte_ms: Annotated[float, Output("First byte", "ms")]
    last_byte_ms: Annotated[float, Output("Last byte", "ms")]
    round_trips: Annotated[float, Output("Round trips until the first byte")]
    rounds: Annotated[float, Output("Rounds in which the answer is sent")]
    line_share: Annotated[float, Output("Of the time, what sending at the line's rate would take", "share")]


@checked
def first_byte(
    round_trip_ms: Annotated[float, Input("Round trip", "ms", low=0, high=10_000, default=90)] = 90,
    way: Annotated[Way, Input("Connection", default="TLS 1.3")] = "TLS 1.3",
    name_ms: Annotated[
        float, Input("Lookup of the name", "ms", low=0, high=60_000, default=0, help="0: known")
    ] = 0,
    server_ms: Annotated[float, Input("Time in the server", "ms", low=0, high=1e7, default=0)] = 0,
    response_bytes: Annotated[float, Input("Size of the answer", "B", low=1, high=1e13, default=1e6)] = 1e6,
    bandwidth: Annotated[float, Input("Bandwidth of the line", "bit/s", low=1e3, high=1e13, default=1e9)] = 1e9,
    initial_window: Annotated[
        float, Input("Segments that may be sent at first", low=1, high=1e6, default=10)
    ] = 10,
    segment_bytes: Annotated[float, Input("Size of a segment", "B", low=100, high=65_495, default=1460)] = 1460,
    growth: Annotated[
        float, Input("Window's growth in a round trip", low=1.1, high=4, default=2, help="1.5: delayed acknowledgments")
    ] = 2,
    loss: Annotated[float, Input("Packets lost", "share", low=0, high=0.25, default=0)] = 0,
    near_ms: Annotated[
        float, Input("Round trip to an edge that ends the connection", "ms", low=0, high=10_000, default=0,
                     help="0: no edge; behind it connections are kept")
    ] = 0,
) -> Bytes:  # fmt: skip
    """First and last byte of an answer by phase: name, transport, keys, request, server, slow start.

    Before a request leaves, TCP takes one round trip, TLS 1.2 two more (one where a session is resumed), TLS 1.3 one
    more, QUIC one for both; early data of a resumed session leaves with the first packet that may carry any. The answer
    begins with `initial_window` segments, and the window grows by `growth` each round trip until it fills the line;
    from then on bytes flow at the line's rate. A round trip is counted from the first segment of each window.
    A lost packet of a handshake is sent again after 1 s, then twice as long, six times at most: the mean wait is given.
    Loss in the answer is not counted: see `throughput`. With an edge the handshakes and slow start are on the way to
    the edge, and the request goes on over a kept, warm connection. Certificates larger than the window, a
    retry of the first hello, and lookups within a handshake add round trips that are not counted.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Sources: rfc-9846 (TLS 1.3), rfc-9000 (QUIC), rfc-9002 (ten segments at first); the first second is RFC 6298's.

    >>> first_byte(90, "TLS 1.3").first_byte_ms, first_byte(90, "QUIC").first_byte_ms
    (270.0, 180.0)
    """
    given = (
        round_trip_ms,
        name_ms,
        server_ms,
        response_bytes,
        bandwidth,
        initial_window,
        segment_bytes,
        growth,
        loss,
        near_ms,
    )
    trip, name, server, answer, rate, window, segment, more, lost, near = broadcast(*given)
    taken = HANDSHAKES[way]
    reach = np.where(near > 0, near, trip)  # of the connection that the client opens
    beyond = np.where(near > 0, trip, 0.0)
    transport, security = taken.transport * reach, taken.security * reach
    waits = (taken.transport + taken.security) * _wait_for_lost(lost)
    request = reach + beyond
    first = name + transport + security + waits + request + server
    rounds, sending = _slow_start(
        np.ceil(answer / segment), answer * 8000 / rate, reach, window, segment * 8000 / rate, more
    )
    trips = taken.transport + taken.security + 1.0 + (beyond > 0)
    last = first + sending
    line = answer * 8000 / rate
    found = (
        name,
        transport,
        security,
        waits,
        request,
        server,
        first,
        last,
        trips,
        rounds,
        line / np.maximum(last, line),
    )
    return Bytes(*map(plain, np.broadcast_arrays(*found)))


def _wait_for_lost(loss: np.ndarray) -> np.ndarray:
    """Mean wait of an exchange for its lost packets: each of two may be lost, and timeouts double."""
    again = 1 - (1 - loss) ** 2
    return np.asarray(RETRANSMIT_MS * sum(again ** (k + 1) * 2.0**k for k in range(MOST_DOUBLINGS)))


def _slow_start(
    segments: np.ndarray,
    line_ms: np.ndarray,
    trip: np.ndarray,
    window: np.ndarray,
    segment_ms: np.ndarray,
    growth: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Rounds in which the segments are sent, and time from the first byte to the last.

    A round whose window takes the line less than a round trip ends with a wait; the first that takes longer does not.
    """
    rounds, waited, sent = np.ones_like(trip), np.zeros_like(trip), np.zeros_like(trip)
    current = window.copy()
    for _ in range(MOST_ROUNDS):
        waits = (sent + current < segments) & (current * segment_ms < trip)
        if not waits.any():
            break
        waited = waited + np.where(waits, trip - current * segment_ms, 0.0)
        rounds = rounds + waits
        sent = sent + np.where(waits, current, 0.0)
        current = np.where(waits, current * growth, current)
    return rounds, waited + line_ms


@dataclass(frozen=True)
class Throughput:
    """What bounds one connection."""

    in_flight_bytes: Annotated[float, Output("Bytes that fill the line", "B")]
    line: Annotated[float, Output("The line allows", "bit/s")]
    by_window: Annotated[float, Output("The window allows", "bit/s")]
    by_loss: Annotated[float, Output("Loss allows", "bit/s")]
    throughput: Annotated[float, Output("Throughput at most", "bit/s")]
    line_share: Annotated[float, Output("Of the line, one connection uses at most", "share")]
    connections: Annotated[float, Output("Connections that fill the line")]
    window_packets: Annotated[float, Output("Mean window that loss allows, in segments")]
    loss_for_line: Annotated[float, Output("Loss at which one connection still fills the line", "share")]


@checked
def throughput(
    bandwidth: Annotated[float, Input("Bandwidth of the line", "bit/s", low=1e3, high=1e13, default=1e9)] = 1e9,
    round_trip_ms: Annotated[float, Input("Round trip", "ms", low=0.001, high=10_000, default=90)] = 90,
    window_bytes: Annotated[
        float, Input("Largest window of sender and receiver", "B", low=100, high=1e12, default=4_000_000)
    ] = 4_000_000,
    loss: Annotated[float, Input("Packets lost", "share", low=0, high=0.1, default=0.0001)] = 0.0001,
    segment_bytes: Annotated[float, Input("Size of a segment", "B", low=100, high=65_495, default=1460)] = 1460,
    constant: Annotated[
        float, Input("Constant of the loss bound", low=0.5, high=2, default=1.22, help="1.22 is the root of 3/2")
    ] = 1.22,
) -> Throughput:
    """What bounds one TCP connection: the line, its window over the round trip, or loss.

    The window is sent once each round trip; the line is full where it is at least the bandwidth-delay product.
    A sender that halves its window at each loss and adds a segment each round trip moves in a sawtooth, whose mean
    is constant * segment / (round trip * root of the loss): a bound in steady state where loss is rare. Timeouts make
    it worse at more loss, acknowledgments of every second packet lower the constant. Senders that read delay (BBR) are
    not bound by it, and CUBIC less on long, fast lines. Without loss it is given as a million times the line.
    `connections` counts connections of which each loses its own packets. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Source: mathis-1997.

    >>> round(throughput(1e9, 90, 65_536, 0).throughput / 8e3)
    728
    """
    given = (bandwidth, round_trip_ms / np.float64(1000), window_bytes, loss, segment_bytes, constant)
    line, trip, window, lost, segment, factor = broadcast(*given)
    by_window = window * 8 / trip
    with np.errstate(divide="ignore"):
        packets = factor / np.sqrt(lost)
    most = 1e6 * line
    by_loss = np.minimum(packets * segment * 8 / trip, most)
    flows = np.minimum(np.minimum(by_window, by_loss), line)
    enough = np.minimum((factor * segment * 8 / (trip * line)) ** 2, 1.0)
    found = (
        line * trip / 8, line, by_window, by_loss, flows, flows / line, line / flows,
        np.minimum(packets, most * trip / (8 * segment)), enough,
    )  # fmt: skip
    return Throughput(*map(plain, found))


def _phases(inputs: Mapping[str, Any], result: Bytes) -> str:
    return (
        f"The first byte comes after {duration(result.first_byte_ms / 1000)}, "
        f"{several(result.round_trips, 'round trip')}; the last of {size(inputs['response_bytes'])} after "
        f"{duration(result.last_byte_ms / 1000)}, sent in {several(result.rounds, 'round')}."
    )


def _bounds(inputs: Mapping[str, Any], result: Throughput) -> str:
    bounds = {"the line": result.line, "the window": result.by_window, "loss": result.by_loss}
    least = min(bounds, key=lambda name: bounds[name])
    return (
        f"One connection carries at most {size(result.throughput / 8)} a second, bound by {least}; "
        f"{size(result.in_flight_bytes)} on the way fill the line."
    )


WHERE = "Where does the time to the first and the last byte go?"
MODELS = (
    Model(first_byte, WHERE, _phases, "10-networking", "10-networking/first-byte"),
    Model(throughput, WHERE, _bounds, "10-networking", "10-networking/throughput"),
)
