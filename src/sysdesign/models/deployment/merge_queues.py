"""Merge queues: changes that are checked on top of those ahead of them, one by one, in batches or by speculation.

Times in minutes; rates for an hour; shares are 0 to 1.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.elementwise import plain

HOUR = 60.0  # minutes
CHANGE_S = 4e-6  # of work, and once more for each change that waits beside it

Way = Literal["batches, then each", "batches, then halves", "speculation"]


@dataclass(frozen=True)
class MergeQueue:
    """A day of a merge queue."""

    capacity_per_h: Annotated[float, Output("Changes that it can take, good and bad", "1/h")]
    utilization: Annotated[float, Output("Changes that come, of those", "share")]
    landed: Annotated[float, Output("Landed by the end of the day")]
    left: Annotated[float, Output("Still waiting then")]
    wait_min: Annotated[float, Output("Time until a good change lands, mean", "min")]
    wait_p95_min: Annotated[float, Output("Time until it lands, 95 of 100", "min")]
    runs_per_change: Annotated[float, Output("Runs of the check for each change")]
    red_share: Annotated[float, Output("Runs that fail or are thrown away", "share")]


@checked
def merge_queue(
    changes_per_h: Annotated[float, Input("Changes that come", "1/h", low=0.01, high=2000, default=4)] = 4,
    check_min: Annotated[float, Input("Time of a check", "min", low=0.1, high=1000, default=20)] = 20,
    bad_share: Annotated[
        float, Input("Changes that fail", "share", low=0, high=0.9, default=0.02,
                     help="alone, or together with those ahead of them")
    ] = 0.02,
    together: Annotated[int, Input("Changes in a batch, or checked at once", low=1, high=200, default=5)] = 5,
    way: Annotated[Way, Input("What is done with many", default="batches, then each")] = "batches, then each",
    day_h: Annotated[float, Input("Time for which changes come", "h", low=0.1, high=10_000, default=8)] = 8,
    trials: Annotated[int, Input("Days simulated", low=1, high=2000, default=100)] = 100,
    seed: Annotated[int, Input("Seed", low=0, high=2**31 - 1, default=1)] = 1,
) -> MergeQueue:  # fmt: skip
    """How long changes wait in a merge queue, how many it can take, and how many runs that costs, by simulation.

    Changes come at random in a day that begins with an empty queue. With *batches*, whatever waits, up to `together`,
    is checked as one; if that fails, each is checked alone, or halves are, down to single changes, before the next
    batch. With *speculation* up to `together` checks run at once, each on top of those ahead; when one fails, it
    leaves, and all behind it begin anew. With 1 together both are a queue with one server. The capacity is in closed
    form: for batches by the runs that one takes (Dorfman's count for each), for speculation by the changes that leave
    with a run, (1 - (1 - b)^d) / b.

    A change is bad on its own; real conflicts grow with the number in flight, and flaky checks count as bad changes.
    Checks take a constant time and have machines enough. Takes single numbers.
    Raises InvalidInput where an input is out of range. Source dorfman-1943.

    >>> merge_queue(together=1).capacity_per_h
    3.0
    """
    generator = np.random.default_rng(int(seed))
    capacity = HOUR / check_min * _left_by_run(float(bad_share), int(together), way)
    days = [
        _day(generator, changes_per_h / HOUR, float(check_min), float(bad_share), int(together), way, day_h * HOUR)
        for _ in range(int(trials))
    ]
    waits = np.concatenate([day.waits for day in days])
    come, runs, lost = (sum(getattr(day, name) for day in days) for name in ("come", "runs", "lost"))
    landed = sum(day.landed for day in days) / trials
    return MergeQueue(
        capacity_per_h=plain(capacity),
        utilization=plain(changes_per_h / capacity),
        landed=landed,
        left=sum(day.left for day in days) / trials,
        wait_min=float(waits.mean()) if waits.size else float(check_min),
        wait_p95_min=float(np.quantile(waits, 0.95)) if waits.size else float(check_min),
        runs_per_change=runs / max(come, 1),
        red_share=lost / max(runs, 1),
    )


def _left_by_run(bad: float, together: int, way: str) -> float:
    """Changes that leave the queue for each time of a check, while it is never empty."""
    if way == "speculation":
        return float(together) if bad == 0 else -math.expm1(together * math.log1p(-bad)) / bad
    return together / _runs(bad, together, way)


def _runs(bad: float, size: int, way: str) -> float:
    """Runs that a batch takes: what is below it is checked where it fails."""
    if size == 1:
        return 1.0
    failed = 1 - (1 - bad) ** size
    if way == "batches, then each":
        return 1 + size * failed
    return 1 + _halved(bad, size)


def _halved(bad: float, size: int) -> float:
    """Runs below a set: two where it fails, and those below its halves, which fail by themselves."""
    if size == 1:
        return 0.0
    return 2 * (1 - (1 - bad) ** size) + _halved(bad, size // 2) + _halved(bad, size - size // 2)


@dataclass(frozen=True)
class _Day:
    """What one day brought."""

    come: int
    landed: int
    left: int
    runs: int
    lost: int
    waits: np.ndarray


def _day(
    generator: np.random.Generator, rate: float, check: float, bad: float, together: int, way: str, length: float
) -> _Day:
    come = np.sort(generator.uniform(0, length, generator.poisson(rate * length)))
    fails = generator.random(come.size) < bad
    if way == "speculation":
        ended, landed, runs, lost = _speculated(come, fails, check, together)
    else:
        ended, landed, runs, lost = _batched(come, fails, check, together, way == "batches, then halves")
    return _Day(
        come.size, int((ended[landed] <= length).sum()), int((ended > length).sum()), runs, lost, (ended - come)[landed]
    )


def _batched(
    come: np.ndarray, fails: np.ndarray, check: float, most: int, halves: bool
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """When each change left, which landed, and the runs, of which some failed."""
    ended, now, first, runs, lost = np.zeros(come.size), 0.0, 0, 0, 0
    while first < come.size:
        now = max(now, come[first])
        batch = range(first, min(int(np.searchsorted(come, now, side="right")), first + most))
        first = batch.stop
        for part, failed in _parts(batch, fails, halves):
            now, runs, lost = now + check, runs + 1, lost + failed
            if not failed or len(part) == 1:
                ended[part.start : part.stop] = now
    return ended, ~fails, runs, lost


def _parts(batch: range, fails: np.ndarray, halves: bool) -> Iterator[tuple[range, bool]]:
    """What is checked, in order: the batch, and where it fails its halves or each."""
    failed = bool(fails[batch.start : batch.stop].any())
    yield batch, failed
    if failed and len(batch) > 1:
        middle = batch.start + len(batch) // 2
        below = (range(batch.start, middle), range(middle, batch.stop)) if halves else (range(n, n + 1) for n in batch)
        for part in below:
            yield from _parts(part, fails, halves)


def _speculated(
    come: np.ndarray, fails: np.ndarray, check: float, most: int
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Checks run side by side; the first in line decides, and where it fails, all behind it begin anew."""
    ended, begun, runs, lost, following, now = np.zeros(come.size), deque[float](), 0, 0, 0, 0.0
    for head in range(come.size):
        while following < come.size and len(begun) < most and (come[following] <= now or not begun):
            begun.append(max(come[following], now))
            following, runs = following + 1, runs + 1
        ends = begun.popleft() + check
        while following < come.size and len(begun) + 1 < most and come[following] < ends:
            begun.append(max(come[following], now))
            following, runs = following + 1, runs + 1
        ended[head] = now = ends
        if fails[head]:
            anew = sum(each < now for each in begun)  # what begins at this moment has lost nothing
            runs, lost = runs + anew, lost + 1 + anew
            begun = deque([now] * len(begun))
    return ended, ~fails, runs, lost


def _work(inputs: Mapping[str, Any]) -> float:
    changes = inputs["changes_per_h"] * inputs["day_h"] * inputs["trials"]
    beside = inputs["bad_share"] * inputs["together"] if inputs["way"] == "speculation" else 1
    return 0.001 + changes * CHANGE_S * (1 + beside)  # type: ignore[no-any-return]


def _queued(inputs: Mapping[str, Any], result: MergeQueue) -> str:
    return (
        f"The queue can take {amount(result.capacity_per_h)} changes an hour. A good change lands after "
        f"{duration(result.wait_min * 60)} on average, and {amount(result.left)} still wait at the end of the day. "
        f"A change takes {several(result.runs_per_change, 'run')}, of which {percent(result.red_share)} fail or are "
        "thrown away."
    )


MODELS = (
    Model(merge_queue, "One by one, in batches, or by speculation?", _queued, "15-deployment",
          "15-deployment/merge-queue", _work),
)  # fmt: skip
