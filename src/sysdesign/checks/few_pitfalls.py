"""Fewer than eight pitfalls, or one that does not say symptom, cause, detection and fix.

A pitfall is found by its symptom, so each is told in the same four steps.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.parsing import QUESTIONS

CRITERION = "practice"
LEAST = 8
STEPS = ("Symptom", "Cause", "Detect", "Fix")


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("common-pitfalls")
        if chapter is None:
            continue
        inside = [s for s in document.sections if s.level == 3 and chapter.anchor in s.parents]
        pitfalls = [section for section in inside if section.title != QUESTIONS]
        if len(pitfalls) < LEAST:
            message = f"has {len(pitfalls)} pitfalls; {LEAST} is the least"
            yield at(document, chapter.line, "few-pitfalls", message, "Add '###' sections, one a pitfall")
        for pitfall in pitfalls:
            lacks = [step for step in STEPS if step.lower() not in pitfall.text.lower()]
            if lacks:
                message = f"the pitfall '{pitfall.title}' does not name: {', '.join(lacks)}"
                yield at(document, pitfall.line, "few-pitfalls", message, "Lead each step with its word in bold")
