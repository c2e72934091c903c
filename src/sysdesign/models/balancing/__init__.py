"""Which server a request goes to, and how soon clients leave one that failed."""

from sysdesign.models.balancing import names, picking_rules
from sysdesign.models.balancing.names import NameFailover, name_failover
from sysdesign.models.balancing.picking_rules import (
    KINDS,
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
    "NameFailover",
    "Supermarket",
    "balance",
    "name_failover",
    "supermarket",
    "warm",
]

MODELS = (*picking_rules.MODELS, *names.MODELS)
