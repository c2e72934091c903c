"""Running a model over many inputs: on all local cores, or on a Dask cluster, resuming where it was stopped.

The points of a sweep do not depend on each other, and each is run by the same
function on the same text, so one core, all cores and a cluster give the same answers.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sysdesign import __version__, units
from sysdesign import kept as kept_files
from sysdesign.errors import InvalidInput, MissingTool, SysdesignError, nearest
from sysdesign.models.declaration import inputs_of
from sysdesign.models.registry import model
from sysdesign.plain import as_plain, json_text
from sysdesign.running import model_run

MOST_POINTS = 1_000_000
WORKER_START_S = 3.0  # about what a pool of processes takes to import the models
NOTES = "notes of the run"  # in a row until the sweep is whole; no result has such a name
BATCH = 64  # points between two marks of progress, and the most that an interruption costs

Run = Callable[[str, Mapping[str, Any]], model_run.ModelRun]
Batch = Callable[[str, dict[str, Any], list[dict[str, Any]], Run], list[dict[str, Any]]]


@dataclass(frozen=True)
class Axis:
    """One swept input and its values."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Sweep:
    """One row a point: the swept inputs and the results."""

    model: str
    axes: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    resumed: int  # rows that an interrupted run had left
    notes: tuple[str, ...] = ()  # what was taken for granted in reading files


def axis(name: str, text: str) -> Axis:
    """An axis from `input=low:high:points[:log]` or `input=a|b|c`. Raises InvalidInput."""
    if not text.partition("=")[1]:
        raise InvalidInput(f"--sweep {text!r} has no '='; write it as arrivals_per_s=10:1000:20 or policy=lru|fifo")
    key, _, values = text.partition("=")
    parameters = inputs_of(model(name).function)
    if key not in parameters:
        raise InvalidInput(f"{name} has no input {key!r}. {nearest(key, parameters, 'inputs')}")
    if "|" in values:
        return Axis(key, tuple(values.split("|")))
    parts = values.split(":")
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] not in ("log", "linear")):
        raise InvalidInput(f"--sweep {text!r}: write low:high:points, with :log for even factors, or words with |")
    unit = parameters[key].input.unit
    try:
        low, high = (model_run.quantity(end, unit) for end in parts[:2])
        points = units.parse(parts[2])[0]
    except InvalidInput as error:
        raise InvalidInput(f"--sweep {text!r}: {error}") from None
    if not (1 <= points <= MOST_POINTS and points == int(points)):
        raise InvalidInput(f"--sweep {text!r}: points is {parts[2]}; it takes a whole number from 1 to {MOST_POINTS:,}")
    return Axis(key, _spread(low, high, int(points), log=parts[3:] == ["log"], whole=parameters[key].kind == "integer"))


def _spread(low: float, high: float, points: int, *, log: bool, whole: bool) -> tuple[Any, ...]:
    if log and not (low > 0 and high > 0):
        raise InvalidInput(f"even factors need positive ends, not {low:g} and {high:g}")
    values = np.geomspace(low, high, points) if log else np.linspace(low, high, points)
    if whole:
        return tuple(dict.fromkeys(round(value) for value in values))
    return tuple(float(f"{value:.12g}") for value in values)


def sweep(
    name: str,
    given: Mapping[str, Any],
    axes: Sequence[Axis],
    *,
    jobs: int = -1,
    dask: str | None = None,
    run: Run = model_run.run,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: Path | None = None,
) -> Sweep:
    """Run the model at every combination of the axes' values.

    `run` answers one point, and is given to workers, so it is a function of a module or a partial of one.
    `dask` names a scheduler's address. `kept` is the folder where finished rows wait in case
    the sweep is interrupted; the next call with the same inputs goes on from there.
    Raises what the model raises, with the point at which it did.
    """
    chosen = model(name)
    total = int(np.prod([len(each.values) for each in axes], dtype=object)) if axes else 1
    if total > MOST_POINTS:
        raise InvalidInput(f"the sweep has {total:,} points; at most {MOST_POINTS:,} work. Take fewer on an axis")
    points = [
        dict(zip((a.name for a in axes), values, strict=True))
        for values in itertools.product(*(a.values for a in axes))
    ]
    with _Rows((kept or kept_files.home() / "sweeps") / _digest(chosen.name, given, points)) as rows:
        del rows.done[total:]
        resumed = len(rows.done)
        progress(resumed, total)
        if dask is None and resumed < total:
            jobs = _jobs_worth_starting(jobs, name, dict(given), points[resumed], run, total - resumed)
        with _workers(dask, jobs) as parallel:
            for start in range(resumed, total, BATCH):
                batch = points[start : start + BATCH]
                rows.add(parallel(name, dict(given), batch, run))
                progress(min(start + BATCH, total), total)
        notes = tuple(dict.fromkeys(note for row in rows.done for note in row.pop(NOTES, ())))
        finished = tuple({**point, **row} for point, row in zip(points, rows.done, strict=True))
        rows.forget()
    return Sweep(chosen.name, tuple(a.name for a in axes), finished, resumed, notes)


