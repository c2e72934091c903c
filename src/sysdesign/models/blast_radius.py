"""Blast radius: which share of customers a few bad ones take down with them.

A bad customer (a poison request, a flood) ruins every node that serves it. One pool for
all: everybody is hurt. Cells: those in the same cell. Shuffle sharding: each customer has
its own random set of nodes, and few others share all of it. Customers are taken as equal,
assigned evenly at random and independent of each other; bad ones stay bad, and clients
try their other nodes when one fails. Shares 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy import special

from sysdesign.compiled import njit
from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.wording import count, percent
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import affordable_runs, interval_of, least_runs, replicate

Nodes = Annotated[int, Input("Nodes", low=1, high=4096, default=8)]
PerCustomer = Annotated[int, Input("Nodes of each customer", low=1, high=32, default=2, most=AtMost("nodes"))]
Bad = Annotated[int, Input("Bad customers", low=0, high=500, default=1)]
Needed = Annotated[
    int, Input("Healthy nodes that a customer needs", low=1, high=32, default=1, most=AtMost("per_customer"))
]


@dataclass(frozen=True)
class Overlap:
    """How many nodes two customers share under shuffle sharding."""

    combinations: Annotated[float, Output("Different shards")]
    full_overlap: Annotated[float, Output("Chance that two customers have the same shard", "share")]
    no_overlap: Annotated[float, Output("Chance that they share no node", "share")]
    mean_shared: Annotated[float, Output("Nodes that two customers share on average")]
    overlap: Annotated[tuple[float, ...], Output("Chance of sharing 0, 1, 2, ... nodes", "share")]
    fixed_shards: Annotated[int, Output("Shards of that size without shuffling")]
    gain: Annotated[float, Output("Fewer customers share everything than with fixed shards, times")]


@checked
def shuffle_sharding(
    nodes: Annotated[int, Input("Nodes", low=1, high=1_000_000, default=8)],
    per_customer: Annotated[int, Input("Nodes of each customer", low=1, high=48, default=2, most=AtMost("nodes"))],
) -> Overlap:
    """How rarely two customers share a shard when each draws its own set of nodes.

    The number shared is hypergeometric: C(m, j) C(n - m, m - j) / C(n, m). Fixed shards are
    the n // m disjoint ones. The famous 1/28 for 2 of 8 is the chance that another customer
    has exactly your shard, and with it everything you lose.
    Raises InvalidInput where a customer has more nodes than there are, or an input is out
    of range. Source: maccarthaigh-shuffle-sharding.

    >>> shuffle_sharding(8, 2).combinations
    28.0
    """
    _refuse_more_than_all(nodes, per_customer)
    size = int(per_customer)
    every = math.comb(int(nodes), size)
    shared = tuple(math.comb(size, j) * math.comb(int(nodes) - size, size - j) / every for j in range(size + 1))
    fixed = int(nodes) // size
    return Overlap(
        combinations=float(every),
        full_overlap=1 / every,
        no_overlap=shared[0],
        mean_shared=size * size / nodes,
        overlap=shared,
        fixed_shards=fixed,
        gain=every / fixed,
    )


@dataclass(frozen=True)
class Hurt:
    """Customers hurt by the bad ones, among those who are not bad."""

    down: Annotated[float, Output("Customers without enough healthy nodes", "share")]
    degraded: Annotated[float, Output("Customers who lost any node", "share")]
    nodes_ruined: Annotated[float, Output("Nodes ruined on average")]
    down_in_cells: Annotated[float, Output("Down if the same nodes were fixed cells of that size", "share")]
    chance_of_none: Annotated[float, Output("Chance that any one customer keeps all its nodes", "share")]


@checked
def customers_hurt(nodes: Nodes, per_customer: PerCustomer, bad_customers: Bad, healthy_needed: Needed = 1) -> Hurt:
    """Share of customers hurt by k bad ones under shuffle sharding, in closed form.

    The number of ruined nodes after k independent random shards is a Markov chain over 0 to
    n; given it, the ruined ones among a customer's m are hypergeometric. Exact for random
    assignment (with repeats possible); an assignment that forbids large overlaps does
    better. Cells: the n // m disjoint ones, customers at random among them.
    Raises InvalidInput where a customer has or needs more nodes than there are.
    Source: maccarthaigh-shuffle-sharding for the scheme; the chain follows from it.

    >>> round(customers_hurt(8, 2, 1).down * 28, 9)
    1.0
    """
    _refuse_more_than_all(nodes, per_customer)
    if healthy_needed > per_customer:
        raise InvalidInput(
            f"healthy_needed is {healthy_needed} of {per_customer} nodes; a customer needs at most those it has"
        )
    n, size = int(nodes), int(per_customer)
    chance = _ruined(n, size, int(bad_customers))
    ruined = np.arange(n + 1)
    among = np.array([_hypergeometric(n, ruined, size, j) for j in range(size + 1)])
    too_few = among[size - int(healthy_needed) + 1 :].sum(axis=0)
    cells = n // size
    untouched = float(chance @ among[0])
    return Hurt(
        down=_share(chance @ too_few),
        degraded=_share(1 - untouched),
        nodes_ruined=float(n * -math.expm1(bad_customers * math.log1p(-size / n)))
        if size < n
        else n * min(1.0, bad_customers),
        down_in_cells=1 - (1 - 1 / cells) ** int(bad_customers),
        chance_of_none=_share(untouched),
    )


def _refuse_more_than_all(nodes: int, per_customer: int) -> None:
    if per_customer > nodes:
        raise InvalidInput(f"per_customer is {per_customer} of {nodes} nodes; it is 1 to {nodes}")


def _share(value: float) -> float:
    """A chance without the last bit that a sum of chances may stray past 0 or 1."""
    return float(min(1.0, max(0.0, value)))


def _log_choose(n: np.ndarray | int, k: np.ndarray | int) -> np.ndarray:
    return special.gammaln(np.add(n, 1)) - special.gammaln(np.add(k, 1)) - special.gammaln(np.subtract(n, k) + 1)


def _hypergeometric(n: int, marked: np.ndarray, drawn: int, hits: int) -> np.ndarray:
    """Chance of `hits` marked ones among `drawn` of n, for each number marked."""
    possible = (hits <= marked) & (drawn - hits <= n - marked)
    at = np.where(possible, marked, hits)  # any number for which the logarithms exist
    at = np.where(drawn - hits <= n - at, at, n - (drawn - hits))
    logarithm = _log_choose(at, hits) + _log_choose(n - at, drawn - hits) - _log_choose(n, drawn)
    return np.where(possible, np.exp(logarithm), 0.0)


def _ruined(n: int, size: int, bad: int) -> np.ndarray:
    """Distribution of the number of ruined nodes after `bad` shards."""
    already = np.arange(n + 1)
    steps = [_hypergeometric(n, already, size, size - new) for new in range(size + 1)]
    chance = np.zeros(n + 1)
    chance[0] = 1.0
    for _ in range(bad):
        following = np.zeros(n + 1)
        for new, step in enumerate(steps):
            following[new:] += (chance * step)[: n + 1 - new]
        chance = following / following.sum()
    return chance


@dataclass(frozen=True)
class HurtSimulated:
    """Customers hurt, by drawing assignments: the mean with its 95% interval, and a bad draw."""

    down: Annotated[float, Output("Customers down", "share")]
    down_low: Annotated[float, Output("Low end of the 95% interval", "share")]
    down_high: Annotated[float, Output("High end of the 95% interval", "share")]
    down_worst20: Annotated[float, Output("Customers down in the worst 1 of 20 draws", "share")]
    degraded: Annotated[float, Output("Customers who lost any node", "share")]
    draws: Annotated[int, Output("Assignments drawn")]


@checked
def customers_hurt_simulated(
    nodes: Nodes,
    per_customer: PerCustomer,
    bad_customers: Bad,
    customers: Annotated[int, Input("Customers", low=1, high=100_000, default=1000)],
    healthy_needed: Needed = 1,
    seed: Annotated[int, Input("Seed", low=0, high=2**31 - 1, default=1)] = 1,
    relative_width: Annotated[
        float, Input("Half width of the interval to stop at", "share", low=1e-3, high=1, default=0.02)
    ] = 0.02,
    most_draws: Annotated[int, Input("Most assignments to draw", low=5, high=5000, default=400)] = 400,
) -> HurtSimulated:
    """Share of customers hurt by k bad ones, by drawing assignments.

    Draws every customer's shard and the bad ones among them, counts, and repeats until the
    interval is as narrow as asked or `most_draws` is reached. Beside the mean it shows how
    much a single fleet's luck matters, which the closed form does not. The bad ones come on
    top of `customers`. Draws stop early too when they would exceed 50 million nodes in all.
    Raises InvalidInput as `customers_hurt` does.
    """
    _refuse_more_than_all(nodes, per_customer)
    if healthy_needed > per_customer:
        raise InvalidInput(
            f"healthy_needed is {healthy_needed} of {per_customer} nodes; a customer needs at most those it has"
        )
    streams = np.random.SeedSequence(int(seed)).generate_state(int(most_draws))

    def run(number: int) -> tuple[float, float]:
        return _draw(
            int(nodes), int(per_customer), int(bad_customers), int(customers), int(healthy_needed), int(streams[number])
        )

    rows = replicate(run, float(relative_width), _affordable(customers, bad_customers, per_customer, most_draws))
    interval = interval_of(rows[:, 0])
    return HurtSimulated(
        down=interval.mean,
        down_low=interval.low,
        down_high=interval.high,
        down_worst20=float(np.quantile(rows[:, 0], 0.95)),
        degraded=float(rows[:, 1].mean()),
        draws=len(rows),
    )


def _affordable(customers: int, bad_customers: int, per_customer: int, most_draws: int) -> int:
    return affordable_runs(most_draws, 50_000_000, (int(customers) + int(bad_customers)) * int(per_customer))


def _drawn_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the assignments that there must be: 25 ns for each node of each customer."""
    sizes = inputs["customers"], inputs["bad_customers"], inputs["per_customer"]
    draws = least_runs(inputs["relative_width"], _affordable(*sizes, inputs["most_draws"]))
    return draws * (sizes[0] + sizes[1]) * sizes[2] * 2.5e-8


