"""A body longer than a reader with an hour can use.

Everything in a long text is equally loud, and nothing says what may be skipped.
The plan's `most_words` gives the limit of a document that needs another.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, Severity, at
from sysdesign.content import Reference
from sysdesign.content.form import body_words
from sysdesign.content.records import PlannedDocument

CRITERION = "length"
MOST, MOST_WITH_MANY_TOPICS, MANY_TOPICS = 12_000, 14_000, 7
BEYOND = 1.15  # times the limit: an error


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        words, most = body_words(document), limit(reference.planned(document.slug))
        if words > most:
            severity: Severity = "error" if words > BEYOND * most else "warning"
            message, fix = f"has a body of {words:,} words; {most:,} is the most", "Cut what the reader would not miss"
            yield at(document, document.sections[0].line, "long-body", message, fix, severity)


def limit(planned: PlannedDocument) -> int:
    """The most words that the body of this document may hold."""
    return planned.most_words or (MOST_WITH_MANY_TOPICS if len(planned.topics) >= MANY_TOPICS else MOST)
