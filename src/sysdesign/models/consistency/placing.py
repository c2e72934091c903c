"""Where a small history stands on the map of levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.models.consistency.hierarchy import EXAMPLES, JUDGES, LEVELS, implied
from sysdesign.models.consistency.history import Operation
from sysdesign.models.consistency.history_picture import picture
from sysdesign.models.consistency.lanes import history_of
from sysdesign.models.consistency.linearizability import Outcome
from sysdesign.models.consistency.staleness import bounded
from sysdesign.models.declaration import Input, Model, Output, Text, checked

DECISION = "Which level rules out what I saw?"
Example = Literal[
    "store buffers", "readers disagree", "own write missing", "going back", "writes out of order", "lost cause",
    "write under way", "stale read", "two versions old",
]  # fmt: skip


@dataclass(frozen=True)
class Place:
    """What a history satisfies, level by level: holds, fails, or unknown where the steps ran out."""

    strongest: Annotated[tuple[str, ...], Output("Strongest levels that allow it", apart=True)]
    weakest: Annotated[tuple[str, ...], Output("Weakest levels that rule it out", apart=True)]
    why: Annotated[tuple[str, ...], Output("Why those rule it out", apart=True)]
    linearizable: Annotated[str, Output("Linearizable")]
    regular: Annotated[str, Output("Regular")]
    bounded_staleness: Annotated[str, Output("Bounded staleness")]
    sequential: Annotated[str, Output("Sequential")]
    prefix: Annotated[str, Output("Consistent prefix")]
    causal: Annotated[str, Output("Causal (causal memory)")]
    causal_convergent: Annotated[str, Output("Causal convergent")]
    pram: Annotated[str, Output("PRAM")]
    per_key_sequential: Annotated[str, Output("Sequential for each key")]
    read_your_writes: Annotated[str, Output("Read your writes")]
    monotonic_reads: Annotated[str, Output("Monotonic reads")]
    monotonic_writes: Annotated[str, Output("Monotonic writes")]
    writes_follow_reads: Annotated[str, Output("Writes follow reads")]
    drawn_process: Annotated[tuple[str, ...], Output("Process", drawn=True)]
    drawn_from: Annotated[np.ndarray, Output("Calls and answers, in their order", drawn=True)]
    drawn_to: Annotated[np.ndarray, Output("Until", drawn=True)]
    drawn_what: Annotated[tuple[str, ...], Output("Operation", drawn=True)]


@checked
def place(
    notation: Annotated[
        Text,
        Input("History", default="", help="A w x=1; B r x=nothing; @0-3 after a step gives its times",
              replaces=("example",)),
    ] = "",  # type: ignore[assignment]
    example: Annotated[Example, Input("Example, if none is given", default="store buffers")] = "store buffers",
    versions: Annotated[int, Input("Newest versions that bounded staleness allows", low=1, high=20, default=2)] = 2,
    steps: Annotated[int, Input("Most steps for a level", low=1, high=1e7, default=300_000)] = 300_000,
) -> Place:  # fmt: skip
    """Where a small history stands on the map of consistency levels.

    Reads and writes of registers that start with nothing, by processes that do one thing at a time.
    Each level is decided exactly, by search or by the patterns that break it, within `steps`; what a
    stronger level that holds implies is not decided again. Eventual consistency is left out: no finite
    history breaks it. A level that allows a history promises nothing about the store that gave it.

    linearizable: one order that keeps real time. regular: each read alone is linearizable with all
    writes. bounded_staleness: one order that keeps real time, in which a read gives one of the newest
    `versions`. sequential: one order that keeps each process's own. prefix: the same, but reads may
    miss what their own process has written. causal: each process orders all writes and its own reads,
    causes first. causal_convergent: each read takes the last, in one order of all writes, of those
    among its causes. pram: each process orders all writes and its own reads, each process's own order
    kept. per_key_sequential: each key by itself is sequential. The session guarantees are judged by
    what a session can notice; monotonic writes and writes follow reads show only to a session that has
    read the later write, and then reads on.

    Raises InvalidInput for a text that is no history, or a read of what nobody writes.
    Sources: jepsen-consistency, bouajjani-2017.
    """
    operations = history_of(notation) if notation.strip() else history_of(EXAMPLES[example])
    outcomes = judged(operations, versions, steps)
    answers = {level: outcome.answer for level, outcome in outcomes.items()}
    holding = [level for level, answer in answers.items() if answer == "holds"]
    failing = [level for level, answer in answers.items() if answer == "fails"]
    strongest = [level for level in holding if not any(level in implied()[other] for other in holding)]
    weakest = [level for level in failing if not any(other in implied()[level] for other in failing)]
    drawn = picture(operations, ())
    return Place(
        strongest=tuple(LEVELS[level].label for level in strongest) or ("Eventual",),
        weakest=tuple(LEVELS[level].label for level in weakest),
        why=tuple(f"{LEVELS[level].label}: {outcomes[level].reason}" for level in weakest),
        **answers,
        drawn_process=drawn.processes,
        drawn_from=drawn.began,
        drawn_to=drawn.ended,
        drawn_what=drawn.what,
    )  # type: ignore[arg-type]


def judged(operations: Sequence[Operation], versions: int = 2, steps: int = 300_000) -> dict[str, Outcome]:
    """The outcome of each level that a finite history can break."""
    found: dict[str, Outcome] = {}
    for level, judge in JUDGES.items():
        if level == "eventual":
            continue
        if any(level in implied()[other] and one.answer == "holds" for other, one in found.items()):
            found[level] = Outcome("holds", 0)
        elif level == "bounded_staleness":
            found[level] = bounded(operations, steps, versions)
        else:
            found[level] = judge(operations, steps)
    return found


def _sentence(inputs: Mapping[str, Any], result: Place) -> str:
    allowed = " and ".join(_in_a_sentence(each) for each in result.strongest)
    if not result.weakest:
        return f"Every level allows this history, {allowed} included."
    refused = " and ".join(_in_a_sentence(each) for each in result.weakest)
    return (
        f"{refused[0].upper()}{refused[1:]} rule{'s' if len(result.weakest) == 1 else ''} it out; allowed by {allowed}."
    )


def _in_a_sentence(label: str) -> str:
    return label if label.startswith("PRAM") else label[0].lower() + label[1:]


MODELS = (Model(place, DECISION, _sentence, "17-consistency", "17-consistency/place"),)
