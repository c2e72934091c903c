"""The reader's own files as model inputs: measurements, traces, histories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Parameter
from sysdesign.readers.choices import Choices
from sysdesign.readers.measurements import read_measurements, read_points
from sysdesign.readers.notices import Notices
from sysdesign.readers.source import Source, is_pipe, on_terminal

MOST_REMEMBERED = 8  # files
_remembered: dict[tuple[Any, ...], tuple[Any, Notices]] = {}


def read_file_once(parameter: Parameter, given: Source | Path | str, choices: Choices, notices: Notices) -> Any:
    """As `read_file`, but a file that this process has read and that has not changed is not read again.

    For runs that name the same file again and again, as the points of a sweep do; a pipe can be read only so.
    """
    if isinstance(given, Source):
        return read_file(parameter, given, choices, notices)
    chosen = tuple(sorted((name, str(value)) for name, value in choices.given.items()))
    key = (parameter.name, parameter.kind, parameter.input.unit, str(given), _stamp(given), chosen)
    if key not in _remembered:
        while len(_remembered) >= MOST_REMEMBERED:
            del _remembered[next(iter(_remembered))]
        said = Notices()
        _remembered[key] = _kept(read_file(parameter, given, choices, said)), said
    read, said = _remembered[key]
    said.tell(notices)
    return read


def _stamp(given: Path | str) -> tuple[int, int] | None:
    """What changes with a file's contents; None for a pipe."""
    if is_pipe(given):
        return None
    found = Path(given).stat()
    return found.st_mtime_ns, found.st_size


def _kept(read: Any) -> Any:
    """What was read, to be used again: a trace, which is read as it is replayed, keeps its requests."""
    if hasattr(read, "keep"):
        read.keep()
    return read


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
