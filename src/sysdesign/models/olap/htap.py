"""Analytic queries beside transactions: what they do to each other, and how old the answers are, by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import Unstable
from sysdesign.models import replication
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.olap.sharing import beside, ends_per_s, in_slots, levels
from sysdesign.models.wording import duration, percent
from sysdesign.probability.elementwise import broadcast, plain

Path = Literal["primary", "dual", "replica", "log", "batch"]


@dataclass(frozen=True)
class Htap:
    """Transactions beside queries, and what the queries see."""

    age_s: Annotated[float, Output("Age of what a query sees, mean", "s")]
    age_p99_s: Annotated[float, Output("Age of what a query sees, 99th percentile", "s")]
    transaction_time_s: Annotated[float, Output("Time of a transaction, mean", "s")]
    during_s: Annotated[float, Output("Time of a transaction while its machine runs queries or a batch", "s")]
    slower: Annotated[float, Output("Time of a transaction, over that without queries and copies", "times")]
    beside_share: Annotated[float, Output("Time in which queries or a batch run beside transactions", "share")]
    transactions_left: Annotated[float, Output("Most transactions beside full slots, of those alone", "share")]
    query_time_s: Annotated[float, Output("Time of a query with its wait, mean", "s")]
    busy_share: Annotated[float, Output("Cores of the transactions' machine in use", "share")]


@dataclass(frozen=True)
class _Met:
    """What transactions meet: shares of time, by how much runs beside them, and their mean number in each."""

    shares: np.ndarray
    transactions: np.ndarray
    beside_cores: np.ndarray  # mean of the cores that queries or batches take from them
    left: np.ndarray
    query_s: np.ndarray
    age: np.ndarray
    late: np.ndarray


@checked
def htap(
    path: Annotated[
        Path,
        Input(
            "Where queries run",
            default="primary",
            help="dual: columns in the same engine; replica: of rows; log, batch: columns elsewhere, fed so.",
        ),
    ] = "primary",
    transactions_per_s: Annotated[float, Input("Transactions", "1/s", low=0.001, high=1e7, default=4000)] = 4000,
    transaction_s: Annotated[
        float, Input("Core time of a transaction", "s", low=1e-6, high=100, default=0.003)
    ] = 0.003,
    cores: Annotated[float, Input("Cores of the transactions' machine", low=1, high=512, default=16)] = 16,
    queries_per_s: Annotated[float, Input("Queries", "1/s", low=0, high=1e5, default=0.05)] = 0.05,
    query_s: Annotated[float, Input("Core time of a query over whole rows", "s", low=1e-3, high=1e8, default=40)] = 40,
    query_threads: Annotated[float, Input("Threads of a query", low=1, high=512, default=8)] = 8,
    slots: Annotated[int, Input("Queries at once; others wait", low=1, high=32, default=4)] = 4,
    column_gain: Annotated[
        float, Input("Work over whole rows, over that over columns", "times", low=1, high=10000, default=20)
    ] = 20,
    upkeep_share: Annotated[
        float,
        Input(
            "Work for the copy, of a transaction's",
            "share",
            low=0,
            high=10,
            default=0.1,
            help="Shipping the log, or keeping columns in step; batches and queries on the rows have none.",
        ),
    ] = 0.1,
    copy_cores: Annotated[float, Input("Cores of the copy's machine", low=1, high=512, default=16)] = 16,
    changes_per_s: Annotated[float, Input("Changes to copy", "1/s", low=0.001, high=1e7, default=1000)] = 1000,
    applies_per_s: Annotated[
        float, Input("Changes that the copy applies, alone on its machine", "1/s", low=0.01, high=1e8, default=20000)
    ] = 20000,
    burst_factor: Annotated[
        float, Input("Rate of changes in a burst, over the rate outside", low=1, high=1000, default=4)
    ] = 4,
    way_s: Annotated[float, Input("Way to the copy", "s", low=0, high=1e5, default=0.05)] = 0.05,
    interval_s: Annotated[float, Input("From one batch to the next", "s", low=1, high=1e7, default=900)] = 900,
    run_s: Annotated[
        float, Input("From a batch's start until it can be read", "s", low=0, high=1e7, default=300)
    ] = 300,
    extract_s: Annotated[
        float, Input("Core time that a batch takes from the source", "s", low=0, high=1e8, default=60)
    ] = 60,
    connections: Annotated[
        float, Input("Transactions at once, at most", low=1, high=1e5, default=64, help="For the most transactions.")
    ] = 64,
) -> Htap:
    """Transactions beside analytic queries: how much slower they get, and how fresh answers are, by path.

    Threads share the cores of their machine alike (processor sharing). Queries last far longer than transactions,
    so while j of them run, transactions meet j times query_threads threads that stay. Beside K such
    threads on c cores, n transactions end at the rate n min(1, c / (n + K)) in units of their core time, whatever
    its law (insensitivity). With c = 1 a transaction takes (K + 1) / (1 - load) times its core time; with K = 0 it
    is M/M/c. Queries come at random with exponential work, `slots` at once at most, at the pace that
    transactions leave them. Most transactions are those of so many connections without a pause, beside full slots.

    On a copy the one thread that applies changes shares with queries as each of theirs does. Its lag is that of
    `replication.lag`, as a change sees it, at the pace beside as many queries as run; queries are taken to last longer
    than the lag, which is the slow and worst case. The 99th percentile is that beside full slots. A batch
    starts each interval, or when the one before has ended, and extracts with query_threads threads.

    Pages pushed out of a cache, locks, old row versions and conflicts of writes are left out. Elementwise over
    arrays. Raises Unstable where transactions, queries or changes come faster than they are done.
    Source: huang-2020 measured a tenth fewer transactions at most beside queries on log-fed columns, which is the
    default of upkeep_share.

    >>> one = htap(transactions_per_s=50, transaction_s=0.01, cores=1, queries_per_s=0, query_threads=1)
    >>> round(one.transaction_time_s, 9), round(one.during_s, 9)  # alone, and beside one thread that stays
    (0.02, 0.04)
    """
    names = "rate each cores asked work threads slots gain upkeep copy_cores changes applies burst way "
    names += "interval run extract clients"
    here = (transactions_per_s, transaction_s, cores, queries_per_s, query_s, query_threads, slots, column_gain)
    there = (upkeep_share, copy_cores, changes_per_s, applies_per_s, burst_factor, way_s)
    each = broadcast(*here, *there, interval_s, run_s, extract_s, connections)
    at: dict[str, Any] = dict(zip(names.split(), each, strict=True))
    if path in ("primary", "batch"):
        at["upkeep"] = np.zeros_like(at["upkeep"])
    if path not in ("primary", "replica"):
        at["work"] = at["work"] / at["gain"]
    at["load"] = at["rate"] * at["each"] * (1 + at["upkeep"])
    _refuse(at["load"] >= at["cores"], "Transactions ask for more than all cores", "give more cores")
    met = WAYS[path](at)
    alone = beside(at["rate"] * at["each"], at["cores"], np.zeros_like(at["rate"]))[0]
    in_system = (met.shares * met.transactions).sum(axis=0)
    meeting = met.shares[1:].sum(axis=0)
    during = (met.shares[1:] * met.transactions[1:]).sum(axis=0) / np.maximum(meeting, 1e-300)
    during = np.where(meeting > 1e-290, during, met.transactions[min(1, len(met.transactions) - 1)])
    busy = np.minimum((at["load"] + met.beside_cores) / at["cores"], 1.0)
    # All work that shares the cores takes as long a unit of it, so what a transaction takes leaves the upkeep out.
    unit = at["each"] / at["load"]
    times = (in_system * unit, during * unit, in_system * unit * at["rate"] / alone)
    found = (met.age, met.late, *times, meeting, met.left, met.query_s, busy)
    return Htap(*map(plain, np.broadcast_arrays(*found)))


Given = Mapping[str, Any]


def _together(at: Given) -> _Met:
    """Queries on the machine of the transactions."""
    none = np.zeros_like(at["rate"])
    standing = np.concatenate((none[None], levels(at["slots"]) * at["threads"]))
    transactions, pace = beside(at["load"], at["cores"], standing)
    shares, line = _queries(at, pace[1:])
    left = _most(at, at["slots"] * at["threads"])
    return _Met(shares, transactions, at["asked"] * at["work"], left, _waited(at, line, pace[1]), none, none)


def _apart(at: Given) -> _Met:
    """Queries on a copy that applies changes with one thread among theirs."""
    standing = levels(at["slots"]) * at["threads"]
    pace = np.minimum(1, at["copy_cores"] / (standing + 1))
    shares, line = _queries(at, pace)
    applies = at["applies"] * np.concatenate((np.ones((1, *at["rate"].shape)), pace))
    refused = "Changes come faster than the copy applies them beside full slots"
    _refuse(at["changes"] >= applies[-1], refused, "give the copy more cores or fewer slots")
    lag = replication.lag(at["changes"], applies, burst_factor=at["burst"], delay_s=at["way"])
    age, late = (shares * lag.mean_s).sum(axis=0), np.asarray(lag.p99_s)[-1]
    none = np.zeros_like(at["rate"])
    transactions = beside(at["load"], at["cores"], none)[0][None]
    return _Met(np.ones_like(transactions), transactions, none, _most(at, none), _waited(at, line, pace[0]), age, late)


def _batched(at: Given) -> _Met:
    """Queries on a copy that batches fill, which are extracted beside transactions."""
    none = np.zeros_like(at["rate"])
    standing = levels(at["slots"]) * at["threads"]
    _, line = _queries(at, np.minimum(1, at["copy_cores"] / standing))
    between = np.maximum(at["interval"], at["run"])
    transactions, pace = beside(at["load"], at["cores"], np.stack((none, at["threads"])))
    part = np.minimum(at["extract"] / (at["threads"] * pace[1]) / between, 1)
    left = 1 - part * (1 - _most(at, at["threads"]))
    query_s = _waited(at, line, np.minimum(1, at["copy_cores"] / at["threads"]))
    age, late = at["run"] + between / 2, at["run"] + between * 0.99
    return _Met(np.stack((1 - part, part)), transactions, part * pace[1] * at["threads"], left, query_s, age, late)


def _queries(at: Given, pace: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ends = ends_per_s(at["work"], at["threads"], at["slots"], pace)
    _refuse(at["asked"] >= ends[-1], "Queries come faster than full slots end them", "give more cores, or columns")
    return in_slots(at["asked"], ends, at["slots"])


def _waited(at: Given, line: np.ndarray, pace: np.ndarray) -> np.ndarray:
    """Little's law; a query that comes alone where none are asked."""
    alone = at["work"] / (at["threads"] * pace)
    return np.where(at["asked"] > 1e-290, line / np.maximum(at["asked"], 1e-290), alone)


def _most(at: Given, standing: np.ndarray) -> np.ndarray:
    """Share of the most transactions that connections without a pause get beside threads that stay."""
    beside_them = at["clients"] * np.minimum(1, at["cores"] / (at["clients"] + standing))
    return beside_them / np.minimum(at["clients"], at["cores"]) / (1 + at["upkeep"])


def _refuse(where: np.ndarray, found: str, instead: str) -> None:
    if np.any(where):
        raise Unstable(f"{found}, so a line grows without end; {instead}", where)


WAYS = {
    "primary": _together,
    "dual": _together,
    "replica": _apart,
    "log": _apart,
    "batch": _batched,
}


def _met(inputs: Mapping[str, Any], result: Htap) -> str:
    return (
        f"Transactions take {duration(result.transaction_time_s)}, {result.slower:.3g} times as long as alone, and "
        f"{duration(result.during_s)} where something runs beside them, {percent(result.beside_share)} of the time; "
        f"queries take {duration(result.query_time_s)} and see what is {duration(result.age_s)} old."
    )


MODELS = (
    Model(
        htap, "By which path should analytic queries see the data?", _met, "19-olap-oltp", "19-olap-oltp/interference"
    ),
)
