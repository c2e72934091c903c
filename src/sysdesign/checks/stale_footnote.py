"""A footnote text that is not the one its record and its marks give.

The text says what backs a sentence and how often the document leans on it. When it
no longer fits, a record changed, or a mark was added or lost, without anyone looking.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.tidy import definition

CRITERION = "evidence"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        used = {use.id for use in document.footnote_uses}
        for id_, (text, line) in document.footnote_texts.items():
            expected = definition(reference, document, id_)
            if id_ in used and expected is not None and " ".join(text.split()) != " ".join(expected.split()):
                message = f"the text of footnote {id_!r} is not what its record and marks give: {expected}"
                fix = "See that no mark is missing, then run `sysdesign tidy`"
                yield at(document, line, "stale-footnote", message, fix)
