"""Which sections and tables of a document are which part of its form: concepts, patterns, services, pitfalls, sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sysdesign.content.document import QUESTIONS, Document, Section, Table

TOGETHER = "How the Parts Fit Together"
SIZING = "Sizing"
WIRING = "Wiring"
STAR = "★ "  # opens the first cell of a row that the brief takes
LIMIT = "Limit"  # first header cell of a table of limits
PATTERN_LEADS = ("Use when", "Not when", "At ten times the load", "Sign of the wrong choice")
PITFALL_LEADS = ("Symptom", "Cause", "Looks the same", "Detect", "Fix", "Not a fix")


def concepts(document: Document) -> tuple[Section, ...]:
    """The sections of Core Concepts, one an idea."""
    return _inside(document, "core-concepts")


def patterns(document: Document) -> tuple[Section, ...]:
    """The architecture patterns, without the section that shows how they fit together."""
    return _inside(document, "architecture-patterns", TOGETHER)


def services(document: Document) -> tuple[Section, ...]:
    """The services of the AWS section, without their wiring."""
    return _inside(document, "aws-implementation", WIRING)


def pitfalls(document: Document) -> tuple[Section, ...]:
    """The pitfalls, without the common questions."""
    return _inside(document, "common-pitfalls", QUESTIONS)


def _inside(document: Document, chapter: str, *but: str) -> tuple[Section, ...]:
    return tuple(s for s in document.sections if s.level == 3 and chapter in s.parents and s.title not in but)


def titled(document: Document, chapter: str, title: str) -> Section | None:
    """The `###` of that title in the chapter with that anchor."""
    return next((section for section in _inside(document, chapter) if section.title == title), None)


def sizing(document: Document) -> Table | None:
    """The table of everyday sums."""
    home = titled(document, "trade-offs-and-considerations", SIZING)
    return next(iter(tables(document, home)), None) if home else None


def limits(document: Document) -> list[Table]:
    """The tables of limits that bind, one a service."""
    return [table for service in services(document) for table in tables(document, service) if table.header[0] == LIMIT]


def tables(document: Document, home: Section) -> list[Table]:
    """The tables that stand in a section or in what is inside it."""
    inside = {section.anchor for section in document.below(home.anchor)}
    return [table for table in document.tables if table.section in inside]


def starred(found: Iterable[Table]) -> Iterator[tuple[Table, int]]:
    """The rows that the brief takes: their table, and which of its rows."""
    for table in found:
        for at, row in enumerate(table.rows):
            if row[0].startswith(STAR):
                yield table, at


def body_words(document: Document) -> int:
    """Words of prose outside the references; tables, captions, code and footnotes are none."""
    return sum(section.words for section in document.sections if document.chapter(section.anchor) != "References")
