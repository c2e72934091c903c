"""One written document, parsed once into frozen values with line numbers.

Checks, pages, search and commands all read these; nobody else parses Markdown.
Lines are 1-based lines of the Markdown file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SECTIONS = (
    "Overview",
    "Core Concepts",
    "Architecture Patterns",
    "Trade-offs and Considerations",
    "AWS Implementation",
    "Use Cases",
    "Best Practices",
    "Common Pitfalls",
    "References",
)


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, up to the next heading of any level."""

    title: str
    anchor: str
    level: int  # 1 is the document's title
    line: int
    end_line: int  # last line of the text below it, subsections not counted
    parents: tuple[str, ...]  # anchors of the headings above it, outermost first
    text: str  # its own prose as plain text: paragraphs and list items, no tables, figures or footnote marks
    words: int  # words of `text`
    tokens: tuple[Any, ...] = field(repr=False)  # markdown-it tokens below the heading, heading excluded

    @property
    def first_sentence(self) -> str: ...


@dataclass(frozen=True)
class Figure:
    """An image: a drawing made from a diagram (.d2) or chart (.yaml) beside it."""

    src: str  # figures/05-caching/stampede.svg
    alt: str
    caption: str
    line: int
    section: str  # anchor


@dataclass(frozen=True)
class Table:
    """A table, with its cells as plain text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_lines: tuple[int, ...]
    line: int
    section: str
    caption: str  # the paragraph directly above that ends with a colon or starts with "Table:", or ""


@dataclass(frozen=True)
class Link:
    """A link, image links excluded."""

    target: str
    text: str
    line: int
    section: str


@dataclass(frozen=True)
class FootnoteUse:
    """One footnote mark in the text, with the text it covers."""

    id: str
    line: int
    section: str
    covers: str  # its sentence, table cell or caption line, as plain text without marks
    in_table: bool


@dataclass(frozen=True)
class Statement:
    """A sentence, table cell, list item or caption as plain text, and the evidence that covers it.

    `kind` says which; `backing` holds the ids of the footnotes whose marks stand in it
    (for a table cell also those in the table's caption line; for a caption those in its paragraph).
    """

    text: str
    kind: str  # sentence | cell | header | caption
    line: int
    section: str
    backing: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A common question with its short answer (the first sentence or bold lead)."""

    question: str
    short_answer: str
    line: int


@dataclass(frozen=True)
class Document:
    """A written document."""

    slug: str
    name: str
    title: str
    path: str  # reference/05-Caching-Strategies.md
    source: str
    sections: tuple[Section, ...]
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    links: tuple[Link, ...]
    footnote_uses: tuple[FootnoteUse, ...]
    footnote_texts: dict[str, tuple[str, int]]  # id: (text, line)
    statements: tuple[Statement, ...]
    questions: tuple[Question, ...]
    tokens: tuple[Any, ...] = field(repr=False)  # the whole token stream, for the page
