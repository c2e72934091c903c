"""A consensus group across regions: what a commit costs, and where its members should stand.

Source: ibm-latency-2024 for the round trips used as defaults. Times in milliseconds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.consensus.elections import RelativeWidth, Seed
from sysdesign.models.declaration import Input, Model, Numbers, Output, as_numbers, checked
from sysdesign.models.wording import amount, several
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.interval import interval_of

PLACEMENT = "Where should the replicas of a consensus group stand?"
MOST_SEARCHED = 12  # regions
EQUAL_SHARES = as_numbers((1,))

# averages of 27 July to 25 August 2024 (ibm-latency-2024)
REGIONS = ("Washington", "Dallas", "Frankfurt", "Tokyo", "São Paulo")
ROUND_TRIPS_MS = (31, 91, 164, 118, 123, 143, 146, 233, 198, 284)

RoundTrips = Annotated[
    Numbers,
    Input(
        "Round trips between regions", "ms", low=0, high=1e5, default=ROUND_TRIPS_MS,
        help="1 with 2, 3, ..., then 2 with 3, 4, ...; or the whole square, row by row",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Commit:
    """How long a write takes to be safe, and to be answered."""

    commit_ms: Annotated[float, Output("From the leader to safe, median", "ms")]
    commit_mean_ms: Annotated[float, Output("From the leader to safe, mean", "ms")]
    commit_low_ms: Annotated[float, Output("its low end at 95%", "ms")]
    commit_high_ms: Annotated[float, Output("its high end at 95%", "ms")]
    commit_p99_ms: Annotated[float, Output("From the leader to safe, 99th percentile", "ms")]
    region: Annotated[np.ndarray, Output("Region of the client")]
    region_name: Annotated[tuple[str, ...], Output("Region of the client", drawn=True)]
    client_ms: Annotated[np.ndarray, Output("Answer to a client there, mean", "ms")]


@dataclass(frozen=True)
class Placement:
    """The best regions and leader for the clients' writes."""

    leader: Annotated[int, Output("Region of the leader")]
    members: Annotated[tuple[int, ...], Output("Regions of the replicas")]
    mean_ms: Annotated[float, Output("Write as clients see it, mean", "ms")]
    worst_ms: Annotated[float, Output("Write from the worst region", "ms")]
    commit_ms: Annotated[float, Output("Of that, from the leader to safe", "ms")]
    after_loss_ms: Annotated[float, Output("Mean after the worst loss of one member", "ms")]
    led_from: Annotated[np.ndarray, Output("Region of the leader, each in turn")]
    led_from_name: Annotated[tuple[str, ...], Output("Region of the leader, each in turn", drawn=True)]
    led_from_ms: Annotated[np.ndarray, Output("Best mean with that leader", "ms")]


@checked
def commit_latency(
    round_trip_ms: RoundTrips,
    leader: Annotated[int, Input("Region of the leader", "", low=1, high=20, default=1)],
    write_ms: Annotated[Distribution, Input("A replica stores the write", "ms", low=0, high=1e5, default="1")],
    jitter_ms: Annotated[
        Distribution, Input("Added to each round trip", "ms", low=0, high=1e5, default="exponential(mean=2)")
    ],
    quorum: Annotated[int, Input("Replicas that must have it; 0 is a majority", "", low=0, high=20, default=0)] = 0,
    relative_width: RelativeWidth = 0.01,
    trials: Annotated[int, Input("Most commits", "", low=100, high=10_000_000, default=100_000)] = 100_000,
    seed: Seed = 1,
) -> Commit:
    """What a commit costs across regions.

    One replica stands in each region. A write is safe when a majority has stored it: the leader
    counts with its own write, each follower with a round trip, its jitter and its write, and
    the last of the needed ones sets the time. A client adds its own round trip to the leader.

    Assumes a leader with nothing queued and independent round trips. Raises InvalidInput if the
    round trips are no matrix, or the leader no region. Source: the order statistic is ours;
    default round trips: ibm-latency-2024.
    """
    trips = _matrix(round_trip_ms)
    needed = _quorum(len(trips), leader, quorum)
    store, jitter = Distribution.of(write_ms, "ms"), Distribution.of(jitter_ms, "ms")
    times = _commits(trips[leader - 1], leader - 1, needed, store, jitter, relative_width, trials, seed)
    mean = interval_of(times)
    median, p99 = np.quantile(times, [0.5, 0.99], method="inverted_cdf")
    clients = trips[leader - 1] + np.where(np.arange(len(trips)) == leader - 1, 0.0, jitter.mean) + mean.mean
    if not np.all(np.isfinite(clients)):
        raise InvalidInput(f"jitter_ms is {jitter} and has no mean; take a Pareto shape above 1")
    regions = np.arange(1, len(trips) + 1)
    return Commit(float(median), mean.mean, mean.low, mean.high, float(p99), regions, _names(trips), clients)


