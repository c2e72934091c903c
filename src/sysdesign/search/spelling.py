"""Corrects words that the index does not hold.

The same rule runs in the page (assets/spelling.js): an unknown word of four letters or
more becomes the known word within one edit (two from eight letters on), where a swap
of neighbors is one edit, and a word of four letters is corrected to another of four by such
a swap alone; the most frequent of the nearest wins, then the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

SHORTEST = 4
LONG = 8


def correct(word: str, known: Mapping[str, int]) -> str:
    """The word itself where it is known, too short or like nothing known; else the nearest known word."""
    if word in known or len(word) < SHORTEST or word.isdigit() or any(k.startswith(word) for k in known):
        return word
    allowed = 2 if len(word) >= LONG else 1
    near = (
        (edits, -known[each], each)
        for each, edits in _within(word, tuple(known), allowed)
        if not _is_another(word, each)
    )
    return min(near, default=(0, 0, word))[2]


def _within(word: str, known: Sequence[str], most: int) -> Iterator[tuple[str, int]]:
    """The known words within so many edits (optimal string alignment), with the edits to each."""
    from rapidfuzz.distance import OSA  # here alone: few queries hold a word that is not known
    from rapidfuzz.process import extract_iter

    return ((each, int(edits)) for each, edits, _ in extract_iter(word, known, scorer=OSA.distance, score_cutoff=most))


def _is_another(word: str, candidate: str) -> bool:
    """Whether so short a word is another word, not a slip: "dual" is not "deal"."""
    swapped = sorted(candidate) == sorted(word)
    return len(candidate) < SHORTEST or (len(candidate) == len(word) == SHORTEST and not swapped)
