"""No row, or more than eight, marked for the brief among the sums or the limits; or a mark on another table.

The brief takes the rows whose first cell begins with a star. A brief that takes all says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document, Table
from sysdesign.content.form import STAR, limits, sizing, starred

CRITERION = "sizing"
MOST = 8


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        sums, binding = [table for table in (sizing(document),) if table], limits(document)
        yield from _few(document, sums, "sums")
        yield from _few(document, binding, "limits")
        for table, at_row in starred(table for table in document.tables if table not in (*sums, *binding)):
            message = f"the row '{table.rows[at_row][0]}' is marked, and the brief takes no row of this table"
            yield at(document, table.row_lines[at_row], "odd-stars", message, f"Take '{STAR}' off")


def _few(document: Document, tables: list[Table], what: str) -> Iterator[Finding]:
    marked = list(starred(tables))
    if tables and not 0 < len(marked) <= MOST:
        message = f"marks {len(marked)} {what} for the brief; 1 to {MOST} work"
        fix = f"Begin the first cell of those that matter most with '{STAR}'"
        yield at(document, tables[0].line, "odd-stars", message, fix)