@njit()
def _draw(n, size, bad, customers, needed, seed):
    """Shares down and degraded in one drawn assignment."""
    np.random.seed(seed)
    ruined = np.zeros(n, dtype=np.bool_)
    shard = np.empty(size, dtype=np.int64)
    down = degraded = 0
    for customer in range(bad + customers):
        lost = 0
        for chosen in range(size):  # Floyd's sampling without repeats
            top = n - size + chosen
            node = np.random.randint(0, top + 1)
            for before in range(chosen):
                if shard[before] == node:
                    node = top
                    break
            shard[chosen] = node
            if customer < bad:
                ruined[node] = True
            elif ruined[node]:
                lost += 1
        if customer >= bad:
            down += size - lost < needed
            degraded += lost > 0
    return down / customers, degraded / customers


def warm() -> None:
    """Compile the kernel, so that no request waits for it."""
    _draw(4, 2, 1, 2, 1, 1)


@dataclass(frozen=True)
class Cells:
    """Customers hurt and nodes paid for when the fleet is split into cells."""

    one_cell: Annotated[float, Output("Customers hurt by one cell's failure", "share")]
    hurt: Annotated[float, Output("Customers hurt by the bad ones", "share")]
    everyone: Annotated[float, Output("Chance that every cell is hit", "share")]
    nodes: Annotated[float, Output("Nodes in all")]
    overhead: Annotated[float, Output("Nodes beyond those that the load needs", "share")]


