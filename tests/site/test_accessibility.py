"""No page breaks an accessibility rule that axe can see, in light or in dark; documents and each kind of page."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from typing import Any

import pytest

from sysdesign.content import default_root, load
from sysdesign.content.brief import has_brief
from sysdesign.site.pages import render
from tests.site.conftest import PATIENCE, Watch

pytestmark = pytest.mark.browser
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = "() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"


def faults(page: Any) -> list[str]:
    """What axe finds, in light and in dark."""
    page.evaluate(AXE)
    found = []
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        for violation in page.evaluate(RUN):
            where = [f"{node['html'][:160]} ({node['failureSummary'][:240]})" for node in violation["nodes"][:3]]
            found.append(f"{theme}: {violation['id']}: {where}")
    return found


def open_page(chromium: Any, address: str, path: str, width: int = 1280) -> Any:
    context = chromium.new_context(viewport={"width": width, "height": 900}, base_url=address)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.watch = Watch(page, address)
    page.goto(path)
    return page


def one_of_each(paths: Iterable[str]) -> list[str]:
    """Pages to look at: all, but of the models one a subject (`models/caching.lru/` stands for all of caching's)."""
    kept = {}
    for path in sorted(paths):
        if path.endswith("index.html"):
            kept.setdefault(path.partition(".")[0] if path.startswith("models/") else path, path)
    return [path.removesuffix("index.html") for path in kept.values()]


def test_every_kind_of_page(chromium: Any, address: str, pages: dict[str, bytes]) -> None:
    page = open_page(chromium, address, "")
    for path in one_of_each(pages):
        page.goto(path)
        assert faults(page) == [], path
    assert page.watch.faults == []
    page.context.close()


def test_an_answer_with_its_outcomes_fits_a_phone(chromium: Any, address: str) -> None:
    """The table scrolls in its frame, and what is read aloud is not wider than the page."""
    page = open_page(chromium, address, "", width=390)
    page.goto("decisions/remedy/?traffic.reads_per_s=400+to+800")
    page.locator(".answer .outcomes").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults(page) == []
    assert page.locator(".answer tbody th").first.inner_text().startswith("Capacity used at the peak")
    assert page.watch.faults == []
    page.context.close()


def written_paths() -> list[str]:
    """The documents of the real site, their briefs, and the pages that stand once."""
    reference = load(default_root())
    found = ["", "facts/", "glossary/", "checks/", "decisions/"]
    for slug, document in reference.documents.items():
        path = f"{reference.planned(slug).name.lower()}/"
        found += [path, f"{path}brief/"] if has_brief(document) else [path]
    return found


@pytest.mark.parametrize("path", written_paths())
def test_every_document_of_the_real_site(chromium: Any, whole_address: str, path: str) -> None:
    page = open_page(chromium, whole_address, path)
    assert faults(page) == []
    assert page.watch.faults == []
    page.context.close()


def test_every_kind_of_page_fits_a_phone(chromium: Any, whole_address: str) -> None:
    """Nothing reaches beyond the screen's edge; what is wide scrolls in its own frame."""
    page = open_page(chromium, whole_address, "", width=360)
    for path in one_of_each(render(load(default_root()))):
        page.goto(path, wait_until="domcontentloaded")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.context.close()


@pytest.mark.parametrize("act", ["card", "panel", "search", "enlarged", "keys", "drawer"])
def test_what_opens_is_as_accessible_as_what_was_there(chromium: Any, address: str, act: str) -> None:
    page = open_page(chromium, address, "05-caching-strategies/", width=500 if act == "drawer" else 1280)
    match act:
        case "card":
            page.locator('[id="use:stampede-requests"]').click()
        case "panel":
            page.get_by_role("link", name="Use your numbers").click()
            page.locator(".live-chart svg").wait_for()
        case "search":
            page.keyboard.press("/")
            page.keyboard.type("stampede")
            page.locator(".search-list [role=option]").first.wait_for()
        case "enlarged":
            page.get_by_role("button", name="Enlarge").first.click()
        case "keys":
            page.keyboard.press("?")
        case "drawer":
            page.get_by_role("button", name="Documents").click()
    assert faults(page) == []
    assert page.watch.faults == []
    page.context.close()
