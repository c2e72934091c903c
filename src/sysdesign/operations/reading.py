"""Reading the reference: documents, sections, search, facts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sysdesign.content import Reference, located
from sysdesign.content.brief import Brief, brief
from sysdesign.content.document import Document, Section
from sysdesign.content.loading import default_root
from sysdesign.content.tidy import tidied, write_atomically
from sysdesign.errors import InvalidInput

if TYPE_CHECKING:
    from sysdesign.search.index import Answer, Index

_GRAVITY = re.compile(r"^[([]?(?:panic|fatal|critical|error|err|warning|warn|notice|info|log)[)\]]?[:\s]\s*")

# What a program calls something: ERROR_CODE, some_setting, SomeException, someField.
_CODE_NAME = re.compile(
    r"\b(?:[A-Za-z]{2,40}(?:_[A-Za-z]{2,40})+|[A-Z]{6,40}|[A-Za-z][a-z]{2,40}(?:[A-Z][a-z]{2,40})+)\b"
)


@dataclass(frozen=True)
class DocumentLine:
    """One document of the plan, as a list shows it."""

    slug: str
    name: str
    title: str
    group: str
    written: bool
    sentence: str
    prerequisites: tuple[str, ...]
    words: int
    figures: int


def list_documents(reference: Reference) -> tuple[DocumentLine, ...]:
    """All documents of the plan, in reading order."""
    lines = []
    for slug in reference.plan.reading_order:
        planned = reference.planned(slug)
        written = reference.documents.get(slug)
        lines.append(
            DocumentLine(
                slug=slug,
                name=planned.name,
                title=planned.title,
                group=planned.group,
                written=written is not None,
                sentence=planned.sentence,
                prerequisites=planned.prerequisites,
                words=sum(section.words for section in written.sections) if written else 0,
                figures=len(written.figures) if written else 0,
            )
        )
    return tuple(lines)


@dataclass(frozen=True)
class SectionText:
    """A section with everything inside it, as Markdown."""

    address: str
    title: str
    document: str
    markdown: str
    inside: tuple[str, ...]  # addresses of its subsections


def read_section(reference: Reference, address: str) -> SectionText:
    """The section at an address such as `05-Caching-Strategies#cache-stampede`, or a whole document.

    Raises UnknownName, naming the nearest.
    """
    document, section = reference.section(address)
    inside = tuple(s for s in document.below(section.anchor) if s is not section)
    return SectionText(
        address=_address(document, section),
        title=section.title,
        document=document.title,
        markdown=_markdown(document, section, inside),
        inside=tuple(_address(document, s) for s in inside),
    )


def _address(document: Document, section: Section) -> str:
    return document.name if section.level == 1 else f"{document.name}#{section.anchor}"


def _markdown(document: Document, section: Section, inside: tuple[Section, ...]) -> str:
    last = max((s.end_line for s in inside), default=section.end_line)
    lines = document.source.split("\n")[section.line - 1 : last]
    used = {use.id for use in document.footnote_uses if section.line <= use.line <= last}
    notes = [
        f"[^{id_}]: {text}" for id_, (text, line) in document.footnote_texts.items() if id_ in used and line > last
    ]
    return "\n".join([*lines, *([""] if notes else []), *notes]).strip("\n") + "\n"


def read_brief(reference: Reference, name: str) -> Brief:
    """The brief of a document named as in `read_section`. Raises UnknownName, and InvalidInput where it has none."""
    from sysdesign.decide.plain_answers import frameworks_of, plain_answers  # what reads a section does not wait for it

    document, _ = reference.section(name.partition("#")[0])
    return brief(document, plain_answers(frameworks_of(reference.root, document.name), document.name))


def search(index: Index, query: str, limit: int = 10) -> Answer:
    """Sections for a query, best first, forgiving a misspelling. Raises InvalidInput."""
    return index.search(query, limit)


@dataclass(frozen=True)
class SymptomLine:
    """Something that is noticed or printed, and the section that explains it."""

    notice: str
    kind: str
    section: str


def list_symptoms(reference: Reference, holds: str = "") -> tuple[SymptomLine, ...]:
    """What leads to a section, in the order of the documents; those alone that hold some text, whatever its case.

    How grave the program that wrote it called it ("FATAL: ", "(error) ") may stand before the text. Where none holds
    it, those that stand within it, as in a whole line of a log; then those that hold one of its names (ERROR_CODE).
    """
    asked = holds.lower().strip()
    forms = {asked, _GRAVITY.sub("", asked)} - {""} or {""}
    notices = [(each, each.notice.lower()) for each in reference.symptoms]
    held = [each for each, notice in notices if any(form in notice for form in forms)]
    within = [each for each, notice in notices if notice in asked]
    names = set(_CODE_NAME.findall(holds))
    named = [each for each, _ in notices if any(name in each.notice for name in names)]
    return tuple(SymptomLine(each.notice, each.kind, each.section) for each in held or within or named)


@dataclass(frozen=True)
class FactLine:
    """One vendor fact, as the table of facts shows it."""

    id: str
    says: str
    value: Any
    unit: str
    kind: str
    checked: str
    url: str


def list_facts(reference: Reference) -> tuple[FactLine, ...]:
    """All vendor facts."""
    return tuple(
        FactLine(fact.id, fact.says, fact.value, fact.unit, fact.class_, fact.checked.isoformat(), fact.url)
        for fact in reference.facts.values()
    )


def tidy(reference: Reference, *, write: bool = True) -> tuple[str, ...]:
    """Write every document's footnote texts from their records; gives the paths that changed."""
    changed = []
    for document in reference.documents.values():
        text = tidied(reference, document)
        if text == document.source:
            continue
        changed.append(document.path)
        if write:
            write_atomically(reference.root / f"{document.name}.md", text.encode())
    return tuple(changed)


def read_yaml(path: Path) -> Any:
    """A YAML or JSON file of the reader's as plain values. Raises BadContent and InvalidInput."""
    if not path.is_file():
        raise InvalidInput(f"there is no file {str(path)!r}")
    return located.read(path, str(path)).value


def in_checkout(root: Path | None = None) -> bool:
    """Whether the reference in use is a checkout's, which may be written to."""
    root = root or default_root()
    return (root.parent / "pyproject.toml").is_file()
