"""Which server a request goes to, what connections make of that, and how soon clients leave one that failed."""

from sysdesign.models.balancing import connections, names, picking_rules
from sysdesign.models.balancing.connections import LongLived, Subsets, long_lived, subsets
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
    "LongLived",
    "NameFailover",
    "Subsets",
    "Supermarket",
    "balance",
    "long_lived",
    "name_failover",
    "subsets",
    "supermarket",
    "warm",
]

MODELS = (*picking_rules.MODELS, *names.MODELS, *connections.MODELS)
