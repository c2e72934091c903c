"""Changes on their way to users: red runs, merge queues, what a canary proves, what each way of a rollout costs."""

from __future__ import annotations

from sysdesign.models.deployment import canary, flakiness, merge_queues, rollouts, sequences
from sysdesign.models.deployment.canary import Compared, Zero, canary_compare, canary_zero
from sysdesign.models.deployment.flakiness import Flaky, flaky
from sysdesign.models.deployment.merge_queues import MergeQueue, merge_queue
from sysdesign.models.deployment.rollouts import Rollout, rollout
from sysdesign.models.deployment.sequences import Looks, Sequential, looks, sequential, warm

__all__ = [
    "Compared", "Flaky", "Looks", "MergeQueue", "Rollout", "Sequential", "Zero", "canary_compare", "canary_zero",
    "flaky", "looks", "merge_queue", "rollout", "sequential", "warm",
]  # fmt: skip

MODELS = (*flakiness.MODELS, *merge_queues.MODELS, *canary.MODELS, *sequences.MODELS, *rollouts.MODELS)
