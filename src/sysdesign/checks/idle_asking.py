"""A line in `asked/` without a word that its section does not hold already.

Search finds a section by its own words anyway. A line is there for the others: what a person types who does not
know the section's terms. One that brings none takes room in the index of every page and finds nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.content.asked import Asked
from sysdesign.search.entries import Entry, document_entries, names_by_home
from sysdesign.search.words import STOP_WORDS, terms

CRITERION = "answers"
FIX = "Say it in words that people use and the section does not, or take the line out"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    homes, asked = names_by_home(reference), {each.address: each for each in reference.asked}
    for document in context.chosen(reference):
        for entry in document_entries(document, homes):
            if entry.address in asked:
                yield from _idle(asked[entry.address], entry, document.slug)


def _idle(each: Asked, entry: Entry, slug: str) -> Iterator[Finding]:
    texts = (entry.title, entry.trail, entry.document, entry.text, *entry.aliases, *entry.wordings)
    held = {term for text in (*texts, *STOP_WORDS) for term in terms(text)}
    for line, place in zip(each.lines, each.places, strict=True):
        brought = set(terms(line))
        if brought <= held:
            message = f"the line {line!r} brings no word that '{entry.title}' or a line above does not hold"
            yield Finding("idle-asking", place, message, FIX, slug=slug)
        held |= brought
