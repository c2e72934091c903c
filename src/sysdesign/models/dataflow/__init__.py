"""Data in bulk: stages of batch jobs, windows over event time, checkpoints of streams, files of tables."""

from __future__ import annotations

from sysdesign.models.dataflow import checkpoints, deliveries, stages, watermarks
from sysdesign.models.dataflow.checkpoints import Checkpoint, checkpoint
from sysdesign.models.dataflow.deliveries import Files, files
from sysdesign.models.dataflow.stages import Stage, stage
from sysdesign.models.dataflow.watermarks import Watermark, watermark

__all__ = ["Checkpoint", "Files", "Stage", "Watermark", "checkpoint", "files", "stage", "watermark"]

MODELS = (*stages.MODELS, *watermarks.MODELS, *checkpoints.MODELS, *deliveries.MODELS)
