"""What a recorded history satisfies, from linearizable down to the session guarantees.

Each level is answered with holds, fails or unknown: unknown when the steps ran out or the
history says too little; a history without an operation has nothing to judge. Stronger levels
imply weaker ones, and the answers are made to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.consistency.causal import causal
from sysdesign.models.consistency.example_histories import EXAMPLES, Example
from sysdesign.models.consistency.history import Operation, ordered
from sysdesign.models.consistency.history_picture import picture
from sysdesign.models.consistency.linearizability import Answer, Outcome, linearizable
from sysdesign.models.consistency.readings import Readings, decided, readings
from sysdesign.models.consistency.reduction import smallest_failing
from sysdesign.models.consistency.sequential import sequential
from sysdesign.models.consistency.session import (
    monotonic_reads,
    monotonic_writes,
    read_your_writes,
    writes_follow_reads,
)
from sysdesign.models.declaration import Input, Model, Output, Text, checked
from sysdesign.models.wording import several

DECISION = "What consistency does a store really give?"

LEVELS: dict[str, Callable[[Sequence[Operation], int], Outcome]] = {
    "linearizable": linearizable,
    "sequential": sequential,
    "causal": causal,
    "read_your_writes": read_your_writes,
    "monotonic_reads": monotonic_reads,
    "monotonic_writes": monotonic_writes,
    "writes_follow_reads": writes_follow_reads,
}
SESSION = ("read_your_writes", "monotonic_reads", "monotonic_writes", "writes_follow_reads")
NO_FILE: Any = None
MOST_REDUCTION_STEPS = 300_000  # spent on making a failing part smaller; then it stays as it is
IMPLIES = {
    "linearizable": ("sequential", "causal", *SESSION),
    "sequential": ("causal", *SESSION),
    "causal": SESSION,
}
NOTHING = "nothing to judge"
FailedCas = Literal["open", "found another value", "did not happen"]
Level = Literal[
    "all", "linearizable", "sequential", "causal", "session",
    "read_your_writes", "monotonic_reads", "monotonic_writes", "writes_follow_reads",
]  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """The answer for one level; where it fails, why, and the smallest part of the history that fails."""

    level: str
    answer: Answer | Literal["nothing to judge"]
    steps: int = 0
    reason: str = ""
    evidence: tuple[Operation, ...] = ()


@dataclass(frozen=True)
class Consistency:
    """What a history satisfies. A level not asked for is `not asked`; with no operation there is nothing to judge."""

    linearizable: Annotated[str, Output("Linearizable")]
    sequential: Annotated[str, Output("Sequentially consistent")]
    causal: Annotated[str, Output("Causally consistent")]
    read_your_writes: Annotated[str, Output("Read your writes")]
    monotonic_reads: Annotated[str, Output("Monotonic reads")]
    monotonic_writes: Annotated[str, Output("Monotonic writes")]
    writes_follow_reads: Annotated[str, Output("Writes follow reads")]
    fails_first: Annotated[str, Output("Weakest level that fails")]
    reason: Annotated[str, Output("Why")]
    evidence: Annotated[tuple[str, ...], Output("Smallest part that shows it")]
    operations: Annotated[int, Output("Operations")]
    steps: Annotated[int, Output("Steps")]
    drawn_process: Annotated[tuple[str, ...], Output("Process", drawn=True)]
    drawn_from: Annotated[np.ndarray, Output("Calls and answers, in their order", drawn=True)]
    drawn_to: Annotated[np.ndarray, Output("Until", drawn=True)]
    drawn_what: Annotated[tuple[str, ...], Output("Operation", drawn=True)]
    drawn_part: Annotated[tuple[str, ...], Output("Part", drawn=True)]
    verdicts: tuple[Verdict, ...] = ()


@checked
def check(
    history: Annotated[
        Path, Input("Recorded history", help="JSON, EDN, or a log as Jepsen prints it", replaces=("example",))
    ] = NO_FILE,
    example: Annotated[Example, Input("Example, if no history is given", default="stale read")] = "stale read",
    levels: Annotated[Level, Input("Levels", default="all")] = "all",
    steps: Annotated[int, Input("Most steps for a level", "", low=1, high=1e9, default=300_000)] = 300_000,
    initial: Annotated[
        Text, Input("What registers hold at first", default="", help="such as 0; nothing; empty: not known")
    ] = "",  # type: ignore[assignment]
    failed_cas: Annotated[FailedCas, Input("A compare-and-set that failed without a reason", default="open")] = "open",
) -> Consistency:
    """What a recorded history satisfies.

    `history` is what `sysdesign.readers.histories.read_history` gives: operations with their process,
    key, value, call and return. Registers with reads, writes and compare-and-set, texts and lists
    that grow by appends, first-in-first-out queues and mutexes, any number of keys. Linearizability
    and sequential consistency are searched for; causal consistency is causal memory; the session
    guarantees are those that a reader could see broken. Causal consistency and sessions are defined
    here for reads and writes alone: queues and appends give unknown. What the record leaves open
    (what registers hold at first, whether a compare-and-set failed because of the value) never
    decides: where the answer depends on it, it is unknown. It is exact for the history given: a
    store that passes may still fail tomorrow.

    For the weakest level that fails, the part of the history that shows it is made as small as possible.
    Raises InvalidInput where the operations cannot be a history. Sources: porcupine,
    bouajjani-2017.
    """
    operations = ordered(_given(history, example))
    asked = _asked(levels)
    if not operations:
        return _nothing(asked)
    given = readings(operations, initial, failed_cas)
    found = _outcomes(given, asked, steps)
    answers = agreed({level: outcome.answer for level, (outcome, _) in found.items()})
    verdicts = tuple(
        Verdict(level, answers[level], outcome.steps, outcome.reason if answers[level] == outcome.answer else "")
        for level, (outcome, _) in found.items()
    )
    weakest = next((each for each in reversed(verdicts) if each.answer == "fails"), None)
    evidence = shown(found[weakest.level][1], weakest.level, steps) if weakest else ()
    if weakest:
        explained = Verdict(weakest.level, "fails", weakest.steps, weakest.reason, evidence)
        verdicts = tuple(explained if each is weakest else each for each in verdicts)
    drawn = picture(operations, evidence)
    by_level = dict.fromkeys(LEVELS, "not asked") | {each.level: each.answer for each in verdicts}
    return Consistency(
        **by_level,
        fails_first=weakest.level if weakest else "none",
        reason=weakest.reason if weakest else next((each.reason for each in verdicts if each.reason), ""),
        evidence=tuple(f"{each.when}: {each.what}" for each in evidence),
        operations=len(operations),
        steps=sum(each.steps for each in verdicts),
        drawn_process=drawn.processes,
        drawn_from=drawn.began,
        drawn_to=drawn.ended,
        drawn_what=drawn.what,
        drawn_part=drawn.part,
        verdicts=verdicts,
    )  # type: ignore[arg-type]


def shown(operations: Sequence[Operation], level: str, steps: int = 300_000) -> tuple[Operation, ...]:
    """The smallest part of a history that fails a level; everything if it does not fail."""
    decide, spent = LEVELS[level], 0

    def fails(part: Sequence[Operation]) -> bool:
        nonlocal spent
        if spent > MOST_REDUCTION_STEPS:
            return False
        outcome = decide(part, steps)
        spent += outcome.steps + len(part)
        return outcome.answer == "fails"

    part = decide(operations, steps).evidence
    start = part if part and fails(part) else operations
    found = smallest_failing(start, fails, level == "linearizable")
    as_recorded = {(each.process, each.invoked): each for each in operations}  # a part may have cut off an answer
    return tuple(as_recorded[each.process, each.invoked] for each in found)


def agreed(answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers with what they imply: what holds at a level holds below it, what fails fails above."""
    found = dict(answers)
    for level, below in IMPLIES.items():
        if found.get(level) == "holds":
            found.update({each: "holds" for each in below if found.get(each) == "unknown"})
    for level in reversed(IMPLIES):
        if any(found.get(each) == "fails" for each in IMPLIES[level]) and found.get(level) == "unknown":
            found[level] = "fails"
    return found


