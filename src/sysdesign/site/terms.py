"""Glossary terms in the text: where each is first used in a section.

A word that is also a term often means something else: a proxy logs a line, a cell
of a table is no cell of a fleet. The glossary says in which documents a name
means the term (`linked_in`) and in which phrases it never does (`other_senses`).
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sysdesign.content.records import Term

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'’-]*(?:/[A-Za-z0-9]+)*")


class Phrase(NamedTuple):
    """Words to find. A name with a capital letter is found only as it is spelled: Vary, but not "they vary"."""

    words: tuple[str, ...]
    gaps: tuple[str, ...]  # what stands between the words, without the space
    exact: bool
    term: str  # id; empty where the phrase means no term


Use = tuple[int, int, str]  # start and end in a text, and the term's id
MOST_FINDERS, MOST_TEXTS = 64, 20_000


class TermFinder:
    """Finds the terms that a document uses. Singular and plural are the same term."""

    def __init__(self, terms: Mapping[str, Term], slug: str = "") -> None:
        self.terms = tuple(terms.values())
        self._phrases: dict[str, list[Phrase]] = {}
        self._found: dict[str, tuple[Use, ...]] = {}  # by text: most of a document's stay as they are in an edit
        for term in self.terms:
            for name in term.names:
                if slug in term.linked_in.get(name, (slug,)):
                    self._add(name, term.id)
            for phrase in term.other_senses:
                self._add(phrase.lower(), "")
        for phrases in self._phrases.values():
            phrases.sort(key=lambda phrase: -len(phrase.words))

    @property
    def finds(self) -> bool:
        """Whether there is any term to find."""
        return bool(self._phrases)

    def _add(self, name: str, id_: str) -> None:
        found = list(WORD.finditer(name))
        if not found:
            return
        words = tuple(word.group() for word in found)
        for last in (words[-1], *_plurals(words[-1])):
            phrase = Phrase((*words[:-1], last), _gaps(name, found), name != name.lower(), id_)
            self._phrases.setdefault(phrase.words[0].lower(), []).append(phrase)

    def first_uses(self, text: str, seen: set[str]) -> Iterator[Use]:
        """Start, end and id of each term in `text` that is not in `seen`; adds it there."""
        uses = self._found.get(text)
        if uses is None:
            if len(self._found) >= MOST_TEXTS:
                self._found.clear()
            uses = self._found[text] = tuple(self._uses(text))
        for use in uses:
            if use[2] not in seen:
                seen.add(use[2])
                yield use

    def _uses(self, text: str) -> Iterator[Use]:
        """Every use of a term in the text."""
        if self._phrases.keys().isdisjoint(map(str.lower, WORD.findall(text))):
            return  # most texts begin no term, and this tells it at a fifth of the cost
        found = list(WORD.finditer(text))
        at = 0
        while at < len(found):
            step = 1
            for phrase in self._phrases.get(found[at].group().lower(), ()):
                words = found[at : at + len(phrase.words)]
                if not _matches(text, words, phrase):
                    continue
                step = len(words)
                if phrase.term:
                    yield words[0].start(), words[-1].end(), phrase.term
                break
            at += step


_finders: dict[tuple[str, int], TermFinder] = {}


def finder(terms: Mapping[str, Term], slug: str) -> TermFinder:
    """The finder for a document. As long as the glossary stays, it is the one of the last build."""
    key = slug, len(terms)
    found = _finders.get(key)
    if found is None or any(map(operator.is_not, found.terms, terms.values())):
        while len(_finders) >= MOST_FINDERS:
            _finders.pop(next(iter(_finders), ("", 0)), None)
        found = _finders[key] = TermFinder(terms, slug)
    return found


def _matches(text: str, found: list[re.Match[str]], phrase: Phrase) -> bool:
    words = tuple(word.group() if phrase.exact else word.group().lower() for word in found)
    return words == phrase.words and _gaps(text, found) == phrase.gaps


def _gaps(text: str, found: list[re.Match[str]]) -> tuple[str, ...]:
    return tuple("".join(text[a.end() : b.start()].split()) for a, b in itertools.pairwise(found))


def _plurals(word: str) -> tuple[str, ...]:
    if word.endswith("y") and len(word) > 3:
        return (f"{word[:-1]}ies",)
    if word.endswith(("s", "x", "ch", "sh")):
        return (f"{word}es",)
    return (f"{word}s",)
