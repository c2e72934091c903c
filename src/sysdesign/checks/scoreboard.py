"""Documents by criteria: what is met, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from sysdesign.checks.findings import Finding
from sysdesign.checks.rules import CRITERIA, rules
from sysdesign.content import Reference


@dataclass(frozen=True)
class Row:
    """One document: how many errors and warnings stand against each criterion."""

    slug: str
    title: str
    written: bool
    errors: dict[str, int]
    warnings: dict[str, int]

    @property
    def complete(self) -> bool:
        """Whether it is written and no error stands against it."""
        return self.written and not any(self.errors.values())


@dataclass(frozen=True)
class Scoreboard:
    """What the checks found, document by document."""

    criteria: tuple[str, ...]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    elsewhere: int  # findings that belong to no single document

    @property
    def whole(self) -> bool:
        """Whether every rule could look at everything."""
        return not any(finding.unchecked for finding in self.findings)


def scoreboard(reference: Reference, findings: Iterable[Finding]) -> Scoreboard:
    """Count findings by document and criterion. A planned document shows nothing but that it is planned."""
    findings = tuple(findings)
    by_document: dict[str, list[Finding]] = {document.slug: [] for document in reference.plan.documents}
    elsewhere = 0
    for finding in findings:
        slug = document_of(reference, finding)
        if slug is None:
            elsewhere += 1
        else:
            by_document[slug].append(finding)
    rows = tuple(
        Row(
            slug=planned.slug,
            title=planned.title,
            written=planned.slug in reference.documents,
            errors=_count(by_document[planned.slug], "error"),
            warnings=_count(by_document[planned.slug], "warning"),
        )
        for planned in reference.plan.documents
    )
    return Scoreboard(CRITERIA, rows, findings, elsewhere)


def document_of(reference: Reference, finding: Finding) -> str | None:
    """The document that a finding is about: named by it, or by its file's own name or folder."""
    if finding.slug:
        return finding.slug
    path = PurePosixPath(finding.place.path)
    for planned in reference.plan.documents:
        if path.stem in (planned.slug, planned.name) or path.parent.name == planned.slug:
            return planned.slug
    return None


def _count(findings: list[Finding], severity: str) -> dict[str, int]:
    counts = dict.fromkeys(CRITERIA, 0)
    for finding in findings:
        if finding.severity == severity:
            counts[rules()[finding.rule].criterion] += 1
    return counts
