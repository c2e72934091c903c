"""Fewer than twelve common questions, or one without a short answer.

The short answer comes first, for whoever has ten seconds.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference

CRITERION = "practice"
LEAST = 12
LONGEST = 60  # words of a short answer


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        if len(document.questions) < LEAST:
            home = document.by_anchor.get("common-questions", document.sections[0])
            message = f"has {len(document.questions)} common questions; {LEAST} is the least"
            yield at(document, home.line, "few-questions", message, "Add '####' headings under '### Common Questions'")
        for question in document.questions:
            words = len(question.short_answer.split())
            if not question.question.endswith("?"):
                yield at(
                    document, question.line, "few-questions", f"'{question.question}' is not a question", "End with '?'"
                )
            if not 0 < words <= LONGEST:
                message = f"'{question.question}' has a short answer of {words} words"
                yield at(
                    document, question.line, "few-questions", message, f"Begin with a bold answer of 1 to {LONGEST}"
                )
