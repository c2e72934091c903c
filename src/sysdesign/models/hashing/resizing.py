"""How many keys move when nodes come or go, in closed form and by placing them twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.hashing.placing import (
    PLACEMENT,
    Algorithm,
    Draws,
    Keys,
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
from sysdesign.models.wording import percent, several
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import interval_of, replicate


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
    refuse_work(algorithm, larger, points_per_node, keys)
    salts = salts_of(seed, most_draws)

    def run(number: int) -> tuple[float, float]:
        hashed = hashes(int(keys), salts[number])
        settled = [
            place(algorithm, hashed, int(nodes), int(points_per_node), float(slack), salts[number])
            for nodes in (nodes_before, nodes_after)
        ]
        changed = settled[0] != settled[1]
        stay = min(int(nodes_before), int(nodes_after))
        return float(changed.mean()), float((changed & (settled[0] < stay) & (settled[1] < stay)).mean())

    rows = replicate(run, float(relative_width), int(affordable(algorithm, larger, points_per_node, keys, most_draws)))
    interval = interval_of(rows[:, 0])
    return MovedDrawn(
        moved=interval.mean,
        moved_low=max(0.0, interval.low),
        moved_high=min(1.0, interval.high),
        fewest=abs(nodes_after - nodes_before) / larger,
        needless=float(rows[:, 1].mean()),
        draws=len(rows),
    )


def _moving(inputs: Mapping[str, Any], result: Moved | MovedDrawn) -> str:
    return (
        f"From {inputs['nodes_before']:,} to {several(inputs['nodes_after'], 'node')} {percent(result.moved)} "
        f"of keys move; "
        f"{percent(result.fewest)} must."
    )


def _moved_work(inputs: Mapping[str, Any]) -> float:
    """Each draw places the keys twice: before and after."""
    return 2 * seconds_of(inputs, max(int(inputs["nodes_before"]), int(inputs["nodes_after"])))


MODELS = (
    Model(moved, PLACEMENT, _moving, "04-databases", "04-databases/keys-moved"),
    Model(moved_drawn, PLACEMENT, _moving, "04-databases", "04-databases/bounded-moves", _moved_work),
)
