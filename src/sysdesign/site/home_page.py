"""The home page: what this is, a chart, the map, and further ways in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from markupsafe import Markup

from sysdesign.content import Reference
from sysdesign.content.brief import has_brief
from sysdesign.content.reading_time import WORDS_A_MINUTE, brief_minutes, document_minutes, path_minutes, time_text
from sysdesign.content.records import PlannedDocument, ReadingPath
from sysdesign.content.reference import told_at
from sysdesign.site.addresses import section_target
from sysdesign.site.brief_page import FOLDER as BRIEF
from sysdesign.site.brief_page import reading_name
from sysdesign.site.filter_words import of_decision, of_symptom
from sysdesign.site.layout import Page, Site, document_item, documents_by_group
from sysdesign.site.reading_map import BOX_HEIGHT, BOX_WIDTH, reading_map

ROOT = "./"


def page(site: Site) -> Page:
    """The home page."""
    reference, chart = site.reference, _chart(site)
    return site.page(
        "index.html", "home.html",
        layout="home", own_search=True, main_class="home",
        description="A system design reference that runs: every number sourced or computed.",
        map=reading_map(reference.plan), box_width=BOX_WIDTH, box_height=BOX_HEIGHT,
        items={d.slug: document_item(reference, d, ROOT) for d in reference.plan.documents},
        groups=documents_by_group(reference, ROOT),
        decisions=_grouped(reference, _decisions(site)), symptoms=_grouped(reference, _symptoms(site)),
        counts=_counts(site), chart=chart, has_figures=bool(chart),
        path_groups=list(_path_groups(reference)), words_a_minute=WORDS_A_MINUTE,
    )  # fmt: skip


def _chart(site: Site) -> dict[str, Any]:
    """The figure that opens the page, as its document shows it; empty where no document does."""
    for slug, document in site.reference.documents.items():
        for figure in document.figures:
            if figure.name == site.reference.plan.opening:
                drawn = Markup(site.figures.html(figure, "", document.path, ROOT))  # it escapes all text
                item = document_item(site.reference, site.reference.planned(slug), ROOT)
                return {"figure": drawn, "title": document.title, "href": f"{item['href']}#{figure.section}"}
    return {}


def _path_groups(reference: Reference) -> Iterator[dict[str, Any]]:
    """The ways through the documents, by work and by time, each with how long it takes."""
    for by, title in (("role", "For your work"), ("time", "For your time")):
        paths = [_path(reference, path) for path in reference.plan.paths if path.by == by]
        if paths:
            yield {"title": title, "paths": paths}


def _path(reference: Reference, path: ReadingPath) -> dict[str, Any]:
    items = [_item(reference, reference.planned(slug), briefs=path.briefs) for slug in path.documents]
    count = f"{len(items)} {'brief' if path.briefs else 'document'}{'s' if len(items) != 1 else ''}"
    takes = f"{count}, {time_text(path_minutes(path, reference))}"
    return {"title": path.title, "sentence": path.sentence, "takes": takes, "items": items}


def _item(reference: Reference, planned: PlannedDocument, *, briefs: bool) -> dict[str, Any]:
    item = {**document_item(reference, planned, ROOT), "takes": "", "reading": planned.slug}
    document = reference.documents.get(planned.slug)
    if document:
        item["takes"] = time_text((brief_minutes if briefs else document_minutes)(document))
    if document and briefs and has_brief(document):
        item["href"], item["reading"] = f"{item['href']}{BRIEF}", reading_name(planned.slug)
    return item


def _decisions(site: Site) -> Iterator[tuple[str, dict[str, str]]]:
    for name, view in site.decisions.items():
        words = of_decision(view, site.names)
        yield view.document, {"says": view.question, "href": f"{ROOT}decisions/{name}/", "where": "", "words": words}


def _symptoms(site: Site) -> Iterator[tuple[str, dict[str, str]]]:
    """What people notice in their own words; texts that programs print are for the search."""
    reference = site.reference
    for each in reference.symptoms:
        with told_at(each.place):
            target = section_target(reference, each.section, ROOT)
        if each.kind == "symptom" and target.kind == "section":
            document, section = reference.section(each.section)
            words = of_symptom(each.notice, each.section, site.names)
            yield document.name, {"says": each.notice, "href": target.href, "where": section.title, "words": words}


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
