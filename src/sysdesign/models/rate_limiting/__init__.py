"""Rate limiters: what each kind lets through, and what it holds in memory."""

from sysdesign.models.rate_limiting.limiters import (
    BUCKETS,
    KINDS,
    MODELS,
    Bucket,
    CounterDecision,
    Envelope,
    Load,
    Replay,
    envelope,
    load,
    replay,
    sliding_counter,
    token_bucket,
    warm,
)

__all__ = [
    "BUCKETS",
    "KINDS",
    "MODELS",
    "Bucket",
    "CounterDecision",
    "Envelope",
    "Load",
    "Replay",
    "envelope",
    "load",
    "replay",
    "sliding_counter",
    "token_bucket",
    "warm",
]
