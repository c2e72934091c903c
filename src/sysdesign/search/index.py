"""Search for commands and service: SQLite FTS5 over sections, in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from sysdesign.content import Reference
from sysdesign.errors import InvalidInput
from sysdesign.search.entries import STOP_WORDS, Entry, compounds, entries, plain_words
from sysdesign.search.spelling import correct, vocabulary

# BM25 weights: without them the section that a query names ranks below those that mention it.
WEIGHTS = {"title": 8.0, "aliases": 8.0, "document": 4.0, "trail": 2.0, "body": 1.0}
LOOKED_AT = 12  # hits, of which those that the query names come first
ALL_WORDS = 0.1  # by so much a section that holds all words scores higher; tuned on half of the question banks
REFERENCES = "References"
SHORTEST_TEXT = 2  # words of a program's text that is looked for within a query
LONGEST_QUERY = 300
MOST_WORDS = 16
MOST_TOGETHER = 4  # words written as one (n+1, read-your-writes): what such a phrase costs grows with its square


@dataclass(frozen=True)
class Hit:
    """One section found, best first."""

    address: str
    url: str
    document: str
    title: str
    trail: str
    excerpt: str  # with the words found between « and »
    score: float  # higher is better


@dataclass(frozen=True)
class Answer:
    """What a query found, and how it was read."""

    query: str
    corrected: str  # "" when every word was known
    hits: tuple[Hit, ...]


class Index:
    """Sections of a reference, ready for queries. Safe to share between threads that take turns."""

    def __init__(self, reference: Reference) -> None:
        self._entries: tuple[Entry, ...] = tuple(entries(reference))
        self.vocabulary: Mapping[str, int] = vocabulary(_everything(entry) for entry in self._entries)
        self._names = {e.address: {plain_words(name) for name in (e.title, *e.aliases)} for e in self._entries}
        self._texts = {
            row: [plain_words(text) for text in e.texts] for row, e in enumerate(self._entries, start=1) if e.texts
        }
        self._rows = sqlite3.connect(":memory:", check_same_thread=False)
        self._rows.execute(
            f"CREATE VIRTUAL TABLE section USING fts5({', '.join(WEIGHTS)}, "
            "tokenize='porter unicode61 remove_diacritics 2')"
        )
        self._rows.executemany(
            "INSERT INTO section VALUES (?, ?, ?, ?, ?)",
            ((e.title, " ".join(e.aliases), e.document, e.trail, e.text) for e in self._entries),
        )

    def search(self, query: str, limit: int = 10) -> Answer:
        """The sections that hold the words of the query, best first; not all words need be met.

        Raises InvalidInput for a query without a word, or one beyond reason.
        """
        if len(query) > LONGEST_QUERY:
            raise InvalidInput(f"the query is {len(query)} characters long; at most {LONGEST_QUERY} work")
        if not 1 <= limit <= 100:
            raise InvalidInput(f"limit is {limit}; it takes a number from 1 to 100")
        typed = _bounded(compounds(query))
        if not typed:
            raise InvalidInput(f"the query {query!r} holds no word; type a term or a symptom")
        sought = [parts for parts in typed if len(parts) > 1 or parts[0] not in STOP_WORDS] or typed
        fixed = [[correct(word, self.vocabulary) for word in parts] for parts in sought]
        apart = [[word] for parts in fixed for word in parts]
        most = max(limit, LOOKED_AT)
        found = self._best(fixed, apart, most)
        corrected = " ".join(word for [word] in apart)
        names = {plain_words(query), plain_words(corrected)}
        found.sort(key=lambda hit: names.isdisjoint(self._names[hit.address]))
        printed = self._printed(plain_words(query), apart, most)
        first = {hit.address for hit in printed}
        found = [*printed, *(hit for hit in found if hit.address not in first)]
        return Answer(query, corrected if fixed != sought else "", tuple(found[:limit]))

    def _best(self, fixed: list[list[str]], apart: list[list[str]], most: int) -> list[Hit]:
        """Sections by what they hold of the words; those that hold all of them count for a little more.

        Lists of references come last: they hold every word, and answer nothing.
        """
        whole = {hit.address for words in (fixed, apart) for hit in self._match(words, " AND ", most)}
        found = {hit.address: hit for words in (fixed, apart) for hit in self._match(words, " OR ", most)}
        found |= {hit.address: hit for hit in self._match(apart, " AND ", most) if hit.address not in found}
        return sorted(
            found.values(),
            key=lambda hit: (
                REFERENCES in (hit.title, hit.trail),
                -hit.score * (1 + ALL_WORDS * (hit.address in whole)),
            ),
        )

    def _printed(self, asked: tuple[str, ...], words: list[list[str]], limit: int) -> list[Hit]:
        """Sections to which a text of programs leads that is the query, or stands in it as in a pasted line."""
        rows = [
            row
            for row, texts in self._texts.items()
            if any(text == asked or (len(text) >= SHORTEST_TEXT and _holds(asked, text)) for text in texts)
        ]
        return self._match(words, " OR ", limit, f" AND rowid IN ({', '.join(map(str, rows))})") if rows else []

    def _match(self, sought: list[list[str]], joint: str, limit: int, among: str = "") -> list[Hit]:
        """Sections with each of the phrases, or any; the last may be the beginning of a longer word."""
        terms = joint.join(f'"{" ".join(phrase)}"' for phrase in sought) + "*"
        weights = ", ".join(str(weight) for weight in WEIGHTS.values())
        rows = self._rows.execute(
            f"SELECT rowid, bm25(section, {weights}) AS rank, snippet(section, 4, '«', '»', ' … ', 24) "
            f"FROM section WHERE section MATCH ?{among} ORDER BY rank, rowid LIMIT ?",
            (terms, limit),
        ).fetchall()
        return [_hit(self._entries[rowid - 1], -rank, excerpt) for rowid, rank, excerpt in rows]


def _holds(words: tuple[str, ...], text: tuple[str, ...]) -> bool:
    """Whether the words of the text stand among the words in a row."""
    return any(words[at : at + len(text)] == text for at in range(len(words) - len(text) + 1))


def _bounded(typed: list[list[str]]) -> list[list[str]]:
    """Each phrase once, with so many words in all: beyond them a query finds no more, and only costs."""
    bounded: list[list[str]] = []
    count = 0
    for phrase in dict.fromkeys(tuple(phrase[:MOST_TOGETHER]) for phrase in typed):
        count += len(phrase)
        if bounded and count > MOST_WORDS:
            break
        bounded.append(list(phrase))
    return bounded


def _hit(entry: Entry, score: float, excerpt: str) -> Hit:
    return Hit(
        address=entry.address,
        url=entry.url,
        document=entry.document,
        title=entry.title,
        trail=entry.trail,
        excerpt=" ".join(excerpt.split()),
        score=round(score, 4),
    )


def _everything(entry: Entry) -> str:
    return " ".join((entry.title, *entry.aliases, entry.document, entry.text))
