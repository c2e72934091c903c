"""A glossary term that no document uses, or whose home does not name it.

A concept has one home, and the home says its name.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.content.records import Term
from sysdesign.errors import UnknownName

CRITERION = "language"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for term in reference.terms.values():
        text = _home_text(reference, term)
        names = (term.term, *term.aliases)
        if text is not None and not any(name.lower() in text for name in names):
            message = f"the home of '{term.term}' ({term.home}) never says it"
            yield Finding("unused-term", term.place, message, "Name it there, or give the term its right home")


def _home_text(reference: Reference, term: Term) -> str | None:
    try:
        document, section = reference.section(term.home.replace(".md", ""))
    except UnknownName:
        return None  # broken-address says so
    inside = document.below(section.anchor)
    anchors = {each.anchor for each in inside}
    cells = [statement.text for statement in document.statements if statement.section in anchors]
    return " ".join((*(each.title for each in inside), *cells)).lower()
