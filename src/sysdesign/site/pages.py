"""Every page of the site, from the reference to bytes.

Pure and deterministic: the same reference gives the same bytes, and no page
holds the day on which it was built or how old something is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from sysdesign.site.asset_files import assets, chart_engine
from sysdesign.site.figures import FigureRoom
from sysdesign.site.layout import Page, Site

FIGURES = "assets/figures.css"  # the style sheet that all figures share


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
        yield from machine_files.site_map(site.address, (path for path in paths if path.endswith(".html")))


def _every(site: Site, scoreboard: Mapping[str, Any] | None) -> Iterator[Page]:
    for slug in site.reference.documents:
        yield from document_pages(site, slug)
    for slug in site.reference.slugs:
        if slug not in site.reference.documents:
            yield planned_page.page(site, slug)
    yield home_page.page(site)
    yield from model_pages.pages(site)
    yield levels_page.page(site)
    yield from explorer_pages.pages(site)
    yield from decision_pages.pages(site)
    yield from record_pages.pages(site, scoreboard)
    yield from machine_files.record_files(site)
    yield FIGURES, site.figures_sheet
    yield "assets/chart-engine.js", chart_engine()
    for name, content in assets().items():
        yield f"assets/{name}", content


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


def site_of(reference: Reference, address: str = "", *, takes_along: bool = False) -> Site:
    """What the pages of one build share."""
    frameworks = decision_pages.frameworks(reference)
    return Site(reference, models(), FigureRoom(reference, models()), frameworks, address, takes_along)


def render(reference: Reference, *, scoreboard: Mapping[str, Any] | None = None, address: str = "") -> dict[str, bytes]:
    """All files of the site but the search index, by path."""
    return dict(pages(site_of(reference, address), scoreboard))
