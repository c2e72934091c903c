"""What a network partition costs by choice: requests refused, or writes that conflict and get lost.

The sides are a majority and a minority. Writes are Poisson, their keys follow Zipf's law, and
every write goes to the side of its client. Times in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated, Any

import numpy as np
from scipy.special import ndtr, ndtri

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, count, duration, percent, several
from sysdesign.probability.elementwise import broadcast, plain

Array = np.ndarray
SPLIT = "What should a store do while it is split?"
P99 = float(ndtri(0.99))
FINE, COARSE = (48, 150), (6, 12)  # keys counted one by one, and bins of the others: errors of 0.02% and 3%
AT_ONCE = 1 << 15  # numbers computed together: few enough for the processor's cache
RARE = 3.0  # writes to the hottest key, up to which a series is as exact as the exponentials
TERMS = 24  # of it
NEXT = 1e-13  # of the sum: a term that is left out
YEAR_S, MONTHS = 365 * 86_400.0, 365 / 30
LONGEST_S = 30 * 86_400.0  # of a partition; a longer one is two sites

Duration = Annotated[float, Input("Length of the partition", "s", low=0, high=LONGEST_S, default=60)]
Writes = Annotated[float, Input("Writes", "1/s", low=0, high=1e8, default=500)]
Reads = Annotated[float, Input("Reads", "1/s", low=0, high=1e9, default=2000)]
MinorityShare = Annotated[
    float, Input("Clients on the minority side", "share", low=0, high=1, default=0.3, help="of the requests")
]
Detection = Annotated[float, Input("Time until the split is noticed", "s", low=0, high=LONGEST_S, default=10)]
Keys = Annotated[float, Input("Keys", low=1, high=1e12, default=1_000_000)]
Skew = Annotated[float, Input("Zipf exponent of writes over keys", low=0, high=3, default=0.99, help="0: all alike")]
LeaderThere = Annotated[
    float, Input("Chance that the leader is on the minority side", "share", low=0, high=1, default=0.3)
]
ClockAhead = Annotated[
    float,
    Input("Clocks of the minority side ahead by", "s", low=-LONGEST_S, high=LONGEST_S, default=0,
          help="negative: behind"),
]  # fmt: skip


@dataclass(frozen=True)
class Cost(Lazy):
    """What each choice costs over one partition."""

    refused_writes: Annotated[float, Output("Refused if only the majority goes on: writes")]
    refused_reads: Annotated[float, Output("Refused if only the majority goes on: reads")]
    refused_share: Annotated[float, Output("Requests refused meanwhile", "share")]
    conflicting_keys: Annotated[float, Output("Conflicts if both sides go on: keys")]
    conflicting_writes: Annotated[float, Output("Conflicts if both sides go on: writes to those keys")]
    lost_writes: Annotated[float, Output("Lost if the last write then wins: writes")]
    lost_share: Annotated[float, Output("of all writes accepted meanwhile", "share")]
    lost_at_takeover: Annotated[float, Output("Lost if the majority promotes and the old leader goes on: writes")]
    lost_fenced: Annotated[float, Output("Lost if it stops once the split is noticed: writes")]


@checked
def cost(
    duration_s: Duration,
    writes_per_s: Writes,
    reads_per_s: Reads,
    minority_share: MinorityShare,
    detection_s: Detection,
    keys: Keys = 1_000_000,
    skew: Skew = 0.99,
    leader_there: LeaderThere = 0.3,
    clock_ahead_s: ClockAhead = 0,
) -> Cost:
    """What a partition costs by choice: requests refused, or writes that conflict and are lost.

    Only the majority goes on: the minority's requests fail for the whole partition, and all
    requests fail until it is noticed where the leader stood on the minority side. Both go on: a key
    conflicts when both sides write it, and the last write by its timestamp drops every write
    of the other side. With m writes to a key, a share q of them on the minority side and equal
    clocks, 2 q (1 - q) (m - 1 + exp(-m)) are lost in the mean. Clocks that are ahead give their side
    the later stamps. Takeover: an old leader on the minority side that replicates
    asynchronously confirms writes that the promoted one never sees.

    Each key's writes are Poisson and fall on the sides independently of the key; where users
    own their keys, fewer conflict. A write replaces a value: increments and additions that are
    merged lose nothing. Requests come as before although refused: no retries.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Follows from the definitions; no source needed.

    >>> round(cost(60, 500, 0, 0.5, 0, keys=1, skew=0).lost_writes)
    15000
    """
    shape, (length, writes, reads, share, noticed, number, exponent, there, ahead) = _aligned(
        duration_s, writes_per_s, reads_per_s, minority_share, detection_s, keys, skew, leader_there, clock_ahead_s
    )
    refused_s = share * length + (1 - share) * there * np.minimum(length, noticed)
    taken_over = np.where(length > noticed, there * share * writes, 0.0)
    keys_written = _Keys(number, exponent, FINE, writes, share, ahead, [(length, 1.0)])
    lost_writes = cache(lambda: keys_written.sum("lost"))
    return Cost.later(
        shape,
        refused_writes=lambda: writes * refused_s,
        refused_reads=lambda: reads * refused_s,
        refused_share=lambda: _ratio(refused_s, length),
        conflicting_keys=lambda: keys_written.sum("met"),
        conflicting_writes=lambda: keys_written.sum("touched"),
        lost_writes=lost_writes,
        lost_share=lambda: _ratio(lost_writes(), writes * length),
        lost_at_takeover=lambda: taken_over * length,
        lost_fenced=lambda: taken_over * noticed,
    )


def _aligned(*values: Any) -> tuple[tuple[int, ...], list[Array]]:
    """Their shape together, and each with as many axes, so that an axis may come before them."""
    arrays = [np.asarray(each, dtype=float) for each in values]
    shape = np.broadcast_shapes(*(each.shape for each in arrays))
    return shape, [each.reshape((1,) * (len(shape) - each.ndim) + each.shape) for each in arrays]


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=np.asarray(whole) > 0)


def key_classes(keys: Array, skew: Array, grid: tuple[int, int] = FINE) -> tuple[Array, Array]:
    """Zipf's law in classes of keys: the share of writes of one key, and the keys, a class a row.

    The first ranks one by one; the rest in bins of equal ratio, with their mean share.
    """
    exact, bins = grid
    _, (number, exponent) = _aligned(np.maximum(np.rint(keys), 1.0), skew)
    ranks = np.arange(1, exact + 1, dtype=float).reshape(-1, *[1] * number.ndim)
    steps = np.linspace(0, 1, bins + 1).reshape(-1, *[1] * number.ndim)
    edges = exact * np.exp(steps * np.log(np.maximum(number / exact, 1.0)))
    rest = np.diff(edges, axis=0)
    area = _power_areas(np.log(edges + 0.5), exponent)
    mean = np.divide(area, rest, out=np.zeros(area.shape), where=rest > 0)
    weight = np.concatenate((np.broadcast_to(ranks**-exponent, (exact, *area.shape[1:])), mean))
    alike = np.concatenate(((ranks <= number).astype(float), rest))
    return weight / np.sum(weight * alike, axis=0), alike


def _power_areas(logs: Array, skew: Array) -> Array:
    """The integrals of x^-skew between points, by their logarithms; stable where skew is near 1."""
    bend, growth = 1 - skew, np.diff(logs, axis=0)
    straight = np.abs(bend) < 1e-9
    safe = np.where(straight, 1.0, bend)
    return np.where(straight, growth, np.exp(safe * logs[:-1]) * np.expm1(safe * growth) / safe)


class _Written:
    """Writes to each key in a partition, on both sides: what comes of them, computed as it is asked for."""

    def __init__(self, writes: Array, share: Array, length: Array, ahead: Array) -> None:
        self.writes, self.share, self.length, self.ahead = writes, share, length, ahead
        self.means = writes * (share * length), writes * ((1 - share) * length)

    @cached_property
    def _some(self) -> tuple[Array, Array]:
        """For each side the chance that it writes the key, less than 0."""
        few, many = self.means
        return np.expm1(-few), np.expm1(-many)

    @property
    def met(self) -> Array:
        """Chance that both sides write the key."""
        some_few, some_many = self._some
        return some_few * some_many

    @property
    def touched(self) -> Array:
        """Writes to the key if both do."""
        (few, many), (some_few, some_many) = self.means, self._some
        return -few * some_many - many * some_few

    @property
    def lost(self) -> Array:
        """Writes lost to the last one."""
        share, ahead = self.share, self.ahead
        if not np.any(ahead):
            return 2 * share * (1 - share) * _beyond_first(self.writes * self.length)
        few, many = self.writes * share, self.writes * (1 - share)
        behind, ahead_rate = np.where(ahead >= 0, many, few), np.where(ahead >= 0, few, many)
        return _lost(ahead_rate, behind, self.length, np.minimum(np.abs(ahead), self.length))


class _Popularity:
    """Zipf's law for each of some numbers of keys and exponents; equal ones are computed once."""

    def __init__(self, keys: Array, skew: Array, grid: tuple[int, int]) -> None:
        both, self.places = np.unique(keys + 1j * skew, return_inverse=True)
        self.share, self.alike = key_classes(both.real, both.imag, grid)

    @cached_property
    def powers(self) -> Array:
        """Sums over the keys of their shares to the power of 2, 3 and so on."""
        found, each = np.empty((TERMS - 1, self.share.shape[1])), self.alike * self.share
        for at in range(TERMS - 1):
            each *= self.share
            np.sum(each, axis=0, out=found[at])
        return found


