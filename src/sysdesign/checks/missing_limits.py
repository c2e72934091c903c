"""A service without the table of its limits that bind.

Quotas told one a sentence hide the one that binds. A table says how much there is,
how much there can be, and what a reader sees on the day it is used up.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.form import LIMIT, services, tables

CRITERION = "sizing"
HEADER = (LIMIT, "Default", "At most", "What you see when you hit it", "Can it be raised")


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for service in services(document):
            found = [table for table in tables(document, service) if table.header[0] == LIMIT]
            if len(found) != 1:
                message = f"'{service.title}' has {len(found)} tables of limits"
                yield at(document, service.line, "missing-limits", message, f"Give it one: {' | '.join(HEADER)}")
            for table in found:
                if len(table.header) != len(HEADER) or not table.rows:
                    message = f"the limits of '{service.title}' have the columns {' | '.join(table.header)}"
                    yield at(document, table.line, "missing-limits", message, f"Make them {' | '.join(HEADER)}")
