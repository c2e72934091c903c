"""Levels below sequential consistency at which each process, or each key, may have an order of its own.

Sources: jepsen-consistency, bouajjani-2017.
"""

from __future__ import annotations

from collections.abc import Sequence

from sysdesign.models.consistency.causal import Fault, judged
from sysdesign.models.consistency.causality import Causes, closed
from sysdesign.models.consistency.history import Operation, by_key
from sysdesign.models.consistency.linearizability import Outcome
from sysdesign.models.consistency.orders import in_session, preceding, some_order
from sysdesign.models.consistency.sequential import sequential
from sysdesign.models.wording import several

NOT_HERE = "is decided here for reads and writes alone"


def pram(operations: Sequence[Operation], budget: int) -> Outcome:
    """Each process can order all writes and its own reads so that every process's own order is kept."""
    if not plain(operations):
        return Outcome("unknown", 0, NOT_HERE)
    steps, answer = 0, Outcome("holds", 0)
    for process in dict.fromkeys(each.process for each in operations if each.kind == "read"):
        view = [each for each in operations if each.kind == "write" or each.process == process]
        found, taken = some_order(view, preceding(view, in_session), budget - steps)
        steps += taken
        if found == "fails":
            return Outcome("fails", steps, f"process {process} cannot order the writes so that its reads fit", view)
        if found == "unknown":
            answer = Outcome("unknown", 0, f"no answer within {several(budget, 'step')}")
    return Outcome(answer.answer, steps, answer.reason)


def prefix(operations: Sequence[Operation], budget: int) -> Outcome:
    """One order of all writes; each process reads forward in it, and may not have come to its own writes yet.

    It is sequential consistency but for reads of what the process itself has written before.
    """
    if not plain(operations):
        return Outcome("unknown", 0, NOT_HERE)
    found, steps = some_order(operations, preceding(operations, _but_write_to_read), budget)
    reasons = {
        "fails": "no single order of the writes lets every process read forward in it",
        "unknown": f"no answer within {several(budget, 'step')}",
    }
    return Outcome(found, steps, reasons.get(found, ""), tuple(operations) if found == "fails" else ())


def _but_write_to_read(one: Operation, two: Operation) -> bool:
    return in_session(one, two) and not (one.kind == "write" and two.kind == "read")


def per_key_sequential(operations: Sequence[Operation], budget: int) -> Outcome:
    """Each key by itself is sequentially consistent: one order of its versions, in which nobody goes back."""
    steps, answer = 0, Outcome("holds", 0)
    for key, each in by_key(operations).items():
        outcome = sequential(each, budget - steps)
        steps += outcome.steps
        if outcome.answer == "fails":
            return Outcome("fails", steps, f"no single order of the operations on {key} explains them", each)
        if outcome.answer == "unknown":
            answer = outcome
    return Outcome(answer.answer, steps, answer.reason)


def convergent(operations: Sequence[Operation], budget: int) -> Outcome:
    """Causal consistency in which all processes agree on one order of conflicting writes.

    Each read takes the last write, in that order, of those among its causes. Source: bouajjani-2017.
    """
    if not plain(operations):
        return Outcome("unknown", 0, NOT_HERE)
    return judged(operations, budget, _no_one_order, thin_air_fails=True)


def _no_one_order(known: Causes) -> Fault | None:
    """A circle of causes and of conflicts: a write among a read's causes comes before the one that was read."""
    size = range(len(known.operations))
    rows = list(known.precedes)
    for read in filter(known.reads, size):
        for write in filter(known.writes, size):
            source = known.source[read]
            if write == source or not known.same_key(read, write) or not known.precedes[write] >> read & 1:
                continue
            if source is None:
                return "a read gives nothing, though a write is among its causes", (write, read)
            rows[write] |= 1 << source
    rows = closed(rows)
    circle = tuple(at for at in size if rows[at] >> at & 1)
    if not circle:
        return None
    around = {at for at in size for other in circle if known.reads(at) and known.source[at] == other}
    return "no one order of the writes explains what all read", tuple(sorted({*circle, *around}))


def plain(operations: Sequence[Operation]) -> bool:
    """Whether there are reads and writes alone."""
    return all(each.kind in ("read", "write") for each in operations)
