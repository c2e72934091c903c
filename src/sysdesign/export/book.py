"""Documents as one book: chapters as trees, their figures, the evidence at the end of each, and where links lead.

What a page says is said once, by sysdesign.site; a book takes its text and leaves what only a screen can do.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sysdesign.content import Reference
from sysdesign.content.brief import has_brief
from sysdesign.content.document import Document, Figure
from sysdesign.errors import InvalidInput
from sysdesign.site.addresses import folder_of
from sysdesign.site.brief_page import brief_text
from sysdesign.site.drawing import drawing
from sysdesign.site.evidence import date_text, note_view
from sysdesign.site.figures import FigureRoom
from sysdesign.site.layout import Site, environment
from sysdesign.site.prose import Prose

ROOT = "./"
TITLE = "System Design Reference"
GLOSSARY = "glossary"  # the chapter of terms


@dataclass(frozen=True)
class Chapter:
    """A document, or its brief, as a book holds it."""

    slug: str
    title: str
    sentence: str
    group: str
    body: Element  # a div: headings of level 2 and below, paragraphs, lists, tables, figures
    notes: tuple[Element, ...]  # list items, in order of first use
    terms: tuple[str, ...]
    figures: tuple[str, ...]  # names: 05-caching/stampede


@dataclass(frozen=True)
class Place:
    """Where a link within the book leads."""

    chapter: str
    anchor: str  # "" for its beginning


@dataclass(frozen=True)
class Book:
    """Chapters in reading order."""

    title: str
    reference: Reference
    chapters: tuple[Chapter, ...]
    address: str = ""  # of the site, where pages that no book holds are found
    folders: dict[str, str] = field(default_factory=dict)  # folder of a page: its chapter

    @property
    def newest(self) -> str:
        """The day on which the newest of its facts was checked: January 2, 2026."""
        dates = [fact.checked for fact in self.reference.facts.values()]
        return date_text(max(dates)) if dates else ""

    @property
    def terms(self) -> list[str]:
        """Ids of the terms that its chapters mark, by what the reader sees."""
        found = {term for chapter in self.chapters for term in chapter.terms}
        return sorted(found, key=lambda term: self.reference.terms[term].term.lower())

    @property
    def figures(self) -> list[str]:
        """Names of all figures, each once."""
        return list(dict.fromkeys(name for chapter in self.chapters for name in chapter.figures))

    def drawing(self, name: str) -> bytes:
        """The file of a figure."""
        return (self.reference.root / "figures" / f"{name}.svg").read_bytes()

    def size(self, name: str) -> tuple[float, float]:
        """Width and height of a figure, in px."""
        drawn = drawing(self.drawing(name).decode())
        return drawn.width, drawn.height

    def target(self, href: str, slug: str) -> Place | str | None:
        """Where a link of the chapter `slug` leads: a place in the book, an address, or nowhere that a book has."""
        if href.startswith("#"):
            return Place(GLOSSARY if href.startswith("#term:") else slug, href[1:])
        if href.startswith(("http:", "https:", "mailto:")):
            return href
        path, _, anchor = href.removeprefix(ROOT).partition("#")
        if path in self.folders:
            return Place(self.folders[path], anchor)
        if path == "glossary/":
            return Place(GLOSSARY, anchor)
        return f"{self.address}{href.removeprefix(ROOT)}" if self.address else None


class _PrintedFigures(FigureRoom):
    """Figures as images with their description, and no tools."""

    def html(self, figure: Figure, marks: str, asked_by: str, root: str) -> str:
        """A figure as a book shows it."""
        self.read(figure.name, asked_by, figure.line)  # says where one is missing
        return (
            f'<figure id="{escape("fig:" + figure.name.rsplit("/")[-1])}">'
            f'<img src="{escape(figure.name)}" alt="{escape(figure.alt)}"/>'
            f"<figcaption>{escape(figure.caption, quote=False)}{marks}</figcaption></figure>\n"
        )


def chosen(reference: Reference, names: Sequence[str]) -> list[str]:
    """Slugs of the written documents that these names mean, in reading order; all without a name.

    Raises UnknownName for a name that the plan does not hold, InvalidInput for a document that is not written.
    """
    wanted = {reference.named(name).slug for name in names}
    missing = [reference.planned(slug).name for slug in wanted if slug not in reference.documents]
    if missing:
        raise InvalidInput(f"{', '.join(sorted(missing))}: planned, not written yet")
    return [
        s for s in reference.plan.reading_order if s in (wanted or reference.documents) and s in reference.documents
    ]


def book(site: Site, slugs: Sequence[str], *, briefs: bool = False, address: str = "") -> Book:
    """The book of these documents, or of their briefs. Raises InvalidInput where none of them has a brief."""
    printed = replace(site, figures=_PrintedFigures(site.reference, site.models))
    kept = [slug for slug in slugs if not briefs or has_brief(site.reference.documents[slug])]
    if not kept:
        raise InvalidInput("none of these documents has a brief yet")
    return Book(
        title=f"{TITLE}: briefs" if briefs else TITLE,
        reference=site.reference,
        chapters=tuple(_chapter(printed, slug, briefs) for slug in kept),
        address=address,
        folders={folder_of(site.reference.planned(slug)): slug for slug in kept},
    )


def _chapter(site: Site, slug: str, briefs: bool) -> Chapter:
    reference, planned = site.reference, site.reference.planned(slug)
    text = brief_text(site, slug) if briefs else reference.documents[slug]
    prose = Prose(replace(reference, terms={}) if briefs else reference, text, ROOT, site.figures)
    body = _apart(tree(prose.body()))
    item = vars(environment().get_template("note.html").module)["item"]
    notes = [tree(str(item(note_view(reference, note, site.models, ROOT)))) for note in prose.notes.found.values()]
    group = next(group.title for group in reference.plan.groups if group.id == planned.group)
    return Chapter(
        slug, planned.title, planned.sentence, group, body,
        tuple(note[0] for note in notes), tuple(prose.terms), tuple(_figures(text)),
    )  # fmt: skip


def _apart(root: Element) -> Element:
    """The tree with a comma between evidence marks that touch: 26, 27 is not 2,627."""
    for parent in root.iter():
        for one, other in itertools.pairwise(list(parent)):
            marks = one.get("class", "").startswith("ev") and other.get("class") == "ev mark"
            if marks and not (one.tail or "").strip("\u2060"):
                one.tail = ""
                comma = Element("sup")
                comma.text = ", "
                parent.insert(list(parent).index(other), comma)
    return root


def _figures(document: Document) -> Iterator[str]:
    return (figure.name for figure in document.figures)


def tree(html: str) -> Element:
    """What sysdesign.site writes, as a tree under one div: it closes every element but line breaks and rules."""
    return ElementTree.fromstring(f"<div>{html.replace('<br>', '<br/>').replace('<hr>', '<hr/>')}</div>")


def words_of(element: Element) -> str:
    """The text of an element and of all within."""
    return "".join(element.itertext())
