"""Everything under reference/, read once into one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sysdesign.content.document import Document
from sysdesign.content.records import Claim, Fact, Number, Plan, PlannedDocument, Source, Symptom, Term


@dataclass(frozen=True)
class Reference:
    """The whole reference."""

    root: Path  # the folder `reference/`
    plan: Plan
    documents: dict[str, Document]  # by slug, written ones only, in the plan's order
    sources: dict[str, Source]
    facts: dict[str, Fact]
    numbers: dict[str, Number]
    numbers_by_document: dict[str, tuple[str, ...]]
    terms: dict[str, Term]
    claims: dict[str, tuple[Claim, ...]]  # by slug
    symptoms: tuple[Symptom, ...]
    figures: dict[str, Path]  # "05-caching/stampede": its source, .d2 or .yaml

    def planned(self, slug: str) -> PlannedDocument: ...
