"""Which isolation a recorded history of transactions still allows.

A level fails where the history shows an anomaly that it forbids, and holds where it shows none:
what nobody read leaves no trace, so a level that holds was not seen broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import Input, Model, Output, Text, checked
from sysdesign.models.transactions.cycles import (
    Cycle,
    Graph,
    SearchSpent,
    of_processes,
    of_real_time,
    without_moments,
)
from sysdesign.models.transactions.dependencies import Dependencies, Edge, Fault, dependencies
from sysdesign.models.transactions.example_histories import EXAMPLES, Example
from sysdesign.models.transactions.history import Transaction, Transactions, value_text
from sysdesign.models.transactions.notation import transactions_of
from sysdesign.models.transactions.picture import picture

DECISION = "Which isolation does a database really give?"
NO_FILE: Any = None
NOTHING = "nothing to judge"

G1 = ("G1a", "G1b", "G1c", "unwritten read", "incompatible order")
ITEMS = ("G-single", "G-nonadjacent", "lost update", "internal inconsistency")
FORBIDDEN: dict[str, tuple[str, ...]] = {  # by each level, beside what the levels before it forbid
    "read_uncommitted": ("G0", "duplicate element"),
    "read_committed": G1,
    "snapshot_isolation": ITEMS,
    "repeatable_read": (*ITEMS, "G2-item"),
    "serializable": (),
    "strong_session_serializable": ("G0-process", "G1c-process", "G-single-process", "G2-item-process"),
    "strict_serializable": ("G0-realtime", "G1c-realtime", "G-single-realtime", "G2-item-realtime"),
}
SEVERITY = tuple(dict.fromkeys(each for forbidden in FORBIDDEN.values() for each in forbidden))
MEANING = {
    "G0": "transactions overwrite each other's writes in a circle (write cycle)",
    "G1a": "a transaction read what an aborted one had written (aborted read)",
    "G1b": "a transaction read what its writer overwrote itself (intermediate read)",
    "G1c": "transactions see each other's writes in a circle (circular information flow)",
    "G-single": "a transaction misses a write that it depends on (read skew)",
    "G-nonadjacent": "transactions miss each other's writes in a way that no snapshots explain",
    "G2-item": "transactions miss each other's writes in a circle (write skew)",
    "lost update": "two transactions changed the same version",
    "internal inconsistency": "a transaction does not see its own steps",
    "unwritten read": "a transaction read what nobody had written",
    "incompatible order": "two reads of a key are in no one order of its versions",
    "duplicate element": "a list holds a value twice that was appended once",
}


@dataclass(frozen=True)
class Finding:
    """One anomaly: the transactions that show it, and how each depends on the next."""

    anomaly: str
    transactions: tuple[Transaction, ...]
    words: tuple[str, ...]
    found: int = 1  # how often, where it is counted


@dataclass(frozen=True)
class Isolation:
    """What a history of transactions shows of each level: holds, fails, unknown or nothing to judge."""

    strongest: Annotated[str, Output("Strongest level that survives")]
    read_uncommitted: Annotated[str, Output("Read uncommitted")]
    read_committed: Annotated[str, Output("Read committed")]
    snapshot_isolation: Annotated[str, Output("Snapshot isolation")]
    repeatable_read: Annotated[str, Output("Repeatable read")]
    serializable: Annotated[str, Output("Serializable")]
    strong_session_serializable: Annotated[str, Output("Strong session serializable")]
    strict_serializable: Annotated[str, Output("Strict serializable")]
    anomalies: Annotated[tuple[str, ...], Output("Anomalies", apart=True)]
    worst: Annotated[tuple[str, ...], Output("How the worst shows", apart=True)]
    doubt: Annotated[str, Output("What is left open")]
    transactions: Annotated[int, Output("Committed transactions")]
    drawn_transaction: Annotated[tuple[str, ...], Output("Transaction", drawn=True)]
    drawn_from: Annotated[np.ndarray, Output("Begins and ends, in their order", drawn=True)]
    drawn_to: Annotated[np.ndarray, Output("Until", drawn=True)]
    drawn_what: Annotated[tuple[str, ...], Output("Steps", drawn=True)]
    drawn_part: Annotated[tuple[str, ...], Output("Part", drawn=True)]
    findings: tuple[Finding, ...] = ()


@checked
def check(
    history: Annotated[
        Path, Input("Recorded history", help="transactions, in JSON, EDN or a log", replaces=("notation", "example"))
    ] = NO_FILE,
    notation: Annotated[
        Text,
        Input(
            "History as text, if no file is given",
            default="",
            help="r1[x=0] w2[x=1] c2 w1[x=2] c1",
            replaces=("example",),
        ),
    ] = "",  # type: ignore[assignment]
    example: Annotated[Example, Input("Example, if neither is given", default="write skew")] = "write skew",
    steps: Annotated[int, Input("Most steps", "", low=1, high=1e9, default=20_000_000)] = 20_000_000,
) -> Isolation:
    """Which isolation a recorded history of transactions still allows.

    `history` is what `sysdesign.readers.histories.read_history` gives: transactions of reads, and of
    writes to registers or appends to lists, each value written to a key once. From what was read
    follows which transaction depends on which, and from cycles of dependencies which of Adya's
    phenomena occurred; a process's own order and real time are considered for the last two levels
    alone. Reads by predicate are not in such histories: repeatable read and serializable forbid the
    same here. A level that holds was not seen broken.

    It stops being exact where values are written twice (those keys are left out, and what is not
    broken without them is unknown). Sources: elle-2020, elle.
    """
    given = _given(history, notation, example)
    found = dependencies(given)
    if not found.committed:
        return _nothing()
    findings, spent = _findings(found, steps)
    doubts = [*dict.fromkeys(found.doubts), *(["the search ended at its most steps"] if spent else [])]
    answers = _answers([each.anomaly for each in findings], bool(doubts))
    worst = findings[0] if findings else None
    drawn = picture([given[at] for at in sorted(found.committed)], worst.transactions if worst else ())
    return Isolation(
        strongest=_strongest(answers),
        **answers,
        anomalies=tuple(each.anomaly for each in findings),
        worst=worst.words if worst else (),
        doubt="; ".join(doubts[:3]) + (f"; and {len(doubts) - 3} more" if len(doubts) > 3 else "") or "nothing",
        transactions=len(found.committed),
        drawn_transaction=drawn.names,
        drawn_from=drawn.began,
        drawn_to=drawn.ended,
        drawn_what=drawn.what,
        drawn_part=drawn.part,
        findings=tuple(findings),
    )


def _given(history: Any, notation: str, example: str) -> Transactions:
    if history is None:
        return transactions_of(notation) if notation.strip() else EXAMPLES[example]
    if isinstance(history, (str, Path)):
        raise InvalidInput(
            f"history is {str(history)!r}; read the file first, with sysdesign.readers.histories.read_history"
        )
    if isinstance(history, Transactions):
        return history
    given = tuple(history)
    if given and not isinstance(given[0], Transaction):
        raise InvalidInput("history holds single operations, not transactions; run consistency.check on it")
    return Transactions(given)


def _nothing() -> Isolation:
    drawn = picture((), ())
    return Isolation(
        strongest=NOTHING,
        **dict.fromkeys(FORBIDDEN, NOTHING),  # type: ignore[arg-type]
        anomalies=(),
        worst=(),
        doubt="no transaction is known to have committed",
        transactions=0,
        drawn_transaction=drawn.names,
        drawn_from=drawn.began,
        drawn_to=drawn.ended,
        drawn_what=drawn.what,
        drawn_part=drawn.part,
    )


def _answers(anomalies: Iterable[str], doubtful: bool) -> dict[str, str]:
    answers: dict[str, str] = {}
    seen, failed = set(anomalies), False
    for level, forbidden in FORBIDDEN.items():
        failed = failed or not seen.isdisjoint(forbidden)
        answers[level] = "fails" if failed else "unknown" if doubtful else "holds"
    return answers


def _strongest(answers: Mapping[str, str]) -> str:
    surviving = [level for level, answer in answers.items() if answer == "holds"]
    if surviving:
        return surviving[-1].replace("_", " ")
    return "unknown" if "unknown" in answers.values() else "none"


# --- anomalies ----------------------------------------------------------------------------------------

DATA = ("ww", "wr", "rw")


def _findings(found: Dependencies, steps: int) -> tuple[list[Finding], bool]:
    """The anomalies, the worst first, and whether the steps were spent before all were looked for."""
    findings = _faults(found)
    graph = Graph([edge for edge in found.edges if not edge.scope], steps)
    spent = False
    try:
        for anomaly, cycle in _cycles(graph):
            findings.setdefault(anomaly, _of_cycle(anomaly, cycle, found))
        if not _fails(findings, "serializable"):
            for scope, order in (("process", of_processes(found)), ("realtime", of_real_time(found))):
                edges = [edge for edge in found.edges if edge.scope in ("", scope)]
                timed = Graph([*edges, *order], graph.left)
                for anomaly, cycle in _cycles_in_time(timed, scope):
                    whole = without_moments(cycle, len(found.transactions))
                    findings.setdefault(f"{anomaly}-{scope}", _of_cycle(f"{anomaly}-{scope}", whole, found))
    except SearchSpent:
        spent = True
    return sorted(findings.values(), key=lambda each: SEVERITY.index(each.anomaly)), spent


def _fails(findings: Iterable[str], level: str) -> bool:
    return _answers(findings, False)[level] == "fails"


def _cycles(graph: Graph) -> Iterable[tuple[str, Cycle]]:
    """Adya's phenomena, each with a short cycle that shows it."""
    searches = (
        ("G0", lambda: graph.cycle(("ww",))),
        ("G1c", lambda: graph.cycle(("ww", "wr"), through=("wr",))),
        ("G-single", lambda: graph.cycle_with_one("rw", ("ww", "wr"))),
        ("G-nonadjacent", lambda: graph.cycle_apart("rw", ("ww", "wr"))),
    )
    seen: set[str] = set()
    for anomaly, search in searches:
        if anomaly == "G-nonadjacent" and "G-single" in seen:
            continue  # a case of it
        cycle = search()
        if cycle is not None:
            seen.add(anomaly)
            yield anomaly, cycle
    cycle = graph.cycle(DATA, through=("rw",))
    if cycle is not None and (sum(edge.kind == "rw" for edge in cycle) > 1 or "G-single" not in seen):
        yield "G2-item", cycle


