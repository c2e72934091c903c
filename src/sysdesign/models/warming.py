"""Compiles every model's kernels, so that no request waits for a compiler."""

from __future__ import annotations

import importlib

from sysdesign.models.registry import SUBJECTS


def warm() -> None:
    """Call `warm()` of every subject that has kernels."""
    for subject in SUBJECTS:
        module = importlib.import_module(f"sysdesign.models.{subject}")
        compile_kernels = getattr(module, "warm", None)
        if compile_kernels is not None:
            compile_kernels()
