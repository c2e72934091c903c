"""Containers: what a CPU limit does to a burst, and what of a node no container can use.

Times in `_ms` are milliseconds of the clock or of a core, memory in `_gb` gigabytes; shares are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.elementwise import broadcast, plain

SLACK = 1e-9  # of what is counted: quotients and sums round
PLACED_S = 1.5e-5  # of a container on a few hundred nodes


@dataclass(frozen=True)
class Throttled:
    """A burst of work under a CPU limit."""

    time_ms: Annotated[float, Output("Time until the work is done", "ms")]
    free_ms: Annotated[float, Output("Time without a limit", "ms")]
    stopped_ms: Annotated[float, Output("Of it, stopped", "ms")]
    stretch: Annotated[float, Output("Time with the limit over time without")]
    periods: Annotated[float, Output("Periods in which it ran")]
    throttled_periods: Annotated[float, Output("Of these, throttled")]
    until_stopped_ms: Annotated[float, Output("Time until it is first stopped", "ms")]
    used_share: Annotated[float, Output("Of the limit, used over that time", "share")]
    limit_for_none: Annotated[float, Output("Limit at which it is not stopped, in cores")]


@checked
def throttle(
    limit_cores: Annotated[float, Input("CPU limit, in cores", low=0.01, high=1024, default=1)] = 1,
    work_ms: Annotated[
        float, Input("Work of the burst, in time of a core", "ms", low=0.01, high=1e7, default=200)
    ] = 200,
    threads: Annotated[float, Input("Threads that run at once", low=1, high=1024, default=4)] = 4,
    period_ms: Annotated[float, Input("Period of the quota", "ms", low=1, high=1000, default=100)] = 100,
) -> Throttled:  # fmt: skip
    """What a CPU limit does to a burst of work: it runs at full speed, then stands still until the next period.

    A limit is a quota of core time in each period, for all threads together: n threads use it up n times as fast,
    and all are stopped until the period ends. The burst begins with a period, with a core for each thread and its
    work split evenly. A burst of one period in ten stays far below the limit on average and is stopped all the same.

    The kernel hands out quota in slices of 5 ms and keeps up to 1 ms on a core, so that real times differ by as much.
    Bursts that are saved up (cpu.max.burst) and a begin in the middle of a period are left out.
    Elementwise over arrays. Raises InvalidInput where an input is out of range. Source: linux-cfs-bandwidth.

    >>> throttle(0.5, 50, 10).until_stopped_ms, throttle(1, 200, 4).time_ms
    (5.0, 125.0)
    """
    given = (limit_cores, work_ms, threads, period_ms)
    limit, work, count, period = broadcast(*given)
    quota = limit * period
    binds = count > limit * (1 + SLACK)
    full = np.where(binds, np.maximum(np.ceil(work / quota * (1 - SLACK)) - 1, 0), 0)
    free = work / count
    time = np.where(binds, full * period + (work - full * quota) / count, free)
    periods = np.maximum(np.ceil(time / period * (1 - SLACK)), 1)
    first = np.where(full > 0, quota / count, time)
    none = np.minimum(count, work / period)
    found = (time, free, time - free, time / free, periods, full, first, work / (limit * periods * period), none)
    return Throttled(*map(plain, found))


NodeCpu = Annotated[float, Input("Cores of a node", low=0.1, high=4096, default=16)]
NodeMemory = Annotated[float, Input("Memory of a node", "GB", low=0.1, high=1e5, default=64)]
ReservedCpu = Annotated[
    float, Input("Cores kept for the system and a container on each node", low=0, high=1024, default=0.5)
]
ReservedMemory = Annotated[float, Input("Memory kept for them", "GB", low=0, high=1e4, default=3)]
MostPods = Annotated[float, Input("Most containers of a node", low=1, high=1e5, default=110)]


@dataclass(frozen=True)
class Packing:
    """Containers of one size on nodes of one size."""

    per_node: Annotated[float, Output("Containers of a node")]
    nodes: Annotated[float, Output("Nodes")]
    cpu_share: Annotated[float, Output("Cores asked for, of those paid", "share")]
    memory_share: Annotated[float, Output("Memory asked for, of that paid", "share")]
    stranded_cpu_share: Annotated[float, Output("Cores that nothing can use", "share")]
    stranded_memory_share: Annotated[float, Output("Memory that nothing can use", "share")]
    reserved_share: Annotated[float, Output("Kept for the system, the larger of both", "share")]
    idle_share: Annotated[float, Output("Paid and not asked for, cores and memory by the weight", "share")]
    fitting_gb: Annotated[float, Output("Memory a core at which both would be full", "GB")]


@checked
def packing(
    pod_cpu: Annotated[float, Input("Cores that a container asks for", low=0.001, high=4096, default=1)] = 1,
    pod_memory_gb: Annotated[
        float, Input("Memory that a container asks for", "GB", low=0.001, high=1e5, default=2)
    ] = 2,
    pods: Annotated[float, Input("Containers", low=1, high=1e8, default=100)] = 100,
    node_cpu: NodeCpu = 16,
    node_memory_gb: NodeMemory = 64,
    reserved_cpu: ReservedCpu = 0.5,
    reserved_memory_gb: ReservedMemory = 3,
    most_pods: MostPods = 110,
    cpu_weight: Annotated[
        float, Input("Part of a node's price that its cores are", "share", low=0, high=1, default=0.6,
                     help="the rest is memory; assumed")
    ] = 0.6,
) -> Packing:  # fmt: skip
    """How many containers of one size fit a node, and what of it is stranded: paid for, and of no use to them.

    A node takes as many as its scarcer resource allows after what is kept back, in whole containers, and at most
    `most_pods`. Stranded is what remains on a full node: the rest below one container, and all of the other resource
    that the first leaves over. Requests count, not use: what is asked for and not used comes on top. The last node
    is counted as a whole. Containers of several sizes: see `packing_mixed`.
    Elementwise over arrays. Raises InvalidInput where not one fits a node. Follows from counting; no source needed.

    >>> packing(1, 2).per_node, packing(1, 2).stranded_memory_share
    (15.0, 0.484375)
    """
    given = (
        pod_cpu, pod_memory_gb, pods, node_cpu, node_memory_gb, reserved_cpu, reserved_memory_gb, most_pods, cpu_weight,
    )  # fmt: skip
    cpu, memory, count, cores, space, kept_cpu, kept_memory, most, weight = broadcast(*given)
    free_cpu, free_memory = cores - kept_cpu, space - kept_memory
    fits = np.minimum(np.minimum(np.floor(free_cpu / cpu + SLACK), np.floor(free_memory / memory + SLACK)), most)
    if np.any(fits < 1):
        raise InvalidInput(
            f"a container of {pod_cpu} cores and {pod_memory_gb} GB does not fit a node of which "
            f"{amount(float(np.min(free_cpu)))} cores and {amount(float(np.min(free_memory)))} GB are free; "
            "take a larger node"
        )
    nodes = np.ceil(count / fits - SLACK)
    asked_cpu, asked_memory = count * cpu / (nodes * cores), count * memory / (nodes * space)
    found = (
        fits, nodes, asked_cpu, asked_memory, (free_cpu - fits * cpu) / cores, (free_memory - fits * memory) / space,
        np.maximum(kept_cpu / cores, kept_memory / space), 1 - weight * asked_cpu - (1 - weight) * asked_memory,
        free_memory / free_cpu,
    )  # fmt: skip
    return Packing(*map(plain, found))


@dataclass(frozen=True)
class Mixed:
    """Containers of many sizes on nodes, placed one after another."""

    nodes: Annotated[float, Output("Nodes, mean of the trials")]
    least_nodes: Annotated[float, Output("Nodes that no placement can go below")]
    over_least: Annotated[float, Output("Nodes beyond those", "share")]
    cpu_share: Annotated[float, Output("Cores asked for, of those paid", "share")]
    memory_share: Annotated[float, Output("Memory asked for, of that paid", "share")]
    left_share: Annotated[float, Output("Fullest resource of a node, free on average", "share")]
    after_share: Annotated[float, Output("Cores asked for after some have gone, of those paid", "share")]
    emptied_share: Annotated[float, Output("Nodes that are empty by then", "share")]


@checked
def packing_mixed(
    pods: Annotated[int, Input("Containers", low=1, high=20_000, default=300)] = 300,
    pod_cpu: Annotated[float, Input("Cores that one asks for, mean", low=0.01, high=100, default=1)] = 1,
    pod_memory_gb: Annotated[float, Input("Memory that one asks for, mean", "GB", low=0.01, high=1000, default=3)] = 3,
    variation: Annotated[
        float, Input("Deviation of sizes over their mean", low=0, high=3, default=1)
    ] = 1,
    rule: Annotated[
        Literal["first fit", "fullest that fits", "emptiest that fits"],
        Input("Where one is placed", default="fullest that fits"),
    ] = "fullest that fits",
    order: Annotated[Literal["as they come", "largest first"], Input("Order", default="as they come")] = "as they come",
    gone_share: Annotated[
        float, Input("Containers that go later, at random", "share", low=0, high=1, default=0.5)
    ] = 0.5,
    node_cpu: NodeCpu = 16,
    node_memory_gb: NodeMemory = 64,
    reserved_cpu: ReservedCpu = 0.5,
    reserved_memory_gb: ReservedMemory = 3,
    most_pods: MostPods = 110,
    trials: Annotated[int, Input("Trials", low=1, high=200, default=5)] = 5,
    seed: Annotated[int, Input("Seed", low=0, high=2**31 - 1, default=1)] = 1,
) -> Mixed:  # fmt: skip
    """Containers of many sizes placed one after another on nodes, and what remains when some go, by simulation.

    Cores and memory are drawn apart, each lognormal with its mean and the deviation, cut at what a node holds. One
    is placed on a node where both fit, by the rule; a new node is added where none does. *Emptiest that fits*
    spreads over the nodes there are. The bound is the larger of all cores and all memory over a node's. Later
    containers go at random and nothing is moved: nodes empty only by chance, which is what consolidation mends.
    Affinities, zones and priorities are left out. Raises InvalidInput where a node has nothing free.
    Follows from drawing; placement in decreasing order is within 11/9 of the best for one resource.

    >>> packing_mixed(50, variation=0, order="largest first").nodes
    4.0
    """
    room = np.array([node_cpu - reserved_cpu, node_memory_gb - reserved_memory_gb])
    if np.any(room <= 0):
        raise InvalidInput(f"a node has {room[0]:g} cores and {room[1]:g} GB free; keep less, or take a larger node")
    streams = np.random.SeedSequence(int(seed)).spawn(int(trials))
    rows = np.array([
        _placed(np.random.default_rng(stream), int(pods), (pod_cpu, pod_memory_gb), float(variation), rule, order,
                float(gone_share), room, (node_cpu, node_memory_gb), int(most_pods))
        for stream in streams
    ])  # fmt: skip
    means = rows.mean(axis=0)
    return Mixed(
        nodes=float(means[0]),
        least_nodes=float(means[1]),
        over_least=float(means[0] / means[1] - 1),
        cpu_share=float(means[2]),
        memory_share=float(means[3]),
        left_share=float(means[4]),
        after_share=float(means[5]),
        emptied_share=float(means[6]),
    )


def _placed(
    generator: np.random.Generator, pods: int, mean: tuple[float, float], variation: float, rule: str, order: str,
    gone: float, room: np.ndarray, node: tuple[float, float], most: int,
) -> tuple[float, ...]:  # fmt: skip
    sigma = np.sqrt(np.log1p(variation**2))
    sizes = np.minimum(np.array(mean) * np.exp(sigma * generator.standard_normal((pods, 2)) - sigma**2 / 2), room)
    if order == "largest first":
        sizes = sizes[np.argsort(-(sizes / room).max(axis=1), kind="stable")]
    used, count, where, nodes = np.zeros((pods, 2)), np.zeros(pods, dtype=int), np.zeros(pods, dtype=int), 0
    for at, size in enumerate(sizes):
        fits = np.flatnonzero((used[:nodes] + size <= room + SLACK).all(axis=1) & (count[:nodes] < most))
        if fits.size == 0:
            chosen, nodes = nodes, nodes + 1
        elif rule == "first fit":
            chosen = int(fits[0])
        else:
            filled = (used[fits] / room).max(axis=1)
            chosen = int(fits[filled.argmax() if rule == "fullest that fits" else filled.argmin()])
        used[chosen] += size
        count[chosen] += 1
        where[at] = chosen
    least = max(np.ceil((sizes.sum(axis=0) / room).max() - SLACK), np.ceil(pods / most))
    stays = generator.random(pods) >= gone
    busy = np.unique(where[stays]).size
    paid = nodes * np.array(node)
    after = sizes[stays].sum(axis=0)[0] / max(busy, 1) / node[0]
    left = 1 - (used[:nodes] / room).max(axis=1).mean()
    return (nodes, least, *(sizes.sum(axis=0) / paid), left, after, 1 - busy / nodes)


def _mixed_work(inputs: Mapping[str, Any]) -> float:
    """Each container looks at the nodes that there are, of which a share of the containers' number is needed."""
    pods = inputs["pods"]
    return inputs["trials"] * pods * (PLACED_S + 2e-8 * pods)  # type: ignore[no-any-return]


