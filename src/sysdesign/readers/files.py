"""The reader's own files as model inputs: measurements, traces, histories."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Parameter

MOST_SAMPLES = 20_000_000


def read_file(parameter: Parameter, path: Path) -> Any:
    """A file as the value that the input takes. Raises InvalidInput with the number of a bad line."""
    if parameter.kind in ("samples", "distribution"):
        return read_samples(path)
    if parameter.name == "history":
        from sysdesign.readers.histories import read_history

        return read_history(path)
    if parameter.name == "trace":
        from sysdesign.readers.traces import Trace, show_progress

        return Trace(path, show_progress if sys.stderr.isatty() else None)
    return path


def read_samples(path: Path) -> np.ndarray:
    """One number a line, or the last column of a CSV whose first line may be a heading."""
    values: list[float] = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            field = line.replace(";", ",").split(",")[-1].strip()
            if not field or line.startswith("#"):
                continue
            try:
                values.append(float(field))
            except ValueError:
                if number == 1:
                    continue  # a heading
                raise InvalidInput(f"{path}:{number}: {field[:40]!r} is not a number; give one number a line") from None
            if len(values) > MOST_SAMPLES:
                raise InvalidInput(f"{path} holds more than {MOST_SAMPLES:,} numbers; sample it first")
    if not values:
        raise InvalidInput(f"{path} holds no number; give one number a line")
    return np.asarray(values)
