"""Rebuilding a view beside the live one: how long, what it takes from the store, and when to switch.

Times in seconds; rates in events a second; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import Unstable
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, count, duration, percent, several
from sysdesign.probability.elementwise import broadcast, plain

RARE = 1e-9  # events a second, below which none is expected


@dataclass(frozen=True)
class Rebuild:
    """A view made again from all events, while new ones arrive."""

    rebuild_s: Annotated[float, Output("Time until few enough events are missing to switch", "s")]
    others_s: Annotated[float, Output("Of that, until all workers but the fullest have caught up", "s")]
    rate_per_s: Annotated[float, Output("Events applied, mean", "1/s")]
    applied: Annotated[float, Output("Events applied in all")]
    arrived: Annotated[float, Output("Of them, those that arrived meanwhile")]
    switch_age_s: Annotated[float, Output("How far behind the new view is at the switch", "s")]
    speedup: Annotated[float, Output("Times as fast as one worker")]
    busy_share: Annotated[float, Output("Of what the store gives, taken by the rebuild at its start", "share")]
    useful_workers: Annotated[float, Output("Workers beyond which the store gives no more")]


@checked
def rebuild(
    events: Annotated[float, Input("Events to read again", low=0, high=1e13, default=2e8)] = 2e8,
    arrivals_per_s: Annotated[float, Input("New events", "1/s", low=0, high=1e7, default=200)] = 200,
    worker_per_s: Annotated[
        float, Input("Events that one worker applies", "1/s", low=0.01, high=1e8, default=5000)
    ] = 5000,
    workers: Annotated[float, Input("Workers, each with its part of the streams", low=1, high=10_000, default=1)] = 1,
    fullest: Annotated[
        float, Input("Events of the fullest part, times an even one", low=1, high=10_000, default=1)
    ] = 1,
    store_per_s: Annotated[
        float, Input("Events that the store, or the view's database, bears from all workers", "1/s",
                     low=0.01, high=1e9, default=100_000, help="measure where more workers stop to help")
    ] = 100_000,
    behind: Annotated[
        float, Input("Events that may be missing at the switch", low=0, high=1e12, default=10)
    ] = 10,
) -> Rebuild:  # fmt: skip
    """How long a view takes to be made again beside the live one, and what that takes from the store.

    Each worker reads its part of the streams from the first event and follows what arrives. While all are behind, each
    applies the smaller of its own rate and an even share of what the store bears; the even parts, once they have
    caught up, only follow, and the fullest one has what is left of the store. With even parts the time is
    events / (rate - arrivals), so new events count as much as old ones where the rate is little above theirs. The
    switch comes when no more events are missing than allowed; the new view is then as old as they took to arrive.

    Rates are means: a burst at the end delays the switch (see `replication.lag`). Left out: an export read in place
    of the store, indexes built at the end, retries, and what the live view takes. Elementwise over arrays.
    Raises Unstable where events arrive as fast as a part applies them, so that the new view never catches up, and
    InvalidInput where an input is out of range. Follows from the definitions.

    >>> round(rebuild(behind=0).rebuild_s / 3600, 6)
    11.574074
    >>> round(rebuild(workers=8, behind=0).rebuild_s / 3600, 6)
    1.395869
    """
    given = (events, arrivals_per_s, worker_per_s, workers, fullest, store_per_s, behind)
    total, new, own, several_, skew, most, allowed = broadcast(*given)
    largest = np.minimum(skew / several_, 1.0)  # shares of all events, old and new alike
    even = np.where(several_ > 1, (1 - largest) / np.maximum(several_ - 1, 1), 0.0)
    each = np.minimum(own, most / several_)  # of a worker while all are behind
    alone = np.minimum(own, most - (several_ - 1) * even * new)  # of the fullest, once the others only follow
    never = (alone <= largest * new) | ((even > 0) & (each <= even * new))
    if np.any(never):
        raise Unstable(
            f"{amount(float(np.max(new)))} events arrive a second and a part of the streams is applied no faster than "
            "its own arrive, so the new view never catches up; give it a higher rate, more workers or even parts",
            never,
        )
    first = np.where(even > 0, even * total / np.where(even > 0, each - even * new, 1.0), 0.0)
    together = several_ * each - new  # how fast the missing events become fewer at first
    left = largest * total - (each - largest * new) * first  # of the fullest part, when the others have caught up
    early = together * first >= total - allowed  # few enough are missing before
    time = np.where(
        early,
        np.maximum(total - allowed, 0) / np.where(together > 0, together, 1.0),
        first + np.maximum(left - allowed, 0) / (alone - largest * new),
    )
    missing = np.minimum(allowed, total)
    arrived = new * time
    applied = total + arrived - missing
    start = np.where(even > 0, several_ * each, alone)
    rate = np.where(time > 0, applied / np.where(time > 0, time, 1.0), start)
    single = np.minimum(own, most)
    age = np.where(new > RARE, missing / np.maximum(new, RARE), 0.0)  # of a view that nothing changes any more
    others = np.minimum(first, time)
    found = (time, others, rate, applied, arrived, age, rate / single, start / most, most / own)
    return Rebuild(*map(plain, found))


def _rebuilt(inputs: Mapping[str, Any], result: Rebuild) -> str:
    return (
        f"{several(inputs['workers'], 'worker')} {'takes' if inputs['workers'] == 1 else 'take'} "
        f"{duration(result.rebuild_s)}, at {amount(result.rate_per_s)} events a second and "
        f"{percent(result.busy_share)} of what the store bears; {count(result.arrived)} events arrive meanwhile. "
        f"At the switch the new view is {duration(result.switch_age_s)} behind."
    )


MODELS = (
    Model(rebuild, "How long does a rebuild take?", _rebuilt, "18-event-sourcing", "18-event-sourcing/rebuild-time"),
)  # fmt: skip