def _stopped(inputs: Mapping[str, Any], result: Throttled) -> str:
    return (
        f"The work takes {duration(result.time_ms / 1000)} in place of {duration(result.free_ms / 1000)}: it is "
        f"stopped in {several(result.throttled_periods, 'period')} for {duration(result.stopped_ms / 1000)} in all."
    )


def _packed(inputs: Mapping[str, Any], result: Packing) -> str:
    return (
        f"A node takes {several(result.per_node, 'container')}, and {several(result.nodes, 'node')} all of them; "
        f"{percent(result.stranded_cpu_share)} of a full node's cores and {percent(result.stranded_memory_share)} of "
        "its memory are stranded."
    )


def _mixed(inputs: Mapping[str, Any], result: Mixed) -> str:
    return (
        f"They take {several(result.nodes, 'node')}, {percent(result.over_least)} more than no placement can go below; "
        f"{percent(result.cpu_share)} of the cores and {percent(result.memory_share)} of the memory are asked for. "
        f"When some have gone, {percent(result.after_share)} of the cores are."
    )


LIMITS = "Which CPU limit, if any?"
SIZES = "Which nodes fit the containers?"
MODELS = (
    Model(throttle, LIMITS, _stopped, "01-compute", "01-compute/throttle"),
    Model(packing, SIZES, _packed, "01-compute", "01-compute/packing"),
    Model(packing_mixed, SIZES, _mixed, "01-compute", "01-compute/packing-mixed", _mixed_work),
)
