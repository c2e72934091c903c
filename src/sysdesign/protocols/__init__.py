"""Six things that move, told step by step, with faults that the reader chooses."""

from __future__ import annotations

from sysdesign.errors import UnknownName, nearest
from sysdesign.protocols import breaker, quorum_read, raft, reconnect_storm, retry_storm, stampede
from sysdesign.protocols.telling import Protocol

PROTOCOLS: dict[str, Protocol] = {
    each.name: each
    for each in (
        quorum_read.PROTOCOL, raft.PROTOCOL, breaker.PROTOCOL, stampede.PROTOCOL, retry_storm.PROTOCOL,
        reconnect_storm.PROTOCOL,
    )
}  # fmt: skip


def protocol(name: str) -> Protocol:
    """The one with this name. Raises UnknownName."""
    if name not in PROTOCOLS:
        raise UnknownName(f"there is no explorer {name[:80]!r}. {nearest(name, PROTOCOLS, 'explorers')}")
    return PROTOCOLS[name]
