"""A glossary term in another spelling, or a name that two terms claim.

One spelling a term: search finds it, and the reader does not wonder whether two things are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference
from sysdesign.content.records import Term

CRITERION = "language"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    yield from _claimed_twice(reference)
    variants = {
        variant: term.term for term in reference.terms.values() for variant in _variants(term) if variant != term.term
    }
    if not variants:
        return
    known = {name.lower() for term in reference.terms.values() for name in (term.term, *term.aliases)}
    pattern = re.compile(
        rf"(?<![\w-])({'|'.join(map(re.escape, sorted(variants, key=len, reverse=True)))})(?![\w-])", re.I
    )
    for document in context.chosen(reference):
        for statement in document.statements:
            for found in pattern.findall(statement.text):
                if found.lower() not in known:
                    message = f"'{found}' is another spelling of '{variants[found.lower()]}'"
                    yield at(document, statement.line, "odd-spelling", message, f"Write '{variants[found.lower()]}'")


def _variants(term: Term) -> Iterator[str]:
    """The term with its words joined by hyphen, space or nothing."""
    parts = re.split(r"[- ]", term.term.lower())
    if len(parts) == 2 and all(len(part) > 2 for part in parts):
        for joint in ("-", " ", ""):
            if joint.join(parts) != term.term.lower():
                yield joint.join(parts)


def _claimed_twice(reference: Reference) -> Iterator[Finding]:
    owners: dict[str, Term] = {}
    for term in reference.terms.values():
        for name in {term.term.lower(), *(alias.lower() for alias in term.aliases)}:
            if name in owners:
                message = f"'{name}' names both {owners[name].id} and {term.id}"
                yield Finding("odd-spelling", term.place, message, "Leave the name to one of the two")
            owners.setdefault(name, term)