@checked
def placement(
    round_trip_ms: RoundTrips,
    replicas: Annotated[int, Input("Replicas, one a region", "", low=3, high=9, default=3)],
    client_share: Annotated[
        Numbers, Input("Writes from each region; one number for equal shares", "", low=0, high=1e9, default=(1,))
    ] = EQUAL_SHARES,
) -> Placement:
    """Which regions and which leader give clients the fastest writes.

    Tries every choice of regions and of the leader among them. A write costs the client's round
    trip to the leader plus the leader's to the majority's last member. Of equals, the first.
    `after_loss_ms` is the mean once any one member is lost and the best of the others leads.

    Assumes fixed round trips and clients that all go to the leader. Raises InvalidInput where
    there are fewer regions than replicas, or over 12. Source: exhaustive search, so the best there is.
    """
    trips = _matrix(round_trip_ms)
    weights = _shares(client_share, len(trips))
    if replicas > len(trips):
        raise InvalidInput(f"replicas is {replicas} for {len(trips)} regions; it is from 1 to {len(trips)}")
    if len(trips) > MOST_SEARCHED:
        raise InvalidInput(f"{len(trips)} regions; the search takes {MOST_SEARCHED} or fewer")
    choices = [
        (*_seen(trips, weights, members, leader, replicas // 2 + 1), members, leader)
        for members in itertools.combinations(range(len(trips)), replicas)
        for leader in members
    ]
    mean, worst, commit, members, leader = min(choices, key=lambda each: (round(each[0], 9), each[3], each[4]))
    led_from = range(len(trips))
    return Placement(
        leader + 1, tuple(each + 1 for each in members), mean, worst, commit, _after_loss(trips, weights, members),
        np.array(led_from) + 1, _names(trips),
        np.array([min(each[0] for each in choices if each[4] == at) for at in led_from]),
    )  # fmt: skip


def _matrix(round_trips: Sequence[float]) -> np.ndarray:
    """The square of round trips from half of it or all of it."""
    values = np.asarray(round_trips, dtype=float)
    square, half = math.isqrt(values.size), (1 + math.isqrt(1 + 8 * values.size)) // 2
    if square * square == values.size and square > 1 and not values.reshape(square, square).diagonal().any():
        return values.reshape(square, square)
    if half * (half - 1) // 2 != values.size:
        raise InvalidInput(
            f"round_trip_ms holds {several(values.size, 'number')}; n regions take n (n - 1) / 2 of them, "
            "or n n with zeros from each region to itself"
        )
    if half > 20:
        raise InvalidInput(f"round_trip_ms is for {half} regions; it takes 20 or fewer")
    trips = np.zeros((half, half))
    trips[np.triu_indices(half, 1)] = values
    return trips + trips.T


def _names(trips: np.ndarray) -> tuple[str, ...]:
    """The regions by name where the round trips are the defaults, else by number."""
    if np.array_equal(trips, _matrix(ROUND_TRIPS_MS)):
        return REGIONS
    return tuple(f"Region {at}" for at in range(1, len(trips) + 1))


def _quorum(regions: int, leader: int, quorum: int) -> int:
    if leader > regions:
        raise InvalidInput(f"leader is region {leader} of {regions}; it is from 1 to {regions}")
    if quorum > regions:
        raise InvalidInput(f"quorum is {quorum} of {regions} replicas; it is from 0 to {regions}")
    return quorum or regions // 2 + 1


def _commits(
    trips: np.ndarray, leader: int, needed: int, store: Distribution, jitter: Distribution,
    relative_width: float, most: int, seed: int,
) -> np.ndarray:  # fmt: skip
    generator = np.random.default_rng(seed)
    found: list[np.ndarray] = []
    block, done = 2_000, 0
    while done < most:
        size = min(block, most - done)
        times = store.sample(generator, (size, trips.size)) + trips
        extra = jitter.sample(generator, (size, trips.size))
        extra[:, leader] = 0.0
        found.append(np.partition(times + extra, needed - 1, axis=1)[:, needed - 1])
        done, block = done + size, done + size  # double the run before looking again
        if interval_of(np.concatenate(found)).relative_width <= relative_width:
            break
    return np.concatenate(found)


def _shares(client_share: Sequence[float], regions: int) -> np.ndarray:
    weights = np.asarray(client_share, dtype=float)
    if weights.size == 1:
        weights = np.ones(regions)
    if weights.size != regions or not weights.sum() > 0:
        raise InvalidInput(
            f"client_share holds {several(weights.size, 'number')} for {regions} regions; give one each, not all 0"
        )
    return weights / weights.sum()


def _seen(
    trips: np.ndarray, weights: np.ndarray, members: Sequence[int], leader: int, needed: int
) -> tuple[float, float, float]:
    """Mean and worst write as clients see it, and the commit in it."""
    commit = float(np.sort(trips[leader, list(members)])[needed - 1])
    seen = trips[:, leader] + commit
    return float(weights @ seen), float(seen[weights > 0].max()), commit


def _after_loss(trips: np.ndarray, weights: np.ndarray, members: Sequence[int]) -> float:
    """Mean after the loss that hurts most, led by the best of those that remain."""
    needed = len(members) // 2 + 1
    means = []
    for lost in members:
        others = [each for each in members if each != lost]
        means.append(min(_seen(trips, weights, others, leader, needed)[0] for leader in others))
    return max(means)


def _called(names: Sequence[str], number: int) -> str:
    """A region's name in a sentence."""
    return names[number - 1].replace("Region", "region")


def _commit_sentence(inputs: Mapping[str, Any], result: Commit) -> str:
    nearest, farthest = float(np.min(result.client_ms)), float(np.max(result.client_ms))
    return (
        f"Led from {_called(result.region_name, inputs['leader'])}, a write is safe after "
        f"{amount(result.commit_ms)} ms "
        f"(median); clients wait {amount(nearest)} ms in the best region and {amount(farthest)} ms in the worst."
    )


def _placement_sentence(inputs: Mapping[str, Any], result: Placement) -> str:
    members = ", ".join(_called(result.led_from_name, each) for each in result.members)
    leader = _called(result.led_from_name, result.leader)
    return (
        f"Best: replicas in {members}, led from {leader}: a write takes clients {amount(result.mean_ms)} ms "
        f"on average, and {amount(result.after_loss_ms)} ms after the worst loss of one."
    )


def _commit_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of as many commits as there must be where their times differ by a tenth of the mean."""
    draw_s = Distribution.of(inputs["write_ms"], "ms").draw_s + Distribution.of(inputs["jitter_ms"], "ms").draw_s
    trials = min(inputs["trials"], (0.1 * 1.96 / inputs["relative_width"]) ** 2)
    return trials * len(_matrix(inputs["round_trip_ms"])) * (draw_s + 1e-8)


def _placement_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of every choice of regions with every leader among them, 15 microseconds each."""
    replicas, regions = int(inputs["replicas"]), len(_matrix(inputs["round_trip_ms"]))
    return math.comb(min(regions, MOST_SEARCHED), replicas) * replicas * 1.5e-5


MODELS = (
    Model(commit_latency, PLACEMENT, _commit_sentence, "17-consistency", "17-consistency/commit-latency", _commit_work),
    Model(placement, PLACEMENT, _placement_sentence, "17-consistency", "17-consistency/placement", _placement_work),
)
