"""A recorded history of transactions: what each read, wrote and appended, when, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, overload

from sysdesign.models.wording import several

Ending = Literal["committed", "aborted", "unknown"]
Kind = Literal["read", "write", "append"]
SHORT: dict[str, Kind] = {"r": "read", "w": "write", "append": "append", "read": "read", "write": "write"}


@dataclass(frozen=True)
class Step:
    """One read, write or append of a transaction. A list that was read is a tuple; an absent key reads as None."""

    kind: Kind
    key: Hashable
    value: Any

    @property
    def text(self) -> str:
        """For people: `read x: 1`, `append 2 to y`."""
        match self.kind:
            case "read":
                return f"read {self.key}: {value_text(self.value)}"
            case "write":
                return f"write {value_text(self.value)} to {self.key}"
        return f"append {value_text(self.value)} to {self.key}"


MOST_SHOWN = 8  # of a list, its last


def value_text(value: Any) -> str:
    if isinstance(value, tuple | list) and len(value) > MOST_SHOWN:
        return f"[... {' '.join(map(value_text, value[-MOST_SHOWN:]))}]"
    if isinstance(value, tuple | list):
        return f"[{' '.join(map(value_text, value))}]"
    return "nothing" if value is None else str(value)


@dataclass(frozen=True)
class Transaction:
    """The steps of one transaction; its times are places in the record, of which only the order counts.

    What a transaction that aborted or whose outcome is unknown read is not known.
    """

    process: Hashable
    steps: tuple[Step, ...]
    began: float = -math.inf  # infinite: not known
    ended: float = math.inf
    ending: Ending = "committed"
    line: int = 0
    name: str = ""  # as the text that it came from calls it

    @property
    def text(self) -> str:
        """For people: `read x: 1, append 2 to y (process 3, line 7)`."""
        who = [f"process {self.process}"] if self.process is not None else []
        who += [f"line {self.line}"] if self.line else []
        ending = (
            "" if self.ending == "committed" else f", {'outcome unknown' if self.ending == 'unknown' else 'aborted'}"
        )
        where = f" ({', '.join(who)})" if who else ""
        return f"{', '.join(step.text for step in self.steps) or 'nothing'}{ending}{where}"


class Transactions(Sequence[Transaction]):
    """The transactions of one record, in its order; as a text it is its size, not its content.

    `orders` gives for a key the order of its versions, where the record states it.
    """

    def __init__(
        self, transactions: Iterable[Transaction], orders: dict[Hashable, tuple[Any, ...]] | None = None
    ) -> None:
        self._transactions = tuple(sorted(transactions, key=lambda each: (each.began, each.ended)))
        self.orders = orders or {}

    def __len__(self) -> int:
        return len(self._transactions)

    @overload
    def __getitem__(self, at: int) -> Transaction: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Transaction, ...]: ...
    def __getitem__(self, at: int | slice) -> Transaction | tuple[Transaction, ...]:
        return self._transactions[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._transactions == tuple(other)

    def __hash__(self) -> int:
        return hash(self._transactions)

    def __str__(self) -> str:
        keys = {step.key for each in self for step in each.steps}
        return f"{several(len(self), 'transaction')} on {several(len(keys), 'key')}"

    __repr__ = __str__
