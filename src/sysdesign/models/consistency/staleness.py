"""Levels that bound how old a read may be by real time, and let reads disagree."""

from __future__ import annotations

from collections.abc import Sequence

from sysdesign.models.consistency.history import Operation, by_key
from sysdesign.models.consistency.linearizability import Outcome, linearizable_key
from sysdesign.models.consistency.orders import in_time, preceding, some_order
from sysdesign.models.consistency.views import NOT_HERE, plain
from sysdesign.models.wording import several

VERSIONS = 2


def regular(operations: Sequence[Operation], budget: int) -> Outcome:
    """Each read by itself is linearizable with all writes: the last completed write, or one under way.

    Two reads during one write may then go from the new value back to the old one.
    """
    if not plain(operations):
        return Outcome("unknown", 0, NOT_HERE)
    steps, answer = 0, Outcome("holds", 0)
    for each in by_key(operations).values():
        writes = [one for one in each if one.kind == "write"]
        for read in each:
            if read.kind != "read":
                continue
            alone = sorted((*writes, read), key=lambda one: one.invoked)
            outcome = linearizable_key(alone, budget - steps)
            steps += outcome.steps + 1
            if outcome.answer == "fails":
                reason = f"neither the last completed write nor one under way explains {read.text}"
                return Outcome("fails", steps, reason, alone)
            if outcome.answer == "unknown" or steps > budget:
                answer = Outcome("unknown", 0, f"no answer within {several(budget, 'step')}")
    return Outcome(answer.answer, steps, answer.reason)


def bounded(operations: Sequence[Operation], budget: int, versions: int = VERSIONS) -> Outcome:
    """One order of each key that keeps real time, in which a read gives one of the newest `versions` values."""
    if not plain(operations):
        return Outcome("unknown", 0, NOT_HERE)
    steps, answer = 0, Outcome("holds", 0)
    for key, each in by_key(operations).items():
        found, taken = some_order(each, preceding(each, in_time), budget - steps, versions)
        steps += taken
        if found == "fails":
            reason = f"some read of {key} is more than {several(versions, 'version')} old in every order"
            return Outcome("fails", steps, reason, each)
        if found == "unknown":
            answer = Outcome("unknown", 0, f"no answer within {several(budget, 'step')}")
    return Outcome(answer.answer, steps, answer.reason)
