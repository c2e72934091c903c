"""The home page: what this is, the map, and three ways in."""

from __future__ import annotations

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
        decisions=[{"name": name, "question": view.question} for name, view in site.decisions.items()],
        symptoms=_symptoms(reference), counts=_counts(site),
    )  # fmt: skip


def _symptoms(reference: Reference) -> list[dict[str, Any]]:
    """What people notice in their own words; texts that programs print are for the search."""
    return [
        {"notice": each.notice, "target": section_target(reference, each.section, ROOT)}
        for each in reference.symptoms
        if each.kind == "symptom"
    ]


def _counts(site: Site) -> dict[str, int]:
    reference = site.reference
    return {
        "documents": len(reference.plan.documents), "written": len(reference.documents),
        "numbers": len(reference.numbers), "facts": len(reference.facts),
        "sources": len(reference.sources), "models": len(site.models),
    }  # fmt: skip
