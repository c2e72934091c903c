"""Ways through the documents on the home page, and what a reader has read, kept by the browser alone."""

from __future__ import annotations

import pytest

from tests.site.conftest import QUICK, before

CACHING = "05-caching-strategies/"
# Once the script has come that tells on the home page what was read: it tells in the turn before this goes on.
TOLD = "import(document.querySelector('script[type=module]').src.replace('site.js', 'progress.js'))"
# Scrolls there and waits until the page has noted it: its own wait is a second, here a hundredth.
READ = """heading => new Promise(done => {
  addEventListener("scroll", () => setTimeout(done, 3000), { once: true });
  heading.scrollIntoView();
})"""


@pytest.fixture
def reader(chromium, address):
    context = chromium.new_context(viewport={"width": 390, "height": 900}, base_url=address)
    context.add_init_script(QUICK)
    yield context.new_page()
    context.close()


def test_paths_stand_by_work_and_by_time_with_how_long_they_take(pages):
    home = pages["index.html"].decode()
    work, time = home.index("For your work"), home.index("For your time")
    assert work < home.index("<b>Operator</b>") < time < home.index("<b>An hour</b>")
    assert "2 documents, " in home and 'data-read="05-caching"' in home
    assert 'class="planned" href="./04-database-technologies/"' in home


def test_the_home_page_opens_with_a_chart_of_its_document(pages):
    home = pages["index.html"].decode()
    assert 'id="fig:stampede-size"' in home and f'From <a href="./{CACHING}#' in home


@pytest.mark.browser
def test_where_reading_stopped_is_offered_until_it_is_read_or_forgotten(reader):
    reader.goto("./")
    nothing = reader.locator(".so-far").inner_text()
    with before(reader, "progress.js"):
        reader.goto(CACHING)
        last = reader.locator(".prose h2[id], .prose h3[id]").last
        last.evaluate("heading => heading.scrollIntoView()")
    headings = reader.locator(".prose h2[id], .prose h3[id]")
    reader.evaluate(TOLD)
    headings.nth(0).evaluate(READ)
    assert reader.evaluate("localStorage.getItem('reading')") is None  # so far it may only be looked up
    headings.nth(1).evaluate(READ)
    reader.wait_for_function("() => JSON.parse(localStorage.getItem('reading') ?? '{}')['05-caching']?.at")
    reader.goto("./")
    on = reader.locator(".so-far a")
    on.wait_for()
    assert on.inner_text().startswith("Caching Strategies, ")
    on.click()
    reader.wait_for_url(f"**/{CACHING}#*")
    mark = reader.get_by_role("button", name="Mark as read")
    mark.click()
    assert reader.get_by_role("button", name="✓ Read").get_attribute("aria-pressed") == "true"
    reader.goto("./#paths")
    reader.get_by_text("· 1 read").first.wait_for()
    assert reader.locator(".so-far a").count() == 0
    reader.get_by_role("button", name="Forget what I have read").click()
    assert reader.locator(".so-far").inner_text() == nothing and reader.locator(".paths .done").count() == 0


@pytest.mark.browser
def test_what_is_kept_by_others_or_damaged_does_no_harm(reader):
    faults = []
    reader.on("pageerror", lambda error: faults.append(error))  # a built-in method is refused
    reader.goto("./")
    for text in ("[]", "{", '{"05-caching": null}', '{"no\\"]such": {"at": "x", "on": 1}}'):
        reader.evaluate("text => localStorage.setItem('reading', text)", text)
        reader.goto("./")
        reader.evaluate(TOLD)
        reader.goto(CACHING)
        reader.get_by_role("button", name="Mark as read").wait_for()
    assert faults == []
