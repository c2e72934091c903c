"""A heading that skips a level, or a second title.

Outlines, screen readers and the addresses of sections all rest on the levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference

CRITERION = "structure"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for above, section in pairwise(document.sections):
            if section.level == 1:
                yield at(
                    document, section.line, "heading-level", f"a second title '{section.title}'", "Use '##' or deeper"
                )
            elif section.level > above.level + 1:
                message = f"'{section.title}' is {section.level - above.level} levels below '{above.title}'"
                yield at(document, section.line, "heading-level", message, f"Use {'#' * (above.level + 1)}")
