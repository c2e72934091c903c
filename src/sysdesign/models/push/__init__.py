"""Updates that a server has for its clients: how late they come, what they carry, what holds the connections."""

from __future__ import annotations

from sysdesign.models.push import connections, delivery
from sysdesign.models.push.connections import Fleet, fleet
from sysdesign.models.push.delivery import Delivery, deliver

__all__ = ["Delivery", "Fleet", "deliver", "fleet"]

MODELS = (*delivery.MODELS, *connections.MODELS)
