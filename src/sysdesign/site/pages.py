"""Every page of the site, from the reference to bytes.

Pure and deterministic: the same reference gives the same bytes, and no page
holds the day on which it was built or how old something is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sysdesign.content import Reference
from sysdesign.content.brief import has_brief
from sysdesign.models.registry import models
from sysdesign.site import (
    brief_page,
    decision_pages,
    document_page,
    evidence_page,
    explorer_pages,
    home_page,
    levels_page,
    machine_files,
    model_pages,
    planned_page,
    record_pages,
)
from sysdesign.site.addresses import folder_of
from sysdesign.site.asset_files import assets, chart_engine
from sysdesign.site.cards import CARD, card
from sysdesign.site.figures import FigureRoom
from sysdesign.site.layout import Page, Site

FIGURES = "assets/figures.css"  # the style sheet that all figures share
CHART_ENGINE = "assets/chart-engine.js"


def pages(site: Site, scoreboard: Mapping[str, Any] | None = None) -> Iterator[Page]:
    """Path and bytes of every file of the site but the search index.

    `scoreboard` is what the checks found, as plain values; without it the page that shows it says how to get it.
    Where the site's address is known, what needs a full address is made too. Raises BadContent where a page would
    be broken.
    """
    paths = []
    for path, content in _every(site, scoreboard):
        paths.append(path)
        yield path, content
    if site.address:
        yield from card_files(site)
        yield from machine_files.site_map(site.address, (path for path in paths if path.endswith(".html")))


def _every(site: Site, scoreboard: Mapping[str, Any] | None) -> Iterator[Page]:
    for part in parts(site, scoreboard):
        yield from part.files


@dataclass(frozen=True, eq=False)
class Part:
    """Files of the site that are made one after the other, and how their paths begin."""

    beginnings: tuple[str, ...]
    files: Iterator[Page]

    def holds(self, path: str) -> bool:
        return path.startswith(self.beginnings)


def parts(site: Site, scoreboard: Mapping[str, Any] | None = None) -> Iterator[Part]:
    """Every file of the site but the search index: what all pages need comes first, and no part hangs on another."""
    yield _part(_one(home_page.page, site), "index.html")
    yield _part(_assets(site), "assets/")
    for slug in site.reference.documents:
        yield _part(document_pages(site, slug), folder_of(site.reference.planned(slug)))
    for slug in site.reference.slugs:
        if slug not in site.reference.documents:
            yield _part(_one(planned_page.page, site, slug), folder_of(site.reference.planned(slug)))
    yield _part(model_pages.pages(site), "models/")
    yield _part(_one(levels_page.page, site), "levels/")
    yield _part(explorer_pages.pages(site), "explorers/")
    yield _part(decision_pages.pages(site), "decisions/", "workload/")
    records = chain(record_pages.pages(site, scoreboard), machine_files.record_files(site))
    yield _part(records, "facts/", "glossary/", "checks/", "search/index.html", "404.html", "llms.txt")
    yield _part(_one(_chart_engine), CHART_ENGINE)


def _part(files: Iterable[Page], *beginnings: str) -> Part:
    return Part(beginnings, iter(files))


def _one(page: Callable[..., Page], *of: Any) -> Iterator[Page]:
    yield page(*of)


def _assets(site: Site) -> Iterator[Page]:
    for name, content in assets().items():
        yield f"assets/{name}", content
    yield FIGURES, site.figures_sheet


def _chart_engine() -> Page:
    return CHART_ENGINE, chart_engine()


def document_pages(site: Site, slug: str) -> Iterator[Page]:
    """The page of a written document and what hangs on it."""
    yield document_page.page(site, slug)
    yield from pages_beside(site, slug)


def pages_beside(site: Site, slug: str) -> Iterator[Page]:
    """What hangs on a document's page: its evidence, its brief where it has one, and the same for programs."""
    yield evidence_page.page(site, slug)
    if has_brief(site.reference.documents[slug]):
        yield brief_page.page(site, slug)
    yield from machine_files.document_files(site, slug)


def card_files(site: Site) -> Iterator[Page]:
    """The picture of each written document, and that of every other page."""
    yield CARD, card(machine_files.NAME, machine_files.NAME, machine_files.SENTENCE)
    for slug in site.reference.documents:
        planned = site.reference.planned(slug)
        yield f"{folder_of(planned)}{CARD}", card(machine_files.NAME, planned.title, planned.sentence)


def site_of(reference: Reference, address: str = "", *, takes_along: bool = False) -> Site:
    """What the pages of one build share."""
    frameworks = decision_pages.frameworks(reference)
    return Site(reference, models(), FigureRoom(reference, models()), frameworks, address, takes_along)


def render(reference: Reference, *, scoreboard: Mapping[str, Any] | None = None, address: str = "") -> dict[str, bytes]:
    """All files of the site but the search index, by path."""
    return dict(pages(site_of(reference, address), scoreboard))
