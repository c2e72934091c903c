"""The book that is one HTML file, opened from disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from sysdesign.content import Reference
from sysdesign.export.book import book, chosen
from sysdesign.export.one_page import one_page
from sysdesign.site.pages import site_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1440])
def test_it_is_searched_from_disk(small: Reference, chromium: Any, tmp_path: Path, width: int) -> None:
    path = tmp_path / "book.html"
    path.write_bytes(one_page(book(site_of(small), chosen(small, []))))
    page = chromium.new_page(viewport={"width": width, "height": 800})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("/")
    page.keyboard.type("stampede")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#05-caching/"))
    assert faults == []
    page.close()
