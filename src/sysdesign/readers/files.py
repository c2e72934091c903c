"""The reader's own files as model inputs: measurements, traces, histories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Parameter
from sysdesign.readers.choices import Choices
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source, on_terminal

MOST_SAMPLES = 20_000_000


def read_file(parameter: Parameter, given: Source | Path | str, choices: Choices, notices: Notices) -> Any:
    """A file, pipe or upload as the value that the input takes. Raises InvalidInput with the number of a bad line."""
    source = given if isinstance(given, Source) else Source(given, progress=on_terminal())
    if parameter.kind in ("samples", "distribution"):
        return read_samples(source, notices)
    if parameter.name == "history":
        from sysdesign.readers.histories import read_history

        return read_history(source, notices)
    if parameter.name == "trace":
        from sysdesign.readers.traces import Trace

        return Trace(source, choices, notices)
    raise InvalidInput(f"{parameter.name} is read from no file; type its value")


def read_samples(source: Source, notices: Notices) -> np.ndarray:
    """One number a line, or the last column of a CSV whose first line may be a heading."""
    values: list[float] = []
    with source.opened() as stream:
        for number, line in stream.lines(notices):
            field = line.replace(";", ",").split(",")[-1].strip()
            if not field or line.startswith("#"):
                continue
            try:
                values.append(float(field))
            except ValueError:
                if number == 1:
                    continue  # a heading
                raise InvalidInput(
                    f"{source}:{number}: {field[:40]!r} is not a number; give one number a line"
                ) from None
            if len(values) > MOST_SAMPLES:
                raise InvalidInput(f"{source} holds more than {MOST_SAMPLES:,} numbers; sample it first")
    if not values:
        raise InvalidInput(f"{source} holds no number; give one number a line")
    return np.asarray(values)
