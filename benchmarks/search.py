"""Search: the command's index against a plain scan, and the page in Chromium against its own search without the list.

Queries are the glossary's own terms, every third with two letters swapped.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measured import line, percentile
from benchmarks.served import browser, serving
from sysdesign.content import Reference, default_root, load
from sysdesign.search import Index
from sysdesign.search.entries import entries

QUERIES, TURNS = 30, 5
TARGET_MS = 50.0

# From a key to the list that answers it: the page's own clock, so that the driver's way to the browser does not count.
_WATCH = """() => {
  const list = document.querySelector(".search-list");
  const input = document.querySelector("form.search input");
  window.pressed = 0;
  window.shown = 0;
  input.addEventListener("input", () => { window.pressed = performance.now(); window.shown = 0; }, { capture: true });
  new MutationObserver(() => {
    if (window.pressed && !window.shown && list.querySelector("[role=option]")) window.shown = performance.now();
  }).observe(list, { childList: true });
}"""
_UNTIL_SHOWN = """() => new Promise((done) => {
  const look = () => { if (window.shown) done(); else setTimeout(look, 5); };
  look();
})"""
_ENGINE_ALONE = """async (query) => {
  const search = await import(new URL("assets/search.js", document.baseURI.replace(/[^/]+[/]$/, "")));
  const started = performance.now();
  await search.find(query, 7);
  return performance.now() - started;
}"""


def queries(reference: Reference) -> list[str]:
    """Terms of the glossary from all over the alphabet, some misspelled."""
    terms = sorted(term.term for term in reference.terms.values() if len(term.term) >= 6)
    chosen = terms[:: max(1, len(terms) // QUERIES)][:QUERIES]
    return [f"{t[:3]}{t[4]}{t[3]}{t[5:]}" if at % 3 == 2 else t for at, t in enumerate(chosen)]


def milliseconds(run: Callable[[], object]) -> float:
    """How long one run takes."""
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def index_alone(reference: Reference, asked: list[str]) -> None:
    """The index that command and service ask."""
    started = time.perf_counter()
    index = Index(reference)
    built = time.perf_counter() - started
    texts = [f"{entry.title} {entry.text}".lower() for entry in entries(reference)]
    found = [milliseconds(lambda: index.search(query)) for query in asked for _ in range(TURNS)]  # noqa: B023 - at once
    scan = [milliseconds(lambda: [t for t in texts if query in t]) for query in asked for _ in range(TURNS)]  # noqa: B023
    slow, ratio = percentile(found, 0.95), percentile(found, 0.95) / percentile(scan, 0.95)
    line(f"search by the command's index, {len(texts):,} sections, p95", f"{slow:.1f} ms",
         f"<= {TARGET_MS:.0f} ms", f"{ratio:.1f} x a plain scan")  # fmt: skip
    line("    median; the index made anew", f"{percentile(found, 0.5):.1f} ms", "", f"{built:.2f} s")


def in_page(asked: list[str]) -> None:
    """From the last key of a query to its first result, in a page that has searched before."""
    with browser() as chromium, tempfile.TemporaryDirectory(prefix="sysdesign-bench-") as folder:
        if chromium is None:
            line("search in the page", "no Chromium", f"<= {TARGET_MS:.0f} ms")
            return
        with serving(default_root(), Path(folder, "site"), watch=False) as address:
            page = chromium.new_page()
            page.goto(f"{address}models/", wait_until="networkidle")
            page.keyboard.press("/")
            page.keyboard.type("cache")
            page.locator(".search-list [role=option]").first.wait_for()
            page.evaluate(_WATCH)
            first = [_key_to_result(page, query) for query in asked]
            warm = [_key_to_result(page, query) for query in asked]
            alone = [float(page.evaluate(_ENGINE_ALONE, query)) for query in asked]
    slow, peer = percentile(warm, 0.95), percentile(alone, 0.95)
    line(f"search in the page, key to result, {len(asked)} queries, p95", f"{slow:.1f} ms",
         f"<= {TARGET_MS:.0f} ms", f"{slow / peer:.1f} x its search alone ({peer:.1f} ms)")  # fmt: skip
    line("    median; each query for the first time", f"{percentile(warm, 0.5):.1f} ms", "",
         f"median {percentile(first, 0.5):.1f} ms, p95 {percentile(first, 0.95):.1f} ms")  # fmt: skip


def _key_to_result(page: Any, query: str) -> float:
    box = page.locator("form.search input")
    box.fill(query[:-1])
    page.evaluate(_UNTIL_SHOWN)
    page.wait_for_timeout(150)  # answers to the keys before are not this key's
    page.keyboard.press("End")
    page.keyboard.type(query[-1])
    page.evaluate(_UNTIL_SHOWN)
    return float(page.evaluate("window.shown - window.pressed"))


def main() -> None:
    """Print every figure with its target."""
    reference = load(default_root())
    asked = queries(reference)
    index_alone(reference, asked)
    in_page(asked)


if __name__ == "__main__":
    main()
