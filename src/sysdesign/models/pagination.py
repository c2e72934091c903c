"""Pages of a list: the rows read for each, and what writes between two pages make a client miss or see twice.

Units: `_s` seconds, `_us` microseconds, `_per_s` per second, `_share` fractions of 1; the rest counts rows or pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
from scipy.special import chndtr, ive, ndtr

from sysdesign.errors import Unstable
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import amount, count, duration, percent
from sysdesign.probability.elementwise import broadcast, plain

# Midpoints of a walk at which its pages are looked at, with their weights: exact for polynomials of degree 15.
POINTS, WEIGHTS = (each / 2 for each in np.polynomial.legendre.leggauss(8))
LARGE = 500.0  # changes between two pages from which their sum is taken as normal


@dataclass(frozen=True)
class Walk:
    """Rows that a store reads for one page and for a whole list, by offset and behind a key."""

    pages: Annotated[float, Output("Pages of the list")]
    offset_rows: Annotated[float, Output("Rows read for that page, by offset")]
    keyset_rows: Annotated[float, Output("Rows read for that page, behind a key")]
    offset_s: Annotated[float, Output("Time of that page, by offset", "s")]
    keyset_s: Annotated[float, Output("Time of that page, behind a key", "s")]
    offset_walk_rows: Annotated[float, Output("Rows read for all pages, by offset")]
    keyset_walk_rows: Annotated[float, Output("Rows read for all pages, behind a key")]
    offset_walk_s: Annotated[float, Output("Time for all pages in turn, by offset", "s")]
    keyset_walk_s: Annotated[float, Output("Time for all pages in turn, behind a key", "s")]
    walk_ratio: Annotated[float, Output("Rows read by offset, over those behind a key")]


@checked
def walk(
    rows: Annotated[float, Input("Rows of the list", low=1, high=1e12, default=1e6)] = 1e6,
    page_rows: Annotated[float, Input("Rows of a page", low=1, high=1e6, default=100)] = 100,
    page: Annotated[float, Input("Number of the page, from 1", low=1, high=1e12, default=1000,
                                 help="past the end of the list it is the last one")] = 1000,
    row_us: Annotated[float, Input("Time to read one row", "us", low=0.001, high=1e6, default=5)] = 5,
    trip_s: Annotated[float, Input("Time of a page without its rows", "s", low=0, high=1000, default=0.1,
                                   help="the way to the client and back, and the request itself")] = 0.1,
) -> Walk:  # fmt: skip
    """The rows read for a page of a list, and for the whole list page by page.

    An offset counts from the top: for page k of n rows the store reads k n rows and keeps the last n, up to the end.
    A walk over all N rows in P pages so reads about N (P + 1) / 2. Behind a key it begins at the last row seen and
    reads n + 1, the one more to know whether there is a next page: N and one for each page but the last in all.

    Both read an index in the order of the list; without one each page sorts what the filter leaves. A row is taken
    to cost the same at any depth: in memory and on disk they differ, so give the time of where the rows are.
    Elementwise over arrays. Raises InvalidInput where an input is out of range. Follows from counting;
    pganalyze-offset has the rows of an offset.

    >>> walk(1_000_000, 100).offset_walk_rows
    5000500000.0
    """
    total, size, asked, each_us, trip = broadcast(rows, page_rows, page, row_us, trip_s)
    pages = np.ceil(total / size)
    at = np.minimum(asked, pages)
    read = np.minimum(at * size, total)
    behind = np.minimum(size + 1, total - (at - 1) * size)
    walked = size * pages * (pages - 1) / 2 + total
    kept = total + pages - 1
    row = each_us * 1e-6
    found = (
        pages, read, behind, trip + read * row, trip + behind * row, walked, kept,
        pages * trip + walked * row, pages * trip + kept * row, walked / kept,
    )  # fmt: skip
    return Walk(*map(plain, found))


@dataclass(frozen=True)
class Drift(Lazy):
    """What a client that walks a list while it changes misses, and what it gets twice."""

    pages: Annotated[float, Output("Pages until the end, by offset")]
    walk_s: Annotated[float, Output("Time of the walk, by offset", "s")]
    repeated: Annotated[float, Output("Rows that come again, by offset")]
    missed: Annotated[float, Output("Rows that stay and are missed, by offset")]
    repeated_share: Annotated[float, Output("Repeats in what an offset delivers", "share")]
    missed_share: Annotated[float, Output("Rows of the list that an offset misses", "share")]
    keyset_missed: Annotated[float, Output("Rows that are missed behind a key")]
    keyset_missed_share: Annotated[float, Output("Rows of the list that are missed behind a key", "share")]


@checked
def drift(
    rows: Annotated[float, Input("Rows of the list", low=1, high=1e12, default=100_000)] = 100_000,
    page_rows: Annotated[float, Input("Rows of a page", low=1, high=1e6, default=100)] = 100,
    page_s: Annotated[float, Input("Time from one page to the next", "s", low=0.001, high=1e6, default=2)] = 2,
    inserts_per_s: Annotated[float, Input("Rows inserted", "1/s", low=0, high=1e8, default=5)] = 5,
    inserted: Annotated[
        Literal["first", "anywhere", "last"],
        Input("Where new rows stand", default="first",
              help="first: newest first; anywhere: sorted by a name or a random id; last: oldest first"),
    ] = "first",
    deletes_per_s: Annotated[float, Input("Rows deleted", "1/s", low=0, high=1e8, default=1,
                                          help="any row alike")] = 1,
    moves_per_s: Annotated[
        float, Input("Rows that move to the front", "1/s", low=0, high=1e8, default=0,
                     help="their sort value changes, as in a list by time of change, newest first; any row alike")
    ] = 0,
) -> Drift:  # fmt: skip
    """What page by page a client misses, or sees twice, in a list that changes meanwhile.

    An offset counts from the top. Each row that is inserted among those already read, or moves from behind to the
    front, pushes the boundary's last row onto the next page again; each row deleted among them pulls one that nobody
    has seen over the boundary. Changes between two pages are Poisson: with S the pushes less the pulls, a page
    repeats the mean of max(S, 0) rows and misses that of max(-S, 0), integrated over the walk, in which the part
    already read grows from nothing to all. Behind a key neither happens to rows that keep their key; one that moves
    to the front before it was reached is missed in both ways.

    Without inserts each two deletions during a walk hide one row that stays. A row that comes several times counts
    each time. How many rows move away is computed as if the list kept its length.
    Elementwise over arrays. Raises InvalidInput where an input is out of range, Unstable where rows come at least as
    fast as pages pass them, so that a walk never ends. Follows from the rules; no source needed.

    >>> round(drift(100_000, 100, 2, 5, "first", 0).repeated_share, 3)
    0.1
    """
    total, size, wait, born, died, moved = broadcast(rows, page_rows, page_s, inserts_per_s, deletes_per_s, moves_per_s)
    gained = size / wait - born + died
    _refuse_endless(gained, size / wait, born)
    time = total / gained
    pages = np.maximum(time / wait, 1)
    front = {"first": 1.0, "anywhere": 0.0, "last": 0.0}[inserted]
    spread = 1.0 if inserted == "anywhere" else 0.0
    # How much of the list is read at points of the walk, last axis; the list's length changes on the way.
    at = 0.5 + POINTS
    seen = at * (time * size / wait)[..., None] / (total[..., None] + (born - died)[..., None] * at * time[..., None])
    seen = np.clip(seen, 0, 1)
    pushes = wait[..., None] * (born[..., None] * (front + spread * seen) + moved[..., None] * (1 - seen))
    pulls = wait[..., None] * died[..., None] * seen
    seams = pages - 1
    fled = cache(lambda: np.minimum(moved * time * ((1 - seen) @ WEIGHTS), total))
    excesses = cache(lambda: _excesses(*np.broadcast_arrays(pushes, pulls)))
    repeated = cache(lambda: seams * (excesses()[0] @ WEIGHTS))
    missed = cache(lambda: np.minimum(seams * (excesses()[1] @ WEIGHTS) + fled(), total))
    kept = cache(lambda: _moved_away(total, size / wait, died, moved))
    return Drift.later(
        total.shape,
        pages=lambda: pages,
        walk_s=lambda: time,
        repeated=repeated,
        missed=missed,
        repeated_share=lambda: np.minimum(repeated() / (pages * size), 1),
        missed_share=lambda: missed() / total,
        keyset_missed=kept,
        keyset_missed_share=lambda: kept() / total,
    )


def _refuse_endless(gained: np.ndarray, passed: np.ndarray, born: np.ndarray) -> None:
    if (endless := gained <= 0).any():
        at = np.unravel_index(int(np.argmax(endless)), gained.shape)
        raise Unstable(
            f"a client passes {amount(float(passed[at]))} rows a second and {amount(float(born[at]))} are inserted: "
            "it never reaches the end; give larger pages, less time between them, or fewer inserts"
        )


def _excesses(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The means of max(X - Y, 0) and of max(Y - X, 0) for Poisson X and Y of these means; normal where they are large.

    They lie as far apart as the means do, so the smaller of the two tells the other.
    """
    less, more = np.minimum(one, other), np.maximum(one, other)
    both = one + other
    small = np.zeros(both.shape)
    some, large = (less > 0) & (both < LARGE), both >= LARGE
    small[some] = _exact_excess(less[some], more[some])
    small[large] = _normal_excess(less[large], more[large])
    great = small + (more - less)
    return np.where(one > other, great, small), np.where(one > other, small, great)


