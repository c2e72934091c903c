"""Quorums: how stale a read may be, which sizes work, what stays up."""

from sysdesign.models.quorum.quorums import (
    DISK,
    MODELS,
    SSD,
    Availability,
    Configurations,
    Staleness,
    Versions,
    availability,
    configurations,
    staleness,
    versions,
    warm,
)

__all__ = [
    "DISK",
    "MODELS",
    "SSD",
    "Availability",
    "Configurations",
    "Staleness",
    "Versions",
    "availability",
    "configurations",
    "staleness",
    "versions",
    "warm",
]
