"""Histories of operations held against consistency levels."""

from sysdesign.models.consistency import checking, placing
from sysdesign.models.consistency.checking import (
    IMPLIES,
    LEVELS,
    SESSION,
    Consistency,
    Verdict,
    agreed,
    check,
    shown,
)
from sysdesign.models.consistency.placing import Place, place

MODELS = (*checking.MODELS, *placing.MODELS)

__all__ = [
    "IMPLIES",
    "LEVELS",
    "MODELS",
    "SESSION",
    "Consistency",
    "Place",
    "Verdict",
    "agreed",
    "check",
    "place",
    "shown",
]
