"""Ports of a network address translator: how many are held at once, and how often none is free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.queueing.steady_state import erlang_b_share
from sysdesign.models.wording import amount, percent, several
from sysdesign.probability.elementwise import broadcast, plain


@dataclass(frozen=True)
class Ports:
    """Ports held for the busiest destination, and what they refuse."""

    needed: Annotated[float, Output("Ports held at once if none is refused, mean")]
    available: Annotated[float, Output("Ports for that destination")]
    used: Annotated[float, Output("Ports needed, of those available", "share")]
    refused: Annotated[float, Output("Connections refused", "share")]
    refused_per_s: Annotated[float, Output("Connections refused a second", "1/s")]
    most_per_s: Annotated[float, Output("Connections a second that ports allow, all in use", "1/s")]
    addresses_needed: Annotated[float, Output("Public addresses, before rounding up, for the ports with their swings")]


@checked
def nat_ports(
    connections_per_s: Annotated[
        float, Input("New connections, all destinations", "1/s", low=0.001, high=1e6, default=2000)
    ],
    hold_s: Annotated[float, Input("Time that a connection is open", "s", low=0, high=1e5, default=1)] = 1,
    after_s: Annotated[
        float, Input("Time that a port stays taken after the close", "s", low=0, high=1e4, default=60)
    ] = 60,
    addresses: Annotated[int, Input("Public addresses", low=1, high=32, default=1)] = 1,
    ports_each: Annotated[
        int, Input("Ports of an address for one destination", low=64, high=64_512, default=55_000)
    ] = 55_000,
    busiest_share: Annotated[
        float, Input("Connections that go to the busiest destination", "share", low=1e-6, high=1, default=1)
    ] = 1,
    machines: Annotated[
        int, Input("Machines among which ports are dealt in advance", low=1, high=1000, default=1, help="1: all share")
    ] = 1,
    requests_each: Annotated[
        float, Input("Requests sent on each connection", low=1, high=1e6, default=1, help="kept connections")
    ] = 1,
) -> Ports:
    """Ports that connections to one destination hold, and the share refused because none is free.

    A translator tells connections to one destination (address, port, protocol) apart by its own port alone, so the
    ports of its addresses are lines of a telephone exchange: ports held on average are rate times time (Little's
    law), and the share of connections that find none is Erlang's loss formula, for any spread of the times.
    Connections arrive at random and are spread evenly over addresses; those refused go away. Where they come back at
    once the rate is higher than given, and bursts refuse more. Ports dealt to machines in advance are as many
    exchanges apart, each with its even part; uneven machines refuse more. With kept connections `connections_per_s`
    counts requests, `requests_each` of them share a connection, and `hold_s` is that connection's life.
    `addresses_needed` takes three standard deviations of the ports held on top of their mean.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Sources: erlang-com-manual; the 55,000 ports of one address for a destination: aws-nat-gateway.

    >>> nat_ports(2000, 1, 60).needed
    122000.0
    """
    given = (connections_per_s, hold_s, after_s, addresses, ports_each, busiest_share, machines, requests_each)
    rate, hold, after, public, each, share, hosts, sent = broadcast(*given)
    opened = rate * share / sent
    needed = opened * (hold + after)
    available = public * each
    dealt = np.maximum(np.floor(available / hosts), 1)
    refused = erlang_b_share(needed / hosts, dealt)
    most = available / np.maximum(hold + after, 1e-9)
    wanted = (needed + 3 * np.sqrt(needed * hosts)) / each
    found = (needed, available, needed / available, refused, refused * opened, most, wanted)
    return Ports(*map(plain, found))


def _sentence(inputs: Mapping[str, Any], result: Ports) -> str:
    return (
        f"{amount(result.needed)} ports are needed at once and {several(result.available, 'port', 'exist')}, so "
        f"{percent(result.refused)} of the connections are refused; {several(inputs['addresses'], 'address', 'let')} "
        f"{amount(result.most_per_s)} connections a second through."
    )


MODELS = (
    Model(nat_ports, "When does a translator run out of ports?", _sentence, "10-networking", "10-networking/ports"),
)
