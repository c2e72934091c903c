"""Messaging: partitions, consumers, backlogs, duplicates, leases, order and fan-out."""

from __future__ import annotations

from sysdesign.models.messaging import leases, passing, streams
from sysdesign.models.messaging.leases import Lease, lease
from sysdesign.models.messaging.passing import Overtaking, overtaking
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
    "Lease",
    "Ordering",
    "Overtaking",
    "Partitions",
    "Redelivery",
    "Retention",
    "backlog",
    "consumers",
    "fan_out",
    "lease",
    "ordering",
    "overtaking",
    "partitions",
    "redelivery",
    "retention",
]

MODELS = (*streams.MODELS, *leases.MODELS, *passing.MODELS)
