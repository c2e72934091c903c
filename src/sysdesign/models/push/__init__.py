"""Updates that a server has for its clients: how late they come, what they carry, what holds the connections."""

from __future__ import annotations

from sysdesign.models.push import connections, delivery, holding, resuming, returning, slow
from sysdesign.models.push.connections import Fleet, fleet
from sysdesign.models.push.delivery import Delivery, deliver
from sysdesign.models.push.holding import Memory, memory
from sysdesign.models.push.resuming import Resume, resume
from sysdesign.models.push.returning import Return, reconnect, warm
from sysdesign.models.push.slow import SlowConsumer, slow_consumer

__all__ = [
    "Delivery", "Fleet", "Memory", "Resume", "Return", "SlowConsumer", "deliver", "fleet", "memory", "reconnect",
    "resume", "slow_consumer", "warm",
]  # fmt: skip

MODELS = (
    *delivery.MODELS, *connections.MODELS, *returning.MODELS, *slow.MODELS, *resuming.MODELS, *holding.MODELS,
)  # fmt: skip
