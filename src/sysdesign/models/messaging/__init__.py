"""Messaging: partitions, consumers, backlogs, duplicates, leases, order and fan-out."""

from __future__ import annotations

from sysdesign.models.messaging import leases, passing, pools, streams
from sysdesign.models.messaging.leases import Lease, lease
from sysdesign.models.messaging.passing import Overtaking, overtaking
from sysdesign.models.messaging.pools import Isolation, isolation
from sysdesign.models.messaging.streams import (
    Backlog,
    Consumers,
    FanOut,
    Ordering,
    Partitions,
    Redelivery,
    Retention,
    backlog,
    consumers,
    fan_out,
    ordering,
    partitions,
    redelivery,
    retention,
)

__all__ = [
    "Backlog",
    "Consumers",
    "FanOut",
    "Isolation",
    "Lease",
    "Ordering",
    "Overtaking",
    "Partitions",
    "Redelivery",
    "Retention",
    "backlog",
    "consumers",
    "fan_out",
    "isolation",
    "lease",
    "ordering",
    "overtaking",
    "partitions",
    "redelivery",
    "retention",
]

MODELS = (*streams.MODELS, *leases.MODELS, *passing.MODELS, *pools.MODELS)
