"""A recorded history: what each process asked of a store, when, and what came back.

Times are positions in the record: only their order counts. An operation that never
returned may have happened at any time after it was asked, or never.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, overload

from sysdesign.errors import InvalidInput

Kind = Literal["read", "write", "cas", "append", "enqueue", "dequeue", "acquire", "release"]
KINDS: tuple[Kind, ...] = ("read", "write", "cas", "append", "enqueue", "dequeue", "acquire", "release")
REGISTER_KINDS = ("read", "write", "cas")
FAMILIES: dict[str, tuple[Kind, ...]] = {
    "a register": ("read", "write", "cas", "append"),
    "a queue": ("enqueue", "dequeue"),
    "a mutex": ("acquire", "release"),
}
FAMILY = {kind: family for family, kinds in FAMILIES.items() for kind in kinds}


@dataclass(frozen=True)
class Operation:
    """One operation of one process on one key.

    `value` is what was written, appended, enqueued, read or dequeued; for a compare-and-set the
    pair (from, to). None is the value of a key that nobody wrote, and what an empty queue gives.
    What was appended to is read as a text, or as a tuple of what was appended.
    """

    process: Hashable
    kind: Kind
    key: Hashable
    value: Any
    invoked: float
    returned: float = math.inf  # infinite: the outcome is not known
    succeeded: bool = True  # False: a compare-and-set that found another value
    line: int = 0  # where it was asked, in the file it came from
    assumed: bool = False  # that it failed is certain, that it found another value is not
    recorded: Operation | None = field(default=None, compare=False, repr=False)  # as it was, where it is told otherwise

    @property
    def open(self) -> bool:
        """Whether it may or may not have happened."""
        return self.returned == math.inf

    @property
    def changes(self) -> bool:
        """Whether it may change what is stored."""
        if self.kind == "cas":
            return self.succeeded
        return self.kind in ("write", "append", "enqueue") or (
            self.kind == "dequeue" and (self.open or self.value is not None)
        )

    @property
    def what(self) -> str:
        """What was asked and what came back: `cas x 1 to 2, found another value`."""
        if self.recorded is not None:
            return replace(self.recorded, returned=self.returned).what
        key = "" if self.key is None else f" {self.key}"
        match self.kind:
            case "cas":
                what = f"cas{key} {_text(self.value[0])} to {_text(self.value[1])}"
                what += "" if self.succeeded else ", found another value"
            case "read" | "dequeue":
                what = f"{self.kind}{key}" + ("" if self.open else f" gives {_text(self.value)}")
            case "acquire" | "release":
                what = f"{self.kind}{key}"
            case _:
                what = f"{self.kind}{key} {_text(self.value)}"
        return f"{what}, outcome unknown" if self.open else what

    @property
    def when(self) -> str:
        """Who, and from where in the record to where: `process 1, 3 to 8, line 7`."""
        until = "no answer" if self.open else f"to {self.returned:g}"
        line = f", line {self.line}" if self.line else ""
        return f"process {self.process}, {self.invoked:g} {until}{line}"

    @property
    def text(self) -> str:
        """For people: `process 1 (line 7): cas x 1 to 2, found another value`."""
        where = f" (line {self.line})" if self.line else ""
        return f"process {self.process}{where}: {self.what}"


def _text(value: Any) -> str:
    return "nothing" if value is None else str(value)


class History(Sequence[Operation]):
    """The operations of one record, by when they were asked; as a text it is its size, not its content."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = tuple(sorted(operations, key=lambda operation: operation.invoked))

    def __len__(self) -> int:
        return len(self._operations)

    @overload
    def __getitem__(self, at: int) -> Operation: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Operation, ...]: ...
    def __getitem__(self, at: int | slice) -> Operation | tuple[Operation, ...]:
        return self._operations[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._operations == tuple(other)

    def __hash__(self) -> int:
        return hash(self._operations)

    def __str__(self) -> str:
        processes, keys = ({getattr(each, name) for each in self} for name in ("process", "key"))
        return f"{len(self)} operations of {len(processes)} processes on {len(keys)} keys"

    __repr__ = __str__


def ordered(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """The operations by when they were asked, without reads whose outcome is unknown.

    A mutex is given as a register that is taken and given back by compare-and-sets; a key of a
    store that appends starts empty, and empty is read as nothing. Raises InvalidInput where they cannot be a
    history: an operation that returns before it is asked, a process that asks twice at once, or a
    key used both as a register and as a queue.
    """
    found = tuple(sorted(operations, key=lambda operation: operation.invoked))
    families: dict[Hashable, str] = {}
    busy: dict[Hashable, Operation] = {}
    for operation in found:
        if not isinstance(operation, Operation) or operation.kind not in KINDS:
            raise InvalidInput(f"{operation!r} is not an operation; its kind is one of {', '.join(KINDS)}")
        if operation.returned < operation.invoked:
            raise InvalidInput(f"{operation.text} returns at {operation.returned:g}, before it is asked")
        before = busy.get(operation.process)
        if before is not None and not before.open and before.returned > operation.invoked:
            raise InvalidInput(
                f"{operation.text} is asked before the process has its answer to ({before.text}); "
                "give work that runs at the same time to different processes"
            )
        busy[operation.process] = operation
        family = FAMILY[operation.kind]
        if families.setdefault(operation.key, family) != family:
            raise InvalidInput(
                f"key {operation.key} is {families[operation.key]}, and also {family} ({operation.text}); keep one"
            )
    grows = _grows(found)
    return tuple(_normal(operation, grows) for operation in found if not (operation.kind == "read" and operation.open))


LOCKED = "locked"
LOCKS = {"acquire": (None, LOCKED), "release": (LOCKED, None)}
EMPTY = ("", ())


def _grows(operations: Sequence[Operation]) -> str:
    """What the store appends to: a `text`, a `list`, or nothing ("")."""
    appended = [each.value for each in operations if each.kind == "append"]
    if not appended:
        return ""
    looks = (each.value for each in operations if each.kind == "read")
    texts = all(isinstance(each, str) for each in appended) and not any(isinstance(each, tuple) for each in looks)
    return "text" if texts else "list"


def _normal(operation: Operation, grows: str) -> Operation:
    if operation.kind in LOCKS:
        return replace(operation, kind="cas", value=LOCKS[operation.kind], recorded=operation)
    if operation.kind == "append" and grows == "list":
        return replace(operation, value=(operation.value,), recorded=operation)
    if grows and operation.kind in ("read", "write") and operation.value in EMPTY:
        return replace(operation, value=None, recorded=operation)
    return operation


def by_key(operations: Sequence[Operation]) -> dict[Hashable, list[Operation]]:
    """The operations of each key, in their order."""
    found: dict[Hashable, list[Operation]] = {}
    for operation in operations:
        found.setdefault(operation.key, []).append(operation)
    return found


IMPOSSIBLE = object()


def starts_as(operations: Sequence[Operation]) -> Any:
    """What a key holds before its first operation."""
    return () if operations[0].kind in FAMILIES["a queue"] else None


def agrees(operation: Operation, state: Any) -> bool:
    """Whether an operation that changes nothing may have its result in this state."""
    if operation.kind == "read":
        return bool(operation.value == state)
    if operation.kind == "cas":
        return bool(operation.value[0] != state)
    return not state  # a dequeue that found the queue empty


def after(operation: Operation, state: Any) -> Any:
    """The state after an operation that changes it, or IMPOSSIBLE."""
    match operation.kind:
        case "write":
            return operation.value
        case "cas":
            return operation.value[1] if operation.value[0] == state else IMPOSSIBLE
        case "append":
            return _longer(state, operation.value)
        case "enqueue":
            return (*state, operation.value)
    if not state or (not operation.open and state[0] != operation.value):
        return IMPOSSIBLE
    return state[1:]


def _longer(state: Any, value: Any) -> Any:
    """A text or list with another one appended, or IMPOSSIBLE for what cannot grow."""
    if state is None:
        return value
    return state + value if type(state) is type(value) else IMPOSSIBLE
