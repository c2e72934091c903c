"""Changes on their way to users: red runs, merge queues, what a canary proves, rollouts, waves."""

from __future__ import annotations

from sysdesign.models.deployment import canary, flakiness, merge_queues, rollouts, sequences, staging
from sysdesign.models.deployment.canary import Compared, Zero, canary_compare, canary_zero
from sysdesign.models.deployment.flakiness import Flaky, flaky
from sysdesign.models.deployment.merge_queues import MergeQueue, merge_queue
from sysdesign.models.deployment.rollouts import Rollout, rollout
from sysdesign.models.deployment.sequences import Looks, Sequential, looks, sequential, warm
from sysdesign.models.deployment.staging import Waves, waves

__all__ = [
    "Compared", "Flaky", "Looks", "MergeQueue", "Rollout", "Sequential", "Waves", "Zero", "canary_compare",
    "canary_zero", "flaky", "looks", "merge_queue", "rollout", "sequential", "warm", "waves",
]  # fmt: skip

MODELS = (*flakiness.MODELS, *merge_queues.MODELS, *canary.MODELS, *sequences.MODELS, *rollouts.MODELS,
          *staging.MODELS)  # fmt: skip
