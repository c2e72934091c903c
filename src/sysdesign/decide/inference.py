"""What a stated fact says about one left out.

Whoever states a number of rows has said something about the size; whoever states
steady traffic has said something about its peaks. Each relation gives the likely
range of one field where the fields that it follows from are stated (or follow
themselves). What the workload states is never replaced, and no word is ever
excluded: a relation moves what is likely, not what is possible.

Factors and ranges are this project's convention, as the priors are. At the usual
values of its sources a relation gives the usual value of its target, so that
stating the usual changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from sysdesign.decide.field import Number, Word
from sysdesign.decide.vocabulary import FIELDS

DAY_S = 86400.0
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


@dataclass(frozen=True)
class FromWord:
    """Likely values by a word of another field; a word not listed says nothing.

    Numbers shrink with the square root of the field in `over`, as distances do with the number of places.
    """

    source: str
    likely: Mapping[str, tuple[float, float, float] | Mapping[str, float]]
    over: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source, self.over) if self.over else (self.source,)

    def where(self, fact_of: FactOf) -> list[tuple[np.ndarray, tuple[float, float, float] | Mapping[str, float]]]:
        """For each word listed, the worlds that hold it, and what is likely there."""
        source, field = fact_of(self.source), FIELDS[self.source]
        assert isinstance(field, Word)
        return [(source.known & (source.central == field.code(word)), value) for word, value in self.likely.items()]


@dataclass(frozen=True)
class FromNumbers:
    """A product of other fields (`over` divides), or with `added` their sum, times a factor.

    It speaks where the first source is known; with `where`, where that field is known to hold that word.
    """

    times: tuple[str, ...]
    over: tuple[str, ...] = ()
    factor: tuple[float, float, float] = (1.0, 1.0, 1.0)
    added: bool = False
    where: tuple[str, str] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        return (*self.times, *self.over, *(self.where or ())[:1])

    def holds(self, fact_of: FactOf) -> np.ndarray:
        """The worlds in which it speaks."""
        if self.where is None:
            return fact_of(self.times[0]).known
        name, word = self.where
        fact, field = fact_of(name), FIELDS[name]
        assert isinstance(field, Word)
        return fact.known & (fact.central == field.code(word))

    def likely(self, fact_of: FactOf) -> Likely:
        """Lowest, central and highest, in base units."""
        times, over = [fact_of(name) for name in self.times], [fact_of(name) for name in self.over]
        join = np.add if self.added else np.multiply
        low, central, high = times[0].low, times[0].central, times[0].high
        for fact in times[1:]:
            low, central, high = join(low, fact.low), join(central, fact.central), join(high, fact.high)
        for fact in over:
            low, central, high = low / fact.high, central / fact.central, high / fact.low
        return low * self.factor[0], central * self.factor[1], high * self.factor[2]


Relation = FromWord | FromNumbers

# target: relations, of which a later one outweighs an earlier one
RELATIONS: dict[str, tuple[Relation, ...]] = {
    # Steady load has low peaks; what comes in jumps, or seldom, has high ones and idle hours.
    "traffic.peak_factor": (
        FromWord("traffic.shape", {"steady": (1.1, 1.5, 2.5), "spiky": (5, 15, 100), "rare": (5, 20, 500)}),
    ),
    "traffic.idle_share": (
        FromWord("traffic.shape", {"steady": (0, 0.02, 0.1), "spiky": (0.1, 0.4, 0.8), "rare": (0.8, 0.95, 0.999)}),
    ),
    "traffic.forecast": (FromWord("traffic.shape", {"steady": {"fair": 9, "poor": 1}}),),
    # The same answer for everyone is shared by everyone; a personal one by nobody.
    "traffic.shared_share": (FromWord("edge.content", {"cacheable": (0.85, 0.95, 0.995), "personal": (0, 0.02, 0.1)}),),
    "places.regions": (
        FromWord("availability.survive", {"region": (2, 2, 3)}),
        FromWord("places.writes", {"every_region": (2, 3, 5)}),
    ),
    # Rows times bytes, with indexes and free space on top; and back.
    "data.size": (FromNumbers(("data.items", "data.item_bytes"), factor=(1, 1, 2.5)),),
    "data.items": (FromNumbers(("data.size",), over=("data.item_bytes",), factor=(0.4, 1, 1)),),
    # Half the way round the world is 20,000 km, so users are 10,000 km from one region on average: 100 ms there and
    # back at two thirds of the speed of light, and half as much again as cables do not run straight. A continent has
    # a third of that. Where regions share the world, each is nearer to its own users.
    "places.distance": (
        FromWord("places.users", {"continent": (20, 45, 90), "worldwide": (80, 150, 250)}, over="places.regions"),
    ),
    # Whoever bounds how old a read may be sets lifetimes that keep the bound.
    "cache.entry_lifetime": (
        FromNumbers(("consistency.staleness",), factor=(0.2, 1, 1), where=("consistency.reads", "bounded")),
    ),
    "cache.hot_bytes": (FromNumbers(("data.size",), factor=(0.01, 0.1, 0.3)),),
    "network.bandwidth": (FromNumbers(("traffic.reads_per_s", "traffic.response_bytes", "traffic.peak_factor")),),
    "compute.per_s": (FromNumbers(("traffic.reads_per_s", "traffic.writes_per_s"), added=True),),
    # A question over what comes in reads from an hour's to a month's records; a day's is assumed.
    "analytics.rows": (FromNumbers(("analytics.events_per_day",), factor=(3600, DAY_S, 30 * DAY_S)),),
    # Records that are read one kind at a time, or under one key, seldom change together.
    "data.transactions": (
        FromWord("data.joins", {"none": {"none": 4, "one_record": 6, "within_key": 1, "across": 0.2}}),
        FromWord(
            "data.shape",
            {
                "keyed_values": {"none": 3, "one_record": 6, "within_key": 1, "across": 0.2},
                "keyed_lists": {"none": 6, "one_record": 4, "within_key": 0.5, "across": 0.1},
                "measurements": {"none": 9, "one_record": 1, "within_key": 0.2, "across": 0.1},
            },
        ),
    ),
    "data.joins": (
        FromWord(
            "data.shape",
            {
                "keyed_values": {"none": 9, "within_key": 1, "across": 0.2},
                "keyed_lists": {"none": 9, "within_key": 1, "across": 0.2},
                "measurements": {"none": 6, "within_key": 3, "across": 1},
            },
        ),
    ),
    "data.access": (
        FromWord(
            "data.shape",
            {
                "keyed_values": {"one_key": 9, "known": 2, "unclear": 0.2},
                "keyed_lists": {"known": 8, "one_key": 3, "unclear": 0.2},
            },
        ),
    ),
    "data.range_reads": (
        FromWord(
            "data.shape",
            {
                "keyed_values": {"none": 9, "some": 1, "main": 0.2},
                "keyed_lists": {"main": 8, "some": 2, "none": 0.2},
                "measurements": {"main": 8, "some": 2, "none": 0.2},
            },
        ),
    ),
    # What changes alone is bound by no rule; what everyone must see at once must not conflict.
    "consistency.invariants": (FromWord("data.transactions", {"none": {"none": 8, "per_key": 2, "across_keys": 0.1}}),),
    "consistency.conflicts": (
        FromWord("consistency.reads", {"strong": {"forbidden": 7, "lose_one": 3, "mergeable": 0.3}}),
    ),
    # Between our own services there is no browser, no screen, and little for a cache on the way.
    "clients.browser": (FromWord("clients.who", {"services": {"none": 9, "some": 1}}),),
    "api.http_caching": (FromWord("clients.who", {"services": {"unimportant": 8, "useful": 2}}),),
    # Nobody waits for receivers that the sender does not know, for work set for later, or for what is read again.
    "messages.answer": (
        FromWord("messages.replay", {"needed": {"later": 19, "now": 1}}),
        FromWord("messages.schedule", {"at_time": {"later": 19, "now": 1}}),
        FromWord(
            "messages.target", {"subscribers": {"later": 19, "now": 1}, "publisher_names": {"later": 9, "now": 1}}
        ),
    ),
    # Work handed over for later outlives a restart, a deployment, a bad hour of its receiver.
    "availability.outage": (FromWord("messages.answer", {"later": (10, 300, 7200)}),),
    "api.resources_per_screen": (FromWord("clients.who", {"services": (1, 1, 2)}),),
    "overload.tenants": (FromWord("data.tenants", {"one": (1, 1, 1)}),),
}


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
        for holds, likely in relation.where(fact_of):
            assert isinstance(likely, tuple)
            yield holds, tuple(np.asarray(end * field.size / shrink) for end in likely)  # type: ignore[misc]
        return
    holds = relation.holds(fact_of)
    if holds.any():
        ends = (np.clip(end, *field.bounds) for end in relation.likely(fact_of))
        yield holds, tuple(np.rint(end) if field.whole else end for end in ends)  # type: ignore[misc]


def inferred_weights(name: str, fact_of: FactOf) -> list[tuple[np.ndarray, Mapping[str, float]]]:
    """For a field of words that nobody stated: worlds and the weights of its words there, the last one holding."""
    found: list[tuple[np.ndarray, Mapping[str, float]]] = []
    for relation in RELATIONS.get(name, ()):
        assert isinstance(relation, FromWord)
        for holds, likely in relation.where(fact_of):
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
