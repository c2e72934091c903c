"""Pages made from records: facts, glossary, how this is checked, search, and the page for what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sysdesign.content import Reference
from sysdesign.content.records import PlannedDocument
from sysdesign.site.addresses import folder_of, root_from, target_if_there
from sysdesign.site.evidence import fact_check_text, fact_value
from sysdesign.site.layout import Page, Site

MOST_FINDINGS = 400  # more than a page can help with; the command prints them all
CLASSES = {
    "model": "in the vendor's service model",
    "page": "on a page of the vendor",
    "lifecycle": "a service's life cycle",
}


def pages(site: Site, scoreboard: Mapping[str, Any] | None) -> Iterator[Page]:
    """The pages that are tables of records."""
    yield _facts(site)
    yield _glossary(site)
    yield _checks(site, scoreboard)
    yield site.page(
        "search/index.html",
        "search.html",
        title="Search",
        own_search=True,
        description="Sections, symptoms, error texts, decisions, models, facts and terms, found by words.",
        layout="wide",
        main_class="search-page",
    )
    yield site.page("404.html", "missing.html", title="Not found", layout="wide", main_class="narrow")


def _facts(site: Site) -> Page:
    reference, root = site.reference, root_from("facts/index.html")
    uses = _uses(reference)
    facts = sorted(reference.facts.values(), key=lambda fact: (fact.service, fact.says))
    rows = [
        {
            "fact": fact,
            "value": fact_value(fact),
            "date": fact.checked.isoformat(),
            "class": fact.class_,
            "how": fact_check_text(fact),
            "service": fact.service,
            "uses": [_use(reference, slug, anchor, root) for slug, anchor in uses.get(fact.id, ())],
        }
        for fact in facts
    ]
    services = sorted({fact.service for fact in facts})
    return site.page(
        "facts/index.html", "facts.html", title="Facts", rows=rows, services=services, classes=CLASSES,
        description="Every vendor fact with its source and the day it was checked.",
    )  # fmt: skip


def _uses(reference: Reference) -> dict[str, list[tuple[str, str]]]:
    """Slug and section of each use of a fact."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for slug, document in reference.documents.items():
        for use in document.footnote_uses:
            if use.id in reference.facts:
                found.setdefault(use.id, {})[slug, use.section] = None
    return {id_: list(places) for id_, places in found.items()}


def _use(reference: Reference, slug: str, anchor: str, root: str) -> dict[str, str]:
    section = reference.documents[slug].by_anchor[anchor]
    return {"href": f"{root}{folder_of(reference.planned(slug))}#{anchor}", "title": section.title}


def _glossary(site: Site) -> Page:
    reference, root = site.reference, root_from("glossary/index.html")
    terms = [
        {"term": term, "target": target_if_there(reference, term.home, root)}
        for term in sorted(reference.terms.values(), key=lambda term: term.term.lower())
    ]
    return site.page(
        "glossary/index.html", "glossary.html", title="Glossary", terms=terms,
        description="One sentence for each term, and the section that explains it.",
    )  # fmt: skip


def _checks(site: Site, scoreboard: Mapping[str, Any] | None) -> Page:
    reference, root = site.reference, root_from("checks/index.html")
    rows = {row["slug"]: row for row in scoreboard["documents"]} if scoreboard else {}
    groups = []
    for group in reference.plan.groups:
        members = [planned for planned in reference.plan.documents if planned.group == group.id]
        documents = [_checked(reference, planned, rows.get(planned.slug), root) for planned in members]
        groups.append({"title": group.title, "documents": documents})
    missing = list(scoreboard["missing"]) if scoreboard else []
    return site.page(
        "checks/index.html",
        "checks.html",
        title="How this is checked",
        criteria=list(scoreboard["criteria"]) if scoreboard else [],
        groups=groups,
        missing=missing[:MOST_FINDINGS],
        more_missing=max(0, len(missing) - MOST_FINDINGS),
        description="What the checks found, document by document.",
    )


def _checked(
    reference: Reference, planned: PlannedDocument, row: Mapping[str, Any] | None, root: str
) -> dict[str, Any]:
    written = planned.slug in reference.documents
    return {
        "title": planned.title,
        "href": f"{root}{folder_of(planned)}" if written else "",
        "state": "planned" if not written else "checked" if row and row["written"] else "not checked yet",
        "missing": row["missing"] if row else {},
    }
