"""Loading a stream: replay, snapshots, and how often to take one.

Times in seconds; streams and intervals in events; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import count, duration
from sysdesign.probability.elementwise import broadcast, plain

JUST_WHOLE = 1e-12  # of a count that a root gives


@dataclass(frozen=True)
class Load:
    """A stream loaded with and without snapshots."""

    load_s: Annotated[float, Output("Load with snapshots, mean", "s")]
    longest_s: Annotated[float, Output("Load with snapshots, the longest", "s")]
    plain_s: Annotated[float, Output("Load without", "s")]
    event_s: Annotated[float, Output("Time for each event, saving and replay", "s")]
    plain_event_s: Annotated[float, Output("Time for each event over the stream's life, without snapshots", "s")]
    best_every: Annotated[float, Output("Events between snapshots at which that is least")]
    best_event_s: Annotated[float, Output("Time for each event at that interval", "s")]
    young: Annotated[float, Output("The same by the root of twice saving over replay")]
    even_events: Annotated[float, Output("Events whose replay takes as long as reading a snapshot")]
    bound_events: Annotated[float, Output("Longest stream that loads in the time without snapshots")]
    bound_every: Annotated[float, Output("Longest interval that loads in the time")]


@checked
def load(
    events: Annotated[float, Input("Events of the stream", low=1, high=1e10, default=10_000)] = 10_000,
    snapshot_every: Annotated[float, Input("Events between snapshots", low=1, high=1e9, default=100)] = 100,
    way_s: Annotated[float, Input("Way to the store and its first answer", "s", low=0, high=60, default=0.002)] = 0.002,
    replay_s: Annotated[
        float, Input("Reading and applying an event", "s", low=1e-9, high=10, default=2e-5)
    ] = 2e-5,
    read_s: Annotated[float, Input("Reading a snapshot", "s", low=0, high=60, default=0.001)] = 0.001,
    save_s: Annotated[float, Input("Saving a snapshot", "s", low=0, high=1e4, default=0.01)] = 0.01,
    loads_per_event: Annotated[
        float, Input("Loads for each event", low=1e-9, high=1e6, default=1, help="1: each command appends an event")
    ] = 1,
    within_s: Annotated[float, Input("Time in which a load has to end", "s", low=1e-6, high=1e4, default=0.05)] = 0.05,
    stale_share: Annotated[
        float, Input("Loads that find no usable snapshot", "share", low=0, high=1, default=0,
                     help="its schema changed, or saving failed")
    ] = 0,
) -> Load:  # fmt: skip
    """How long a stream takes to load with and without snapshots, and how often one should be taken.

    A load without a snapshot replays every event. With one after each k events it reads the last and replays what came
    since, 0 to k - 1 events, each as likely. A snapshot costs its saving once in k events, and each event is replayed
    by (k - 1) / 2 loads' worth on average: the time for an event, c / k + l r (k - 1) / 2, is least near
    sqrt(2 c / (l r)), Young's root for checkpoints with replay in the place of lost work. The valley is flat: twice
    the best interval costs a quarter more. Saving beside the request leaves its time out of what users feel.

    The first k events have no snapshot. Pages of a long read, caches and streams read in parallel are left out.
    Elementwise over arrays. Raises InvalidInput where an input is out of range. Source young-daly-2020 for the
    root.

    >>> load().best_every, round(load().load_s, 6)
    (32.0, 0.00399)
    """
    given = (events, snapshot_every, way_s, replay_s, read_s, save_s, loads_per_event, within_s, stale_share)
    length, every, way, replay, read, save, loads, within, stale = broadcast(*given)
    without = way + length * replay
    mean, most = (way + read + np.where(length < every, length, tail) * replay for tail in ((every - 1) / 2, every - 1))
    ratio = 2 * save / (loads * replay)
    best = np.maximum(np.ceil((np.sqrt(1 + 4 * ratio) - 1) / 2 * (1 - JUST_WHOLE)), 1)

    def an_event(interval: np.ndarray) -> np.ndarray:
        return save / interval + loads * replay * (interval - 1) / 2

    found = (
        (1 - stale) * mean + stale * (without + read), np.where(stale > 0, without + read, most), without,
        an_event(every), loads * replay * (length - 1) / 2, best, an_event(best), np.sqrt(ratio), read / replay,
        np.maximum(np.floor((within - way) / replay + 1e-9), 0),
        np.maximum(np.floor((within - way - read) / replay + 1e-9) + 1, 0),
    )  # fmt: skip
    return Load(*map(plain, found))


def _loaded(inputs: Mapping[str, Any], result: Load) -> str:
    return (
        f"The stream loads in {duration(result.plain_s)} without snapshots and in {duration(result.load_s)} with one "
        f"every {count(inputs['snapshot_every'])} events. The least time for each event, "
        f"{duration(result.best_event_s)}, comes with one every {count(result.best_every)}."
    )


MODELS = (
    Model(load, "Snapshots, and how often?", _loaded, "18-event-sourcing", "18-event-sourcing/snapshot-interval"),
)  # fmt: skip
