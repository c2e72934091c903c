"""A model panel in a real browser: what was taken for granted, a file of one's own, the inverse question."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from sysdesign.operations.modeling import run_model, solve_model
from tests.site.axe import faults
from tests.site.conftest import PATIENCE, before

pytestmark = pytest.mark.browser
MEASURED = Path(__file__).parents[1] / "readers" / "files" / "measured"
JTL = MEASURED / "loadtest-samples.jtl"
BUDGET = "models/retries.budget/"


def row(page: Any, name: str) -> Any:
    return page.locator(f'.panel-input[data-name="{name}"]')


def dd(page: Any, name: str) -> Any:
    return page.locator(f'.panel-results [data-name="{name}"] dd')


def shows(page: Any, answer: Any) -> None:
    for value in answer.results:
        expect(dd(page, value.name)).to_have_text(value.text, timeout=PATIENCE)
    expect(page.locator(".panel-sentence")).to_have_text(answer.sentence)


def worded(note: str) -> str:
    """A note as the page says it: by the names of its fields."""
    return re.sub(r"latency_(\w+)=", lambda found: f"“{found[1].capitalize()}”", note)


def at(slider: Any) -> int:
    return int(slider.evaluate("slider => slider.value"))


def test_a_default_that_moved_is_said_below_the_result(page: Any) -> None:
    page.goto("models/quorum.availability/")
    notes = page.locator(".panel-notes")
    expect(dd(page, "read")).not_to_have_text("…", timeout=PATIENCE)
    expect(notes).to_be_hidden()
    row(page, "nodes").locator(".field").fill("2")
    answer = run_model("quorum.availability", {"nodes": 2})
    assert answer.notes
    expect(notes.locator("li")).to_have_text(list(answer.notes), timeout=PATIENCE)


def test_a_file_is_read_as_the_command_reads_it(page: Any) -> None:
    page.goto("models/tail.hedge/")
    latency = row(page, "latency")
    latency.locator("input[type=file]").set_input_files(JTL)
    answer = run_model("tail.hedge", {"latency": str(JTL)}, files=True)
    shows(page, answer)
    expect(page.locator(".panel-notes li")).to_have_text([worded(note) for note in answer.notes])
    expect(latency.locator(".field")).to_be_disabled()
    expect(latency.get_by_label("Column", exact=True)).to_be_visible()
    expect(latency.get_by_label("Decimal", exact=True)).to_be_hidden()  # nothing asked for it
    assert faults(page) == []
    latency.get_by_label("Column", exact=True).fill("Latency")
    latency.get_by_label("Column", exact=True).press("Tab")
    shows(page, run_model("tail.hedge", {"latency": str(JTL), "latency_column": "Latency"}, files=True))
    page.get_by_role("button", name="Copy as command").click()
    page.get_by_role("button", name="Copied").wait_for()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == "sysdesign model run tail.hedge latency=loadtest-samples.jtl latency_column=Latency"
    latency.get_by_role("button", name="Without the file").click()
    shows(page, run_model("tail.hedge", {}))
    expect(latency.get_by_label("Column", exact=True)).to_be_hidden()
    expect(latency.locator("input[type=file]")).to_be_focused()


def test_a_file_that_leaves_a_question_asks_it_in_place(page: Any) -> None:
    page.watch.expected = {422}
    page.goto("models/tail.hedge/")
    latency = row(page, "latency")
    given = {"name": "times.txt", "mimeType": "text/plain", "buffer": b"12,5\n14,2\n13,9\n" * 40}
    latency.locator("input[type=file]").set_input_files(given)
    asked = "Say “Decimal”: comma, or which column: “Column”: 1"
    expect(latency.locator(".reason")).to_contain_text(asked, timeout=PATIENCE)
    latency.get_by_label("Decimal", exact=True).fill("comma")
    latency.get_by_label("Decimal", exact=True).press("Tab")
    expect(latency.locator(".reason")).to_be_hidden(timeout=PATIENCE)
    expect(page.locator(".panel-notes")).to_contain_text("a comma was read as the decimal sign")


def test_two_files_answer_together(page: Any, tmp_path: Path) -> None:
    files = {"gaps_s": tmp_path / "gaps.txt", "services_s": tmp_path / "services.txt"}
    files["gaps_s"].write_text("".join(f"{1 + at % 3}\n" for at in range(90)))
    files["services_s"].write_text("".join(f"0.{3 + at % 5}\n" for at in range(90)))
    page.watch.expected = {422}  # one without the other has another length
    page.goto("models/queueing.lindley/")
    for name, path in files.items():
        row(page, name).locator("input[type=file]").set_input_files(path)
    answer = run_model("queueing.lindley", {name: str(path) for name, path in files.items()}, files=True)
    expect(page.locator(".panel-sentence")).to_have_text(answer.sentence, timeout=PATIENCE)


def test_a_file_beyond_the_bound_is_not_sent(page: Any) -> None:
    page.goto("models/caching.replay/")
    page.locator("form.panel").evaluate("form => { form.dataset.most = '1000'; }")
    trace = row(page, "trace")
    trace.locator("input[type=file]").set_input_files(
        {"name": "my trace.txt", "mimeType": "text/plain", "buffer": b"a\nb\n" * 600}
    )
    command = "sysdesign model run caching.replay trace='my trace.txt'"
    expect(trace.locator(".reason")).to_have_text(
        f"my trace.txt has 2.4 kB; a page takes 1 kB. Of any size: {command}", timeout=PATIENCE
    )
    assert not [url for url in page.watch.requests if "file=" in url]


def test_an_input_is_found_for_a_result(page: Any) -> None:
    page.goto(BUDGET)
    expect(dd(page, "calls_with")).not_to_have_text("…", timeout=PATIENCE)
    page.get_by_text("Find the input that gives a result").click()
    assert faults(page) == []
    page.get_by_label("Result wanted").select_option("calls_with")
    page.get_by_label("Input to find").select_option("budget_share")
    page.get_by_label("Value wanted").fill("1.3")
    page.get_by_label("Value wanted").press("Enter")
    solved = solve_model("retries.budget", {}, "budget_share", "calls_with=1.3")
    expect(page.locator(".solve-answer")).to_have_text(solved.sentence, timeout=PATIENCE)
    budget = row(page, "budget_share")
    assert float(budget.locator(".field").input_value()) == pytest.approx(solved.value, rel=1e-6)
    expect(dd(page, "calls_with")).to_have_text("1.3", timeout=PATIENCE)
    expect(page).to_have_url(re.compile("budget_share="))


def test_a_result_that_cannot_be_is_said_in_place(page: Any) -> None:
    page.watch.expected = {422}
    page.goto(BUDGET)
    page.get_by_text("Find the input that gives a result").click()
    page.get_by_role("button", name="Find it").click()
    reason = page.locator('[id="why.solve"]')
    expect(reason).to_have_text("type the value that the result is to have, with or without a unit")
    page.get_by_label("Result wanted").select_option("calls_with")
    page.get_by_label("Input to find").select_option("budget_share")
    page.get_by_label("Value wanted").fill("50")
    page.get_by_role("button", name="Find it").click()
    label = page.get_by_label("Result wanted").evaluate("list => list.selectedOptions[0].text")
    expect(reason).to_contain_text(f"{label} goes from", timeout=PATIENCE)
    expect(page.get_by_label("Value wanted")).to_have_attribute("aria-invalid", "true")


def test_a_late_answer_leaves_the_slider_where_it_was_moved_since(page: Any) -> None:
    asks = {value: re.compile(rf'"arrivals_per_s":"?{value}\b') for value in ("10k", "3000")}
    held: dict[str, Any] = {}

    def hold(route: Any) -> None:
        value = next((value for value, asked in asks.items() if asked.search(route.request.post_data)), None)
        route.continue_() if value is None or value in held else held.update({value: route})

    page.goto("models/caching.stampede/")
    expect(dd(page, "requests_per_expiry")).to_have_text("1,000", timeout=PATIENCE)
    page.route("**/api/models/caching.stampede/run", hold)
    field, slider = (row(page, "arrivals_per_s").locator(place) for place in (".field", "input[type=range]"))
    with page.expect_request(lambda request: bool(asks["10k"].search(request.post_data or ""))):
        field.fill("10k")
    field.fill("3000")
    wanted = at(slider)
    with page.expect_request(lambda request: bool(asks["3000"].search(request.post_data or ""))):
        held["10k"].continue_()  # the next is asked once this is shown
    assert at(slider) == wanted
    held["3000"].continue_()
    page.unroute_all(behavior="wait")


def test_slider_and_field_agree_however_a_value_is_written(page: Any) -> None:
    page.goto("models/caching.stampede/")
    expect(dd(page, "requests_per_expiry")).to_have_text("1,000", timeout=PATIENCE)
    rate, rebuild = row(page, "arrivals_per_s"), row(page, "rebuild_s")
    for place, plain, typed in ((rate, "10000", "10k"), (rate, "1500000", "1.5M"), (rebuild, "0.2", "200 ms")):
        field, slider = place.locator(".field"), place.locator("input[type=range]")
        field.fill(plain)
        wanted = at(slider)
        field.fill("1")
        assert at(slider) != wanted
        field.fill(typed)
        page.wait_for_function("([slider, wanted]) => slider.value == wanted", arg=[slider.element_handle(), wanted])
    answer = run_model("caching.stampede", {"arrivals_per_s": "1.5M", "rebuild_s": "200 ms"})
    shows(page, answer)
    before = at(rebuild.locator("input[type=range]"))
    rebuild.locator(".field").press("ArrowUp")
    assert at(rebuild.locator("input[type=range]")) > before
    assert float(rebuild.locator(".field").input_value()) > 0.2


def test_a_comma_that_parts_no_thousands_is_refused(page: Any) -> None:
    page.watch.expected = {422}
    page.goto("models/caching.stampede/")
    rebuild = row(page, "rebuild_s")
    rebuild.locator(".field").fill("0,2")
    expect(rebuild.locator(".reason")).to_contain_text("0,2", timeout=PATIENCE)
    sent = json.loads(page.evaluate("() => JSON.stringify(new URLSearchParams(location.search).get('rebuild_s'))"))
    assert sent == "0,2"


def test_what_is_given_before_the_script_comes_is_kept(page: Any) -> None:
    with before(page, "panel.js"):
        page.goto("models/caching.stampede/?ttl_s=30")
        row(page, "rebuild_s").locator(".field").fill("0.2")
        row(page, "protection").locator(".field").select_option("locking")
    shows(page, run_model("caching.stampede", {"rebuild_s": 0.2, "protection": "locking", "ttl_s": 30}))
    expect(page).to_have_url(re.compile(r"rebuild_s=0\.2&protection=locking&ttl_s=30"))
    with before(page, "panel.js"):
        page.goto("models/tail.hedge/")
        row(page, "latency").locator("input[type=file]").set_input_files(JTL)
    shows(page, run_model("tail.hedge", {"latency": str(JTL)}, files=True))


@pytest.mark.parametrize("width", [390, 1440])
def test_the_panel_fits_with_a_file_and_the_inverse_question_open(chromium: Any, address: str, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900}, base_url=address)
    page.goto("models/tail.hedge/")
    page.get_by_text("Find the input that gives a result").click()
    row(page, "latency").locator("input[type=file]").set_input_files(JTL)
    expect(page.locator(".panel-notes li").first).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = """() => [...document.querySelectorAll('.panel :is(input, select, button, label, p, li)')]
        .filter(each => each.checkVisibility() && !each.matches('.visually-hidden')
            && each.getBoundingClientRect().right > document.querySelector('.panel').getBoundingClientRect().right)
        .map(each => each.outerHTML)"""
    assert page.evaluate(beyond) == []
    page.close()
