"""Data in bulk: stages of batch jobs, windows over event time, checkpoints of streams, files of tables."""

from __future__ import annotations

from sysdesign.models.dataflow import stages
from sysdesign.models.dataflow.stages import Stage, stage

__all__ = ["Stage", "stage"]

MODELS = (*stages.MODELS,)
