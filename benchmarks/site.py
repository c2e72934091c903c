"""The site: cold build and one edit against a bare render of the same files, checks, page weight, search."""

from __future__ import annotations

import datetime as dt
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import brotli
import jinja2
from markdown_it import MarkdownIt

from benchmarks.synthetic import write_reference
from sysdesign.checks import check
from sysdesign.checks.rules import RULES
from sysdesign.content import default_root, load
from sysdesign.content.loading import _parsed
from sysdesign.search import Index
from sysdesign.site.building import build_site, changed_pages, site_files

PAGE = jinja2.Template("<!doctype html><html><head><title>{{ title }}</title></head><body>{{ body }}</body></html>")
COLD_TARGET, EDIT_TARGET_S, CHECK_TARGET_S, SEARCH_TARGET_S = 2.5, 0.3, 2.0, 0.05


def seconds(run: Callable[[], object]) -> float:
    """How long one run takes."""
    gc.collect()
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def bare_render(root: Path, out: Path) -> None:
    """The peer: markdown-it-py with tables, a Jinja2 page around it, and nothing else."""
    out.mkdir(parents=True, exist_ok=True)
    parser = MarkdownIt("commonmark").enable("table")
    for path in sorted(root.glob("*.md")):
        body = parser.render(path.read_text(encoding="utf-8"))
        (out / f"{path.stem}.html").write_text(PAGE.render(title=path.stem, body=body), encoding="utf-8")


def line(what: str, figure: str, target: str, ratio: str = "") -> None:
    print(f"{what:<58}{figure:>14}   target {target:<14}{ratio}")


def cold_build(documents: int, folder: Path) -> None:
    root = write_reference(folder / f"reference-{documents}", documents)
    _parsed.cache_clear()
    bare = seconds(lambda: bare_render(root, folder / f"bare-{documents}"))
    whole = seconds(lambda: build_site(root, folder / f"site-{documents}"))
    ratio = whole / bare
    line(
        f"cold build, {documents:,} documents, search index included", f"{whole:.2f} s", f"<= {COLD_TARGET} x bare",
        f"{ratio:.1f} x a bare render ({bare:.2f} s)",
    )  # fmt: skip
    _edit(root, folder / f"bare-edit-{documents}", documents)


def _edit(root: Path, out: Path, documents: int) -> None:
    before = load(root)
    path = sorted(root.glob("*.md"))[documents // 2]
    taken = []
    for at in range(5):
        path.write_text(path.read_text(encoding="utf-8") + f"\nEdit {at}.\n", encoding="utf-8")

        def show() -> None:
            nonlocal before
            reference = load(root)
            assert dict(changed_pages(reference, before))
            before = reference

        taken.append(seconds(show))
    one = seconds(lambda: bare_render_one(path, out))
    target = f"<= {EDIT_TARGET_S} s" if documents <= 21 else "none"
    line(f"one edit to its page, {documents:,} documents (median of 5)", f"{statistics.median(taken):.3f} s", target,
         f"{statistics.median(taken) / one:.1f} x a bare render of that file")  # fmt: skip


def bare_render_one(path: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    parser = MarkdownIt("commonmark").enable("table")
    (out / "x.html").write_text(PAGE.render(title="x", body=parser.render(path.read_text(encoding="utf-8"))))


def checks(folder: Path) -> None:
    root = write_reference(folder / "checked", 21)
    reference = load(root)
    rules = [rule for rule in RULES if rule != "stale-drawing"]
    taken = seconds(lambda: check(reference, today=dt.date(2026, 11, 23), only=rules))
    line("check of 21 documents, without redrawing", f"{taken:.2f} s", f"<= {CHECK_TARGET_S} s")


def pages() -> None:
    """Weight of the real pages as a server with Brotli sends them, before anything is clicked."""
    files = site_files(load(default_root()))
    styles = {name for name in files if name.startswith("assets/") and name.endswith(".css")}
    scripts = {name for name in files if name.startswith("assets/") and name.endswith(".js") and "engine" not in name}
    own = sum(len(brotli.compress(files[name])) for name in scripts)
    line("our own scripts, all together (Brotli)", f"{own / 1000:.1f} kB", "< 20 kB")
    for name in sorted(files):
        if name.endswith("/index.html") and name[:2].isdigit():
            whole = len(brotli.compress(files[name]))
            rest = sum(len(brotli.compress(files[asset])) for asset in styles | scripts)
            line(f"{name} with figures, styles and scripts", f"{(whole + rest) / 1000:.0f} kB", "<= 200 kB")


def search() -> None:
    index = Index(load(default_root()))
    queries = ("stampede", "dogpile", "stampeed", "hit ratio of lru", "write behind crash", "evict")
    taken = [seconds(lambda query=query: index.search(query)) for query in queries for _ in range(20)]  # type: ignore[misc]
    line("search by command's index, 95th percentile", f"{sorted(taken)[int(len(taken) * 0.95)] * 1000:.1f} ms",
         f"<= {SEARCH_TARGET_S * 1000:.0f} ms")  # fmt: skip


def main() -> None:
    """Print every figure with its target."""
    with tempfile.TemporaryDirectory(prefix="sysdesign-bench-") as name:
        folder = Path(name)
        for documents in (21, 2100):
            cold_build(documents, folder)
        checks(folder)
    pages()
    search()


if __name__ == "__main__":
    main()
