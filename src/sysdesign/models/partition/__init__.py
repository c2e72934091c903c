"""Network partitions: what each choice costs, quotas dealt out beforehand, and when silence counts as a failure."""

from __future__ import annotations

from sysdesign.models.partition import losses, quotas, timeouts
from sysdesign.models.partition.losses import Conflicts, Cost, Year, conflicts, cost, year
from sysdesign.models.partition.quotas import Escrow, escrow
from sysdesign.models.partition.timeouts import Suspicion, suspicion

__all__ = ["Conflicts", "Cost", "Escrow", "Suspicion", "Year", "conflicts", "cost", "escrow", "suspicion", "year"]

MODELS = (*losses.MODELS, *quotas.MODELS, *timeouts.MODELS)
