"""A table with a header cell that says nothing.

Whoever hears a table hears the header with each cell: without one, nothing says what the column holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference

CRITERION = "visuals"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for table in document.tables:
            for column, title in enumerate(table.header, start=1):
                if not title.strip():
                    message = f"column {column} of the table has an empty header"
                    yield at(document, table.line, "blank-header", message, "Say what its cells hold, in a word or two")
