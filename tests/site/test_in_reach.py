"""What a reader reaches for stays in reach: the search box, the outline, the mark, the way to a protocol's steps."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from sysdesign.protocols import PROTOCOLS
from sysdesign.site.addresses import folder_of
from tests.reading import whole_reference

CACHING = "05-caching-strategies/"


def test_every_explorer_is_linked_from_the_section_that_tells_it(whole_pages):
    reference = whole_reference()
    for name, protocol in PROTOCOLS.items():
        document, _, anchor = protocol.section.partition("#")
        page = whole_pages[f"{folder_of(reference.named(document))}index.html"].decode()
        section = page.partition(f'id="{anchor}"')[2].partition('<div class="head ')[0]
        assert f'<a href="../explorers/{name}/">Step through it: ' in section, name


@pytest.mark.parametrize("path", ["index.html", f"{CACHING}index.html", "models/index.html", "facts/index.html"])
def test_every_page_leads_to_all_rooms(pages, path):
    page = pages[path].decode()
    top = page.partition('<nav class="rooms"')[2].partition("</nav>")[0]
    assert re.findall(r">(\w+)</a>", top) == ["Documents", "Decisions", "Models", "Facts", "Glossary"]


@pytest.mark.browser
@pytest.mark.parametrize("path", ["./", CACHING, "facts/", "search/"])
def test_control_and_k_lead_to_the_search_box_from_anywhere(page, path):
    page.goto(path)
    page.keyboard.press("Control+k")
    expect(page.locator(".search input:focus")).to_have_count(1)
    page.keyboard.press("Escape")


@pytest.mark.browser
def test_control_and_k_work_within_a_field_where_a_slash_is_a_letter(page):
    page.goto("glossary/")
    field = page.get_by_label("Words")
    field.click()
    page.keyboard.type("a/")
    expect(field).to_have_value("a/")
    page.keyboard.press("Control+k")
    expect(page.locator(".search input:focus")).to_have_count(1)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1024])
def test_the_outline_opens_from_the_top_and_covers_no_text_until_then(chromium, address, width):
    context = chromium.new_context(viewport={"width": width, "height": 844}, base_url=address)
    page = context.new_page()
    page.goto(f"{CACHING}#cache-stampede")
    button = page.get_by_role("button", name="On this page")
    top, box = page.locator(".top").bounding_box(), button.bounding_box()
    assert box["y"] >= top["y"] and box["y"] + box["height"] <= top["y"] + top["height"]
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    button.click()
    mark = page.locator(".outline").get_by_role("button", name="Mark as read")
    mark.click()
    expect(page.locator(".outline [data-mark]")).to_have_text("✓ Read")
    page.locator(".outline a").last.click()
    expect(page.locator(".outline")).to_be_hidden()
    expect(page.locator("main [data-mark]")).to_have_text("✓ Read")  # both tell the same
    context.close()


@pytest.mark.browser
def test_the_mark_stands_where_the_text_ends_and_not_below_the_references(chromium, whole_address):
    page = chromium.new_page(base_url=whole_address)
    page.goto(CACHING)
    mark = page.locator("main [data-mark]")
    mark.wait_for()
    mark.and_(page.locator(".prose [data-mark]")).wait_for()
    order = page.locator("main [data-mark], #references").evaluate_all("found => found.map(each => each.id)")
    assert order == ["", "references"]
    page.goto(f"{CACHING}brief/")
    assert page.get_by_role("button", name="Mark as read").count() == 2
    page.context.close()


@pytest.mark.browser
def test_a_drawing_wider_than_the_phone_says_so(chromium, address):
    for width, said in ((390, True), (1024, False)):
        page = chromium.new_page(viewport={"width": width, "height": 844}, base_url=address)
        page.goto(CACHING)
        for figure in page.locator(".figure").all():
            wider = figure.locator(".canvas").evaluate("canvas => canvas.scrollWidth > canvas.clientWidth")
            hint = figure.locator("figcaption").evaluate("caption => getComputedStyle(caption, '::before').content")
            assert ("swipe" in hint) == wider, figure.get_attribute("id")
            assert wider <= said
        page.context.close()


@pytest.mark.browser
def test_the_plain_answer_says_whether_it_holds(page):
    page.goto("decisions/remedy/")
    lede, plain = page.locator(".lede"), page.locator(".lede strong").inner_text()
    page.get_by_role("button", name="Answer for your workload").click()
    choice = page.locator(".answer .choice b")
    choice.wait_for()
    holds = plain in choice.inner_text()
    expect(lede).to_contain_text("For what is usual it " if holds else "For what is usual something does")


@pytest.mark.browser
def test_the_ways_back_from_a_note_can_be_tapped_one_by_one(chromium, address):
    page = chromium.new_page(viewport={"width": 390, "height": 844}, base_url=address)
    page.goto(CACHING)
    links = page.locator(".backs a")
    links.first.evaluate(
        "link => { for (let at = 0; at < 30; at++) link.after(link.cloneNode(true)); }"
    )  # several lines
    boxes = [each.bounding_box() for each in links.all()]
    assert len({box["y"] for box in boxes}) > 2
    assert min(min(box["width"], box["height"]) for box in boxes) >= 24
    tops = sorted({box["y"] for box in boxes[:31]})
    assert min(below - above for above, below in pairwise(tops)) >= 24
    page.context.close()
