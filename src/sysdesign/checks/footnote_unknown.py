"""A footnote mark whose id no source, fact or number bears.

The evidence that a reader is promised is not there. Most often the id is misspelled.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.errors import nearest

CRITERION = "evidence"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    known = {*reference.sources, *reference.facts, *reference.numbers}
    for document in context.chosen(reference):
        for use in document.footnote_uses:
            if use.id not in known:
                message = f"no source, fact or number has the id {use.id!r}"
                fix = f"{nearest(use.id, known, 'records')} Or add the record"
                yield at(document, use.line, "footnote-unknown", message, fix)
