"""Fewer than eighteen common questions, fewer than three between two named things, or one without answer or section.

The short answer comes first, for whoever has ten seconds; the section to read comes last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document, Question
from sysdesign.models.wording import several

CRITERION = "practice"
LEAST, LEAST_CHOICES = 18, 3
LONGEST = 60  # words of a short answer
_CHOICE = re.compile(r"\S (?:or|vs\.?|versus) \S")


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        yield from _few(document)
        yield from _choices(document)
        for question in document.questions:
            for message, fix in _faults(question):
                yield at(document, question.line, "few-questions", f"'{question.question}' {message}", fix)


def _home(document: Document) -> int:
    return document.by_anchor.get("common-questions", document.sections[0]).line


def _few(document: Document) -> Iterator[Finding]:
    if len(document.questions) < LEAST:
        message = f"has {len(document.questions)} common questions; {LEAST} is the least"
        fix = "Add '####' headings under '### Common Questions'"
        yield at(document, _home(document), "few-questions", message, fix)


def _choices(document: Document) -> Iterator[Finding]:
    choices = sum(bool(_CHOICE.search(question.question)) for question in document.questions)
    if choices < LEAST_CHOICES:
        message = f"has {several(choices, 'question')} of the kind 'X or Y'; {LEAST_CHOICES} is the least"
        yield at(document, _home(document), "few-questions", message, "Ask between products or concepts, by name")


def _faults(question: Question) -> Iterator[tuple[str, str]]:
    words = len(question.short_answer.split())
    if not question.question.endswith("?"):
        yield "is not a question", "End with '?'"
    if not 0 < words <= LONGEST:
        yield f"has a short answer of {several(words, 'word')}", f"Begin with a paragraph of 1 to {LONGEST} words"
    if not question.see:
        yield "names no section to read", "End with a line such as 'See [Cache stampede](#cache-stampede).'"
