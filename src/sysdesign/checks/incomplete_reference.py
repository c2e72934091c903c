"""A source that is cited and not listed among the document's references, or listed without a year.

The References section is where a reader judges what a document rests on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.document import Document

CRITERION = "evidence"
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
WORDS = 8  # author, title, year and what it supports


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        chapter = document.by_anchor.get("references")
        if chapter is None:
            continue
        inside = {section.anchor for section in document.below(chapter.anchor)}
        listed = {link.target: link.line for link in document.links if link.section in inside}
        cited = dict.fromkeys(use.id for use in document.footnote_uses if use.id in reference.sources)
        for id_ in cited:
            source = reference.sources[id_]
            if source.url not in listed:
                message = f"cites {id_} and does not list it"
                fix = f"Add: {source.author}, [{source.title}]({source.url}), {source.year}. What it supports."
                yield at(document, chapter.line, "incomplete-reference", message, fix)
        yield from _entries(document, inside)


def _entries(document: Document, inside: set[str]) -> Iterator[Finding]:
    lines = document.source.split("\n")
    for link in document.links:
        if link.section in inside and link.target.startswith("http"):
            entry = lines[link.line - 1]
            if not _YEAR.search(entry) or len(entry.split()) < WORDS:
                message = f"the entry '{link.text}' lacks author, year or what it supports"
                yield at(
                    document, link.line, "incomplete-reference", message, "Author, [title](address), year. Supports."
                )
