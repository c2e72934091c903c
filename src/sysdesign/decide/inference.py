"""What a stated fact says about one left out.

Whoever states a number of rows has said something about the size; whoever states
steady traffic has said something about its peaks. Each relation gives the likely
range of one field where the fields that it follows from are stated (or follow
themselves). What the workload states is never replaced. The relations stand with
their fields in `reference/vocabulary.yaml`.

"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sysdesign.decide.field import Number, Word
from sysdesign.decide.relation import FromNumbers, FromWord, Relation
from sysdesign.decide.vocabulary import FIELDS, RELATIONS

Likely = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Fact:
    """A field over worlds: lowest, central and highest likely value, and where that is known at all.

    Numbers are in base units. For words `central` holds the code; the other two are not used.
    """

    low: np.ndarray
    central: np.ndarray
    high: np.ndarray
    known: np.ndarray  # stated, or inferred from what is stated


FactOf = Callable[[str], Fact]


def _words_where(
    relation: FromWord, fact_of: FactOf
) -> list[tuple[np.ndarray, tuple[float, float, float] | Mapping[str, float]]]:
    """For each word listed, the worlds that hold it, and what is likely there."""
    source, field = fact_of(relation.source), FIELDS[relation.source]
    assert isinstance(field, Word)
    return [(source.known & (source.central == field.code(word)), value) for word, value in relation.likely.items()]


def _holds(relation: FromNumbers, fact_of: FactOf) -> np.ndarray:
    """The worlds in which it speaks."""
    if relation.where is None:
        return fact_of(relation.times[0]).known
    name, word = relation.where
    fact, field = fact_of(name), FIELDS[name]
    assert isinstance(field, Word)
    return fact.known & (fact.central == field.code(word))


def _product(relation: FromNumbers, fact_of: FactOf) -> Likely:
    """Lowest, central and highest, in base units."""
    times, over = [fact_of(name) for name in relation.times], [fact_of(name) for name in relation.over]
    join = np.add if relation.added else np.multiply
    low, central, high = times[0].low, times[0].central, times[0].high
    for fact in times[1:]:
        low, central, high = join(low, fact.low), join(central, fact.central), join(high, fact.high)
    for fact in over:
        low, central, high = low / fact.high, central / fact.central, high / fact.low
    return low * relation.factor[0], central * relation.factor[1], high * relation.factor[2]


def sources_of(names: Iterable[str], stated: Container[str] = ()) -> frozenset[str]:
    """The fields from which those named may follow, sources of sources included; what is stated follows from none."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        for relation in () if name in stated else RELATIONS.get(name, ()):
            new = set(relation.sources) - found
            found |= new
            waiting += new
    return frozenset(found)


def inferred_number(name: str, prior: Likely, fact_of: FactOf) -> Fact:
    """A numeric field that nobody stated: its prior, or what follows from what was stated."""
    field = FIELDS[name]
    assert isinstance(field, Number)
    low, central, high = prior
    known = np.zeros(1, dtype=bool)
    for relation in RELATIONS.get(name, ()):
        for holds, likely in _numbers(field, relation, fact_of):
            if holds.any():
                low, central, high = (
                    np.where(holds, new, old) for new, old in zip(likely, (low, central, high), strict=True)
                )
                known = known | holds
    return Fact(low, central, high, known)


def _numbers(field: Number, relation: Relation, fact_of: FactOf) -> Iterable[tuple[np.ndarray, Likely]]:
    if isinstance(relation, FromWord):
        shrink = np.sqrt(np.maximum(fact_of(relation.over).central, 1.0)) if relation.over else 1.0
        for holds, likely in _words_where(relation, fact_of):
            assert isinstance(likely, tuple)
            yield holds, tuple(np.asarray(end * field.size / shrink) for end in likely)  # type: ignore[misc]
        return
    holds = _holds(relation, fact_of)
    if holds.any():
        ends = (np.clip(end, *field.bounds) for end in _product(relation, fact_of))
        yield holds, tuple(np.rint(end) if field.whole else end for end in ends)  # type: ignore[misc]


def inferred_weights(name: str, fact_of: FactOf) -> list[tuple[np.ndarray, Mapping[str, float]]]:
    """For a field of words that nobody stated: worlds and the weights of its words there, the last one holding."""
    found: list[tuple[np.ndarray, Mapping[str, float]]] = []
    for relation in RELATIONS.get(name, ()):
        assert isinstance(relation, FromWord)
        for holds, likely in _words_where(relation, fact_of):
            assert isinstance(likely, Mapping)
            if holds.any():
                found.append((holds, likely))
    return found


def inferred_word(name: str, fact_of: FactOf) -> Fact:
    """A field of words that nobody stated: its usual word, or the likeliest by what was stated."""
    field = FIELDS[name]
    assert isinstance(field, Word)
    central, known = np.full(1, field.code(field.central)), np.zeros(1, dtype=bool)
    for holds, weights in inferred_weights(name, fact_of):
        central = np.where(holds, field.code(max(weights, key=lambda word: weights[word])), central)
        known = known | holds
    return Fact(central, central, central, known)
