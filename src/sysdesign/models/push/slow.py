"""Slow consumers: what a bounded queue drops, and what keeping the newest for each key skips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import gammaincc, gammaln

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import duration, percent, size
from sysdesign.probability.elementwise import broadcast, plain


@dataclass(frozen=True)
class SlowConsumer:
    """A client that takes messages more slowly than they come, behind a bounded queue or one that conflates."""

    room: Annotated[float, Output("Messages that the queue holds")]
    dropped_share: Annotated[float, Output("Messages dropped at the bound", "share")]
    age_s: Annotated[float, Output("Age of a message when it is sent, mean", "s")]
    full_age_s: Annotated[float, Output("Age behind a full queue", "s")]
    pause_s: Annotated[float, Output("Longest pause of the client without a loss", "s")]
    memory_bytes: Annotated[float, Output("Queues of all slow clients, mean", "B")]
    bound_bytes: Annotated[float, Output("Queues of all slow clients, at their bound", "B")]
    skipped_share: Annotated[float, Output("Messages replaced by a newer one, conflated", "share")]
    conflated_age_s: Annotated[float, Output("Age of what is sent, conflated, mean", "s")]
    conflated_bytes: Annotated[float, Output("Queues of all slow clients, conflated, mean", "B")]


@checked
def slow_consumer(
    messages_per_s: Annotated[float, Input("Messages for the client", "1/s", low=0.001, high=1e6, default=50)] = 50,
    taken_per_s: Annotated[float, Input("Messages that the client takes", "1/s", low=0.001, high=1e6, default=40)] = 40,
    message_bytes: Annotated[float, Input("Size of a message", "B", low=1, high=1e8, default=300)] = 300,
    bound_bytes: Annotated[
        float, Input("Bound of the queue of one client", "B", low=1, high=1e10, default=1_000_000)
    ] = 1_000_000,
    bound_s: Annotated[
        float, Input("Bound by age", "s", low=0.001, high=1e7, default=1e7,
                     help="messages that the client takes within that time; the smaller bound counts")
    ] = 1e7,
    keys: Annotated[
        float, Input("Keys that messages are about", low=1, high=1e7, default=20, help="as prices or positions have")
    ] = 20,
    slow_clients: Annotated[float, Input("Clients as slow as this", low=0, high=1e9, default=1000)] = 1000,
) -> SlowConsumer:  # fmt: skip
    """What a client that reads too slowly misses, and the memory that it takes, by what its queue does.

    A bounded queue that drops what finds it full is M/M/1/K. Beyond what the client takes the rest is dropped whatever
    the bound, and what is sent is as old as a full queue: a larger bound buys age, not messages. A queue that conflates
    keeps for each key the newest message alone: a message whose key waits already replaces what waits. Keys that
    wait are a birth-death chain with births (keys - k) / keys of the messages, so the client rests for Erlang's loss
    share of `keys` servers at the load keys * taken / messages; what is sent is never older than a round of all keys.

    Messages come at random (Poisson) and are taken in exponential times; keys are equally likely. A queue that drops
    its oldest sends as much, and younger. The age while conflated counts from when a key began to wait; the value
    sent is the newest. The kernel's own buffer comes before the queue and adds to both ages.
    Elementwise over arrays. Raises InvalidInput where an input is out of range. Follows from the chains.

    >>> round(slow_consumer(50, 40).dropped_share, 3)
    0.2
    """
    given = (messages_per_s, taken_per_s, message_bytes, bound_bytes, bound_s, keys, slow_clients)
    rate, taken, each, most, oldest, kinds, clients = broadcast(*given)
    room = np.maximum(np.minimum(most / each, oldest * taken), 1)
    full, waiting = _bounded(rate / taken, room)
    sent = taken * -np.expm1(_log_erlang(kinds, kinds * taken / rate))
    # Rounding may let a client that keeps up with everything send a little more than comes.
    skipped = np.clip(1 - sent / rate, 0, 1)
    held = kinds * skipped
    found = (
        room, full, waiting / (rate * (1 - full)), room / taken, room / rate, clients * waiting * each,
        clients * room * each, skipped, np.maximum(held, sent / taken) / sent, clients * held * each,
    )  # fmt: skip
    return SlowConsumer(*map(plain, found))


def _bounded(load: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """M/M/1/K for a K that may lie between whole numbers: the chance that it is full, and the mean number in it."""
    over = load > 1
    ratio = np.where(over, 1 / load, load)  # counted from the full end where that is the likelier one
    step = np.log(ratio)
    near = -step * (room + 1) < 1e-4
    safe = np.where(near, 0.5, ratio)
    last = np.exp(np.where(near, -1.0, step) * (room + 1))
    end = np.where(over, (1 - safe) / (1 - last), (1 - safe) * last / safe / (1 - last))
    counted = safe / (1 - safe) - (room + 1) * last / (1 - last)
    full = np.where(near, 1 / (room + 1), end)
    number = np.where(near, room / 2, np.where(over, room - counted, counted))
    return full, np.clip(number, 0, room)


def _log_erlang(servers: np.ndarray, load: np.ndarray) -> np.ndarray:
    """The logarithm of Erlang's loss share for any number of servers: a Poisson density over its distribution.

    Far beyond the servers the distribution is too small for a float; there 1 - servers / load is all of the share.
    """
    below = gammaincc(servers + 1, load)
    density = servers * np.log(load) - load - gammaln(servers + 1)
    beyond = np.log1p(-np.minimum(servers / load, 1 - 1e-12))
    found = np.where(below > 1e-200, density - np.log(np.maximum(below, 1e-300)), beyond)
    return np.minimum(found, -1e-12)


def _slow(inputs: Mapping[str, Any], result: SlowConsumer) -> str:
    return (
        f"A bounded queue drops {percent(result.dropped_share)} and sends what is {duration(result.age_s)} old; one "
        f"that conflates skips {percent(result.skipped_share)} and sends each key after "
        f"{duration(result.conflated_age_s)}. At their bound all slow clients hold {size(result.bound_bytes)}."
    )


MODELS = (Model(slow_consumer, "What to do with a slow client?", _slow, "03-websocket", "03-websocket/slow"),)
