"""The storm of clients that connect again after a deploy or a lost zone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import BudgetSpent
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.push import returning_kernel
from sysdesign.models.wording import amount, duration

POINTS = 400  # of the course shown
MOST_STEPS = 200_000
BACK = 0.99  # share of the clients that counts as all


@dataclass(frozen=True)
class Return:
    """How hard clients knock, and when they are back."""

    peak_per_s: Annotated[float, Output("Attempts in the busiest second", "1/s")]
    peak_ratio: Annotated[float, Output("Busiest second over what the servers take")]
    back_s: Annotated[float, Output("Until 99% of the clients are back", "s")]
    least_s: Annotated[float, Output("The soonest that the servers could do it", "s")]
    attempts_each: Annotated[float, Output("Attempts of each client, on average")]
    time_s: Annotated[np.ndarray, Output("Time", "s")]
    attempts_per_s: Annotated[np.ndarray, Output("Attempts", "1/s")]
    connected: Annotated[np.ndarray, Output("Clients connected", "share")]


@checked
def reconnect(
    clients: Annotated[float, Input("Clients that lost their connection", low=1, high=1e9, default=100_000)] = 100_000,
    handshakes_per_s: Annotated[
        float, Input("Handshakes that all servers take", "1/s", low=0.1, high=1e8, default=5_000)
    ] = 5_000,
    spread_s: Annotated[
        float,
        Input(
            "Time over which first attempts are spread",
            "s",
            low=0,
            high=3600,
            default=0,
            help="0: all at once, as after a server that closes every connection.",
        ),
    ] = 0,
    backoff_s: Annotated[float, Input("Backoff after the first refusal", "s", low=0.05, high=600, default=1)] = 1,
    cap_s: Annotated[float, Input("Longest backoff", "s", low=0.05, high=3600, default=30)] = 30,
    jitter: Annotated[
        Literal["full", "equal", "none"],
        Input(
            "Jitter",
            default="full",
            help="full: even between 0 and the backoff; equal: its upper half; none: all of it.",
        ),
    ] = "full",
    queue_s: Annotated[
        float, Input("Time that a handshake may wait in the servers' queue", "s", low=0.01, high=60, default=1)
    ] = 1,
) -> Return:
    """How long clients take to connect again, and how hard they knock meanwhile.

    All clients lose their connection at time 0 and try again, at once or spread evenly over `spread_s`. The servers
    take `handshakes_per_s` and keep a queue of `queue_s` seconds of them; what finds it full is refused at once and
    tries again after a backoff that doubles up to `cap_s`. `least_s` is 99% of the clients over the
    handshakes: no backoff can beat it, and one that waits when there is room leaves handshakes unused.

    Fluid: shares of the clients rather than single ones, so no chance. Nobody gives up; attempts cost the servers
    nothing when they are refused, which flatters short backoffs.
    Raises InvalidInput where an input is out of range, BudgetSpent where the steps would be too many. Follows from
    the rules above; brooker-2015 names the kinds of jitter.

    >>> round(reconnect(100_000, 5_000, spread_s=40).back_s, 1)
    39.6
    """
    step = _step(backoff_s, queue_s, max(spread_s, clients / handshakes_per_s))
    course = _Course(float(clients), handshakes_per_s * step, float(handshakes_per_s * queue_s))
    delays = _delays(backoff_s, max(cap_s, backoff_s), jitter, step)
    attempts, connected = _played(course, delays, max(1, round(spread_s / step)), step)
    back = float((np.searchsorted(connected, BACK * clients * (1 - 1e-9)) + 1) * step)
    window = max(1, round(1 / step))
    whole = np.concatenate([[0.0], np.cumsum(attempts)])
    in_a_second = whole[window:] - whole[:-window] if attempts.size > window else whole[-1:]
    peak = float(in_a_second.max()) / max(1.0, window * step)
    kept = np.unique(np.linspace(0, attempts.size - 1, min(POINTS, attempts.size)).astype(int))
    each = np.add.reduceat(attempts, kept) / (np.diff([*kept, attempts.size]) * step)
    return Return(
        peak, peak / handshakes_per_s, back, BACK * clients / handshakes_per_s, float(attempts.sum() / clients),
        kept * step, each, connected[kept] / clients,
    )  # fmt: skip


def _step(backoff: float, queue: float, least: float) -> float:
    """A step that is short beside a backoff, the queue and the least time in which clients could be back."""
    return min(backoff / 10, queue / 4, least / 100)


@dataclass(frozen=True)
class _Course:
    clients: float
    taken: float  # in one step
    room: float  # in the queue


def _delays(backoff: float, cap: float, jitter: str, step: float) -> np.ndarray:
    """First and last step of the wait after each refusal, until the backoff no longer grows."""
    doubled = np.minimum(backoff * 2.0 ** np.arange(math.ceil(math.log2(cap / backoff)) + 1), cap)
    least = doubled * {"full": 0.0, "equal": 0.5, "none": 1.0}[jitter]
    first = np.maximum(np.round(least / step), 1)
    return np.stack([first, np.maximum(np.round(doubled / step), first)]).astype(int)


def _played(course: _Course, delays: np.ndarray, spread: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Attempts in each step, and clients connected after it, until nearly all are. Raises BudgetSpent."""
    change = np.zeros((MOST_STEPS + 2, delays.shape[1] + 1))  # memory is taken where it is written to
    change[[0, min(spread, MOST_STEPS + 1)], 0] = course.clients / spread, -course.clients / spread
    attempts, connected, ended = returning_kernel.played(change, course.clients, course.taken, course.room, *delays)
    if not ended:
        raise BudgetSpent(
            f"after {MOST_STEPS * step:,.0f} s {connected[-1] / course.clients:.0%} of the clients are back; "
            "give fewer clients, more handshakes, or longer backoffs"
        )
    return attempts, connected


def warm() -> None:
    """Compile the kernel, so that no request waits for it."""
    returning_kernel.warm()


def _returned(inputs: Mapping[str, Any], result: Return) -> str:
    return (
        f"{amount(inputs['clients'])} clients are back after {duration(result.back_s)} (at the soonest "
        f"{duration(result.least_s)}); the busiest second brings {amount(result.peak_per_s)} attempts, "
        f"{amount(result.peak_ratio)} times what the servers take."
    )


MODELS = (
    Model(
        reconnect, "How hard do clients knock after a deploy?", _returned, "03-websocket", "03-websocket/reconnect"
    ),
)  # fmt: skip
