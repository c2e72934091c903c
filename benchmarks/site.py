"""The site: cold build and one edit against a bare render of the same files, checks, page weight.

Figures are committed and checks run apart, so a build draws and checks nothing. It makes more than the peer:
the pages of models, facts and terms, and the search index, which its own program makes beside the pages.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import brotli
import jinja2
from markdown_it import MarkdownIt

from benchmarks.measured import Taken, apart, least, line
from benchmarks.served import browser, serving
from benchmarks.synthetic import write_reference
from sysdesign.checks import check
from sysdesign.checks.rules import RULES, rules
from sysdesign.content import default_root, load
from sysdesign.content.loading import collection_paused
from sysdesign.models.registry import models
from sysdesign.serving import PAUSE_S
from sysdesign.site.asset_files import chart_engine
from sysdesign.site.building import build_site, changed_pages, site_files
from sysdesign.site.pages import pages as site_pages
from sysdesign.site.publish import publish

PAGE = jinja2.Template("<!doctype html><html><head><title>{{ title }}</title></head><body>{{ body }}</body></html>")
COLD_TARGET, EDIT_TARGET_S, CHECK_TARGET_S = 2.5, 0.3, 2.0
RUNS = {21: 7, 2100: 1}  # the large build takes long enough to even out by itself
EDITS = 12
ENGINE = re.compile("engine|search|spelling").search  # loaded at first use
RUN, STEP_S = 5, 0.1  # edits one soon after the other


def bare_render(root: Path, out: Path) -> None:
    """The peer: markdown-it-py with tables, a Jinja2 page around it, and nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    parser = MarkdownIt("commonmark").enable("table")
    for path in sorted(root.glob("*.md")):
        body = parser.render(path.read_text(encoding="utf-8"))
        (out / f"{path.stem}.html").write_text(PAGE.render(title=path.stem, body=body), encoding="utf-8")


def pages_alone(root: Path, out: Path) -> None:
    """Every page of the site, written and swapped in, without the search index."""
    with collection_paused():
        publish(out, site_pages(load(root)), "no search")


def cold_build(documents: int, folder: Path) -> None:
    """A first build against the peer, in turns, each run in a process of its own."""
    root = write_reference(folder / f"reference-{documents}", documents)
    bare, whole, alone = [], [], []
    for at in range(RUNS[documents]):
        bare.append(apart(lambda: bare_render(root, folder / f"bare-{documents}-{at}")))  # noqa: B023 - runs at once
        whole.append(apart(lambda: build_site(root, folder / f"{at}-{documents}" / "site").files))  # noqa: B023
        alone.append(apart(lambda: pages_alone(root, folder / f"{at}-{documents}" / "alone")))  # noqa: B023
    _cold_lines(documents, least(bare), least(whole), least(alone))


def _cold_lines(documents: int, bare: Taken, whole: Taken, alone: Taken) -> None:
    target = f"<= {COLD_TARGET} x bare"
    what = f"cold build, {documents:,} documents"
    line(f"{what}, with the search index", f"{whole.wall_s:.2f} s", target,
         f"{whole.wall_s / bare.wall_s:.1f} x a bare render ({bare.wall_s:.2f} s)")  # fmt: skip
    line("    processor time of the build itself", f"{whole.own_cpu_s:.2f} s", "",
         f"{whole.own_cpu_s / bare.cpu_s:.1f} x a bare render ({bare.cpu_s:.2f} s)")  # fmt: skip
    line("    processor time with the search indexer beside it", f"{whole.cpu_s:.2f} s", "",
         f"{whole.cpu_s / bare.cpu_s:.1f} x a bare render")  # fmt: skip
    line(f"{what}, without the search index", f"{alone.wall_s:.2f} s", target,
         f"{alone.wall_s / bare.wall_s:.1f} x; processor time {alone.cpu_s / bare.cpu_s:.1f} x")  # fmt: skip
    line("    files written; memory at the peak", f"{whole.result:,}", "",
         f"{whole.peak_bytes / 1e6:,.0f} MB; bare {bare.peak_bytes / 1e6:,.0f} MB")  # fmt: skip


