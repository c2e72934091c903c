"""Clocks of many machines: how far they may be apart, what waiting that out costs, what a timestamp may get wrong.

Units: `_s` seconds, `_per_s` per second. A clock's error is its distance from true time; its bound holds in
both directions, so that two clocks are apart by up to twice the bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, count, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

MILLION = 1e6
Bound = Annotated[float, Input("Clock error, at most", "s", low=0, high=1e4, default=0.001)]


@dataclass(frozen=True)
class Uncertainty:
    """How far a clock may be from true time, and two clocks from each other."""

    worst_s: Annotated[float, Output("Error just before the next synchronization", "s")]
    mean_s: Annotated[float, Output("Error bound, mean over time", "s")]
    apart_s: Annotated[float, Output("Two clocks apart, at most", "s")]
    outage_s: Annotated[float, Output("Error bound after the outage of the time source", "s")]
    outage_allowed_s: Annotated[float, Output("Outage that the allowed error covers", "s")]


@checked
def uncertainty(
    base_s: Annotated[
        float, Input("Error right after a synchronization", "s", low=0, high=100, default=0.001,
                     help="the time source's own, and half the round trip to it")
    ],
    poll_s: Annotated[float, Input("Time between synchronizations", "s", low=0.001, high=1e7, default=30)],
    drift_ppm: Annotated[float, Input("Drift, at most", "ppm", low=0.001, high=1e5, default=200)] = 200,
    outage_s: Annotated[float, Input("Outage of the time source", "s", low=0, high=1e8, default=3600)] = 3600,
    allowed_s: Annotated[float, Input("Error that is allowed", "s", low=0, high=1e4, default=0.25)] = 0.25,
) -> Uncertainty:  # fmt: skip
    """How far a clock may be off between synchronizations.

    The bound grows by the drift from one synchronization to the next: a sawtooth between base_s and
    base_s + drift * poll_s. During an outage it goes on growing from its worst. A synchronization that a
    slow or uneven path delays is off by up to half its round trip; that is part of base_s.

    A bound, not a guess of the error: most clocks are nearer. It stops holding where a clock drifts more
    than drift_ppm (a virtual machine that is suspended or moved), or the source itself is wrong.
    Elementwise over arrays. Source: corbett-2012.

    >>> round(uncertainty(0.001, 30, 200).worst_s, 6)
    0.007
    """
    rate = np.asarray(drift_ppm, dtype=float) / MILLION
    grown = rate * poll_s
    worst = base_s + grown
    allowed = np.maximum(allowed_s - worst, 0) / rate
    found = (worst, base_s + grown / 2, 2 * worst, worst + rate * outage_s, allowed)
    return Uncertainty(*(plain(each) for each in np.broadcast_arrays(*found)))


@dataclass(frozen=True)
class CommitWait:
    """What waiting out the uncertainty adds to a write."""

    wait_s: Annotated[float, Output("Wait until the timestamp is surely past", "s")]
    write_s: Annotated[float, Output("Write, with replication and wait", "s")]
    added_s: Annotated[float, Output("of which the wait adds", "s")]
    writes_per_s: Annotated[float, Output("Writes one after the other to one key", "1/s")]
    lease_used_s: Annotated[float, Output("Of the lease, what its holder may use by its own clock", "s")]


@checked
def commit_wait(
    error_s: Bound,
    replication_s: Annotated[float, Input("Replication of a write", "s", low=1e-6, high=100, default=0.005)] = 0.005,
    lease_s: Annotated[float, Input("Length of a lease", "s", low=0, high=1e6, default=10)] = 10,
    drift_ppm: Annotated[float, Input("Drift, at most", "ppm", low=0.001, high=1e5, default=200)] = 200,
) -> CommitWait:
    """What it costs to wait until a timestamp is surely in the past.

    A write takes the latest that the time may be as its stamp and is answered once the earliest that it may
    be is later: two bounds after. Then whoever starts afterwards, anywhere, gets a later stamp, and stamps
    order what did not overlap. The wait runs beside replication, so that it costs only what it lasts longer.
    Writes to one key that hold their lock until the answer follow each other no faster than that.

    A lease needs no equal clocks, only a bound on their drift: its holder stops after
    lease * (1 - drift) / (1 + drift) of its own time, counted from before it asked.
    Assumes that the bound holds. Elementwise over arrays. Source: corbett-2012.

    >>> commit_wait(0.004, replication_s=0.005).added_s
    0.003
    """
    wait = 2 * np.asarray(error_s, dtype=float)
    write = np.maximum(wait, replication_s)
    rate = np.asarray(drift_ppm, dtype=float) / MILLION
    found = (wait, write, write - replication_s, 1 / write, lease_s * (1 - rate) / (1 + rate))
    return CommitWait(*(plain(each) for each in np.broadcast_arrays(*found)))


Clock = Literal["wall", "hybrid", "single"]


@dataclass(frozen=True)
class LastWriteWins:
    """How often a later write bears the earlier stamp, so that it is dropped although it was confirmed."""

    inverted_per_million: Annotated[float, Output("Writes dropped though they came later, per million")]
    inverted_share: Annotated[float, Output("the same as a share", "share")]
    lost_per_day: Annotated[float, Output("Such writes a day")]
    safe_gap_s: Annotated[float, Output("Gap after which the later write surely wins", "s")]
    masked_s: Annotated[float, Output("A delete with a fast clock hides later writes for up to", "s")]


@checked
def last_write_wins(
    writes_per_s: Annotated[float, Input("Writes to one key", "1/s", low=1e-9, high=1e7, default=0.1)],
    error_s: Bound,
    nodes: Annotated[float, Input("Nodes that stamp writes", low=1, high=1e6, default=3)] = 3,
    keys: Annotated[float, Input("Keys written like that", low=1, high=1e12, default=1000)] = 1000,
    clock: Annotated[Clock, Input("Clock that stamps", default="wall")] = "wall",
    seen_share: Annotated[
        float, Input("Writes whose writer had read the value before", "share", low=0, high=1, default=0.5)
    ] = 0.5,
) -> LastWriteWins:
    """Confirmed writes that last write wins drops, because the clock that stamped them was behind.

    Each node's clock is off by an amount that is equally likely anywhere within the bound, and stays so for
    long; writes to the key come at random times on the nodes in turn. A write is dropped if another node
    had stamped an earlier one with a later stamp: exact for that process, by an integral over the clock's
    own error. A hybrid clock takes over the stamp of what the writer had read, so that only writes made
    without having read the newest value can lose. One node that stamps every write of a key loses none.

    Of writes that overlap, last write wins drops all but one whatever the clocks; those are not counted here.
    Errors that lie nearer to zero than evenly within their bound lose less. Elementwise over arrays.
    Follows from the definitions; no source needed.

    >>> round(last_write_wins(0.1, 0.0, clock="wall").inverted_share, 6)
    0.0
    """
    bound, rate, count_of = broadcast(error_s, writes_per_s, nodes)
    unseen = 1 - np.asarray(seen_share, dtype=float) if clock == "hybrid" else 1.0
    kept_apart = clock == "single"
    inverted = 0 * bound if kept_apart else unseen * _dropped(rate, bound, count_of)
    apart = np.where((count_of > 1) & (not kept_apart), 2 * bound, 0.0)
    found = (inverted * MILLION, inverted, inverted * rate * keys * 86_400, apart, apart)
    return LastWriteWins(*(plain(each) for each in np.broadcast_arrays(*found)))


POINTS, WEIGHTS = (each / 2 for each in np.polynomial.legendre.leggauss(64))


def _dropped(rate: np.ndarray, bound: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """The share of writes that come after one with a later stamp.

    Of a clock that is y below the greatest error, another node's is ahead by a span that is even in (0, y) with
    the chance y / width. That node wrote nothing within the span with the chance exp(-span * its rate).
    """
    width, own = 2 * bound[..., None], (rate / nodes)[..., None]
    share = 0.5 + POINTS  # of the width, how far below the greatest error
    spoilt = share * _missing(own * width * share)
    if np.any(nodes != 2):
        spoilt = -np.expm1((nodes[..., None] - 1) * np.log1p(-spoilt))
    return np.clip(spoilt @ WEIGHTS, 0.0, 1.0)


def _missing(v: np.ndarray) -> np.ndarray:
    """1 - (1 - exp(-v)) / v, by its series where that cancels."""
    found, small = v / 2 * (1 - v / 3 * (1 - v / 4)), v < 1e-3
    if not np.all(small):
        far = v[~small]
        found[~small] = 1 + np.expm1(-far) / far
    return found


def _uncertain(inputs: Mapping[str, Any], result: Uncertainty) -> str:
    return (
        f"A clock is off by {duration(result.mean_s)} on average and at most {duration(result.worst_s)}, two clocks "
        f"by {duration(result.apart_s)}; an outage of {duration(inputs.get('outage_s', 3600))} makes it "
        f"{duration(result.outage_s)}."
    )


def _waited(inputs: Mapping[str, Any], result: CommitWait) -> str:
    return (
        f"A write waits {duration(result.wait_s)} for its timestamp to be past, {duration(result.added_s)} more than "
        f"replication takes, so one key takes {amount(result.writes_per_s)} writes a second."
    )


def _won(inputs: Mapping[str, Any], result: LastWriteWins) -> str:
    if result.inverted_share == 0:
        return "No later write bears an earlier stamp, so the last write wins."
    return (
        f"{percent(result.inverted_share)} of writes are dropped though they came later, "
        f"{count(result.lost_per_day)} a day; two writes {duration(result.safe_gap_s)} apart are safe."
    )


CLOCKS = "How far apart may clocks be, and what does that cost?"
MODELS = (
    Model(uncertainty, CLOCKS, _uncertain, "17-consistency", "17-consistency/uncertainty"),
    Model(commit_wait, CLOCKS, _waited, "17-consistency", "17-consistency/commit-wait"),
    Model(last_write_wins, CLOCKS, _won, "17-consistency", "17-consistency/last-write-wins"),
)
