"""Streams of events: how often appends conflict, how long loads and rebuilds take, and what a store holds."""

from __future__ import annotations

from sysdesign.models.event_sourcing import appends, loads, rebuilds, stores
from sysdesign.models.event_sourcing.appends import Conflict, conflict
from sysdesign.models.event_sourcing.loads import Load, load
from sysdesign.models.event_sourcing.rebuilds import Rebuild, rebuild
from sysdesign.models.event_sourcing.stores import Store, store

__all__ = ["Conflict", "Load", "Rebuild", "Store", "conflict", "load", "rebuild", "store"]

MODELS = (*appends.MODELS, *loads.MODELS, *rebuilds.MODELS, *stores.MODELS)
