"""Whether a history is linearizable: each operation takes effect at one moment between call and return.

Linearizability is local, so every key is decided by itself (Herlihy and Wing). For one key the
events are walked in order of time with every state the key may then be in, each with the
operations under way that have already taken effect. An operation is made to take effect only
when one of them must return: just in time (Lowe). Three things keep the states few: what
changes nothing takes effect as soon as its result fits; of open operations with the same effect
the oldest goes first; and a state reached with fewer open operations replaces one with more.
Values that nobody looks for are one value. Where every value is written once and there are only
reads and writes, nothing is searched (`zones`); where something is appended, see `growth`.

Source: porcupine for the published verdicts; the search itself is checked against every
order of small histories.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sysdesign.models.consistency import growth, zones
from sysdesign.models.consistency.columns import kernels_pay
from sysdesign.models.consistency.history import (
    IMPOSSIBLE,
    History,
    Operation,
    after,
    agrees,
    each_key,
    kinds,
    starts_as,
    values,
)
from sysdesign.models.wording import several

if TYPE_CHECKING:
    from sysdesign.models.consistency.compiled_searches import Texts

Answer = Literal["holds", "fails", "unknown"]
WORK_A_STEP = 100  # looks at an operation or a state, about as long as a step takes where little is under way
WORTH_NUMBERING = 16  # operations; fewer are searched sooner than they are turned into arrays
COPIED_AT_ONCE = 32  # parts of a state, copied in the time of one look


@dataclass(frozen=True)
class Outcome:
    """An answer, what it cost, and for a failure why and what was looked at."""

    answer: Answer
    steps: int
    reason: str = ""
    evidence: Sequence[Operation] = ()  # operations that by themselves already fail


def linearizable(operations: Sequence[Operation], budget: int) -> Outcome:
    """Whether a whole history is linearizable, key by key, within `budget` steps."""
    steps, answer = 0, Outcome("holds", 0)
    for outcome in _outcomes(operations, budget):
        steps += outcome.steps
        if outcome.answer == "fails":
            return Outcome("fails", steps, outcome.reason, outcome.evidence)
        if outcome.answer == "unknown":
            answer = Outcome("unknown", 0, f"no answer within {several(budget, 'step')}")
    return Outcome(answer.answer, steps, answer.reason)


def _outcomes(operations: Sequence[Operation], budget: int) -> Iterator[Outcome]:
    """The outcomes of the keys one after the other; of texts that grow, several keys in one."""
    texts = _texts(operations)
    if texts is not None:
        yield from _outcomes_of_texts(texts, budget)
        return
    for each in each_key(operations):
        outcome = linearizable_key(each, budget)
        budget -= outcome.steps
        yield outcome


def _texts(operations: Sequence[Operation]) -> Texts | None:
    """A store of texts that grow as compiled code takes it; None for any other."""
    columns = operations.columns if isinstance(operations, History) else None
    if columns is None or not kernels_pay(len(columns)):
        return None
    from sysdesign.models.consistency.compiled_searches import texts

    return texts(columns)


def _outcomes_of_texts(texts: Texts, budget: int) -> Iterator[Outcome]:
    """Of as many keys as hold, then of the next; a key that compiled code leaves alone is decided as any other."""
    passed = 0
    while passed < texts.keys:
        found, steps, passed, at = texts.searched(passed, budget)
        budget -= steps
        if found in ("holds", "unknown"):
            yield Outcome(found, steps)
            continue
        operations, which = texts.key_of(at)
        if found == "fails":
            yield _outcome(operations, budget, found, steps, which)
        elif found == "impossible":
            yield _impossible(operations, steps, which)
        else:
            outcome = linearizable_key(operations, budget)
            budget -= outcome.steps
            yield replace(outcome, steps=steps + outcome.steps)


def _impossible(operations: Sequence[Operation], steps: int, at: int) -> Outcome:
    return Outcome("fails", steps, f"no order of effects explains {operations[at].text}", operations)


def linearizable_key(operations: Sequence[Operation], budget: int) -> Outcome:
    """Whether the operations of one key are linearizable."""
    asked, given = kinds(operations), values(operations)
    if zones.is_written_once(asked, given):
        return _by_zones(operations)
    grown = growth.shown(asked, given)
    if grown is not None and grown.impossible is not None:
        return _impossible(operations, 1, grown.impossible)
    if len(operations) >= WORTH_NUMBERING and kernels_pay(len(operations)):
        from sysdesign.models.consistency.compiled_searches import searched

        found = searched(operations, asked, grown, budget)
        if found is not None:
            return _outcome(operations, budget, *found)
    operations = tuple(operations)
    search: _Search | growth.Search = (
        _Search(_told_apart(operations), budget) if grown is None else growth.Search(operations, grown, budget)
    )
    for _, is_return, at in _events(operations):
        if is_return:
            search.end(at)
        else:
            search.begin(at)
        if search.spent:
            return _outcome(operations, budget, "unknown", search.steps)
        if not search.reached:
            return _outcome(operations, budget, "fails", search.steps, at)
    return Outcome("holds", search.steps)


def _outcome(operations: Sequence[Operation], budget: int, answer: Answer, steps: int, at: int = -1) -> Outcome:
    """The outcome of a search; `at` is the operation that nothing explains."""
    if answer == "unknown":
        return Outcome(answer, steps, f"no answer within {several(budget, 'step')}")
    if answer == "holds":
        return Outcome(answer, steps)
    reason = f"no order of effects explains {operations[at].text}"
    return Outcome(answer, steps, reason, _until(operations, operations[at].returned))


def _by_zones(operations: Sequence[Operation]) -> Outcome:
    steps, shown = len(operations) // 50, zones.fault(operations)
    if shown is None:
        return Outcome("holds", steps)
    look = max((each for each in shown if each.kind == "read"), key=lambda each: each.returned)
    return Outcome("fails", steps, f"no order of effects explains {look.text}", shown)


UNSEEN = object()


def _told_apart(operations: Sequence[Operation]) -> Sequence[Operation]:
    """The operations of a register with all values that nobody looks for as one, so that fewer states differ."""
    if not all(each.kind in ("read", "write", "cas") for each in operations):
        return operations
    seen = {each.value[0] if each.kind == "cas" else each.value for each in operations if each.kind != "write"}

    def told(each: Operation) -> Operation:
        if each.kind == "write" and each.value not in seen:
            return replace(each, value=UNSEEN)
        if each.kind == "cas" and each.value[1] not in seen:
            return replace(each, value=(each.value[0], UNSEEN))
        return each

    return [told(each) for each in operations]


def _until(operations: Sequence[Operation], moment: float) -> Sequence[Operation]:
    """What had been asked by then; what had not returned is open, and says nothing if it changes nothing."""
    if isinstance(operations, History) and operations.columns is not None:
        return History(operations.columns.until(moment))
    asked = (each for each in operations if each.invoked <= moment)
    return tuple(
        each if each.returned <= moment else replace(each, returned=math.inf)
        for each in asked
        if each.returned <= moment or each.changes
    )


def _events(operations: Sequence[Operation]) -> list[tuple[float, bool, int]]:
    """Calls and returns in order; at the same time calls come first, so that both may overlap."""
    calls = [(each.invoked, False, at) for at, each in enumerate(operations)]
    returns = [(each.returned, True, at) for at, each in enumerate(operations) if not each.open]
    return sorted(calls + returns)


class _Search:
    """States of one key with the operations under way that have taken effect, as bits.

    `reached` maps a state and the bits of operations that will return to the least sets of open
    operations with which it can be reached.
    """

    def __init__(self, operations: Sequence[Operation], budget: int) -> None:
        self.operations, self.budget, self.steps = operations, budget, 0
        self.changing: list[int] = []  # under way, may change the state
        self.looking: list[int] = []  # under way, change nothing
        self.open_bits = 0
        self.twin_of: dict[int, int] = {}  # an open operation to the next older one with the same effect
        self.newest: dict[tuple[Any, Any], int] = {}  # the newest open operation with an effect
        self.work = 0  # looks that the steps cost: where much is under way, a step takes long
        self.reached: dict[tuple[Any, int], list[int]] = {(starts_as(operations), 0): [0]}

    @property
    def spent(self) -> bool:
        return self.steps > self.budget or self.work > self.budget * WORK_A_STEP

    def begin(self, at: int) -> None:
        operation = self.operations[at]
        if not operation.changes:
            self.looking.append(at)
            self.work += len(self.reached)
            self.reached = {
                (state, done | (1 << at) if agrees(operation, state) else done): opens
                for (state, done), opens in self.reached.items()
            }
            return
        if operation.open:
            effect = (operation.kind, operation.value)
            self.twin_of[at] = self.newest.get(effect, -1)
            self.newest[effect] = at
            self.open_bits |= 1 << at
        self.changing.append(at)

    def end(self, at: int) -> None:
        """Let operations take effect until `at` has, then forget its bit."""
        bit, waiting = 1 << at, []
        kept: dict[tuple[Any, int], list[int]] = {}
        seen = {key: list(opens) for key, opens in self.reached.items()}
        for (state, done), opens in self.reached.items():
            if done & bit:
                self.work += _keep(kept, (state, done ^ bit), opens)
            else:
                waiting += [(state, done, opened) for opened in opens]
        while waiting and not self.spent:
            following = []
            for state, done, opened in waiting:
                if self.spent:
                    break
                for key, now_open in self._further(state, done, opened):
                    self.work += len(seen.get(key, ()))
                    if not is_new(seen, key, now_open):
                        continue
                    if key[1] & bit:
                        self.work += _keep(kept, (key[0], key[1] ^ bit), [now_open])
                    else:
                        following.append((*key, now_open))
            waiting = following
        self.reached = kept
        (self.changing if self.operations[at].changes else self.looking).remove(at)

    def _further(self, state: Any, done: int, opened: int) -> list[tuple[tuple[Any, int], int]]:
        found = []
        self.work += len(self.changing)
        for at in self.changing:
            bit = 1 << at
            if (done | opened) & bit:
                continue
            is_open = bool(self.open_bits & bit)
            if is_open and self.twin_of[at] >= 0 and not opened >> self.twin_of[at] & 1:
                continue
            new = after(self.operations[at], state)
            if new is IMPOSSIBLE or (is_open and new == state):
                continue
            self.steps += 1
            self.work += len(self.looking) + (_size(new) + len(self.operations) // 64) // COPIED_AT_ONCE
            now_done = done if is_open else done | bit
            for look in self.looking:
                if agrees(self.operations[look], new):
                    now_done |= 1 << look
            found.append(((new, now_done), opened | bit if is_open else opened))
        return found


def is_new(seen: dict[Any, list[int]], key: Any, opened: int) -> bool:
    """Whether a state is reached with fewer open operations than before; remembers it."""
    known = seen.setdefault(key, [])
    if any(each & opened == each for each in known):
        return False
    known.append(opened)
    return True


def _size(state: Any) -> int:
    return len(state) if isinstance(state, tuple) else 1


def _keep(kept: dict[tuple[Any, int], list[int]], key: tuple[Any, int], opens: Sequence[int]) -> int:
    """Keep the least sets of open operations with which a state is reached; gives how many were looked at."""
    looked_at = 0
    for opened in opens:
        known = kept.setdefault(key, [])
        looked_at += 2 * len(known)
        if not any(each & opened == each for each in known):
            known[:] = [each for each in known if each & opened != opened]
            known.append(opened)
    return looked_at