def _cycles_in_time(graph: Graph, scope: str) -> Iterable[tuple[str, Cycle]]:
    """The worst kind of cycle with edges of a process's order or of real time."""
    searches = (
        ("G0", lambda: graph.cycle(("ww", scope), through=(scope,))),
        ("G1c", lambda: graph.cycle(("ww", "wr", scope), through=(scope,))),
        ("G-single", lambda: graph.cycle_with_one("rw", ("ww", "wr", scope))),
        ("G2-item", lambda: graph.cycle((*DATA, scope), through=("rw",))),
    )
    for anomaly, search in searches:
        cycle = search()
        if cycle is not None:
            yield anomaly, cycle
            return


def _faults(found: Dependencies) -> dict[str, Finding]:
    """The first of each kind of fault that shows without a cycle, with how many there are."""
    findings: dict[str, Finding] = {}
    for fault in found.faults:
        known = findings.get(fault.anomaly)
        findings[fault.anomaly] = replace(known, found=known.found + 1) if known else _of_fault(fault, found)
    return findings


def _of_fault(fault: Fault, found: Dependencies) -> Finding:
    names = _names(fault.transactions, found)
    steps = [f"{names[at]}: {found.transactions[at].text}" for at in fault.transactions]
    if len(fault.transactions) == 1:
        told = [f"{names[fault.transactions[0]]} is at fault: {words}" for words in fault.words]
    else:
        told = [words.format(*(names[at] for at in fault.transactions)) for words in fault.words]
    return Finding(fault.anomaly, tuple(found.transactions[at] for at in fault.transactions), (*steps, *told))


