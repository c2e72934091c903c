"""No page breaks an accessibility rule that axe can see, in light or in dark; documents and each kind of page."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from sysdesign.content.brief import has_brief
from sysdesign.site.asset_files import assets
from tests.reading import whole_reference
from tests.site.axe import faults
from tests.site.conftest import Watch

pytestmark = pytest.mark.browser


def open_page(chromium: Any, address: str, path: str, width: int = 1280) -> Any:
    context = chromium.new_context(viewport={"width": width, "height": 900}, base_url=address)
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
    """The options of an outcome stand under each other, all in sight; what is read aloud is not wider than the page."""
    page = open_page(chromium, address, "", width=390)
    page.goto("decisions/remedy/?traffic.reads_per_s=400+to+800")
    page.locator(".answer .outcomes").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults(page) == []
    assert page.locator(".answer tbody th").first.inner_text().startswith("Capacity used at the peak")
    columns = page.locator(".answer thead th").all_text_contents()[1:]
    cells = page.locator(".answer tbody tr").first.locator("td").all()
    boxes, named = [cell.bounding_box() for cell in cells], "e => getComputedStyle(e, '::before').content.slice(1, -1)"
    assert [cell.evaluate(named) for cell in cells] == columns and len(columns) > 1
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    assert boxes[-1]["y"] + boxes[-1]["height"] - boxes[0]["y"] < 90 * len(boxes)
    assert page.watch.faults == []
    page.context.close()


def written_paths() -> list[str]:
    """The documents of the real site, their briefs, and the pages that stand once."""
    reference = whole_reference()
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


def test_every_kind_of_page_fits_a_phone_a_tablet_and_a_screen(
    chromium: Any, whole_address: str, whole_pages: dict[str, bytes]
) -> None:
    """Nothing reaches beyond the screen's edge; what is wide scrolls in its own frame."""
    page = open_page(chromium, whole_address, "", width=360)
    for path in one_of_each(whole_pages):
        page.goto(path, wait_until="domcontentloaded")
        for width in (360, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
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


# To the last of what the page has of each, so that many like it were judged before; in both themes or in one.
HARM = {
    "light: color-contrast": "last('.prose p').style.color = 'light-dark(#999, #fff)'",
    "dark: color-contrast": "last('.prose td').style.backgroundColor = 'light-dark(#fff, #ddd)'",
    "light: color-contrast, faded": "last('.prose ul').style.opacity = '0.3'",
    "light: color-contrast, on paint": "last('.prose').style.backgroundColor = 'light-dark(#555, #111)'",
    "dark: link-in-text-block": "Object.assign(last('.prose a.term').style, "
    "{textDecoration: 'none', borderStyle: 'none', color: 'light-dark(#00c, #dfe3e8)'})",
    "light: image-alt": "last('.prose p').append(document.createElement('img'))",
}


@pytest.mark.parametrize("kind", HARM)
def test_one_fault_among_many_alike_is_told(chromium: Any, address: str, kind: str) -> None:
    page = open_page(chromium, address, "05-caching-strategies/")
    page.evaluate(f"() => {{ const last = each => [...document.querySelectorAll(each)].at(-1); {HARM[kind]}; }}")
    assert [fault for fault in faults(page) if fault.startswith(kind.partition(",")[0])]
    page.context.close()


def test_a_theme_changes_colors_alone() -> None:
    """By which the rules that read no color need one theme."""
    sheets = {name: content.decode() for name, content in assets().items() if name.endswith(".css")}
    themed = [rule for sheet in sheets.values() for rule in re.findall(r"[^{}]*data-theme[^{}]*\{([^{}]*)\}", sheet)]
    assert themed
    assert all(re.fullmatch(r"\s*color-scheme: \w+;\s*", rule) for rule in themed)
    assert not any("prefers-color-scheme" in sheet for sheet in sheets.values())
