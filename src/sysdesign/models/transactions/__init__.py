"""Histories of transactions held against isolation levels."""

from sysdesign.models.transactions.checking import FORBIDDEN, MODELS, Finding, Isolation, check

__all__ = ["FORBIDDEN", "MODELS", "Finding", "Isolation", "check"]
