"""How evenly an algorithm spreads keys over nodes, by placing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.hashing.placing import (
    PLACEMENT,
    Algorithm,
    Draws,
    Keys,
    Nodes,
    Seed,
    Slack,
    Width,
    affordable,
    hashes,
    place,
    refuse_work,
    salts_of,
    seconds_of,
)
from sysdesign.models.hashing.rings import Points
from sysdesign.models.wording import percent
from sysdesign.probability.interval import interval_of, replicate


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
    refuse_work(algorithm, nodes, points_per_node, keys)
    salts = salts_of(seed, most_draws)

    def run(number: int) -> tuple[float, float, float, float]:
        hashed = hashes(int(keys), salts[number])
        places = place(algorithm, hashed, int(nodes), int(points_per_node), float(slack), salts[number])
        loads = np.bincount(places, minlength=int(nodes)) * (nodes / keys)
        displaced = 0.0
        if algorithm == "bounded":
            wished = place("ring", hashed, int(nodes), int(points_per_node), float(slack), salts[number])
            displaced = float(np.mean(wished != places))
        return float(loads.std()), float(loads.max()), float(loads.min()), displaced

    rows = replicate(run, float(relative_width), int(affordable(algorithm, nodes, points_per_node, keys, most_draws)))
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


def _spread(inputs: Mapping[str, Any], result: KeySpread) -> str:
    return (
        f"Node loads differ by {percent(result.std_error)}; the fullest has {result.largest:.2f} times the average and "
        f"the emptiest {result.smallest:.2f}."
    )


def _spread_work(inputs: Mapping[str, Any]) -> float:
    return seconds_of(inputs, int(inputs["nodes"]))


MODELS = (Model(spread, PLACEMENT, _spread, "04-databases", "04-databases/key-spread", _spread_work),)
