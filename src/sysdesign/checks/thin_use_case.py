"""Fewer than three use cases, or one without a diagram and a source.

A use case is a real, public system: what it stated, what it chose, what became of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document

CRITERION = "practice"
LEAST = 3


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("use-cases")
        if chapter is None:
            continue
        cases = [s for s in document.sections if s.level == 3 and chapter.anchor in s.parents]
        if len(cases) < LEAST:
            message = f"has {len(cases)} use cases; {LEAST} is the least"
            yield at(document, chapter.line, "thin-use-case", message, "Add '###' sections, one a system")
        for case in cases:
            lacks = " and ".join(_lacks(reference, document, {s.anchor for s in document.below(case.anchor)}))
            if lacks:
                yield at(document, case.line, "thin-use-case", f"the use case '{case.title}' has no {lacks}", "Add it")


def _lacks(reference: Reference, document: Document, inside: set[str]) -> Iterator[str]:
    drawn = (reference.figures.get(figure.name) for figure in document.figures if figure.section in inside)
    if not any(source is not None and source.suffix == ".d2" for source in drawn):
        yield "diagram"
    if not any(use.id in reference.sources for use in document.footnote_uses if use.section in inside):
        yield "source"
