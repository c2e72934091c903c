"""Read after write: whether the next look of whoever wrote shows what was written.

Between the write and the look stand replicas that lag, caches that hold the value from before, and other
devices that know nothing of the write. Units: `_s` seconds, `_per_s` per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import duration, percent
from sysdesign.probability.elementwise import plain

MILLION = 1e6
SHORTEST = 1e-12  # seconds; a shorter lag is none
Routing = Literal["any", "window", "position", "primary"]


@dataclass(frozen=True)
class ReadAfterWrite:
    """What the first read after one's own write shows, and what the rule costs."""

    missed_share: Annotated[float, Output("First reads after a write that miss it", "share")]
    missed_per_million: Annotated[float, Output("First reads that miss it, per million")]
    missed_same_device: Annotated[float, Output("of the device that wrote", "share")]
    missed_other_device: Annotated[float, Output("of another device", "share")]
    backward_share: Annotated[float, Output("Reads older than the read before, of one user", "share")]
    primary_share: Annotated[float, Output("Reads that go to the primary", "share")]
    waited_s: Annotated[float, Output("Wait for the copy, mean over first reads", "s")]


@checked
def read_after_write(
    lag_s: Annotated[float, Input("Lag of a copy, mean", "s", low=0, high=1e6, default=0.5)],
    think_s: Annotated[float, Input("Time from a write to the next read, mean", "s", low=1e-6, high=1e7, default=2)],
    routing: Annotated[
        Routing, Input("Where reads go", default="any", help="window: the primary for a while; position: wait for it")
    ] = "any",
    window_s: Annotated[
        float, Input("Time for which the writer reads the primary", "s", low=0, high=1e7, default=5)
    ] = 5,
    delay_s: Annotated[float, Input("Way to the copy, the same for all", "s", low=0, high=1e4, default=0.001)] = 0.001,
    copies: Annotated[float, Input("Copies that answer", low=1, high=1e4, default=3)] = 3,
    sticky: Annotated[Literal["no", "yes"], Input("A user's reads stay with one copy", default="no")] = "no",
    other_device_share: Annotated[
        float, Input("First reads from a device that knows nothing of the write", "share", low=0, high=1, default=0.1)
    ] = 0.1,
    cached_share: Annotated[
        float, Input("Reads that a cache answers", "share", low=0, high=1, default=0.0)
    ] = 0.0,
    cache_stale_s: Annotated[
        float, Input("Time for which the cache goes on with the old value, mean", "s", low=0, high=1e7, default=10,
                     help="until an invalidation comes, or the entry's lifetime ends")
    ] = 10,
    user_writes_per_s: Annotated[float, Input("Writes of one user", "1/s", low=0, high=1e5, default=0.01)] = 0.01,
    item_writes_per_s: Annotated[
        float, Input("Writes to what is read, by anybody", "1/s", low=0, high=1e6, default=0.1)
    ] = 0.1,
) -> ReadAfterWrite:  # fmt: skip
    """The share of reads that miss their own user's write, by where reads are sent.

    A copy shows a write after the way to it and an exponential time; the next read comes after an
    exponential time. any (copy): it misses the write if it comes first. window: the device that wrote reads
    the primary for window_s, which another device does not know. position: the device carries the write's
    place in the log, and its copy answers once it has come there. primary: every read goes there. A cache
    that holds the value answers a share of reads, whatever the rule behind it, until it drops the value. A
    read goes backward if it comes to a copy that is further behind than the one before was, by more than
    the time between the two, and something was written in between; reads are think_s apart.

    Assumes copies that lag alike and independently, a writer that reads what it wrote, and a lag that is not
    larger after a write than at other times; use a high percentile of `replication.lag` as the mean for the
    bad hour. Elementwise over arrays. Raises InvalidInput where an input is out of range. Follows from the
    definitions; no source needed.

    >>> round(read_after_write(1.0, 1.0, delay_s=0, other_device_share=0).missed_share, 6)
    0.5
    """
    lag, think, delay = (np.asarray(each, dtype=float) for each in (lag_s, think_s, delay_s))
    cached, stale = np.asarray(cached_share, dtype=float), np.asarray(cache_stale_s, dtype=float)
    window = np.asarray(window_s, dtype=float)
    late = _late(lag, think, delay, np.zeros_like(delay))
    from_cache = stale / (stale + think)
    same = {
        "any": late,
        "window": _late(lag, think, delay, window),
        "position": 0 * late,
        "primary": 0 * late,
    }[routing]
    other = 0 * late if routing == "primary" else late
    same, other = ((1 - cached) * each + cached * from_cache for each in (same, other))
    elsewhere = np.asarray(other_device_share, dtype=float)
    missed = (1 - elsewhere) * same + elsewhere * other
    moved = 0.0 if sticky == "yes" or routing in ("primary", "position") else 1 - 1 / np.asarray(copies)
    backward = (1 - cached) * moved * _backward(lag, think, np.asarray(item_writes_per_s, dtype=float))
    after_own = -np.expm1(-np.asarray(user_writes_per_s, dtype=float) * window)
    primary = {"primary": 1.0 + 0 * after_own, "window": after_own}.get(routing, 0 * after_own)
    waited = _wait(lag, think, delay) if routing == "position" else 0 * late
    found = (
        missed, missed * MILLION, same, other, backward, (1 - cached) * primary,
        (1 - cached) * (1 - elsewhere) * waited,
    )  # fmt: skip
    return ReadAfterWrite(*(plain(each) for each in np.broadcast_arrays(*found)))


def _late(lag: np.ndarray, think: np.ndarray, delay: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The chance that a read comes later than `after`, and the copy still does not show the write.

    Up to the delay no copy has it; beyond it the lag and the time to the read are exponential.
    """
    start = np.maximum(after, delay)
    before = np.exp(-after / think) - np.exp(-start / think)
    left = np.exp(-(start - delay) / np.maximum(lag, SHORTEST))
    return before + np.exp(-start / think) * left * lag / (lag + think)


def _wait(lag: np.ndarray, think: np.ndarray, delay: np.ndarray) -> np.ndarray:
    """The mean time by which the copy is later than the read, 0 where it is not."""
    early = delay - think * -np.expm1(-delay / think)  # of the delay, what is left when the read comes
    return early + lag * -np.expm1(-delay / think) + np.exp(-delay / think) * lag * lag / (lag + think)


def _backward(lag: np.ndarray, think: np.ndarray, writes_per_s: np.ndarray) -> np.ndarray:
    """The chance that the second of two reads, `think` apart, shows an older state than the first.

    Two ages, both exponential: the second exceeds the first and the time between with the chance
    lag / (lag + think) / 2, by an exponential time, in which something must have been written.
    """
    written = writes_per_s * lag
    return lag / (lag + think) / 2 * written / (1 + written)


def _read(inputs: Mapping[str, Any], result: ReadAfterWrite) -> str:
    text = f"{percent(result.missed_share)} of first reads after a write miss it"
    if inputs["routing"] == "window":
        return f"{text}; {percent(result.primary_share)} of reads go to the primary."
    if inputs["routing"] == "position":
        return f"{text}; first reads wait {duration(result.waited_s)} on average."
    return f"{text}."


MODELS = (
    Model(read_after_write, "How often does a user miss what they just wrote?", _read, "17-consistency",
          "17-consistency/read-after-write"),
)  # fmt: skip
