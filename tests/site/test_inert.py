"""Hostile markup in a real browser, with and without a policy: nothing runs, nothing is asked of another host."""

from __future__ import annotations

import re
from typing import Any

import pytest

from abuse import markup as hostile
from sysdesign import markup, service
from sysdesign.site.layout import POLICY

ORIGIN = "http://reader.test/"
META = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n')

# Touches everything that a reader could touch, and tells what no page may hold.
TOUCH = """() => {
  const odd = [];
  for (const element of document.querySelectorAll("*")) {
    for (const { name } of element.attributes) if (/^on/i.test(name)) odd.push(`${element.localName} ${name}`);
    for (const kind of ["mouseover", "focus", "click", "toggle", "error", "load", "begin"])
      if (kind !== "click" || !element.closest("a,button,form")) element.dispatchEvent(new Event(kind));
    const to = element.localName === "a" ? element.getAttribute("href") || element.getAttribute("xlink:href") : null;
    if (to && !["http:", "https:", "mailto:"].includes(new URL(to, document.baseURI).protocol)) odd.push(`to ${to}`);
  }
  for (const name of ["base", "iframe", "object", "embed", "foreignObject", "image", "use", "animate", "set", "style"])
    if (document.querySelector(name)) odd.push(name);
  if (document.baseURI.split("#")[0] !== location.href.split("#")[0]) odd.push(document.baseURI);
  return [window.ran || 0, odd];
}"""


class Browser:
    """A tab whose every answer comes from here; it notes dialogs and what is asked of other hosts."""

    def __init__(self, context: Any) -> None:
        self.asked: list[str] = []
        self.pages: dict[str, bytes] = {}
        self.page = context.new_page()
        self.page.on("dialog", lambda dialog: (self.asked.append("a dialog"), dialog.dismiss()))
        self.page.route("**/*", self._answer)

    def _answer(self, route: Any) -> None:
        url = route.request.url
        if not url.startswith(ORIGIN):
            self.asked.append(url)
            route.abort()
            return
        path = url.removeprefix(ORIGIN)
        kind = "text/html; charset=utf-8" if path in self.pages else "text/plain"
        route.fulfill(status=200 if path in self.pages else 404, body=self.pages.get(path, b""), content_type=kind)

    def faults(self, page: bytes) -> list[str]:
        """What the page did that no page may."""
        self.asked.clear()
        self.pages = {"a/page": page}
        self.page.goto(f"{ORIGIN}a/page", wait_until="load")
        ran, odd = self.page.evaluate(TOUCH)
        return [*(["it ran"] if ran else []), *odd, *self.asked]


@pytest.fixture
def browser(chromium: Any) -> Any:
    context = chromium.new_context()
    yield Browser(context)
    context.close()


def unguarded(page: bytes) -> bytes:
    """The page as a host serves it that takes the policy out."""
    found, count = META.subn("", page.decode())
    assert count == 1
    return found.encode()


@pytest.mark.browser
@pytest.mark.parametrize("place", hostile.PAYLOADS)
def test_no_payload_runs_or_asks_with_or_without_a_policy(browser: Browser, place: str) -> None:
    pages = [page for text in hostile.PAYLOADS[place] for page in hostile.written_pages(place, text).values()]
    assert [fault for page in pages for fault in hostile.Scan(page.decode()).faults] == []
    for page in joined(pages):
        assert browser.faults(unguarded(page)) == []
        assert browser.faults(page) == []


def joined(pages: list[bytes]) -> list[bytes]:
    """Some pages as one, with the bodies of all: each load of a page takes longer than its text."""
    parts = [page.partition(b"</main>") for page in pages]
    if not parts:
        return []
    bodies = (before.partition(b"<main")[2].partition(b">")[2] for before, _, _ in parts[1:])
    return [parts[0][0] + b"".join(bodies) + b"</main>" + parts[0][2]]


@pytest.mark.browser
@pytest.mark.parametrize(
    "raw", ["<img src=x onerror=window.ran=1>", "<script>window.ran=1</script>", "<img src='https://other.example/x'>"]
)
def test_the_browser_would_tell_and_the_policy_of_the_page_holds(browser: Browser, raw: str) -> None:
    page = hostile.written_pages("text", "PLACE")["05-caching-strategies/index.html"]
    broken = page.replace(b"PLACE", raw.encode())
    assert broken != page
    assert set(browser.faults(unguarded(broken))) & {"it ran", "https://other.example/x"}
    assert not set(browser.faults(broken)) & {"it ran", "https://other.example/x"}


def test_enough_is_tried() -> None:
    assert sum(map(len, hostile.PAYLOADS.values())) > 200


def test_the_service_sends_what_the_page_says() -> None:
    assert service.POLICY.startswith(POLICY)


@pytest.mark.parametrize(
    "address",
    ["https://example.com", "https://example.com:8080/a?b=c:d#e", "http://127.0.0.1/", "mailto:a@example.com",
     "05-Caching-Strategies.md#hot-keys", "#a:b", "?q=a:b", "./a/b:c", "../a", ""],
)  # fmt: skip
def test_addresses_of_the_field_are_let_through(address: str) -> None:
    assert markup.address(address) == address


def test_a_refused_drawing_is_named_at_its_line() -> None:
    with pytest.raises(markup.Refused, match="onload") as caught:
        markup.drawing('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">\n\n<g onload="x()"/></svg>')
    assert caught.value.line == 3
