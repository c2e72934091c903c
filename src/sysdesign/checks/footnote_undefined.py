"""A footnote mark without a footnote text at the end of the document.

A Git host then shows the bare mark, and the reader has no evidence to follow.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference

CRITERION = "evidence"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for use in document.footnote_uses:
            if use.id not in document.footnote_texts:
                message = f"the footnote {use.id!r} has no text at the end of the document"
                yield at(document, use.line, "footnote-undefined", message, "Run `sysdesign tidy`")
