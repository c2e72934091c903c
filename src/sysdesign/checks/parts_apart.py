"""A document whose parts never meet in one request.

Each guard and each part is right by itself, and incidents begin where two of them
meet: one request through all of them shows order, timeouts, who retries, and whose limit binds.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.form import TOGETHER, titled

CRITERION = "practice"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("architecture-patterns")
        if chapter is None:
            continue
        home = titled(document, chapter.anchor, TOGETHER)
        if home is None or not home.words:
            message = f"has no section '{TOGETHER}'"
            fix = f"End the patterns with '### {TOGETHER}': one request through all of them"
            yield at(document, chapter.line, "parts-apart", message, fix)
