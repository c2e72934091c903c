"""Operations as numbers for the compiled searches, and what those found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

import numpy as np

from sysdesign.models.consistency import kernels, text_kernels
from sysdesign.models.consistency.columns import Columns
from sysdesign.models.consistency.growth import Shown
from sysdesign.models.consistency.history import History, Operation, kinds, values

KINDS = {"read": kernels.READ, "write": kernels.WRITE, "cas": kernels.CAS, "append": kernels.CAS + 1}
ANSWERS: dict[int, Literal["holds", "fails", "unknown"]] = {
    kernels.HOLDS: "holds", kernels.FAILS: "fails", kernels.SPENT: "unknown"
}  # fmt: skip
OF_TEXTS = {**ANSWERS, text_kernels.IMPOSSIBLE: "impossible", text_kernels.ELSEWHERE: "elsewhere"}
UNSEEN = 1
FIRST_ROOM, MOST_ROOM = 1 << 9, 1 << 21  # states
Found = tuple[Literal["holds", "fails", "unknown"], int, int]


def searched(operations: Sequence[Operation], asked: Sequence[str], grown: Shown | None, budget: int) -> Found | None:
    """Answer, steps and the operation that nothing explains; None where it takes the search that is not compiled."""
    if grown is not None:
        return _with_room(kernels.growth_search, (*_tree(asked, grown), *_times(operations)), budget)
    distinct, at = _distinct(operations)
    if not {"read", "write", "cas"}.issuperset(kind for kind, _ in distinct):
        return None
    told = _numbered(distinct)
    if told is None:
        return None
    kind, want, give, size_of = told
    given = (kind[at], want[at], give[at], _changes(operations, kind[at]), size_of, *_times(operations))
    return _with_room(kernels.register_search, given, budget)


def _distinct(operations: Sequence[Operation]) -> tuple[list[tuple[str, Any]], np.ndarray]:
    """The different kinds with their values, and which of them each operation is."""
    if not isinstance(operations, History) or operations.columns is None:
        return list(zip(kinds(operations), values(operations), strict=True)), np.arange(len(operations))
    columns = operations.columns
    given = columns.told or columns.values
    size = len(given)
    code = columns.kind * size + columns.value
    found = np.flatnonzero(np.bincount(code))
    place = np.zeros(size * len(columns.kinds), np.int64)
    place[found] = np.arange(len(found))
    return [(columns.kinds[each // size], given[each % size]) for each in found.tolist()], place[code]


def _with_room(search: Any, given: tuple[Any, ...], budget: int) -> Found | None:
    room = FIRST_ROOM
    while room <= MOST_ROOM:
        status, steps, at = search(*given, budget, room)
        if status != kernels.FULL:
            return None if status == kernels.TOO_WIDE else (ANSWERS[status], steps, at)
        room *= 8
    return None


def _times(operations: Sequence[Operation]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When each was asked and returned, and the places of those that return, by when."""
    if isinstance(operations, History) and operations.columns is not None:
        invoked, returned = operations.columns.invoked, operations.columns.returned
    else:
        invoked = np.array([each.invoked for each in operations], float)
        returned = np.array([each.returned for each in operations], float)
    order = np.argsort(returned, kind="stable")
    return invoked, returned, order[: np.count_nonzero(returned < math.inf)]


def _changes(operations: Sequence[Operation], kind: np.ndarray) -> np.ndarray:
    if isinstance(operations, History) and operations.columns is not None:
        succeeded = operations.columns.succeeded
    else:
        succeeded = np.array([each.succeeded for each in operations], bool)
    found: np.ndarray = (kind == kernels.WRITE) | ((kind == kernels.CAS) & succeeded)
    return found