def _nothing(asked: Sequence[str]) -> Consistency:
    """The answer to a history in which nothing was done, or nothing of which anything is known."""
    drawn = picture((), ())
    return Consistency(
        **dict.fromkeys(LEVELS, "not asked") | dict.fromkeys(asked, NOTHING),
        fails_first="none",
        reason="no operation in the history says anything of the store",
        evidence=(),
        operations=0,
        steps=0,
        drawn_process=drawn.processes,
        drawn_from=drawn.began,
        drawn_to=drawn.ended,
        drawn_what=drawn.what,
        drawn_part=drawn.part,
        verdicts=tuple(Verdict(level, NOTHING) for level in asked),  # type: ignore[arg-type]
    )  # type: ignore[arg-type]


Found = tuple[Outcome, Sequence[Operation]]


def _outcomes(given: Readings, asked: Sequence[str], steps: int) -> dict[str, Found]:
    """The outcome of each level, strongest first; what a stronger level that holds implies is not decided again.

    A weaker level that cannot be decided is settled where the history is linearizable, which is quick to see.
    """
    found: dict[str, Found] = {}
    for level in asked:
        implied = any(level in IMPLIES.get(each, ()) and one[0].answer == "holds" for each, one in found.items())
        found[level] = (Outcome("holds", 0), ()) if implied else decided(LEVELS[level], given, steps)
        if found[level][0].answer == "unknown" and "linearizable" not in found:
            linear, _ = decided(linearizable, given, steps)
            if linear.answer == "holds":
                found[level] = (Outcome("holds", found[level][0].steps + linear.steps), ())
    return found


