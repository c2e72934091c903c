"""Edits of a reference while it is served: it stays up, tells what is wrong, and follows the next good edit.

The contents are those of `content`, which tries them on the functions alone. Here they meet the running
command, which reads them beside the pages that it answers.
"""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from abuse import content
from abuse.content import SMALL, Change
from abuse.trials import Kind
from benchmarks.served import serving
from sysdesign.content import load
from sysdesign.errors import SysdesignError
from sysdesign.site.pages import render

DOCUMENT = "05-Caching-Strategies.md"
BEFORE = "## Core Concepts"
LOOK_S = 0.05
COUNTER = itertools.count()


def kinds() -> Iterator[Kind]:
    """One kind, on one service that ends with the iteration."""
    with tempfile.TemporaryDirectory() as folder:
        root, said = Path(folder, "reference"), Path(folder, "said")
        shutil.copytree(SMALL, root)
        with said.open("wb") as told, serving(root, Path(folder, "site"), told=told) as address:
            yield Kind("edits while it serves", _edits, partial(_edited, address, root, said), seconds=90)


def _edits() -> Iterator[tuple[str, Change]]:
    """Of each kind of content, what took longest or did harm once."""
    for label in ("lists in lists", "dashes with keys", "indented", "aliases of aliases", "many keys", "a hexadecimal "
                  "integer", "documents", "zeros", "a lone surrogate", "tags", "many anchors", "commas"):  # fmt: skip
        data = content.YAML[label].encode(errors="surrogatepass")
        for file in ("plan.yaml", "facts/other.yaml", "glossary.yaml"):
            yield f"{file} with {label}", partial(content.put, file=file, data=data)
    for piece in (
        "<a:",
        "[a](",
        "| a ",
        "|a|\n|-|\n",
        "> ",
        "- ",
        "*a **a ",
        "$$ a\n\n",
        "<!--",
        "`a``",
        "[^a]",
        "\x00",
    ):
        data = ("# T\n\n" + (piece * 400_000)[:400_000]).encode()
        yield f"a document of {piece!r}", partial(content.put, file=DOCUMENT, data=data)
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">'
    for piece in content.DRAWINGS[:6]:
        drawing = (head + (piece * 900_000)[:900_000]).encode()
        yield f"a drawing of {piece!r}", partial(content.put, file="figures/05-caching/stampede-size.svg", data=drawing)
    yield from itertools.islice(content.changes(), 20)
    yield from content.obstacles()


def _edited(address: str, root: Path, said: Path, change: Change) -> None:
    """The edit is told where it cannot be shown, pages are answered meanwhile, and a good edit is shown after it."""
    _page(address)
    start = said.stat().st_size
    change(root)
    wrong = _wrong(root)
    while wrong and b"still served" not in said.read_bytes()[start:]:
        _page(address)
        time.sleep(LOOK_S)
    _mend(root)
    sentence = f"This sentence came after edit {next(COUNTER)} at {time.monotonic_ns()}."
    document = root / DOCUMENT
    document.write_text(document.read_text(encoding="utf-8").replace(BEFORE, f"{sentence}\n\n{BEFORE}", 1))
    while sentence not in _page(address, "05-caching-strategies/"):
        time.sleep(LOOK_S)
    told = said.read_bytes()[start:].decode(errors="replace")
    assert "a fault of this program" not in told, told[-300:]


def _wrong(root: Path) -> str:
    """What the functions that serve calls say of the reference, "" where it can be shown."""
    try:
        render(load(root))
    except SysdesignError as error:
        return str(error)
    return ""


def _mend(root: Path) -> None:
    """The folder stays the same one: only what is in it is put back."""
    for path in root.iterdir():
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    shutil.copytree(SMALL, root, dirs_exist_ok=True)


def _page(address: str, path: str = "") -> str:
    with urllib.request.urlopen(address + path, timeout=60) as answer:
        text: str = answer.read().decode()
        return text
