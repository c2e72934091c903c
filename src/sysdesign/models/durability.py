"""Durability of storage: loss with copies or parity, rebuilds, sets of nodes that fail together, and backups.

Units: `_s` seconds, `_h` hours, `_d` days, `_bytes` bytes, `_share` fractions of 1. Elementwise over arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy.special import betainc, betaln, gammaln

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, size
from sysdesign.probability.elementwise import broadcast, plain

YEAR_H = 8760.0  # 365 days, as published tables count
LEAST = 1e-300
MOST_NINES = 300.0


@dataclass(frozen=True)
class Loss:
    """How likely a set of disks loses what it holds in a year, and what that costs in space."""

    annual_loss: Annotated[float, Output("Chance that a set loses data in a year", "share")]
    nines: Annotated[float, Output("Durability of a year, in nines")]
    sets_loss: Annotated[float, Output("Chance that any of the sets does", "share")]
    shared_part: Annotated[float, Output("Part of the loss that the shared cause has", "share")]
    window_loss: Annotated[float, Output("Chance of too many failures in one rebuild time", "share")]
    window_annual_loss: Annotated[float, Output("The same over a year of such windows, as often published", "share")]
    overhead: Annotated[float, Output("Bytes stored for each byte")]
    mean_years: Annotated[float, Output("Mean time to a loss by single failures", "years")]


@checked
def loss(
    data: Annotated[int, Input("Pieces of data in a set", low=1, high=200, default=10, help="1: copies")],
    parity: Annotated[int, Input("Further pieces: parity, or copies", low=0, high=20, default=4)],
    annual_failures: Annotated[
        float, Input("Failures of a disk a year", low=1e-6, high=10, default=0.01)
    ] = 0.01,
    rebuild_h: Annotated[float, Input("Time of a rebuild, mean", "h", low=1e-4, high=1e5, default=24)] = 24,
    shared_per_year: Annotated[
        float, Input("Events a year that destroy more of a set than it bears", low=0, high=10, default=0,
                     help="a fire, a faulty batch, a wrong command: what all pieces share")
    ] = 0,
    unreadable_share: Annotated[
        float, Input("Rebuilds without spare parity that meet an unreadable piece", "share", low=0, high=1, default=0)
    ] = 0,
    decodable_share: Annotated[
        float, Input("Losses of all spare pieces that can be decoded", "share", low=0, high=1, default=1,
                     help="1 for copies and Reed-Solomon codes; local codes decode some of them, and any of one less")
    ] = 1,
    sets: Annotated[float, Input("Sets of disks", low=1, high=1e12, default=1000)] = 1000,
    at_a_time: Annotated[
        Literal["all", "one"], Input("Failed pieces that are rebuilt at a time", default="all")
    ] = "all",
) -> Loss:  # fmt: skip
    """Loss of a set of disks by a chain of failures and rebuilds, with what all of them share.

    Disks fail at random, each on its own; each failed one is rebuilt in an exponential time. A set is lost when
    more pieces are gone than parity bears. The mean time to that is summed from state to state without a
    subtraction, so it holds at any number of nines. A shared cause strikes beside: the set survives a year if
    it survives both. `window_loss` is the binomial chance of too many failures within one rebuild time; counted
    once a window it misses what straddles two, and so gives 1 / (parity + 1) of the chain's loss.

    Assumes disks in their useful life, no loss without a failure, and pieces on different disks. What is
    deleted by mistake no redundancy brings back. Elementwise over arrays, but for `at_a_time`.
    Source: the window's method is Backblaze's (2018); the chain is the usual one of RAID's reliability.

    >>> f"{loss(17, 3, 0.00405, 156).window_loss:.3g}"
    '1.31e-13'
    """
    pieces, spare, failing, rebuild, shared, unread, decoded, many = broadcast(
        data, parity, annual_failures, rebuild_h, shared_per_year, unreadable_share, decodable_share, sets
    )
    rate, mend = failing / YEAR_H, 1 / rebuild
    years = _mean_to_loss(pieces, spare, rate, mend, unread, decoded, at_a_time == "one") / YEAR_H
    alone = 1 / years
    year = -np.expm1(-alone - shared)
    window = betainc(spare + 1, pieces, np.minimum(rate * rebuild, 1))  # more than `spare` of all
    windows = YEAR_H / rebuild
    found = (
        year, np.minimum(-np.log10(np.maximum(year, LEAST)), MOST_NINES), -np.expm1(-many * (alone + shared)),
        shared / (alone + shared), window, -np.expm1(windows * np.log1p(-np.minimum(window, 1 - 1e-16))),
        1 + spare / pieces, years,
    )  # fmt: skip
    return Loss(*(plain(each) for each in found))


def _mean_to_loss(
    pieces: np.ndarray, spare: np.ndarray, rate: np.ndarray, mend: np.ndarray, unread: np.ndarray,
    decoded: np.ndarray, single: bool,
) -> np.ndarray:  # fmt: skip
    """Hours until a set is lost: state by state, the time to leave upward and the chance that leaving is the loss."""
    total, below_h, below_lost = np.zeros_like(rate), np.zeros_like(rate), np.zeros_like(rate)
    reached = np.ones_like(rate)
    for gone in range(int(spare.max()) + 1):
        further = (pieces + spare - gone) * rate
        rebuilt = (min(gone, 1) if single else gone) * mend
        failing = np.where(gone == spare, rebuilt * unread, 0.0)
        up = np.where(gone >= spare, 0.0, np.where(gone == spare - 1, further * decoded, further))
        lost, back = further - up + failing, rebuilt - failing
        leave = up + lost + back * below_lost
        below_h, below_lost = (1 + back * below_h) / leave, (lost + back * below_lost) / leave
        total = total + np.where(gone <= spare, reached * below_h, 0.0)
        reached = reached * (up / leave)
    return total


@dataclass(frozen=True)
class Rebuild:
    """What the rebuild of one disk reads, and how long it takes."""

    rebuild_h: Annotated[float, Output("Time with the noticing", "h")]
    read_bytes: Annotated[float, Output("Bytes that are read", "B")]
    alone_h: Annotated[float, Output("Time if one new disk takes all", "h")]
    unreadable_share: Annotated[float, Output("Chance to meet an unreadable bit", "share")]


@checked
def rebuild(
    disk_bytes: Annotated[float, Input("Bytes on a disk", "B", low=1e6, high=1e15, default=20e12)],
    read_pieces: Annotated[
        float, Input("Pieces read for each one lost", low=1, high=200, default=10, help="1: copies; of a local group")
    ] = 10,
    helpers: Annotated[float, Input("Disks that take part", low=1, high=1e6, default=1000)] = 1000,
    rate_bytes_per_s: Annotated[
        float, Input("Bytes a second that a disk gives to it", "B/s", low=1e3, high=1e11, default=20e6)
    ] = 20e6,
    noticed_h: Annotated[float, Input("Time until it begins", "h", low=0, high=1e4, default=0.25)] = 0.25,
    write_bytes_per_s: Annotated[
        float, Input("Bytes a second that one new disk takes", "B/s", low=1e3, high=1e11, default=200e6)
    ] = 200e6,
    unreadable_bits: Annotated[
        float, Input("Unreadable bits, of those read", "share", low=0, high=1e-6, default=1e-15)
    ] = 1e-15,
) -> Rebuild:  # fmt: skip
    """How long a failed disk's data stands with less redundancy: by parity's reads, by helpers, by one new disk.

    With pieces spread over many disks each helper reads and writes a little; the reads are the lost bytes times
    the pieces that each needs. One new disk alone is bound by its own writes. The chance of an unreadable bit
    is that of all bits read. Follows from counting; no source needed.

    >>> round(rebuild(20e12).alone_h - 0.25, 1)
    27.8
    """
    disk, pieces, many, rate, noticed, writes, bad = broadcast(
        disk_bytes, read_pieces, helpers, rate_bytes_per_s, noticed_h, write_bytes_per_s, unreadable_bits
    )
    read = disk * pieces
    found = (
        noticed + read / (many * rate) / 3600, read, noticed + disk / writes / 3600,
        -np.expm1(read * 8 * np.log1p(-bad)),
    )  # fmt: skip
    return Rebuild(*(plain(each) for each in found))


@dataclass(frozen=True)
class Copysets:
    """The chance that some chunk loses all its copies when many nodes fail at once."""

    random_loss: Annotated[float, Output("Chance of a loss, placed at random", "share")]
    copyset_loss: Annotated[float, Output("Chance of a loss, placed by few sets", "share")]
    random_sets: Annotated[float, Output("Sets of nodes that hold a chunk, at random")]
    copyset_sets: Annotated[float, Output("Sets, as few as the scatter allows")]
    set_share: Annotated[float, Output("Chance that one set is gone", "share")]
    lost_chunks: Annotated[float, Output("Chunks lost on average, either way")]


@checked
def copysets(
    nodes: Annotated[float, Input("Nodes", low=3, high=1e6, default=5000)],
    failed: Annotated[float, Input("Nodes that do not return", low=0, high=1e6, default=50)],
    copies: Annotated[int, Input("Copies of a chunk", low=2, high=10, default=3)] = 3,
    scatter: Annotated[
        float, Input("Nodes over which a node's chunks are scattered", low=1, high=1e6, default=10)
    ] = 10,
    chunks: Annotated[float, Input("Chunks", low=1, high=1e15, default=1e7)] = 1e7,
) -> Copysets:  # fmt: skip
    """Random placement against few sets of nodes, when a power cut takes many nodes at once.

    A chunk is lost if the failed nodes hold all its copies. Placed at random within a scatter width S, a node's
    chunks use up to C(S, R - 1) sets; placed by permutations a node needs S / (R - 1). What is lost on average is
    the same: few sets lose seldom and much. S is at least R - 1 and at most all other nodes.

    Sets are taken as independent, which is near for few failures; racks are left out.
    Source: Cidon and others (2013). Raises InvalidInput where more nodes fail than there are.

    >>> round(copysets(5000, 50, scatter=10).copyset_loss, 4)
    0.0078
    """
    many, gone, of, wide, all_chunks = broadcast(nodes, failed, copies, scatter, chunks)
    if (gone > many).any():
        raise InvalidInput("failed is more than nodes; at most all of them fail")
    wide = np.clip(wide, of - 1, np.maximum(many - 1, of - 1))
    share = np.where(gone >= of, np.exp(np.minimum(_log_choose(gone, of) - _log_choose(many, of), 0)), 0.0)
    share = np.where(many < of, 1.0, share)
    most = np.exp(np.minimum(_log_choose(many, of), 690))
    random_sets = np.minimum(np.minimum(many * np.exp(_log_choose(wide, of - 1)), most), all_chunks)
    few = np.minimum(np.maximum(many * wide / (of * (of - 1)), 1), random_sets)
    safe = np.log1p(-np.minimum(share, 1 - 1e-16))
    found = (-np.expm1(random_sets * safe), -np.expm1(few * safe), random_sets, few, share, all_chunks * share)
    return Copysets(*(plain(each) for each in found))


def _log_choose(of: np.ndarray, taken: np.ndarray) -> np.ndarray:
    of = np.maximum(of, taken)
    large = of > 1e5  # where logarithms of factorials lose digits
    exact = gammaln(of + 1) - gammaln(taken + 1) - gammaln(of - taken + 1)
    return np.where(large, -np.log1p(of) - betaln(of - taken + 1, taken + 1), exact)


@dataclass(frozen=True)
class Backup:
    """What a backup keeps, loses and takes to restore."""

    kept_bytes: Annotated[float, Output("Bytes that are kept", "B")]
    kept_share: Annotated[float, Output("The same, times the data")]
    restore_s: Annotated[float, Output("Time to restore, mean", "s")]
    lost_s: Annotated[float, Output("Last writes that are lost, mean", "s")]
    lost_worst_s: Annotated[float, Output("Last writes that are lost, at most", "s")]
    bad_share: Annotated[float, Output("Restores that find the chain broken", "share")]
    reached_share: Annotated[float, Output("Corruptions whose beginning the kept time still covers", "share")]


@checked
def backup(
    data_bytes: Annotated[float, Input("Data", "B", low=1e3, high=1e18, default=10e12)],
    every_h: Annotated[float, Input("Time between backups", "h", low=1e-3, high=1e5, default=24)] = 24,
    full_every: Annotated[
        float, Input("Backups from one full one to the next", low=1, high=1e5, default=7, help="1: each is full")
    ] = 7,
    kept_d: Annotated[float, Input("Time that backups are kept", "d", low=0.01, high=1e4, default=30)] = 30,
    changed_share: Annotated[
        float, Input("Data that changes in a day", "share", low=0, high=1, default=0.02)
    ] = 0.02,
    log_lag_s: Annotated[
        float, Input("Lag of a log that is kept beside", "s", low=0, high=1e7, default=1e7, help="1e7: no log")
    ] = 1e7,
    restore_bytes_per_s: Annotated[float, Input("Rate of restoring", "B/s", low=1e3, high=1e12, default=500e6)] = 500e6,
    start_s: Annotated[float, Input("Time until restoring begins", "s", low=0, high=1e7, default=1800)] = 1800,
    broken_per_year: Annotated[
        float, Input("Faults a year that break a chain unseen", low=0, high=100, default=0.5)
    ] = 0.5,
    drill_every_d: Annotated[
        float, Input("Time between restores that are tried", "d", low=0.01, high=1e5, default=90)
    ] = 90,
    noticed_d: Annotated[float, Input("Time until damage is noticed, mean", "d", low=1e-4, high=1e4, default=3)] = 3,
) -> Backup:  # fmt: skip
    """What a chain of full and incremental backups costs and gives, with a log beside or without.

    An increment holds what changed since the one before. A restore reads the full one, the increments since,
    on average half of them, and with a log what changed since the last one. Without a log the writes since the
    last backup are gone. A chain that breaks unseen is found at the next drill, so a restore comes at a random
    time of that interval: the chance that it has broken by then is averaged. Damage is noticed after an
    exponential time; a kept time shorter than that has only damaged backups.

    Change is taken as even, each day on other data up to all of it. Compression and copies are left out.
    Elementwise over arrays. Follows from counting and renewal; no source needed.

    >>> round(backup(10e12, full_every=1).restore_s / 3600, 2)
    6.06
    """
    whole, every, chain, kept, changed, lag, rate, start, broken, drill, noticed = broadcast(
        data_bytes, every_h, full_every, kept_d, changed_share, log_lag_s, restore_bytes_per_s, start_s,
        broken_per_year, drill_every_d, noticed_d,
    )  # fmt: skip
    step_d = every / 24
    part = np.minimum(changed * step_d, 1)  # of the data, in one increment
    chains = np.maximum(kept / (chain * step_d), 1) + np.where(chain > 1, 1.0, 0.0)  # the oldest while it is needed
    logged = lag < np.minimum(every * 3600, 1e7)
    log_kept = np.where(logged, changed * kept, 0.0)
    kept_share = chains * (1 + part * (chain - 1)) + log_kept
    read = whole * (1 + part * (chain - 1) / 2 + np.where(logged, part / 2, 0.0))
    hazard = broken * drill / 365.25
    bad = np.where(hazard > 1e-8, 1 + np.expm1(-hazard) / np.maximum(hazard, LEAST), hazard / 2)
    found = (
        whole * kept_share, kept_share, start + read / rate, np.where(logged, lag, every * 1800),
        np.where(logged, lag, every * 3600), bad, -np.expm1(-kept / noticed),
    )  # fmt: skip
    return Backup(*(plain(each) for each in found))


def _lost(inputs: Mapping[str, Any], result: Loss) -> str:
    return (
        f"A set loses data in a year with a chance of {result.annual_loss:.2g}, {result.nines:.1f} nines, for "
        f"{amount(result.overhead)} bytes stored a byte; of all sets one does with a chance of "
        f"{percent(result.sets_loss) if result.sets_loss > 1e-6 else f'{result.sets_loss:.2g}'}."
    )


def _rebuilt(inputs: Mapping[str, Any], result: Rebuild) -> str:
    return (
        f"The rebuild reads {size(result.read_bytes)} and takes {duration(result.rebuild_h * 3600)}; by one new disk "
        f"alone {duration(result.alone_h * 3600)}."
    )


def _cut(inputs: Mapping[str, Any], result: Copysets) -> str:
    return (
        f"Data is lost with a chance of {percent(result.random_loss)} if chunks are placed at random, and "
        f"{percent(result.copyset_loss)} by few sets."
    )


def _backed(inputs: Mapping[str, Any], result: Backup) -> str:
    return (
        f"{size(result.kept_bytes)} are kept; a restore takes {duration(result.restore_s)} and loses the last "
        f"{duration(result.lost_s)} on average. {percent(result.bad_share)} of restores find the chain broken."
    )


COPIES = "Copies or parity?"
MODELS = (
    Model(loss, COPIES, _lost, "09-storage", "09-storage/loss"),
    Model(rebuild, COPIES, _rebuilt, "09-storage", "09-storage/rebuild"),
    Model(
        copysets, "Over how many nodes should a node's data be scattered?", _cut, "09-storage", "09-storage/copysets"
    ),
    Model(backup, "How should data be backed up?", _backed, "09-storage", "09-storage/backup"),
)
