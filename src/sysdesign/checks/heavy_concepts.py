"""Core Concepts that hold more than half of the document's words.

Theory explains, and the reader came to decide, size, build or diagnose.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.form import body_words

CRITERION = "length"
MOST = 0.5  # of the body's words


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("core-concepts")
        if chapter is None:
            continue
        words, body = sum(section.words for section in document.below(chapter.anchor)), body_words(document)
        if words > MOST * body:
            message = f"holds {words:,} of the body's {body:,} words ({words / body:.0%}); {MOST:.0%} is the most"
            fix = "Shorten what neither a choice nor a diagnosis needs"
            yield at(document, chapter.line, "heavy-concepts", message, fix)
