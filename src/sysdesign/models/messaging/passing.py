"""Order under several workers: how many messages pass an earlier one of the same key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import gammaincc, gammaln, ndtr, ndtri

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.messaging.streams import DELIVERY
from sysdesign.models.wording import amount, percent
from sysdesign.probability.elementwise import plain

P99 = float(ndtri(0.99))
POINTS = 10  # of the quadrature over handling times
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(POINTS)
CHANCES = (WEIGHTS / WEIGHTS.sum())[:, None]
SCORES = NODES[:, None]


@dataclass(frozen=True)
class Overtaking:
    """What several workers and redelivery do to the order of one key's messages."""

    passing: Annotated[float, Output("Messages done before an earlier one of their key", "share")]
    passing_per_million: Annotated[float, Output("The same, per million")]
    passed: Annotated[float, Output("Messages done after a later one of their key", "share")]
    by_workers: Annotated[float, Output("Messages that pass one still in work", "share")]
    by_redelivery: Annotated[float, Output("Messages that pass one that is delivered again", "share")]
    at_once: Annotated[float, Output("Messages of the key in work at once, mean")]
    wait_probability: Annotated[float, Output("Messages that wait for a free worker", "share")]
    utilization: Annotated[float, Output("Workers in use", "share")]


@checked
def overtaking(
    messages_per_s: Annotated[float, Input("Messages, all keys", "1/s", low=1e-9, high=1e9, default=100)],
    key_share: Annotated[float, Input("Share of the key", "share", low=0, high=1, default=0.01)],
    median_s: Annotated[float, Input("Time to handle a message, median", "s", low=1e-6, high=1e6, default=0.05)],
    spread: Annotated[float, Input("99th percentile over the median", low=1, high=1e4, default=10)] = 10,
    workers: Annotated[float, Input("Workers", low=1, high=1e9, default=20)] = 20,
    redelivered_share: Annotated[
        float, Input("Messages that are delivered again", "share", low=0, high=1, default=0)
    ] = 0,
    redelivered_after_s: Annotated[
        float, Input("Time until they are delivered again", "s", low=0, high=1e7, default=30, help="the lease")
    ] = 30,
) -> Overtaking:
    """Share of a key's messages that are done before an earlier one, by workers, spread and rate.

    Workers draw messages in order, each takes a lognormal time. A message passes an earlier one that is
    still in work at its end. Of the workers busy when it begins, each holds a message of its key
    with the key's share, and is still at it after s seconds with the chance E[(S - s)+] / E[S]; their number
    is that of M/M/c, all others where the message had to wait. One worker keeps every order; without a limit of
    workers it is exact (M/G/infinity), at low load too; up to 90% of the workers in use it is within some
    percent of a played queue. A message delivered again is passed by all of its key that come
    in between. Held by key (a partition, a session), none pass.

    Bursts within the rate are left out: give the peak's. A key_share of 1 is the order of
    everything. Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Follows from the queue; no source needed.

    >>> round(overtaking(100, 1, 0.05, 10, workers=1).passing, 6)
    0.0
    """
    given = (messages_per_s, key_share, median_s, spread, workers, redelivered_share, redelivered_after_s)
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(each, dtype=float)) for each in given))
    rate, share, median, wide, count, again, after = (each.ravel() for each in arrays)
    sigma = np.log(wide) / P99
    mean = median * np.exp(sigma**2 / 2)
    load = rate * mean
    waiting, empty_but = _erlang(load, count)
    still, done = _left(sigma)
    apart = 1 - share * still  # a busy worker holds no earlier message of the key that outlasts this one
    none_left = (1 - waiting) * empty_but(apart) + waiting * apart ** (count - 1)
    passing = np.sum(CHANCES * np.maximum(1 - none_left, 0), axis=0)
    # Later ones begin on the other workers, which do all the work but this where none is free.
    overlap = (1 - waiting / count) * np.minimum(count - 1, 1)
    passed = np.sum(CHANCES * -np.expm1(-rate * share * overlap * mean * done), axis=0)
    late = (1 - again) * -np.expm1(-rate * share * again * after)
    passed_late = again * -np.expm1(-rate * share * after)
    by_workers = passing
    passing, passed = 1 - (1 - passing) * (1 - late), 1 - (1 - passed) * (1 - passed_late)
    at_once = np.minimum(load, count) * share
    found = (passing, 1e6 * passing, passed, by_workers, late, at_once, waiting, np.minimum(load / count, 1))
    shape = np.broadcast_shapes(*(np.shape(each) for each in given))
    return Overtaking(*(plain(each.reshape(shape)) for each in found))


def _left(sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At the quadrature's times s: E[(S - s)+] / E[S] and E[(s - S)+] / E[S], rows of one time each."""
    sigma = np.maximum(sigma, 1e-9)
    ahead = ndtr(sigma - SCORES)
    level = np.exp(sigma * SCORES - sigma**2 / 2)  # s over the mean
    still = np.maximum(ahead - level * ndtr(-SCORES), 0)
    return still, np.maximum(level - 1 + still, 0)


def _erlang(load: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Chance to wait, and the generating function of the workers busy at an arrival that does not wait."""
    ratio = np.minimum(load / count, 1 - 1e-9)
    held = ratio * count
    below = gammaincc(count, held)  # fewer than all busy, of a Poisson number
    full = np.exp(count * np.log(held) - held - gammaln(count + 1)) / (1 - ratio)
    waiting = np.where(below + full > 0, full / np.maximum(below + full, 1e-300), 1.0)

    def generating(apart: np.ndarray) -> np.ndarray:
        return np.exp(-held * (1 - apart)) * gammaincc(count, held * apart) / np.maximum(below, 1e-300)

    return np.where(load >= count, 1.0, waiting), generating


def _passed(inputs: Mapping[str, Any], result: Overtaking) -> str:
    return (
        f"{amount(result.passing_per_million)} in a million messages of a key with {percent(inputs['key_share'])} of "
        f"the messages are done before an earlier one; {percent(result.utilization)} of the workers are in use."
    )


MODELS = (Model(overtaking, DELIVERY, _passed, "06-messaging", "06-messaging/overtaking"),)
