"""Fewer than eight everyday sums, or one whose worked example nothing computes.

Readers ask how many and how much more often than anything else: bytes an entry,
connections an instance, members a quorum. Each sum has its formula and its model.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document, Section, Table
from sysdesign.content.form import SIZING, sizing, titled

CRITERION = "sizing"
LEAST = 8
HEADER = ("Question", "Formula", "Worked example", "Model")
_ABOVE = ("table_open", "paragraph_open")


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("trade-offs-and-considerations")
        if chapter is None:
            continue
        home, table = titled(document, chapter.anchor, SIZING), sizing(document)
        if home is None or table is None:
            message = f"has no '### {SIZING}' with a table"
            yield at(document, chapter.line, "thin-sizing", message, f"Give it one: {' | '.join(HEADER)}")
        else:
            yield from _table(reference, document, home, table)


def _table(reference: Reference, document: Document, home: Section, table: Table) -> Iterator[Finding]:
    if not comes_first(home):
        message = f"'{home.title}' begins with something else than its table"
        yield at(document, home.line, "thin-sizing", message, "Leave one paragraph above the table at most")
    if table.header != HEADER:
        message = f"the columns are {' | '.join(table.header)}"
        yield at(document, table.line, "thin-sizing", message, f"Make them {' | '.join(HEADER)}")
    if len(table.rows) < LEAST:
        message = f"has {len(table.rows)} sums; {LEAST} is the least"
        yield at(document, table.line, "thin-sizing", message, "Add what readers must work out")
    cells = [statement for statement in document.statements if statement.kind == "cell"]
    for row, line in zip(table.rows, table.row_lines, strict=True):
        if not any(id_ in reference.numbers for cell in cells if cell.line == line for id_ in cell.backing):
            message = f"nothing computes the example of '{row[0]}'"
            yield at(document, line, "thin-sizing", message, f"Add its number to numbers/{document.slug}.yaml")


def comes_first(home: Section) -> bool:
    """Whether a table is the first block of the section, below one paragraph at most."""
    opened = [token.type for token in home.tokens if token.level == 0 and token.nesting >= 0 and token.type != "inline"]
    return "table_open" in opened[:2] and opened[0] in _ABOVE
