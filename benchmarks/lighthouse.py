"""Lighthouse over one page of each kind, as on a phone: its own settings, through `sysdesign serve`.

It needs Node and npm beside Chromium; the pinned version is installed once, in the user's cache folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measured import line
from benchmarks.served import ARGUMENTS, CHROMIUM, serving
from sysdesign import kept
from sysdesign.content import default_root

VERSION = "12.8.2"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PAGES = {
    "home": "",
    "brief": "05-caching-strategies/brief/",
    "document": "05-caching-strategies/",
    "model": "models/caching.stampede/",
    "decision": "decisions/pagination/",
    "search": "search/?q=dogpile",
    "explorer": "explorers/raft/",
}
SECONDS = 180  # for one page on a busy machine


def main() -> None:
    """Four scores a page, and what keeps one below its target."""
    program = _program()
    if program is None or CHROMIUM is None:
        line("Lighthouse", "not run: it needs node, npm and Chromium", "100")
        return
    with tempfile.TemporaryDirectory() as folder, serving(default_root(), Path(folder, "site"), watch=False) as address:
        for name, path in PAGES.items():
            _told(name, _report(program, f"{address}{path}"))


def _program() -> Path | None:
    """The installed Lighthouse; None where there is no Node."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    folder = kept.home() / f"lighthouse-{VERSION}"
    program = folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.is_file():
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"lighthouse@{VERSION}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return program


def _report(program: Path, address: str) -> dict[str, object]:
    command = ["node", str(program), address, "--quiet", "--output=json", f"--chrome-flags={_flags()}"]
    ran = subprocess.run(
        [*command, f"--only-categories={','.join(CATEGORIES)}"],
        check=True, capture_output=True, timeout=SECONDS, env={**os.environ, "CHROME_PATH": str(CHROMIUM)},
    )  # fmt: skip
    return dict(json.loads(ran.stdout))


def _flags() -> str:
    return " ".join(["--headless=new", *ARGUMENTS])


def _told(name: str, report: dict) -> None:
    scores = {each: report["categories"][each]["score"] or 0 for each in CATEGORIES}
    shown = " / ".join(f"{100 * score:.0f}" for score in scores.values())
    line(f"Lighthouse {VERSION}, {name}: {', '.join(CATEGORIES)}", shown, "100 / 100 / 100 / 100", "")
    for why in _failing(report):
        line(f"    {why}", "")


def _failing(report: dict) -> Iterator[str]:
    """What costs points, heaviest first."""
    for category in CATEGORIES:
        weighed = report["categories"][category]["auditRefs"]
        for each in sorted(weighed, key=lambda ref: -ref["weight"]):
            audit = report["audits"][each["id"]]
            if each["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                yield f"{category}, {audit['title']}: {audit.get('displayValue', '')}".rstrip(": ")


if __name__ == "__main__":
    main()
