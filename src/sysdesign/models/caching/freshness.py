"""How old what a cache serves is: entries that expire, and changes that it is told of, late or never."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, NamedTuple

import numpy as np

from sysdesign.models.declaration import Input, Output, checked
from sysdesign.models.lazy import Lazy

SELDOM = 1e-4  # changes in one time to live, below which two never meet
FEW = 1e-5  # the same of changes that are not told of
WORST = 0.001  # share of the changes beyond the one reported


@dataclass(frozen=True)
class Staleness(Lazy):
    """How long a cache shows what is no longer so, as its readers and as the changes see it."""

    stale_share: Annotated[float, Output("Reads that see an older value", "share")]
    mean_s: Annotated[float, Output("How long what is read has been out of date, mean over all reads", "s")]
    window_s: Annotated[float, Output("Time that an old value is shown after a change, mean", "s")]
    window_p999_s: Annotated[float, Output("Time that an old value is shown after 1 change in 1,000", "s")]
    worst_s: Annotated[float, Output("Time that an old value can be shown at most", "s")]
    kept_share: Annotated[
        float, Output("Changes after which the old value stays until it expires or changes again", "share")
    ]
    hit_ratio: Annotated[float, Output("Hit ratio", "share")]


@checked
def staleness(
    ttl_s: Annotated[float, Input("Time to live", "s", low=1e-3, high=1e10, default=300)],
    changes_per_s: Annotated[float, Input("Changes of the value", "1/s", low=0, high=1e6, default=0.001)],
    lost_share: Annotated[
        float, Input("Deletes that are lost or never sent", "share", low=0, high=1, default=0.005,
                     help="1: nobody tells the cache of changes")
    ] = 1,
    lag_s: Annotated[float, Input("Time until a delete arrives", "s", low=0, high=1e9, default=0.01)] = 0,
    again_lost_share: Annotated[
        float, Input("Second deletes that are lost", "share", low=0, high=1, default=1, help="1: there is none")
    ] = 1,
    again_lag_s: Annotated[float, Input("Time until the second delete", "s", low=0, high=1e9, default=1)] = 0,
    fill_s: Annotated[float, Input("Time to fill an entry", "s", low=0, high=1e6, default=0,
                                   help="0: a fill that was overtaken by a change is refused, as by a lease")] = 0,
    requests_per_s: Annotated[float, Input("Requests for the key", "1/s", low=1e-9, high=1e9, default=10)] = 1e9,
) -> Staleness:  # fmt: skip
    """How old what a cache serves is, with a time to live and deletes that come late or never.

    A change is followed by a delete (a purge, an event) that arrives after its lag unless it is lost, and maybe by a
    second one from elsewhere, as from the commit log. What is lost twice stays until the entry expires or the
    next change's delete arrives. A delete that arrives while an entry is being filled comes too early: the
    fill stores the old value, for a whole life.
    `window` is what one change sees, an answer to "until when is the old price shown?". `mean` is over all reads,
    most of which see the newest value where changes are rare: for an entry that only expires, changed
    seldom, changes_per_s ttl_s^2 / 6.

    Assumes Poisson changes and requests, lags that do not vary, losses independent of each other, and a cache that
    evicts nothing early. Exact with one delete and no fill. Of two deletes the later is taken to remove nothing that
    the earlier has: within a tenth where a change in five or fewer comes within the later lag, up to a half too
    old where each does. With fills within 5% where they take less than a tenth of the time between changes.
    Layers of caches that do not pass on an entry's age add up their times to live. Elementwise over arrays.
    Renewal arguments, given at the formulas; no source needed. Raises InvalidInput where an input is out of range.

    >>> found = staleness(300, changes_per_s=0.001)
    >>> round(found.window_s), round(found.window_p999_s, 1), found.worst_s
    (150, 299.7, 300.0)
    """
    given = (ttl_s, changes_per_s, lost_share, lag_s, again_lost_share, again_lag_s, fill_s, requests_per_s)
    life, change, lost, lag, again, again_lag, fill, reads = arrays = tuple(np.asarray(x, dtype=float) for x in given)
    entry = _Entry(life, change, lost, lag, again, again_lag)
    cycle = entry.held + 1 / reads + fill
    hit = entry.held / cycle
    # Changes within a fill of which no delete comes after its end.
    overtaken = fill * _early(lost, lag, fill) * _early(again, again_lag, fill)
    born_old = -np.expm1(-change * overtaken)
    raced = overtaken / cycle
    return Staleness.later(
        np.broadcast_shapes(*(each.shape for each in arrays)),
        stale_share=lambda: hit * (born_old + (1 - born_old) * entry.stale),
        mean_s=lambda: hit * (born_old * (entry.age / entry.held + fill / 2) + (1 - born_old) * entry.mean_age),
        window_s=lambda: hit * entry.window + raced * entry.held,
        window_p999_s=lambda: entry.window_exceeded(WORST, hit, raced),
        worst_s=lambda: np.where((lost * again > 0) | (overtaken > 0), life, entry.told_by),
        kept_share=lambda: np.minimum(hit * lost * again + raced, 1.0),
        hit_ratio=lambda: hit,
    )


def _early(lost: np.ndarray, lag: np.ndarray, fill: np.ndarray) -> np.ndarray:
    """Share of the changes within a fill whose delete does not come after its end."""
    before_end = 1 - np.where(fill > lag, lag / np.where(fill > lag, fill, 1.0), 1.0)
    return lost + (1 - lost) * before_end


class _Stretch(NamedTuple):
    """A part of an entry's life, after its load or before a read."""

    begin: np.ndarray
    length: np.ndarray
    untold: np.ndarray  # share of the changes that the cache has not been told of after so long


