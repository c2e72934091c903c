"""A column of bare numbers whose header names no unit.

"5" against "300" decides nothing until the reader knows milliseconds from dollars.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Table

CRITERION = "visuals"
_BARE = re.compile(r"^[~≈<>≤≥]?\s*[-+]?[\d.,]+(?:\s*(?:to|–|-)\s*[\d.,]+)?$")
_UNIT = re.compile(r"\([^()]+\)|,\s*\S|%|\bper\b|\bnumber of\b|\bcount\b|\byear\b|^#", re.IGNORECASE)


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for table in document.tables:
            for title in _unitless(table):
                message = f"the column '{title}' holds bare numbers"
                yield at(
                    document, table.line, "unitless-column", message, "Name the unit: 'Wait (ms)' or 'Nodes (count)'"
                )


def _unitless(table: Table) -> Iterator[str]:
    for column, title in enumerate(table.header):
        cells = [row[column] for row in table.rows if column < len(row) and row[column]]
        bare = sum(bool(_BARE.match(cell)) for cell in cells)
        if column and bare * 2 >= max(len(cells), 2) and not _UNIT.search(title):
            yield title
