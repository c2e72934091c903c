"""A recorded history: what each process asked of a store, when, and what came back.

Times are positions in the record: only their order counts. An operation that never
returned may have happened at any time after it was asked, or never.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, overload

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.consistency.columns import Columns
from sysdesign.models.wording import several

Kind = Literal["read", "write", "cas", "append", "enqueue", "dequeue", "acquire", "release"]
KINDS: tuple[Kind, ...] = ("read", "write", "cas", "append", "enqueue", "dequeue", "acquire", "release")
WORTH_SPLITTING = 100  # operations as columns; fewer are soon made
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
    """The operations of one record, by when they were asked; as a text it is its size, not its content.

    Given as columns, it makes the operations when one is looked at.
    """

    def __init__(self, operations: Iterable[Operation] | Columns) -> None:
        self.columns = operations if isinstance(operations, Columns) else None
        self._made: tuple[Operation, ...] | None = None
        if not isinstance(operations, Columns):
            self._made = tuple(sorted(operations, key=lambda operation: operation.invoked))

    @property
    def _operations(self) -> tuple[Operation, ...]:
        if self._made is None and self.columns is not None:
            self._made = _made(self.columns)
        return self._made or ()

    def __len__(self) -> int:
        return len(self._operations if self.columns is None else self.columns)

    @overload
    def __getitem__(self, at: int) -> Operation: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Operation, ...]: ...
    def __getitem__(self, at: int | slice) -> Operation | tuple[Operation, ...]:
        if self._made is None and self.columns is not None and isinstance(at, int) and 0 <= at < len(self):
            return _told(_filled(self.columns.row(int(at))), self.columns)
        return self._operations[at]

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._operations == tuple(other)

    def __hash__(self) -> int:
        return hash(self._operations)

    def __str__(self) -> str:
        processes, keys = ({getattr(each, name) for each in self} for name in ("process", "key"))
        return (
            f"{several(len(self), 'operation')} of {several(len(processes), 'process')} on {several(len(keys), 'key')}"
        )

    __repr__ = __str__


def _made(columns: Columns) -> tuple[Operation, ...]:
    return tuple(_told(_filled(each), columns) for each in columns.rows())


def _told(operation: Operation, columns: Columns) -> Operation:
    return _normal(operation, "text") if columns.told else operation


FIELDS = tuple(each.name for each in fields(Operation))


def _filled(row: tuple[Any, ...]) -> Operation:
    """An operation of its fields in order; a frozen one's own constructor takes three times as long."""
    made = object.__new__(Operation)
    made.__dict__.update(zip(FIELDS, row, strict=False))
    return made


def ordered(operations: Iterable[Operation]) -> Sequence[Operation]:
    """The operations by when they were asked, without reads whose outcome is unknown.

    A mutex is given as a register that is taken and given back by compare-and-sets; a key of a
    store that appends starts empty, and empty is read as nothing. Raises InvalidInput where they cannot be a
    history: an operation that returns before it is asked, a process that asks twice at once, or a
    key used both as a register and as a queue.
    """
    if isinstance(operations, History) and operations.columns is not None:
        columns = _ordered(operations.columns)
        if columns is not None:
            return operations if columns is operations.columns else History(columns)
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


def _ordered(columns: Columns) -> Columns | None:
    """The columns, in which no process asks twice at once, if all are registers or texts that grow; None if not."""
    used = {columns.kinds[place] for place in np.flatnonzero(np.bincount(columns.kind)).tolist()}
    if used <= {"read", "write", "cas"}:
        return columns
    texts = all(value is None or isinstance(value, str) for value in columns.values)
    return columns.empty_as_nothing() if texts and used <= {"read", "write", "append"} else None


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


def each_key(operations: Sequence[Operation]) -> Iterable[Sequence[Operation]]:
    """The operations of each key, as columns where they are given so."""
    columns = operations.columns if isinstance(operations, History) else None
    if columns is not None and len(columns) >= WORTH_SPLITTING:
        return map(History, columns.by_key())
    return by_key(operations).values()


def kinds(operations: Sequence[Operation]) -> list[str]:
    """What was asked by each operation."""
    columns = operations.columns if isinstance(operations, History) else None
    if columns is None:
        return [each.kind for each in operations]
    return list(map(columns.kinds.__getitem__, columns.kind.tolist()))


def values(operations: Sequence[Operation]) -> list[Any]:
    """The value of each operation."""
    columns = operations.columns if isinstance(operations, History) else None
    if columns is None:
        return [each.value for each in operations]
    return list(map((columns.told or columns.values).__getitem__, columns.value.tolist()))


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
