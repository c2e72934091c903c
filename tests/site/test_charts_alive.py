"""Charts that tell their values, keep the default and earlier runs, stay in sight, close, and can be taken along."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
CACHING = "05-caching-strategies/"
FIGURE = '[id="fig:stampede-size"]'


def over(page, figure, share):
    """Put the pointer there, as a share of the drawing's width."""
    box = figure.locator(".canvas svg:visible").first.bounding_box()
    page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def shown(figure):
    values = figure.locator(".values")
    values.wait_for()
    return values.inner_text()


def test_a_drawing_tells_its_table_s_values_where_the_pointer_is(page):
    page.goto(CACHING)
    figure = page.locator(FIGURE)
    figure.scroll_into_view_if_needed()
    rows = figure.locator(".data tbody tr").evaluate_all("rows => rows.map(r => [...r.cells].map(c => c.textContent))")
    told = []
    for share in (0.15, 0.4, 0.7):
        over(page, figure, share)
        lines = shown(figure).split("\n")
        x = lines[0].rpartition(": ")[2]
        row = next(row for row in rows if row[0] == x)
        assert [line.rpartition(": ")[2] for line in lines[1:]] == [cell for cell in row[1:] if cell]
        told.append(rows.index(row) / len(rows))
    assert told == sorted(set(told))  # from left to right
    page.mouse.move(5, 5)
    expect(figure.locator(".values")).to_have_count(0)


def test_a_value_stands_where_its_tick_stands(page):
    page.goto(CACHING)
    figure = page.locator(FIGURE)
    figure.scroll_into_view_if_needed()
    tick = figure.locator(".canvas text", has_text=re.compile("^100$")).first.bounding_box()
    page.mouse.move(tick["x"] + tick["width"] / 2, tick["y"] - 60)
    x = float(shown(figure).split("\n")[0].rpartition(": ")[2].replace(",", ""))
    known = figure.locator(".data tbody td:first-child").evaluate_all("cells => cells.map(c => c.textContent)")
    away = [abs(math.log(float(each.replace(",", "")) / 100)) for each in known]
    assert abs(math.log(x / 100)) <= min(away) + 0.01  # two may stand equally near


