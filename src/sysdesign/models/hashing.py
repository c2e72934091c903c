"""Hashing keys to nodes: how even the load is, how many keys move on a resize, what a hot key does.

Hashes are taken as uniform and independent. The closed forms follow from that; the drawn
models place real keys with real hashes and give 95% intervals. Loads are multiples of the
average node's, shares 0 to 1. Nodes are equal; a key is counted once whatever its traffic,
but in `hot_keys`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models import hashing_kernels as kernels
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.elementwise import plain
from sysdesign.models.interval import interval_of, replicate
from sysdesign.models.wording import count, percent

Algorithm = Literal["ring", "jump", "rendezvous", "modulo", "bounded"]
MOST_POINTS = 5_000_000
MOST_SCORES = 50_000_000

Nodes = Annotated[int, Input("Nodes", low=1, high=1_000_000, default=10)]
Points = Annotated[int, Input("Points of each node (virtual nodes)", low=1, high=100_000, default=100)]
Confidence = Annotated[float, Input("Share of nodes in the interval", "share", low=0.5, high=0.9999, default=0.99)]
Seed = Annotated[int, Input("Seed", low=0, high=2**31 - 1, default=1)]
Keys = Annotated[int, Input("Keys", low=1, high=1_000_000, default=10_000)]
Slack = Annotated[
    float, Input("Load allowed above the average (bounded loads)", "share", low=0.01, high=10, default=0.25)
]
Width = Annotated[float, Input("Half width of the interval to stop at", "share", low=1e-3, high=1, default=0.05)]
Draws = Annotated[int, Input("Most draws", low=5, high=2000, default=20)]


@dataclass(frozen=True)
class RingSpread:
    """Load of one node of a ring, in multiples of the average."""

    std_error: Annotated[float, Output("Standard error of a node's load")]
    low: Annotated[float, Output("Low end of a node's load")]
    high: Annotated[float, Output("High end of a node's load")]
    largest: Annotated[float, Output("Load of the fullest node (median)")]
    memory_bytes: Annotated[float, Output("Memory of the ring, 16 bytes a point", "B")]


@checked
def ring(nodes: Nodes, points_per_node: Points, confidence: Confidence = 0.99) -> RingSpread:
    """Spread of load over a consistent-hash ring, in closed form.

    n nodes with v random points each own shares that are Beta(v, (n - 1) v), with standard
    error sqrt((n - 1) / (n v + 1)), near 1 / sqrt(v). Counts the arcs, as with endlessly
    many keys of equal traffic; few keys add their own noise (see `spread`). The fullest
    node's median takes nodes as independent, which shares of a whole nearly are from ten
    nodes on. Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: lamping-veach-2014 gives the same by simulation.

    >>> round(ring(1000, 100).std_error, 3)
    0.1
    """
    n, v = np.asarray(nodes, dtype=float), np.asarray(points_per_node, dtype=float)
    rest = np.maximum((n - 1) * v, 1e-9)  # one node owns everything: the limit of a Beta
    tail = (1 - np.asarray(confidence)) / 2
    return RingSpread(
        std_error=plain(np.sqrt((n - 1) / (n * v + 1))),
        low=plain(np.where(n > 1, n * special.betaincinv(v, rest, tail), 1.0)),
        high=plain(np.where(n > 1, n * special.betaincinv(v, rest, 1 - tail), 1.0)),
        largest=plain(np.where(n > 1, n * special.betaincinv(v, rest, 0.5 ** (1 / n)), 1.0)),
        memory_bytes=plain(16 * n * v),
    )


@dataclass(frozen=True)
class RingDrawn:
    """Load of a ring's nodes over drawn rings, in multiples of the average."""

    std_error: Annotated[float, Output("Standard error of a node's load")]
    std_error_low: Annotated[float, Output("Low end of its 95% interval")]
    std_error_high: Annotated[float, Output("High end of its 95% interval")]
    low: Annotated[float, Output("Low end of a node's load")]
    high: Annotated[float, Output("High end of a node's load")]
    largest: Annotated[float, Output("Load of the fullest node (mean)")]
    rings: Annotated[int, Output("Rings drawn")]