@dataclass(frozen=True)
class _Entry:
    """An entry that a change removes by the first of two deletes that arrives.

    Deletes arrive at the rate k whatever went before, so an entry has the age a with a density as exp(-k a), up to its
    time to live L. A missed change shows the old value until a delete or the end comes, one told of at most
    until it is told: for longer than v after the share untold(v) (N(L) - N(v)) / N(L) of the changes, with
    N(v) = (1 - exp(-k v)) / k. Of what a reader sees at the age a, no change is older than s with the chance
    exp(-c integral of untold from s to a).
    """

    life: np.ndarray
    change: np.ndarray
    lost: np.ndarray
    lag: np.ndarray
    again: np.ndarray
    again_lag: np.ndarray

    @cached_property
    def removal(self) -> np.ndarray:
        return self.change * (1 - self.lost * self.again)

    @cached_property
    def held(self) -> np.ndarray:
        """N(L): the time that an entry is there, on average."""
        return _mean_decay(self.removal, self.life)

    @cached_property
    def age(self) -> np.ndarray:
        """The integral of a exp(-k a)."""
        return _mean_age(self.removal, self.life)

    @cached_property
    def told_by(self) -> np.ndarray:
        """When a change is told of at the latest, where one of the deletes is never lost."""
        lags = [
            np.where(missed > 0, np.inf, lag) for missed, lag in ((self.lost, self.lag), (self.again, self.again_lag))
        ]
        return np.minimum(np.minimum(*lags), self.life)

    @cached_property
    def stretches(self) -> tuple[_Stretch, ...]:
        early = self.lag <= self.again_lag
        near = np.minimum(np.minimum(self.lag, self.again_lag), self.life)
        far = np.minimum(np.maximum(self.lag, self.again_lag), self.life)
        none = np.zeros_like(near)
        return (
            _Stretch(none, near, none + 1),
            _Stretch(near, far - near, np.where(early, self.lost, self.again)),
            _Stretch(far, self.life - far, self.lost * self.again),
        )

    @cached_property
    def window(self) -> np.ndarray:
        """Mean time that an old value is shown after a change that meets an entry."""
        rest = found = np.zeros(())
        for part in reversed(self.stretches):
            there = np.exp(-self.removal * part.begin)
            found = found + part.untold * (rest * part.length + there * _mean_age(self.removal, part.length))
            rest = rest + there * _mean_decay(self.removal, part.length)
        return found / self.held

    def window_exceeded(self, share: float, hit: np.ndarray, raced: np.ndarray) -> np.ndarray:
        """The time for which an old value is shown after this share of the changes, or longer.

        With y = N(v), the share is hit untold (1 - y / N(L)) + raced (1 - k y).
        """
        found = np.zeros(())
        for part in self.stretches:
            begin = _mean_decay(self.removal, part.begin)
            met = hit * part.untold
            y = (met + raced - share) / np.maximum(met / self.held + raced * self.removal, 1e-300)
            until = _until(self.removal, np.clip(y, 0, self.held))
            found = np.where(y > begin, np.minimum(until, part.begin + part.length), found)
        return np.where(raced * np.exp(-self.removal * self.life) > share, self.life, found)

    @cached_property
    def stale(self) -> np.ndarray:
        """Share of the hits that see an older value."""
        newest, unchanged = np.ones(()), np.zeros(())
        for part in self.stretches:
            rate = self.change * part.untold
            there = np.exp(-self.removal * part.begin)
            unchanged = unchanged + there * newest * _mean_decay(self.removal + rate, part.length)
            newest = newest * np.exp(-rate * part.length)
        return np.maximum(1 - unchanged / self.held, 0.0)

    @cached_property
    def mean_age(self) -> np.ndarray:
        """How long what a hit reads has been out of date, on average.

        At the age a that is a less the integral over s of the chance that no change is older than s, which is E(a) =
        (1 - exp(-r x)) / r + exp(-r x) E(begin) a time x into a stretch, with r = c untold.
        """
        newest = carried = rare = np.zeros(())
        for part in self.stretches:
            rate = self.change * part.untold
            there = np.exp(-self.removal * part.begin)
            within = _mean_known(self.removal, rate, part.length)
            newest = newest + there * (within + carried * _mean_decay(self.removal + rate, part.length))
            carried = _mean_decay(rate, part.length) + carried * np.exp(-rate * part.length)
            rare = rare + part.untold * (_met(part.begin + part.length, self.life) - _met(part.begin, self.life))
        often = (self.age - newest) / self.held
        return np.maximum(np.where(self.change * self.life < SELDOM, self.change * rare / self.life, often), 0.0)


