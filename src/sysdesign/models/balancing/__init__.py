"""Which server a balancer sends a request to."""

from sysdesign.models.balancing.picking_rules import (
    KINDS,
    MODELS,
    Balanced,
    Supermarket,
    balance,
    supermarket,
    warm,
)

__all__ = [
    "KINDS",
    "MODELS",
    "Balanced",
    "Supermarket",
    "balance",
    "supermarket",
    "warm",
]
