"""Streams of events: how often appends conflict, and how long a load takes."""

from __future__ import annotations

from sysdesign.models.event_sourcing import appends, loads
from sysdesign.models.event_sourcing.appends import Conflict, conflict
from sysdesign.models.event_sourcing.loads import Load, load

__all__ = ["Conflict", "Load", "conflict", "load"]

MODELS = (*appends.MODELS, *loads.MODELS)
