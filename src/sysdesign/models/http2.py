"""Streams that share a connection: what one lost packet holds up, and the bytes of a call besides its message.

Times in `_ms` are milliseconds, sizes in `_bytes` bytes; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, size
from sysdesign.probability.elementwise import broadcast, plain

MOST_LOSSES = 60  # of one packet in a row
FRAME_BYTES = 9  # before each frame
PREFIX_BYTES = 5  # before each message: a flag and its length
LARGEST_FRAME = 16_384  # unless the receiver allows more


@dataclass(frozen=True)
class Blocking:
    """What losses add to an answer where streams share connections, and where each stands alone."""

    delayed_share: Annotated[float, Output("Answers that are held up", "share")]
    own_share: Annotated[float, Output("Answers that a loss of their own holds up", "share")]
    mean_ms: Annotated[float, Output("Delay by losses, mean", "ms")]
    own_mean_ms: Annotated[float, Output("The same with streams apart", "ms")]
    p99_ms: Annotated[float, Output("Delay by losses, 99th percentile", "ms")]
    own_p99_ms: Annotated[float, Output("The same with streams apart", "ms")]
    p999_ms: Annotated[float, Output("Delay by losses, 99.9th percentile", "ms")]
    own_p999_ms: Annotated[float, Output("The same with streams apart", "ms")]
    times_delayed: Annotated[float, Output("Answers held up, over those with streams apart")]


@checked
def blocking(
    calls_per_s: Annotated[float, Input("Answers over all connections", "1/s", low=0, high=1e7, default=500)] = 500,
    packets: Annotated[float, Input("Packets of an answer", low=1, high=1e5, default=3)] = 3,
    loss: Annotated[float, Input("Packets lost", "share", low=0, high=0.3, default=0.001)] = 0.001,
    round_trip_ms: Annotated[float, Input("Round trip", "ms", low=0.001, high=10_000, default=50)] = 50,
    recovery_trips: Annotated[
        float, Input("Round trips until a lost packet has come again", low=1, high=100, default=1.2,
                     help="little over 1 where later packets show the gap, several where a timer must")
    ] = 1.2,
    connections: Annotated[float, Input("Connections that share the calls", low=1, high=1e6, default=1)] = 1,
) -> Blocking:  # fmt: skip
    """Head-of-line blocking: what losses hold up where streams share a TCP connection, against streams apart.

    TCP hands on bytes in order, so a lost packet holds up every answer behind it on its connection until it has come
    again, whichever stream it belongs to. With streams apart (QUIC, or a connection for each call) only its own
    answer waits. Answers come at random (Poisson), each of `packets` at once; packets are lost independently, their
    copies too. An answer is not held up beyond x with a chance of exp(-rate * integral from x of P(loss of an answer
    lasts longer than y)) times that of its own packets: the number of losses still open is that of an M/G/inf queue.

    Congestion control is left out: a loss also slows its connection, the shared one for all calls (see
    `network.throughput`). Losses that come in bursts hold up fewer answers, each for longer. A connection that has
    little to send notices a loss by a timer: give more `recovery_trips` where there are many connections.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Sources: rfc-9000 for streams apart, rfc-9113 for streams on one connection; the chance follows.

    >>> round(blocking(500, 3, 0.01).delayed_share, 3), round(blocking(500, 3, 0.01).own_share, 3)
    (0.606, 0.03)
    """
    given = (calls_per_s, packets, loss, round_trip_ms, recovery_trips, connections)
    calls, count, lost, trip, trips, shared = broadcast(*given)
    again = trip * trips
    rate = calls / shared * again / 1000  # answers in the time that a copy takes
    longer = -np.expm1(count[..., None] * np.log1p(-(lost[..., None] ** np.arange(1, MOST_LOSSES + 1))))
    alone, after = np.zeros_like(rate), _after(longer)
    found = (
        _held(rate, longer), _held(alone, longer),
        again * _mean(rate, longer, after), again * _mean(alone, longer, after),
        again * _exceeded(rate, longer, after, 0.01), again * _exceeded(alone, longer, after, 0.01),
        again * _exceeded(rate, longer, after, 0.001), again * _exceeded(alone, longer, after, 0.001),
    )  # fmt: skip
    times = np.where(found[1] > 0, found[0] / np.where(found[1] > 0, found[1], 1), 1.0)
    return Blocking(*map(plain, (*found, times)))


def _after(longer: np.ndarray) -> np.ndarray:
    """For each number of copies, the chances summed from the next one on."""
    summed = np.cumsum(longer[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate((summed[..., 1:], np.zeros_like(summed[..., :1])), axis=-1)


def _held(rate: np.ndarray, longer: np.ndarray) -> np.ndarray:
    first = longer[..., 0]
    return 1 - np.exp(-rate * longer.sum(axis=-1)) * (1 - first)


def _mean(rate: np.ndarray, longer: np.ndarray, after: np.ndarray) -> np.ndarray:
    """In times of a copy: the tail's integral, stretch by stretch; in each the exponent is linear."""
    power = rate[..., None] * longer
    inside = np.where(power > 1e-12, -np.expm1(-power) / np.where(power > 1e-12, power, 1), 1.0)
    free = np.exp(-rate[..., None] * after) * inside * (1 - longer)
    return np.asarray(np.sum(1 - free, axis=-1))


