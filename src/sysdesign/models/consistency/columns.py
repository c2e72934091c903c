"""A history as columns: what many operations need of memory and time as arrays, not as objects.

`History` makes operations of them when somebody looks at one; searches take the columns as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

WORTH_LOADING = 4_000  # operations; those take as long without compiled code as the compiler takes to load


def kernels_pay(operations: int) -> bool:
    """Whether compiled code ends sooner, loading the compiler included. The answers are the same either way."""
    return operations >= WORTH_LOADING or "numba" in sys.modules


@dataclass(frozen=True, eq=False)
class Columns:
    """Operations by when they were asked: arrays of one length, the first five of places in the tables after them."""

    process: np.ndarray
    kind: np.ndarray
    key: np.ndarray
    value: np.ndarray
    invoked: np.ndarray  # places in the record
    returned: np.ndarray  # infinite: the outcome is not known
    succeeded: np.ndarray
    assumed: np.ndarray
    line: np.ndarray
    processes: tuple[Hashable, ...]
    kinds: tuple[str, ...]
    keys: tuple[Hashable, ...]
    values: tuple[Any, ...]
    told: tuple[Any, ...] | None = None  # the values as a search takes them, where it takes others

    def __len__(self) -> int:
        return len(self.line)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The fields of each operation, in the order in which an `Operation` has them."""
        tables = (
            (self.processes, self.process), (self.kinds, self.kind), (self.keys, self.key), (self.values, self.value)
        )  # fmt: skip
        looked_up = (map(table.__getitem__, places.tolist()) for table, places in tables)
        times = (
            self.invoked.astype(int).tolist(),
            [each if each == np.inf else int(each) for each in self.returned.tolist()],
        )
        plain = (column.tolist() for column in (self.succeeded, self.line, self.assumed))
        return zip(*looked_up, *times, *plain, strict=True)

    def row(self, at: int) -> tuple[Any, ...]:
        """The fields of one operation, as `rows` gives them."""
        looked_up = (
            self.processes[self.process[at]], self.kinds[self.kind[at]], self.keys[self.key[at]],
            self.values[self.value[at]],
        )  # fmt: skip
        returned = float(self.returned[at])
        times = int(self.invoked[at]), returned if returned == np.inf else int(returned)
        return *looked_up, *times, bool(self.succeeded[at]), int(self.line[at]), bool(self.assumed[at])

    def empty_as_nothing(self) -> Columns:
        """The same with empty texts told as nothing: in a store that appends to texts, a key starts empty."""
        if "" not in self.values:
            return self
        return replace(self, told=tuple(None if each == "" else each for each in self.values))

    def until(self, moment: float) -> Columns:
        """What had been asked by then; what had not returned is open, and left out if it changes nothing."""
        always = np.array([each not in ("read", "cas") for each in self.kinds])
        if_met = np.array([each == "cas" for each in self.kinds])
        answered = self.returned <= moment
        changes = always[self.kind] | (if_met[self.kind] & self.succeeded)
        found = self.taken(((self.invoked <= moment) & (answered | changes)).nonzero()[0])
        found.returned[found.returned > moment] = np.inf
        return found

    def taken(self, at: np.ndarray) -> Columns:
        """The operations at some places."""
        return Columns(
            self.process[at], self.kind[at], self.key[at], self.value[at], self.invoked[at], self.returned[at],
            self.succeeded[at], self.assumed[at], self.line[at],
            self.processes, self.kinds, self.keys, self.values, self.told,
        )  # fmt: skip

    def by_key(self) -> list[Columns]:
        """The operations of each key, keys in the order in which they are first asked for."""
        if len(self.keys) == 1:
            return [self]
        order = np.argsort(self.key, kind="stable")
        starts = np.flatnonzero(np.diff(self.key[order], prepend=-1))
        groups = np.split(order, starts[1:])
        return [self.taken(each) for each in sorted(groups, key=lambda each: int(each[0]))] if len(order) else []
