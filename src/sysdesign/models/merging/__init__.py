"""Merging after a split: replicated data types, what each way to merge keeps and drops, and their bytes."""

from __future__ import annotations

from sysdesign.models.merging import footprint, split
from sysdesign.models.merging.footprint import Metadata, metadata
from sysdesign.models.merging.split import Drawn, Run, drawn, run

__all__ = ["Drawn", "Metadata", "Run", "drawn", "metadata", "run"]

MODELS = (*split.MODELS, *footprint.MODELS)
