"""A glossary term whose home does not name it, or a phrase of its other senses that no document uses.

A concept has one home, and the home says its name. A phrase that is gone from the
text was reworded, and the new words may be linked to the term by mistake.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.content.records import Term
from sysdesign.errors import UnknownName

CRITERION = "language"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    everything = "\n".join(document.source for document in reference.documents.values()).lower()
    for term in reference.terms.values():
        for phrase in term.other_senses:
            if phrase.lower() not in everything:
                message = f"'{phrase}', another sense of '{term.term}', stands in no document"
                yield Finding("unused-term", term.place, message, "Look for what replaced it, or drop it", "warning")
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
