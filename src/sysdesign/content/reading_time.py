"""How long the documents take to read."""

from __future__ import annotations

from sysdesign.content.brief import brief, brief_markdown, has_brief
from sysdesign.content.document import Document
from sysdesign.content.form import body_words
from sysdesign.content.records import ReadingPath
from sysdesign.content.reference import Reference

# Silent reading of non-fiction in English, mean of 190 studies of adults; most lie between 175 and 300.
# Brysbaert 2019, https://doi.org/10.1016/j.jml.2019.104047 (abstract)
WORDS_A_MINUTE = 238


def document_minutes(document: Document) -> float:
    """Minutes for its prose and its tables, the references left out."""
    inside = (table for table in document.tables if document.chapter(table.section) != "References")
    cells = (cell for table in inside for row in (table.header, *table.rows) for cell in row)
    return (body_words(document) + sum(len(cell.split()) for cell in cells)) / WORDS_A_MINUTE


def brief_minutes(document: Document) -> float:
    """Minutes for its brief, the lines of the decisions left out; 0 for one without a brief."""
    if not has_brief(document):
        return 0.0
    return len(brief_markdown(brief(document, ())).split()) / WORDS_A_MINUTE


def path_minutes(path: ReadingPath, reference: Reference) -> float:
    """Minutes for all of a path that is written."""
    minutes = brief_minutes if path.briefs else document_minutes
    return sum(minutes(reference.documents[slug]) for slug in path.documents if slug in reference.documents)


def time_text(minutes: float) -> str:
    """About how long that is: 6 min, 50 min, 7 h."""
    if minutes >= 100:
        return f"{round(minutes / 60)} h"
    return f"{max(1, round(minutes))} min" if minutes < 12 else f"{round(minutes / 5) * 5} min"
