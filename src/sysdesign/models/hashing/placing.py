"""Keys put on nodes by each algorithm, with real hashes, and what so much work may cost.

Hashes are taken as uniform and independent; nodes are equal, and a key is counted once whatever its traffic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.hashing import kernels
from sysdesign.probability.interval import affordable_runs, least_runs

Algorithm = Literal["ring", "jump", "rendezvous", "modulo", "bounded"]
MOST_POINTS = 5_000_000
MOST_SCORES = 50_000_000

Nodes = Annotated[int, Input("Nodes", low=1, high=1_000_000, default=10)]
Seed = Annotated[int, Input("Seed", low=0, high=2**31 - 1, default=1)]
Keys = Annotated[int, Input("Keys", low=1, high=1_000_000, default=10_000)]
Slack = Annotated[
    float, Input("Load allowed above the average (bounded loads)", "share", low=0.01, high=10, default=0.25)
]
Width = Annotated[float, Input("Half width of the interval to stop at", "share", low=1e-3, high=1, default=0.05)]
Draws = Annotated[int, Input("Most draws", low=5, high=2000, default=20)]


def refuse_large_ring(nodes: int, points_per_node: int) -> None:
    if nodes * points_per_node > MOST_POINTS:
        raise InvalidInput(
            f"{nodes} nodes of {points_per_node} points make {nodes * points_per_node:,} points; "
            f"a drawn ring takes {MOST_POINTS:,} at most (the closed form, ring, takes any)"
        )


def refuse_work(algorithm: str, nodes: int, points_per_node: int, keys: int) -> None:
    if algorithm in ("ring", "bounded"):
        refuse_large_ring(nodes, points_per_node)
    if algorithm == "rendezvous" and nodes * keys > MOST_SCORES:
        raise InvalidInput(
            f"rendezvous scores {nodes} nodes for {keys} keys, {nodes * keys:,} scores; {MOST_SCORES:,} at most"
        )


# Seconds for a key, point or score of one placing, measured on one core of a common server.
_SECONDS = {"ring": 2.5e-7, "bounded": 4e-7, "rendezvous": 1e-9, "jump": 7e-8, "modulo": 2.5e-8}


def seconds_of(inputs: Mapping[str, Any], nodes: int) -> float:
    """Seconds of the draws that there must be: some, or all where a narrow interval is asked for."""
    algorithm, points, keys = inputs["algorithm"], int(inputs["points_per_node"]), int(inputs["keys"])
    draws = affordable(algorithm, nodes, points, keys, inputs["most_draws"])
    return least_runs(inputs["relative_width"], draws) * _work(algorithm, nodes, points, keys) * _SECONDS[algorithm]


def affordable(algorithm: str, nodes: int, points_per_node: int, keys: int, most_draws: int) -> int:
    """Draws within some seconds of work: a draw costs its keys, its points and its scores."""
    return affordable_runs(most_draws, 40_000_000, _work(algorithm, nodes, points_per_node, keys))


def _work(algorithm: str, nodes: int, points_per_node: int, keys: int) -> int:
    work = int(keys)
    if algorithm in ("ring", "bounded"):
        work += int(nodes) * int(points_per_node)
    if algorithm == "rendezvous":
        work += int(nodes) * int(keys)
    return work


def salts_of(seed: int, number: int) -> np.ndarray:
    return np.random.SeedSequence(int(seed)).generate_state(int(number), np.uint64)


def quiet(kernel: Callable, *arguments: object) -> np.ndarray:
    """Runs a kernel whose 64-bit products wrap around: meant so, and warned of where it is not compiled."""
    with np.errstate(over="ignore"):
        return kernel(*arguments)


def hashes(number: int, salt: np.uint64) -> np.ndarray:
    return quiet(kernels.hashes, number, salt ^ np.uint64(0x5851F42D4C957F2D))  # apart from the points' stream


def place(algorithm: str, keys: np.ndarray, nodes: int, points: int, slack: float, salt: np.uint64) -> np.ndarray:
    """The node of each hashed key."""
    if algorithm == "modulo":
        return (keys % np.uint64(nodes)).astype(np.int64)
    if algorithm == "jump":
        return quiet(kernels.jump_places, keys, nodes)
    if algorithm == "rendezvous":
        return quiet(kernels.rendezvous_places, keys, quiet(kernels.hashes, nodes, salt))
    ordered = quiet(kernels.ring_points, nodes, points, salt)
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
    return Bucket(int(quiet(kernels.jump_bucket, np.uint64(key), int(buckets))))


def warm() -> None:
    """Compile the kernels, so that no request waits for it."""
    for algorithm in get_args(Algorithm):
        place(algorithm, hashes(4, np.uint64(1)), 2, 2, 1.0, np.uint64(1))
    quiet(kernels.arc_shares, quiet(kernels.ring_points, 2, 2, np.uint64(1)), 2)
    jump(1, 1)


def _jumped(inputs: Mapping[str, Any], result: Bucket) -> str:
    return f"The key goes to bucket {result.bucket:,} of {inputs['buckets']:,}."


PLACEMENT = "How many virtual nodes, and what moves on a resize?"

MODELS = (Model(jump, PLACEMENT, _jumped, "04-databases", "04-databases/jump"),)
