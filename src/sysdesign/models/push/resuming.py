"""How clients that come back are made current: from kept messages, or by a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, duration, percent, size
from sysdesign.probability.elementwise import broadcast
from sysdesign.probability.lognormal_sum import sigma_of
from sysdesign.probability.quick_and_slow import QuickAndSlow


@dataclass(frozen=True)
class Resume(Lazy):
    """What returning clients need, and what keeping messages for them takes."""

    unmissed_share: Annotated[float, Output("Returns that missed nothing", "share")]
    replay_share: Annotated[float, Output("Returns that the kept messages make current", "share")]
    snapshot_share: Annotated[float, Output("Returns that need a snapshot", "share")]
    replayed: Annotated[float, Output("Messages sent again for a return, mean")]
    history_bytes: Annotated[float, Output("Messages kept, all streams", "B")]
    sent_bytes: Annotated[float, Output("Sent for a return, mean", "B")]
    snapshot_only_bytes: Annotated[float, Output("The same where each return takes a snapshot", "B")]
    snapshots_per_s: Annotated[float, Output("Snapshots that the store must give", "1/s")]
    needed_s: Annotated[float, Output("History after which as few need a snapshot as are allowed", "s")]
    worth_s: Annotated[float, Output("History beyond which a snapshot is smaller", "s")]


@checked
def resume(
    messages_per_s: Annotated[float, Input("Messages of a stream", "1/s", low=1e-6, high=1e6, default=10)] = 10,
    message_bytes: Annotated[float, Input("Size of a message", "B", low=1, high=1e8, default=300)] = 300,
    history_s: Annotated[float, Input("Time that messages are kept", "s", low=0, high=1e8, default=120)] = 120,
    streams: Annotated[float, Input("Streams", low=1, high=1e10, default=10_000)] = 10_000,
    away_s: Annotated[float, Input("Time without a connection, median", "s", low=0.001, high=1e7, default=5)] = 5,
    away_spread: Annotated[float, Input("Its 99th percentile over the median", low=1, high=1e4, default=20)] = 20,
    long_share: Annotated[
        float, Input("Returns after a long absence", "share", low=0, high=1, default=0.2,
                     help="a lid that was closed, a phone in a pocket")
    ] = 0.2,
    long_s: Annotated[float, Input("Long absence, median", "s", low=0.001, high=1e8, default=1800)] = 1800,
    long_spread: Annotated[float, Input("Its 99th percentile over the median", low=1, high=1e4, default=30)] = 30,
    snapshot_bytes: Annotated[float, Input("Size of a snapshot", "B", low=1, high=1e12, default=50_000)] = 50_000,
    returns_per_s: Annotated[float, Input("Clients that return", "1/s", low=0, high=1e8, default=100)] = 100,
    allowed_share: Annotated[
        float, Input("Returns that may need a snapshot", "share", low=1e-6, high=0.99, default=0.1)
    ] = 0.1,
) -> Resume:  # fmt: skip
    """How many returning clients a history of messages makes current, and how many need a snapshot.

    Absences are lognormal: most short (a network that changed, a deploy), some long (a device that slept). Who was
    away no longer than the history gets what was missed; who was away longer takes a snapshot, whose number says
    from where to go on. Messages of a stream come at random (Poisson). The history holds rate times time, for each
    stream and not for each client. Beyond `worth_s` what was missed is larger than a snapshot.

    A client of several streams counts for each. A new numbering (a lost history) sends everybody to snapshots at once,
    which this mean does not show: see push.reconnect for how many come back at once. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the rules; no source needed.

    >>> resume(10, 300, 120, 1).history_bytes
    360000.0
    """
    given = (
        messages_per_s, message_bytes, history_s, streams, away_s, away_spread, long_share, long_s, long_spread,
        snapshot_bytes, returns_per_s, allowed_share,
    )  # fmt: skip
    rate, each, kept, many, away, spread, long, longer, wide, snapshot, returns, allowed = broadcast(*given)
    absences = QuickAndSlow(away, sigma_of(spread), long, longer, sigma_of(wide))
    late, replayed = cache(lambda: absences.after(kept)), cache(lambda: rate * absences.mean_up_to(kept))
    unmissed = cache(lambda: np.minimum(absences.none_within(rate), 1 - late()))
    return Resume.later(
        rate.shape,
        unmissed_share=unmissed,
        replay_share=lambda: 1 - late() - unmissed(),
        snapshot_share=late,
        replayed=replayed,
        history_bytes=lambda: rate * kept * each * many,
        sent_bytes=lambda: replayed() * each + late() * snapshot,
        snapshot_only_bytes=lambda: snapshot,
        snapshots_per_s=lambda: returns * late(),
        needed_s=lambda: absences.exceeded(allowed),
        worth_s=lambda: snapshot / (rate * each),
    )


def _resumed(inputs: Mapping[str, Any], result: Resume) -> str:
    return (
        f"{percent(result.snapshot_share)} of returns need a snapshot, {amount(result.snapshots_per_s)} a second; "
        f"the history takes {size(result.history_bytes)}. For {percent(inputs['allowed_share'])} it must reach back "
        f"{duration(result.needed_s)}."
    )


MODELS = (Model(resume, "How do clients become current again?", _resumed, "03-websocket", "03-websocket/resume"),)
