"""The home page: what this is, the map, and three ways in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sysdesign.content import Reference
from sysdesign.site.addresses import section_target
from sysdesign.site.layout import Page, Site, document_item, documents_by_group
from sysdesign.site.reading_map import BOX_HEIGHT, BOX_WIDTH, reading_map

ROOT = "./"


def page(site: Site) -> Page:
    """The home page."""
    reference = site.reference
    return site.page(
        "index.html", "home.html",
        layout="home", own_search=True, main_class="home",
        description="A system design reference that runs: every number sourced or computed.",
        map=reading_map(reference.plan), box_width=BOX_WIDTH, box_height=BOX_HEIGHT,
        items={d.slug: document_item(reference, d, ROOT) for d in reference.plan.documents},
        groups=documents_by_group(reference, ROOT),
        decisions=_grouped(reference, _decisions(site)), symptoms=_grouped(reference, _symptoms(reference)),
        counts=_counts(site),
    )  # fmt: skip


def _decisions(site: Site) -> Iterator[tuple[str, dict[str, str]]]:
    for name, view in site.decisions.items():
        yield view.document, {"says": view.question, "href": f"{ROOT}decisions/{name}/", "where": ""}


def _symptoms(reference: Reference) -> Iterator[tuple[str, dict[str, str]]]:
    """What people notice in their own words; texts that programs print are for the search."""
    for each in reference.symptoms:
        target = section_target(reference, each.section, ROOT)
        if each.kind == "symptom" and target.kind == "section":
            document, section = reference.section(each.section)
            yield document.name, {"says": each.notice, "href": target.href, "where": section.title}


def _grouped(reference: Reference, found: Iterable[tuple[str, dict[str, str]]]) -> list[dict[str, Any]]:
    """Lines under the documents that they belong to, in reading order."""
    groups: dict[str, list[dict[str, str]]] = {}
    for name, line in found:
        groups.setdefault(name, []).append(line)
    order = [reference.planned(slug) for slug in reference.plan.reading_order]
    return [{"title": each.title, "items": groups[each.name]} for each in order if each.name in groups]


def _counts(site: Site) -> dict[str, int]:
    reference = site.reference
    return {
        "documents": len(reference.plan.documents), "written": len(reference.documents),
        "numbers": len(reference.numbers), "facts": len(reference.facts),
        "sources": len(reference.sources), "models": len(site.models),
    }  # fmt: skip
