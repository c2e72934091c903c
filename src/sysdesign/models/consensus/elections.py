"""Elections of a leader in Raft: split votes, how long one takes, and a year without one.

Source: ongaro-2014. Times in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from scipy import special

from sysdesign.errors import InvalidInput
from sysdesign.models.consensus.kernels import elections
from sysdesign.models.declaration import AtMost, Input, Model, Output, checked
from sysdesign.models.wording import amount, percent, several
from sysdesign.probability.distribution import Distribution
from sysdesign.probability.elementwise import plain
from sysdesign.probability.interval import interval_of, known, least_runs

ELECTION = "How long may an election timeout be?"
MOST_DRAWS = 10_000_000  # random numbers of one run: the budget in the worst case
BLOCK = 500  # elections between two looks at whether the mean is known well enough

Servers = Annotated[int, Input("Servers in the cluster", "", low=1, high=15, default=5)]
Failed = Annotated[
    int,
    Input(
        "Servers that are down, the old leader among them",
        "",
        low=0,
        high=14,
        default=1,
        most=AtMost("servers", times=0.499),  # a majority is left
    ),
]
Shortest = Annotated[
    float,
    Input("Shortest election timeout", "ms", low=1, high=1e5, default=150, most=AtMost("timeout_max_ms", kept=0.5)),
]
Longest = Annotated[
    float,
    Input("Longest election timeout", "ms", low=1, high=1e6, default=300, most=AtMost("give_up_ms", times=0.99)),
]
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
    return SplitVote(plain(split), plain(1 / (1 - split)), candidates)


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


def _left(servers: int, failed: int) -> int:
    left = servers - failed
    if left < servers // 2 + 1:
        raise InvalidInput(
            f"with {failed} of {several(servers, 'server')} down no majority is left; at most "
            f"{(servers - 1) // 2} may be"
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
        look = len(found) & (len(found) - 1) == 0
        if (look and known(np.hstack(found).T, relative_width)) or spent >= MOST_DRAWS:
            break
    elected, heard, tried = np.hstack(found)
    return elected, heard, tried


def _split_sentence(inputs: Mapping[str, Any], result: SplitVote) -> str:
    return (
        f"With {inputs['failed']} of {several(inputs['servers'], 'server')} down, "
        f"{several(result.candidates, 'candidate')} at once "
        f"split the vote: {percent(result.split)} of terms, so an election takes {several(result.terms, 'term')} "
        f"on average."
    )


def _election_sentence(inputs: Mapping[str, Any], result: Election) -> str:
    text = (
        f"After a leader fails, the cluster has the next one in {amount(result.mean_ms)} ms on average and "
        f"{amount(result.p999_ms)} ms at the 99.9th percentile; "
        f"{percent(result.split)} of elections take more than one term."
    )
    return text if not result.given_up else f"{text} {percent(result.given_up)} were given up without a leader."


def _outage_sentence(inputs: Mapping[str, Any], result: Outage) -> str:
    return (
        f"{inputs['failures_per_year']:g} lost leaders a year leave the cluster without one for "
        f"{amount(result.seconds_per_year)} s, {percent(result.availability)} available."
    )


def _election_work(inputs: Mapping[str, Any]) -> float:
    """Seconds of the elections that there must be: 1 us for each, and 80 ns for each random number of its messages."""
    drawn = 6 * (inputs["servers"] - inputs["failed"])  # by one election, about
    most = min(inputs["trials"], MOST_DRAWS // drawn)
    return least_runs(inputs["relative_width"], most, BLOCK) * (1e-6 + drawn * 8e-8)


MODELS = (
    Model(split_vote, ELECTION, _split_sentence, "04-databases", "04-databases/split-vote"),
    Model(election, ELECTION, _election_sentence, "04-databases", "04-databases/election", _election_work),
    Model(outage, ELECTION, _outage_sentence, "04-databases", "04-databases/leaderless", _election_work),
)
