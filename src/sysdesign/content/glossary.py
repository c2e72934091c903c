"""Where the glossary's terms are linked, held against their names and the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sysdesign.content.records import Term
from sysdesign.errors import BadContent, nearest


def check_links(terms: Iterable[Term], slugs: Collection[str]) -> None:
    """Refuse what would silently link a term nowhere, or everywhere. Raises BadContent at the term's line."""
    for term in terms:
        for name, documents in term.linked_in.items():
            if name not in term.names:
                raise _bad(term, f"linked_in: {name!r} is no name of the term", nearest(name, term.names))
            for slug in documents:
                if slug not in slugs:
                    raise _bad(term, f"linked_in: unknown document {slug!r}", nearest(slug, slugs, "documents"))
        for phrase in term.other_senses:
            if not any(name.lower().removesuffix("y") in phrase.lower() for name in term.names):
                raise _bad(term, f"other_senses: {phrase!r} holds no name of the term", nearest(phrase, term.names))


def _bad(term: Term, found: str, fix: str) -> BadContent:
    return BadContent(term.place.path, term.place.line, found, fix)