def _asked(levels: str) -> tuple[str, ...]:
    if levels == "all":
        return tuple(LEVELS)
    return SESSION if levels == "session" else (levels,)


def _given(history: Any, example: str) -> Iterable[Operation]:
    if history is None:
        return EXAMPLES[example]
    if isinstance(history, (str, Path)):
        raise InvalidInput(
            f"history is {str(history)!r}; read the file first, with sysdesign.readers.histories.read_history"
        )
    if history and not isinstance(next(iter(history)), Operation):
        raise InvalidInput("history holds transactions, not single operations; run transactions.check on it")
    return history if isinstance(history, Sequence) else tuple(history)  # type: ignore[no-any-return]


def _sentence(inputs: Mapping[str, Any], result: Consistency) -> str:
    named = {level: getattr(result, level) for level in LEVELS}
    if NOTHING in named.values():
        return "The history holds no operation that says anything: there is nothing to judge."
    holds = [level.replace("_", " ") for level, answer in named.items() if answer == "holds"]
    unknown = [level.replace("_", " ") for level, answer in named.items() if answer == "unknown"]
    fails = [level.replace("_", " ") for level, answer in named.items() if answer == "fails"]
    parts = [f"The history of {several(result.operations, 'operation')}"]
    if holds:
        parts.append(f"satisfies {', '.join(holds)}")
    if fails:
        parts.append(f"{'but ' if holds else ''}fails {', '.join(fails)}: {result.reason}")
    if unknown:
        why = result.reason if result.reason and not fails else ""
        parts.append(f"leaves open {', '.join(unknown)}{f' ({why})' if why else ''}")
    return f"{parts[0]} {'; '.join(parts[1:])}."


MODELS = (Model(check, DECISION, _sentence, "17-consistency", "17-consistency/history"),)
