"""Histories of operations held against consistency levels."""

from sysdesign.models.consistency.checking import (
    IMPLIES,
    LEVELS,
    MODELS,
    SESSION,
    Consistency,
    Verdict,
    agreed,
    check,
    shown,
)

__all__ = [
    "IMPLIES",
    "LEVELS",
    "MODELS",
    "SESSION",
    "Consistency",
    "Verdict",
    "agreed",
    "check",
    "shown",
]
