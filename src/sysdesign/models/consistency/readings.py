"""What a record leaves open, and a verdict that does not depend on it.

Two things are often not written down. What a register holds before the first write: nothing is the
convention, but a read may show a value that nobody can have written by then. And why a compare-and-set
failed: it found another value, or it did not happen for some other reason. Each way of reading the
record is decided; where they differ the answer is unknown, and says how to state what is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sysdesign.errors import InvalidInput
from sysdesign.models.consistency.history import Operation, by_key
from sysdesign.models.consistency.linearizability import Outcome

Decide = Callable[[Sequence[Operation], int], Outcome]
FAILED_CAS = "a compare-and-set failed without a reason: say with failed_cas= whether it found another value"


@dataclass(frozen=True)
class Readings:
    """The operations as the convention reads them, and as a read of an unwritten value would have registers start."""

    conventional: Sequence[Operation]
    shown: tuple[Operation, ...] | None = None
    starts: str = ""  # what registers start with where a read shows it: `x starts at 0`


def readings(operations: Sequence[Operation], initial: str, failed_cas: str) -> Readings:
    """The ways to read a record of ordered operations, given what is known of it. Raises InvalidInput."""
    if failed_cas == "did not happen":
        operations = [each for each in operations if not each.assumed]
    elif failed_cas == "found another value":
        operations = [replace(each, assumed=False) if each.assumed else each for each in operations]
    if initial:
        if any(each.kind == "append" for each in operations):
            raise InvalidInput(f"initial is {initial!r}, but what a store appends to starts empty; leave it out")
        starts = {key: _value(initial, each) for key, each in _registers(operations).items()}
        return Readings(_starting(operations, starts))
    starts = {
        key: value for key, each in _registers(operations).items() if (value := _first_unwritten(each)) is not None
    }
    if not starts:
        return Readings(operations)
    named = [f"{'the register' if key is None else key} starts at {value}" for key, value in list(starts.items())[:3]]
    more = f" and {len(starts) - 3} more" if len(starts) > 3 else ""
    return Readings(operations, _starting(operations, starts), ", ".join(named) + more)


def decided(decide: Decide, given: Readings, budget: int) -> tuple[Outcome, Sequence[Operation]]:
    """The answer that all readings share, or unknown; and the operations that it was found with."""
    outcome, operations = _whatever_failed(decide, given.conventional, budget)
    if outcome.answer != "fails" or given.shown is None:
        return outcome, operations
    other, others = _whatever_failed(decide, given.shown, budget)
    steps = outcome.steps + other.steps
    if outcome.answer == "fails" and other.answer == "fails":
        reason = f"{other.reason} (and so wherever registers start)"
        return replace(other, steps=steps, reason=reason), others
    if other.answer == "unknown":
        return replace(other, steps=steps), others
    reason = f"it depends on what registers hold at first: it holds if {given.starts}; say it with initial="
    return Outcome("unknown", steps, reason), operations


def _whatever_failed(
    decide: Decide, operations: Sequence[Operation], budget: int
) -> tuple[Outcome, Sequence[Operation]]:
    """The answer if it is the same whether or not failed compare-and-sets found another value."""
    outcome = decide(operations, budget)
    sure = [each for each in operations if not each.assumed]
    if outcome.answer == "holds" or len(sure) == len(operations):
        return outcome, operations
    weaker = decide(sure, budget)
    steps = outcome.steps + weaker.steps
    if weaker.answer == "fails":
        return replace(weaker, steps=steps), sure
    reason = FAILED_CAS if outcome.answer == "fails" and weaker.answer == "holds" else outcome.reason or weaker.reason
    return Outcome("unknown", steps, reason), operations


def _registers(operations: Sequence[Operation]) -> dict[Hashable, list[Operation]]:
    """The operations of keys that are registers: no mutexes or queues, and nothing that grows."""
    return {
        key: each
        for key, each in by_key(operations).items()
        if each[0].kind in ("read", "write", "cas")
        and not any(one.kind == "append" or (one.recorded and one.recorded.kind != one.kind) for one in each)
    }


def _first_unwritten(operations: Sequence[Operation]) -> Any:
    """The first value that a key was seen to hold though no write of it had been asked yet; None without such a value.

    None too where the key was seen to hold nothing, which then is what it starts with.
    """
    looks = [each for each in operations if _seen(each) is not _NOT_SEEN]
    written: dict[Any, float] = {}
    for each in operations:
        if each.kind == "write" or (each.kind == "cas" and each.succeeded):
            written.setdefault(each.value[1] if each.kind == "cas" else each.value, each.invoked)
    if any(_seen(each) is None and None not in written for each in looks):
        return None
    for look in sorted(looks, key=lambda each: each.returned):
        value = _seen(look)
        if value not in written or written[value] > look.returned:
            return value
    return None


_NOT_SEEN = object()


def _seen(operation: Operation) -> Any:
    if operation.kind == "read":
        return operation.value
    return operation.value[0] if operation.kind == "cas" and operation.succeeded and not operation.open else _NOT_SEEN


def _starting(operations: Sequence[Operation], starts: dict[Hashable, Any]) -> tuple[Operation, ...]:
    """The same history told with that value and nothing in each other's place, so that a key starts with it."""
    return tuple(_swapped(each, starts[each.key]) if each.key in starts else each for each in operations)


def _swapped(operation: Operation, start: Any) -> Operation:
    def swap(value: Any) -> Any:
        return start if value is None else None if value == start else value

    if start is None:
        return operation
    value = tuple(map(swap, operation.value)) if operation.kind == "cas" else swap(operation.value)
    if value == operation.value:
        return operation
    return replace(operation, value=value, recorded=operation.recorded or operation)


def _value(text: str, operations: Sequence[Operation]) -> Any:
    """A value as a person writes it: 0, "a", nothing; a text where the history holds it as a text."""
    if text.strip().lower() in ("nothing", "nil", "null", "none"):
        return None
    values = {each.value for each in operations if each.kind != "cas"}
    if text in values:
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # also a number of thousands of digits, and lists in lists without end
        return text
    return tuple(found) if isinstance(found, list) else text if isinstance(found, dict) else found
