"""Functions by the call: concurrency, cold starts, and where they cost as much as servers."""

from sysdesign.models.serverless.functions import (
    MODELS,
    BreakEven,
    ColdStarts,
    ColdStartsDrawn,
    Concurrency,
    Provisioned,
    break_even,
    cold_starts,
    cold_starts_drawn,
    concurrency,
    provisioned_concurrency,
    warm,
)

__all__ = [
    "MODELS",
    "BreakEven",
    "ColdStarts",
    "ColdStartsDrawn",
    "Concurrency",
    "Provisioned",
    "break_even",
    "cold_starts",
    "cold_starts_drawn",
    "concurrency",
    "provisioned_concurrency",
    "warm",
]
