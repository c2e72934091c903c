"""A claim ledger with fewer than thirty claims, or a claim that rests on nothing.

The ledger holds a document's weightiest statements, each held against its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document
from sysdesign.content.records import Claim
from sysdesign.errors import nearest

CRITERION = "evidence"
LEAST = 30


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        claims = reference.claims.get(document.slug, ())
        if len(claims) < LEAST:
            message = f"has {len(claims)} claims in its ledger; {LEAST} is the least"
            fix = f"Add them to claims/{document.slug}.yaml"
            yield at(document, document.sections[0].line, "thin-ledger", message, fix)
        for claim in claims:
            for message, fix in _faults(reference, document, claim):
                yield Finding("thin-ledger", claim.place, f"{claim.id} {message}", fix)


def _faults(reference: Reference, document: Document, claim: Claim) -> Iterator[tuple[str, str]]:
    if claim.section not in document.by_anchor:
        yield f"names the section {claim.section!r}, which is not there", nearest(claim.section, document.by_anchor)
    if claim.source:
        known = {**reference.sources, **reference.facts}
        if claim.source not in known:
            yield f"names the source {claim.source!r}, which is not there", nearest(claim.source, known)
        if not claim.passage:
            yield "names a source and not its passage", "Say where in the source, and what it says"
    if claim.number and claim.number not in reference.numbers:
        yield f"names the number {claim.number!r}, which is not there", nearest(claim.number, reference.numbers)
    if not (claim.source or claim.number):
        yield "rests on neither a source nor a number", "Name one, or drop the claim from the text"
