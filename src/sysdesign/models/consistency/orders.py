"""Whether reads and writes have one legal order that keeps some of them before others: exact search.

An order is legal where each read gives one of the last so many values written to its key before it.
The search is over what has been placed and what is stored then; a read that fits is placed at once,
since it changes nothing. A write whose outcome is not known may be placed or left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sysdesign.models.consistency.history import Operation
from sysdesign.models.consistency.linearizability import Answer

Place = tuple[int, tuple[tuple[Any, ...], ...]]  # what has been placed, as bits, and the newest values of each key


def some_order(
    operations: Sequence[Operation], before: Sequence[int], budget: int, versions: int = 1
) -> tuple[Answer, int]:
    """Whether there is a legal order, and the steps taken. `before` has for each operation bits of what precedes it."""
    search = _Search(operations, before, versions)
    waiting, seen, steps = [search.begin()], set(), 0
    while waiting:
        place = waiting.pop()
        if place[0] & search.required == search.required:
            return "holds", steps
        if steps > budget:
            return "unknown", steps
        for new in search.further(place):
            steps += 1
            if new not in seen:
                seen.add(new)
                waiting.append(new)
    return "fails", steps


class _Search:
    def __init__(self, operations: Sequence[Operation], before: Sequence[int], versions: int) -> None:
        keys = {key: at for at, key in enumerate(dict.fromkeys(each.key for each in operations))}
        self.of_key = [keys[each.key] for each in operations]
        self.values = [each.value for each in operations]
        self.before, self.versions = before, versions
        self.reads = [at for at, each in enumerate(operations) if each.kind == "read"]
        self.writes = [at for at, each in enumerate(operations) if each.kind == "write"]
        self.required = sum(1 << at for at, each in enumerate(operations) if not each.open)
        self.start = tuple((None,) for _ in keys)

    def begin(self) -> Place:
        return self.settled(0, self.start)

    def settled(self, done: int, stored: tuple[tuple[Any, ...], ...]) -> Place:
        """With every read placed that may be next and gives what is stored."""
        changed = True
        while changed:
            changed = False
            for at in self.reads:
                if not done >> at & 1 and self.before[at] & ~done == 0 and self.values[at] in stored[self.of_key[at]]:
                    done |= 1 << at
                    changed = True
        return done, stored

    def further(self, place: Place) -> list[Place]:
        done, stored = place
        found = []
        for at in self.writes:
            if not done >> at & 1 and self.before[at] & ~done == 0:
                key = self.of_key[at]
                newest = (*stored[key], self.values[at])[-self.versions :]
                found.append(self.settled(done | 1 << at, (*stored[:key], newest, *stored[key + 1 :])))
        return found


def preceding(operations: Sequence[Operation], precedes: Any) -> list[int]:
    """For each operation bits of those for which `precedes(other, operation)` says that they come first."""
    return [
        sum(1 << other for other, first in enumerate(operations) if other != at and precedes(first, each))
        for at, each in enumerate(operations)
    ]


def in_session(one: Operation, two: Operation) -> bool:
    """Whether the same process had its answer to `one` before it asked for `two`."""
    return one.process == two.process and one.returned < math.inf and one.invoked < two.invoked


def in_time(one: Operation, two: Operation) -> bool:
    """Whether `one` had returned before `two` was asked."""
    return one.returned < two.invoked
