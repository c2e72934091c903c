"""What a reader does, in a real browser: no other host, no exception of the policy, no script error (see `page`)."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect

from sysdesign.content import load
from sysdesign.content.loading import with_document
from sysdesign.content.parsing import parse_document
from sysdesign.decide import decide, parse_framework, workload_of
from sysdesign.running.model_run import run
from sysdesign.search import Index
from sysdesign.site.building import changed_pages
from sysdesign.site.search_entries import index_of
from tests.reading import whole_reference
from tests.site.conftest import PATIENCE, SMALL, before, published, served

pytestmark = pytest.mark.browser
CACHING = "05-caching-strategies/"
CARD = ".note-card:popover-open"


def test_evidence_opens_on_hover_focus_and_tap(page: Any) -> None:
    page.goto(CACHING)
    handle = page.locator('[id="use:stampede-requests"]')
    handle.hover()
    expect(page.locator(CARD)).to_contain_text("Requests for the key")
    page.mouse.move(5, 5)
    page.locator(CARD).wait_for(state="detached")
    handle.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(page.locator(CARD)).to_contain_text("2,000/s")
    page.keyboard.press("Tab")  # into the card
    expect(page.locator(":focus")).to_have_text("Open with these inputs")
    page.keyboard.press("Escape")
    expect(page.locator(CARD)).to_have_count(0)
    expect(handle).to_be_focused()
    handle.click()
    expect(page.locator(CARD)).to_have_count(1)
    expect(page).to_have_url(re.compile(re.escape(CACHING) + "$"))


def test_a_term_and_a_link_to_a_document_open_too(page: Any) -> None:
    page.goto(CACHING)
    page.locator("a.term").first.hover()
    expect(page.locator(CARD)).to_contain_text("The share of requests that the cache answers.")
    page.mouse.move(5, 5)
    page.locator(CARD).wait_for(state="detached")
    page.get_by_role("link", name="retries").hover()
    expect(page.locator(CARD)).to_have_text(re.compile(r"^\s*Resilience Patterns: Retries\s*A retry asks again\.\s*$"))


def test_without_scripts_evidence_is_a_link_to_a_note(chromium: Any, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False, base_url=address)
    page = context.new_page()
    page.goto(CACHING)
    page.locator('[id="use:shards"]').click()
    expect(page).to_have_url(re.compile(re.escape("#note:shards") + "$"))
    note = page.locator('[id="note:shards"]')
    assert "Checked November 23, 2026" in note.inner_text()
    note.get_by_label("Back to its place in the text (1)").click()
    expect(page).to_have_url(re.compile(re.escape("#use:shards") + "$"))
    assert page.locator(".theme, .panel, .enlarge").filter(visible=True).count() == 0
    context.close()


def test_a_number_opens_its_model_with_its_inputs(page: Any) -> None:
    page.goto(CACHING)
    page.locator('[id="use:stampede-requests"]').click()
    page.locator(CARD).get_by_role("link", name="Open with these inputs").click()
    page.wait_for_url("**/models/caching.stampede/?arrivals_per_s=2000&rebuild_s=0.5")
    expect(page.get_by_label("Requests for the key")).to_have_value("2000")
    assert result(page, "requests_per_expiry", "1,000") == "1,000"


def result(page: Any, name: str, wanted: str) -> str:
    """The shown result, once it is what is wanted or patience has ended."""
    place = page.locator(f'.panel-results [data-name="{name}"] dd')
    with contextlib.suppress(PlaywrightTimeout):  # the caller's comparison then shows what stood there
        place.filter(has_text=re.compile(f"^{re.escape(wanted)}$")).wait_for(timeout=PATIENCE)
    return str(place.inner_text())


def test_a_changed_input_shows_what_python_gives(page: Any) -> None:
    page.goto("models/caching.stampede/")
    page.get_by_label("Requests for the key").fill("750")
    page.get_by_label("Time to rebuild the entry").fill("0.25")
    answer = run("caching.stampede", {"arrivals_per_s": 750, "rebuild_s": 0.25})
    for value in answer.results:
        assert result(page, value.name, value.text) == value.text
    expect(page.locator(".panel-sentence")).to_have_text(answer.sentence)
    expect(page).to_have_url(re.compile("arrivals_per_s=750.*rebuild_s=0.25"))
    page.locator(".live-chart svg").wait_for()


def test_the_address_reproduces_the_picture(page: Any) -> None:
    page.goto("models/caching.stampede/?arrivals_per_s=300&protection=locking")
    answer = run("caching.stampede", {"arrivals_per_s": 300, "protection": "locking"})
    shown = {value.name: value.text for value in answer.results}
    assert result(page, "waiting_requests", shown["waiting_requests"]) == shown["waiting_requests"]
    expect(page.get_by_label("Protection")).to_have_value("locking")
    page.get_by_role("button", name="Copy as command").click()
    page.get_by_role("button", name="Copied").wait_for()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == "sysdesign model run caching.stampede arrivals_per_s=300 protection=locking"


def test_a_value_that_cannot_be_is_refused_in_place_and_the_chart_stays(page: Any) -> None:
    page.goto("models/caching.stampede/")
    assert result(page, "requests_per_expiry", "1,000") == "1,000"
    page.locator(".live-chart svg").wait_for()
    page.watch.expected = {422}
    page.get_by_label("Requests for the key").fill("-5")
    reason = page.locator('.panel-input[data-name="arrivals_per_s"] .reason')
    reason.wait_for()
    expect(reason).to_have_text("-5; it takes a number from 0.001 to 10,000,000/s")  # the label above names it
    assert page.locator(".live-chart svg").is_visible()
    page.get_by_label("Requests for the key").fill("2000")
    reason.wait_for(state="hidden")


def test_a_slider_moves_the_field(page: Any) -> None:
    page.goto("models/caching.stampede/")
    assert result(page, "requests_per_expiry", "1,000") == "1,000"
    slider = page.locator('.panel-input[data-name="rebuild_s"] input[type=range]')
    slider.evaluate("slider => { slider.value = 1000; slider.dispatchEvent(new Event('input', {bubbles: true})); }")
    expect(page.get_by_label("Time to rebuild the entry")).to_have_value("600")


def test_a_chart_in_the_text_turns_live_where_it_stands(page: Any) -> None:
    page.goto(CACHING)
    figure = page.locator('[id="fig:stampede-size"]')
    figure.get_by_role("link", name="Use your numbers").click()
    figure.locator(".live-chart svg").wait_for()
    expect(figure.get_by_label("Time to rebuild the entry")).to_have_value("0.5")
    figure.get_by_label("Requests for the key").fill("100")
    expected = run("caching.stampede", {"arrivals_per_s": 100, "rebuild_s": 0.5}).results[0].text
    assert result(page, "requests_per_expiry", expected) == expected
    expect(page).to_have_url(re.compile("arrivals_per_s=100"))
    expect(page).to_have_url(re.compile("panel=fig%3Astampede-size"))


def test_without_the_service_the_panel_says_how_to_run_it(page: Any) -> None:
    page.watch.expected = {404}
    page.route("**/api/**", lambda route: route.fulfill(status=404, body="<html></html>", content_type="text/html"))
    page.goto("models/caching.stampede/")
    message = page.locator(".panel-message")
    message.wait_for()
    assert "sysdesign serve" in message.inner_text() and "sysdesign model run caching.stampede" in message.inner_text()
    assert page.locator(".canvas > .drawing").first.is_visible()


def test_a_decision_is_answered_as_python_answers_it(page: Any) -> None:
    text = (SMALL / "decisions" / "remedy.yaml").read_text(encoding="utf-8")
    framework = parse_framework(text, "reference/decisions/remedy.yaml")
    page.goto("decisions/remedy/")
    page.get_by_role("button", name="Answer for your workload").click()
    field = page.get_by_label("Read rate")
    for typed, facts in (("10", 10), ("5,000", 5000), ("3.5 million/day", "3.5 million/day")):
        field.fill(typed)
        answer = decide(framework, workload_of({"traffic": {"reads_per_s": facts}}))
        page.locator(".answer .choice b", has_text=framework.options[answer.first].label).wait_for(timeout=PATIENCE)
    page.locator(".unknown input").first.check()
    expect(field).to_have_value("")
    expect(page).to_have_url(re.compile("decisions/remedy/$"))
    field.fill("5000")
    page.locator(".answer .choice b", has_text="One rebuild at a time").wait_for()
    expect(page).to_have_url(re.compile(r"\?traffic\.reads_per_s=5000$"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the record").click()
    record = download.value.path().read_text(encoding="utf-8")
    assert record.startswith("---\nstatus: proposed") and "One rebuild at a time" in record


def test_a_workload_value_that_cannot_be_is_refused_in_place(page: Any) -> None:
    page.watch.expected = {400, 422}
    page.goto("decisions/remedy/?traffic.reads_per_s=many")
    reason = page.locator('.panel-input[data-name="traffic.reads_per_s"] .reason')
    reason.wait_for()
    expect(reason).to_contain_text("many")


def test_what_is_done_before_a_script_comes_is_kept(page: Any) -> None:
    with before(page, "decide.js"):
        page.goto("decisions/remedy/")
        page.get_by_role("button", name="Answer for your workload").click()
    page.locator(".answer .choice b").wait_for()
    with before(page, "search.js"):
        page.goto("search/?q=xyzzyplugh")
        page.get_by_role("searchbox").fill("dogpile")
    expect(page.locator(".results [data-kind=section]").first).to_contain_text("Cache stampede")
    expect(page).to_have_url(re.compile(r"\?q=dogpile$"))
    with before(page, "site.js"):
        page.goto("models/?words=stampede", wait_until="commit")
        page.fill("form[data-filter] input", "zzz")
        page.get_by_role("searchbox", name="Search").focus()
        page.keyboard.type("dogpile")
    expect(page.get_by_role("option").first).to_contain_text("Cache stampede")
    expect(page.locator("form[data-filter] output")).to_have_text(re.compile("^0 of"))


@pytest.mark.parametrize("typed", ["dogpile", "stampeed", "cache stampede", "stampede zebra"])
def test_search_finds_the_section(page: Any, typed: str) -> None:
    """An alias, a misspelling, a heading, and a word beside one that no section holds."""
    page.goto(CACHING)
    page.keyboard.press("/")
    page.keyboard.type(typed)
    first = page.locator(".search-list [role=option]").first
    expect(first).to_contain_text("Cache stampede")
    expect(first.locator(".excerpt")).not_to_contain_text("cache stampede dogpile")  # found by its other name
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/05-caching-strategies/#cache-stampede")
    expect(page.locator(".search-list")).to_be_hidden()
    assert page.evaluate("document.activeElement === document.body")  # the section is on this page: keys are its own
    page.keyboard.press("/")
    page.keyboard.type("eviction")  # replaces what was sought before
    expect(page.get_by_role("combobox")).to_have_value("eviction")


def test_arrows_go_round_the_sections_found(page: Any) -> None:
    page.goto(CACHING)
    page.keyboard.press("/")
    page.keyboard.type("cache")
    options = page.locator(".search-list [role=option]")
    options.nth(1).wait_for()
    for key, chosen in (("ArrowUp", -1), ("ArrowDown", 0), ("ArrowUp", -1), ("ArrowUp", -2)):
        page.keyboard.press(key)
        expect(options.nth(chosen)).to_have_attribute("aria-selected", "true")
    options.nth(0).click()
    expect(page.locator(".search-list")).to_be_hidden()


def test_page_and_python_find_the_same_in_the_same_order(chromium: Any, whole_address: str) -> None:
    """Over every question bank, the names of all terms, all texts of programs, and what people mistype."""
    reference = whole_reference()
    index = index_of(reference)
    typed = [each.question for bank in reference.questions.values() for each in bank]
    typed += [term.term for term in reference.terms.values()] + [each.notice for each in reference.symptoms]
    typed += [
        "stampeed",
        "kafka vs sqs",
        "cach",
        "café",
        "ｃａｃｈｅ",
        "don’t cache",
        "max.poll",
        "x-cache: MISS",
        "数据库",
        "WrongExpectedVersionException",
        "HTTPServerStampede",
        "iPhone",
    ]
    page = chromium.new_page()
    page.goto(f"{whole_address}glossary/")
    found = page.evaluate(FOUND, typed)
    page.close()
    assert dict(zip(typed, found, strict=True)) == {query: _found(index, query) for query in typed}


FOUND = """async (queries) => {
  const root = new URL("../", location.href);
  const search = await import(new URL("assets/search.js", root));
  await search.start(root);
  const urls = (hits) => hits.map((hit) => hit.url);
  const answers = [];
  for (const query of queries) {
    const { shown, changed } = await search.find(query, 10);
    answers.push([urls(shown), changed]);
  }
  return answers;
}"""


def _found(index: Index, query: str) -> list[Any]:
    answer = index.search(query, 10)
    return [[hit.url for hit in answer.shown], answer.corrected]


@pytest.mark.parametrize(
    ("typed", "anchor"), [("rate limiting", "rate-limiting"), ("dead letter queues", "poison-mess")]
)
def test_what_the_query_names_comes_first(chromium: Any, whole_address: str, typed: str, anchor: str) -> None:
    """The section with that title or the home of that term, of many that hold its words."""
    page = chromium.new_page()
    page.goto(f"{whole_address}search/?q={typed}")
    expect(page.locator(".results [data-kind=section] a").first).to_have_attribute("href", re.compile(f"#{anchor}"))
    page.close()


def test_the_results_page_keeps_its_query_in_the_address(page: Any) -> None:
    page.goto("search/?q=dogpile")
    expect(page.locator(".results [data-kind=section]").first).to_contain_text("Cache stampede")
    page.get_by_role("searchbox").fill("xyzzyplugh")
    page.locator("[data-search-status]", has_text="Nothing found").wait_for()
    expect(page).to_have_url(re.compile(r"\?q=xyzzyplugh$"))


COUNTS = ".then(f => Object.fromEntries(Object.entries(f.words).map(([word, of]) => [word, [of].flat()[0]])))"


def test_both_spellings_correct_alike(page: Any) -> None:
    """The page's rule and the command's, on the same vocabulary."""
    from sysdesign.search.spelling import correct

    page.goto("")
    words = page.evaluate(f"fetch('/search/words.json').then(answer => answer.json()){COUNTS}")
    typed = ["stampeed", "orgin", "cahce", "retires", "databsae", "zzzz", "hit", "1000", "expirse", "remdey", "grpahql"]
    script = "typed => import('/assets/spelling.js').then(m => fetch('/search/words.json').then(a => a.json())" \
        f"{COUNTS}.then(known => typed.map(word => m.correct(word, known))))"  # fmt: skip
    assert page.evaluate(script, typed) == [correct(word, words) for word in typed]


def test_a_figure_enlarges_with_its_description_one_key_away(page: Any) -> None:
    page.goto(CACHING)
    figure = page.locator('[id="fig:pattern-cache-aside"]')
    figure.scroll_into_view_if_needed()
    figure.get_by_role("button", name="Enlarge").click()
    dialog = page.locator("dialog.zoomed")
    assert dialog.locator("svg").bounding_box()["width"] > 506
    page.keyboard.press("d")
    expect(dialog.locator(".words")).to_contain_text("asks the cache, then the origin")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(figure.locator(".canvas svg")).to_have_count(1)
    page.keyboard.press("d")
    expect(figure.locator(".description")).to_have_attribute("open", "")


def test_the_theme_switch_is_kept_and_reaches_the_drawings(page: Any) -> None:
    page.goto(CACHING)
    line = page.locator('.drawing [stroke="#6b7684"]').first
    color = "node => getComputedStyle(node).stroke"
    light = line.evaluate(color)
    for _ in range(2):
        page.get_by_role("button", name=re.compile("^Theme")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert line.evaluate(color) != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_keys_are_listed_and_the_outline_follows(page: Any) -> None:
    page.goto(CACHING)
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_contain_text("search")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1500, "height": 700})
    page.goto(f"{CACHING}#cache-stampede")
    expect(page.locator(".outline [aria-current]")).to_have_text("Cache stampede")


def test_the_whole_page_can_be_walked_by_keyboard(page: Any) -> None:
    page.goto("07-resilience-patterns/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.getAttribute('href') ?? document.activeElement.tagName"))
    assert {"../05-caching-strategies/#cache-stampede", "../decisions/remedy/", "../glossary/", "#retries"} <= set(seen)


def test_facts_can_be_filtered(page: Any) -> None:
    page.goto("facts/")
    page.get_by_label("Words").fill("shards largest")
    expect(page.locator("#facts-table tbody tr").filter(visible=True)).to_have_count(1)
    page.get_by_label("Words").fill("nothing of this")
    expect(page.locator("output")).to_have_text("0 of 1")


def test_symptoms_are_filtered_in_their_groups(page: Any) -> None:
    page.goto("")
    group, left = page.locator("#symptoms details").first, page.locator("#symptoms output")
    expect(left).to_have_text(re.compile("^[1-9]"))  # its script has run
    assert not group.get_attribute("open") and page.locator("#symptoms li:visible").count() == 0
    notice = page.locator("#symptoms li a").first.text_content()
    page.fill("#symptoms input", notice.lower())
    assert page.locator("#symptoms li:visible a").all_text_contents() == [notice]
    page.fill("#symptoms input", "zzz")
    assert page.locator("#symptoms details:visible").count() == 0
    page.fill("#symptoms input", "")
    assert page.locator("#symptoms details:visible").count() and not group.get_attribute("open")


def test_a_filter_stays_in_the_address(page: Any) -> None:
    page.goto("models/")
    page.fill("form[data-filter] input", "stampede")
    expect(page).to_have_url(re.compile("words=stampede"))
    page.reload()
    expect(page.locator("form[data-filter] output")).to_have_text(re.compile("^[1-9]"))
    shown = page.locator("#model-list li:visible").count()
    assert (
        page.input_value("form[data-filter] input") == "stampede" and 0 < shown < page.locator("#model-list li").count()
    )


def test_a_phone_has_its_drawer_and_no_sideways_scroll(chromium: Any, address: str) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, base_url=address, has_touch=True)
    page = context.new_page()
    for path in (
        "",
        CACHING,
        "models/caching.stampede/",
        "facts/",
        "glossary/",
        "checks/",
        "decisions/remedy/",
        "workload/",
        "search/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.goto("facts/")
    cell = page.locator("#facts-table tbody tr td:nth-child(3)").first.bounding_box()
    assert cell is not None and cell["x"] + cell["width"] <= 360, "the value is in sight"
    page.goto(CACHING)
    page.get_by_role("button", name="Documents").click()
    page.locator("nav.documents").get_by_role("link", name="Resilience Patterns").click()
    page.wait_for_url("**/07-resilience-patterns/")
    context.close()


def test_the_page_for_what_is_not_there_stands_at_any_depth(page: Any) -> None:
    page.watch.expected = {404}
    for path in ("nowhere", "nowhere/at/all/", "05-caching-strategies/nowhere.html"):
        page.goto(path)
        expect(page.locator("h1")).to_have_text("Nothing here")
        assert page.evaluate("getComputedStyle(document.querySelector('.top')).position") == "sticky"
    page.get_by_role("link", name="glossary", exact=True).click()
    page.wait_for_url("**/glossary/")


def test_nothing_moves_while_loading(page: Any) -> None:
    watch = """() => new Promise(done => {
        let sum = 0;
        const add = entry => { sum += entry.hadRecentInput ? 0 : entry.value; };
        new PerformanceObserver(list => list.getEntries().forEach(add)).observe({type: "layout-shift", buffered: true});
        setTimeout(() => done(sum), 600);
    })"""
    for path in ("", CACHING, "models/caching.stampede/", "facts/", "search/?q=dogpile", "decisions/remedy/"):
        page.goto(path)
        assert page.evaluate(watch) == 0, path


def test_a_document_asks_little_of_the_network(page: Any) -> None:
    page.goto(CACHING, wait_until="networkidle")
    assert len(page.watch.requests) <= 10, page.watch.requests


def test_on_paper_the_page_is_a_handout(page: Any) -> None:
    page.goto(CACHING)
    page.emulate_media(media="print")
    for hidden in (".top", ".documents", ".outline", ".tools", ".bottom"):
        assert page.locator(hidden).filter(visible=True).count() == 0, hidden
    assert page.locator(".addresses").is_visible() and page.locator(".notes").is_visible()
    mark = page.locator('[id="use:paper"]').evaluate("node => getComputedStyle(node, '::after').content")
    assert mark in ('"3"', "attr(data-n)")


def test_a_search_answers_within_a_blink(page: Any) -> None:
    """No time is asserted (machines differ); a key leads to a result without a further request of the index's core."""
    page.goto(CACHING)
    page.keyboard.press("/")
    page.keyboard.type("dogpile")
    page.locator(".search-list [role=option]").first.wait_for()
    asked = len(page.watch.requests)
    page.keyboard.press("x")
    page.locator(".search-list .note", has_text="searching for").wait_for()  # what is shown is that of the key
    assert len(page.watch.requests) - asked <= 2


@pytest.mark.parametrize("listening", [True, False])
def test_an_edit_is_shown_without_a_key(chromium: Any, tmp_path: Path, listening: bool) -> None:
    """Also one that comes after the page was sent and before it listens."""
    reference = load(SMALL)
    serving = served(reference, published(reference, tmp_path / "site"), refresh=True)
    address, room, tell = next(serving)
    context = chromium.new_context(base_url=address)
    page = context.new_page()
    source = reference.documents["07-resilience"].source.replace("A retry asks again.", "A retry asks once more.")
    document = parse_document(source, "07-resilience", "07-Resilience-Patterns", "reference/07-Resilience-Patterns.md")

    def edit() -> None:
        room.fresh = dict(changed_pages(with_document(reference, document), reference))
        tell()

    def edit_and_answer(route: Any) -> None:
        edit()
        route.continue_()

    if listening:
        with page.expect_response("**/api/changes*"):
            page.goto("07-resilience-patterns/")
        page.get_by_text("A retry asks again.").wait_for()
        edit()
    else:
        page.route("**/api/changes*", edit_and_answer, times=1)
        page.goto("07-resilience-patterns/")
    page.get_by_text("A retry asks once more.").wait_for(timeout=PATIENCE)
    context.close()
    serving.close()
