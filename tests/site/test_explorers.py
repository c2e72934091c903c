"""The explorers in a browser: stepped by keyboard, by choice, at both widths, and without scripts."""

from __future__ import annotations

import json

import pytest

from sysdesign.protocols import PROTOCOLS
from sysdesign.site import explorer_pages
from tests.site.axe import faults
from tests.site.conftest import before

PACE = 900  # milliseconds a step while it plays, as explorer.js has it
# An arrow's words that leave the picture, or that an arrow or a time crosses.
CROSSED = """() => [...document.querySelectorAll(".lanes .saying")].filter((words) => {
  const box = words.getBBox(), picture = words.ownerSVGElement;
  const apart = (first, length, second, other) => first + length <= second || second + other <= first;
  const meets = (other) => !apart(other.x, other.width, box.x, box.width)
    && !apart(other.y, other.height, box.y + 2, box.height - 4);
  return box.x < 0 || box.x + box.width > picture.viewBox.baseVal.width + 1
    || [...picture.querySelectorAll(".message, .moment, .saying")].some((it) => it !== words && meets(it.getBBox()));
}).map((words) => words.textContent)"""


def test_pages_list_the_first_run_as_text(pages):
    for name, protocol in PROTOCOLS.items():
        text = pages[f"explorers/{name}/index.html"].decode()
        steps = protocol.played({})
        begins = [b.broken and not a.broken for a, b in zip((*steps[:1], *steps), steps, strict=False)]
        assert text.count("<li><b>") == sum(bool(step.says or new) for step, new in zip(steps, begins, strict=True))
        runs = json.loads(pages[f"explorers/{name}/steps.json"])["runs"]
        assert [run["given"] for run in runs] == list(protocol.choices())
    assert explorer_pages.FOLDER in pages["index.html"].decode()


@pytest.fixture
def opened(chromium, address):
    """A page of the site by its width."""
    contexts = []

    def page_of(width):
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, base_url=address))
        return contexts[-1].new_page()

    yield page_of
    for context in contexts:
        context.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("width", [390, 1440])
def test_every_explorer_steps_by_keyboard_and_follows_the_choice(opened, name, width):
    page = opened(width)
    page.goto(f"explorers/{name}/")
    steps = PROTOCOLS[name].played({})
    page.get_by_role("button", name="Next step").wait_for()
    slider = page.get_by_role("slider", name="Step")
    slider.focus()
    page.keyboard.press("End")
    assert page.locator(".steering output").inner_text().startswith(f"{len(steps)} of {len(steps)}")
    assert page.locator(".explorer .canvas").evaluate("it => it.scrollHeight <= it.clientHeight || it.tabIndex === 0")
    assert page.evaluate(CROSSED) == []
    shown = page.locator(".counts dd").all_inner_texts()
    assert shown == [value for _, value in steps[-1].counts]
    assert ("✗" in page.locator(".holds").inner_text()) == bool(steps[-1].broken)
    fault = PROTOCOLS[name].faults[-1]
    other = next(word for word in fault.choices if word != fault.default)
    page.locator(f"select[name={fault.name}]").select_option(other)
    assert f"{fault.name}={other}" in page.url and f"{fault.name}={other}" in page.locator("pre code").inner_text()
    chosen = PROTOCOLS[name].played({fault.name: other})
    assert page.locator(".steering output").inner_text().startswith(f"1 of {len(chosen)}")
    page.get_by_role("button", name="Next step").click()
    assert page.locator(".parts .held").count() == sum(bool(part.holds) for part in chosen[1].parts)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert faults(page) == []


@pytest.mark.browser
def test_playing_moves_on_and_stays_still_where_the_system_asks(opened):
    page = opened(1024)
    page.clock.install()
    page.goto("explorers/raft/?cut=crash")
    page.get_by_role("button", name="Play").wait_for()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    where = page.locator(".steering output")
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(2 * PACE)
    assert where.inner_text().startswith("3 of") and page.locator("select[name=cut]").input_value() == "crash"
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(2 * PACE)
    assert where.inner_text().startswith("3 of")
    page.emulate_media(reduced_motion="reduce")
    page.locator(".steering button", has_text="Play").wait_for(state="hidden")


@pytest.mark.browser
def test_a_choice_made_before_the_script_comes_is_kept(opened):
    page = opened(1024)
    fault = PROTOCOLS["raft"].faults[-1]
    other = next(word for word in fault.choices if word != fault.default)
    with before(page, "explorer.js"):
        page.goto(f"explorers/raft/?cut=crash&{fault.name}={fault.default}")
        page.locator(f"select[name={fault.name}]").select_option(other)
    page.get_by_role("button", name="Next step").wait_for()
    given = {"cut": "crash", fault.name: other}
    assert all(f"{name}={word}" in page.url for name, word in given.items())
    assert page.locator(".steering output").inner_text().startswith(f"1 of {len(PROTOCOLS['raft'].played(given))}")
