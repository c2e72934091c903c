"""One workload: kept by the browser, filled in everywhere, and taken along as the file that the command reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from sysdesign.decide import parse_workload

pytestmark = pytest.mark.browser
ANSWER = ".answer .choice b"
RATE = "Read rate"


def test_what_was_entered_fills_the_next_visit_and_a_link_outweighs_it(page):
    page.goto("decisions/remedy/")
    page.get_by_role("button", name="Answer for your workload").click()
    page.get_by_label(RATE, exact=True).fill("5000")
    expect(page.locator(ANSWER)).to_contain_text("One rebuild at a time")
    expect(page.locator(".workload-bar")).to_contain_text("Your workload: 1 fact")
    page.goto("workload/")
    expect(page.locator(".kept")).to_have_text(re.compile(r"Read rate: 5000/s"))
    page.goto("decisions/remedy/")
    page.get_by_role("button", name="Answer for your workload").click()
    expect(page.get_by_label(RATE, exact=True)).to_have_value("5000/s")
    expect(page.locator(ANSWER)).to_contain_text("One rebuild at a time")
    page.goto("decisions/remedy/?traffic.reads_per_s=10")
    expect(page.get_by_label(RATE, exact=True)).to_have_value("10")
    expect(page.locator(ANSWER)).to_contain_text("Nothing")
    assert json.loads(page.evaluate("localStorage.getItem('workload')")) == {"traffic.reads_per_s": "5000/s"}


def test_it_is_saved_as_the_file_that_the_command_reads_and_loaded_again(page, tmp_path: Path):
    page.goto("workload/")
    kept = {"traffic.reads_per_s": "200 to 400/s", "data.joins": "none", "places.distance": "150 ms"}
    page.evaluate("kept => localStorage.setItem('workload', JSON.stringify(kept))", kept)
    page.reload()
    expect(page.locator(".kept li")).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a file").click()
    file = tmp_path / "workload.yaml"
    file.write_bytes(Path(download.value.path()).read_bytes())
    read = parse_workload(file.read_text(), "workload.yaml")
    assert set(read.values) == set(kept)
    page.get_by_role("button", name="Forget it").click()
    expect(page.locator(".kept li")).to_have_count(0)
    page.get_by_label("Load a file").set_input_files(file)
    expect(page.locator(".kept li")).to_have_count(3)
    assert json.loads(page.evaluate("localStorage.getItem('workload')")) == kept
    (tmp_path / "other.txt").write_text("nothing of it\n")
    page.get_by_label("Load a file").set_input_files(tmp_path / "other.txt")
    expect(page.locator(".workload-bar [role=status]")).to_contain_text("No line of that file")
    expect(page.locator(".kept li")).to_have_count(3)


def test_it_fills_the_models_that_share_its_fields(chromium, whole_address):
    page = chromium.new_page(base_url=whole_address)
    page.goto("workload/")
    page.evaluate("localStorage.setItem('workload', JSON.stringify({ 'push.away': '90 s' }))")
    page.goto("models/push.resume/")
    field = page.locator('.panel-input[data-name="away_s"] .field')
    expect(field).to_have_value("90 s")
    expect(page.locator(".own")).to_contain_text("From your workload: ")
    expect(page.locator(".panel-sentence")).not_to_be_empty()
    assert page.locator(".reason:visible").count() == 0
    page.goto("models/push.resume/?away_s=30")
    expect(field).to_have_value("30")
    page.context.close()


def test_damaged_storage_does_no_harm(page):
    page.goto("workload/")
    for text in ("[]", "{", "null", '{"traffic.reads_per_s": 5}', '{"../x": "1"}'):
        page.evaluate("text => localStorage.setItem('workload', text)", text)
        page.reload()
        expect(page.locator(".workload-bar")).to_contain_text("What you enter is kept")
        page.goto("workload/")