def _exceeded(rate: np.ndarray, longer: np.ndarray, after: np.ndarray, chance: float) -> np.ndarray:
    """The delay that is exceeded with that chance, in times of a copy."""
    ended = 1 - np.exp(-rate[..., None] * after) * (1 - longer)  # tail just before each whole number
    begun = 1 - np.exp(-rate[..., None] * (after + longer)) * (1 - longer)
    stretch = np.sum(ended > chance, axis=-1, keepdims=True)  # the first in which the tail falls to the chance
    at = np.minimum(stretch, longer.shape[-1] - 1)
    own, rest, first = (np.take_along_axis(each, at, axis=-1)[..., 0] for each in (longer, after, begun))
    power = rate * own
    inside = 1 + (rate * rest + np.log(1 - chance) - np.log1p(-own)) / np.where(power > 0, power, 1.0)
    within = np.where((first > chance) & (power > 0), np.clip(inside, 0, 1), 0.0)
    return at[..., 0] + within


@dataclass(frozen=True)
class Call:
    """Bytes of a call over HTTP/2 besides its messages, and of a further message in a stream."""

    first_bytes: Annotated[float, Output("First call of a connection, both ways", "B")]
    call_bytes: Annotated[float, Output("Each further call, both ways", "B")]
    stream_bytes: Annotated[float, Output("A message more in an open stream", "B")]
    overhead_bytes: Annotated[float, Output("Of a further call, what is no message", "B")]
    message_share: Annotated[float, Output("Messages in the bytes of a further call", "share")]
    stream_share: Annotated[float, Output("Message in the bytes of one in a stream", "share")]
    call_packets: Annotated[float, Output("Packets of a further call, both ways")]


@checked
def call(
    request_bytes: Annotated[float, Input("Message of the request", "B", low=0, high=1e10, default=20)] = 20,
    answer_bytes: Annotated[float, Input("Message of the answer", "B", low=0, high=1e10, default=200)] = 200,
    first_header_bytes: Annotated[
        float, Input("Headers of a first call, both ways, compressed", "B", low=0, high=1e6, default=170)
    ] = 170,
    header_bytes: Annotated[
        float, Input("Headers of a further call, both ways, compressed", "B", low=0, high=1e6, default=18,
                     help="an index for each that was sent before; what differs each time is sent whole")
    ] = 18,
    frame_bytes: Annotated[
        float, Input("Largest frame", "B", low=LARGEST_FRAME, high=16_777_215, default=LARGEST_FRAME)
    ] = LARGEST_FRAME,
    packet_bytes: Annotated[float, Input("Data of a packet", "B", low=100, high=65_495, default=1460)] = 1460,
) -> Call:  # fmt: skip
    """The bytes of one call over HTTP/2, and of one more message in a stream that is open.

    A call is a frame of headers, frames of data, and for the answer a frame of headers, frames of data and one of
    trailers: nine bytes before each frame, five before each message, more frames where a message is larger than one.
    In an open stream a further message (the answer's size) costs its frame and its five bytes alone. Headers that
    were sent before on the connection are an index of a byte or two; those that differ each time (a deadline, an
    identifier of a trace, a token) are sent again: the defaults are about what an encoder makes of nine plain headers
    of a request, three of an answer and one trailer, with a deadline that differs. Frames of window updates and
    pings, encryption and packets' own headers are left out.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Sources: rfc-9113 (frames), grpc-over-http2 (the five bytes, trailers).

    >>> call(20, 20).stream_bytes
    34.0
    """
    given = (request_bytes, answer_bytes, first_header_bytes, header_bytes, frame_bytes, packet_bytes)
    asked, answered, first, later, frame, packet = broadcast(*given)
    sent, returned = _framed(asked, frame), _framed(answered, frame)
    headers = 3 * FRAME_BYTES
    whole = headers + later + sent + returned
    packets = np.ceil((FRAME_BYTES + later / 2 + sent) / packet) + np.ceil(
        (2 * FRAME_BYTES + later / 2 + returned) / packet
    )
    found = (
        headers + first + sent + returned, whole, returned, whole - asked - answered, (asked + answered) / whole,
        answered / returned, packets,
    )  # fmt: skip
    return Call(*map(plain, found))


def _framed(message: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """A message with its prefix in as many frames as it takes."""
    whole = message + PREFIX_BYTES
    return whole + FRAME_BYTES * np.ceil(whole / frame)


def _blocked(inputs: Mapping[str, Any], result: Blocking) -> str:
    return (
        f"Losses hold up {percent(result.delayed_share)} of answers, {percent(result.own_share)} with streams apart; "
        f"one in a hundred waits {duration(result.p99_ms / 1000)} or longer, with streams apart "
        f"{duration(result.own_p99_ms / 1000)}."
    )


def _called(inputs: Mapping[str, Any], result: Call) -> str:
    return (
        f"A call takes {size(result.call_bytes)} both ways, of which {percent(result.message_share)} are messages; "
        f"an answer's message in an open stream takes {amount(result.stream_bytes)} bytes."
    )


SHARED = "How many connections should calls share?"
MODELS = (
    Model(blocking, SHARED, _blocked, "16-grpc", "16-grpc/blocking"),
    Model(call, "Calls or a stream?", _called, "16-grpc", "16-grpc/call"),
)
