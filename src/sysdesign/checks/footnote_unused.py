"""A footnote text that no mark points to, or a computed number that its document never shows.

Evidence without a claim misleads whoever counts on it: the sentence it backed was
changed or lost its mark.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference

CRITERION = "evidence"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        used = {use.id for use in document.footnote_uses}
        for id_, (_, line) in document.footnote_texts.items():
            if id_ not in used:
                fix = f"Mark the sentence it backs with [^{id_}], or run `sysdesign tidy`"
                yield at(document, line, "footnote-unused", f"no sentence is marked with {id_!r}", fix)
        for id_ in reference.numbers_of.get(document.slug, ()):
            if id_ not in used:
                place = reference.numbers[id_].place
                message = f"no sentence of {document.name} is marked with the number {id_!r}"
                yield Finding("footnote-unused", place, message, f"Mark one with [^{id_}], or take the record out")
