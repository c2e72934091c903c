"""Whether a history is causally consistent: causal memory (Ahamad and others), by the patterns that break it.

Each process must be able to order all writes and its own reads, keeping causes before effects,
so that each read takes the last write before it. With different values written to a key this is
decided in polynomial time by a handful of patterns (bouajjani-2017); where a value was written
twice, every way to give reads their writes is tried within the budget.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sysdesign.models.consistency.causality import Causes, assignments, bits, candidates, causes, closed, read_value
from sysdesign.models.consistency.history import REGISTER_KINDS, Operation
from sysdesign.models.consistency.linearizability import Answer, Outcome
from sysdesign.models.wording import several

Fault = tuple[str, tuple[int, ...]]  # what is wrong, and the operations that show it
FindFault = Callable[[Causes], Fault | None]


def causal(operations: Sequence[Operation], budget: int) -> Outcome:
    """Whether the history is causal memory, within `budget` steps."""
    return judged(operations, budget, causal_fault, thin_air_fails=True)


def judged(
    operations: Sequence[Operation], budget: int, find_fault: FindFault, thin_air_fails: bool = False
) -> Outcome:
    """Hold if some way to give reads their writes has no fault; fail if none has.

    A compare-and-set that found another value says too little to be used: where only such
    operations could change the answer from holds, it is unknown. So it is for queues.
    """
    if any(operation.kind not in REGISTER_KINDS for operation in operations):
        return Outcome("unknown", 0, "is decided here for reads and writes, not for queues")
    used = [each for each in operations if not (each.kind == "cas" and (each.open or not each.succeeded))]
    ignored = len(used) < len(operations)
    choices = candidates(used)
    if not all(choices):
        at = choices.index([])
        if thin_air_fails:
            answer: Answer = "unknown" if _may_write(operations, used[at]) else "fails"
            return Outcome(answer, 1, f"nobody wrote what was read: {used[at].text}", (used[at],))
        used = [operation for operation, choice in zip(used, choices, strict=True) if choice]
        choices = [choice or [None] for choice in candidates(used)]
    processes = len({operation.process for operation in used})
    each_costs = len(used) ** 2 * (processes + 1) // 64 + 1
    if each_costs > budget:
        return Outcome("unknown", 0, f"{several(len(used), 'operation', 'need')} more than {several(budget, 'step')}")
    outcome = _first_without_fault(used, choices, find_fault, budget // each_costs, each_costs)
    if outcome.answer == "holds" and ignored:
        return Outcome("unknown", outcome.steps, "a compare-and-set without a known effect could break it")
    if outcome.answer == "fails" and any(each.open and each.kind == "cas" for each in operations):
        return Outcome("unknown", outcome.steps, "a compare-and-set with unknown outcome could explain it")
    return outcome


def _may_write(operations: Sequence[Operation], read: Operation) -> bool:
    return any(
        each.kind == "cas" and each.open and each.key == read.key and each.value[1] == read_value(read)
        for each in operations
    )


def _first_without_fault(
    used: Sequence[Operation], choices: Sequence[Sequence[int | None]], find_fault: FindFault, most: int, cost: int
) -> Outcome:
    first: tuple[str, tuple[Operation, ...]] | None = None
    for number, source in enumerate(assignments(choices)):
        if number >= most:
            return Outcome("unknown", number * cost, "too many ways to say which write each read took")
        fault = find_fault(causes(used, source))
        if fault is None:
            return Outcome("holds", (number + 1) * cost)
        first = first or (fault[0], tuple(used[at] for at in _with_sources(fault[1], source)))
    tried = math.prod(len(each) for each in choices)
    reason, shown = first or ("", ())
    return Outcome("fails", tried * cost, reason, shown if tried == 1 else tuple(used))


def _with_sources(shown: Sequence[int], source: Sequence[int | None]) -> list[int]:
    """Operations with the writes they read, and what those read."""
    found, waiting = set(shown), list(shown)
    while waiting:
        write = source[waiting.pop()]
        if write is not None and write not in found:
            found.add(write)
            waiting.append(write)
    return sorted(found)


def causal_fault(known: Causes) -> Fault | None:
    """The first pattern that causal memory forbids."""
    for at in range(len(known.operations)):
        if known.precedes[at] >> at & 1:
            return "an operation is among its own causes", tuple(bits(known.precedes[at]))
    return _overwritten(known) or _per_process(known)


def _overwritten(known: Causes) -> Fault | None:
    """A read of a value, though a newer one is among its causes."""
    reads_of: dict[object, int] = {}
    for read in filter(known.reads, range(len(known.operations))):
        key = known.operations[read].key
        reads_of[key] = reads_of.get(key, 0) | 1 << read
    for write in filter(known.writes, range(len(known.operations))):
        for read in bits(known.precedes[write] & reads_of.get(known.operations[write].key, 0)):
            if write != known.source[read] and known.older(known.source[read], write):
                return "a read gives an older value than one it already depends on", _shown(known, read, write)
    return None


def _shown(known: Causes, read: int, write: int) -> tuple[int, ...]:
    source = known.source[read]
    between = [at for at in bits(known.precedes[write]) if known.precedes[at] >> read & 1]
    return tuple(sorted({write, read, *between, *(() if source is None else (source,))}))


def _per_process(known: Causes) -> Fault | None:
    last = {known.operations[at].process: at for at in range(len(known.operations))}
    for process, at in last.items():
        fault = _no_view(known, at)
        if fault is not None:
            return f"process {process} cannot order the writes so that its reads fit", fault
    return None


def _no_view(known: Causes, last: int) -> tuple[int, ...] | None:
    """Operations that leave the process of `last` no order of writes, or None if it has one.

    Starts from what precedes what among the causes of `last`. A read of one write after
    another write of the key puts that other write first; this is added until nothing changes.
    """
    past = sum(1 << at for at in range(len(known.operations)) if at == last or known.precedes[at] >> last & 1)
    rows = [known.precedes[at] & past if past >> at & 1 else 0 for at in range(len(known.operations))]
    own = [at for at in bits(past) if (at == last or known.later(at, last)) and known.reads(at)]
    changed = True
    while changed:
        changed = False
        for read in own:
            source = known.source[read]
            for write in bits(past):
                before = rows[write] >> read & 1 and known.writes(write) and known.same_key(write, read)
                if not before or write == source:
                    continue
                if source is None:
                    return tuple(bits(past))
                if not rows[write] >> source & 1:
                    rows[write] |= 1 << source
                    changed = True
        if changed:
            rows = closed(rows)
    return tuple(bits(past)) if any(rows[at] >> at & 1 for at in bits(past)) else None
