"""What is searched: one entry a section, with other names for what it explains and the texts that lead to it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sysdesign.content import Reference
from sysdesign.content.document import Document, Section
from sysdesign.content.records import Symptom, Term

WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")
COMPOUND = re.compile(r"[a-z0-9'’]+(?:[-+/.][a-z0-9'’]+)*")

# Words that say nothing about what is sought. Kept out of queries, not out of the index.
STOP_WORDS = frozenset(
    "a an and are as at be but by can do does for from has have how i if in into is it its my not of on or our "
    "should so that the their there they this to use was we what when where which why will with you your".split()
)


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
    texts: tuple[str, ...] = ()  # what programs print when it concerns them: errors, log lines, metrics, settings


@dataclass
class Names:
    """By what else than its heading a section is sought."""

    terms: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def entries(reference: Reference) -> Iterator[Entry]:
    """Every section of every written document, in order."""
    homes = names_by_home(reference.terms, reference.symptoms)
    for document in reference.documents.values():
        yield from document_entries(document, homes)


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
            texts=tuple(names.texts),
        )


def url(document: Document, section: Section) -> str:
    """The section's place on the site, relative to its root."""
    page = f"{document.name.lower()}/"
    return page if section.level == 1 else f"{page}#{section.anchor}"


def names_by_home(terms: Mapping[str, Term], symptoms: Iterable[Symptom]) -> dict[str, Names]:
    """Terms with their other names, and texts of programs, by the address of the section that explains them."""
    homes: dict[str, Names] = defaultdict(Names)
    for term in terms.values():
        homes[term.home.replace(".md", "")].terms.extend((term.term, *term.aliases))
    for symptom in symptoms:
        if symptom.kind != "symptom":  # what people notice is told in words that stand everywhere
            homes[symptom.section.replace(".md", "")].texts.append(symptom.notice)
    return dict(homes)


def _beside_prose(document: Document) -> dict[str, list[str]]:
    """Tables' cells, then captions, by the anchor of their section."""
    found: dict[str, list[str]] = {}
    for table in document.tables:
        cells = " ".join((*table.header, *(cell for row in table.rows for cell in row)))
        found.setdefault(table.section, []).append(cells)
    for figure in document.figures:
        found.setdefault(figure.section, []).append(figure.caption)
    return found


def words(text: str) -> list[str]:
    """Lower-case words of a text, as query and vocabulary see them."""
    return WORD.findall(text.lower())


def compounds(text: str) -> list[list[str]]:
    """Lower-case words of a text, those written as one (n+1, write-behind) together."""
    return [parts for compound in COMPOUND.findall(text.lower()) if (parts := words(compound))]


def plain_words(text: str) -> tuple[str, ...]:
    """The words of a name, whatever its case, hyphens and plurals. A query of just these means what it names."""
    return tuple(word[:-1] if len(word) > 2 and word.endswith("s") else word for word in words(text))
