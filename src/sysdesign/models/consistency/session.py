"""Session guarantees: what one process may rely on, whatever the others see.

The definitions speak of what servers hold; a history shows only reads and writes. So each
guarantee is judged by what a process could notice: it reads a value that is known to be older
than one it has written, read, or must have received along with another. A value is older than
another if the same process wrote it before, if the session itself had it before, or if the key
had none yet; for writes that follow reads, also if it is among the other's causes. A guarantee
that holds here was not seen broken; each is implied by causal consistency, the first three by PRAM.

Sources: jepsen-monotonic-reads, jepsen-monotonic-writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sysdesign.models.consistency.causal import Fault, judged
from sysdesign.models.consistency.causality import Causes
from sysdesign.models.consistency.history import Operation
from sysdesign.models.consistency.linearizability import Outcome

IsStale = Callable[[Causes, int, int], bool]


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
    """Whether a read gives something of the key that is older than a write by the order of one writer."""
    source = known.source[read]
    return known.same_key(read, write) and source != write and (source is None or known.later(source, write))


def _is_stale_by_cause(known: Causes, read: int, write: int) -> bool:
    """Whether a read gives something of the key that is older than a write by cause and effect."""
    return known.same_key(read, write) and known.source[read] != write and known.older(known.source[read], write)


def _had_before(known: Causes, at: int, read: int, kinds: Callable[[int], bool]) -> bool:
    """Whether the process had read (or written) what `read` gives before `at`, which is something else."""
    source = known.source[read]
    for earlier in range(len(known.operations)):
        if known.later(earlier, at) and kinds(earlier) and known.same_key(earlier, read):
            had = known.source[earlier] if known.reads(earlier) else earlier
            if had is not None and source is not None and (had == source or known.later(source, had)):
                return True
    return False


def _fault(known: Causes, reason: str, *shown: int | None) -> Fault:
    read = shown[-1]
    source = None if read is None else known.source[read]
    return reason, tuple(sorted({at for at in (*shown, source) if at is not None}))


def _reads_before_own_write(known: Causes) -> Fault | None:
    for write in filter(known.writes, range(len(known.operations))):
        for read in _later_reads(known, write):
            if read == write or known.source[read] == write or not known.same_key(read, write):
                continue
            if _is_stale(known, read, write) or _had_before(known, write, read, known.reads):
                return _fault(known, "a process reads an older value than it has written", write, read)
    return None


def _reads_backwards(known: Causes) -> Fault | None:
    for first in filter(known.reads, range(len(known.operations))):
        seen = known.source[first]
        if seen is None:
            continue
        for read in _later_reads(known, first):
            if known.source[read] == seen or not known.same_key(read, first):
                continue
            if _is_stale(known, read, seen) or _had_before(known, first, read, known.reads):
                return _fault(known, "a process reads an older value than it has read", seen, first, read)
    return None


def _misses_earlier_write(known: Causes) -> Fault | None:
    size = range(len(known.operations))
    for second in filter(known.writes, size):
        earlier = [first for first in size if known.later(first, second) and known.writes(first)]
        fault = _missed(known, second, earlier, _is_stale, "a process sees a write but not its writer's earlier one")
        if fault is not None:
            return fault
    return None


def _misses_what_was_read(known: Causes) -> Fault | None:
    size = range(len(known.operations))
    for second in filter(known.writes, size):
        looks = [look for look in size if (look == second or known.later(look, second)) and known.reads(look)]
        sources = {known.source[look] for look in looks}
        earlier = [first for first in sources if first is not None]
        reason = "a process sees a write but not what its writer had read"
        fault = _missed(known, second, earlier, _is_stale_by_cause, reason)
        if fault is not None:
            return fault
    return None


def _missed(known: Causes, second: int, earlier: Sequence[int], is_stale: IsStale, reason: str) -> Fault | None:
    """A process other than the writer that sees `second`, then something that `earlier` had already replaced."""
    writer = known.operations[second].process
    for seen in range(len(known.operations)):
        if known.source[seen] != second or known.operations[seen].process == writer:
            continue
        for read in _later_reads(known, seen):
            for first in earlier:
                backwards = known.source[read] == first and known.same_key(first, second) and first != second
                if backwards or is_stale(known, read, first):
                    return _fault(known, reason, first, second, seen, read)
    return None
