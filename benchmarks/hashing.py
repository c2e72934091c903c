"""How long the spread of a ring of 1,000 nodes with 1,000 points takes; the aim is under 200 ms."""

from __future__ import annotations

import statistics
import time

import numpy as np

from sysdesign.models import hashing

NODES, POINTS, RUNS = 1000, 1000, 9


def plain_ring(seed: int) -> float:
    """The standard error of one drawn ring the straightforward way: draw, argsort, sum arcs."""
    positions = np.random.default_rng(seed).random(NODES * POINTS)
    owners = np.repeat(np.arange(NODES), POINTS)
    order = np.argsort(positions)
    arcs = np.diff(positions[order], prepend=positions[order[-1]] - 1)
    return float((np.bincount(owners[order], weights=arcs) * NODES).std())


def milliseconds(run, runs: int = RUNS) -> tuple[float, float]:
    """Median and best time of a run."""
    taken = []
    for number in range(runs):
        start = time.perf_counter()
        run(number)
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken), min(taken)


def main() -> None:
    """Print the time of five rings with their interval, and of one by plain NumPy."""
    hashing.warm()
    found = hashing.ring_drawn(NODES, POINTS)
    middle, best = milliseconds(lambda seed: hashing.ring_drawn(NODES, POINTS, seed=seed))
    plain, _ = milliseconds(plain_ring)
    print(
        f"consistent-hash spread, {NODES:,} nodes x {POINTS:,} points, {found.rings} rings with their interval: "
        f"median {middle:.0f} ms, best {best:.0f} ms (aim: under 200 ms); one ring in plain NumPy {plain:.0f} ms, "
        f"{plain * found.rings / middle:.1f} times as long a ring"
    )


if __name__ == "__main__":
    main()
