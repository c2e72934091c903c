"""Fewer than ten pitfalls, or one that does not tell its six parts in order.

A pitfall is found by its symptom. The same symptom has other causes, and the first
remedy that comes to mind is often none, so each says both.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Section
from sysdesign.content.form import PITFALL_LEADS, pitfalls

CRITERION = "practice"
LEAST = 10


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("common-pitfalls")
        if chapter is None:
            continue
        found = pitfalls(document)
        if len(found) < LEAST:
            message = f"has {len(found)} pitfalls; {LEAST} is the least"
            yield at(document, chapter.line, "few-pitfalls", message, "Add '###' sections, one a pitfall")
        for pitfall in found:
            fault = _parts(pitfall)
            if fault:
                message = f"the pitfall '{pitfall.title}' {fault}"
                yield at(document, pitfall.line, "few-pitfalls", message, "Lead each part with its words in bold")


def _parts(pitfall: Section) -> str:
    found = [lead.name for lead in pitfall.leads if lead.markdown]
    lacks = [name for name in PITFALL_LEADS if name not in found]
    if lacks:
        return f"does not name: {', '.join(lacks)}"
    return "" if found == list(PITFALL_LEADS) else f"is not told in the order: {', '.join(PITFALL_LEADS)}"
