"""The checks cannot be fooled: whatever backs a sentence of the reference, taking it away or changing it is found.

Every footnote mark, every footnote text and every digit of a backed number is tried, each in a copy of its
document. Changes that cannot hide each other are made in one copy, so that all of them can be tried; sections
that a copy has nothing to do with are left empty in it, lines and headings kept, so that it is read sooner.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sysdesign.checks import Finding, check
from sysdesign.checks.computation import equals_input
from sysdesign.checks.quantities import Quantity, all_numbers, quantities
from sysdesign.content import Reference
from sysdesign.content.document import Document, Statement
from sysdesign.content.parsing import parse_document
from sysdesign.content.tidy import tidied
from tests.reading import whole_reference

TODAY = dt.date(2026, 11, 23)
RULES = ("unbacked-quantity", "footnote-unknown", "footnote-undefined", "footnote-unused", "stale-footnote")
REFERENCE = whole_reference()
DOCUMENTS = sorted(REFERENCE.documents)
# What is written as it is: footnote marks, code, formulas, addresses, the address and line of an image.
LITERAL = re.compile(r"\[\^[^\]]*\]|`[^`]*`|\$[^$]*\$|\]\([^)]*\)|^!\[.*$|^#.*$")
MARK = re.compile(r"(?<!^)\[\^([^\]\s]+)\]", re.MULTILINE)  # at the beginning of a line stands its text
ASSUMED = re.compile(r"\b(?:assumed?|say|suppose)\b", re.IGNORECASE)
DEFINITION = re.compile(r"^\[\^[^\]\s]+\]:")


def tidy(slug: str) -> Document:
    """The document with its footnote texts as the records give them."""
    document = REFERENCE.documents[slug]
    return parse_document(tidied(REFERENCE, document), document.slug, document.name, document.path)


def findings(document: Document, text: str) -> tuple[Reference, list[Finding]]:
    """What the evidence rules say of the document with another text."""
    changed = parse_document(text, document.slug, document.name, document.path)
    reference = replace(REFERENCE, documents={document.slug: changed})
    return reference, list(check(reference, today=TODAY, documents=[document.slug], only=RULES))


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request: pytest.FixtureRequest) -> Document:
    found = tidy(request.param)
    _, before = findings(found, found.source)
    assert before == [], "the document is not clean to begin with"
    return found


def lines_without(document: Document, wanted: set[int]) -> set[int]:
    """Lines below headings under which none of the wanted lines stands; footnote texts are not among them."""
    lines = document.source.split("\n")
    return {
        line
        for section in document.sections
        if wanted.isdisjoint(range(section.line, section.end_line + 1))
        for line in range(section.line + 1, section.end_line + 1)
        if not DEFINITION.match(lines[line - 1])
    }


def emptied(text: str, lines: set[int]) -> str:
    """The text with these lines empty."""
    return "\n".join("" if at in lines else line for at, line in enumerate(text.split("\n"), start=1))


def marks_by_id(text: str) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for match in MARK.finditer(text):
        found[match[1]].append(match.span())
    return found


def test_every_deleted_footnote_mark_is_found(document: Document) -> None:
    """One mark of each id at a time: what is found of one id does not depend on another."""
    marks = marks_by_id(document.source)
    assert sum(map(len, marks.values())) == len(document.footnote_uses)
    for turn in range(max(map(len, marks.values()), default=0)):
        removed = {id_: spans[turn] for id_, spans in marks.items() if len(spans) > turn}
        used = {document.source.count("\n", 0, start) + 1 for id_ in removed for start, _ in marks[id_]}
        text = document.source
        for start, end in sorted(removed.values(), reverse=True):
            text = text[:start] + text[end:]
        _, found = findings(document, emptied(text, lines_without(document, used)))
        told = {id_ for id_ in removed for finding in found if f"'{id_}'" in finding.message}
        assert told == set(removed)


def test_every_deleted_footnote_text_is_found(document: Document) -> None:
    text = "\n".join(line for line in document.source.split("\n") if not DEFINITION.match(line))
    _, found = findings(document, text)
    undefined = {finding.message.split("'")[1] for finding in found if finding.rule == "footnote-undefined"}
    assert undefined == {use.id for use in document.footnote_uses}


def digits_by_line(text: str) -> list[list[int]]:
    """For each line the places of the digits that a reader takes for text."""
    lines = []
    for line in text.split("\n"):
        hidden = {at for match in LITERAL.finditer(line) for at in range(*match.span())}
        shown = (
            [] if DEFINITION.match(line) else [m.start() for m in re.finditer(r"\d", line) if m.start() not in hidden]
        )
        lines.append(shown)
    return lines


def with_changed_digits(text: str, places: list[list[int]], turn: int) -> str:
    """The text with the digit that has its turn in each line raised."""
    lines = text.split("\n")
    for at, shown in enumerate(places):
        if len(shown) > turn:
            place = shown[turn]
            digit = (int(lines[at][place]) + 1) % 10
            lines[at] = f"{lines[at][:place]}{digit}{lines[at][place + 1 :]}"
    return "\n".join(lines)


def backed_numbers_that_changed(reference: Reference, document: Document, empty: set[int]) -> Iterator[Statement]:
    """Statements with evidence of their own in which a quantity now reads differently.

    One that now happens to read like another input of its record, or like another claim of its source, cannot be
    told from it, and is left out; so is a small bare count that rests on a source.
    """
    changed = reference.documents[document.slug]
    statements = [each for each in document.statements if each.line not in empty]
    assert len(changed.statements) == len(statements)
    own = {(use.line, use.covers) for use in document.footnote_uses}
    strict = {(use.line, use.covers) for use in document.footnote_uses if use.id not in reference.sources}
    claims = reference.claims[document.slug]
    for before, after in zip(statements, changed.statements, strict=True):
        if (before.line, before.text) not in own or before.text == after.text or ASSUMED.search(before.text):
            continue
        old, new = ({found.base: found for found in quantities(s.text)} for s in (before, after))
        records = [reference.numbers[id_] for id_ in before.backing if id_ in reference.numbers]
        claimed = [n for c in claims if c.source in before.backing for n in all_numbers(c.statement)]
        strange = [new[base] for base in new.keys() - old.keys()]
        if (before.line, before.text) not in strict:
            strange = [found for found in strange if not found.bare_count and not any(same(found, n) for n in claimed)]
        if strange and not all(any(equals_input(found, record) for record in records) for found in strange):
            yield after


def same(one: Quantity, other: Quantity) -> bool:
    return math.isclose(one.base, other.base) or math.isclose(one.value, other.value)


def test_every_changed_digit_of_a_backed_number_is_found(document: Document) -> None:
    places = digits_by_line(document.source)
    tried = 0
    for turn in range(max(map(len, places))):
        empty = lines_without(document, {at for at, shown in enumerate(places, start=1) if len(shown) > turn})
        reference, found = findings(document, emptied(with_changed_digits(document.source, places, turn), empty))
        told = {finding.place.line for finding in found if finding.rule == "unbacked-quantity"}
        changed = list(backed_numbers_that_changed(reference, document, empty))
        assert [s.text for s in changed if s.line not in told] == []
        tried += len(changed)
    backed = [use for use in document.footnote_uses if use.id in REFERENCE.numbers]
    assert tried >= len({(use.line, use.covers) for use in backed})