def one_edit(documents: int, folder: Path) -> None:
    """From a changed file to the bytes of its page, as the watching service makes them."""
    root = folder / f"reference-{documents}"
    path = sorted(root.glob("*.md"))[documents // 2]
    before = load(root)
    taken = []
    for at in range(5):
        _append(path, f"Edit {at}.")
        started = time.perf_counter()
        reference = load(root, before=before)
        assert dict(changed_pages(reference, before))
        taken.append(time.perf_counter() - started)
        before = reference
    one = min(apart(lambda: bare_render_one(path, folder)).wall_s for _ in range(5))
    target = f"<= {EDIT_TARGET_S} s" if documents <= 21 else ""
    line(f"one edit to its page's bytes, {documents:,} documents (median)", f"{statistics.median(taken):.3f} s", target,
         f"{statistics.median(taken) / one:.1f} x a bare render of that file")  # fmt: skip


def real_edit(folder: Path) -> None:
    """Words in the longest document of the real reference: processor time until its page, and until all is made."""
    root = folder / "real"
    shutil.copytree(default_root(), root)
    path = max(root.glob("*.md"), key=lambda path: path.stat().st_size)
    lines = path.read_text(encoding="utf-8").split("\n")
    middle = next(at for at in range(len(lines) // 2, len(lines)) if lines[at][:1].isupper())
    before = load(root)
    dict(changed_pages(before, replace(before, documents={})))  # charts are read, templates compiled
    shown, made = [], []
    for at in range(EDITS):
        path.write_text("\n".join([*lines[:middle], f"{lines[middle]} Edit {at}.", *lines[middle + 1 :]]))
        started = time.process_time()
        reference = load(root, before=before)
        pages = changed_pages(reference, before)
        next(pages)
        shown.append(time.process_time() - started)
        assert dict(pages)
        made.append(time.process_time() - started)
        before = reference
    one = min(apart(lambda: bare_render_one(path, folder)).cpu_s for _ in range(5))
    for what, taken in (("its page", shown), ("its page and what hangs on it", made)):
        seconds = statistics.median(taken)
        line(f"one edit of the longest real document to {what} (processor time)", f"{seconds:.3f} s", "",
             f"{seconds / one:.1f} x a bare render of that file")  # fmt: skip


def bare_render_one(path: Path, out: Path) -> None:
    """The peer for one edit."""
    parser = MarkdownIt("commonmark").enable("table")
    (out / "x.html").write_text(PAGE.render(title="x", body=parser.render(path.read_text(encoding="utf-8"))))


def _append(path: Path, sentence: str) -> None:
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{sentence}\n", encoding="utf-8")


def edit_in_browser(folder: Path) -> None:
    """From a file's write to its text in an open page, through `sysdesign serve` and Chromium."""
    with browser() as chromium:
        if chromium is None:
            line("one edit seen in the browser, 21 documents", "no Chromium", f"<= {EDIT_TARGET_S} s")
            return
        root = write_reference(folder / "edited", 21)
        with serving(root, folder / "edited-site") as address:
            page = chromium.new_page()
            page.goto(f"{address}0010-topic-10/", wait_until="networkidle")
            apart_s = [_seen(page, root / "0010-Topic-10.md", f"Edit number {at}.", 2.5) for at in range(EDITS)]
            at_once = [_seen(page, root / "0010-Topic-10.md", f"Quick edit {at}.", 0.3) for at in range(EDITS)]
            runs = [_last_seen(page, root / "0010-Topic-10.md", f"Run {at}") for at in range(EDITS)]
            rebuilding = [_seen(page, root / "0010-Topic-10.md", f"Late edit {at}.", PAUSE_S) for at in range(EDITS)]
    for what, seen in (
        ("one edit seen in the browser, 21 documents", apart_s),
        ("    in quick succession", at_once),
        (f"    the last of {RUN} edits {STEP_S * 1000:.0f} ms apart, from its write", runs),
        ("    while the whole site is built", rebuilding),
    ):
        line(f"{what} (median of {EDITS})", f"{statistics.median(seen):.3f} s", f"<= {EDIT_TARGET_S} s",
             f"at worst {max(seen):.3f} s")  # fmt: skip


def _seen(page: object, path: Path, sentence: str, pause_s: float) -> float:
    started = time.perf_counter()
    _append(path, sentence)
    page.get_by_text(sentence, exact=True).wait_for(timeout=30_000)  # type: ignore[attr-defined]
    taken = time.perf_counter() - started
    time.sleep(pause_s)
    return taken


def _last_seen(page: object, path: Path, words: str) -> float:
    """Seconds from the last of some edits, one soon after the other, to its text in the page."""
    for at in range(RUN - 1):
        _append(path, f"{words}, edit {at}.")
        time.sleep(STEP_S)
    return _seen(page, path, f"{words}, edit {RUN - 1}.", 2.5)


def checks(folder: Path) -> None:
    """All rules but the one that draws every figure again."""
    root = write_reference(folder / "checked", 21)
    reference = load(root)
    only = [rule for rule in RULES if rule != "stale-drawing"]
    run = functools.partial(check, reference, today=dt.date(2026, 11, 23), only=only)
    taken = least([apart(lambda: len(run())) for _ in range(5)])
    line("check of 21 documents, without redrawing", f"{taken.wall_s:.2f} s", f"<= {CHECK_TARGET_S} s",
         f"{taken.result:,} findings")  # fmt: skip


def pages() -> None:
    """Weight of the real pages as a server with Brotli sends them, before anything is clicked."""
    files = site_files(load(default_root()))
    styles = {name for name in files if name.startswith("assets/") and name.endswith(".css")}
    scripts = {name for name in files if name.startswith("assets/") and name.endswith(".js") and not ENGINE(name)}
    own = sum(len(brotli.compress(files[name])) for name in scripts)
    line("our own scripts without the engines of charts and search (Brotli)", f"{own / 1000:.1f} kB", "< 30 kB")
    for name in sorted(files):
        if name.endswith("/index.html") and name[:2].isdigit():
            whole = len(brotli.compress(files[name]))
            rest = sum(len(brotli.compress(files[asset])) for asset in styles | scripts)
            line(f"{name} with figures, styles and scripts", f"{(whole + rest) / 1000:.0f} kB", "<= 200 kB")


def main() -> None:
    """Print every figure with its target."""
    models(), rules(), chart_engine()  # loaded before, as the peer's libraries are
    with tempfile.TemporaryDirectory(prefix="sysdesign-bench-") as name:
        folder = Path(name)
        cold_build(21, folder)
        one_edit(21, folder)
        real_edit(folder)
        edit_in_browser(folder)
        checks(folder)
        cold_build(2100, folder)
        one_edit(2100, folder)
    pages()


if __name__ == "__main__":
    main()
