"""Whether a history is sequentially consistent: one order of all operations, each process's own order kept.

Unlike linearizability this is not decided key by key, and is hard in general (Gibbons and
Korach): the search is over how far each process has come and what is stored then, trying first
what was asked first. What changes nothing is taken as soon as its result fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sysdesign.models.consistency.history import IMPOSSIBLE, Operation, after, agrees, by_key, starts_as
from sysdesign.models.consistency.linearizability import WORK_A_STEP, Outcome, is_new
from sysdesign.models.wording import several

Place = tuple[tuple[int, ...], int, tuple[Any, ...]]  # how far each process is, open operations done, stored


def sequential(operations: Sequence[Operation], budget: int) -> Outcome:
    """Whether one order explains every result, within `budget` steps."""
    search = _Search(operations)
    steps, waiting = 0, [search.begin()]
    seen: dict[tuple[Any, ...], list[int]] = {}  # a place to the least sets of open operations it was reached with
    while waiting:
        place = waiting.pop()
        if search.finished(place):
            return Outcome("holds", steps)
        for new in search.further(place, budget * WORK_A_STEP):
            steps += 1
            search.work += len(seen.get((new[0], new[2]), ()))
            if is_new(seen, (new[0], new[2]), new[1]):
                waiting.append(new)
        if steps > budget or search.work > budget * WORK_A_STEP:
            return Outcome("unknown", steps, f"no answer within {several(budget, 'step')}")
    return Outcome("fails", steps, "no single order of all operations explains every result", tuple(operations))


class _Search:
    def __init__(self, operations: Sequence[Operation]) -> None:
        self.keys = {key: at for at, key in enumerate(by_key(operations))}
        self.stored = tuple(starts_as(each) for each in by_key(operations).values())
        self.work = 0  # looks at an operation: where there are many processes, a step takes long
        chains: dict[Any, list[Operation]] = {}
        numbers: dict[Any, int] = {}
        self.open: list[tuple[Operation, int, int]] = []  # with the process it follows, and how far
        for operation in operations:
            chain = chains.setdefault(operation.process, [])
            numbers.setdefault(operation.process, len(numbers))
            if operation.open:
                self.open.append((operation, numbers[operation.process], len(chain)))
            else:
                chain.append(operation)
        self.chains = list(chains.values())
        self.twins = self.same_effect_before()
        self.writers = self.writers_of_values()

    def same_effect_before(self) -> list[int]:
        """For each open operation the one before it with the same effect and no later start, or -1."""
        found = []
        alike: dict[tuple[Any, Any, Any], list[int]] = {}
        for number, (operation, process, least) in enumerate(self.open):
            before = alike.setdefault((operation.kind, operation.key, operation.value), [])
            found.append(next((each for each in reversed(before) if self.may_precede(each, process, least)), -1))
            before.append(number)
        return found

    def may_precede(self, other: int, process: int, least: int) -> bool:
        """Whether an open operation can come before any that follows so much of that process."""
        _, other_process, other_least = self.open[other]
        return other_least == 0 or (other_process == process and other_least <= least)

    def writers_of_values(self) -> dict[tuple[Any, Any], tuple[list[tuple[int, int]], list[int]]]:
        """Where each value of a register is written: places in chains, and numbers of open operations."""
        found: dict[tuple[Any, Any], tuple[list[tuple[int, int]], list[int]]] = {}
        for process, chain in enumerate(self.chains):
            for number, operation in enumerate(chain):
                if operation.kind in ("write", "cas") and operation.changes:
                    found.setdefault((operation.key, _written(operation)), ([], []))[0].append((process, number))
        for number, (operation, _, _) in enumerate(self.open):
            if operation.kind in ("write", "cas"):
                found.setdefault((operation.key, _written(operation)), ([], []))[1].append(number)
        return found

    def begin(self) -> Place:
        return self.settled([0] * len(self.chains), 0, self.stored)

    def finished(self, place: Place) -> bool:
        return all(at == len(chain) for at, chain in zip(place[0], self.chains, strict=True))

    def settled(self, at: list[int], done: int, stored: tuple[Any, ...]) -> Place:
        """Take everything that is next, changes nothing and has its result now."""
        for process, chain in enumerate(self.chains):
            while at[process] < len(chain):
                following = chain[at[process]]
                if following.changes or not agrees(following, stored[self.keys[following.key]]):
                    break
                at[process] += 1
        return tuple(at), done, stored

    def further(self, place: Place, most_work: int) -> list[Place]:
        """What can be next; cut short where it has cost too much in all."""
        at, done, stored = place
        self.work += len(self.chains) + len(self.open)
        found = []
        for process, chain in enumerate(self.chains):
            if at[process] < len(chain) and chain[at[process]].changes:
                moved = [*at[:process], at[process] + 1, *at[process + 1 :]]
                found.append((chain[at[process]], moved, done))
        for number, (operation, process, least) in enumerate(self.open):
            twin = self.twins[number]
            waits = twin >= 0 and not done >> twin & 1
            if not done >> number & 1 and at[process] >= least and not waits:
                found.append((operation, list(at), done | 1 << number))
        found.sort(key=lambda each: (each[0].open, each[0].invoked), reverse=True)  # the last is tried first
        places = []
        for operation, moved, now_done in found:
            if self.work > most_work:
                break
            self.work += 2 * len(self.chains)
            key = self.keys[operation.key]
            new = after(operation, stored[key])
            if new is IMPOSSIBLE or (operation.open and new == stored[key]):
                continue
            place = self.settled(moved, now_done, (*stored[:key], new, *stored[key + 1 :]))
            if not self.stuck(place):
                places.append(place)
        return places

    def stuck(self, place: Place) -> bool:
        """Whether a process waits for a value that nobody can write any more."""
        at, done, stored = place
        for process, chain in enumerate(self.chains):
            if at[process] == len(chain) or not self.needs(chain[at[process]], stored):
                continue
            if not self.can_come(chain[at[process]], at, done):
                return True
        return False

    def needs(self, operation: Operation, stored: tuple[Any, ...]) -> bool:
        """Whether an operation waits for a value of a register that is not there now."""
        wanted = operation.kind == "read" or (operation.kind == "cas" and operation.succeeded)
        return wanted and _wanted(operation) != stored[self.keys[operation.key]]

    def can_come(self, operation: Operation, at: tuple[int, ...], done: int) -> bool:
        chained, opened = self.writers.get((operation.key, _wanted(operation)), ((), ()))
        return any(at[process] <= number for process, number in chained) or any(not done >> each & 1 for each in opened)


def _wanted(operation: Operation) -> Any:
    return operation.value[0] if operation.kind == "cas" else operation.value


def _written(operation: Operation) -> Any:
    return operation.value[1] if operation.kind == "cas" else operation.value
