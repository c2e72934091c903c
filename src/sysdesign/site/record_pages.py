"""Pages made from records: facts, glossary, how this is checked, search, and the page for what is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sysdesign.content import Reference
from sysdesign.content.records import Fact
from sysdesign.errors import UnknownName
from sysdesign.site.addresses import folder_of, root_from, section_target
from sysdesign.site.evidence import date_text, fact_check_text, fact_value
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
        "search/index.html", "search.html", title="Search", own_search=True, layout="wide", main_class="search-page"
    )
    yield site.page("404.html", "missing.html", title="Not found", layout="wide", main_class="narrow")


def _facts(site: Site) -> Page:
    reference, root = site.reference, root_from("facts/index.html")
    uses = _uses(reference)
    rows = [
        {
            "fact": fact, "value": fact_value(fact), "date": fact.checked.isoformat(), "long_date": date_text(fact.checked),
            "class": fact.class_, "how": fact_check_text(fact), "service": service_of(fact),
            "uses": [_use(reference, slug, anchor, root) for slug, anchor in uses.get(fact.id, ())],
        }
        for fact in sorted(reference.facts.values(), key=lambda fact: (service_of(fact), fact.says))
    ]  # fmt: skip
    services = sorted({row["service"] for row in rows})
    return site.page(
        "facts/index.html", "facts.html", title="Facts", rows=rows, services=services, classes=CLASSES,
        description="Every vendor fact with its source and the day it was checked.",
    )  # fmt: skip


def service_of(fact: Fact) -> str:
    """The service that a fact is about, from the file that holds it: facts/aws-sqs.yaml."""
    return fact.place.path.rsplit("/", 1)[-1].removesuffix(".yaml").removeprefix("aws-") or "other"


def _uses(reference: Reference) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for slug, document in reference.documents.items():
        for use in document.footnote_uses:
            places = found.setdefault(use.id, [])
            if (slug, use.section) not in places:
                places.append((slug, use.section))
    return found


def _use(reference: Reference, slug: str, anchor: str, root: str) -> dict[str, str]:
    section = reference.documents[slug].by_anchor[anchor]
    return {"href": f"{root}{folder_of(reference.planned(slug))}#{anchor}", "title": section.title}


def _glossary(site: Site) -> Page:
    reference, root = site.reference, root_from("glossary/index.html")
    terms = []
    for term in sorted(reference.terms.values(), key=lambda term: term.term.lower()):
        try:
            target = section_target(reference, term.home, root)
        except UnknownName:
            target = None  # a check names it; the term itself still helps
        terms.append({"term": term, "target": target})
    return site.page(
        "glossary/index.html", "glossary.html", title="Glossary", terms=terms,
        letters=sorted({entry["term"].term[0].upper() for entry in terms}),
        description="One sentence for each term, and the section that explains it.",
    )  # fmt: skip


def _checks(site: Site, scoreboard: Mapping[str, Any] | None) -> Page:
    reference, root = site.reference, root_from("checks/index.html")
    groups = []
    rows = {row["slug"]: row for row in scoreboard["rows"]} if scoreboard else {}
    for group in reference.plan.groups:
        documents = []
        for planned in (d for d in reference.plan.documents if d.group == group.id):
            written = planned.slug in reference.documents
            documents.append({
                "title": planned.title, "slug": planned.slug, "row": rows.get(planned.slug), "written": written,
                "href": f"{root}{folder_of(planned)}" if written else "",
            })  # fmt: skip
        groups.append({"title": group.title, "documents": documents})
    findings = list(scoreboard["findings"]) if scoreboard else []
    return site.page(
        "checks/index.html", "checks.html", title="How this is checked", scoreboard=scoreboard, groups=groups,
        findings=[{**finding, "place": _place(finding["place"])} for finding in findings[:MOST_FINDINGS]],
        more_findings=max(0, len(findings) - MOST_FINDINGS),
        description="What the checks found, document by document.",
    )  # fmt: skip


def _place(place: Any) -> str:
    return place if isinstance(place, str) else f"{place['path']}:{place['line']}"
