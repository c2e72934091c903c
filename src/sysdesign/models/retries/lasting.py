"""Attempts against failures that last: what a retry rescues, and what it does twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.retries.load import ATTEMPTS
from sysdesign.models.wording import amount, percent
from sysdesign.probability.elementwise import plain

MOST_ATTEMPTS = 100
SHORT = 1e-3  # a wait so short against the outage is summed as a series: the difference would lose digits


@dataclass(frozen=True)
class Rescued:
    """What becomes of a request that is tried several times."""

    failed: Annotated[float, Output("Requests that fail in the end", "share")]
    failed_per_million: Annotated[float, Output("The same, per million")]
    twice_per_million: Annotated[float, Output("Requests that take effect more than once, per million")]
    unknown_per_million: Annotated[float, Output("Requests reported failed that took effect, per million")]
    calls: Annotated[float, Output("Calls for one request, mean")]
    longest_wait_s: Annotated[float, Output("From the first attempt to the last, at most", "s")]
    still_failing: Annotated[float, Output("First retries that fail again", "share")]
    mean_lag_s: Annotated[float, Output("From the end of an outage to the call that succeeds, mean", "s")]


@checked
def rescued(
    attempts: Annotated[int, ATTEMPTS] = 3,
    failed_share: Annotated[float, Input("Calls that fail", "share", low=0, high=1, default=0.01)] = 0.01,
    lasting_share: Annotated[
        float, Input("Failures that belong to an outage, of all failures", "share", low=0, high=1, default=0.5)
    ] = 0.5,
    outage_s: Annotated[float, Input("Length of an outage, mean", "s", low=0.001, high=1e7, default=60)] = 60,
    first_wait_s: Annotated[float, Input("Wait before the first retry", "s", low=0, high=1e6, default=0.1)] = 0.1,
    factor: Annotated[float, Input("Growth from wait to wait", low=1, high=100, default=2)] = 2,
    longest_s: Annotated[float, Input("Longest wait between two attempts", "s", low=0, high=1e6, default=20)] = 20,
    took_effect: Annotated[
        float, Input("Failed calls that had taken effect", "share", low=0, high=1, default=0.5, help="timeouts mostly")
    ] = 0.5,
) -> Rescued:
    """Share of requests that retries rescue, and that take effect twice, when some failures last.

    The callee is up or in an outage, both of random (exponential) length: in an outage each call
    fails, else calls fail one by one. So a retry soon after a failure meets the same outage, and
    the longer the waits the more are rescued; with single failures alone it is failed_share to the
    power of attempts. A call that failed for its caller may have taken effect all the same (its
    answer came too late): the next attempt then does it again.

    One client's retries are taken not to change the callee; for many see `retries.layered` and
    `retries.metastable_loop`. The time that an attempt takes is left out: count a timeout to the
    wait. Without keys; a callee that knows a repeated call does nothing twice. `mean_lag_s` is that of requests
    whose first call meets the outage and that are rescued from it, single failures left out; where nothing is
    rescued it is the time from the first attempt to the last. Elementwise over arrays.
    Raises InvalidInput where an input is out of range. Follows from the chain of two states (Gilbert's).

    >>> round(rescued(3, 0.1, lasting_share=0).failed, 6)
    0.001
    """
    given = (failed_share, lasting_share, outage_s, first_wait_s, factor, longest_s, took_effect)
    fails, lasting, length, wait, growth, longest, effect = (np.asarray(each, dtype=float) for each in given)
    most = np.asarray(attempts, dtype=float)
    down = fails * lasting  # share of time in an outage
    single = np.where(down < 1, (fails - down) / np.maximum(1 - down, 1e-300), 0.0)
    fade = 1 / (length * np.maximum(1 - down, 1e-12))  # at which up and down forget each other
    shape = np.broadcast_shapes(*(np.shape(each) for each in (attempts, *given)))
    # Chances that every attempt so far failed, by state of the callee and effects so far: none, one, more.
    up, out = np.zeros((3, *shape)), np.zeros((3, *shape))
    up[0], out[0] = 1 - down, down
    twice, calls, lapse, again = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    failed, unknown, lag = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    last = int(min(most.max(), MOST_ATTEMPTS))
    for at in range(1, last + 1):
        open_ = at <= most
        calls = calls + open_ * (up + out).sum(axis=0)
        twice = twice + open_ * (1 - single) * (up[1] + up[2])  # served: ends here, the last effect is the one wanted
        up, out = _after(up * single, effect), _after(out, effect)
        whole = up + out
        left = whole.sum(axis=0)
        again = left if at == 2 else again
        ends = at == most
        failed, unknown = failed + ends * left, unknown + ends * (left - whole[0])
        twice = twice + ends * whole[2]
        if at == last:
            break
        pause = np.minimum(wait * growth ** (at - 1), longest)
        lag = lag + (at < most) * np.exp(-lapse / length) * _over(pause / length) * length
        lapse = lapse + (at < most) * pause
        stays = np.exp(-pause * fade)
        out = out * stays + whole * (down * (1 - stays))
        up = whole - out
    repeated = np.where(most > 1, again / np.maximum(fails, 1e-300), 0.0)
    ended = -np.expm1(-lapse / length)
    lag = np.where(ended > 0, lag / np.where(ended > 0, ended, 1), lapse)
    found = (failed, 1e6 * failed, 1e6 * twice, 1e6 * unknown, calls, lapse, np.minimum(repeated, 1), lag)
    return Rescued(*map(plain, np.broadcast_arrays(*found)))


def _after(failed: np.ndarray, effect: np.ndarray) -> np.ndarray:
    """Effects after one more attempt that failed for its caller."""
    none, one, more = failed
    found = np.empty_like(failed)
    found[0], found[1], found[2] = none * (1 - effect), one + (none - one) * effect, more + one * effect
    return found


def _over(wait: np.ndarray) -> np.ndarray:
    """Time that is left of a wait when the outage ends within it, mean, both in lengths of the outage."""
    return np.where(wait < SHORT, wait**2 / 2 - wait**3 / 6 + wait**4 / 24, wait + np.expm1(-wait))


def _tried(inputs: Mapping[str, Any], result: Rescued) -> str:
    return (
        f"Of requests tried at most {amount(inputs['attempts'])} times {amount(result.failed_per_million)} in a "
        f"million fail, {percent(result.still_failing)} of first retries among those that failed; "
        f"{amount(result.twice_per_million)} in a million take effect more than once."
    )


MODELS = (
    Model(rescued, "How many attempts, and at which layer?", _tried, "07-resilience", "07-resilience/lasting-failures"),
)
