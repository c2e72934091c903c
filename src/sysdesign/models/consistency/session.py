"""Session guarantees: what one process may rely on, whatever the others see.

The definitions speak of what servers hold; a history shows only reads and writes. So each
guarantee is judged by what a process could notice: it reads a value that is known to be older
than one it has written, read, or must have received along with another. One value is known to
be older than another if its write precedes the other's by cause and effect, or if the key had
none yet. A guarantee that holds here was not seen broken; each is implied by causal consistency.

Sources: jepsen-monotonic-reads, jepsen-monotonic-writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sysdesign.models.consistency.causal import Fault, judged
from sysdesign.models.consistency.causality import Causes
from sysdesign.models.consistency.history import Operation
from sysdesign.models.consistency.linearizability import Outcome


def read_your_writes(operations: Sequence[Operation], budget: int) -> Outcome:
    """A process that has written never reads something older."""
    return judged(operations, budget, _reads_before_own_write)


def monotonic_reads(operations: Sequence[Operation], budget: int) -> Outcome:
    """A process that has read a value never reads something older."""
    return judged(operations, budget, _reads_backwards)


def monotonic_writes(operations: Sequence[Operation], budget: int) -> Outcome:
    """Whoever has seen a process's write has also received that process's writes before it."""
    return judged(operations, budget, _misses_earlier_write)


def writes_follow_reads(operations: Sequence[Operation], budget: int) -> Outcome:
    """Whoever has seen a write has also received what its writer had read before it."""
    return judged(operations, budget, _misses_what_was_read)


def _later_reads(known: Causes, at: int) -> Iterator[int]:
    return (read for read in range(len(known.operations)) if known.later(at, read) and known.reads(read))


def _is_stale(known: Causes, read: int, write: int) -> bool:
    """Whether a read of the key gives something older than a write."""
    return known.same_key(read, write) and known.source[read] != write and known.older(known.source[read], write)


def _fault(known: Causes, reason: str, *shown: int | None) -> Fault:
    read = shown[-1]
    source = None if read is None else known.source[read]
    return reason, tuple(sorted({at for at in (*shown, source) if at is not None}))


def _reads_before_own_write(known: Causes) -> Fault | None:
    for write in filter(known.writes, range(len(known.operations))):
        for read in _later_reads(known, write):
            if read != write and _is_stale(known, read, write):
                return _fault(known, "a process reads an older value than it has written", write, read)
    return None


def _reads_backwards(known: Causes) -> Fault | None:
    for first in filter(known.reads, range(len(known.operations))):
        seen = known.source[first]
        if seen is None:
            continue
        for read in _later_reads(known, first):
            if _is_stale(known, read, seen):
                return _fault(known, "a process reads an older value than it has read", seen, first, read)
    return None


def _misses_earlier_write(known: Causes) -> Fault | None:
    size = range(len(known.operations))
    for second in filter(known.writes, size):
        earlier = [first for first in size if known.later(first, second) and known.writes(first)]
        fault = _missed(known, second, earlier, "a process sees a write but not its writer's earlier one")
        if fault is not None:
            return fault
    return None


def _misses_what_was_read(known: Causes) -> Fault | None:
    size = range(len(known.operations))
    for second in filter(known.writes, size):
        looks = [look for look in size if (look == second or known.later(look, second)) and known.reads(look)]
        sources = {known.source[look] for look in looks}
        earlier = [first for first in sources if first is not None]
        fault = _missed(known, second, earlier, "a process sees a write but not what its writer had read")
        if fault is not None:
            return fault
    return None


def _missed(known: Causes, second: int, earlier: Sequence[int], reason: str) -> Fault | None:
    """A process other than the writer that sees `second`, then something that `earlier` had already replaced."""
    writer = known.operations[second].process
    for seen in range(len(known.operations)):
        if known.source[seen] != second or known.operations[seen].process == writer:
            continue
        for read in _later_reads(known, seen):
            for first in earlier:
                backwards = known.source[read] == first and known.same_key(first, second) and first != second
                if backwards or _is_stale(known, read, first):
                    return _fault(known, reason, first, second, seen, read)
    return None
