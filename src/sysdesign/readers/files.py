"""The reader's own files as model inputs: measurements, traces, histories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Parameter
from sysdesign.readers.choices import Choices
from sysdesign.readers.measurements import read_measurements, read_points
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source, on_terminal


def read_file(parameter: Parameter, given: Source | Path | str, choices: Choices, notices: Notices) -> Any:
    """A file, pipe or upload as the value that the input takes. Raises InvalidInput with the number of a bad line."""
    source = given if isinstance(given, Source) else Source(given, progress=on_terminal())
    if parameter.kind in ("samples", "distribution"):
        return read_measurements(source, parameter.input.unit, choices, notices, each=parameter.kind == "samples")
    if parameter.kind == "numbers":
        return read_points(source, parameter.name, choices, notices)
    if parameter.name == "history":
        from sysdesign.readers.histories import read_history

        return read_history(source, notices)
    if parameter.name == "trace":
        from sysdesign.readers.traces import Trace

        return Trace(source, choices, notices)
    raise InvalidInput(f"{parameter.name} is read from no file; type its value")
