"""A document in two to four pages, composed from what stands in it: nothing is written for the brief alone.

The opening sentence of each concept, pattern and service, the decisions with their plain answer, the sums and limits
marked with a star, and each pitfall with its fix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sysdesign.content.document import Document, Section
from sysdesign.content.form import STAR, concepts, limits, patterns, pitfalls, services, sizing, starred
from sysdesign.errors import InvalidInput

_MARK = re.compile(r"\[\^[^\]\s]+\]")
_OWN_LINK = re.compile(r"\]\(#")


@dataclass(frozen=True)
class Point:
    """A section in one or two sentences of Markdown."""

    title: str
    address: str
    says: str


@dataclass(frozen=True)
class PlainAnswer:
    """A decision for whoever has no numbers: its question, what to start with, and where that is explained."""

    decision: str  # its name: decisions/NAME.yaml
    question: str
    answer: str
    address: str  # of the section; "" where there is none
    flips: tuple[str, ...] = ()  # what would change the answer


@dataclass(frozen=True)
class Sum:
    """A marked row of the everyday sums."""

    question: str
    formula: str
    example: str


@dataclass(frozen=True)
class Bound:
    """A marked row of a service's limits that bind."""

    service: str
    limit: str
    default: str
    at_most: str
    seen: str


@dataclass(frozen=True)
class Brief:
    """What a reader takes from a document on paper."""

    document: str  # 05-Caching-Strategies
    title: str
    concepts: tuple[Point, ...]
    patterns: tuple[Point, ...]
    services: tuple[Point, ...]
    decisions: tuple[PlainAnswer, ...]
    sums: tuple[Sum, ...]
    limits: tuple[Bound, ...]
    pitfalls: tuple[Point, ...]


def has_brief(document: Document) -> bool:
    """Whether a document says anything in short."""
    return any(section.in_short for section in document.sections)


def brief(document: Document, decisions: Sequence[PlainAnswer], *, marks: bool = False) -> Brief:
    """The brief of a document; `marks` keeps footnote marks. Raises InvalidInput for one that says nothing in short."""
    if not has_brief(document):
        raise InvalidInput(f"{document.name} has no brief yet: none of its sections opens with '**In short:**'")
    text = _written(document, marks)
    return Brief(
        document=document.name,
        title=document.title,
        concepts=tuple(_points(document, concepts(document), text)),
        patterns=tuple(_points(document, patterns(document), text)),
        services=tuple(_points(document, services(document), text)),
        decisions=tuple(decisions),
        sums=tuple(_sums(document, text)),
        limits=tuple(_bounds(document, text)),
        pitfalls=tuple(_fixes(document, text)),
    )


def _written(document: Document, marks: bool) -> Callable[[str], str]:
    """What turns Markdown of the document into Markdown that stands anywhere beside it, on one line."""

    def text(markdown: str) -> str:
        kept = markdown if marks else _MARK.sub("", markdown)
        return " ".join(_OWN_LINK.sub(f"]({document.name}.md#", kept.removeprefix(STAR)).split())

    return text


def _address(document: Document, section: Section) -> str:
    return f"{document.name}#{section.anchor}"


def _points(document: Document, found: Iterable[Section], text: Callable[[str], str]) -> Iterator[Point]:
    for section in found:
        if section.in_short:
            yield Point(section.title, _address(document, section), text(section.in_short))


def _fixes(document: Document, text: Callable[[str], str]) -> Iterator[Point]:
    for section in pitfalls(document):
        for lead in section.leads:
            if lead.name == "Fix":
                yield Point(section.title, _address(document, section), text(lead.markdown))


def _sums(document: Document, text: Callable[[str], str]) -> Iterator[Sum]:
    table = sizing(document)
    for found, at in starred([table] if table else []):
        question, formula, example = map(text, found.markdown[at][:3])
        yield Sum(question, formula, example)


def _bounds(document: Document, text: Callable[[str], str]) -> Iterator[Bound]:
    for table, at in starred(limits(document)):
        service = next(s for s in services(document) if table.section in {b.anchor for b in document.below(s.anchor)})
        limit, default, at_most, seen = map(text, table.markdown[at][:4])
        yield Bound(service.title, limit, default, at_most, seen)


def brief_markdown(found: Brief) -> str:
    """The brief as a document of its own, in Markdown whose links work beside the reference's documents."""
    parts = [
        f"# {found.title} in brief",
        _list("Concepts", (_point(each) for each in found.concepts)),
        _list("Decisions", (_decision(each) for each in found.decisions)),
        _table("Sums", ("Question", "Formula", "Worked example"), found.sums),
        _list("Patterns", (_point(each) for each in found.patterns)),
        _list("AWS services", (_point(each) for each in found.services)),
        _table("Limits that bind", ("Service", "Limit", "Default", "At most", "What you see"), found.limits),
        _list("Pitfalls and their fixes", (_point(each) for each in found.pitfalls)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _list(title: str, items: Iterable[str]) -> str:
    lines = [f"- {item}" for item in items]
    return "\n".join([f"## {title}", "", *lines]) if lines else ""


def _point(point: Point) -> str:
    return f"{_link(point.title, point.address)}: {point.says}"


def _decision(found: PlainAnswer) -> str:
    answer = _link(found.answer, found.address) if found.address else f"**{found.answer}**"
    flips = f" Another answer with {'; or with '.join(found.flips)}." if found.flips else ""  # labels bend to no verb
    return f"[{found.question}](decisions/{found.decision}.yaml) Begin with {answer}.{flips}"


def _link(title: str, address: str) -> str:
    name, _, anchor = address.partition("#")
    escaped = title.replace("[", "\\[").replace("]", "\\]")
    return f"**[{escaped}]({name}.md#{anchor})**"


def _table(title: str, header: tuple[str, ...], rows: Sequence[Sum] | Sequence[Bound]) -> str:
    if not rows:
        return ""
    cells = [[str(value).replace("|", "\\|") for value in vars(row).values()] for row in rows]
    lines = [_row(header), _row("-" * len(header)), *map(_row, cells)]
    return "\n".join([f"## {title}", "", *lines])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
