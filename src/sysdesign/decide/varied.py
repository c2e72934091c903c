"""The worlds of a decision with a few fields set to other values: several such settings, evaluated together.

A setting is a block of rows. Each part of an expression is computed only for the blocks
that change something it reads, for all of them at once; elsewhere it is what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from sysdesign.decide.node import Array, Node, Worlds
from sysdesign.decide.worlds import Sampler, sampler_of

Places = slice | Array


class Blocks:
    """Settings of the same worlds. A set of blocks is a number, with one bit for each."""

    def __init__(self, base: Worlds, settings: Sequence[Mapping[str, Array]]) -> None:
        before = sampler_of(base)
        self.base = base
        self.samplers = [Sampler(before.workload, before.count, before.seed, each, before) for each in settings]
        self.rows = [max(map(len, each.values())) for each in settings]
        self.block_of_row = np.repeat(np.arange(len(self.rows)), self.rows)
        self._changed: dict[str, int] = {}  # the blocks in which each field may differ
        for at, sampler in enumerate(self.samplers):
            for name in sampler.changed:
                self._changed[name] = self._changed.get(name, 0) | 1 << at
        self._names = frozenset(self._changed)
        self._reading: dict[frozenset[str], int] = {}
        self._worlds: dict[int, VariedWorlds] = {}

    def reading(self, names: frozenset[str]) -> int:
        """The blocks in which any of these fields may differ."""
        found = self._reading.get(names)
        if found is None:
            found = 0
            for name in self._names & names:
                found |= self._changed[name]
            self._reading[names] = found
        return found

    def changing(self, name: str) -> int:
        """The blocks in which this field may differ."""
        return self._changed.get(name, 0)

    def worlds(self, blocks: int) -> VariedWorlds:
        """The worlds of some of the blocks, one under the other."""
        if blocks not in self._worlds:
            self._worlds[blocks] = VariedWorlds(self, blocks)
        return self._worlds[blocks]


class VariedWorlds(Worlds):
    """Some blocks of settings: arrays have their rows on the first axis and the worlds on the last."""

    def __init__(self, whole: Blocks, blocks: int) -> None:
        super().__init__(whole.base.values, whole.base.derived)
        self.whole, self.blocks = whole, blocks
        self._fields: dict[str, Array] = {}
        self._places: dict[int, Places] = {}

    @cached_property
    def rows(self) -> int:
        """Settings in all of its blocks."""
        return len(self._at)

    @cached_property
    def _has(self) -> Array:
        """Whether it has each block."""
        count = len(self.whole.rows)
        told = np.frombuffer(self.blocks.to_bytes((count + 7) // 8, "little"), np.uint8)
        return np.unpackbits(told, count=count, bitorder="little").view(bool)

    @cached_property
    def _each(self) -> list[int]:
        found: list[int] = np.flatnonzero(self._has).tolist()
        return found

    def of(self, name: str) -> Array:
        blocks = self.whole.changing(name) & self.blocks
        if not blocks:
            return self.whole.base.of(name)
        if name not in self._fields:
            inner = self.whole.worlds(blocks)
            joined = (
                self._joined(name) if inner is self else self._spread(inner.of(name), self.whole.base.of(name), inner)
            )
            self._fields[name] = joined
        return self._fields[name]

    def _joined(self, name: str) -> Array:
        """A field that differs in each of the blocks."""
        found = [self.whole.samplers[at].of(name) for at in self._each]
        if len(found) == 1:
            return found[0]
        wide = max(values.shape[-1] for values in found)
        sizes = (self.whole.rows[at] for at in self._each)
        return np.concatenate(
            [np.broadcast_to(values, (size, wide)) for size, values in zip(sizes, found, strict=True)]
        )

    def kept(self, node: Node, compute: Callable[[Worlds], Any]) -> Any:
        """As for other worlds; what reads nothing that some blocks change is spread from those that do."""
        found = self.memo.get(node.token)
        if found is None:
            blocks = self.whole.reading(node.fields) & self.blocks
            if blocks == self.blocks:
                found = compute(self)
            elif not blocks:
                found = self.whole.base.kept(node, compute)
            else:
                inner = self.whole.worlds(blocks)
                found = self._spread(inner.kept(node, compute), self.whole.base.kept(node, compute), inner)
            self.memo[node.token] = found
        return found

    def _spread(self, values: Array, plain: Array, inner: VariedWorlds) -> Array:
        """Values in the rows of some blocks, and what they are otherwise in the others."""
        kind = values.dtype if values.dtype == plain.dtype else np.result_type(values, plain)
        found = np.empty((self.rows, max(values.shape[-1], plain.shape[-1])), kind)
        found[:] = plain
        found[self.places(inner)] = values
        return found

    def places(self, inner: VariedWorlds) -> Places:
        """Where the rows of some of its blocks stand among its own."""
        found = self._places.get(inner.blocks)
        if found is None:
            rows = np.searchsorted(self._at, inner._at)
            together = rows[-1] - rows[0] + 1 == len(rows)
            found = self._places[inner.blocks] = slice(int(rows[0]), int(rows[-1]) + 1) if together else rows
        return found

    @cached_property
    def _at(self) -> Array:
        """Where its rows stand among those of all blocks."""
        return np.flatnonzero(self._has[self.whole.block_of_row])


def varied(worlds: Worlds, settings: Sequence[Mapping[str, Array]]) -> VariedWorlds:
    """The same worlds with some fields set, and with what follows from them drawn again, a block for each setting.

    Values have shape (n, 1) for n settings, each in all worlds, or (n, worlds).
    """
    return Blocks(worlds, settings).worlds((1 << len(settings)) - 1)
