"""The brief of a document: composed from its parts, with nothing of its own."""

from __future__ import annotations

import pytest

from sysdesign.content import Reference, load
from sysdesign.content.brief import Bound, Brief, PlainAnswer, Point, Sum, brief, brief_markdown
from sysdesign.content.parsing import parse_document
from sysdesign.errors import InvalidInput
from sysdesign.operations.reading import read_brief
from tests.example import PATTERN, write_example

HOME = "05-Caching-Strategies"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return load(
        write_example(tmp_path_factory.mktemp("example"), pattern=PATTERN.replace("on a miss", "on a\nmiss[^x]"))
    )


@pytest.fixture(scope="module")
def found(example: Reference) -> Brief:
    return read_brief(example, "caching")


def test_what_stands_first_in_short_is_taken_with_its_links(found: Brief) -> None:
    says = f"Read the [copy]({HOME}.md#cache-stampede) first and fill it on a miss; set a lifetime on every entry."
    assert found.patterns == (Point("Cache-aside", f"{HOME}#cache-aside", says),)
    assert [point.title for point in found.concepts] == ["Cache stampede"]
    assert found.services[0].says == "Take it where a copy may be lost; alarm on `Evictions`."


def test_rows_with_a_star_are_taken_and_no_other(found: Brief) -> None:
    assert found.sums == tuple(
        Sum(f"How many requests meet expiry {n}?", "`rate` × rebuild", "1,000 requests") for n in range(2)
    )
    seen = "`NodeQuotaForClusterExceeded`"
    assert found.limits == (Bound("Amazon ElastiCache", "Nodes in a cluster", "none", "more", seen),)


def test_pitfalls_come_with_their_fix(found: Brief) -> None:
    assert len(found.pitfalls) == 10
    assert found.pitfalls[3] == Point("Pitfall 3", f"{HOME}#pitfall-3", "Warm it before it gets traffic 3.")


def test_decisions_come_with_what_to_begin_with(found: Brief) -> None:
    question = "What keeps one expiry from sending every reader to the origin?"
    assert found.decisions == (PlainAnswer("remedy", question, "Nothing", f"{HOME}#overview"),)


def test_the_markdown_is_a_document_whose_words_stand_in_the_document(example: Reference, found: Brief) -> None:
    parsed = parse_document(brief_markdown(found), "05-caching", HOME, "x.md")
    titles = [
        "Concepts",
        "Decisions",
        "Sums",
        "Patterns",
        "AWS services",
        "Limits that bind",
        "Pitfalls and their fixes",
    ]
    assert [section.title for section in parsed.sections[1:]] == titles
    for link in parsed.links:
        assert link.target.startswith(("decisions/remedy.yaml", f"{HOME}.md#"))
    document = example.documents["05-caching"]
    for point in (*found.concepts, *found.services, *found.pitfalls):
        assert point.says in document.source


def test_marks_are_kept_for_the_page_alone(example: Reference) -> None:
    document = example.documents["05-caching"]
    assert brief(document, (), marks=True).patterns[0].says.count("[^x]") == 1
    assert brief(document, (), marks=True).sums[0].example == "1,000 requests[^requests]"


def test_a_cell_may_hold_a_bar(example: Reference) -> None:
    rows = (Sum("a | b?", "`a | b`", "one"),)
    text = brief_markdown(Brief("D", "T", (), (), (), (), rows, (), ()))
    [table] = parse_document(text, "05-caching", HOME, "x.md").tables
    assert table.rows == (("a | b?", "a | b", "one"),)


def test_what_flips_an_answer_follows_it() -> None:
    answer = PlainAnswer("d", "Which?", "This", "", ("much load", "old data"))
    text = brief_markdown(Brief("D", "T", (), (), (), (answer,), (), (), ()))
    said = "Begin with **This**. Another answer with much load; or with old data."
    assert f"- [Which?](decisions/d.yaml) {said}\n" in text


def test_a_document_that_says_nothing_in_short_has_no_brief(example: Reference) -> None:
    plain = parse_document("# T\n\n## Overview\n\nText.\n", "05-caching", HOME, "x.md")
    with pytest.raises(InvalidInput, match="has no brief yet"):
        brief(plain, ())
