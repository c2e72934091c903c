"""The smallest part of a failing history that still fails (delta debugging).

Dropping any operation could make a sound history look broken: without the write, its read reads
out of thin air. So only such steps are taken as keep every sound history sound:

- an operation that changes nothing may go at any time;
- a queue's value may go with everything done to it;
- what is appended, and what is set where something is appended, stays;
- an operation that sets a value may go if nothing left can have seen that value, together with
  compare-and-sets of unknown outcome that would have started from it. Where effects keep to the
  clock (`in_time`), nothing can have seen it that was asked after a later write had returned;
  then another operation that set the same value stays, so that the part explains itself.

What remains is minimal: no such step is left after which it still fails.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from sysdesign.models.consistency.history import Operation

MOST_GROUPED = 400  # operations; of more only those that change nothing are dropped
Fails = Callable[[Sequence[Operation]], bool]


def smallest_failing(
    operations: Sequence[Operation], fails: Fails, in_time: bool = False, most_tries: int = 2_000
) -> tuple[Operation, ...]:
    """A smallest part of `operations` that fails: the whole if they do not, and not the smallest if tries run out."""
    tries = _Tries(fails, most_tries)
    kept = list(operations)
    if not tries.fails(kept):
        return tuple(kept)
    before = len(kept) + 1
    while len(kept) < before:
        before = len(kept)
        kept = _without_looks(kept, tries)
        for group in _groups(kept) if len(kept) <= MOST_GROUPED else ():
            left = [each for each in kept if each not in group]
            if _may_go(group, left, in_time) and tries.fails(left):
                kept = left
    return tuple(kept)


class _Tries:
    """Counts how often a part was tried; past the limit nothing fails any more, so nothing else is dropped."""

    def __init__(self, fails: Fails, most: int) -> None:
        self.check, self.left = fails, most

    def fails(self, operations: Sequence[Operation]) -> bool:
        self.left -= 1
        return self.left >= 0 and bool(operations) and self.check(operations)


def _without_looks(kept: list[Operation], tries: _Tries) -> list[Operation]:
    """Drop as many operations that change nothing as possible, in halves, then quarters, down to single ones."""
    looks = [each for each in kept if not each.changes]
    size = max(1, len(looks) // 2)
    while looks:
        at, dropped = 0, False
        while at < len(looks):
            gone = {id(each) for each in looks[at : at + size]}
            left = [each for each in kept if id(each) not in gone]
            if tries.fails(left):
                kept, dropped = left, True
                del looks[at : at + size]
            else:
                at += size
        if size == 1 and not dropped:
            break
        size = max(1, size // 2)
    return kept


def _groups(operations: Sequence[Operation]) -> list[list[Operation]]:
    """What may only go together."""
    queued: dict[Hashable, list[Operation]] = {}
    grown = {operation.key for operation in operations if operation.kind == "append"}
    found = []
    for operation in operations:
        if operation.key in grown:
            continue
        if operation.kind in ("enqueue", "dequeue") and operation.value is not None:
            queued.setdefault((operation.key, operation.value), []).append(operation)
        elif operation.changes and operation.kind != "dequeue":  # one of unknown outcome may have taken anything
            found.append(_with_followers(operation, operations))
    return [*found, *queued.values()]


def _with_followers(operation: Operation, operations: Sequence[Operation]) -> list[Operation]:
    """An operation with the compare-and-sets of unknown outcome that may have started from its value."""
    group = [operation]
    for each in group:
        group += [
            other
            for other in operations
            if other.kind == "cas" and other.open and other.key == each.key
            and other.value[0] == _set_by(each) and other not in group
        ]  # fmt: skip
    return group


def _set_by(operation: Operation) -> object:
    return operation.value[1] if operation.kind == "cas" else operation.value


def _may_go(group: Sequence[Operation], left: Sequence[Operation], in_time: bool) -> bool:
    if group[0].kind in ("enqueue", "dequeue"):
        return True
    return not any(
        each.key == gone.key and _has_seen(each, gone) and not (in_time and _replaced(gone, each, left))
        for gone in group
        for each in left
    )


def _has_seen(operation: Operation, gone: Operation) -> bool:
    """Whether its result may depend on that value's having been there."""
    if operation.kind == "read":
        return bool(operation.value == _set_by(gone))
    return operation.kind == "cas" and (not operation.succeeded or bool(operation.value[0] == _set_by(gone)))


def _replaced(gone: Operation, look: Operation, left: Sequence[Operation]) -> bool:
    """Whether it came too late or too early to see it; then one that set the same value stays, to explain the look."""
    if look.returned < gone.invoked:
        return True
    others = [each for each in left if each.key == gone.key and each.changes]
    return any(_set_by(each) == _set_by(gone) for each in others) and any(
        each.kind == "write" and gone.returned < each.invoked and each.returned < look.invoked for each in others
    )
