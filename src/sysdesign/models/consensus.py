"""Consensus by a leader (Raft): how long a cluster is without one, and what a commit costs across regions.

A follower that hears nothing for its election timeout asks for votes; with a majority it
leads. Timeouts are drawn from a range, so that rarely two ask at once and split the vote.
Sources: ongaro-2014 (elections), ibm-latency-2024 (round trips used as defaults). Times in milliseconds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models.consensus_kernels import elections
from sysdesign.models.declaration import Input, Model, Numbers, Output, as_numbers, checked
from sysdesign.models.distribution import Distribution
from sysdesign.models.interval import interval_of
from sysdesign.models.wording import percent

ELECTION = "How long may an election timeout be?"
PLACEMENT = "Where should the replicas of a consensus group stand?"
EQUAL_SHARES = as_numbers((1,))
MOST_DRAWS = 10_000_000  # random numbers of one run: the budget in the worst case
BLOCK = 500  # elections between two looks at whether the mean is known well enough
# Washington, Dallas, Frankfurt, Tokyo, Sao Paulo: averages of 27 July to 25 August 2024 (ibm-latency-2024)
ROUND_TRIPS_MS = (31, 91, 164, 118, 123, 143, 146, 233, 198, 284)

Servers = Annotated[int, Input("Servers in the cluster", "", low=1, high=15, default=5)]
Failed = Annotated[int, Input("Servers that are down, the old leader among them", "", low=0, high=14, default=1)]
Shortest = Annotated[float, Input("Shortest election timeout", "ms", low=1, high=1e5, default=150)]
Longest = Annotated[float, Input("Longest election timeout", "ms", low=1, high=1e6, default=300)]
OneWay = Annotated[Distribution, Input("Message one way", "ms", low=0, high=1e5, default="uniform(1, 4)")]
VoteWrite = Annotated[Distribution, Input("A vote is stored durably", "ms", low=0, high=1e5, default="10")]
Logs = Annotated[Literal["same", "different"], Input("Logs of the servers", default="same")]
HeartbeatShare = Annotated[
    float,
    Input(
        "Heartbeat interval, of the shortest timeout", "share", low=0, high=1, default=0.5,
        help="the leader fails at a random moment of it; 0: it fails just after a heartbeat",
    ),
]  # fmt: skip
RelativeWidth = Annotated[float, Input("Stop when the mean is known within", "share", low=1e-6, high=1, default=0.01)]
MostTrials = Annotated[int, Input("Most elections", "", low=100, high=1_000_000, default=20_000)]
GiveUp = Annotated[float, Input("Give an election up after", "ms", low=10, high=1e7, default=100_000)]
Seed = Annotated[int, Input("Seed", "", low=0, high=2**31, default=1)]
RoundTrips = Annotated[
    Numbers,
    Input(
        "Round trips between regions", "ms", low=0, high=1e5, default=ROUND_TRIPS_MS,
        help="1 with 2, 3, ..., then 2 with 3, 4, ...; or the whole square, row by row",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class SplitVote:
    """How often an election fails because too many servers ask for votes at once."""

    split: Annotated[Any, Output("Chance that a term ends without a leader", "share")]
    terms: Annotated[Any, Output("Terms until there is one, mean")]
    candidates: Annotated[int, Output("Candidates at once that split the vote")]


@dataclass(frozen=True)
class Election:
    """Time from the failure of a leader until all others have heard from the next."""

    mean_ms: Annotated[float, Output("Without a leader (mean)", "ms")]
    low_ms: Annotated[float, Output("its low end at 95%", "ms")]
    high_ms: Annotated[float, Output("its high end at 95%", "ms")]
    median_ms: Annotated[float, Output("Without a leader (median)", "ms")]
    p99_ms: Annotated[float, Output("Without a leader (99th percentile)", "ms")]
    p999_ms: Annotated[float, Output("Without a leader (99.9th percentile)", "ms")]
    worst_ms: Annotated[float, Output("The longest election seen", "ms")]
    elected_mean_ms: Annotated[float, Output("Until a leader is elected, before the others hear of it, mean", "ms")]
    split: Annotated[float, Output("Elections that took more than one term", "share")]
    given_up: Annotated[float, Output("Elections given up", "share")]
    trials: Annotated[int, Output("Elections")]


@dataclass(frozen=True)
class Outage:
    """What the elections of a year add up to."""

    seconds_per_year: Annotated[float, Output("Without a leader, a year", "s")]
    low_s: Annotated[float, Output("its low end at 95%", "s")]
    high_s: Annotated[float, Output("its high end at 95%", "s")]
    availability: Annotated[float, Output("With a leader", "share")]
    mean_ms: Annotated[float, Output("One election, mean", "ms")]
    p999_ms: Annotated[float, Output("One election, 99.9th percentile", "ms")]


@dataclass(frozen=True)
class Commit:
    """How long a write takes to be safe, and to be answered."""

    commit_ms: Annotated[float, Output("From the leader to safe, median", "ms")]
    commit_mean_ms: Annotated[float, Output("From the leader to safe, mean", "ms")]
    commit_low_ms: Annotated[float, Output("its low end at 95%", "ms")]
    commit_high_ms: Annotated[float, Output("its high end at 95%", "ms")]
    commit_p99_ms: Annotated[float, Output("From the leader to safe, 99th percentile", "ms")]
    region: Annotated[np.ndarray, Output("Region of the client")]
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
    led_from_ms: Annotated[np.ndarray, Output("Best mean with that leader", "ms")]


def warm() -> None:
    """Compile the kernel, so that no request waits for it."""
    one = np.ones(4)
    spread, times = np.linspace(0, 1, 4), np.empty((2, 1))
    elections(
        2,
        2,
        1.0,
        2.0,
        False,
        10.0,
        one,
        one,
        spread,
        np.zeros(3, np.int64),
        100,
        times[0],
        times[1],
        np.empty(1, np.int64),
    )


@checked
def split_vote(
    servers: Servers,
    failed: Failed,
    latency_share: Annotated[
        float, Input("One-way latency, of the range of election timeouts", "share", low=0, high=1, default=0.1)
    ],
) -> SplitVote:
    """Chance that an election splits its votes.

    Of s servers left, the first to time out gets the votes of those that do not time out within
    one latency l of it. Too few remain when c = s - n // 2 + 1 time out within l, which has the
    chance sum over k >= c - 1 of C(s, k) l^k (1 - l)^(s - k).

    Assumes one fixed latency, timeouts uniform over their range, timers that start together and
    equal logs; with varying latency use the largest for a bound that mostly holds.
    Raises InvalidInput if no majority is left. Source: ongaro-2014, section 9.3.
    """
    left = _left(servers, failed)
    candidates = left - servers // 2 + 1
    split = special.bdtrc(candidates - 2, left, np.asarray(latency_share, dtype=float))
    certain = np.asarray(split) >= 1
    if certain.any():
        raise InvalidInput(
            f"latency_share is {latency_share} and every vote would split; let timeouts range over more than a latency"
        )
    return SplitVote(_plain(split), _plain(1 / (1 - split)), candidates)


@checked
def election(
    servers: Servers,
    failed: Failed,
    timeout_min_ms: Shortest,
    timeout_max_ms: Longest,
    one_way_ms: OneWay,
    vote_write_ms: VoteWrite,
    logs: Logs = "same",
    heartbeat_share: HeartbeatShare = 0.5,
    relative_width: RelativeWidth = 0.01,
    trials: MostTrials = 20_000,
    give_up_ms: GiveUp = 100_000,
    seed: Seed = 1,
) -> Election:
    """How long a cluster is without a leader.

    Simulates Raft's election by messages: timeouts, requests for votes, votes stored before they
    are sent, terms, and the first heartbeat of the new leader reaching all. With `logs` different,
    a server votes only for those whose log is as long as its own, as after a busy failure. The run
    stops when the mean is known within `relative_width`, or after `trials` elections.

    Assumes timers that start together at the old leader's last heartbeat, no lost messages, no
    second failure, and no time to process. A candidate asks for votes while it stores its own. An
    election is given up at `give_up_ms`, or after half a million messages; a run ends after ten million.
    Raises InvalidInput if no majority is left or the timeouts are reversed. Source: ongaro-2014,
    sections 9.2 to 9.4; its cluster needed 15 ms for a round trip and a write, which does not say
    how much of it is the network.
    """
    elected, heard, terms = _elections(
        servers, failed, timeout_min_ms, timeout_max_ms, one_way_ms, vote_write_ms, logs, heartbeat_share,
        relative_width, trials, give_up_ms, seed,
    )  # fmt: skip
    mean = interval_of(heard)
    median, p99, p999 = np.quantile(heard, [0.5, 0.99, 0.999], method="inverted_cdf")
    gave_up = elected >= give_up_ms - heartbeat_share * timeout_min_ms
    return Election(
        mean.mean, mean.low, mean.high, float(median), float(p99), float(p999), float(heard.max()),
        float(elected.mean()), float(np.mean(terms > 1)), float(gave_up.mean()), heard.size,
    )  # fmt: skip


@checked
def outage(
    failures_per_year: Annotated[float, Input("Leaders lost", "1/year", low=0, high=1e5, default=52)],
    servers: Servers,
    failed: Failed,
    timeout_min_ms: Shortest,
    timeout_max_ms: Longest,
    one_way_ms: OneWay,
    vote_write_ms: VoteWrite,
    logs: Logs = "same",
    relative_width: RelativeWidth = 0.01,
    trials: MostTrials = 20_000,
    seed: Seed = 1,
) -> Outage:
    """Time without a leader in a year.

    Counts crashes, restarts for deployments and moved machines alike: each costs an election,
    unless leadership is handed over first. A year has 365 days. Assumes that losses are apart
    and that no election is started needlessly; timeouts near the latency break that.
    Source: ongaro-2014.
    """
    one = election(
        servers, failed, timeout_min_ms, timeout_max_ms, one_way_ms, vote_write_ms, logs,
        relative_width=relative_width, trials=trials, give_up_ms=max(100_000, 10 * timeout_max_ms), seed=seed,
    )  # fmt: skip
    per_ms = failures_per_year / 1000
    seconds = per_ms * one.mean_ms
    share = seconds / (365 * 86400)
    if share >= 1:
        raise InvalidInput(
            f"{failures_per_year:g} elections of {one.mean_ms:.3g} ms fill more than a year; lower failures_per_year"
        )
    return Outage(seconds, per_ms * one.low_ms, per_ms * one.high_ms, 1 - share, one.mean_ms, one.p999_ms)


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
    return Commit(float(median), mean.mean, mean.low, mean.high, float(p99), regions, clients)


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
    if len(trips) > 12:
        raise InvalidInput(f"{len(trips)} regions; the search takes 12 or fewer")
    choices = [
        (*_seen(trips, weights, members, leader, replicas // 2 + 1), members, leader)
        for members in itertools.combinations(range(len(trips)), replicas)
        for leader in members
    ]
    mean, worst, commit, members, leader = min(choices, key=lambda each: (round(each[0], 9), each[3], each[4]))
    led_from = range(len(trips))
    return Placement(
        leader + 1, tuple(each + 1 for each in members), mean, worst, commit, _after_loss(trips, weights, members),
        np.array(led_from) + 1, np.array([min(each[0] for each in choices if each[4] == at) for at in led_from]),
    )  # fmt: skip


def _left(servers: int, failed: int) -> int:
    left = servers - failed
    if left < servers // 2 + 1:
        raise InvalidInput(
            f"{failed} of {servers} servers are down and no majority is left; at most {(servers - 1) // 2} may be"
        )
    return left


def _elections(
    servers: int, failed: int, shortest_ms: float, longest_ms: float, one_way_ms: Any, vote_write_ms: Any, logs: str,
    heartbeat_share: float, relative_width: float, most: int, give_up_ms: float, seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    left = _left(servers, failed)
    if longest_ms < shortest_ms:
        raise InvalidInput(f"timeout_max_ms is {longest_ms:g}; it is timeout_min_ms, {shortest_ms:g}, or more")
    if give_up_ms <= longest_ms:
        raise InvalidInput(f"give_up_ms is {give_up_ms:g}; it is over timeout_max_ms, {longest_ms:g}")
    generator = np.random.default_rng(seed)
    latency, write = Distribution.of(one_way_ms, "ms"), Distribution.of(vote_write_ms, "ms")
    found: list[np.ndarray] = []
    done, spent, draws = 0, 0, BLOCK * max(16, 6 * left)
    while done < most:
        size = min(BLOCK, most - done)
        times, terms, used = np.empty((2, size)), np.empty(size, np.int64), np.zeros(3, np.int64)
        size = elections(
            left, servers // 2 + 1, float(shortest_ms), float(longest_ms), logs == "different", float(give_up_ms),
            latency.sample(generator, draws), write.sample(generator, draws), generator.random(draws),
            used, MOST_DRAWS - spent, times[0], times[1], terms,
        )  # fmt: skip
        spent += int(used.sum())
        since_heartbeat = heartbeat_share * shortest_ms * generator.random(size)
        found.append(np.vstack([np.maximum(times[:, :size] - since_heartbeat, 0.0), terms[:size]]))
        done += size
        # Looked at after 1, 2, 4, ... blocks, so that looking often does not stop a run too soon.
        known = len(found) & (len(found) - 1) == 0 and interval_of(np.hstack(found)[1]).relative_width <= relative_width
        if known or spent >= MOST_DRAWS:
            break
    elected, heard, tried = np.hstack(found)
    return elected, heard, tried


def _matrix(round_trips: Sequence[float]) -> np.ndarray:
    """The square of round trips from half of it or all of it."""
    values = np.asarray(round_trips, dtype=float)
    square, half = math.isqrt(values.size), (1 + math.isqrt(1 + 8 * values.size)) // 2
    if square * square == values.size and square > 1 and not values.reshape(square, square).diagonal().any():
        return values.reshape(square, square)
    if half * (half - 1) // 2 != values.size:
        raise InvalidInput(
            f"round_trip_ms holds {values.size} numbers; n regions take n (n - 1) / 2 of them, "
            "or n n with zeros from each region to itself"
        )
    if half > 20:
        raise InvalidInput(f"round_trip_ms is for {half} regions; it takes 20 or fewer")
    trips = np.zeros((half, half))
    trips[np.triu_indices(half, 1)] = values
    return trips + trips.T


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
        raise InvalidInput(f"client_share holds {weights.size} numbers for {regions} regions; give one each, not all 0")
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


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value


def _split_sentence(inputs: Mapping[str, Any], result: SplitVote) -> str:
    return (
        f"With {inputs['failed']} of {inputs['servers']} servers down, {result.candidates} candidates at once "
        f"split the vote: {percent(result.split)} of terms, so an election takes {result.terms:.3g} terms on average."
    )


def _election_sentence(inputs: Mapping[str, Any], result: Election) -> str:
    text = (
        f"After a leader fails, the cluster has the next one in {result.mean_ms:.3g} ms on average and "
        f"{result.p999_ms:.3g} ms at the 99.9th percentile; "
        f"{percent(result.split)} of elections take more than one term."
    )
    return text if not result.given_up else f"{text} {percent(result.given_up)} were given up without a leader."


def _outage_sentence(inputs: Mapping[str, Any], result: Outage) -> str:
    return (
        f"{inputs['failures_per_year']:g} lost leaders a year leave the cluster without one for "
        f"{result.seconds_per_year:.3g} s, {percent(result.availability)} available."
    )


def _commit_sentence(inputs: Mapping[str, Any], result: Commit) -> str:
    nearest, farthest = float(np.min(result.client_ms)), float(np.max(result.client_ms))
    return (
        f"Led from region {inputs['leader']}, a write is safe after {result.commit_ms:.3g} ms (median); clients wait "
        f"{nearest:.3g} ms in the best region and {farthest:.3g} ms in the worst."
    )


def _placement_sentence(inputs: Mapping[str, Any], result: Placement) -> str:
    members = ", ".join(map(str, result.members))
    return (
        f"Best: replicas in regions {members}, led from {result.leader}: a write takes clients {result.mean_ms:.3g} ms "
        f"on average, and {result.after_loss_ms:.3g} ms after the worst loss of one."
    )


MODELS = (
    Model(split_vote, ELECTION, _split_sentence, "04-databases", "04-databases/split-vote"),
    Model(election, ELECTION, _election_sentence, "04-databases", "04-databases/election"),
    Model(outage, ELECTION, _outage_sentence, "04-databases", "04-databases/leaderless"),
    Model(commit_latency, PLACEMENT, _commit_sentence, "17-consistency", "17-consistency/commit-latency"),
    Model(placement, PLACEMENT, _placement_sentence, "17-consistency", "17-consistency/placement"),
)
