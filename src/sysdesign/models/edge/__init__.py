"""Near the user: functions at the edge against the region, and the loss of a region."""

from __future__ import annotations

from sysdesign.models.edge import functions, regions
from sysdesign.models.edge.functions import Function, function
from sysdesign.models.edge.regions import RegionLoss, region_loss

__all__ = ["Function", "RegionLoss", "function", "region_loss"]

MODELS = (*functions.MODELS, *regions.MODELS)
