"""Idempotency keys: how large their store is, and which repeats pass although there is one.

Units: `_s` seconds, `_per_s` per second, `_bytes` bytes, `_share` fractions of 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, duration, percent, several, size
from sysdesign.probability.elementwise import broadcast
from sysdesign.probability.lognormal_sum import sigma_of
from sysdesign.probability.quick_and_slow import QuickAndSlow

DAY = 86_400.0  # seconds


@dataclass(frozen=True)
class Keys(Lazy):
    """The store of keys, and the repeats that come when a key is gone or its work not done."""

    keys: Annotated[float, Output("Keys kept")]
    store_bytes: Annotated[float, Output("Size of the store", "B")]
    repeats_per_day: Annotated[float, Output("Repeated writes a day")]
    late_share: Annotated[float, Output("Repeats after the key is gone", "share")]
    racing_share: Annotated[float, Output("Repeats while the first is at work", "share")]
    duplicates_per_million: Annotated[float, Output("Writes done twice, of a million")]
    duplicates_per_day: Annotated[float, Output("Writes done twice, a day")]
    unchecked_per_million: Annotated[float, Output("The same without any key")]
    racy_per_million: Annotated[float, Output("The same where the key is written after the work")]
    needed_s: Annotated[float, Output("Retention after which as few repeats come as are allowed", "s")]


@checked
def keys(
    writes_per_s: Annotated[float, Input("Writes with a key", "1/s", low=0, high=1e8, default=50)] = 50,
    retention_s: Annotated[float, Input("Time that a key is kept", "s", low=0.001, high=1e9, default=86_400)] = 86_400,
    row_bytes: Annotated[float, Input("Size of a key with its answer", "B", low=1, high=1e9, default=1000)] = 1000,
    repeated_share: Annotated[
        float, Input("Writes that are sent again", "share", low=0, high=1, default=0.001,
                     help="their answer was lost, or came after the client's timeout")
    ] = 0.001,
    retry_s: Annotated[float, Input("Time until they are sent again, median", "s", low=0.001, high=1e7, default=5)] = 5,
    retry_spread: Annotated[
        float, Input("Its 99th percentile over the median", low=1, high=1e4, default=20)
    ] = 20,
    slow_share: Annotated[
        float, Input("Repeats that come by a slow way", "share", low=0, high=1, default=0.01,
                     help="a queue that stood, a phone that was off, a person who tries again")
    ] = 0.01,
    slow_s: Annotated[float, Input("Time of the slow way, median", "s", low=0.001, high=1e8, default=14_400)] = 14_400,
    slow_spread: Annotated[
        float, Input("Its 99th percentile over the median", low=1, high=1e4, default=30)
    ] = 30,
    work_s: Annotated[float, Input("Time of the work of a write", "s", low=0, high=1e6, default=0.2)] = 0.2,
    allowed_share: Annotated[
        float, Input("Repeats that may come too late", "share", low=1e-9, high=0.5, default=0.0001)
    ] = 0.0001,
) -> Keys:  # fmt: skip
    """How many keys a store holds, and how many writes are done twice all the same.

    The store holds writes times retention (Little's law). A share of the writes is sent once more, after a time that
    is lognormal: most by the client's own schedule, some by a slow way. A repeat that comes after the retention is
    a new write. One that comes while the first is at work is stopped only if the key was written before the work:
    `racy_per_million` is what passes a check that reads the key first and writes it afterwards.

    One repeat of a write is counted; further ones come later still. The retention runs from the first attempt, and
    keys are taken to be gone at its end. Slow work makes its own repeats: where `work_s` nears the client's timeout,
    raise `repeated_share`. Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Follows from the rules; stripe-idempotency has a retention of 24 hours at least.

    >>> keys(50, 86_400).keys
    4320000.0
    """
    given = (
        writes_per_s, retention_s, row_bytes, repeated_share, retry_s, retry_spread, slow_share, slow_s, slow_spread,
        work_s, allowed_share,
    )  # fmt: skip
    rate, kept, row, again, first, spread, slow, later, wide, work, allowed = broadcast(*given)
    waits = QuickAndSlow(first, sigma_of(spread), slow, later, sigma_of(wide))
    late, racing = cache(lambda: waits.after(kept)), cache(lambda: 1 - waits.after(work))
    return Keys.later(
        rate.shape,
        keys=lambda: rate * kept,
        store_bytes=lambda: rate * kept * row,
        repeats_per_day=lambda: rate * again * DAY,
        late_share=late,
        racing_share=racing,
        duplicates_per_million=lambda: again * late() * 1e6,
        duplicates_per_day=lambda: again * late() * rate * DAY,
        unchecked_per_million=lambda: again * 1e6,
        racy_per_million=lambda: again * np.minimum(late() + racing(), 1) * 1e6,
        needed_s=lambda: waits.exceeded(allowed),
    )


def _kept(inputs: Mapping[str, Any], result: Keys) -> str:
    return (
        f"The store holds {several(result.keys, 'key')} in {size(result.store_bytes)}; "
        f"{percent(result.late_share)} of the repeats come after it has forgotten, so "
        f"{amount(result.duplicates_per_day)} writes a day are done twice. "
        f"For {percent(inputs['allowed_share'])} keep keys for {duration(result.needed_s)}."
    )


MODELS = (Model(keys, "How long should idempotency keys be kept?", _kept, "02-rest", "02-rest/keys"),)
