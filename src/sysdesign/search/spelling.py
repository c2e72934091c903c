"""Corrects words that the index does not hold.

The same rule runs in the page (assets/spelling.js): an unknown word of four letters or
more becomes the known word within one edit (two from eight letters on), where a swap
of neighbors is one edit, and a word of four letters is corrected to another of four by such
a swap alone; the most frequent of the nearest wins, then the alphabet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

SHORTEST = 4
LONG = 8


class Vocabulary:
    """Counts the words of texts; words of digits alone are left out."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, text: str) -> None:
        """Count the words of one more text."""
        from sysdesign.search.entries import words

        self._counts.update(words(text))

    def words(self) -> dict[str, int]:
        """Each word with how often it stands there, in order."""
        return {word: count for word, count in sorted(self._counts.items()) if not word.isdigit()}


def vocabulary(texts: Iterable[str]) -> dict[str, int]:
    """Each word of the texts with how often it stands there; words of digits alone are left out."""
    counted = Vocabulary()
    for text in texts:
        counted.add(text)
    return counted.words()


def correct(word: str, known: Mapping[str, int]) -> str:
    """The word itself where it is known, too short or like nothing known; else the nearest known word."""
    if word in known or len(word) < SHORTEST or word.isdigit() or any(k.startswith(word) for k in known):
        return word
    allowed = 2 if len(word) >= LONG else 1
    best: tuple[int, int, str] | None = None
    asked = _letters(word)
    for candidate, count in known.items():
        if (_letters(candidate) ^ asked).bit_count() > 2 * allowed:
            continue  # an edit adds one letter and takes one away at most: this spares counting for most words
        if abs(len(candidate) - len(word)) > allowed or len(candidate) < SHORTEST:
            continue
        if len(candidate) == len(word) == SHORTEST and sorted(candidate) != sorted(word):
            continue  # "dual" is not "deal": so short a word is another word, not a slip
        edits = distance(word, candidate, allowed)
        if edits <= allowed and (best is None or (edits, -count, candidate) < best):
            best = (edits, -count, candidate)
    return best[2] if best else word


@lru_cache(maxsize=1 << 18)
def _letters(word: str) -> int:
    """Which characters a word holds, a bit each; those beyond the alphabet share bits, which only spares less."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 63)
    return bits


def distance(a: str, b: str, most: int) -> int:
    """Edits from a to b (optimal string alignment), or `most + 1` when there are more."""
    before_last: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before_last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before_last, last = last, row
    return last[-1]
