"""Fewer than six diagrams, two charts or five tables.

A concept with moving parts is drawn; a trade-off is a curve; a comparison is a table.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document

CRITERION = "visuals"
LEAST = {"diagrams": 6, "charts": 2, "tables": 5}


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        found = counts(reference, document)
        for what, least in LEAST.items():
            if found[what] < least:
                message = f"has {found[what]} {what}; {least} is the least"
                yield at(document, document.sections[0].line, "few-visuals", message, f"Add {least - found[what]}")


def counts(reference: Reference, document: Document) -> dict[str, int]:
    """Diagrams, charts and tables of a document."""
    kinds = [reference.figures[figure.name].suffix for figure in document.figures if figure.name in reference.figures]
    return {"diagrams": kinds.count(".d2"), "charts": kinds.count(".yaml"), "tables": len(document.tables)}
