"""Fewer than forty collected questions, or more than half of them open to tuning.

A document exists to answer what people ask. The bank holds it, and search, against
their questions; what search was tuned on says nothing of what it will find.
An installed reference is without its banks, and this rule passes over it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.loading import PACKAGE

CRITERION = "answers"
LEAST = 40


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    if reference.root.parent == PACKAGE:
        return
    for document in context.chosen(reference):
        bank = reference.questions.get(document.slug, ())
        file = f"tests/questions/{reference.planned(document.slug).number:02d}.yaml"
        if len(bank) < LEAST:
            message, fix = f"has {len(bank)} collected questions; {LEAST} is the least", f"Add them to {file}"
            yield at(document, document.sections[0].line, "thin-question-bank", message, fix)
        tuned = sum(question.tuned for question in bank)
        if tuned > (len(bank) + 1) // 2:
            message, fix = f"{tuned} of {len(bank)} questions are tuned on", "Set `tuned: false` for half of them"
            yield Finding("thin-question-bank", bank[0].place, message, fix, slug=document.slug)
