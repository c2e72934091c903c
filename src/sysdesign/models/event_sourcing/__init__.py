"""Streams of events: how often appends conflict."""

from __future__ import annotations

from sysdesign.models.event_sourcing import appends
from sysdesign.models.event_sourcing.appends import Conflict, conflict

__all__ = ["Conflict", "conflict"]

MODELS = (*appends.MODELS,)
