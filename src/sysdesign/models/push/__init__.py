"""Updates that a server has for its clients: how late they come, what they carry, what holds the connections."""

from __future__ import annotations

from sysdesign.models.push import connections, delivery, returning
from sysdesign.models.push.connections import Fleet, fleet
from sysdesign.models.push.delivery import Delivery, deliver
from sysdesign.models.push.returning import Return, reconnect, warm

__all__ = ["Delivery", "Fleet", "Return", "deliver", "fleet", "reconnect", "warm"]

MODELS = (*delivery.MODELS, *connections.MODELS, *returning.MODELS)
