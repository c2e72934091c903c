"""Capacity: how full the fullest node is and of what, and what passes a limit when the load varies.

The utilization law, resource by resource: what is asked of a node, over what it can do. Work that
every node does is not divided by adding nodes, nor is one key; copies divide reads, never writes.
Units: `_per_s` per second, `_bytes` bytes; a share is of one node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, checked
from sysdesign.models.lazy import Lazy
from sysdesign.models.wording import count, percent, several
from sysdesign.probability.elementwise import broadcast, plain

RESOURCES = ("requests", "disk", "memory", "another resource")
WORDS = {"requests": "time", "disk": "disk", "memory": "memory", "another resource": "other resource"}
MOST_MONTHS = 1200.0
JUST_WHOLE = 1 - 1e-12
MARGIN = 1.3  # further partitions whose spread is taken, so that what is needed suffices
P99 = float(special.ndtri(0.99))

Placement = Literal["random", "even", "balanced"]
Shares = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # of requests, disk, memory, another resource

Reads = Annotated[float, Input("Reads at the peak", "1/s", low=0, high=1e12, default=12_000)]
Writes = Annotated[float, Input("Writes at the peak", "1/s", low=0, high=1e12, default=2000)]
NodeReads = Annotated[
    float, Input("Reads that one node takes, without writes", "1/s", low=1e-3, high=1e12, default=40_000)
]
NodeWrites = Annotated[
    float, Input("Writes that one node takes, without reads", "1/s", low=1e-3, high=1e12, default=10_000)
]
ReadWork = Annotated[
    float, Input("Work of a read, in plain reads", low=0, high=1e6, default=1, help="rows, pages or copies asked")
]
WriteWork = Annotated[
    float, Input("Work of a write, in plain writes", low=0, high=1e6, default=1, help="indexes, log, amplification")
]
Partitions = Annotated[float, Input("Partitions", low=1, high=1e6, default=1)]
Copies = Annotated[
    float, Input("Copies that share the reads", low=1, high=1e4, default=1, help="each takes every write")
]
Placed = Annotated[Placement, Input("How keys are placed", default="random")]
Points = Annotated[
    float, Input("Points or parts of a node", low=1, high=1e6, default=128, help="virtual nodes, slots, ranges")
]
Hottest = Annotated[float, Input("Requests for the most wanted key", "share", low=0, high=1, default=0)]
Largest = Annotated[float, Input("Data and writes of the largest key", "share", low=0, high=1, default=0)]
Keyless = Annotated[float, Input("Reads that ask every partition", "share", low=0, high=1, default=0)]
Data = Annotated[float, Input("Data, one copy", "B", low=0, high=1e21, default=0)]
Disk = Annotated[float, Input("Disk of a node", "B", low=1e3, high=1e18, default=16e12)]
Hot = Annotated[float, Input("Data to keep in memory", "B", low=0, high=1e21, default=0)]
Memory = Annotated[float, Input("Memory of a node for it", "B", low=1e3, high=1e18, default=64e9)]
Other = Annotated[
    float,
    Input("Another resource, if one node bore it all", "share", low=0, high=1e6, default=0,
          help="network, connections, time of upkeep"),
]  # fmt: skip
Busy = Annotated[float, Input("Other work on every node, measured", "share", low=0, high=1e6, default=0)]
Growth = Annotated[float, Input("Growth of requests in a year, factor", low=0.01, high=1e4, default=1.5)]
DataGrowth = Annotated[float, Input("Growth of data in a year, factor", low=0.01, high=1e4, default=1.5)]
Target = Annotated[float, Input("Target utilization", "share", low=0.01, high=1, default=0.6)]


@dataclass(frozen=True)
class Fullest(Lazy):
    """The fullest node of a store or tier. A share of 1 is full; beyond that, more is asked than there is."""

    utilization: Annotated[float, Output("Fullest node", "share")]
    in_a_year: Annotated[float, Output("Fullest node in a year", "share")]
    mean_utilization: Annotated[float, Output("Mean node", "share")]
    requests_share: Annotated[float, Output("Fullest node, requests", "share")]
    disk_share: Annotated[float, Output("Fullest node, disk", "share")]
    memory_share: Annotated[float, Output("Fullest node, memory", "share")]
    fits_per_s: Annotated[float, Output("Requests of this mix that bring it to the target", "1/s")]
    fits_bytes: Annotated[float, Output("Data that brings its disk to the target", "B")]
    binding: Annotated[str, Output("What it is full of")]
    months_left: Annotated[float, Output("Months until it is full, at most 1,200")]


@checked
def fullest_node(
    reads_per_s: Reads, writes_per_s: Writes, node_reads_per_s: NodeReads, node_writes_per_s: NodeWrites,
    read_work: ReadWork = 1, write_work: WriteWork = 1, partitions: Partitions = 1, copies: Copies = 1,
    placement: Placed = "random", parts_per_node: Points = 128, hottest_share: Hottest = 0,
    largest_share: Largest = 0, keyless_share: Keyless = 0, data_bytes: Data = 0, node_disk_bytes: Disk = 16e12,
    hot_bytes: Hot = 0, node_memory_bytes: Memory = 64e9, other_share: Other = 0, busy_share: Busy = 0,
    growth: Growth = 1.5, data_growth: DataGrowth = 1.5, target: Target = 0.6,
) -> Fullest:  # fmt: skip
    """How full the fullest node of a store is, of what, in a year, and what fits it.

    Reads and writes use shares of a node's time, which add up; disk, memory and one resource more
    have shares of their own, and the largest of them binds. A partition has its part of each, and
    all reads that name no key. Copies divide the reads, and each takes every write. The most
    wanted key and the largest are taken to be on one node.

    random: nodes own random arcs or parts. The fullest of P has the median of the largest of P
    independent shares with the mean 1 / P and the deviation that `hashing.ring` gives (quantile of
    a gamma law by Wilson and Hilferty's cube). even: equal parts in equal numbers, one node with
    one more. balanced: parts are moved until nodes are alike, and the largest key has one alone.
    Where the random spread and a key's share are about equal, the fullest has somewhat more.

    Assumes the rates of the peak, nodes that are alike, and costs that do not grow with load: take
    what a node does from a measurement near the target. Near 100% waits decide before capacity does
    (`queueing.mm1`). Elementwise over arrays but for `placement`; `binding` and `months_left` are then
    empty: they are told of one store. Raises InvalidInput where an input is out of range.
    Source: denning-buzen-1978 for the law and for the device that saturates first.

    >>> fullest_node(20_000, 2000, 40_000, 10_000).utilization
    0.7
    """
    load = _load(
        reads_per_s, writes_per_s, node_reads_per_s, node_writes_per_s, read_work, write_work, copies, keyless_share,
        busy_share, data_bytes, node_disk_bytes, hot_bytes, node_memory_bytes, other_share,
    )  # fmt: skip
    keys = _Keys(placement, *_floats(parts_per_node, hottest_share, largest_share))
    number, goal, more, more_data = _floats(partitions, target, growth, data_growth)
    here = keys.parts(number)
    now = load.shares(here)
    asked = np.add(reads_per_s, writes_per_s)
    shape = np.broadcast_shapes(*(each.shape for each in (*now, goal, more, more_data)))
    return Fullest.later(
        shape,
        utilization=lambda: _largest(now),
        in_a_year=lambda: np.maximum(np.maximum(now[0], now[3]) * more, np.maximum(now[1], now[2]) * more_data),
        mean_utilization=lambda: _largest(load.shares(_alike(number))),
        requests_share=lambda: now[0],
        disk_share=lambda: now[1],
        memory_share=lambda: now[2],
        fits_per_s=lambda: _fitting(asked, now[0], load.busy, goal),
        fits_bytes=lambda: goal * node_disk_bytes / here.data,
        binding=np.empty(0) if shape else RESOURCES[int(np.argmax(now))],
        months_left=np.empty(0) if shape else plain(_months(now, more, more_data)),
    )


@dataclass(frozen=True)
class Needed:
    """What brings the fullest node to a target."""

    nodes: Annotated[float, Output("Nodes with all copies (0: no number suffices)")]
    partitions: Annotated[float, Output("Partitions that bring the fullest node to the target (0: none do)")]
    copies: Annotated[float, Output("Copies that bring its requests there, partitions as given (0: none do)")]
    nodes_in_a_year: Annotated[float, Output("Nodes in a year (0: no number suffices)")]
    indivisible: Annotated[float, Output("What no number of partitions takes off a node", "share")]


@checked
def nodes_needed(
    reads_per_s: Reads, writes_per_s: Writes, node_reads_per_s: NodeReads, node_writes_per_s: NodeWrites,
    read_work: ReadWork = 1, write_work: WriteWork = 1, partitions: Partitions = 1, copies: Copies = 1,
    placement: Placed = "random", parts_per_node: Points = 128, hottest_share: Hottest = 0,
    largest_share: Largest = 0, keyless_share: Keyless = 0, data_bytes: Data = 0, node_disk_bytes: Disk = 16e12,
    hot_bytes: Hot = 0, node_memory_bytes: Memory = 64e9, other_share: Other = 0, busy_share: Busy = 0,
    growth: Growth = 1.5, data_growth: DataGrowth = 1.5, target: Target = 0.6,
) -> Needed:  # fmt: skip
    """Nodes that bring the fullest one to a target, and how full it stays where a key is too large for that.

    The same laws as `fullest_node`. The largest key, the most wanted one and reads without a key keep
    a part of the load on one node, or on every one, whatever their number: above the target, no
    number suffices (0). Spreads are taken a little wide, so that what is needed suffices; under random
    placement with four points or more the number may be a few hundredths too high.
    Elementwise over arrays but for `placement`. Raises InvalidInput where an input is out of range.
    Source: denning-buzen-1978 for the law and for the device that saturates first.

    >>> nodes_needed(200_000, 20_000, 40_000, 10_000, placement="balanced").nodes
    12.0
    """
    load = _load(
        reads_per_s, writes_per_s, node_reads_per_s, node_writes_per_s, read_work, write_work, copies, keyless_share,
        busy_share, data_bytes, node_disk_bytes, hot_bytes, node_memory_bytes, other_share,
    )  # fmt: skip
    keys = _Keys(placement, *_floats(parts_per_node, hottest_share, largest_share))
    number, copied, goal, more, more_data = _floats(partitions, copies, target, growth, data_growth)
    grown = load.times(more, more_data)
    needed = _needed(load, keys, goal)
    found = (
        needed * copied, needed, _copies(load, keys.parts(number), copied, goal), _needed(grown, keys, goal) * copied,
        _largest(load.shares(keys.alone())),
    )  # fmt: skip
    return Needed(*map(plain, np.broadcast_arrays(*found)))


@dataclass(frozen=True)
class Added(Lazy):
    """The fullest node of a store that adds nodes as it needs them."""

    utilization: Annotated[float, Output("Fullest node", "share")]
    in_a_year: Annotated[float, Output("Fullest node in a year", "share")]


@checked
def with_nodes_added(
    reads_per_s: Reads, writes_per_s: Writes, node_reads_per_s: NodeReads, node_writes_per_s: NodeWrites,
    read_work: ReadWork = 1, write_work: WriteWork = 1, partitions: Partitions = 1, copies: Copies = 1,
    placement: Placed = "random", parts_per_node: Points = 128, hottest_share: Hottest = 0,
    largest_share: Largest = 0, keyless_share: Keyless = 0, data_bytes: Data = 0, node_disk_bytes: Disk = 16e12,
    hot_bytes: Hot = 0, node_memory_bytes: Memory = 64e9, other_share: Other = 0, busy_share: Busy = 0,
    growth: Growth = 1.5, data_growth: DataGrowth = 1.5, target: Target = 0.6,
) -> Added:  # fmt: skip
    """How full the fullest node stays where partitions are added, from those given, up to a target.

    The same laws as `fullest_node`. Partitions are added until all but the largest keys is at the
    target on the fullest node; what these keys, reads without a key and other work bring stays.
    Elementwise over arrays but for `placement`. Raises InvalidInput where an input is out of range.
    Source: denning-buzen-1978 for the law and for the device that saturates first.

    >>> with_nodes_added(800_000, 0, 40_000, 10_000, placement="balanced", hottest_share=0.1).utilization
    2.0
    """
    load = _load(
        reads_per_s, writes_per_s, node_reads_per_s, node_writes_per_s, read_work, write_work, copies, keyless_share,
        busy_share, data_bytes, node_disk_bytes, hot_bytes, node_memory_bytes, other_share,
    )  # fmt: skip
    keys = _Keys(placement, *_floats(parts_per_node, hottest_share, largest_share))
    number, goal, more, more_data = given = _floats(partitions, target, growth, data_growth)
    return Added.later(
        np.broadcast_shapes(*(np.shape(each) for each in (*load, *keys[1:], *given))),
        utilization=lambda: _scaled(load, keys, number, goal),
        in_a_year=lambda: _scaled(load.times(more, more_data), keys, number, goal),
    )


def _floats(*values: Any) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(each, dtype=float) for each in values)


def _load(*given: Any) -> _Load:
    """In nodes, from what is asked and what a node does, in the order of the calls."""
    (reads, writes, node_reads, node_writes, read_work, write_work, copies, keyless, busy,
     data, disk, hot, memory, other) = _floats(*given)  # fmt: skip
    read = reads / node_reads * read_work / copies
    return _Load(writes / node_writes * write_work, read * (1 - keyless), read * keyless, busy,
                 data / disk, hot / memory, other)  # fmt: skip


class _Parts(NamedTuple):
    """What of the whole falls to the fullest node: of data and the like, of keyed reads, of writes."""

    data: np.ndarray
    reads: np.ndarray
    writes: np.ndarray


class _Load(NamedTuple):
    """What is asked, in nodes: work that keys divide, work that every node does, and the other resources."""

    write: np.ndarray
    read: np.ndarray
    keyless: np.ndarray
    busy: np.ndarray
    disk: np.ndarray
    memory: np.ndarray
    other: np.ndarray

    def shares(self, parts: _Parts) -> Shares:
        """Of one node's requests, disk, memory and another resource."""
        requests = self.write * parts.writes + self.read * parts.reads + self.keyless + self.busy
        return requests, self.disk * parts.data, self.memory * parts.data, self.other * parts.data

    def times(self, more: np.ndarray, more_data: np.ndarray) -> _Load:
        write, read, keyless, busy = (each * more for each in (self.write, self.read, self.keyless, self.busy))
        return _Load(write, read, keyless, busy, self.disk * more_data, self.memory * more_data, self.other * more)

    def room(self, target: np.ndarray) -> np.ndarray:
        """What is left of the target beside the work that every node does."""
        return target - self.keyless - self.busy

    def stored(self) -> np.ndarray:
        return np.maximum(np.maximum(self.disk, self.memory), self.other)


class _Keys(NamedTuple):
    """How keys lie on nodes, and the shares of the largest."""

    placement: str
    points: np.ndarray
    hottest: np.ndarray
    largest: np.ndarray

    def spread(self, partitions: np.ndarray) -> np.ndarray:
        """The fullest node's share over the mean one, were no key larger than others."""
        if self.placement == "balanced":
            return np.asarray(1.0)
        if self.placement == "even":
            return 1 + (1 - 1 / partitions) / self.points
        variance = (partitions - 1) / (partitions * self.points + 1)
        cube = 1 - variance / 9 + special.ndtri(0.5 ** (1 / partitions)) * np.sqrt(variance) / 3
        return np.clip(cube**3, 1, partitions)

    def spread_for(self, even: np.ndarray) -> np.ndarray:
        """The spread of as many partitions as it takes, where so many would do were all alike."""
        if self.placement != "random":
            return self.spread(np.asarray(np.inf))
        return self.spread(np.maximum(even * MARGIN * self.spread(np.maximum(even, 1)), 1))

    def parts(self, partitions: np.ndarray) -> _Parts:
        mean = self.spread(partitions) / partitions
        beside = 0.0 if self.placement == "balanced" else 1 / partitions
        reads, data = (np.maximum(mean, key + (1 - key) * beside) for key in (self.hottest, self.largest))
        return _Parts(data, reads, np.maximum(data, reads))

    def alone(self) -> _Parts:
        """The largest keys on nodes of their own."""
        return _Parts(self.largest, self.hottest, np.maximum(self.hottest, self.largest))


def _alike(partitions: np.ndarray) -> _Parts:
    return _Parts(1 / partitions, 1 / partitions, 1 / partitions)


def _largest(shares: Shares) -> np.ndarray:
    return np.maximum(np.maximum(shares[0], shares[1]), np.maximum(shares[2], shares[3]))


def _scaled(load: _Load, keys: _Keys, partitions: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The fullest node where partitions are added until what can be divided is at the target."""
    room = np.maximum(load.room(target), target / 10)  # where every node is busy anyway, further ones take little off
    even = np.maximum((load.write + load.read) / room, load.stored() / target)
    added = np.maximum(partitions, even * keys.spread_for(even))
    return _largest(load.shares(keys.parts(added)))


def _needed(load: _Load, keys: _Keys, target: np.ndarray) -> np.ndarray:
    """Partitions at which the fullest node is at the target; 0 where a key or what every node does is above it."""
    room, stored, both = load.room(target), load.stored(), np.maximum(keys.hottest, keys.largest)
    requests = load.write + load.read
    even = np.maximum(requests / np.where(room > 0, room, np.inf), stored / target)
    spread = keys.spread_for(even)
    beside = 0.0 if keys.placement == "balanced" else 1.0
    # Each is at the target where fixed + divided / partitions is: all keys alike, or the largest of either kind.
    of_hottest, of_largest = beside * (1 - keys.hottest), beside * (1 - keys.largest)
    kinds = (
        (np.zeros(()), requests * spread, room),
        (load.write * keys.largest, load.write * of_largest + load.read * spread, room),
        (load.write * both + load.read * keys.hottest,
         load.write * np.minimum(of_hottest, of_largest) + load.read * of_hottest, room),
        (np.zeros(()), stored * spread, target),
        (stored * keys.largest, stored * of_largest, target),
    )  # fmt: skip
    least = np.asarray(1.0)
    for fixed, divided, most in kinds:
        left = most - fixed
        fits = np.where(
            left > 0, divided / np.where(left > 0, left, 1.0), np.where(divided + fixed > most, np.inf, 0.0)
        )
        least = np.maximum(least, fits)
    return np.where(np.isfinite(least) & (room >= 0), np.ceil(least * JUST_WHOLE), 0.0)


def _copies(load: _Load, parts: _Parts, copies: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Copies that bring the requests to the target; 0 where the writes that each takes are above it."""
    room = target - load.busy - load.write * parts.writes
    reads = (load.read * parts.reads + load.keyless) * copies
    needed = np.maximum(np.ceil(reads / np.where(room > 0, room, 1.0) * JUST_WHOLE), 1.0)
    return np.where((room > 0) | ((room == 0) & (reads == 0)), needed, 0.0)


def _months(shares: Shares, growth: np.ndarray, data_growth: np.ndarray) -> np.ndarray:
    """Until the first of the resources is full."""
    requests = _until_full(np.maximum(shares[0], shares[3]), growth)
    return np.minimum(requests, _until_full(np.maximum(shares[1], shares[2]), data_growth))


def _until_full(share: np.ndarray, growth: np.ndarray) -> np.ndarray:
    pace = np.log(np.maximum(growth, 1 + 1e-12))
    return np.clip(-12 * np.log(np.maximum(share, 1e-300)) / pace, 0.0, MOST_MONTHS)


def _fitting(asked: np.ndarray, share: np.ndarray, busy: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Requests that bring the fullest node to the target, of the mix of those that are asked."""
    own = share - busy
    return np.where(own > 0, asked * np.maximum(target - busy, 0.0) / np.where(own > 0, own, 1.0), 0.0)


@dataclass(frozen=True)
class Passed:
    """What passes a limit or a tier."""

    passed_per_s: Annotated[float, Output("What passes", "1/s")]
    refused: Annotated[float, Output("Refused or too late", "share")]
    utilization: Annotated[float, Output("Mean load carried, of what a node takes", "share")]
    offered_share: Annotated[float, Output("Mean load offered to a node", "share")]
    busy_p99: Annotated[float, Output("Load offered to a node, 99th percentile", "share")]
    full: Annotated[float, Output("Time that a node is full", "share")]
    refused_in_a_year: Annotated[float, Output("Refused in a year", "share")]
    nodes_needed: Annotated[float, Output("Nodes that are not full for 99% of the time, failed ones besides")]


@checked
def let_through(
    offered_per_s: Annotated[float, Input("Load offered, mean", "1/s", low=0, high=1e12, default=8000)],
    limit_per_s: Annotated[
        float, Input("What one node takes, or a limit grants", "1/s", low=1e-6, high=1e12, default=1000)
    ],
    nodes: Annotated[float, Input("Nodes", low=1, high=1e9, default=10)] = 1,
    failed: Annotated[float, Input("Of which have failed", low=0, high=1e9, default=0)] = 0,
    variation: Annotated[
        float, Input("Deviation of a node's load over its mean", low=0, high=100, default=0.3,
                     help="of moments and of nodes together"),
    ] = 0.3,
    growth: Annotated[float, Input("Growth in a year, factor", low=0.01, high=1e4, default=1.5)] = 1.5,
) -> Passed:  # fmt: skip
    """What passes a tier of nodes, or a limit, when the load varies: less than the smaller of load and limit.

    A node's load is lognormal with that mean and deviation, over moments and nodes; what exceeds
    the limit is refused and does not come again. So some is refused below the limit, and some of
    the limit is unused above it: the mean of the smaller of two is less than the smaller of two
    means. Without variation it is their minimum. Failed nodes leave their part to the others.

    For a proxy or broker take the deviation from one-second counts of single nodes; few flows of
    unequal size bring it above 1. What is refused and comes again is `retries.layered`; a queue
    that bridges a moment is `queueing.mmck`. Elementwise over arrays. Raises InvalidInput where an
    input is out of range or all nodes have failed. Follows from the lognormal law; no source needed.

    >>> round(let_through(1000, 1000, variation=0.3).refused, 3)
    0.117
    """
    given = (offered_per_s, limit_per_s, nodes, failed, variation, growth)
    offered, limit, all_nodes, gone, deviation, more = broadcast(*given)
    if np.any(gone >= all_nodes):
        raise InvalidInput(f"failed is {failed} of {nodes} nodes, so nothing passes; give fewer failed nodes")
    sigma = np.maximum(np.sqrt(np.log1p(deviation**2)), 1e-6)  # none is as good as a millionth
    mean = offered / (all_nodes - gone)
    passed, full = _smaller(mean, limit, sigma)
    later, _ = _smaller(mean * more, limit, sigma)
    high = np.exp(P99 * sigma - sigma**2 / 2)
    found = (
        passed * (all_nodes - gone), _missing(passed, mean), passed / limit, mean / limit, mean * high / limit, full,
        _missing(later, mean * more), np.maximum(np.ceil(offered * high / limit * JUST_WHOLE), 1) + gone,
    )  # fmt: skip
    return Passed(*map(plain, found))


def _smaller(mean: np.ndarray, limit: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the smaller of a lognormal load and a limit, and how often that is the limit."""
    at = np.log(limit / np.maximum(mean, 1e-250)) / sigma + sigma / 2
    above = special.ndtr(-at)
    return mean * special.ndtr(at - sigma) + limit * above, above


def _missing(passed: np.ndarray, offered: np.ndarray) -> np.ndarray:
    return np.maximum(1 - passed / np.maximum(offered, 1e-250), 0.0) * (offered > 0)


def _filled(inputs: Mapping[str, Any], result: Fullest) -> str:
    text = f"The fullest node uses {percent(result.utilization)} of its {WORDS[result.binding]}"
    if result.utilization >= 1:
        return f"{text}: more is asked than there is."
    return f"{text}, and {percent(result.in_a_year)} of one resource in a year."


def _sized(inputs: Mapping[str, Any], result: Needed) -> str:
    target = percent(inputs["target"])
    if result.nodes:
        return f"{several(result.nodes, 'node', 'keep')} the fullest one at {target} or below."
    return (
        f"No number of nodes brings the fullest one to {target}: {percent(result.indivisible)} is one key's, or "
        "every node's."
    )


def _adding(inputs: Mapping[str, Any], result: Added) -> str:
    return (
        f"With nodes added as needed, the fullest is at {percent(result.utilization)}, and in a year at "
        f"{percent(result.in_a_year)}."
    )


def _passing(inputs: Mapping[str, Any], result: Passed) -> str:
    return (
        f"{count(result.passed_per_s)} a second pass and {percent(result.refused)} are refused, at a mean load of "
        f"{percent(result.offered_share)}; {several(result.nodes_needed, 'node', 'are')} enough for 99% of the time."
    )


FULL = "How full is the fullest node, and what does it let through?"
MODELS = (
    Model(fullest_node, FULL, _filled, "04-databases", "04-databases/fullest-node"),
    Model(nodes_needed, FULL, _sized, "04-databases", "04-databases/nodes-needed"),
    Model(with_nodes_added, FULL, _adding, "04-databases", "04-databases/nodes-added"),
    Model(let_through, FULL, _passing, "07-resilience", "07-resilience/let-through"),
)
