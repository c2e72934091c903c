"""A consistent-hash ring: how evenly its points share the load, in closed form and by drawing rings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy import special

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.hashing import kernels
from sysdesign.models.hashing.placing import PLACEMENT, Draws, Nodes, Seed, Width, quiet, refuse_large_ring, salts_of
from sysdesign.models.wording import amount, percent, several
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import affordable_runs, interval_of, least_runs, replicate

Points = Annotated[int, Input("Points of each node (virtual nodes)", low=1, high=100_000, default=100)]
Confidence = Annotated[float, Input("Share of nodes in the interval", "share", low=0.5, high=0.9999, default=0.99)]


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
    refuse_large_ring(nodes, points_per_node)
    salts = salts_of(seed, most_draws)
    pooled = []

    def run(number: int) -> tuple[float, float]:
        points = quiet(kernels.ring_points, int(nodes), int(points_per_node), salts[number])
        loads = quiet(kernels.arc_shares, points, int(nodes)) * nodes
        pooled.append(loads)
        return float(loads.std()), float(loads.max())

    rows = replicate(run, float(relative_width), _affordable(nodes, points_per_node, most_draws))
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


def _affordable(nodes: int, points_per_node: int, most_draws: int) -> int:
    return affordable_runs(most_draws, 40_000_000, int(nodes) * int(points_per_node))


def _drawn_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the rings that there must be: 60 ns to draw, sort and measure a point, and 60 for a node's share."""
    nodes, points = int(inputs["nodes"]), int(inputs["points_per_node"])
    rings = least_runs(inputs["relative_width"], _affordable(nodes, points, inputs["most_draws"]))
    return rings * nodes * (points + 1) * 6e-8


def _ringed(inputs: Mapping[str, Any], result: RingSpread) -> str:
    return (
        f"With {several(inputs['points_per_node'], 'point')} a node, {percent(inputs['confidence'])} of nodes have "
        f"{result.low:.2f} to {result.high:.2f} times the average load; the fullest about {result.largest:.2f}."
    )


def _ring_drawn(inputs: Mapping[str, Any], result: RingDrawn) -> str:
    return (
        f"Over {result.rings} rings the standard error is {amount(result.std_error)} "
        f"({amount(result.std_error_low)} to {amount(result.std_error_high)}); the fullest node has "
        f"{result.largest:.2f} times "
        "the average."
    )


MODELS = (
    Model(ring, PLACEMENT, _ringed, "04-databases", "04-databases/ring-spread"),
    Model(ring_drawn, PLACEMENT, _ring_drawn, "04-databases", "04-databases/ring-drawn", _drawn_work),
)
