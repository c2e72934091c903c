"""On a phone: what a failed request means, answers in reach, filters that say what they left, nothing lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from sysdesign.content import load
from tests.site.conftest import QUICK, SMALL, published, served

pytestmark = pytest.mark.browser
OPEN = "Answer for your workload"


@pytest.fixture
def phone(chromium: Any, address: str) -> Iterator[Any]:
    """A page of 390 px whose waits are a hundredth as long."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, base_url=address)
    context.add_init_script(QUICK)
    yield context.new_page()
    context.close()


def busy(times: int, answered: list[str]) -> Any:
    """A route that answers so often that it is busy, then lets requests through."""

    def answer(route: Any) -> None:
        answered.append(route.request.url)
        if len(answered) <= times:
            body = json.dumps({"error": {"input": None, "message": "too many runs at once"}})
            route.fulfill(status=503, body=body, content_type="application/json")
        else:
            route.continue_()

    return answer


def test_a_busy_service_is_asked_again_and_then_says_so_itself(phone: Any) -> None:
    for times, said in ((2, None), (4, "too many runs at once")):
        answered: list[str] = []
        phone.route("**/api/decisions/remedy", busy(times, answered))
        phone.goto("decisions/remedy/")
        phone.get_by_role("button", name=OPEN).click()
        if said:
            expect(phone.locator(".decision > .panel-message")).to_have_text(said)
            phone.get_by_role("button", name=OPEN).click()
        phone.locator(".answer .choice").wait_for()
        expect(phone.locator(".decision > .panel-message")).to_be_hidden()
        assert len(answered) == times + 1
        phone.unroute_all(behavior="wait")


def test_no_answer_and_no_service_are_told_apart_and_tried_again(phone: Any) -> None:
    message = phone.locator(".decision > .panel-message")
    phone.route("**/api/**", lambda route: route.abort())
    phone.goto("decisions/remedy/")
    phone.get_by_role("button", name=OPEN).click()
    expect(message).to_contain_text("does not answer")
    phone.unroute_all(behavior="wait")
    phone.route("**/api/**", lambda route: route.fulfill(status=404, body="<html>", content_type="text/html"))
    message.get_by_role("button", name="Try again").click()
    expect(message).to_contain_text("sysdesign serve")
    phone.unroute_all(behavior="wait")
    phone.get_by_role("button", name=OPEN).click()
    phone.locator(".answer .choice").wait_for()


def test_a_late_answer_is_announced_at_once(phone: Any) -> None:
    held: list[Any] = []
    phone.route("**/api/decisions/remedy", lambda route: held.append(route))
    phone.goto("decisions/remedy/")
    phone.get_by_role("button", name=OPEN).click()
    expect(phone.get_by_role("button", name="Opening …")).to_be_visible()
    expect(phone.locator(".decision > .panel-message")).to_have_text("Still working …")
    held.pop().continue_()
    phone.locator(".answer .choice").wait_for()


def test_the_answer_is_in_sight_while_inputs_are_given(phone: Any) -> None:
    phone.goto("decisions/remedy/?traffic.reads_per_s=5000")
    short = phone.locator(".answer-short")
    expect(short).to_contain_text("One rebuild at a time")
    phone.evaluate("scrollTo(0, document.querySelector('.panel').offsetTop)")
    expect(short).to_be_in_viewport(ratio=1)
    short.click()
    expect(phone.locator(".answer .choice")).to_be_in_viewport()


def test_search_says_that_it_works_and_loads_again_what_did_not_come(phone: Any) -> None:
    held: list[Any] = []
    phone.route("**/search/words.json", lambda route: route.continue_() if held else held.append(route))
    with phone.expect_request("**/search/words.json"):
        phone.goto("search/?q=dogpile")
    status = phone.locator("[data-search-status]")
    expect(status).to_have_text("Searching …")
    held[0].abort()
    expect(phone.locator(".results [data-kind=section]").first).to_contain_text("Cache stampede")
    expect(status).to_contain_text("best first")


def test_a_filter_keeps_its_words_in_the_address_and_counts_what_is_left(phone: Any) -> None:
    phone.goto("./?decisions-words=readers+dogpile")
    group = phone.locator("#decisions-list details:not([hidden])")
    expect(group).to_have_attribute("open", "")  # one word by its stem, the other of an option's section
    expect(phone.locator("#decisions output")).to_have_text(re.compile("^1 of"))
    phone.locator("#decisions .elsewhere").click()
    phone.wait_for_url("**/search/?q=readers%20dogpile")
    phone.go_back()
    expect(phone.locator("#decisions input")).to_have_value("readers dogpile")
    expect(group).to_have_attribute("open", "")


def test_a_page_with_what_a_reader_entered_says_that_the_content_changed(chromium: Any, tmp_path: Any) -> None:
    reference = load(SMALL)
    for address, _, tell in served(reference, published(reference, tmp_path / "site"), refresh=True):
        page = chromium.new_page(base_url=address)
        with page.expect_request("**/api/changes*"):
            page.goto("models/")
        expect(page.locator(".filter output")).to_contain_text("of")
        page.locator(".filter input").fill("stampede")
        page.evaluate("window.same = true")
        tell()
        page.locator(".changed").wait_for()
        assert page.evaluate("window.same") and page.locator(".filter input").input_value() == "stampede"
        page.locator(".changed").get_by_role("button", name="Reload").click()
        page.wait_for_function("() => !window.same")
        page.close()