class _Keys:
    """The same over all keys, and over partitions of some lengths with their weights: one number for each input."""

    def __init__(
        self, keys: Array, skew: Array, grid: tuple[int, int], writes: Array, share: Array, ahead: Array,
        lengths: list[tuple[Array, Array | float]],
    ) -> None:  # fmt: skip
        given = np.broadcast_arrays(keys, skew, writes, share, ahead, lengths[0][0])
        self.shape = given[0].shape
        keys, skew, self.writes, self.share, self.ahead, _ = map(np.ravel, given)
        self.popularity = _Popularity(keys, skew, grid)
        self.hottest = self.writes * self.popularity.share[0, self.popularity.places]
        self.parts = [
            (weight, *self._parted(np.ravel(np.broadcast_to(length, self.shape)))) for length, weight in lengths
        ]

    def _parted(self, length: Array) -> tuple[Array, list[tuple[Array, Array, _Written]]]:
        """The writes of one length where those to the hottest key are rare, and elsewhere in classes of keys."""
        often = (self.hottest * length > RARE) | (self.ahead != 0)
        size = max(1, AT_ONCE // len(self.popularity.share))
        places = np.flatnonzero(often)
        parts = [places[first : first + size] for first in range(0, len(places), size)]
        return np.where(often, 0.0, length), [(part, *self._in_classes(part, length[part])) for part in parts]

    def _in_classes(self, part: Array, length: Array) -> tuple[Array, _Written]:
        """How many keys are in each class, and the writes to one of them."""
        law = self.popularity
        share, alike = (np.take(each, law.places[part], axis=1) for each in (law.share, law.alike))
        return alike, _Written(share * self.writes[part], self.share[part], length, self.ahead[part])

    def sum(self, name: str) -> Array:
        """What comes of the writes to all keys: `met`, `touched` or `lost`."""
        found, factors = np.zeros(self.share.shape), self._factors(name)
        for weight, length, parts in self.parts:
            each = self._of_rare(factors, length)
            for part, alike, written in parts:
                each[part] = np.sum(alike * getattr(written, name), axis=0)
            found += np.ravel(weight) * each
        return found.reshape(self.shape)

    def _of_rare(self, factors: Array, length: Array) -> Array:
        """The same as in classes, by the series of the exponentials: keys count by the powers of their shares."""
        most = np.max(self.hottest * length, initial=0.0)
        terms = next((n for n in range(2, TERMS) if 2 * most ** (n - 1) < NEXT * math.factorial(n + 1)), TERMS)
        found, mean = np.zeros(length.shape), -self.writes * length
        for factor in factors[terms - 2 :: -1]:
            found *= mean
            found += factor
        return found * mean * mean

    def _factors(self, name: str) -> Array:
        """What stands before each power of the mean, from the second on, for each input."""
        if name == "lost":
            return 2 * self._common
        times = np.arange(2, TERMS + 1)[:, None]
        return self._common * (times * self._either if name == "touched" else np.cumsum(self._either, axis=0))

    @cached_property
    def _common(self) -> Array:
        """What the factors have in common."""
        law = self.popularity
        factorials = np.cumprod(np.arange(2.0, TERMS + 1))[:, None]
        return np.take(law.powers / factorials, law.places, axis=1) * (self.share * (1 - self.share))

    @cached_property
    def _either(self) -> Array:
        """The sum of what each side has of the writes, to the power of 0, 1 and so on."""
        found, few, many = np.empty(self._common.shape), np.ones(self.share.size), np.ones(self.share.size)
        for each in found:
            np.add(few, many, out=each)
            few *= self.share
            many *= 1 - self.share
        return found


def _lost(ahead: Array, behind: Array, length: Array, by: Array) -> Array:
    """Writes lost where the side of rate `ahead` stamps its writes later `by` so much.

    The last write of each side decides. Over its age u before the end: the side ahead wins where
    the other's last is older than u - by, and all of the other's writes are lost; or turned round.
    """
    rate = ahead + behind
    left = rate * (length - by)
    mixed = _ratio(ahead * behind, rate * rate) * np.exp(-ahead * by)
    loses = -behind * length * np.expm1(-ahead * by) - mixed * rate * by * np.expm1(-left)
    return loses + 2 * mixed * _beyond_first(left)


def _beyond_first(mean: Array) -> Array:
    """m - 1 + exp(-m): the mean of what a Poisson number has beyond the first."""
    found, few = mean + np.expm1(-mean), mean < 1e-5
    return np.where(few, mean * mean / 2, found) if np.any(few) else found


@dataclass(frozen=True)
class Year:
    """What the partitions of a year refuse and lose by choice, by the month or per million."""

    cut_off_min: Annotated[float, Output("Minority side cut off, a month", "min")]
    refused_per_million: Annotated[float, Output("Refused if only the majority goes on, per million requests")]
    stopped_per_million: Annotated[float, Output("Refused if both sides stop, per million requests")]
    takeover_per_million: Annotated[float, Output("Lost if the majority promotes unfenced, per million writes")]
    fenced_per_million: Annotated[float, Output("Lost if the old leader stops once noticed, per million writes")]
    longest_s: Annotated[float, Output("A partition of which one in a hundred is longer", "s")]
    outlast_share: Annotated[float, Output("Partitions that outlast the time to notice", "share")]


NODES = 12  # of the lengths: what grows with their square is within 3%
Often = Annotated[float, Input("Partitions a year", low=0, high=1e5, default=12)]
Median = Annotated[float, Input("Length of a partition, median", "s", low=0.001, high=1e6, default=160)]
Spread = Annotated[float, Input("99th percentile of the length over the median", low=1, high=1e4, default=17)]


@checked
def year(
    partitions_per_year: Often,
    median_s: Median,
    spread: Spread,
    minority_share: MinorityShare,
    detection_s: Detection,
    leader_there: LeaderThere = 0.3,
) -> Year:
    """What a year of partitions of uneven length refuses, and loses at takeovers, by choice.

    Lengths are lognormal, none longer than 30 days; each partition costs what `cost` says, and
    they do not overlap. Exact, by partial means of the lognormal law. Both sides stop where
    neither has a majority, as with two equal sites and no third vote. A year has 365 days, a
    month 30. `conflicts` has what is lost where both sides go on.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: bailis-kingsbury-2014 for the default lengths, those of partitions by software in one
    network (median 2.7 minutes, 95th percentile 19.9); those by hardware had 32 minutes and 3.7
    days. How many there are in a year is an assumption. The sums follow from `cost`.

    >>> round(year(1, 3600, 1, 1.0, 0).cut_off_min * 365 / 30, 6)
    60.0
    """
    often, median, wide, share, noticed, there = broadcast(
        partitions_per_year, median_s, spread, minority_share, detection_s, leader_there
    )
    mean, _ = _cut_short(np.full(often.shape, LONGEST_S), median, wide)
    unnoticed, outlast = _cut_short(noticed, median, wide)
    longer = np.maximum(mean - unnoticed + noticed * outlast, 0.0)
    million = 1e6 * often / YEAR_S
    found = (
        share * mean * often / MONTHS / 60, _millions(million * (share * mean + (1 - share) * there * unnoticed)),
        _millions(million * mean), _millions(million * there * share * longer),
        _millions(million * there * share * noticed * outlast), np.minimum(median * wide, LONGEST_S), outlast,
    )  # fmt: skip
    return Year(*map(plain, np.broadcast_arrays(*found)))


@dataclass(frozen=True)
class Conflicts(Lazy):
    """What both sides write in the partitions of a year."""

    conflicting_keys: Annotated[float, Output("Keys in conflict, a month")]
    conflicts_per_million: Annotated[float, Output("Writes to keys in conflict, per million writes")]
    lost_per_million: Annotated[float, Output("Lost if the last write wins, per million writes")]


@checked
def conflicts(
    partitions_per_year: Often,
    median_s: Median,
    spread: Spread,
    writes_per_s: Writes,
    minority_share: MinorityShare,
    keys: Keys = 1_000_000,
    skew: Skew = 0.99,
    clock_ahead_s: ClockAhead = 0,
) -> Conflicts:
    """What a year of partitions of uneven length leaves in conflict, where both sides go on.

    As `cost`, over lengths as in `year`: long partitions decide, since conflicts grow with the square
    of the length until every key that both sides write is in conflict. The lengths stand as 12
    points, keys in classes: within 3%, worst where lengths spread a thousandfold over few keys.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: bailis-kingsbury-2014 for the default lengths; the sums follow from `cost`.

    >>> conflicts(12, 160, 17, 500, 0).lost_per_million
    0.0
    """
    shape, (often, median, wide, writes, share, number, exponent, ahead) = _aligned(
        partitions_per_year, median_s, spread, writes_per_s, minority_share, keys, skew, clock_ahead_s
    )
    lengths, weights = _lengths(median, wide, (-1, *[1] * len(shape)))
    split = _Keys(number, exponent, COARSE, writes, share, ahead, list(zip(lengths, weights, strict=True)))
    each_write = _ratio(1e6 * often, writes * YEAR_S)
    return Conflicts.later(
        shape,
        conflicting_keys=lambda: split.sum("met") * often / MONTHS,
        conflicts_per_million=lambda: _millions(each_write * split.sum("touched")),
        lost_per_million=lambda: _millions(each_write * split.sum("lost")),
    )


def _millions(value: Array) -> Array:
    return np.minimum(value, 1e6)


def _lengths(median: Array, spread: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Lengths that stand for the lognormal law, with weights that keep its moments: nodes by Gauss and Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    lengths = median * np.exp(nodes.reshape(shape) * np.log(spread) / P99)
    return np.minimum(lengths, LONGEST_S), (weights / weights.sum()).reshape(shape)


def _cut_short(at: Array, median: Array, spread: Array) -> tuple[Array, Array]:
    """The mean length of partitions cut short at a length, and the share that is longer."""
    sigma = np.maximum(np.log(spread) / P99, 1e-9)
    with np.errstate(divide="ignore"):
        away = (np.log(at) - np.log(median)) / sigma
    longer = ndtr(-away)
    return median * np.exp(sigma * sigma / 2) * ndtr(away - sigma) + at * longer, longer


def _cost_sentence(inputs: Mapping[str, Any], result: Cost) -> str:
    return (
        f"In {duration(inputs['duration_s'])} a majority that goes on alone refuses "
        f"{several(result.refused_writes, 'write')} and {several(result.refused_reads, 'read')}; if both sides go on, "
        f"{several(result.conflicting_keys, 'key', 'conflict')}, and the last write drops "
        f"{count(result.lost_writes)} others."
    )


def _year_sentence(inputs: Mapping[str, Any], result: Year) -> str:
    return (
        f"The minority side is cut off {duration(result.cut_off_min * 60)} a month: refusing costs "
        f"{amount(result.refused_per_million)} requests in a million, a takeover without fencing "
        f"{amount(result.takeover_per_million)} writes in a million. "
        f"{percent(result.outlast_share)} of partitions outlast {duration(inputs['detection_s'])}."
    )


def _conflicts_sentence(inputs: Mapping[str, Any], result: Conflicts) -> str:
    return (
        f"Both sides write {several(result.conflicting_keys, 'key')} a month while they are split; the last write "
        f"drops {amount(result.lost_per_million)} of a million writes."
    )


MODELS = (
    Model(cost, SPLIT, _cost_sentence, "00-cap", "00-cap/partition-cost"),
    Model(year, SPLIT, _year_sentence, "00-cap", "00-cap/partition-year"),
    Model(conflicts, SPLIT, _conflicts_sentence, "00-cap", "00-cap/conflicts"),
)
