"""A timeout as the moment of choice: heartbeats, false suspicions, and the time to notice a real failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy.special import ndtr

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.partition.losses import P99
from sysdesign.models.wording import amount, duration
from sysdesign.probability.elementwise import broadcast, plain

TIMEOUT = "How long may a silence be before it counts as a failure?"
MONTH_S = 30 * 86_400.0
MOST_IN_TIME = 200  # heartbeats within one timeout; more would change nothing that can be measured
POINTS = 12  # of each half of a heartbeat interval


@dataclass(frozen=True)
class Suspicion:
    """What a timeout takes for a failure, and how soon it notices one."""

    notice_mean_s: Annotated[float, Output("From a failure until it is suspected, mean", "s")]
    notice_worst_s: Annotated[float, Output("From a failure until it is suspected, at most", "s")]
    by_network: Annotated[float, Output("False suspicions a month by loss and delay")]
    by_pauses: Annotated[float, Output("False suspicions a month by pauses")]
    false_per_month: Annotated[float, Output("False suspicions a month")]
    mistake_s: Annotated[float, Output("Length of one by loss and delay, mean", "s")]
    wrong_share: Annotated[float, Output("Time in which a live node is suspected", "share")]
    misses: Annotated[float, Output("Heartbeats in a row that may go missing")]


@checked
def suspicion(
    timeout_s: Annotated[
        float, Input("Silence that counts as a failure", "s", low=0.001, high=1e5, default=5,
                     help="since the last heartbeat was sent")
    ],
    heartbeat_s: Annotated[
        float, Input("Time between heartbeats", "s", low=0.001, high=1e4, default=1, most=AtMost("timeout_s"))
    ],
    lost_share: Annotated[float, Input("Heartbeats lost", "share", low=0, high=0.9, default=0.001)] = 0.001,
    delay_s: Annotated[float, Input("Way of a heartbeat, median", "s", low=1e-6, high=1e3, default=0.001)] = 0.001,
    delay_spread: Annotated[
        float, Input("99th percentile of the way over the median", low=1, high=1e4, default=5)
    ] = 5,
    pauses_per_month: Annotated[float, Input("Pauses of the node a month", low=0, high=1e6, default=20)] = 20,
    pause_s: Annotated[float, Input("Length of a pause, mean", "s", low=1e-4, high=1e5, default=2)] = 2,
) -> Suspicion:  # fmt: skip
    """False suspicions a month, and the time to notice a failure, by the timeout.

    A heartbeat goes out every h seconds. Where none sent later than a timeout ago has arrived,
    the node is suspected, until one arrives. Losses are independent, ways lognormal; the chance
    that a timeout passes with nothing is the product over the heartbeats sent within it of the
    chances that each is lost or late. A pause of exponential length stops all of them: one that
    outlasts the timeout is taken for a failure. A failure is noticed a timeout after its last
    heartbeat, which was sent h / 2 before on average.

    Assumes clocks that run alike, and one observer: where several must agree, false suspicions by
    the network get rarer and those by pauses do not. Bursts of loss are not told: give the share
    lost in a bad hour. A partition is no mistake here; it looks the same. Elementwise over arrays.
    Raises InvalidInput where the heartbeat is longer than the timeout.
    Source: chen-2002 for the measures and the detector; the chances follow from it.

    >>> round(suspicion(2.5, 1, 0.01, 1e-6, 1, 0).by_network, 3)
    256.608
    """
    given = broadcast(timeout_s, heartbeat_s, lost_share, delay_s, delay_spread, pauses_per_month, pause_s)
    timeout, every, lost, median, spread, pauses, pause = given
    if np.any(every > timeout):
        raise InvalidInput(
            f"heartbeat_s is {heartbeat_s} and the timeout {timeout_s} s; a heartbeat comes at least once a timeout"
        )
    sigma = np.maximum(np.log(spread) / P99, 1e-9)
    slack = timeout - every  # from when a heartbeat is sent until its absence is noticed

    def missing(age: np.ndarray) -> np.ndarray:
        """Chance that a heartbeat sent so long ago has not arrived."""
        with np.errstate(divide="ignore"):
            late = ndtr((np.log(median) - np.log(np.maximum(age, 0.0))) / sigma)
        return lost + (1 - lost) * np.where(age < 0, 1.0, late)

    def silent(after: np.ndarray) -> np.ndarray:
        """Chance that nothing recent has arrived so long after a heartbeat's absence could be noticed."""
        most = int(min(np.max((slack + after) / every), MOST_IN_TIME))
        found = np.ones(np.broadcast(after, every).shape)
        for later in range(most + 1):
            age = slack + after - later * every
            found = found * np.where(age >= -1e-12, missing(age), 1.0)
            if np.all(found < 1e-40):
                break
        return found

    started = (1 - missing(timeout)) * silent(np.zeros(every.shape))  # the one before had arrived
    wrong = _mean_over(silent, every, slack)
    by_network = MONTH_S / every * started
    in_pause = np.maximum(slack - median, 0.0) / pause
    by_pauses = pauses * np.exp(-in_pause) * -np.expm1(-every / pause) * pause / every
    mistake = np.divide(wrong * every, started, out=np.zeros(every.shape), where=started > 0)
    share = np.minimum(wrong + by_pauses * pause / MONTH_S, 1.0)
    found = (
        timeout - every / 2, timeout, by_network, by_pauses, by_network + by_pauses, mistake, share,
        np.floor(slack / every * (1 + 1e-12)),
    )  # fmt: skip
    return Suspicion(*map(plain, np.broadcast_arrays(*found)))


def _mean_over(chance: Any, every: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """The mean of a chance over one heartbeat interval, whose course bends where a heartbeat more counts."""
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    bend = every - np.mod(slack, every)
    total = np.zeros(every.shape)
    for start, width in ((np.zeros(every.shape), bend), (bend, every - bend)):
        for node, weight in zip(nodes, weights, strict=True):
            total = total + weight / 2 * width * chance(start + width * (node + 1) / 2)
    return total / every


def _suspected(inputs: Mapping[str, Any], result: Suspicion) -> str:
    return (
        f"A silence of {duration(inputs['timeout_s'])} is taken for a failure {amount(result.false_per_month)} times "
        f"a month although the node lives; a real failure is noticed after {duration(result.notice_mean_s)} on average."
    )


MODELS = (Model(suspicion, TIMEOUT, _suspected, "00-cap", "00-cap/suspicion"),)
