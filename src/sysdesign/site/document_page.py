"""The page of one written document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from sysdesign.content import Reference
from sysdesign.content.brief import has_brief
from sysdesign.content.document import Document
from sysdesign.content.reading_time import document_minutes, time_text
from sysdesign.content.reference import told_at
from sysdesign.protocols import PROTOCOLS
from sysdesign.site.addresses import Target, folder_of, root_from, section_target
from sysdesign.site.evidence import date_text, note_view, record_of
from sysdesign.site.explorer_pages import FOLDER
from sysdesign.site.layout import Page, Site, document_item, documents_beside, lists_all
from sysdesign.site.prose import Prose

_KINDS = {"Number": "computed number", "Fact": "dated fact", "Source": "source"}


def page(site: Site, slug: str) -> Page:
    """The page of the written document with that slug. Raises BadContent where it would be broken."""
    reference, document, planned = site.reference, site.reference.documents[slug], site.reference.planned(slug)
    path = f"{folder_of(planned)}index.html"
    root = root_from(path)
    prose = Prose(reference, document, root, site.figures, _players(document, root))
    body = Markup(prose.body())  # Prose escapes all text
    before, after = site.neighbors[slug]
    return site.page(
        path, "document.html",
        layout="reading", reading=slug, reading_time=time_text(document_minutes(document)),
        title=document.title, description=planned.sentence, sentence=planned.sentence,
        anchor=document.sections[0].anchor,
        group_title=next(group.title for group in reference.plan.groups if group.id == planned.group),
        groups=documents_beside(reference, root, slug), listed_all=lists_all(reference),
        body=body, outline=_outline(document),
        before=[document_item(reference, reference.planned(name), root) for name in planned.prerequisites],
        notes=[note_view(reference, note, site.models, root) for note in prose.notes.found.values()],
        terms=[_term(reference, id_, root) for id_ in terms_in_order(reference, prose.terms)],
        outside=list(prose.outside), facts_checked=_facts_checked(reference, prose),
        evidence_line=_evidence_line(reference, prose),
        previous=before and document_item(reference, before, root),
        next=after and document_item(reference, after, root),
        has_figures=bool(document.figures), has_brief=has_brief(document), for_programs="./index",
    )  # fmt: skip


def _players(document: Document, root: str) -> dict[str, Target]:
    """The explorers of what the document's sections tell, by the section's anchor."""
    told = {each.section.partition("#"): each for each in PROTOCOLS.values()}
    return {
        anchor: Target(f"{root}{FOLDER}/{protocol.name}/", protocol.title)
        for (name, _, anchor), protocol in told.items()
        if name == document.name
    }


def _outline(document: Document) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for section in document.sections:
        if section.level == 2:
            parts.append({"anchor": section.anchor, "title": section.title, "parts": []})
        elif section.level == 3 and parts:
            parts[-1]["parts"].append({"anchor": section.anchor, "title": section.title})
    return parts


def terms_in_order(reference: Reference, terms: Iterable[str]) -> list[str]:
    """Ids of terms by what the reader sees."""
    return sorted(terms, key=lambda id_: reference.terms[id_].term.lower())


def _term(reference: Reference, id_: str, root: str) -> dict[str, str]:
    term = reference.terms[id_]
    with told_at(term.place):
        target = section_target(reference, term.home, root)
    link = f"{target.title} (planned)" if target.kind == "planned" else target.title
    return {"id": id_, "term": term.term, "sentence": term.sentence, "href": target.href, "link": link}


def _facts_checked(reference: Reference, prose: Prose) -> str:
    dates = [reference.facts[id_].checked for id_ in prose.notes.found if id_ in reference.facts]
    if not dates:
        return ""
    first, last = min(dates), max(dates)
    return date_text(last) if first == last else f"between {date_text(first)} and {date_text(last)}"


def _evidence_line(reference: Reference, prose: Prose) -> str:
    counts = dict.fromkeys(_KINDS.values(), 0)
    for id_ in prose.notes.found:
        counts[_KINDS[type(record_of(reference, id_)).__name__]] += 1
    shown = [f"{count} {name}{'s' if count != 1 else ''}" for name, count in counts.items() if count]
    return ", ".join(shown) or "none yet"
