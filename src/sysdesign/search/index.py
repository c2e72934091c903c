"""Search for commands and service. The page asks the same index in the same way (assets/search.js)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np

from sysdesign.content import Reference
from sysdesign.errors import InvalidInput
from sysdesign.search.entries import Entry, entries, other_entries
from sysdesign.search.postings import Postings, stem_of
from sysdesign.search.spelling import correct
from sysdesign.search.words import CAMEL, HUMPS, PART, STOP_WORDS, compounds, folded, terms

ALL_TERMS = (11, 10)  # by so much more an entry counts that holds every term sought
LEANING = 8  # sections of a document that say how much it is the document sought
REFERENCES = "References"  # lists of them hold every word, and answer nothing
SHORTEST_TEXT = 2  # words of a program's text that is looked for within a query
LONGEST_QUERY = 300
MOST_WORDS = 16
MOST_LONGER = 40  # known words that the last word of a query may be the beginning of
MOST_OTHERS = 3  # of other kinds than sections
BEST = 3  # sections shown before other kinds that say where to go on
EXCERPT, BEFORE = 28, 6  # words shown of a text, and of these before the first that was found
RULES = {  # for the page
    "all_terms": ALL_TERMS, "shortest_text": SHORTEST_TEXT, "most_words": MOST_WORDS, "most_longer": MOST_LONGER,
    "most_others": MOST_OTHERS, "best": BEST, "leaning": LEANING, "excerpt": EXCERPT, "before": BEFORE,
}  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """One entry found, best first."""

    address: str
    url: str
    document: str
    title: str
    trail: str
    excerpt: str  # with the words found between « and »
    score: float  # higher is better
    kind: str = "section"
    at_once: bool = False  # a term or model that the query names, or a fact that holds all of a query of several terms


@dataclass(frozen=True)
class Answer:
    """What a query found, and how it was read."""

    query: str
    corrected: str  # "" when every word was known
    hits: tuple[Hit, ...]  # sections
    others: tuple[Hit, ...] = ()  # terms, facts, symptoms, decisions and models that hold all that was sought
    named: bool = False  # whether the query names the first section, or is a text that leads to it

    @property
    def shown(self) -> tuple[Hit, ...]:
        """All as one list: what answers at once, then the best sections, then what says where to go on."""
        first = 1 if self.named else 0
        at_once = [hit for hit in self.others if hit.at_once]
        later = [hit for hit in self.others if not hit.at_once]
        return (*self.hits[:first], *at_once, *self.hits[first:BEST], *later, *self.hits[BEST:])


@dataclass(frozen=True)
class Sought:
    """A query as it is understood."""

    words: tuple[str, ...]  # all its single words, corrected
    terms: tuple[frozenset[str], ...]  # for each thing sought, the terms any of which will do
    corrected: bool


class Index:
    """The entries of a reference, ready for queries. Safe to share between threads."""

    def __init__(self, reference: Reference, more: Iterable[Entry] = ()) -> None:
        postings = Postings()
        postings.add(entries(reference))
        self._sections = len(postings.entries)
        postings.add((*other_entries(reference), *more))
        self._entries = tuple(postings.entries)
        self._names, self._texts = dict(postings.names), dict(postings.texts)
        self._scores = {term: _arrays(found) for term, found in postings.scores().items()}
        self.vocabulary: dict[str, int] = postings.vocabulary()
        self._starts = starts(postings.entries[: self._sections])
        self._last = np.array([REFERENCES in (entry.title, entry.trail) for entry in self._entries], dtype=np.int64)

    def search(self, query: str, limit: int = 10) -> Answer:
        """The sections that hold the words of the query, best first; not all words need be met.

        Raises InvalidInput for a query without a word, or one beyond reason.
        """
        if len(query) > LONGEST_QUERY:
            raise InvalidInput(f"the query is {len(query)} characters long; at most {LONGEST_QUERY} work")
        if not 1 <= limit <= 100:
            raise InvalidInput(f"limit is {limit}; it takes a number from 1 to 100")
        sought = understood(query, self.vocabulary)
        if not sought.words:
            raise InvalidInput(f"the query {query!r} holds no word; type a term or a symptom")
        scores, whole, all_known = self._found(sought)
        first = self._named(query, sought)
        ranked = self._ranked(first, self._leaned(scores))
        sections = [row for row in ranked if row < self._sections][:limit]
        others = [row for row in ranked if row >= self._sections and whole[row]][:MOST_OTHERS]
        found = frozenset().union(*sought.terms)
        answering = {row for row in others if self._answers(row, all_known and len(sought.terms) > 1, row in first)}
        hits, more = (
            [self._hit(row, int(scores[row]), found, row in answering) for row in rows] for rows in (sections, others)
        )
        corrected = " ".join(sought.words) if sought.corrected else ""
        return Answer(query, corrected, tuple(hits), tuple(more), bool(sections) and sections[0] in first)

    def _found(self, sought: Sought) -> tuple[np.ndarray, np.ndarray, bool]:
        """By row, the score of what it holds, and whether it holds all terms that stand anywhere; whether all do."""
        scores = np.zeros(len(self._entries), dtype=np.int64)
        held = np.zeros_like(scores)
        known = 0
        for any_of in sought.terms:
            best = np.zeros_like(scores)
            for rows, values in (self._scores[term] for term in any_of if term in self._scores):
                best[rows] = np.maximum(best[rows], values)
            known += bool(best.any())
            scores += best
            held += best > 0
        whole = (held == known) & (held > 0)
        return scores * np.where(whole, *ALL_TERMS), whole, known == len(sought.terms)

    def _leaned(self, scores: np.ndarray) -> np.ndarray:
        """The scores, more where the document's best sections score well too: up to twice as much.

        Many sections hold the words of a question; those of the document that is about it are meant.
        """
        ends = [*self._starts[1:], self._sections]
        parts = [scores[start:end] for start, end in zip(self._starts, ends, strict=True)]
        sums = [int(np.sort(part)[-LEANING:].sum()) for part in parts]
        factors = np.ones_like(scores)
        for start, end, found in zip(self._starts, ends, sums, strict=True):
            factors[start:end] = max(sums) + found
        return scores * factors

    def _ranked(self, named: Mapping[int, int], scores: np.ndarray) -> list[int]:
        """The rows that hold anything, best first; what the query names comes before, lists of references last."""
        first = np.full(len(scores), 2)
        first[list(named)] = list(named.values())
        rows = np.flatnonzero(scores)
        order = np.lexsort((rows, -scores[rows], first[rows], self._last[rows]))
        return [int(row) for row in rows[order]]

    def _named(self, query: str, sought: Sought) -> dict[int, int]:
        """Rows that come first: 0 where a text of programs is the query or stands in it, 1 for what it names."""
        typed = tuple(stem_of(word, self.vocabulary) for word in PART.findall(folded(query)))
        fixed = tuple(stem_of(word, self.vocabulary) for word in sought.words)
        rows = {row: 1 for name in (typed, fixed) for row in self._names.get(name, ())}
        for text in within(typed):
            if len(text) >= SHORTEST_TEXT or text == typed:
                rows |= dict.fromkeys(self._texts.get(text, ()), 0)
        return rows

    def _answers(self, row: int, all_of_several: bool, named: bool) -> bool:
        kind = self._entries[row].kind
        return (kind == "fact" and all_of_several) or (kind in ("term", "model") and named)

    def _hit(self, row: int, score: int, found: frozenset[str], at_once: bool) -> Hit:
        entry = self._entries[row]
        shown = excerpt(entry.text or entry.says, found)
        told = (entry.address, entry.url, entry.document, entry.title, entry.trail, shown, score / 1000)
        return Hit(*told, entry.kind, at_once)


def starts(sections: Sequence[Entry]) -> list[int]:
    """The rows at which a document begins."""
    return [row for row, entry in enumerate(sections) if not row or entry.document != sections[row - 1].document]


def _arrays(found: Mapping[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.fromiter(found, dtype=np.int64), np.fromiter(found.values(), dtype=np.int64)


def understood(query: str, known: Mapping[str, int]) -> Sought:
    """The query as words and as terms: bounded, without words that say nothing, unknown ones corrected."""
    typed = list(dict.fromkeys(map(tuple, compounds(CAMEL.sub(lambda match: _apart(match[0], known), query)))))
    ends = list(accumulate(len(parts) for parts in typed))
    typed = [parts for parts, end in zip(typed, ends, strict=True) if end <= MOST_WORDS or end == ends[0]]
    kept = [parts for parts in typed if len(parts) > 1 or parts[0] not in STOP_WORDS] or typed
    fixed = [tuple(correct(word, known) for word in parts[:MOST_WORDS]) for parts in kept]
    asked: dict[frozenset[str], None] = {}
    for at, parts in enumerate(fixed):
        for word in parts:
            longer = at == len(fixed) - 1 and word is parts[-1] and word not in known
            forms = _longer(word, known) if longer else (word,)
            asked[frozenset(stem_of(form, known) for form in forms)] = None
        if len(parts) > 1:
            asked[frozenset({"".join(parts)})] = None
    words = tuple(word for parts in fixed for word in parts)
    return Sought(words, tuple(asked), fixed != [parts[:MOST_WORDS] for parts in kept])


def _apart(name: str, known: Mapping[str, int]) -> str:
    """A program's name that no text holds is sought by its words, as `WrongVersionException`; it is no slip of another.

    The longest start of several words that is known is sought too: an error may be told without its `Exception`.
    """
    humps = HUMPS.split(name)
    held = any(each.startswith(name.lower()) for each in known)
    starts = ("".join(humps[:end]) for end in range(len(humps) - 1, 1, -1))
    start = next((each for each in starts if each.lower() in known), "")
    return " ".join(filter(None, ([name] if held else humps) + [start]))


def _longer(word: str, known: Mapping[str, int]) -> Sequence[str]:
    """The word and the most frequent known ones that begin with it: the last word may not be typed to its end."""
    longer = sorted((each for each in known if each.startswith(word)), key=lambda each: (-known[each], each))
    return (word, *longer[:MOST_LONGER])


def within(row: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every part of a row of words that stands in it without a gap."""
    row = row[: MOST_WORDS * 2]
    for start in range(len(row)):
        for end in range(start + 1, len(row) + 1):
            yield row[start:end]


def excerpt(text: str, found: frozenset[str]) -> str:
    """Words of a text around the first that was found, those found between « and »."""
    shown = text.split()
    place = next((at for at, word in enumerate(shown) if not found.isdisjoint(terms_of(word))), 0)
    first = max(0, min(place - BEFORE, len(shown) - EXCERPT))
    part = shown[first : first + EXCERPT]
    marked = (word if found.isdisjoint(terms_of(word)) else f"«{word}»" for word in part)
    return " ".join((*(("…",) if first else ()), *marked, *(("…",) if first + EXCERPT < len(shown) else ())))


@lru_cache(maxsize=65_536)
def terms_of(word: str) -> frozenset[str]:
    return frozenset(terms(word))
