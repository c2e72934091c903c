"""Transactions: histories held against isolation levels, and updates that are lost without a check."""

from sysdesign.models.transactions import checking, updates
from sysdesign.models.transactions.checking import FORBIDDEN, Finding, Isolation, check
from sysdesign.models.transactions.updates import LostUpdates, lost_updates

__all__ = ["FORBIDDEN", "Finding", "Isolation", "LostUpdates", "check", "lost_updates"]

MODELS = (*checking.MODELS, *updates.MODELS)
