"""Search for the site: a Pagefind index over sections, and the vocabulary that corrects spelling.

In the page, a result's place is `meta.url` (relative to the site's root), its headings
`meta.title`, `meta.document` and `meta.trail`. `search/vocabulary.json` holds
`{"stop": [words], "words": {word: count}}` for the rule in spelling.py.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from html import escape
from pathlib import Path

from pagefind_bin import get_executable

from sysdesign.content import Reference
from sysdesign.errors import BuildFailed
from sysdesign.search.entries import STOP_WORDS, Entry, entries
from sysdesign.search.spelling import vocabulary

# Of what Pagefind writes, its own user interface is left out.
WANTED = ("fragment/", "index/", "pagefind-entry.json", "pagefind-worker.js", "pagefind.js", "pagefind.en_", "wasm.en")
SECONDS = 600


def search_files(reference: Reference) -> dict[str, bytes]:
    """The files that search in the page loads, by their path under the site's root."""
    found = tuple(entries(reference))
    files = _pagefind(found)
    files["search/vocabulary.json"] = _vocabulary(found)
    return files


def _pagefind(found: tuple[Entry, ...]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="sysdesign-search-") as folder:
        site, out = Path(folder, "site"), Path(folder, "out")
        site.mkdir()
        for at, entry in enumerate(found):
            (site / f"{at:06d}.html").write_text(_page(entry), encoding="utf-8")
        run = subprocess.run(
            [str(get_executable()), "--site", str(site), "--output-path", str(out), "--quiet"],
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if run.returncode != 0:
            raise BuildFailed(f"the search index could not be made: {run.stderr.decode(errors='replace')[-400:]}")
        paths = sorted(path for path in out.rglob("*") if path.is_file())
        named = {path.relative_to(out).as_posix(): path for path in paths}
        return {f"pagefind/{name}": path.read_bytes() for name, path in named.items() if name.startswith(WANTED)}


def _page(entry: Entry) -> str:
    """A section as Pagefind reads it: weights as in the command's index, metadata for the result."""
    heavy = escape(" ".join((entry.title, *entry.aliases)))
    meta = {"url": entry.url, "title": entry.title, "document": entry.document, "trail": entry.trail}
    spans = "".join(f'<a data-pagefind-meta="{key}[title]" title="{escape(value)}"></a>' for key, value in meta.items())
    return (
        f'<!doctype html><html lang="en"><body data-pagefind-body>{spans}'
        f'<div data-pagefind-weight="9">{heavy}</div><div data-pagefind-weight="3">{escape(entry.document)}</div>'
        f"<p>{escape(entry.text)}</p></body></html>"
    )


def _vocabulary(found: tuple[Entry, ...]) -> bytes:
    known = vocabulary(" ".join((entry.title, *entry.aliases, entry.document, entry.text)) for entry in found)
    shown = {"stop": sorted(STOP_WORDS), "words": known}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
