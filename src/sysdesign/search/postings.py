"""The index: which entries hold a term, and how much that says; counts of words; names; texts of programs.

Scores are those of BM25 with fields weighted (Robertson and Zaragoza 2009), computed here once, so that a
query, here or in the page, only adds whole numbers.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sysdesign.search.entries import Entry
from sysdesign.search.words import stem, stems, terms, words

# Tuned on one half of the question banks, never on the other; near these values little changes.
WEIGHTS = {"title": 6.0, "aliases": 4.0, "document": 4.0, "trail": 3.0, "wordings": 3.0, "asked": 2.0, "text": 1.0}
SATURATION, LENGTH = 1.0, 0.3  # BM25's k1 and b; the length is that of the text alone
SCALE = 100  # scores are whole numbers, so that they add to the same in any language


@dataclass
class Postings:
    """An index in the making; then asked by `index.Index`, or written for the page by `pages`."""

    entries: list[Entry] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # of words, for the spelling
    names: dict[tuple[str, ...], list[int]] = field(default_factory=lambda: defaultdict(list))  # stems: rows
    texts: dict[tuple[str, ...], list[int]] = field(default_factory=lambda: defaultdict(list))
    _held: list[Counter[str]] = field(default_factory=list)  # by row: weight of each term
    _lengths: list[int] = field(default_factory=list)

    def add(self, found: Iterable[Entry]) -> None:
        """Take in entries, in the order of the site."""
        for row, entry in enumerate(found, start=len(self.entries)):
            self.entries.append(entry)
            held: Counter[str] = Counter()
            listed = {name: "\n".join(getattr(entry, name)) for name in ("aliases", "wordings", "asked")}
            texts = {**vars(entry), **listed}
            for name, weight in WEIGHTS.items():
                found_terms = terms(texts[name])
                for term, count in Counter(found_terms).items():
                    held[term] += weight * count  # type: ignore[assignment]
            self._held.append(held)
            self._lengths.append(len(found_terms))  # of the text, which comes last
            self.counts.update(words(" ".join((entry.title, *entry.aliases, *entry.asked, entry.document, entry.text))))
            for called in dict.fromkeys(stems(each) for each in (entry.title, *entry.aliases)):
                self.names[called].append(row)
            for printed in dict.fromkeys(stems(each) for each in entry.texts):
                self.texts[printed].append(row)

    def scores(self) -> dict[str, dict[int, int]]:
        """By term, the score that it adds to each entry holding it."""
        sections = [row for row, entry in enumerate(self.entries) if entry.kind == "section"]
        count = len(sections)  # what is rare, and what is long, is so among sections
        mean = sum(self._lengths[row] for row in sections) / max(count, 1)
        holding = Counter(term for row in sections for term in self._held[row])
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for row, held in enumerate(self._held):
            flat = SATURATION * (1 - LENGTH + LENGTH * self._lengths[row] / max(mean, 1.0))
            for term, weight in held.items():
                rare = math.log(1 + (count - holding[term] + 0.5) / (holding[term] + 0.5))
                score = rare * weight * (SATURATION + 1) / (weight + flat)
                found[term][row] = max(1, round(SCALE * score))
        return dict(found)

    def vocabulary(self) -> dict[str, int]:
        """Each word with how often it stands there, in order; words of digits alone are left out."""
        return {word: count for word, count in sorted(self.counts.items()) if not word.isdigit()}


def stem_of(word: str, known: Mapping[str, int]) -> str:
    """The stem of a known word; another is left as it is, here and in the page."""
    return stem(word) if word in known else word
