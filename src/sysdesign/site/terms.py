"""Glossary terms in the text: where each is first used in a section."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

from sysdesign.content.records import Term

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9'’-]*(?:/[A-Za-z0-9]+)*")


class TermFinder:
    """Finds the terms that a document uses. Singular and plural are the same term."""

    def __init__(self, terms: Mapping[str, Term], source: str) -> None:
        lowered = source.lower()
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for term in terms.values():
            for name in (term.term, *term.aliases):
                if name.lower().removesuffix("y") in lowered:
                    self._add(name.lower(), term.id)
        for phrases in self._phrases.values():
            phrases.sort(key=lambda phrase: -len(phrase[0]))

    @property
    def finds(self) -> bool:
        """Whether there is any term to find."""
        return bool(self._phrases)

    def _add(self, name: str, id_: str) -> None:
        words = tuple(WORD.findall(name))
        if not words:
            return
        for last in (words[-1], *_plurals(words[-1])):
            phrase = (*words[:-1], last)
            self._phrases.setdefault(phrase[0], []).append((phrase, id_))

    def first_uses(self, text: str, seen: set[str]) -> Iterator[tuple[int, int, str]]:
        """Start, end and id of each term in `text` that is not in `seen`; adds it there."""
        if self._phrases.keys().isdisjoint(map(str.lower, WORD.findall(text))):
            return  # most texts begin no term, and this tells it at a fifth of the cost
        found = list(WORD.finditer(text))
        at = 0
        while at < len(found):
            step = 1
            for phrase, id_ in self._phrases.get(found[at].group().lower(), ()):
                matched = self._matches(text, found, at, phrase)
                if not matched:
                    continue
                step = len(phrase)
                if id_ not in seen:
                    seen.add(id_)
                    yield found[at].start(), found[at + step - 1].end(), id_
                break
            at += step

    @staticmethod
    def _matches(text: str, found: list[re.Match[str]], at: int, phrase: tuple[str, ...]) -> bool:
        words = found[at : at + len(phrase)]
        if tuple(word.group().lower() for word in words) != phrase:
            return False
        return all(text[a.end() : b.start()].isspace() for a, b in itertools.pairwise(words))


def _plurals(word: str) -> tuple[str, ...]:
    if word.endswith("y") and len(word) > 3:
        return (f"{word[:-1]}ies",)
    if word.endswith(("s", "x", "ch", "sh")):
        return (f"{word}es",)
    return (f"{word}s",)
