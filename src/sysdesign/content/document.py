"""One written document, as frozen values with line numbers.

Checks, pages, search and commands all read these; nobody else parses Markdown.
Lines are 1-based lines of the Markdown file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from markdown_it.token import Token

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

QUESTIONS = "Common Questions"  # the `###` that ends the pitfalls

Kind = Literal["sentence", "cell", "header", "caption"]


@dataclass(frozen=True)
class Lead:
    """A list item that begins with a bold word or two, as the parts of a pattern and of a pitfall do."""

    name: str  # without a full stop or colon
    markdown: str  # what follows, footnote marks kept
    line: int


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
    tokens: tuple[Token, ...] = field(repr=False)  # tokens below the heading, heading and footnote texts excluded
    in_short: str = ""  # Markdown of its opening paragraph, where that is marked so
    leads: tuple[Lead, ...] = ()

    @cached_property
    def words(self) -> int:
        """Words of its own prose."""
        return len(self.text.split())

    @cached_property
    def first_sentence(self) -> str:
        """Its first sentence, or "" when it has no prose of its own."""
        from sysdesign.content.markdown import sentences  # loads a parser, which texts that are kept do not need

        return next((sentence.strip() for sentence, _ in sentences(self.text)), "")


@dataclass(frozen=True)
class Figure:
    """An image: a drawing made from a diagram (.d2) or chart (.yaml) beside it."""

    src: str  # figures/05-caching/stampede.svg
    alt: str
    caption: str
    line: int
    section: str  # anchor
    alone: bool = True  # in a paragraph of its own, footnote marks aside

    @property
    def name(self) -> str:
        """ "05-caching/stampede", the key of its source in Reference.figures."""
        return self.src.removeprefix("figures/").removesuffix(".svg")


@dataclass(frozen=True)
class Table:
    """A table, with its cells as plain text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_lines: tuple[int, ...]
    line: int
    section: str
    caption: str  # the paragraph directly above that ends with a colon, or ""
    markdown: tuple[tuple[str, ...], ...] = field(default=(), repr=False)  # the rows' cells as they are written


@dataclass(frozen=True)
class Link:
    """A link, image links excluded."""

    target: str
    text: str
    line: int
    section: str


@dataclass(frozen=True)
class FootnoteUse:
    """One footnote mark in the text."""

    id: str
    line: int
    section: str
    covers: str  # its sentence, table cell or caption, as plain text without marks


@dataclass(frozen=True)
class Statement:
    """A sentence, table cell or caption as plain text, and the footnotes that cover it.

    A cell is also covered by its table's caption line, a figure's caption by
    the marks that stand beside the image.
    """

    text: str
    kind: Kind
    line: int
    section: str
    backing: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A common question with its short answer (the bold lead, or the first paragraph)."""

    question: str
    short_answer: str
    anchor: str
    line: int
    see: tuple[str, ...] = ()  # where its last line sends the reader: targets of links


@dataclass(frozen=True)
class Document:
    """A written document."""

    slug: str
    name: str
    title: str
    path: str  # reference/05-Caching-Strategies.md
    source: str = field(repr=False)
    sections: tuple[Section, ...]
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    links: tuple[Link, ...]
    footnote_uses: tuple[FootnoteUse, ...]
    footnote_texts: dict[str, tuple[str, int]]  # id: (text, line)
    statements: tuple[Statement, ...]
    questions: tuple[Question, ...]
    tokens: tuple[Token, ...] = field(repr=False)  # the whole token stream but the footnote texts, for the page

    @cached_property
    def by_anchor(self) -> dict[str, Section]:
        """Its sections by anchor."""
        return {section.anchor: section for section in self.sections}

    def below(self, anchor: str) -> tuple[Section, ...]:
        """The section with that anchor and every section inside it."""
        return tuple(s for s in self.sections if s.anchor == anchor or anchor in s.parents)

    def chapter(self, anchor: str) -> str:
        """Title of the `##` section that holds the section with that anchor, or "" above the first."""
        section = self.by_anchor.get(anchor)
        if section is None or section.level < 2:
            return ""
        if section.level == 2:
            return section.title
        return self.by_anchor[section.parents[1]].title if len(section.parents) > 1 else ""
