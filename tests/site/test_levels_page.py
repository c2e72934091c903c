"""The page of levels: it holds what the data holds, every link leads somewhere, and no box hides another."""

import itertools
import re

import pytest

from sysdesign.models.consistency import hierarchy
from sysdesign.models.consistency.lanes import history_of
from sysdesign.models.transactions import hierarchy as isolation
from sysdesign.site import levels_page
from sysdesign.site.levels_page import BOX_HEIGHT, BOX_WIDTH, HEIGHT, LANE, UNIT, WIDTH, boxes, drawn
from tests.site.axe import faults


@pytest.fixture(scope="module")
def page(pages):
    return pages[levels_page.PATH].decode()


def test_every_level_and_history_has_its_place_and_every_link_leads_to_one(page):
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {*hierarchy.LEVELS, *isolation.LEVELS} <= set(ids)
    assert sum(each.startswith("history-") for each in ids) == len(hierarchy.SEPARATING)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= {*ids, "main"}


def test_the_map_draws_every_edge_once(page):
    arrows = page[page.index('<g class="arrows"') : page.index("</g>", page.index('<g class="arrows"'))]
    assert arrows.count("<path d=") == len(hierarchy.EDGES) + len(isolation.EDGES)
    assert arrows.count('class="across"') == len(isolation.ACROSS)


def test_boxes_lie_inside_apart_and_what_implies_stands_above():
    for one, two in itertools.combinations(boxes(), 2):
        apart = abs(one.left - two.left) >= BOX_WIDTH + 8 or abs(one.top - two.top) >= BOX_HEIGHT + 8
        assert apart, (one.id, two.id)
    for box in boxes():
        assert 0 < box.left < WIDTH - BOX_WIDTH
        assert 0 < box.top < HEIGHT - BOX_HEIGHT
        assert max(map(len, box.lines)) <= 15
    for stronger, weaker in (*hierarchy.EDGES, *isolation.EDGES):
        assert levels_page.PLACES[stronger][1] < levels_page.PLACES[weaker][1]


@pytest.mark.parametrize("name", hierarchy.SEPARATING)
def test_a_history_is_drawn_in_the_order_of_its_times(name):
    operations = history_of(hierarchy.SEPARATING[name])
    picture = drawn(operations)
    for (one, left), (two, right) in itertools.permutations(zip(operations, picture["bars"], strict=True), 2):
        if one.returned < two.invoked:
            assert left["x"] + left["width"] + UNIT <= right["x"]
        if one.process == two.process:
            assert left["y"] == right["y"]
    assert picture["height"] >= LANE * len({one.process for one in operations})
    assert all(bar["x"] + bar["width"] <= picture["width"] for bar in picture["bars"])


def test_each_level_is_told_apart_from_all_that_it_does_not_imply(page):
    section = page[page.index('id="pram"') : page.index('id="per_key_sequential"')]
    told = section[section.index("Does not imply") :]
    links = re.findall(r'href="#(history-[^"]+)">([^<]+)<', told)
    expected = {hierarchy.LEVELS[b].label for a, b in hierarchy.separated() if a == "pram"}
    assert {label for _, label in links} == expected


@pytest.mark.browser
def test_it_fits_a_phone_and_is_walked_by_keyboard(chromium, address):
    context = chromium.new_context(viewport={"width": 390, "height": 800}, base_url=address)
    page = context.new_page()
    page.goto("levels/")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert faults(page) == []
    page.locator(".levels-map a").first.focus()
    for _ in range(len(isolation.LEVELS)):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#linearizable"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#linearizable"
    context.close()
