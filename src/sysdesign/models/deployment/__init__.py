"""Changes on their way to users: what a canary proves, and what each way of a rollout costs."""

from __future__ import annotations

from sysdesign.models.deployment import canary, rollouts, sequences
from sysdesign.models.deployment.canary import Compared, Zero, canary_compare, canary_zero
from sysdesign.models.deployment.rollouts import Rollout, rollout
from sysdesign.models.deployment.sequences import Looks, Sequential, looks, sequential, warm

__all__ = [
    "Compared", "Looks", "Rollout", "Sequential", "Zero", "canary_compare", "canary_zero", "looks", "rollout",
    "sequential", "warm",
]  # fmt: skip

MODELS = (*canary.MODELS, *sequences.MODELS, *rollouts.MODELS)
