"""Consensus by a leader (Raft): how long a cluster is without one, and what distance costs a commit.

A follower that hears nothing for its election timeout asks for votes; with a majority it
leads. Timeouts are drawn from a range, so that rarely two ask at once and split the vote.
Sources: ongaro-2014 (elections), ibm-latency-2024 (round trips used as defaults). Times in milliseconds.
"""

from __future__ import annotations

from sysdesign.models.consensus import elections, regions, wide
from sysdesign.models.consensus.elections import Election, Outage, SplitVote, election, outage, split_vote
from sysdesign.models.consensus.regions import ROUND_TRIPS_MS, Commit, Placement, commit_latency, placement
from sysdesign.models.consensus.wide import Distances, Waiting, distances, waiting

__all__ = [
    "ROUND_TRIPS_MS",
    "Commit",
    "Distances",
    "Election",
    "Outage",
    "Placement",
    "SplitVote",
    "Waiting",
    "commit_latency",
    "distances",
    "election",
    "outage",
    "placement",
    "split_vote",
    "waiting",
]

MODELS = (*elections.MODELS, *regions.MODELS, *wide.MODELS)


def warm() -> None:
    """Compile the kernels, so that no request waits for it."""
    elections.warm()
