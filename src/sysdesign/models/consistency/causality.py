"""What a history says about cause and effect: which write each read took, and what must precede what.

An operation precedes another if the same process did it earlier, if the other read what it
wrote, or through a chain of these. Relations are rows of bits, one row an operation.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sysdesign.models.consistency.history import Operation


@dataclass(frozen=True)
class Causes:
    """Operations with the write that each read took, and all that each operation precedes."""

    operations: Sequence[Operation]
    source: tuple[int | None, ...]  # of what reads: the write it took, or None for nothing yet written
    session: tuple[int, ...]  # bits of what the same process did later
    precedes: tuple[int, ...]  # bits of all that follows

    def reads(self, at: int) -> bool:
        return reads(self.operations[at])

    def writes(self, at: int) -> bool:
        return writes(self.operations[at])

    def same_key(self, one: int, two: int) -> bool:
        return self.operations[one].key == self.operations[two].key

    def later(self, one: int, two: int) -> bool:
        """Whether the same process did `two` after `one`."""
        return bool(self.session[one] >> two & 1)

    def older(self, one: int | None, two: int) -> bool:
        """Whether what `one` wrote (None: nothing yet) is known to be older than what `two` wrote."""
        return one is None or (one != two and bool(self.precedes[one] >> two & 1))


def reads(operation: Operation) -> bool:
    return operation.kind == "read" or (operation.kind == "cas" and operation.succeeded and not operation.open)


def writes(operation: Operation) -> bool:
    return operation.kind == "write" or (operation.kind == "cas" and operation.succeeded)


def read_value(operation: Operation) -> object:
    return operation.value[0] if operation.kind == "cas" else operation.value


def written_value(operation: Operation) -> object:
    return operation.value[1] if operation.kind == "cas" else operation.value


def candidates(operations: Sequence[Operation]) -> list[list[int | None]]:
    """For each operation the writes whose value it may have read; [] if nobody wrote it, [None] if it reads nothing.

    Where several writes wrote that value, the last one asked before the read ended comes first.
    """
    by_value: dict[tuple[object, object], list[int]] = {}
    for at, operation in enumerate(operations):
        if writes(operation):
            by_value.setdefault((operation.key, written_value(operation)), []).append(at)
    found: list[list[int | None]] = []
    for at, operation in enumerate(operations):
        if not reads(operation):
            found.append([None])
            continue
        value = read_value(operation)
        writers: list[int | None] = [each for each in by_value.get((operation.key, value), ()) if each != at]
        writers.sort(key=lambda each: _nearness(operations, each, operation))
        found.append([None, *writers] if value is None else writers)
    return found


def _nearness(operations: Sequence[Operation], write: int | None, read: Operation) -> float:
    asked = operations[write or 0].invoked
    return read.returned - asked if asked < read.returned else math.inf


def assignments(choices: Sequence[Sequence[int | None]]) -> Iterator[tuple[int | None, ...]]:
    """Every way to give each read its write."""
    return itertools.product(*choices)


def causes(operations: Sequence[Operation], source: tuple[int | None, ...]) -> Causes:
    """The relations that follow from who read what."""
    size = len(operations)
    session = [0] * size
    for one, two in itertools.combinations(range(size), 2):
        if operations[one].process == operations[two].process and not operations[one].open:
            session[one] |= 1 << two
    direct = list(session)
    for read, write in enumerate(source):
        if write is not None:
            direct[write] |= 1 << read
    return Causes(operations, source, tuple(session), tuple(closed(direct)))


def closed(rows: Sequence[int]) -> list[int]:
    """The transitive closure of a relation."""
    found = list(rows)
    for middle in range(len(found)):
        bit, onward = 1 << middle, found[middle]
        for at, row in enumerate(found):
            if row & bit:
                found[at] = row | onward
                onward = found[middle]
    return found


def bits(row: int) -> Iterator[int]:
    """The numbers of the bits that are set."""
    while row:
        low = row & -row
        yield low.bit_length() - 1
        row ^= low
