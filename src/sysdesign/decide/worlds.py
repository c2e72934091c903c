"""A workload as sampled worlds: stated facts as they are, everything else drawn from what is likely.

Each field has draws of its own, from the seed and its name alone: the same worlds
come back whatever else is stated, so two answers differ only by what was changed.
Draws are stratified. A field that follows from others (see the vocabulary) is drawn
from the range that those others leave it in the same world.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

import numpy as np

from sysdesign.decide.field import Number, Word
from sysdesign.decide.node import Array, Node, Worlds
from sysdesign.decide.relation import FromNumbers, FromWord
from sysdesign.decide.vocabulary import FIELDS, RELATIONS
from sysdesign.decide.workload import Interval, Workload

COUNT = 128  # worlds of a decision


@lru_cache(maxsize=4096)
def strata(name: str, count: int, seed: int) -> Array:
    """Numbers from 0 to 1, one in each of `count` equal parts, in an order that belongs to the name."""
    generator = np.random.default_rng((seed, zlib.crc32(name.encode())))
    return (generator.permutation(count) + generator.random(count)) / count


class Sampler:
    """Draws of every field for one workload; fields in `settings` hold the values given there (words as codes)."""

    def __init__(
        self,
        workload: Workload,
        count: int = COUNT,
        seed: int = 0,
        settings: Mapping[str, Array] | None = None,
        parent: Sampler | None = None,
    ) -> None:
        self.workload, self.count, self.seed, self.settings = workload, count, seed, settings or {}
        self.parent, self.changed = parent, frozenset(self.settings)
        self.followed: dict[frozenset[str], frozenset[str]] = {}
        if parent is not None:
            if self.changed not in parent.followed:
                parent.followed[self.changed] = following(self.changed, workload)
            self.changed = parent.followed[self.changed]
        self.found: dict[str, Array] = {}
        self.known: dict[str, bool] = {}
        self.asked: set[str] = set()

    def of(self, name: str) -> Array:
        """The field in each world: base units, or codes of words."""
        if self.parent is not None and name not in self.changed:
            return self.parent.of(name)
        if name not in self.found:
            self.asked.add(name)
            self.found[name] = self._drawn(name)
        return self.found[name]

    def is_known(self, name: str) -> bool:
        """Whether it is stated, set, or follows from what is."""
        if self.parent is not None and name not in self.changed:
            return self.parent.is_known(name)
        if name in self.asked and name not in self.found:
            return False  # two fields that follow from each other
        self.of(name)
        return self.known.get(name, False)

    def _drawn(self, name: str) -> Array:
        field, value = FIELDS[name], self.workload.values.get(name)
        if name in self.settings:
            self.known[name] = True
            return self.settings[name]
        if value is None:
            return self.unstated(name)
        self.known[name] = True
        if isinstance(value, Interval):
            assert isinstance(field, Number)
            drawn = field.between(value.low, value.high, strata(name, self.count, self.seed))
            return np.rint(drawn) if field.whole else drawn
        return np.asarray([field.code(str(value)) if isinstance(field, Word) else float(value)])

    def unstated(self, name: str) -> Array:
        """The field in each world, as if nobody had said anything of it."""
        field, share = FIELDS[name], strata(name, self.count, self.seed)
        return self._word(field, share) if isinstance(field, Word) else self._number(field, share)

    def _speaking(self, name: str) -> Iterable[FromWord | FromNumbers]:
        """The relations of a field whose sources are known, or drawn together with it."""
        for relation in RELATIONS.get(name, ()):
            if any(source in self.asked and source not in self.found for source in relation.sources):
                continue
            lead = relation.source if isinstance(relation, FromWord) else (relation.where or relation.times)[0]
            known = self.is_known(lead)
            if known or relation.together:
                self.known[name] = self.known.get(name, False) or known
                yield relation

    def _word(self, field: Word, share: Array) -> Array:
        found = _code(field, {word: weight for word, (weight, _) in field.words.items()}, share)
        for relation in self._speaking(field.name):
            assert isinstance(relation, FromWord)
            for holds, likely in self._by_word(relation):
                assert isinstance(likely, Mapping)
                found = np.where(holds, _code(field, likely, share), found)
        return found

    def _by_word(self, relation: FromWord) -> Iterable[tuple[Array, object]]:
        source, held = FIELDS[relation.source], self.of(relation.source)
        assert isinstance(source, Word)
        return [(held == source.code(word), likely) for word, likely in relation.likely.items()]

    def _number(self, field: Number, share: Array) -> Array:
        low, usual, high = self.range_of(field)
        lower = field.spread(low, usual, np.minimum(share * 2, 1))
        drawn = np.where(share < 0.5, lower, field.spread(usual, high, np.maximum(share * 2 - 1, 0)))
        return np.rint(drawn) if field.whole else drawn

    def range_of(self, field: Number) -> tuple[Array, Array, Array]:
        """Likely low, usual and likely high in each world, given the fields that it follows from."""
        ends = tuple(np.asarray([end]) for end in field.prior)
        for relation in self._speaking(field.name):
            if isinstance(relation, FromWord):
                shrink = np.sqrt(np.maximum(self.of(relation.over), 1.0)) if relation.over else 1.0
                for holds, likely in self._by_word(relation):
                    assert isinstance(likely, tuple)
                    ends = tuple(
                        np.where(holds, new * field.size / shrink, old) for new, old in zip(likely, ends, strict=True)
                    )
            else:
                holds, middle = self._product(relation)
                told = (np.clip(middle * factor, *field.bounds) for factor in relation.factor)
                ends = tuple(np.where(holds, new, old) for new, old in zip(told, ends, strict=True))
        low, usual, high = ends
        return low, usual, high

    def _product(self, relation: FromNumbers) -> tuple[Array, Array]:
        """Where the relation speaks, and the product or sum before its factor."""
        holds = np.asarray([True])
        if relation.where is not None:
            source, word = FIELDS[relation.where[0]], relation.where[1]
            assert isinstance(source, Word)
            holds = self.of(source.name) == source.code(word)
        value = self.of(relation.times[0])
        for name in relation.times[1:]:
            value = value + self.of(name) if relation.added else value * self.of(name)
        for name in relation.over:
            value = value / self.of(name)
        return holds, value


def _code(field: Word, weights: Mapping[str, float], share: Array) -> Array:
    heaped = np.cumsum([weights.get(word, 0.0) for word in field.names])
    return np.searchsorted(heaped / heaped[-1], share, side="right").clip(0, len(heaped) - 1)


def following(names: Iterable[str], workload: Workload) -> frozenset[str]:
    """The fields named, and all that may follow from them and are not stated."""
    found = set(names)
    waiting = list(found)
    while waiting:
        new = {name for name in _followers()[waiting.pop()] if name not in found and name not in workload.values}
        found |= new
        waiting += new
    return frozenset(found)


@cache
def _followers() -> Mapping[str, frozenset[str]]:
    """The fields that may follow from each one, directly."""
    found: dict[str, set[str]] = {name: set() for name in FIELDS}
    for name, relations in RELATIONS.items():
        for relation in relations:
            for source in relation.sources:
                found[source].add(name)
    return {name: frozenset(each) for name, each in found.items()}


def sources_of(names: Iterable[str], workload: Workload | None = None) -> frozenset[str]:
    """The fields from which those named may follow, sources of sources included; what is stated follows from none."""
    stated = workload.values if workload is not None else {}
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        for relation in () if name in stated else RELATIONS.get(name, ()):
            new = set(relation.sources) - found
            found |= new
            waiting += new
    return frozenset(found)


class _Drawn(Mapping[str, Array]):
    """A sampler as the values of worlds."""

    def __init__(self, sampler: Sampler) -> None:
        self.sampler = sampler

    def __getitem__(self, name: str) -> Array:
        return self.sampler.of(name)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(FIELDS)

    def __len__(self) -> int:
        return len(FIELDS)


def sampled(workload: Workload, derived: Mapping[str, Node], count: int = COUNT, seed: int = 0) -> Worlds:
    """The workload as so many worlds."""
    return Worlds(_Drawn(Sampler(workload, count, seed)), derived)


def sampler_of(worlds: Worlds) -> Sampler:
    """What draws the fields of these worlds."""
    assert isinstance(worlds.values, _Drawn)
    return worlds.values.sampler
