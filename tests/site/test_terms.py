"""Glossary terms are found where they are used, once a section."""

from __future__ import annotations

import pytest

from sysdesign.content.records import Term
from sysdesign.site.terms import TermFinder
from tests.reading import whole_reference

TERMS = {
    term.id: term
    for term in (
        Term(id="hit-ratio", term="hit ratio", sentence="", home=""),
        Term(id="hit", term="hit", sentence="", home=""),
        Term(id="policy", term="policy", aliases=("eviction rule",), sentence="", home=""),
        Term(id="cqrs", term="CQRS", aliases=("Vary",), sentence="", home=""),
        Term(id="quorum", term="R + W > N", sentence="", home=""),
        Term(
            id="log",
            term="log",
            aliases=("commit log", "journal"),
            sentence="",
            home="",
            linked_in={"log": ("04-databases",), "journal": ()},
            other_senses=("audit log", "log the age"),
        ),
    )
}


def found(text: str, seen: set[str] | None = None, slug: str = "05-caching") -> list[tuple[str, str]]:
    uses = TermFinder(TERMS, slug).first_uses(text, set() if seen is None else seen)
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
        ("A hit-ratio-like thing.", []),
        ("CQRS, the Vary header.", [("CQRS", "cqrs")]),
        ("If R + W > N, reads meet writes.", [("R + W > N", "quorum")]),
        ("R, W and N", []),
    ],
)
def test_terms_are_whole_words(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_a_term_is_marked_once() -> None:
    seen: set[str] = set()
    assert found("A hit and a hit.", seen) == [("hit", "hit")]
    assert found("Another hit.", seen) == []


@pytest.mark.parametrize("text", ["They vary, and it varies.", "cqrs"])
def test_a_name_with_capitals_is_found_as_spelled(text: str) -> None:
    assert found(text) == []


def test_a_name_is_linked_only_where_it_means_the_term() -> None:
    assert found("The log is kept.", slug="04-databases") == [("log", "log")]
    assert found("The log is kept.", slug="08-graphql") == []
    assert found("The commit log is kept.", slug="08-graphql") == [("commit log", "log")]
    assert found("A journal is kept.", slug="04-databases") == []


def test_a_phrase_of_another_sense_is_passed_over() -> None:
    text = "Audit logs, or log the age; the log is another."
    uses = list(TermFinder(TERMS, "04-databases").first_uses(text, set()))
    assert [(text[start:end], id_) for start, end, id_ in uses] == [("log", "log")]
    assert uses[0][0] == text.rindex("log")


@pytest.mark.parametrize(
    ("slug", "text", "expected"),
    [
        ("08-graphql", "The shape of such a call does not vary.", ""),
        ("08-graphql", "Both go into logs and traces.", ""),
        ("08-graphql", "An offset counts rows; a cursor marks one.", "cursor"),
        ("06-messaging", "The saved offset is behind, and no log shows an error.", "message-offset"),
        ("06-messaging", "A FIFO queue hands out by group.", ""),
        ("05-caching", "FIFO did as well.", "fifo"),
        ("05-caching", "Deletes come from the commit log, order n log n.", "message-log"),
        ("04-databases", "Log the position; the log tells the rest.", "message-log"),
        ("04-databases", "An index, not a search index.", "index"),
        ("07-resilience", "Prefetch hides a partial failure.", ""),
    ],
)
def test_the_glossary_tells_senses_apart(slug: str, text: str, expected: str) -> None:
    uses = TermFinder(whole_reference().terms, slug).first_uses(text, set())
    assert [id_ for _, _, id_ in uses] == expected.split()