@checked
def ring_drawn(
    nodes: Nodes,
    points_per_node: Points,
    confidence: Confidence = 0.99,
    seed: Seed = 1,
    relative_width: Width = 0.05,
    most_draws: Draws = 20,
) -> RingDrawn:
    """Spread of load over a consistent-hash ring, by drawing rings.

    Draws the points, sorts them, measures the arcs; repeats until the standard error's
    interval is as narrow as asked, `most_draws` is reached, or 40 million points are drawn
    (five rings at least).
    Raises InvalidInput where the ring would have more than 5 million points.
    """
    _refuse_large_ring(nodes, points_per_node)
    salts = _salts(seed, most_draws)
    pooled = []

    def run(number: int) -> tuple[float, float]:
        points = _quiet(kernels.ring_points, int(nodes), int(points_per_node), salts[number])
        loads = _quiet(kernels.arc_shares, points, int(nodes)) * nodes
        pooled.append(loads)
        return float(loads.std()), float(loads.max())

    affordable = 40_000_000 // (int(nodes) * int(points_per_node))
    rows = replicate(run, float(relative_width), max(5, min(int(most_draws), affordable)))
    interval = interval_of(rows[:, 0])
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(pooled), [tail, 1 - tail])
    return RingDrawn(
        std_error=interval.mean,
        std_error_low=interval.low,
        std_error_high=interval.high,
        low=float(low),
        high=float(high),
        largest=float(rows[:, 1].mean()),
        rings=len(rows),
    )


@dataclass(frozen=True)
class KeySpread:
    """Keys on nodes, in multiples of the average node's."""

    std_error: Annotated[float, Output("Standard error of a node's keys")]
    std_error_low: Annotated[float, Output("Low end of its 95% interval")]
    std_error_high: Annotated[float, Output("High end of its 95% interval")]
    largest: Annotated[float, Output("Keys of the fullest node")]
    smallest: Annotated[float, Output("Keys of the emptiest node")]
    displaced: Annotated[float, Output("Keys not at their first choice (bounded loads)", "share")]
    draws: Annotated[int, Output("Placements drawn")]


@checked
def spread(
    algorithm: Annotated[Algorithm, Input("Algorithm", default="ring")],
    nodes: Nodes,
    keys: Keys,
    points_per_node: Points = 100,
    slack: Slack = 0.25,
    seed: Seed = 1,
    relative_width: Width = 0.05,
    most_draws: Draws = 20,
) -> KeySpread:
    """How evenly an algorithm spreads keys over nodes, by placing them.

    ring: the first point at or after the key. bounded: the same, but a node takes no more
    than ceil((1 + slack) keys / nodes) and the key walks on. jump and rendezvous: without
    points. modulo: hash modulo nodes. The last three differ from each other only by chance
    here; they differ in what moves (`moved`) and in cost. Fewer keys than ten a node is
    mostly noise of the keys themselves.
    Raises InvalidInput where a ring exceeds 5 million points or nodes times keys 50 million
    for rendezvous, which scores each pair.
    Source: lamping-veach-2014 for jump, mirrokni-2016 for bounded loads.
    """
    _refuse_work(algorithm, nodes, points_per_node, keys)
    salts = _salts(seed, most_draws)

    def run(number: int) -> tuple[float, float, float, float]:
        hashed = _hashes(int(keys), salts[number])
        places = _place(algorithm, hashed, int(nodes), int(points_per_node), float(slack), salts[number])
        loads = np.bincount(places, minlength=int(nodes)) * (nodes / keys)
        displaced = 0.0
        if algorithm == "bounded":
            wished = _place("ring", hashed, int(nodes), int(points_per_node), float(slack), salts[number])
            displaced = float(np.mean(wished != places))
        return float(loads.std()), float(loads.max()), float(loads.min()), displaced

    rows = replicate(run, float(relative_width), int(_affordable(algorithm, nodes, points_per_node, keys, most_draws)))
    interval = interval_of(rows[:, 0])
    return KeySpread(
        std_error=interval.mean,
        std_error_low=max(0.0, interval.low),
        std_error_high=interval.high,
        largest=float(rows[:, 1].mean()),
        smallest=float(rows[:, 2].mean()),
        displaced=float(rows[:, 3].mean()),
        draws=len(rows),
    )


@dataclass(frozen=True)
class Moved:
    """Keys that change their node when the number of nodes changes."""

    moved: Annotated[float, Output("Keys that move", "share")]
    fewest: Annotated[float, Output("Fewest that must move to stay even", "share")]
    times_fewest: Annotated[float, Output("Times the fewest")]


def _moved(moved: np.ndarray | float, fewest: np.ndarray | float) -> Moved:
    ratio = np.where(np.asarray(fewest) > 0, moved / np.where(np.asarray(fewest) > 0, fewest, 1), 1.0)
    return Moved(plain(moved), plain(fewest), plain(ratio))


