"""Changes on their way to users: what a canary proves."""

from __future__ import annotations

from sysdesign.models.deployment import canary, sequences
from sysdesign.models.deployment.canary import Compared, Zero, canary_compare, canary_zero
from sysdesign.models.deployment.sequences import Looks, Sequential, looks, sequential, warm

__all__ = ["Compared", "Looks", "Sequential", "Zero", "canary_compare", "canary_zero", "looks", "sequential", "warm"]

MODELS = (*canary.MODELS, *sequences.MODELS)
