"""Quorums: how stale a read may be, which sizes work, what stays up."""

from sysdesign.models.quorum import quorums, site_votes
from sysdesign.models.quorum.quorums import (
    DISK,
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
from sysdesign.models.quorum.site_votes import Sites, sites, votes

__all__ = [
    "DISK",
    "MODELS",
    "SSD",
    "Availability",
    "Configurations",
    "Sites",
    "Staleness",
    "Versions",
    "availability",
    "configurations",
    "sites",
    "staleness",
    "versions",
    "votes",
    "warm",
]

MODELS = (*quorums.MODELS, *site_votes.MODELS)
