"""A quantity that nothing stands behind, or that is not the one its evidence gives.

A number in the text is sourced, computed or assumed, and the reader can tell which.
A footnote covers its own sentence, table cell or caption; a sentence that holds
"assume", "assumed", "say" or "suppose" assumes. Where the footnote is a computed
number or a fact, the sentence holds its words exactly, and every other quantity in
the sentence is one of its inputs. Where it is a source, the document's claim ledger
holds the same quantity with that source and its passage. So a changed digit is found.
The lead "At ten times the load" asks, and is no quantity.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from sysdesign.checks.computation import equals_input, equals_value
from sysdesign.checks.findings import Context, Finding, at
from sysdesign.checks.quantities import Quantity, all_numbers, quantities
from sysdesign.content import Reference
from sysdesign.content.document import Document, FootnoteUse, Section, Statement, Table
from sysdesign.content.form import PATTERN_LEADS
from sysdesign.content.markdown import marked_text, plain, sentences
from sysdesign.content.records import Fact, Number

CRITERION = "numbers"
EXEMPT = "References"  # years, volumes and pages of what is cited
_ASSUMED = re.compile(r"\b(?:assume|assumed|say|suppose)\b", re.IGNORECASE)
_FIX = "Mark it with a source, fact or number, or say that it is assumed"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        yield from _missing_words(reference, document)
        claimed = {section.anchor: _claimed(section) for section in document.sections}
        own = {(use.line, use.covers, use.id) for use in document.footnote_uses}
        for statement in document.statements:
            marks = {id_ for id_ in statement.backing if (statement.line, statement.text, id_) in own}
            if document.chapter(statement.section) != EXEMPT and not _is_assumed(document, statement, bool(marks)):
                text = claimed[statement.section].get(statement.text, statement.text)
                yield from _unbacked(reference, document, statement, _without_lead(text), marks)


def _unbacked(
    reference: Reference, document: Document, statement: Statement, text: str, own: set[str]
) -> Iterator[Finding]:
    """Quantities of one statement that no evidence covers."""
    records = [record for id_ in statement.backing if (record := _record(reference, id_)) is not None]
    strict = any(record.id in own for record in records)
    sources = [id_ for id_ in statement.backing if id_ in reference.sources]
    if sources and not strict:
        yield from _unclaimed(reference, document, statement, _without_shown(text, records), records, sources)
        return
    below = [] if strict else [r for id_ in _marks_below(document, statement) if (r := _record(reference, id_))]
    for found in quantities(_without_shown(text, records)):
        if any(_covers(record, found) for record in (*records, *below)) or (found.bare_count and not strict):
            continue
        if strict:
            names = ", ".join(record.id for record in records)
            message = f"{found.text!r} is neither what {names} shows nor an input"
            fix = "Mend the digits, add it to the inputs, or put it into a sentence of its own with its own evidence"
        else:
            message, fix = f"nothing stands behind {found.text!r}", _FIX
        yield at(document, statement.line, "unbacked-quantity", message, fix)


def _unclaimed(
    reference: Reference,
    document: Document,
    statement: Statement,
    text: str,
    records: list[Number | Fact],
    sources: list[str],
) -> Iterator[Finding]:
    """Quantities of one statement that rest on sources, and that no claim of the ledger holds with one of them."""
    claimed = [
        number
        for claim in reference.claims.get(document.slug, ())
        if claim.source in sources
        for number in all_numbers(claim.statement)
    ]
    for found in quantities(text):
        if found.bare_count or any(_same(found, number) for number in claimed):
            continue
        if any(_covers(record, found) for record in records):
            continue
        message = f"{found.text!r} rests on {', '.join(sources)}, and no claim of the ledger holds it with that source"
        fix = f"Mend the digits, or add the claim and its passage to claims/{document.slug}.yaml"
        yield at(document, statement.line, "unbacked-quantity", message, fix)


def _same(one: Quantity, other: Quantity) -> bool:
    """Whether both say the same: "3.5 million" and "3,500,000", whatever is counted."""
    return math.isclose(one.base, other.base, rel_tol=1e-9) or math.isclose(one.value, other.value, rel_tol=1e-9)


def _is_assumed(document: Document, statement: Statement, marked: bool) -> bool:
    """Whether the statement says that it assumes.

    A cell also where its row or its table's caption says so, unless it bears evidence of its own (`marked`).
    """
    texts = [statement.text]
    if statement.kind in ("cell", "header") and not marked:
        for table in document.tables:
            if statement.line in table.row_lines and table.section == statement.section:
                texts += [*table.rows[table.row_lines.index(statement.line)], table.caption]
    return any(_ASSUMED.search(text) for text in texts)


def _marks_below(document: Document, statement: Statement) -> set[str]:
    """Marks in the table that a caption line announces: what their records take in stands in the caption."""
    lines = {
        line
        for table in document.tables
        if statement.kind == "sentence" and _announces(statement.text, statement.section, table)
        for line in table.row_lines
    }
    return {use.id for use in document.footnote_uses if use.line in lines}


def _announces(text: str, section: str, table: Table) -> bool:
    return bool(table.caption) and table.section == section and table.caption.endswith(text)


def _record(reference: Reference, id_: str) -> Number | Fact | None:
    return reference.numbers.get(id_) or reference.facts.get(id_)


def _covers(record: Number | Fact, found: Quantity) -> bool:
    if isinstance(record, Number):
        return equals_input(found, record)
    return equals_value(found, record.value, record.unit)


def _without_lead(text: str) -> str:
    return text.removeprefix(next((lead for lead in PATTERN_LEADS if text.startswith(lead)), ""))


def _without_shown(text: str, records: list[Number | Fact]) -> str:
    """The text without the words that its evidence shows, once for each record: a second "1,000 requests" is a claim
    of its own."""
    for record in records:
        if record.shows:
            text = re.sub(_pattern(record.shows), " … ", text, count=1, flags=re.IGNORECASE)
    return text


def _pattern(shows: str) -> str:
    """The words of `shows`, not inside a longer word or number, whatever the white space between them."""
    return r"(?<![\w.,])" + r"\s+".join(map(re.escape, shows.split())) + r"(?!\w|[.,]\d)"


def _claimed(section: Section) -> dict[str, str]:
    """Sentences and cells that hold code or formulas, with these hidden: they are written as they are, not claimed."""
    found = {}
    for children in (token.children for token in section.tokens if token.children):
        shown, hidden = marked_text(children), marked_text(children, hidden=True)
        if shown == hidden:
            continue
        found[plain(shown)] = plain(hidden)
        at = 0
        for sentence, _ in sentences(shown):
            at = shown.index(sentence, at)
            found[plain(sentence)] = plain(hidden[at : at + len(sentence)])
    return found


def _missing_words(reference: Reference, document: Document) -> Iterator[Finding]:
    """Sentences that do not hold the exact words that their evidence shows."""
    for use in document.footnote_uses:
        record = _record(reference, use.id)
        if record is None or not record.shows:
            continue
        pattern = re.compile(_pattern(record.shows), re.IGNORECASE)
        if not any(pattern.search(text) for text in _covered(document, use)):
            message = f"the sentence marked with {use.id} does not hold {record.shows!r}"
            fix = "Write it so, or change `shows` in the record; the check computes it again"
            yield at(document, use.line, "unbacked-quantity", message, fix)


def _covered(document: Document, use: FootnoteUse) -> Iterator[str]:
    """What a mark covers: its sentence, cell or caption; its row, where it stands there twice; the table below it."""
    yield use.covers
    for other in document.footnote_uses:
        if other.id == use.id and other.line == use.line:
            yield other.covers
    for table in document.tables:
        if _announces(use.covers, use.section, table):
            for row in table.rows:
                yield from row