@checked
def cells(
    cells: Annotated[int, Input("Cells", low=1, high=10_000, default=10)],
    bad_customers: Annotated[int, Input("Bad customers", low=0, high=10_000, default=1)],
    load_nodes: Annotated[float, Input("Nodes that the load needs", low=1, high=1e6, default=100)] = 100,
    spare_per_cell: Annotated[int, Input("Spare nodes in each cell", low=0, high=1000, default=1)] = 1,
) -> Cells:
    """What cells save in customers hurt and cost in spare nodes.

    Customers and load spread evenly over the cells; each cell rounds its nodes up and keeps
    its own spares, so smaller cells hurt fewer and cost more. Bad customers are in random
    cells; what all cells share (a deployment, a router) hurts everyone whatever this says.
    Elementwise over arrays, but for the chance of hitting every cell where counts are
    large. Raises InvalidInput where an input is out of range.

    >>> cells(10, 1).hurt
    0.1
    """
    number = np.asarray(cells, dtype=float)
    in_all = number * (np.ceil(np.asarray(load_nodes) / number * (1 - 1e-12)) + spare_per_cell)
    hurt = np.where(
        number > 1, -np.expm1(bad_customers * np.log1p(-1 / np.maximum(number, 1.5))), np.minimum(bad_customers, 1)
    )
    every = np.vectorize(_every_cell, otypes=[float])(cells, bad_customers)
    return Cells(
        one_cell=plain(1 / number),
        hurt=plain(hurt),
        everyone=plain(every),
        nodes=plain(in_all),
        overhead=plain(in_all / load_nodes - 1),
    )