@checked
def moved(
    algorithm: Annotated[Literal["ring", "jump", "rendezvous", "modulo"], Input("Algorithm", default="modulo")],
    nodes_before: Annotated[int, Input("Nodes before", low=1, high=1_000_000, default=10)],
    nodes_after: Annotated[int, Input("Nodes after", low=1, high=1_000_000, default=11)],
) -> Moved:
    """Share of keys that move when nodes are added or removed, in closed form.

    Consistent algorithms move what the new nodes take or the lost ones held: |a - b| / the
    larger. Modulo keeps a key only where both remainders agree: min(a, b) / lcm(a, b). Jump
    numbers its buckets, so it can only drop the last; taking out another one renumbers and
    moves more. The ring's share varies with the luck of the points, this is its mean; for
    bounded loads see `moved_drawn`. Elementwise over arrays.
    Raises InvalidInput where an input is out of range.
    Source: lamping-veach-2014; for modulo by counting residues over one lcm.

    >>> round(moved("modulo", 10, 11).moved, 4)
    0.9091
    """
    before, after = np.asarray(nodes_before), np.asarray(nodes_after)
    fewest = np.abs(after - before) / np.maximum(before, after)
    if algorithm != "modulo":
        return _moved(fewest, fewest)
    together = np.lcm(before.astype(np.int64), after.astype(np.int64))
    return _moved(1 - np.minimum(before, after) / together, fewest)


@dataclass(frozen=True)
class MovedDrawn:
    """Keys that change their node, by placing them twice."""

    moved: Annotated[float, Output("Keys that move", "share")]
    moved_low: Annotated[float, Output("Low end of its 95% interval", "share")]
    moved_high: Annotated[float, Output("High end of its 95% interval", "share")]
    fewest: Annotated[float, Output("Fewest that must move to stay even", "share")]
    needless: Annotated[float, Output("Keys that move between nodes present before and after", "share")]
    draws: Annotated[int, Output("Placements drawn")]


@checked
def moved_drawn(
    algorithm: Annotated[Algorithm, Input("Algorithm", default="bounded")],
    nodes_before: Annotated[int, Input("Nodes before", low=1, high=1_000_000, default=10)],
    nodes_after: Annotated[int, Input("Nodes after", low=1, high=1_000_000, default=11)],
    keys: Keys = 10_000,
    points_per_node: Points = 100,
    slack: Slack = 0.25,
    seed: Seed = 1,
    relative_width: Width = 0.05,
    most_draws: Draws = 20,
) -> MovedDrawn:
    """Share of keys that move when nodes are added or removed, by placing them.

    The last nodes are the ones that come or go. With bounded loads a change also pushes keys
    among nodes that stay, the more the tighter the slack; keys arrive in the same order
    before and after, which moves fewer than a live history with removals in between.
    Raises InvalidInput as `spread` does. Source: mirrokni-2016 for bounded loads.
    """
    larger = max(int(nodes_before), int(nodes_after))
    _refuse_work(algorithm, larger, points_per_node, keys)
    salts = _salts(seed, most_draws)

    def run(number: int) -> tuple[float, float]:
        hashed = _hashes(int(keys), salts[number])
        settled = [
            _place(algorithm, hashed, int(nodes), int(points_per_node), float(slack), salts[number])
            for nodes in (nodes_before, nodes_after)
        ]
        changed = settled[0] != settled[1]
        stay = min(int(nodes_before), int(nodes_after))
        return float(changed.mean()), float((changed & (settled[0] < stay) & (settled[1] < stay)).mean())

    rows = replicate(run, float(relative_width), int(_affordable(algorithm, larger, points_per_node, keys, most_draws)))
    interval = interval_of(rows[:, 0])
    return MovedDrawn(
        moved=interval.mean,
        moved_low=max(0.0, interval.low),
        moved_high=min(1.0, interval.high),
        fewest=abs(nodes_after - nodes_before) / larger,
        needless=float(rows[:, 1].mean()),
        draws=len(rows),
    )


def _refuse_large_ring(nodes: int, points_per_node: int) -> None:
    if nodes * points_per_node > MOST_POINTS:
        raise InvalidInput(
            f"{nodes} nodes of {points_per_node} points make {nodes * points_per_node:,} points; "
            f"a drawn ring takes {MOST_POINTS:,} at most (the closed form, ring, takes any)"
        )


def _refuse_work(algorithm: str, nodes: int, points_per_node: int, keys: int) -> None:
    if algorithm in ("ring", "bounded"):
        _refuse_large_ring(nodes, points_per_node)
    if algorithm == "rendezvous" and nodes * keys > MOST_SCORES:
        raise InvalidInput(
            f"rendezvous scores {nodes} nodes for {keys} keys, {nodes * keys:,} scores; {MOST_SCORES:,} at most"
        )


