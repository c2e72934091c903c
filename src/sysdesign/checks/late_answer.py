"""A concept, a pattern or a service that does not open with its answer, or with one that is too long.

Readers land from a search and leave with one sentence. It stands first, marked
`**In short:**`, and is short enough that the brief can be read in a row.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document, Section
from sysdesign.content.form import concepts, patterns, services
from sysdesign.content.markdown import sentences
from sysdesign.models.wording import several

CRITERION = "answers"
WORDS, SENTENCES = 40, 2
_MARK = "In short:"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        for section in (*concepts(document), *patterns(document), *services(document)):
            yield from _opening(document, section)


def _opening(document: Document, section: Section) -> Iterator[Finding]:
    if not section.in_short:
        message, fix = f"'{section.title}' does not open with its answer", "Begin with '**In short:** ' and a sentence"
        yield at(document, section.line, "late-answer", message, fix)
        return
    answer = section.text.partition("\n")[0].removeprefix(_MARK)
    words, parts = len(answer.split()), len(list(sentences(answer)))
    if words > WORDS or parts > SENTENCES:
        message = f"'{section.title}' opens with {several(words, 'word')} in {several(parts, 'sentence')}"
        fix = f"Use at most {WORDS} words in {SENTENCES} sentences; the mechanism comes after it"
        yield at(document, section.line, "late-answer", message, fix)