def _every_cell(number: int, bad: int) -> float:
    """Chance that `bad` random customers leave no cell out, by the number of cells hit so far."""
    if bad < number:
        return 0.0
    hit = np.zeros(int(number) + 1)
    hit[0] = 1.0
    already = np.arange(int(number) + 1) / number
    for _ in range(int(bad)):
        hit = hit * already + np.concatenate(([0.0], (hit * (1 - already))[:-1]))
    return float(hit[-1])


def _overlapped(inputs: Mapping[str, Any], result: Overlap) -> str:
    return (
        f"{count(result.combinations)} different shards: another customer has the same one with chance "
        f"{percent(result.full_overlap)} and shares no node with chance {percent(result.no_overlap)}."
    )


def _hurt(inputs: Mapping[str, Any], result: Hurt) -> str:
    return (
        f"With {count(inputs['bad_customers'])} bad among them, {percent(result.down)} of the others are down and "
        f"{percent(result.degraded)} lose a node; in fixed cells of that size {percent(result.down_in_cells)} are down."
    )


def _drawn(inputs: Mapping[str, Any], result: HurtSimulated) -> str:
    return (
        f"On average {percent(result.down)} of customers are down ({percent(result.down_low)} to "
        f"{percent(result.down_high)}); in the unluckiest of 20 assignments {percent(result.down_worst20)}."
    )


def _celled(inputs: Mapping[str, Any], result: Cells) -> str:
    return (
        f"A failing cell hurts {percent(result.one_cell)} of customers; the cells together need "
        f"{percent(result.overhead)} more nodes than the load."
    )


ISOLATION = "How small must the blast radius be: one pool, cells or shuffle sharding?"
MODELS = (
    Model(shuffle_sharding, ISOLATION, _overlapped, "07-resilience", "07-resilience/shuffle-sharding"),
    Model(customers_hurt, ISOLATION, _hurt, "07-resilience", "07-resilience/customers-hurt"),
    Model(customers_hurt_simulated, ISOLATION, _drawn, "07-resilience", "07-resilience/worst-draws", _drawn_work),
    Model(cells, ISOLATION, _celled, "07-resilience", "07-resilience/cells"),
)