def _jobs_worth_starting(
    jobs: int, name: str, given: dict[str, Any], point: dict[str, Any], run: Run, points: int
) -> int:
    """1 where the whole sweep takes less time here than workers take to start, else `jobs`."""
    row_of(name, given, point, run)  # compiled kernels and caches are not what a point costs
    started = time.perf_counter()
    row_of(name, given, point, run)
    return 1 if (time.perf_counter() - started) * points < WORKER_START_S else jobs


def row_of(name: str, given: Mapping[str, Any], point: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Results of one point; what a worker runs."""
    try:
        answer = run(name, {**given, **point})
    except SysdesignError as error:
        where = ", ".join(f"{key}={value}" for key, value in point.items())
        raise type(error)(f"at {where}: {error}") from None
    plain = {value.name: as_plain(value.value) for value in answer.results}
    if answer.notes:
        plain[NOTES] = list(answer.notes)
    loaded: dict[str, Any] = json.loads(json_text(plain))
    return loaded


class _Rows:
    """Finished rows, a file for each batch, until the sweep is whole; nothing waits where that is not safe."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.done: list[dict[str, Any]] = []

    def __enter__(self) -> _Rows:
        while (rows := _rows_of(kept_files.read(self.folder / str(len(self.done))))) and len(rows) <= BATCH:
            self.done.extend(rows)
        return self

    def add(self, rows: list[dict[str, Any]]) -> None:
        kept_files.write(self.folder / str(len(self.done)), json.dumps(rows).encode())
        self.done.extend(rows)

    def forget(self) -> None:
        kept_files.discard(self.folder)

    def __exit__(self, *exc: object) -> None:
        """What is done stays for the next call."""


def _rows_of(data: bytes | None) -> list[dict[str, Any]]:
    """Rows as an earlier call kept them; none where they are anything else."""
    try:
        rows = json.loads(data or b"[]")
    except (ValueError, RecursionError):
        return []
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else []


@contextmanager
def _workers(dask: str | None, jobs: int) -> Iterator[Batch]:
    try:
        import joblib
    except ModuleNotFoundError:
        if dask:
            raise MissingTool("sweeps on Dask need joblib and dask: pip install 'sysdesign[sweep]'") from None
        yield _serial
        return
    if dask is None and jobs == 1:
        yield _serial
        return
    with _cluster(dask), joblib.parallel_config(backend="dask" if dask else "loky", n_jobs=jobs):
        parallel = joblib.Parallel()

        def run(name: str, given: dict[str, Any], batch: list[dict[str, Any]], run: Run) -> list[dict[str, Any]]:
            return list(parallel(joblib.delayed(row_of)(name, given, point, run) for point in batch))

        yield run


def _serial(name: str, given: dict[str, Any], batch: list[dict[str, Any]], run: Run) -> list[dict[str, Any]]:
    return [row_of(name, given, point, run) for point in batch]


def _cluster(address: str | None) -> Any:
    if address is None:
        return nullcontext()
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise MissingTool("sweeps on Dask need dask: pip install 'sysdesign[sweep]'") from None
    try:
        return Client(address, timeout="10s")
    except (OSError, TimeoutError, ValueError) as error:
        raise InvalidInput(
            f"no Dask scheduler answers at {address!r} ({error}); write it as tcp://127.0.0.1:8786"
        ) from None


def _digest(name: str, given: Mapping[str, Any], points: list[dict[str, Any]]) -> str:
    text = json.dumps([__version__, name, as_plain(dict(given)), points], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