def _affordable(algorithm: str, nodes: int, points_per_node: int, keys: int, most_draws: int) -> int:
    """Draws within some seconds of work: a draw costs its keys, its points and its scores."""
    work = int(keys)
    if algorithm in ("ring", "bounded"):
        work += int(nodes) * int(points_per_node)
    if algorithm == "rendezvous":
        work += int(nodes) * int(keys)
    return max(5, min(int(most_draws), 40_000_000 // work))


def _salts(seed: int, number: int) -> np.ndarray:
    return np.random.SeedSequence(int(seed)).generate_state(int(number), np.uint64)


def _quiet(kernel: Callable, *arguments: object) -> np.ndarray:
    """Runs a kernel whose 64-bit products wrap around: meant so, and warned of where it is not compiled."""
    with np.errstate(over="ignore"):
        return kernel(*arguments)


def _hashes(number: int, salt: np.uint64) -> np.ndarray:
    return _quiet(kernels.hashes, number, salt ^ np.uint64(0x5851F42D4C957F2D))  # apart from the points' stream


def _place(algorithm: str, keys: np.ndarray, nodes: int, points: int, slack: float, salt: np.uint64) -> np.ndarray:
    """The node of each hashed key."""
    if algorithm == "modulo":
        return (keys % np.uint64(nodes)).astype(np.int64)
    if algorithm == "jump":
        return _quiet(kernels.jump_places, keys, nodes)
    if algorithm == "rendezvous":
        return _quiet(kernels.rendezvous_places, keys, _quiet(kernels.hashes, nodes, salt))
    ordered = _quiet(kernels.ring_points, nodes, points, salt)
    first = np.searchsorted(ordered, keys & kernels.POSITION_MASK) % ordered.size
    if algorithm == "ring":
        return (ordered[first] & kernels.NODE_MASK).astype(np.int64)
    capacity = math.ceil((1 + slack) * keys.size / nodes)
    return kernels.bounded_places(ordered, first, nodes, capacity)


@dataclass(frozen=True)
class Bucket:
    """Where jump consistent hash puts a key."""

    bucket: Annotated[int, Output("Bucket, from 0")]


@checked
def jump(
    key: Annotated[int, Input("Key, a 64-bit hash", low=0, high=2**64 - 1, default=256)],
    buckets: Annotated[int, Input("Buckets", low=1, high=2**31 - 1, default=1024)],
) -> Bucket:
    """The bucket that jump consistent hash gives a key.

    The key must be a hash already: consecutive keys are not spread by it in all bits.
    Raises InvalidInput where an input is out of range. Source: lamping-veach-2014.

    >>> jump(256, 1024).bucket
    520
    """
    return Bucket(int(_quiet(kernels.jump_bucket, np.uint64(key), int(buckets))))


@dataclass(frozen=True)
class HotKeys:
    """What the most popular keys do to the node that has them."""

    hottest_share: Annotated[float, Output("Requests for the hottest key", "share")]
    top10_share: Annotated[float, Output("Requests for the ten hottest keys", "share")]
    top_percent_share: Annotated[float, Output("Requests for the hottest 1% of keys", "share")]
    node_load: Annotated[float, Output("Load of the hottest key's node, times the average")]
    useful_nodes: Annotated[float, Output("Nodes' worth of load that the cluster takes before that node is full")]
    copies: Annotated[float, Output("Copies of the hottest key that bring its part under the limit")]


@checked
def hot_keys(
    keys: Annotated[int, Input("Keys", low=1, high=10**12, default=1_000_000)],
    exponent: Annotated[float, Input("Zipf exponent", low=0, high=5, default=0.99)],
    nodes: Annotated[int, Input("Nodes", low=1, high=1_000_000, default=20)],
    limit: Annotated[
        float,
        Input("Largest part of a node's fair share that one key may take", "share", low=0.01, high=10, default=0.5),
    ] = 0.5,
) -> HotKeys:
    """How much traffic one key brings to its node, under Zipf popularity.

    The key of rank i gets i^-s / H(N, s) of the requests. Its node also has its even part of
    the rest. No hashing cures this: the key is on one node wherever that is. Splitting it
    over copies does (its reads; writes then cost a copy each). Popularity is fixed and
    requests are independent; measure your own exponent, as it decides everything.
    Elementwise over arrays. Raises InvalidInput where an input is out of range.
    Source: H(N, s) by direct summation of the first terms and Euler-Maclaurin for the rest.

    >>> round(hot_keys(1000, 1.0, 10).hottest_share, 4)
    0.1336
    """
    sums = np.vectorize(_zipf_sum, otypes=[float])
    whole = sums(keys, exponent)
    first = 1 / whole
    count_of = np.asarray(keys, dtype=float)
    load = first * nodes + (1 - first)
    return HotKeys(
        hottest_share=plain(first),
        top10_share=plain(sums(np.minimum(count_of, 10), exponent) / whole),
        top_percent_share=plain(sums(np.maximum(np.floor(count_of / 100), 1), exponent) / whole),
        node_load=plain(load),
        useful_nodes=plain(nodes / load),
        copies=plain(np.maximum(np.ceil(first * nodes / limit * (1 - 1e-12)), 1)),
    )


EXACT_TERMS = 2000


def _zipf_sum(number: float, exponent: float) -> float:
    """The sum of i^-s for i from 1 to `number`."""
    number = int(number)
    exact = float((np.arange(1, min(number, EXACT_TERMS) + 1, dtype=float) ** -exponent).sum())
    if number <= EXACT_TERMS:
        return exact
    start, stop, rest = float(EXACT_TERMS), float(number), 1 - exponent
    growth = math.log(stop / start)
    area = start**rest * (math.expm1(rest * growth) / rest if abs(rest) > 1e-12 else growth)
    ends = (stop**-exponent - start**-exponent) / 2
    slopes = exponent / 12 * (start ** (-exponent - 1) - stop ** (-exponent - 1))
    return exact + area + ends + slopes


def warm() -> None:
    """Compile the kernels, so that no request waits for it."""
    for algorithm in get_args(Algorithm):
        _place(algorithm, _hashes(4, np.uint64(1)), 2, 2, 1.0, np.uint64(1))
    _quiet(kernels.arc_shares, _quiet(kernels.ring_points, 2, 2, np.uint64(1)), 2)
    jump(1, 1)


def _ringed(inputs: Mapping[str, Any], result: RingSpread) -> str:
    return (
        f"With {inputs['points_per_node']:,} points a node, {percent(inputs['confidence'])} of nodes have "
        f"{result.low:.2f} to {result.high:.2f} times the average load; the fullest about {result.largest:.2f}."
    )


def _ring_drawn(inputs: Mapping[str, Any], result: RingDrawn) -> str:
    return (
        f"Over {result.rings} rings the standard error is {result.std_error:.3g} "
        f"({result.std_error_low:.3g} to {result.std_error_high:.3g}); the fullest node has {result.largest:.2f} times "
        "the average."
    )


def _spread(inputs: Mapping[str, Any], result: KeySpread) -> str:
    return (
        f"Node loads differ by {percent(result.std_error)}; the fullest has {result.largest:.2f} times the average and "
        f"the emptiest {result.smallest:.2f}."
    )


def _moving(inputs: Mapping[str, Any], result: Moved | MovedDrawn) -> str:
    return (
        f"From {inputs['nodes_before']:,} to {inputs['nodes_after']:,} nodes {percent(result.moved)} of keys move; "
        f"{percent(result.fewest)} must."
    )


def _jumped(inputs: Mapping[str, Any], result: Bucket) -> str:
    return f"The key goes to bucket {result.bucket:,} of {inputs['buckets']:,}."


def _hot(inputs: Mapping[str, Any], result: HotKeys) -> str:
    return (
        f"The hottest key draws {percent(result.hottest_share)} of requests, so its node has {count(result.node_load)} "
        f"times the average load: {inputs['nodes']:,} nodes do the work of {count(result.useful_nodes)}."
    )


PLACEMENT = "How many virtual nodes, and what moves on a resize?"
MODELS = (
    Model(ring, PLACEMENT, _ringed, "04-databases", "04-databases/ring-spread"),
    Model(ring_drawn, PLACEMENT, _ring_drawn, "04-databases", "04-databases/ring-drawn"),
    Model(spread, PLACEMENT, _spread, "04-databases", "04-databases/key-spread"),
    Model(moved, PLACEMENT, _moving, "04-databases", "04-databases/keys-moved"),
    Model(moved_drawn, PLACEMENT, _moving, "04-databases", "04-databases/bounded-moves"),
    Model(hot_keys, PLACEMENT, _hot, "04-databases", "04-databases/hot-key"),
    Model(jump, PLACEMENT, _jumped, "04-databases", "04-databases/jump"),
)
