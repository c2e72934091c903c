"""Everything under reference/, read once into one frozen value."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sysdesign.content.asked import Asked
from sysdesign.content.document import Document, Section
from sysdesign.content.records import (
    BankQuestion,
    Claim,
    Fact,
    Number,
    Place,
    Plan,
    PlannedDocument,
    Source,
    Symptom,
    Term,
)
from sysdesign.errors import BadContent, UnknownName, nearest


@dataclass(frozen=True)
class Reference:
    """The whole reference. Documents and what belongs to them are keyed by slug (`05-caching`)."""

    root: Path  # the folder `reference/`
    plan: Plan
    documents: dict[str, Document]  # written ones only, in the plan's order
    sources: dict[str, Source]
    facts: dict[str, Fact]
    numbers: dict[str, Number]
    numbers_of: dict[str, tuple[str, ...]]  # slug: ids of the numbers in its file
    terms: dict[str, Term]
    claims: dict[str, tuple[Claim, ...]]
    symptoms: tuple[Symptom, ...]
    figures: dict[str, Path]  # "05-caching/stampede": its source, .d2 or .yaml
    decisions: dict[str, Path]  # "cache-stampede": its framework; `decide` reads it
    questions: dict[str, tuple[BankQuestion, ...]]  # by slug; the banks stand beside the folder, in tests/questions/
    asked: tuple[Asked, ...] = ()  # how people ask for sections, in words that these do not hold

    def planned(self, slug: str) -> PlannedDocument:
        """The plan's entry for a document. Raises UnknownName."""
        try:
            return self._by_slug[slug]
        except KeyError:
            raise UnknownName(f"there is no document {slug!r}. {nearest(slug, self.slugs, 'documents')}") from None

    @cached_property
    def _by_slug(self) -> dict[str, PlannedDocument]:
        return {document.slug: document for document in self.plan.documents}

    @cached_property
    def _by_name(self) -> dict[str, PlannedDocument]:
        """Documents by every name that stands for them; the plan's first one where two would share a name."""
        found: dict[str, PlannedDocument] = {}
        for document in self.plan.documents:
            number = document.number
            for name in (document.slug, document.name.lower(), document.slug[3:], f"{number:02d}", str(number)):
                found.setdefault(name, document)
        return found

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """All slugs of the plan, written or not."""
        return tuple(document.slug for document in self.plan.documents)

    def named(self, name: str) -> PlannedDocument:
        """The plan's entry for `05-Caching-Strategies`, `05-caching`, `caching`, `5` or `05`. Raises UnknownName."""
        try:
            return self._by_name[name.lower().removesuffix(".md")]
        except KeyError:
            raise UnknownName(f"there is no document {name[:80]!r}. {nearest(name, self.slugs, 'documents')}") from None

    def section(self, address: str) -> tuple[Document, Section]:
        """The section at `05-Caching-Strategies#cache-stampede`. Raises UnknownName, naming the nearest."""
        name, _, anchor = address.partition("#")
        planned = self.named(name)
        document = self.documents.get(planned.slug)
        if document is None:
            written = ", ".join(self.documents) or "none"
            raise UnknownName(f"{planned.name} is planned, not written yet. Written: {written}")
        if not anchor:
            return document, document.sections[0]
        if anchor not in document.by_anchor:
            hint = nearest(anchor, document.by_anchor, "sections")
            raise UnknownName(f"{planned.name} has no section {anchor[:80]!r}. {hint}")
        return document, document.by_anchor[anchor]


@contextmanager
def told_at(place: Place) -> Iterator[None]:
    """What a record names and is not there is told with the record's line. Raises BadContent."""
    try:
        yield
    except UnknownName as error:
        found, _, fix = str(error).partition(". ")
        raise BadContent(place.path, place.line, found, fix or "Name one that is there") from None
