"""Everything under reference/, read once into one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sysdesign.content.document import Document, Section
from sysdesign.content.records import Claim, Fact, Number, Plan, PlannedDocument, Source, Symptom, Term
from sysdesign.errors import UnknownName, nearest


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

    def planned(self, slug: str) -> PlannedDocument:
        """The plan's entry for a document. Raises UnknownName."""
        for document in self.plan.documents:
            if document.slug == slug:
                return document
        raise UnknownName(f"there is no document {slug!r}. {nearest(slug, self.slugs, 'documents')}")

    @property
    def slugs(self) -> tuple[str, ...]:
        """All slugs of the plan, written or not."""
        return tuple(document.slug for document in self.plan.documents)

    def named(self, name: str) -> PlannedDocument:
        """The plan's entry for `05-Caching-Strategies`, `05-caching`, `caching`, `5` or `05`. Raises UnknownName."""
        wanted = name.lower().removesuffix(".md")
        for document in self.plan.documents:
            short = document.slug[3:]
            site = document.name.lower()
            if wanted in (document.slug, site, short, f"{document.number:02d}", str(document.number)):
                return document
        raise UnknownName(f"there is no document {name!r}. {nearest(name, self.slugs, 'documents')}")

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
            raise UnknownName(f"{planned.name} has no section {anchor!r}. {hint}")
        return document, document.by_anchor[anchor]
