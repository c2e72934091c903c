"""A pattern without a diagram, or one that does not say when it is right and when it is wrong.

Advice that never says when it is wrong is advertising.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document, Section
from sysdesign.content.form import PATTERN_LEADS, patterns

CRITERION = "practice"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("architecture-patterns")
        if chapter is None:
            continue
        found = patterns(document)
        if not found:
            yield at(document, chapter.line, "one-sided-pattern", "holds no pattern", "Add one '###' a pattern")
        for pattern in found:
            for lack in (*_drawing(reference, document, pattern), *_leads(document, pattern)):
                message = f"the pattern '{pattern.title}' has no {lack}"
                yield at(document, pattern.line, "one-sided-pattern", message, "Add it")


def _drawing(reference: Reference, document: Document, pattern: Section) -> Iterator[str]:
    anchors = {section.anchor for section in document.below(pattern.anchor)}
    drawn = [reference.figures.get(figure.name) for figure in document.figures if figure.section in anchors]
    if not any(source is not None and source.suffix == ".d2" for source in drawn):
        yield "diagram"


def _leads(document: Document, pattern: Section) -> Iterator[str]:
    found = [lead.name for section in document.below(pattern.anchor) for lead in section.leads if lead.markdown]
    lacks = [name for name in PATTERN_LEADS if name not in found]
    yield from (f"list item '- **{name}** ...'" for name in lacks)
    if not lacks and found != list(PATTERN_LEADS):
        yield f"list of leads in the order {', '.join(PATTERN_LEADS)}"
