"""One piece of work in a process of its own: how long it takes, on all processors and by the clock.

The libraries are loaded before; what the work itself keeps (parsed documents, templates) is not there yet,
and does not outlast it. So each run is a first run, and runs do not disturb each other.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sysdesign.errors import SysdesignError


@dataclass(frozen=True)
class Taken:
    """What one run took, in seconds and bytes."""

    wall_s: float
    own_cpu_s: float  # of the process itself
    cpu_s: float  # with that of programs that it started
    peak_bytes: int  # of the process itself
    result: Any = None


def apart(work: Callable[[], Any]) -> Taken:
    """Run the work in a copy of this process. Raises RuntimeError where it fails; its own words are on stderr."""
    gc.collect()
    receiving, sending = os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            os.close(receiving)
            taken = _measure(work)
            with os.fdopen(sending, "wb") as pipe:
                pickle.dump(taken, pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(sending)
    with os.fdopen(receiving, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(process, 0)
    if status:
        raise RuntimeError(f"the measured process ended with {os.waitstatus_to_exitcode(status)}")
    return pickle.loads(data)


def _measure(work: Callable[[], Any]) -> Taken:
    own, started = time.process_time(), time.perf_counter()
    result = work()
    wall, own = time.perf_counter() - started, time.process_time() - own
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Taken(wall, own, own + children.ru_utime + children.ru_stime, peak, result)


def least(runs: list[Taken]) -> Taken:
    """The least of each figure: other programs on the machine only ever add to it."""
    return Taken(
        min(run.wall_s for run in runs),
        min(run.own_cpu_s for run in runs),
        min(run.cpu_s for run in runs),
        min(run.peak_bytes for run in runs),
        runs[0].result,
    )


def line(what: str, figure: str, target: str = "", ratio: str = "") -> None:
    """One line of the report."""
    print(f"{what:<62}{figure:>12}   {f'target {target}' if target else '':<22}{ratio}".rstrip(), flush=True)


ENOUGH_S = 0.02  # below that a ratio says more of the clock than of what is measured
LINEAR = 3.0  # times as long for twice as much: between linear and square


def grown(read: Callable[[Any], object], made: Callable[[int], Any], least: int, most: int) -> float:
    """Time for twice as much over time for as much as takes long enough; 0 where even the most is read too fast."""
    size = least
    while size < most and _least_seconds(read, made(size)) < ENOUGH_S:
        size *= 2
    taken = _least_seconds(read, made(size))
    return _least_seconds(read, made(2 * size)) / taken if taken >= ENOUGH_S else 0.0


def _least_seconds(read: Callable[[Any], object], given: Any) -> float:
    return min(_seconds(read, given) for _ in range(3))


def _seconds(read: Callable[[Any], object], given: Any) -> float:
    """Of the processor: what else runs on the machine must not look like growth."""
    started = time.process_time()
    with suppress(SysdesignError):
        read(given)
    return time.process_time() - started


def growth_line(what: str, ratio: float) -> None:
    """One line on how something grows."""
    said = f"{ratio:.1f} times" if ratio else f"< {1000 * ENOUGH_S:.0f} ms"
    line(what[:62], said, f"< {LINEAR:g} times", "MISSED" if ratio >= LINEAR else "")


def percentile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
