"""What is searched: an entry for each section, with other names for what it explains, and what people ask, notice and
see printed that leads to it; then what is no section: symptoms, facts and terms. Whoever knows models and decisions
adds entries for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sysdesign.content import Reference
from sysdesign.content.document import Document, Section
from sysdesign.content.reference import told_at


@dataclass(frozen=True)
class Entry:
    """One section as search sees it."""

    address: str  # 05-Caching-Strategies#cache-stampede
    url: str  # 05-caching-strategies/#cache-stampede
    document: str  # the document's title
    title: str
    level: int  # of its heading: 1 is the document's title
    trail: str  # the headings above it, for people
    text: str
    aliases: tuple[str, ...]  # terms and synonyms at home in this section, and the texts below
    wordings: tuple[str, ...] = ()  # common questions whose answer sends the reader here, and what people notice
    texts: tuple[str, ...] = ()  # what programs print when it concerns them: errors, log lines, metrics, settings
    asked: tuple[str, ...] = ()  # how else people ask for it
    says: str = ""  # shown, and not searched
    kind: str = "section"  # | symptom | fact | term | decision | model


@dataclass
class Names:
    """By what else than its heading a section is sought."""

    terms: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    wordings: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def entries(reference: Reference) -> Iterator[Entry]:
    """Every section of every written document, in order."""
    homes = names_by_home(reference)
    for document in reference.documents.values():
        yield from document_entries(document, homes)


def other_entries(reference: Reference) -> Iterator[Entry]:
    """What people notice, facts and terms, each leading to where it stands."""
    for symptom in reference.symptoms:
        with told_at(symptom.place):
            planned = reference.named(symptom.section.partition("#")[0])
            if symptom.kind != "symptom" or planned.slug not in reference.documents:
                continue
            document, section = reference.section(symptom.section)
        place = url(document, section)
        yield Entry(symptom.section, place, document.title, symptom.notice, 0, section.title, "", (), kind="symptom")
    for fact in reference.facts.values():
        title = f"{fact.says}: {fact.shows or fact.value}" if fact.shows or fact.value is not None else fact.says
        place = f"facts/#{fact.id}"
        yield Entry(fact.id, place, fact.service, title, 0, f"checked {fact.checked}", "", (), kind="fact")
    for term in reference.terms.values():
        yield Entry(
            term.home, f"glossary/#{term.id}", "", term.term, 0, "", "", term.aliases,
            says=term.sentence, kind="term",
        )  # fmt: skip


def document_entries(document: Document, homes: Mapping[str, Names]) -> Iterator[Entry]:
    """Every section of one document; `homes` is what `names_by_home` gives."""
    beside = _beside_prose(document)
    none = Names()
    for section in document.sections:
        address = f"{document.name}#{section.anchor}" if section.level > 1 else document.name
        names = homes.get(address, none)
        yield Entry(
            address=address,
            url=url(document, section),
            document=document.title,
            title=section.title,
            level=section.level,
            trail=" › ".join(document.by_anchor[parent].title for parent in section.parents[1:]),
            text="\n".join((section.text, *beside.get(section.anchor, ()))),
            aliases=(*names.terms, *names.texts),
            wordings=tuple(names.wordings),
            texts=tuple(names.texts),
            asked=tuple(names.asked),
        )


def url(document: Document, section: Section) -> str:
    """The section's place on the site, relative to its root."""
    page = f"{document.name.lower()}/"
    return page if section.level == 1 else f"{page}#{section.anchor}"


def names_by_home(reference: Reference) -> Mapping[str, Names]:
    """By what else each section is sought: the names of terms, what people ask and notice, what programs print."""
    homes: defaultdict[str, Names] = defaultdict(Names)
    for term in reference.terms.values():
        homes[_address(term.home)].terms.extend((term.term, *term.aliases))
    for symptom in reference.symptoms:
        names = homes[_address(symptom.section)]
        (names.wordings if symptom.kind == "symptom" else names.texts).append(symptom.notice)
    for each in reference.asked:
        homes[each.address].asked.extend(each.lines)
    for document in reference.documents.values():
        for question in document.questions:
            for target in question.see:
                homes[_address(target, document)].wordings.append(question.question)
    return homes


def _address(target: str, document: Document | None = None) -> str:
    """The address of the section that a record names, or a link of a document."""
    return f"{document.name}{target}" if document and target.startswith("#") else target.replace(".md", "")


def _beside_prose(document: Document) -> dict[str, list[str]]:
    """Tables' cells, then captions, by the anchor of their section."""
    found: dict[str, list[str]] = {}
    for table in document.tables:
        cells = " ".join((*table.header, *(cell for row in table.rows for cell in row)))
        found.setdefault(table.section, []).append(cells)
    for figure in document.figures:
        found.setdefault(figure.section, []).append(figure.caption)
    return found
