"""Glossary terms are found where they are used, once a section."""

from __future__ import annotations

import pytest

from sysdesign.content.records import Term
from sysdesign.site.terms import TermFinder

TERMS = {
    term.id: term
    for term in (
        Term(id="hit-ratio", term="hit ratio", sentence="", home=""),
        Term(id="hit", term="hit", sentence="", home=""),
        Term(id="policy", term="policy", aliases=("eviction rule",), sentence="", home=""),
        Term(id="cqrs", term="CQRS", sentence="", home=""),
    )
}


def found(text: str, seen: set[str] | None = None) -> list[tuple[str, str]]:
    uses = TermFinder(TERMS, text).first_uses(text, set() if seen is None else seen)
    return [(text[start:end], id_) for start, end, id_ in uses]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The hit ratio counts.", [("hit ratio", "hit-ratio")]),
        ("Hit ratios count.", [("Hit ratios", "hit-ratio")]),
        ("A hit is cheap; the hit ratio tells.", [("hit", "hit"), ("hit ratio", "hit-ratio")]),
        ("Policies differ.", [("Policies", "policy")]),
        ("An eviction rule.", [("eviction rule", "policy")]),
        ("A white paper hits whiter walls; prohibit it.", [("hits", "hit")]),
        ("hit, ratio", [("hit", "hit")]),
        ("cqrs", [("cqrs", "cqrs")]),
    ],
)
def test_terms_are_whole_words(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_term_is_marked_once() -> None:
    seen: set[str] = set()
    assert found("A hit and a hit.", seen) == [("hit", "hit")]
    assert found("Another hit.", seen) == []
