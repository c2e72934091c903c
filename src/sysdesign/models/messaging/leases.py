"""A lease on a message, or visibility timeout, and the heartbeats that renew it: what is handled twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import ndtr, ndtri

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.messaging.streams import DELIVERY
from sysdesign.models.wording import amount, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

P99 = float(ndtri(0.99))
EXACT_TERMS = 8  # of a sum over renewals; beyond, two blocks for each doubling
MOST_BLOCKS = 70
NEVER = 8.0  # standard deviations of the logarithm beyond which no message takes longer


@dataclass(frozen=True)
class Lease:
    """What a lease makes of messages that take long."""

    late: Annotated[float, Output("Messages that take longer than one lease", "share")]
    lapsed: Annotated[float, Output("Messages whose lease ends while they are handled", "share")]
    duplicates_per_million: Annotated[float, Output("Messages handled twice, per million")]
    renewals: Annotated[float, Output("Renewals for each message, mean")]
    heartbeat_s: Annotated[float, Output("Time between renewals", "s")]
    retry_after_s: Annotated[float, Output("Until the message of a dead consumer is tried again, at most", "s")]


@checked
def lease(
    median_s: Annotated[float, Input("Time to handle a message, median", "s", low=1e-4, high=1e6, default=2)],
    spread: Annotated[float, Input("99th percentile over the median", low=1, high=1e4, default=10)],
    lease_s: Annotated[float, Input("Lease (visibility timeout)", "s", low=0.001, high=1e6, default=30)],
    renewals: Annotated[
        int, Input("Renewals tried within one lease", low=0, high=20, default=0, help="0: no heartbeat; 2: every third")
    ] = 0,
    lost_share: Annotated[
        float, Input("Renewals that fail or come late", "share", low=0, high=0.45, default=0.01)
    ] = 0.01,
    crash_share: Annotated[
        float, Input("Consumers lost between the effect and its confirmation", "share", low=0, high=1, default=1e-6)
    ] = 1e-6,
) -> Lease:
    """Messages that are handled twice under a lease, by how their handling times spread, with and without heartbeats.

    Times are lognormal. Without renewals a message that takes longer than the lease appears again
    and is handled twice. With k renewals tried in each lease, evenly, the lease ends early only
    where all k in a row are lost: at the first lease, or after any renewal that went through.
    Renewals are lost independently; a consumer that pauses as a whole loses all of them, so count
    pauses longer than the lease to the crashes. A crash after the effect and before its
    confirmation repeats the message whatever the lease. Elementwise over arrays.
    Raises InvalidInput where an input is out of range.
    Source: sqs-visibility-timeout for the mechanism; the chances follow from it.

    >>> round(lease(2, 10, 30).duplicates_per_million)
    3103
    """
    given = (median_s, spread, lease_s, renewals, lost_share, crash_share)
    median, wide, length, tries, lost, crash = broadcast(*given)
    sigma = np.maximum(np.log(wide) / P99, 1e-9)
    every = length / (tries + 1)
    late = _beyond(length, median, sigma)
    row = np.where(tries > 0, lost**tries, 1.0)  # all renewals of a lease lost
    lapsed, renewed = np.copy(late), np.zeros_like(late)
    some = tries > 0
    if some.any():
        each = every[some], median[some], sigma[some]
        later = _sum_beyond(length[some], *each, _hazard(lost[some], tries[some]))
        lapsed[some] = row[some] * late[some] + (1 - row[some]) * later
        renewed[some] = _sum_beyond(np.zeros_like(later), *each)
    twice = 1 - (1 - lapsed) * (1 - crash)
    found = (late, lapsed, 1e6 * twice, renewed, every, length)
    return Lease(*map(plain, found))


def _hazard(lost: np.ndarray, tries: np.ndarray) -> np.ndarray:
    """Chance at each further step that a run of lost renewals becomes as long as a lease, given that none was.

    Survival falls by a factor x in each step, the largest root of x^k (1 - x) = (1 - lost) lost^k.
    """
    rate = (1 - lost) * lost**tries
    found = rate
    for _ in range(40):
        found = rate / (1 - found) ** tries
    return np.minimum(found, 1 - 1e-12)


def _beyond(time: np.ndarray, median: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Chance that handling takes longer."""
    with np.errstate(divide="ignore"):
        return ndtr(np.log(median / time) / sigma)


def _sum_beyond(
    start: np.ndarray, step: np.ndarray, median: np.ndarray, sigma: np.ndarray, chance: np.ndarray | None = None
) -> np.ndarray:
    """The share of messages that meet an event of that chance at one of the steps after `start` while handled.

    Without a chance, the mean number of steps instead. Sum over steps j of P(longer than start + j step) times
    chance (1 - chance)^(j - 1): the first steps one by one, then all in a block at once. Arrays of one axis.
    """
    longest = np.max(np.log2(median / step) + NEVER * sigma / np.log(2)) - np.log2(EXACT_TERMS)
    blocks = int(np.clip(np.ceil(2 * longest), 1, MOST_BLOCKS))
    edges = np.concatenate((np.arange(EXACT_TERMS + 1), EXACT_TERMS * 2 ** (np.arange(1, blocks + 1) / 2)))
    low, high = edges[:-1, None], edges[1:, None]
    middle = np.where(high - low > 1, np.sqrt((low + 0.5) * (high + 0.5)), high)
    weight = high - low
    if chance is not None:
        gone = np.log1p(-chance)
        weight = -np.exp(low * gone) * np.expm1((high - low) * gone)
    return np.sum(weight * _beyond(start + middle * step, median, sigma), axis=0)


def _leased(inputs: Mapping[str, Any], result: Lease) -> str:
    text = f"{percent(result.late)} of messages take longer than a lease of {duration(inputs['lease_s'])}"
    twice = f"{amount(result.duplicates_per_million)} in a million are handled twice"
    if result.renewals == 0:
        return f"{text}; {twice}."
    return f"{text}; renewed every {duration(result.heartbeat_s)}, {twice}."


MODELS = (Model(lease, DELIVERY, _leased, "06-messaging", "06-messaging/lease"),)
