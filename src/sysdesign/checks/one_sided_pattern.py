"""A pattern without a diagram, "When to use" or "When not to use".

Advice that never says when it is wrong is advertising.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document, Section

CRITERION = "practice"
BOTH = ("When to use", "When not to use")


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("architecture-patterns")
        if chapter is None:
            continue
        patterns = [s for s in document.sections if s.level == 3 and chapter.anchor in s.parents]
        if not patterns:
            yield at(document, chapter.line, "one-sided-pattern", "holds no pattern", "Add one '###' a pattern")
        for pattern in patterns:
            for lack in _lacks(reference, document, pattern):
                yield at(
                    document,
                    pattern.line,
                    "one-sided-pattern",
                    f"the pattern '{pattern.title}' has no {lack}",
                    "Add it",
                )


def _lacks(reference: Reference, document: Document, pattern: Section) -> Iterator[str]:
    inside = document.below(pattern.anchor)
    anchors = {section.anchor for section in inside}
    drawn = [reference.figures.get(figure.name) for figure in document.figures if figure.section in anchors]
    if not any(source is not None and source.suffix == ".d2" for source in drawn):
        yield "diagram"
    for title in BOTH:
        if not any(section.title == title and section.words for section in inside):
            yield f"'#### {title}'"