def _of_cycle(anomaly: str, cycle: Cycle, found: Dependencies) -> Finding:
    at_first = min(range(len(cycle)), key=lambda number: cycle[number].source)
    cycle = cycle[at_first:] + cycle[:at_first]
    shown = tuple(edge.source for edge in cycle)
    names = _names(shown, found)
    steps = [f"{names[at]}: {found.transactions[at].text}" for at in dict.fromkeys(shown)]
    told = [f"{names[edge.source]} before {names[edge.target]}: {_why(edge, names)}" for edge in cycle]
    return Finding(anomaly, tuple(found.transactions[at] for at in dict.fromkeys(shown)), (*steps, *told))


def _names(shown: Sequence[int], found: Dependencies) -> dict[int, str]:
    return {at: found.transactions[at].name or f"T{number}" for number, at in enumerate(dict.fromkeys(shown), 1)}


def _why(edge: Edge, names: Mapping[int, str]) -> str:
    one, two = names[edge.source], names[edge.target]
    match edge.kind:
        case "ww":
            return f"{two} wrote {value_text(edge.after)} over {one}'s {value_text(edge.value)} in {edge.key}"
        case "wr":
            return f"{two} read {one}'s {value_text(edge.value)} from {edge.key}"
        case "rw":
            over = (
                f", which came later in {'real time' if edge.scope == 'realtime' else 'its process'}"
                if edge.scope
                else ""
            )
            return (
                f"{one} read {value_text(edge.value)} from {edge.key}, without {two}'s {value_text(edge.after)}{over}"
            )
        case "process":
            return "the same process ran it first"
    return f"{one} had ended before {two} began"


def _sentence(inputs: Mapping[str, Any], result: Isolation) -> str:
    if result.strongest == NOTHING:
        return "The history holds no transaction that is known to have committed: there is nothing to judge."
    count = f"{result.transactions} committed transaction{'' if result.transactions == 1 else 's'}"
    if not result.anomalies and result.doubt != "nothing":
        return f"The history of {count} shows no anomaly, but {result.doubt}, so every level stays open."
    if not result.anomalies:
        return f"The history of {count} shows no anomaly, up to {result.strongest}."
    worst = result.anomalies[0]
    base, _, scope = worst.partition("-process") if "-process" in worst else worst.partition("-realtime")
    meaning = MEANING[base] + ({"-process": ", by a process's own order", "-realtime": ", by real time"}.get(scope, ""))
    survives = "no level survives" if result.strongest == "none" else f"{result.strongest} survives"
    return f"The history of {count} shows {', '.join(result.anomalies)}: {meaning}; {survives}."


MODELS = (Model(check, DECISION, _sentence, "17-consistency", "17-consistency/transactions"),)