def _numbered(distinct: Sequence[tuple[str, Any]]) -> tuple[np.ndarray, ...] | None:
    """Kinds, what is wanted and what is given as numbers (nothing is 0, what nobody looks for 1); sizes of values.

    None where a value is not equal to itself: then numbers cannot stand for values.
    """
    numbers: dict[Any, int] = {None: 0}
    sizes = [1, 1]
    for kind, value in distinct:
        looked_for = value[0] if kind == "cas" else value
        if kind != "write" and looked_for not in numbers:
            numbers[looked_for] = len(sizes)
            sizes.append(len(looked_for) if isinstance(looked_for, tuple) else 1)
    if any(each != each for each in numbers):
        return None
    want = [numbers[value[0]] if kind == "cas" else numbers[value] if kind == "read" else 0 for kind, value in distinct]
    give = [
        0 if kind == "read" else numbers.get(value[1] if kind == "cas" else value, UNSEEN) for kind, value in distinct
    ]
    numbered = np.array([KINDS[kind] for kind, _ in distinct], np.int8)
    return numbered, np.array(want, np.int64), np.array(give, np.int64), np.array(sizes, np.int64)


def _tree(asked: Sequence[str], grown: Shown) -> tuple[np.ndarray, ...]:
    """Kinds, nodes and parts of operations as numbers, what is seen of them, and the tree of what was read."""
    number = {part: at for at, part in enumerate(grown.makers)}
    places, nodes = range(len(asked)), len(grown.children)
    first, sibling, part_at = [-1] * nodes, [-1] * nodes, [-1] * nodes
    for node, follows in enumerate(grown.children):
        for part, child in follows.items():
            sibling[child], part_at[child], first[node] = first[node], number[part], child
    kind = np.array([KINDS[each] for each in asked], np.int8)
    node_of = [grown.node_of.get(at, 0) for at in places]
    part_of = [number[grown.part_of[at]] if at in grown.part_of else -1 for at in places]
    seen = [at in grown.part_of and grown.is_seen(at) for at in places]
    hidden = [at in grown.part_of and grown.may_hide(at) for at in places]
    numbers = np.array([node_of, part_of]), np.array([seen, hidden]), np.array([first, sibling, part_at])
    return (kind, *numbers[0], *numbers[1], *numbers[2])


@dataclass(frozen=True)
class Texts:
    """A store of texts that grow: columns as the kernel takes them, the values one after the other in one text."""

    columns: Columns
    kind: np.ndarray
    text: np.ndarray
    bounds: np.ndarray
    keys: int

    def searched(self, passed: int, budget: int) -> tuple[Any, int, int, int]:
        """What was found of the first key past some of them that does not hold: answer, steps, keys passed, where.

        Besides the answers: impossible, a read that nothing written gives, and elsewhere, a key for other code.
        """
        given = self.columns
        status, steps, passed, at = text_kernels.search_texts(
            self.kind, given.key, given.value, given.invoked, given.returned, self.text, self.bounds,
            len(given.keys), passed, budget, FIRST_ROOM, MOST_ROOM,
        )  # fmt: skip
        return OF_TEXTS[status], steps, passed, at

    def key_of(self, at: int) -> tuple[History, int]:
        """All operations of one operation's key, and which of them it is."""
        places = (self.columns.key == self.columns.key[at]).nonzero()[0]
        return History(self.columns.taken(places)), int(places.searchsorted(at))


def texts(columns: Columns) -> Texts | None:
    """The columns of a store that only writes, appends and reads texts; None for another, or texts beyond ASCII."""
    numbers = np.array([KINDS.get(each, -1) for each in columns.kinds], np.int64)
    kind = numbers[columns.kind]
    counts = np.bincount(kind + 1, minlength=5)
    if counts[0] or counts[kernels.CAS + 1] or not counts[text_kernels.APPEND + 1]:
        return None
    pieces = ["" if each is None else each for each in columns.told or columns.values]
    try:
        text = "".join(pieces)
    except TypeError:
        return None
    if not text or not text.isascii():
        return None
    bounds = np.array([*accumulate(map(len, pieces), initial=0)], np.int64)
    keys = np.count_nonzero(np.bincount(columns.key))
    return Texts(columns, kind, np.frombuffer(text.encode("ascii"), np.uint8), bounds, int(keys))