def _met(age: np.ndarray, life: np.ndarray) -> np.ndarray:
    """The integral of v (L - v)."""
    return age * age * (life / 2 - age / 3)


def _mean_decay(rate: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The integral of exp(-rate x) from 0 to the length."""
    decay = np.maximum(rate * length, 1e-300)
    return length * -np.expm1(-decay) / decay


def _mean_age(rate: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The integral of x exp(-rate x) from 0 to the length."""
    decay = rate * length
    safe = np.maximum(decay, 1e-3)
    whole = (-np.expm1(-safe) - safe * np.exp(-safe)) / safe**2
    return length**2 * np.where(decay < 1e-3, 0.5 - decay / 3 + decay**2 / 8, whole)


def _mean_known(removal: np.ndarray, rate: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The integral of exp(-removal x) (1 - exp(-rate x)) / rate from 0 to the length."""
    safe = np.maximum(rate, FEW / np.maximum(length, 1e-300))
    whole = (_mean_decay(removal, length) - _mean_decay(removal + safe, length)) / safe
    return np.where(rate * length < FEW, _mean_age(removal, length) - rate / 2 * _mean_square(removal, length), whole)


def _mean_square(rate: np.ndarray, length: np.ndarray) -> np.ndarray:
    """The integral of x^2 exp(-rate x) from 0 to the length."""
    decay = rate * length
    safe = np.maximum(decay, 1e-2)
    whole = (-2 * np.expm1(-safe) - safe * (2 + safe) * np.exp(-safe)) / safe**3
    return length**3 * np.where(decay < 1e-2, 1 / 3 - decay / 4 + decay**2 / 10, whole)


def _until(rate: np.ndarray, held: np.ndarray) -> np.ndarray:
    """The length from which `_mean_decay` makes this."""
    part = np.minimum(rate * held, 1 - 1e-16)
    return held * np.where(part < 1e-9, 1.0, -np.log1p(-part) / np.maximum(part, 1e-9))
