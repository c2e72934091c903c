"""The page of a brief: reached from its document, leading back to each section, and short on paper."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sysdesign.content import load
from sysdesign.content.brief import has_brief
from sysdesign.site.pages import document_pages, site_of
from tests.example import write_example
from tests.reading import whole_reference
from tests.site.conftest import Watch

PAGES = ("05-caching-strategies/index.html", "05-caching-strategies/brief/index.html")
SHEET = re.compile(rb"/Type\s*/Page\b")  # not /Pages


@pytest.fixture(scope="module")
def whole_and_brief(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100" viewBox="0 0 300 100"></svg>'
    root = write_example(tmp_path_factory.mktemp("example"), **{"figures/05-caching/aside.svg": drawing})
    pages = dict(document_pages(site_of(load(root)), "05-caching"))
    assert set(PAGES) <= set(pages)
    return pages[PAGES[0]].decode(), pages[PAGES[1]].decode()


def test_the_document_begins_with_its_brief(whole_and_brief: tuple[str, str]) -> None:
    whole, _ = whole_and_brief
    assert whole.index('<a href="./brief/">The brief</a>') < whole.index('<div class="prose">')


def test_each_line_leads_to_its_section(whole_and_brief: tuple[str, str]) -> None:
    whole, short = whole_and_brief
    anchors = set(re.findall(r'href="\.\./\.\./05-caching-strategies/#([^"]+)"', short))
    assert {"cache-stampede", "cache-aside", "amazon-elasticache", "pitfall-9"} <= anchors
    assert anchors <= set(re.findall(r'id="([^"]+)"', whole))
    assert 'href="../../decisions/remedy/"' in short


def test_its_numbers_open_their_evidence(whole_and_brief: tuple[str, str]) -> None:
    _, short = whole_and_brief
    assert 'href="#note:requests"' in short and 'id="note:requests"' in short


def test_a_document_that_says_nothing_in_short_has_none(small: Any) -> None:
    assert PAGES[1] not in dict(document_pages(site_of(small), "05-caching"))


@pytest.mark.browser
def test_every_brief_of_the_real_site_prints_on_two_to_four_pages(chromium: Any, whole_address: str) -> None:
    reference = whole_reference()
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=whole_address)
    page = context.new_page()
    page.watch = Watch(page, whole_address)
    for slug in (slug for slug, document in reference.documents.items() if has_brief(document)):
        page.goto(f"{reference.planned(slug).name.lower()}/brief/")
        page.emulate_media(media="print")
        margin = dict.fromkeys(("top", "bottom", "left", "right"), "12mm")
        assert 2 <= len(SHEET.findall(page.pdf(format="A4", margin=margin))) <= 4, slug
        beyond = page.evaluate("[...document.querySelectorAll('.frame')].some(f => f.scrollWidth > f.clientWidth)")
        assert not beyond, slug
    assert page.watch.faults == []
    context.close()
