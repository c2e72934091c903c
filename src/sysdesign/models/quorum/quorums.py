"""Replicated stores with quorums of N, R and W: how stale a read is, how long it takes, how often it works.

A write goes to all N replicas and returns at the W-th acknowledgement; a read goes to all and
returns the newest of the first R answers (Dynamo's scheme). With R + W > N every read sees the
last completed write; with less, it may miss it for a while.
Sources: bailis-2012 (staleness), weibull-2010 (shared causes of failure). Times in milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.quorum.kernels import race
from sysdesign.models.wording import amount, duration, percent, several
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import wilson

BLOCK = 8_192  # trials at a time: what fits a processor's cache, and how often a run asks whether to stop
SSD = "0.9122*pareto(minimum=0.235, shape=10) + 0.0878*exponential(rate=1.66)"
DISK = "0.38*pareto(minimum=1.05, shape=1.51) + 0.62*exponential(rate=0.183)"
DECISION = "How many replicas must answer a read and a write?"

Replicas = Annotated[int, Input("Replicas (N)", "", low=1, high=15, default=3)]
ReadQuorum = Annotated[
    int, Input("Answers a read waits for (R)", "", low=1, high=15, default=1, most=AtMost("replicas"))
]
WriteQuorum = Annotated[
    int, Input("Acknowledgements a write waits for (W)", "", low=1, high=15, default=1, most=AtMost("replicas"))
]
WriteLeg = Annotated[Distribution, Input("Write reaches a replica and is stored", "ms", low=0, high=1e7, default=DISK)]
AcknowledgeLeg = Annotated[Distribution, Input("Acknowledgement comes back", "ms", low=0, high=1e7, default=SSD)]
ReadLeg = Annotated[Distribution, Input("Read reaches a replica", "ms", low=0, high=1e7, default=SSD)]
RespondLeg = Annotated[Distribution, Input("Answer comes back", "ms", low=0, high=1e7, default=SSD)]
RemoteExtra = Annotated[
    float,
    Input(
        "Extra each way to all replicas but one", "ms", low=0, high=1e7, default=0.0,
        help="for replicas in different regions: writer and reader each stand near one replica, drawn anew",
    ),
]  # fmt: skip
Share = Annotated[float, Input("Share of operations to cover", "share", low=0.5, high=0.99999, default=0.999)]
Trials = Annotated[int, Input("Most trials", "", low=1_000, high=10_000_000, default=100_000)]
HalfWidth = Annotated[float, Input("Stop when the chance is known within", "share", low=1e-6, high=0.5, default=0.003)]
Seed = Annotated[int, Input("Seed", "", low=0, high=2**31, default=1)]


@dataclass(frozen=True)
class Staleness:
    """What a read sees some time after a write, and how long both take."""

    consistent: Annotated[float, Output("Chance that a read sees the last write", "share")]
    consistent_low: Annotated[float, Output("its low end at 95%", "share")]
    consistent_high: Annotated[float, Output("its high end at 95%", "share")]
    visible_ms: Annotated[float, Output("Wait until that share of reads sees the write", "ms")]
    visible_low_ms: Annotated[float, Output("its low end at 95%", "ms")]
    visible_high_ms: Annotated[float, Output("its high end at 95%", "ms")]
    read_median_ms: Annotated[float, Output("Read, median", "ms")]
    read_tail_ms: Annotated[float, Output("Read, at that share", "ms")]
    write_median_ms: Annotated[float, Output("Write, median", "ms")]
    write_tail_ms: Annotated[float, Output("Write, at that share", "ms")]
    trials: Annotated[int, Output("Trials")]
    after_ms: Annotated[np.ndarray, Output("Time since the write returned", "ms")]
    consistent_after: Annotated[np.ndarray, Output("Chance that a read then sees it", "share")]


@dataclass(frozen=True)
class Configurations:
    """Every R and W for N replicas, each with its staleness and latency."""

    read_quorum: Annotated[np.ndarray, Output("R")]
    write_quorum: Annotated[np.ndarray, Output("W")]
    strict: Annotated[np.ndarray, Output("R + W above N: never stale (1) or not (0)")]
    consistent: Annotated[np.ndarray, Output("Chance that a read at once sees the last write", "share")]
    visible_ms: Annotated[np.ndarray, Output("Wait until the share of reads sees the write", "ms")]
    read_tail_ms: Annotated[np.ndarray, Output("Read, at the share", "ms")]
    write_tail_ms: Annotated[np.ndarray, Output("Write, at the share", "ms")]
    overlap: Annotated[tuple[str, ...], Output("Whether the two quorums overlap", drawn=True)]
    name: Annotated[
        tuple[str, ...], Output("R and W, and the share of reads at once that see the last write", drawn=True)
    ]


@dataclass(frozen=True)
class Versions:
    """How many versions old a read may be, if writes reach only their quorum."""

    stale: Annotated[Any, Output("Chance that a read is that many versions old or more", "share")]
    within: Annotated[Any, Output("Chance that it is among the newest versions asked for", "share")]
    not_monotonic: Annotated[Any, Output("Chance that a client reads older data than it has read", "share")]


@dataclass(frozen=True)
class Availability:
    """How often enough replicas are up."""

    majority: Annotated[Any, Output("A majority is up", "share")]
    read: Annotated[Any, Output("R replicas are up", "share")]
    write: Annotated[Any, Output("W replicas are up", "share")]
    majority_down_min_per_month: Annotated[Any, Output("No majority, a month of 30 days", "min")]
    independent_majority: Annotated[Any, Output("A majority is up, if failures shared no cause", "share")]


def warm() -> None:
    """Compile the kernel, so that no request waits for it."""
    legs = np.ones((2, 2))
    race(legs, legs, legs, legs, 1, 1, np.empty(2), np.empty(2), np.empty(2))


@checked
def staleness(
    replicas: Replicas,
    read_quorum: ReadQuorum,
    write_quorum: WriteQuorum,
    write_ms: WriteLeg,
    acknowledge_ms: AcknowledgeLeg,
    read_ms: ReadLeg,
    respond_ms: RespondLeg,
    t_ms: Annotated[float, Input("Read begins this long after the write returned", "ms", low=0, high=1e9, default=0.0)],
    share: Share = 0.999,
    remote_extra_ms: RemoteExtra = 0.0,
    trials: Trials = 100_000,
    half_width: HalfWidth = 0.003,
    seed: Seed = 1,
) -> Staleness:
    """Chance that a read misses the last write.

    Each trial draws four legs for every replica: write there, acknowledgement back, read
    there, answer back (WARS). The read misses the write if none of the first R replicas to
    answer had it when asked. A run stops once the chance is known within `half_width` and
    100 operations lie beyond `share`, or when `trials` are spent.

    Assumes independent legs, one write at a time, no failures, no read repair or other
    anti-entropy: a bound from below on consistency where replicas are alike, and too hopeful
    where slow replicas stay slow. The paper's section 5.1 prints the test as
    `w + R + t <= W`, which is the condition for a stale answer, not for a consistent one.
    Raises InvalidInput if R or W exceeds N. Source: bailis-2012.
    """
    _check_quorums(replicas, read_quorum, write_quorum)
    legs = [
        Distribution.of(write_ms, "ms"), Distribution.of(acknowledge_ms, "ms"),
        Distribution.of(read_ms, "ms"), Distribution.of(respond_ms, "ms"),
    ]  # fmt: skip
    trial = _Trials(legs, replicas, remote_extra_ms, np.random.default_rng(seed))
    least = min(trials, math.ceil(100 / (1 - share)))
    late, reads, writes = _until_known(trial, read_quorum, write_quorum, t_ms, trials, least, half_width)
    waiting = np.sort(late[late > 0])  # the rest sees the write at once
    after = np.linspace(0.0, max(_wait(waiting, late.size, share)[0], t_ms, 1e-3), 41)
    fresh_after = late.size - waiting.size + np.searchsorted(waiting, after, side="right")
    fresh = int(np.count_nonzero(late <= t_ms))
    return Staleness(
        fresh / late.size, *wilson(fresh, late.size), *_wait(waiting, late.size, share),
        *_middle_and_tail(reads, share), *_middle_and_tail(writes, share), late.size,
        after, fresh_after / late.size,
    )  # fmt: skip


@checked
def configurations(
    replicas: Annotated[int, Input("Replicas (N)", "", low=1, high=7, default=3)],
    write_ms: WriteLeg,
    acknowledge_ms: AcknowledgeLeg,
    read_ms: ReadLeg,
    respond_ms: RespondLeg,
    share: Annotated[
        float, Input("Share of operations to cover", "share", low=0.5, high=0.9999, default=0.999)
    ] = 0.999,
    remote_extra_ms: RemoteExtra = 0.0,
    trials: Annotated[int, Input("Trials for each R and W", "", low=1_000, high=1_000_000, default=30_000)] = 30_000,
    seed: Seed = 1,
) -> Configurations:
    """Staleness against latency for every R and W.

    The same draws serve every configuration, so that they differ by R and W alone. See
    `staleness` for what a trial is and what it assumes. Source: bailis-2012, table 4.
    """
    legs = [Distribution.of(each, "ms") for each in (write_ms, acknowledge_ms, read_ms, respond_ms)]
    pairs = [(r, w) for r in range(1, replicas + 1) for w in range(1, replicas + 1)]
    trial = _Trials(legs, replicas, remote_extra_ms, np.random.default_rng(seed))
    raced: list[list[np.ndarray]] = [[] for _ in pairs]
    for done in range(0, trials, BLOCK):
        drawn = trial.draw(min(BLOCK, trials - done))
        for found, (r, w) in zip(raced, pairs, strict=True):
            found.append(trial.race(drawn, r, w))
    rows = []
    for found in raced:
        late, reads, writes = np.concatenate(found, axis=1)
        waiting = np.sort(late[late > 0])
        visible, _, _ = _wait(waiting, late.size, share)
        rows.append(
            (1 - waiting.size / late.size, visible, *(_middle_and_tail(each, share)[1] for each in (reads, writes)))
        )
    r_of, w_of = np.array(pairs).T
    strict = r_of + w_of > replicas
    consistent, visible, read_tail, write_tail = np.array(rows).T
    return Configurations(
        r_of, w_of, strict.astype(int), consistent, visible, read_tail, write_tail,
        tuple("overlap: never stale" if each else "may be stale" for each in strict),
        tuple(f"R{r} W{w}" + ("" if r + w > replicas else f", {100 * fresh:.0f}%")
              for (r, w), fresh in zip(pairs, consistent, strict=True)),
    )  # fmt: skip


@checked
def versions(
    replicas: Annotated[int, Input("Replicas (N)", "", low=1, high=1000, default=3)],
    read_quorum: Annotated[
        int, Input("Answers a read waits for (R)", "", low=1, high=1000, default=1, most=AtMost("replicas"))
    ],
    write_quorum: Annotated[
        int, Input("Replicas a write reaches (W)", "", low=1, high=1000, default=1, most=AtMost("replicas"))
    ],
    versions: Annotated[float, Input("Newest versions that count as fresh (k)", "", low=1, high=1000, default=3)],
    writes_per_s: Annotated[float, Input("Writes to the key", "1/s", low=0, high=1e6, default=1.0)] = 1.0,
    reads_per_s: Annotated[
        float, Input("Reads of the key by one client", "1/s", low=1e-6, high=1e6, default=1.0)
    ] = 1.0,
) -> Versions:
    """How many versions old a read may be.

    A quorum chosen at random misses one write with chance C(N-W, R) / C(N, R), and k writes in
    a row with its k-th power. A client sees time run backwards with the power 1 + writes
    between two of its reads.

    Assumes that a write stays on the W replicas that acknowledged it, each quorum chosen
    afresh: where writes go on to the other replicas, this is the most staleness there can be.
    Source: bailis-2012, equations 2 and 3.
    """
    _check_quorums(replicas, read_quorum, write_quorum)
    miss = _chance_of_missing(replicas, read_quorum, write_quorum)
    stale = miss ** np.asarray(versions, dtype=float)
    backwards = miss ** (1 + np.minimum(np.asarray(writes_per_s) / np.asarray(reads_per_s), 1e6))
    return Versions(plain(stale), plain(1 - stale), plain(backwards))


@checked
def availability(
    nodes: Annotated[int, Input("Replicas (N)", "", low=1, high=101, default=3)],
    node_availability: Annotated[float, Input("One replica is up", "share", low=0, high=1, default=0.99)],
    shared_cause_share: Annotated[
        float,
        Input(
            "Share of a replica's downtime that takes all down together",
            "share",
            low=0,
            high=1,
            default=0.05,
            help="the beta factor: one bad deployment, one expired certificate, one power feed",
        ),
    ] = 0.05,
    zones: Annotated[
        int, Input("Zones the replicas are spread over", "", low=1, high=101, default=3, most=AtMost("nodes"))
    ] = 3,
    zone_availability: Annotated[float, Input("One zone is up", "share", low=0, high=1, default=1.0)] = 1.0,
    read_quorum: Annotated[
        int, Input("Replicas a read needs (R); 0 is a majority", "", low=0, high=101, default=0, most=AtMost("nodes"))
    ] = 0,
    write_quorum: Annotated[
        int, Input("Replicas a write needs (W); 0 is a majority", "", low=0, high=101, default=0, most=AtMost("nodes"))
    ] = 0,
) -> Availability:
    """How often a quorum is up, also when failures share a cause.

    Three layers, each independent of the others: a cause shared by all replicas, which takes
    the share `shared_cause_share` of one replica's downtime; a zone, which takes its replicas;
    and each replica by itself. `node_availability` covers the shared cause but not the zone.
    Replicas are spread over the zones as evenly as they go. With both at rest it is the
    binomial closed form.

    Assumes fixed members: no repair by moving replicas, and a replica is either up or down.
    Raises InvalidInput if a quorum exceeds the replicas, or zones do. Source: weibull-2010
    for the shared cause; the rest is the convolution of binomials.
    """
    _check_placement(nodes, zones, read_quorum, write_quorum)
    up = np.asarray(node_availability, dtype=float)
    beta, zone_up = np.asarray(shared_cause_share, dtype=float), np.asarray(zone_availability, dtype=float)
    together = 1 - beta * (1 - up)
    alone = np.divide(up, together, out=np.zeros(np.broadcast(up, together).shape), where=together > 0)
    majority = nodes // 2 + 1
    count_up = _count_up(nodes, zones, alone, zone_up)
    some, read, write = (
        plain(np.clip(together * count_up[..., quorum or majority :].sum(axis=-1), 0.0, 1.0))
        for quorum in (majority, read_quorum, write_quorum)
    )
    alike = plain(_count_up(nodes, 1, up, np.asarray(1.0))[..., majority:].sum(axis=-1))
    return Availability(some, read, write, plain((1 - np.asarray(some)) * 30 * 24 * 60), alike)


def _count_up(nodes: int, zones: int, node_up: Any, zone_up: Any) -> np.ndarray:
    """Chance of each number of replicas up, from 0 to `nodes`, on the last axis."""
    shape = np.broadcast(node_up, zone_up).shape
    total = np.ones((*shape, 1))
    for zone in range(zones):
        size = nodes // zones + (zone < nodes % zones)
        counts = np.arange(size + 1)
        up = np.asarray(node_up)[..., None]
        inside = special.binom(size, counts) * up**counts * (1 - up) ** (size - counts) * np.asarray(zone_up)[..., None]
        inside = np.broadcast_to(inside, (*shape, size + 1)).copy()
        inside[..., 0] += 1 - zone_up
        longer = np.zeros((*shape, total.shape[-1] + size))
        for count in counts:
            longer[..., count : count + total.shape[-1]] += total * inside[..., count : count + 1]
        total = longer
    return total


def _chance_of_missing(replicas: int, read_quorum: int, write_quorum: int) -> float:
    if read_quorum + write_quorum > replicas:
        return 0.0
    return math.comb(replicas - write_quorum, read_quorum) / math.comb(replicas, read_quorum)


class _Trials:
    """Blocks of independent trials of one write and one read."""

    def __init__(self, legs: list[Distribution], replicas: int, extra_ms: float, generator: np.random.Generator):
        self.legs, self.replicas, self.extra_ms, self.generator = legs, replicas, extra_ms, generator

    def draw(self, size: int) -> list[np.ndarray]:
        """The four legs of a block: write, acknowledgement, read and answer, a row a trial."""
        drawn = [leg.sample(self.generator, (size, self.replicas)) for leg in self.legs]
        if self.extra_ms > 0:
            for out, home in (drawn[:2], drawn[2:]):
                extra = np.full((size, self.replicas), self.extra_ms)
                extra[np.arange(size), self.generator.integers(0, self.replicas, size)] = 0.0
                out += extra
                home += extra
        return drawn

    def race(self, drawn: list[np.ndarray], read_quorum: int, write_quorum: int) -> np.ndarray:
        """For each trial the least delay after which the read is fresh, the read's latency and the write's."""
        write, acknowledge, read, respond = drawn
        found = np.empty((3, len(write)))
        race(write, acknowledge, read, respond, read_quorum, write_quorum, found[0], found[1], found[2])
        return found


def _until_known(
    trial: _Trials, read_quorum: int, write_quorum: int, t_ms: float, most: int, least: int, half_width: float
) -> np.ndarray:
    blocks: list[np.ndarray] = []
    done = fresh = 0
    while done < most:
        size = min(BLOCK, most - done)
        blocks.append(trial.race(trial.draw(size), read_quorum, write_quorum))
        done += size
        fresh += int(np.count_nonzero(blocks[-1][0] <= t_ms))
        low, high = wilson(fresh, done)
        if done >= least and (high - low) / 2 <= half_width:
            break
    return np.concatenate(blocks, axis=1)


def _wait(waiting: np.ndarray, trials: int, share: float) -> tuple[float, float, float]:
    """The wait that covers a share of the trials, and its interval at 95% by the ranks it lies between.

    `waiting` holds, sorted, the trials that had to wait at all.
    """
    middle = trials * share
    spread = float(special.ndtri(0.975)) * math.sqrt(trials * share * (1 - share))
    ranks = np.clip(np.ceil([middle, middle - spread, middle + spread + 1]) - 1, 0, trials - 1).astype(int)
    at, low, high = (
        float(waiting[rank - trials + waiting.size]) if rank >= trials - waiting.size else 0.0 for rank in ranks
    )
    return at, low, high


def _middle_and_tail(values: np.ndarray, share: float) -> tuple[float, float]:
    ranks = [math.ceil(values.size * 0.5) - 1, math.ceil(values.size * share) - 1]
    middle, tail = np.partition(values, ranks)[ranks]
    return float(middle), float(tail)


def _check_quorums(replicas: int, read_quorum: int, write_quorum: int) -> None:
    for name, quorum in (("read_quorum", read_quorum), ("write_quorum", write_quorum)):
        if quorum > replicas:
            raise InvalidInput(f"{name} is {quorum} of {replicas} replicas; it is from 1 to {replicas}")


def _check_placement(nodes: int, zones: int, read_quorum: int, write_quorum: int) -> None:
    if zones > nodes:
        raise InvalidInput(f"zones is {zones} for {nodes} replicas; it is from 1 to {nodes}")
    for name, quorum in (("read_quorum", read_quorum), ("write_quorum", write_quorum)):
        if quorum > nodes:
            raise InvalidInput(f"{name} is {quorum} of {nodes} replicas; it is from 0 to {nodes}")


def _staleness_sentence(inputs: Mapping[str, Any], result: Staleness) -> str:
    n, r, w = inputs["replicas"], inputs["read_quorum"], inputs["write_quorum"]
    if r + w > n:
        seen = "every read sees the last write"
    else:
        seen = (
            f"a read {inputs['t_ms']:g} ms after a write sees it {percent(result.consistent)} of the time, "
            f"and {amount(result.visible_ms)} ms after it {percent(inputs.get('share', 0.999))} of reads do"
        )
    return (
        f"With N={n}, R={r}, W={w}, {seen}; at that share a read takes {amount(result.read_tail_ms)} ms "
        f"and a write {amount(result.write_tail_ms)} ms."
    )


def _configurations_sentence(inputs: Mapping[str, Any], result: Configurations) -> str:
    total = result.read_tail_ms + result.write_tail_ms
    strict = result.strict == 1
    best = int(np.flatnonzero(strict)[np.argmin(total[strict])])
    fastest = int(np.argmin(total))
    return (
        f"Never stale: best R={result.read_quorum[best]}, W={result.write_quorum[best]}, {amount(total[best])} ms "
        f"for a read and a write together, at the tail. Fastest: R={result.read_quorum[fastest]}, "
        f"W={result.write_quorum[fastest]}, {amount(total[fastest])} ms, "
        f"where a read may be stale for {amount(result.visible_ms[fastest])} ms."
    )


def _versions_sentence(inputs: Mapping[str, Any], result: Versions) -> str:
    return (
        f"A read returns one of the newest {inputs['versions']:g} versions with chance {percent(result.within)}; "
        f"a client sees data go backwards with chance {percent(result.not_monotonic)}."
    )


def _availability_sentence(inputs: Mapping[str, Any], result: Availability) -> str:
    return (
        f"A majority of {several(inputs['nodes'], 'replica')} is up {percent(result.majority)} of the time, and "
        f"missing "
        f"{duration(result.majority_down_min_per_month * 60)} a month; without shared causes it would be "
        f"{percent(result.independent_majority)}."
    )


RACE_S = 2e-8  # a replica in a trial's race; where all sizes are raced, 3.8e-8 for each size too


def _legs_s(inputs: Mapping[str, Any]) -> float:
    names = ("write_ms", "acknowledge_ms", "read_ms", "respond_ms")
    return sum(Distribution.of(inputs[name], "ms").draw_s for name in names)


def _staleness_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of about as many trials as there will be; a read that may be stale is so one time in ten."""
    strict = inputs["read_quorum"] + inputs["write_quorum"] > inputs["replicas"]
    width = inputs["half_width"]
    needed = max(100 / (1 - inputs["share"]), 1.92 / width if strict else 0.35 / width**2)
    return min(inputs["trials"], needed) * inputs["replicas"] * (_legs_s(inputs) + RACE_S)


def _configurations_work(inputs: Mapping[str, Any]) -> float:
    replicas = inputs["replicas"]
    return inputs["trials"] * replicas * (_legs_s(inputs) + RACE_S + 3.8e-8 * replicas**2)


MODELS = (
    Model(staleness, DECISION, _staleness_sentence, "17-consistency", "17-consistency/staleness", _staleness_work),
    Model(configurations, DECISION, _configurations_sentence,
          "17-consistency", "17-consistency/configurations", _configurations_work),
    Model(versions, DECISION, _versions_sentence, "00-cap", "00-cap/versions"),
    Model(availability, DECISION, _availability_sentence, "00-cap", "00-cap/quorum-availability"),
)  # fmt: skip
