"""Servers that hold connections, and the return of the clients of one that is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.elementwise import plain


@dataclass(frozen=True)
class Fleet:
    """Servers that still hold everything after a loss."""

    servers: Annotated[float, Output("Servers")]
    servers_exact: Annotated[float, Output("Servers, before rounding up")]
    each: Annotated[float, Output("Connections on each")]
    each_after: Annotated[float, Output("Connections on each that is left")]
    return_s: Annotated[float, Output("Until all clients of the lost servers are back", "s")]
    memory_share: Annotated[float, Output("Room for connections in use after the loss", "share")]
    message_share: Annotated[float, Output("Message capacity in use after the loss", "share")]
    handshake_share: Annotated[float, Output("Handshakes that the return asks for, of what is left", "share")]


@checked
def fleet(
    connections: Annotated[float, Input("Open connections", low=1, high=1e10, default=1e6)],
    held_each: Annotated[float, Input("Connections that one server holds", low=1, high=1e8, default=50_000)] = 50_000,
    messages_per_s: Annotated[float, Input("Messages, all connections", "1/s", low=0, high=1e10, default=50_000)] = (
        50_000
    ),
    sent_each_per_s: Annotated[
        float, Input("Messages that one server sends", "1/s", low=1, high=1e8, default=20_000)
    ] = 20_000,
    handshakes_per_s: Annotated[
        float, Input("Handshakes that one server takes", "1/s", low=0.1, high=1e6, default=500)
    ] = 500,
    back_s: Annotated[float, Input("Time in which lost clients are to be back", "s", low=0.1, high=1e5, default=30)] = (
        30
    ),
    spread_s: Annotated[
        float, Input("Time over which clients spread their return", "s", low=0, high=1e5, default=10, help="jitter")
    ] = 10,
    lost: Annotated[int, Input("Servers lost or replaced at once", low=1, high=1000, default=1)] = 1,
) -> Fleet:
    """Servers for a number of open connections, so that the rest still hold them when some are lost.

    Three bounds, of which the largest counts: room for all connections on those left, messages
    on those left, and the handshakes of everybody who was on the lost ones: n servers of which l
    are lost have (n - l) h handshakes a second for l/n of the connections. Few large servers are cheap to
    fill and slow to come back; the third bound grows with the square root of the connections.
    Connections are taken to be even; clients that connect again pile onto what is restarted last, and
    stay uneven until they are moved. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the bounds; no source needed.

    >>> fleet(1_000_000, 50_000).servers
    21.0
    """
    given = (connections, held_each, messages_per_s, sent_each_per_s, handshakes_per_s, back_s, spread_s, lost)
    clients, room, messages, sent, shakes, wanted, jitter, gone = (np.asarray(each, dtype=float) for each in given)
    kept = np.maximum(clients / room, messages / sent)
    returning = gone * clients / (shakes * wanted)
    exact = np.maximum(gone + kept, (gone + np.sqrt(gone**2 + 4 * returning)) / 2)
    count = np.maximum(np.ceil(exact - 1e-9), gone + 1)
    left = count - gone
    at_once = gone * clients / count / (left * shakes)
    back = np.maximum(jitter, at_once)
    after = clients / left
    found = (count, exact, clients / count, after, back, after / room, messages / left / sent, at_once / back)
    return Fleet(*map(plain, np.broadcast_arrays(*found)))


def _sized(inputs: Mapping[str, Any], result: Fleet) -> str:
    return (
        f"{several(result.servers, 'server')} hold {amount(inputs['connections'])} connections with "
        f"{amount(inputs['lost'])} lost: {percent(result.memory_share)} of the room is then in use, and its clients "
        f"are back after {duration(result.return_s)}."
    )


MODELS = (Model(fleet, "How many servers hold the connections?", _sized, "03-websocket", "03-websocket/connections"),)
