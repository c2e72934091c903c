"""Whether a text or list that grows by appends is linearizable, where what is written and appended can be told apart.

A read then shows what took effect since the last write, in order. What some read shows must take effect
where that read has it; what no read shows may take effect only where nobody looks: just before a write,
or after which nothing is read until the next write. So few states are possible at any time: how far
one of the reads has been built up, or out of sight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sysdesign.models.consistency.history import Operation

OUT_OF_SIGHT = -1
State = tuple[int, int]  # a node of the reads' tree, and the operations under way that have taken effect


@dataclass
class Shown:
    """The reads of a key as a tree: each node is a beginning of some read, the root the empty one."""

    part_of: dict[int, Any]  # an operation to what it writes or appends
    makers: dict[Any, list[int]]  # and back
    children: list[dict[Any, int]] = field(default_factory=lambda: [{}])
    node_of: dict[int, int] = field(default_factory=dict)  # a read to the node of what it shows
    seen: set[Any] = field(default_factory=set)  # parts that some read shows
    impossible: int | None = None  # a read that nothing written can give

    def is_seen(self, at: int) -> bool:
        """Whether some read shows what it writes or appends, be it by another one."""
        return self.part_of[at] in self.seen

    def may_hide(self, at: int) -> bool:
        """Whether its value may be another's where it is seen."""
        return len(self.makers[self.part_of[at]]) > 1


def shown(asked: Sequence[str], given: Sequence[Any]) -> Shown | None:
    """The reads as a tree; None where the parts of a read cannot be told apart, or something is compared and set."""
    if "append" not in asked or "cas" in asked:
        return None
    changes = [(at, given[at]) for at, kind in enumerate(asked) if kind != "read"]
    types = {type(value) for _, value in changes}
    if types == {tuple} and all(len(value) == 1 for _, value in changes):
        part_of = {at: value[0] for at, value in changes}
    elif types == {str}:
        part_of = dict(changes)
        if any(two.startswith(one) for one, two in pairwise(sorted(set(part_of.values())))):
            return None
    else:
        return None
    found = Shown(part_of, {})
    for at, part in part_of.items():
        found.makers.setdefault(part, []).append(at)
    sizes = sorted({len(each) for each in found.makers}) if types == {str} else []
    before: tuple[Any, int] = ("", 0)  # what was read last, and its node: mostly the next read shows more of the same
    for at, kind in enumerate(asked):
        if kind == "read":
            before = _add(found, at, given[at], sizes, before)
    return found


def _add(found: Shown, at: int, value: Any, sizes: Sequence[int], before: tuple[Any, int]) -> tuple[Any, int]:
    """Add a read's path to the tree; what was read and its node, or what was read before if nothing can give this."""
    known, node = before
    if not (isinstance(value, str) and sizes and value.startswith(known)):
        known, node = "", 0
    path = _path(value, found.makers, sizes, len(known))
    if path is None:
        found.impossible = at if found.impossible is None else found.impossible
        return before
    for part in path:
        follows = found.children[node]
        if part not in follows:
            follows[part] = len(found.children)
            found.children.append({})
        node = follows[part]
    found.node_of[at] = node
    found.seen.update(path)
    return (value, node) if isinstance(value, str) else before


def _path(value: Any, makers: dict[Any, list[int]], sizes: Sequence[int], at: int) -> list[Any] | None:
    """The parts of what was read, of a text those from a place on; None where some of it is nobody's."""
    if value is None:
        return []
    if isinstance(value, tuple):
        return list(value) if all(each in makers for each in value) else None
    if not isinstance(value, str):
        return None
    path = []
    while at < len(value):
        for size in sizes:
            part = value[at : at + size]
            if part in makers:
                break
        else:
            return None
        path.append(part)
        at += size
    return path


class Search:
    """The states that a key may be in, event by event, as a search of `linearizability` has them."""

    def __init__(self, operations: Sequence[Operation], found: Shown, budget: int) -> None:
        self.operations, self.found, self.budget, self.steps = operations, found, budget, 0
        self.visible: list[int] = []  # under way, of those that some read shows
        self.hidden = 0  # under way, of the others, as bits
        self.reads: dict[int, int] = {}  # a node to the reads under way that show it, as bits
        self.reached: set[State] = {(0, 0)}

    @property
    def spent(self) -> bool:
        return self.steps > self.budget

    def begin(self, at: int) -> None:
        bit = 1 << at
        if self.operations[at].kind == "read":
            node = self.found.node_of[at]
            self.reads[node] = self.reads.get(node, 0) | bit
            self._mark(node, bit)
        elif self.found.is_seen(at):
            self.visible.append(at)
        elif not self.operations[at].open:
            self.hidden |= bit
            self._mark(OUT_OF_SIGHT, bit)

    def _mark(self, node: int, bit: int) -> None:
        """Let it take effect at once where the state is that of `node`."""
        self.reached = {(now, done | bit) if now == node else (now, done) for now, done in self.reached}

    def end(self, at: int) -> None:
        """Let operations take effect until `at` has, then forget its bit."""
        bit = 1 << at
        seen = set(self.reached)
        waiting = [state for state in self.reached if not state[1] & bit]
        kept = {(node, done ^ bit) for node, done in self.reached if done & bit}
        while waiting and not self.spent:
            for node, done in self._further(*waiting.pop(), bit):
                self.steps += 1
                if (node, done) in seen:
                    continue
                seen.add((node, done))
                if done & bit:
                    kept.add((node, done ^ bit))
                else:
                    waiting.append((node, done))
        self.reached = kept
        self.hidden &= ~bit
        if self.operations[at].kind == "read":
            self.reads[self.found.node_of[at]] &= ~bit
        elif self.found.is_seen(at):
            self.visible.remove(at)

    def _further(self, node: int, done: int, wanted: int) -> list[State]:
        found = []
        self.steps += len(self.visible) // 16
        for each in self.visible:
            if done >> each & 1:
                continue
            writes = self.operations[each].kind == "write"
            follows = self.found.children[0 if writes else node] if writes or node >= 0 else {}
            new = follows.get(self.found.part_of[each])
            if new is None and self.found.may_hide(each) and not self.operations[each].open:
                found.append((OUT_OF_SIGHT, done | 1 << each | self.hidden))
            if new is not None:
                now = done | 1 << each | self.reads.get(new, 0)
                found.append((new, now | self.hidden if writes else now))
        if self.hidden & wanted and node != OUT_OF_SIGHT:
            found.append((OUT_OF_SIGHT, done | self.hidden))
        return found
