"""What is searched: an entry for each section, with other names for what it explains and the texts that lead to it;
then what is no section: symptoms, facts and terms. Whoever knows models and decisions adds entries for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sysdesign.content import Reference
from sysdesign.content.document import Document, Section
from sysdesign.content.records import Symptom, Term
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
    asked: tuple[str, ...] = ()  # common questions whose answer sends the reader here, and what people notice
    texts: tuple[str, ...] = ()  # what programs print when it concerns them: errors, log lines, metrics, settings
    says: str = ""  # shown, and not searched
    kind: str = "section"  # | symptom | fact | term | decision | model


@dataclass
class Names:
    """By what else than its heading a section is sought."""

    terms: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def entries(reference: Reference) -> Iterator[Entry]:
    """Every section of every written document, in order."""
    homes = names_by_home(reference.terms, reference.symptoms)
    for document in reference.documents.values():
        for question in document.questions:
            for target in question.see:
                homes[_address(document, target)].questions.append(question.question)
    for document in reference.documents.values():
        yield from document_entries(document, homes)


def other_entries(reference: Reference) -> Iterator[Entry]:
    """What people notice, facts and terms, each leading to where it stands."""
    for symptom in reference.symptoms:
        with told_at(symptom.place):
            planned = reference.named(symptom.section.partition("#")[0])
        if symptom.kind == "symptom" and planned.slug in reference.documents:
            with told_at(symptom.place):
                document, section = reference.section(symptom.section)
            place = url(document, section)
            yield Entry(
                symptom.section, place, document.title, symptom.notice, 0, section.title, "", (), kind="symptom"
            )
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
            asked=tuple(names.questions),
            texts=tuple(names.texts),
        )


def _address(document: Document, target: str) -> str:
    """The address of the section that a link of the document leads to."""
    return f"{document.name}{target}" if target.startswith("#") else target.replace(".md", "")


def url(document: Document, section: Section) -> str:
    """The section's place on the site, relative to its root."""
    page = f"{document.name.lower()}/"
    return page if section.level == 1 else f"{page}#{section.anchor}"


def names_by_home(terms: Mapping[str, Term], symptoms: Iterable[Symptom]) -> defaultdict[str, Names]:
    """Terms with their other names, what people notice and what programs print, by the section that explains it."""
    homes: defaultdict[str, Names] = defaultdict(Names)
    for term in terms.values():
        homes[term.home.replace(".md", "")].terms.extend((term.term, *term.aliases))
    for symptom in symptoms:
        names = homes[symptom.section.replace(".md", "")]
        (names.questions if symptom.kind == "symptom" else names.texts).append(symptom.notice)
    return homes


def _beside_prose(document: Document) -> dict[str, list[str]]:
    """Tables' cells, then captions, by the anchor of their section."""
    found: dict[str, list[str]] = {}
    for table in document.tables:
        cells = " ".join((*table.header, *(cell for row in table.rows for cell in row)))
        found.setdefault(table.section, []).append(cells)
    for figure in document.figures:
        found.setdefault(figure.section, []).append(figure.caption)
    return found