def _normal_excess(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    deviation = np.sqrt(one + other)
    above = (one - other) / deviation
    found = (one - other) * ndtr(above) + deviation * np.exp(-(above**2) / 2) / np.sqrt(2 * np.pi)
    return np.maximum(found, 0)


def _exact_excess(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """With P(k) the chance that X - Y is k: x (P(0) + P(1)) + (x - y) P(2 and above)."""
    root = np.sqrt(one * other)
    scale = np.exp(-((np.sqrt(one) - np.sqrt(other)) ** 2))
    equal = scale * ive(0, 2 * root)
    # root * I(1, 2 root) / other, which for few of the second kind is 1 but for its square
    first = scale * one * np.where(root > 1e-8, ive(1, 2 * root) / np.maximum(root, 1e-300), 1.0)
    return one * (equal + first) + (one - other) * chndtr(2 * one, 4, 2 * other)


def _moved_away(rows: np.ndarray, passed: np.ndarray, died: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Rows that move before they are reached: what is not yet read falls by pages, deletions and moves."""
    lost = (died + moved) / passed
    few = lost < 1e-4
    share = np.where(few, lost / 2 - lost**2 / 3, 1 - np.log1p(lost) / np.where(few, 1, lost))
    return np.where(moved > 0, rows * moved / np.where(moved > 0, died + moved, 1) * share, 0.0)


def _walked(inputs: Mapping[str, Any], result: Walk) -> str:
    return (
        f"Page {count(min(inputs['page'], result.pages))} reads {count(result.offset_rows)} rows by offset and "
        f"{count(result.keyset_rows)} behind a key; all {count(result.pages)} pages read "
        f"{amount(result.walk_ratio)} times as many by offset and take {duration(result.offset_walk_s)} against "
        f"{duration(result.keyset_walk_s)}."
    )


def _drifted(inputs: Mapping[str, Any], result: Drift) -> str:
    return (
        f"By offset a walk takes {duration(result.walk_s)}; {percent(result.repeated_share)} of what comes has come "
        f"before and {percent(result.missed_share)} of the rows never come; behind a key "
        f"{percent(result.keyset_missed_share)} do not."
    )


MODELS = (
    Model(walk, "Offsets or keys for pages?", _walked, "02-rest", "02-rest/page-rows"),
    Model(drift, "What do pages of a changing list miss?", _drifted, "02-rest", "02-rest/page-drift"),
)
