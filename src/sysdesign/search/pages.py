"""The index as files that the page loads piece by piece (assets/search.js): only what a query needs.

`search/words.json` holds how queries are read: `stop`, how many `rows` and `sections` there are, the rows at which a
document `starts`, the `last` rows, which `pieces` there are of the terms, the `rules` of index.py, and each word with
its count, and its stem where that differs. `search/terms/XX.json` holds the terms that begin with two letters: `terms`
by stem (row and score in turn, rows as steps from the one before), `names` and `texts` by their stems in a row.
`search/rows/N.json` holds entries in their order: kind, title, place, document, trail, text.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sysdesign.search.entries import Entry
from sysdesign.search.index import REFERENCES, RULES, starts
from sysdesign.search.postings import Postings
from sysdesign.search.words import STOP_WORDS, stem

ROWS_A_FILE = 16
OTHER = "other"  # where terms stand that begin with no two of these letters
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


def search_files(sections: Iterable[Entry], others: Iterable[Entry]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each file, under the site's root."""
    postings = Postings()
    postings.add(sections)
    count = len(postings.entries)
    postings.add(others)
    pieces = sorted(_terms(postings).items())
    yield "search/words.json", _json({**_reading(postings, count), "pieces": [piece for piece, _ in pieces]})
    for piece, held in pieces:
        yield f"search/terms/{piece}.json", _json(held)
    for first in range(0, len(postings.entries), ROWS_A_FILE):
        rows = postings.entries[first : first + ROWS_A_FILE]
        yield f"search/rows/{first // ROWS_A_FILE}.json", _json([_row(entry) for entry in rows])


def piece_of(term: str) -> str:
    """The file of a term."""
    return term[:2] if LETTERS.issuperset(term[:2]) else OTHER


def _reading(postings: Postings, sections: int) -> dict[str, Any]:
    counted = {word: (count, stem(word)) for word, count in postings.vocabulary().items()}
    words = {word: count if form == word else [count, form] for word, (count, form) in counted.items()}
    last = [row for row, entry in enumerate(postings.entries) if REFERENCES in (entry.title, entry.trail)]
    told = {"stop": sorted(STOP_WORDS), "rows": len(postings.entries), "sections": sections, "last": last}
    told["starts"] = starts(postings.entries[:sections])
    return {**told, "a_file": ROWS_A_FILE, "rules": RULES, "words": words}


def _terms(postings: Postings) -> dict[str, dict[str, dict[str, list[int]]]]:
    pieces: dict[str, Any] = defaultdict(lambda: {"terms": {}, "names": {}, "texts": {}})
    for term, found in sorted(postings.scores().items()):
        pieces[piece_of(term)]["terms"][term] = list(_steps(found))
    for kind in ("names", "texts"):
        for name, rows in sorted(getattr(postings, kind).items()):
            if name:
                pieces[piece_of(name[0])][kind][" ".join(name)] = rows
    return pieces


def _steps(found: Mapping[int, int]) -> Iterator[int]:
    before = 0
    for row, score in found.items():
        yield from (row - before, score)
        before = row


def _row(entry: Entry) -> list[str]:
    text = " ".join((entry.text or entry.says).split())
    return [entry.kind, entry.title, entry.url, entry.document, entry.trail, text]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
