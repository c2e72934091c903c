"""A document without the nine sections, by name and in order.

A reader who knows one document knows where to look in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import SECTIONS, Document

CRITERION = "structure"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        yield from _document(document)


def _document(document: Document) -> Iterator[Finding]:
    chapters = [section for section in document.sections if section.level == 2]
    found = [section.title for section in chapters]
    for missing in [name for name in SECTIONS if name not in found]:
        yield at(
            document, document.sections[0].line, "section-order", f"has no section '{missing}'", f"Add '## {missing}'"
        )
    expected = [name for name in SECTIONS if name in found]
    known = [section for section in chapters if section.title in SECTIONS]
    misplaced = next(((s, name) for s, name in zip(known, expected, strict=False) if s.title != name), None)
    if misplaced:
        section, name = misplaced
        message = f"'{section.title}' stands where '{name}' is expected"
        yield at(document, section.line, "section-order", message, f"The order is: {', '.join(SECTIONS)}")
    for section in chapters:
        if section.title not in SECTIONS:
            message = f"'{section.title}' is none of the nine sections"
            yield at(document, section.line, "section-order", message, "Make it a '###' inside one of them")