def test_a_tap_tells_values_on_a_phone(chromium, address):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, base_url=address)
    page = context.new_page()
    page.goto(CACHING)
    figure = page.locator(FIGURE)
    canvas = figure.locator(".canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.touchscreen.tap(box["x"] + 200, box["y"] + 150)
    assert len(shown(figure).split("\n")) > 1
    context.close()


def test_a_chart_can_be_taken_as_csv_and_svg(page):
    page.goto(CACHING)
    figure = page.locator(FIGURE)
    figure.get_by_text("Data as a table").click()
    with page.expect_download() as csv:
        figure.get_by_role("button", name="CSV").click()
    lines = Path(csv.value.path()).read_text().strip().split("\n")
    assert csv.value.suggested_filename == "stampede-size.csv"
    assert len(lines) == figure.locator(".data tr").count()
    assert all(float(line.split(",")[0]) for line in lines[1:])  # numbers as programs read them
    with page.expect_download() as svg:
        figure.get_by_role("button", name="SVG").click()
    drawing = Path(svg.value.path()).read_text()
    assert drawing.startswith("<svg") and 'xmlns="http://www.w3.org/2000/svg"' in drawing and "<title>" in drawing


@pytest.mark.parametrize("width", [390, 1440])
def test_the_chart_of_a_model_stays_in_sight_while_its_inputs_move(chromium, address, width):
    context = chromium.new_context(viewport={"width": width, "height": 900}, base_url=address)
    page = context.new_page()
    for path, figure in (("models/caching.stampede/", ".figure"), (CACHING, FIGURE)):
        page.goto(path)
        place = page.locator(figure).first
        if path == CACHING:
            place.get_by_role("link", name="Use your numbers").click()
        place.locator(".live-chart svg").wait_for()
        for row in page.locator(".panel-inputs .panel-input").all():
            row.evaluate("row => row.scrollIntoView({ block: 'end' })")
            chart, field = place.locator(".canvas").bounding_box(), row.bounding_box()
            below = page.locator(".top").bounding_box()["height"]
            assert chart["y"] >= below - 2 and chart["y"] + chart["height"] <= 900
            assert field["y"] + field["height"] <= 901
            beside = field["x"] >= chart["x"] + chart["width"]
            assert beside or field["y"] >= chart["y"] + chart["height"] - 1, "covered by the chart"
    context.close()


def test_the_default_and_earlier_runs_stay_until_cleared(page):
    page.goto("models/caching.stampede/")
    page.locator(".live-chart svg").wait_for()
    rates = page.get_by_label("Time to rebuild the entry")
    assert page.locator(".ghosts:visible").count() == 0
    rates.fill("5")
    expect(page.locator(".ghosts")).to_have_text(re.compile("^Dotted: the default"))
    dotted = page.locator('.live-chart path[stroke="#7b8794"][stroke-dasharray="2,3"]')
    expect(dotted.first).to_be_attached()
    rates.fill("50")
    expect(page.locator(".ghosts span")).to_have_text("Dotted: the default. Faint: earlier runs.")
    page.get_by_role("button", name="Clear earlier runs").click()
    expect(page.locator(".ghosts span")).to_have_text("Dotted: the default.")
    page.get_by_role("button", name="Back to the defaults").click()
    expect(page.locator(".ghosts span")).to_have_text(re.compile("earlier runs"))
    expect(dotted).to_have_count(0)  # the default itself is shown


def test_what_is_cleared_while_a_run_is_on_its_way_does_not_come_back(page):
    page.goto("models/caching.stampede/")
    page.locator(".live-chart svg").wait_for()
    rebuild = page.get_by_label("Time to rebuild the entry")
    for value in ("5", "50"):
        with page.expect_response(lambda answer: "/run" in answer.url):
            rebuild.fill(value)
    expect(page.locator(".ghosts span")).to_have_text("Dotted: the default. Faint: earlier runs.")
    held = []
    page.route("**/run", lambda route: held.append(route))
    rebuild.fill("500")
    while not held:
        page.wait_for_timeout(20)
    page.get_by_role("button", name="Clear earlier runs").click()
    with page.expect_response(lambda answer: "/run" in answer.url):
        held[0].continue_()
    expect(page.locator(".panel-sentence")).to_contain_text("1,000,000 queries")
    expect(page.locator(".ghosts span")).to_have_text("Dotted: the default.")


def test_a_panel_in_the_text_closes_where_it_was_opened(page):
    page.goto(CACHING)
    figure = page.locator(FIGURE)
    use = figure.get_by_role("link", name="Use your numbers")
    use.click()
    figure.locator(".live-chart svg").wait_for()
    figure.get_by_label("Requests for the key").fill("100")
    expect(page).to_have_url(re.compile("arrivals_per_s=100"))
    figure.get_by_role("button", name="Close").click()
    expect(use).to_be_focused()
    expect(figure.locator("form, .live-chart")).to_have_count(0)
    assert "panel=" not in page.url and figure.locator(".canvas > svg.drawing").is_visible()
    use.click()  # and opens again
    figure.locator(".live-chart svg").wait_for()
    expect(figure.get_by_label("Requests for the key")).to_be_visible()


def test_a_drawing_enlarged_is_larger_than_it_was_on_a_phone_too(chromium, address):
    page = chromium.new_page(viewport={"width": 390, "height": 844}, base_url=address)
    page.goto(CACHING)
    for figure in page.locator(".figure").all():
        drawing = figure.locator(".canvas > svg.drawing")
        before = drawing.bounding_box()["width"]
        figure.get_by_role("button", name="Enlarge").click()
        assert page.locator("dialog.zoomed svg").bounding_box()["width"] > 1.25 * before
        page.keyboard.press("Escape")
    page.context.close()


@pytest.mark.parametrize("path", ["models/caching.stampede/", CACHING])
def test_a_live_panel_is_printed_as_its_drawing(page, path):
    page.goto(path)
    figure = page.locator(FIGURE if path == CACHING else ".figure")
    if path == CACHING:
        figure.get_by_role("link", name="Use your numbers").click()
    figure.locator(".live-chart svg").wait_for()
    page.emulate_media(media="print")
    expect(figure.locator(".canvas > svg.drawing")).to_be_visible()
    expect(figure.locator(".live-chart")).to_be_hidden()
    expect(page.locator("form.panel")).to_be_hidden()
