"""An AWS section that does not say what must be set where one service feeds another.

Each service's own page is right, and the joint between two is on neither: a timeout
that must be six times the other's, a policy on the queue, a batch that must fit a limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.checks.thin_sizing import comes_first
from sysdesign.content import Reference
from sysdesign.content.form import WIRING, tables, titled

CRITERION = "sizing"
HEADER = ("What feeds what", "Set", "To", "Why")


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("aws-implementation")
        if chapter is None:
            continue
        home = titled(document, chapter.anchor, WIRING)
        if home is None:
            message, fix = f"has no section '{WIRING}'", f"End it with '### {WIRING}': {' | '.join(HEADER)}"
            yield at(document, chapter.line, "missing-wiring", message, fix)
        elif not comes_first(home) or tables(document, home)[0].header != HEADER:
            message = f"'{WIRING}' does not begin with its table"
            yield at(document, home.line, "missing-wiring", message, f"Make its columns {' | '.join(HEADER)}")
