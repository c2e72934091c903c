"""Search for the site: a Pagefind index over sections, and the vocabulary that corrects spelling.

Pagefind runs beside the build and is given each document as soon as it is read, so that
it works while the pages are made.

What Pagefind calls a page is one section here, with the bare headings above it. On a large site it is a part of a
document (a heading of level two with all below it), as Pagefind takes over a millisecond for each page of many; the
script in the page finds the section in it. In a result, `meta.url` is the place of its first section (relative to the
site's root), `meta.document` and `meta.trail` are what stands above that. Each section begins at a heading's anchor;
its own text ends at the next anchor that is none; those after it are other names for it, which are found, not shown.
`search/vocabulary.json` holds `{"stop": [words], "words": {word: count}}` for the rule in spelling.py.
"""

from __future__ import annotations

import json
import subprocess
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from html import escape
from types import TracebackType
from typing import IO, Any

from pagefind_bin import get_executable

from sysdesign.content import Reference
from sysdesign.errors import BuildFailed
from sysdesign.search.entries import STOP_WORDS, Entry, entries
from sysdesign.search.spelling import Vocabulary

# Of what Pagefind writes, its own user interface is left out.
WANTED = ("fragment/", "index/", "pagefind-entry.json", "pagefind-worker.js", "pagefind.js", "pagefind.en_", "wasm.en")
LARGE = 200  # documents, from which on a part is indexed as one
SECONDS = 600  # without a word from Pagefind
_LAST = 0  # the number of the request that ends the talk; sections count from 1


def search_files(reference: Reference) -> dict[str, bytes]:
    """The files that search in the page loads, by their path under the site's root."""
    with SearchIndex(len(reference.documents)) as index:
        index.add(entries(reference))
        index.close()
        return dict(index.files())


class SearchIndex:
    """The search index of a site in the making. Raises BuildFailed when Pagefind cannot make it.

    Pagefind is spoken to over its own pipe: each message is JSON in base64, ended by a comma.
    """

    def __init__(self, documents: int) -> None:
        """For a site of about that many documents."""
        self._level_alone = 2 if documents >= LARGE else 6  # the deepest heading that begins a page of the index
        self._vocabulary = Vocabulary()
        self._count = 0
        self._answer: dict[str, Any] = {}
        self._fault = ""

    def __enter__(self) -> SearchIndex:
        command = [str(get_executable()), "--service"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._send({"type": "NewIndex", "config": None}, 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()  # it has said all, or is not wanted any more
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was not yet written has no reader any more
                pipe.close()  # type: ignore[union-attr]

    def add(self, found: Iterable[Entry]) -> None:
        """Take in sections, in the order of the site."""
        page: list[Entry] = []
        for entry in found:
            below_bare = page and not page[-1].text and entry.level > page[-1].level
            if page and entry.level <= self._level_alone and not below_bare:
                self._add_page(page)
                page = []
            page.append(entry)
            self._vocabulary.add(" ".join((entry.title, *entry.aliases, entry.document, entry.text)))
        if page:
            self._add_page(page)

    def _add_page(self, sections: Sequence[Entry]) -> None:
        page = {"file_path": f"{self._count:06d}.html", "file_contents": _page(sections)}
        self._count += 1
        self._send({"type": "AddFile", "index_id": 0, **page}, self._count + 1)

    def close(self) -> None:
        """All sections are in: the index can be made."""
        self._send({"type": "GetFiles", "index_id": 0}, _LAST)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Path and bytes of each file, after `close`."""
        yield "search/vocabulary.json", self._words()
        self._listener.join(SECONDS)
        if self._fault or not self._answer:
            raise self._failed()
        for file in self._answer["files"]:
            if file["path"].startswith(WANTED):
                yield f"pagefind/{file['path']}", b64decode(file["content"])

    def _send(self, request: dict[str, Any], number: int) -> None:
        message = b64encode(json.dumps({"message_id": number, "payload": request}).encode())
        pipe: IO[bytes] = self._process.stdin  # type: ignore[assignment]
        try:
            pipe.write(message + b",")
            if number in (1, _LAST):
                pipe.flush()
        except OSError:
            raise self._failed() from None

    def _failed(self) -> BuildFailed:
        why = self._fault or f"Pagefind gave no index (it ended with {self._process.poll()})"
        return BuildFailed(f"the search index could not be made: {why}")

    def _listen(self) -> None:
        """Read answers until the last, so that Pagefind never waits for a reader."""
        for message in _messages(self._process.stdout):  # type: ignore[arg-type]
            payload = message["payload"]
            if payload["type"] == "Error":
                self._fault = str(payload.get("message", payload))  # and read on: its pipe must not fill up
            elif payload["type"] == "GetFiles":
                self._answer = payload
            if message["message_id"] == _LAST:
                return

    def _words(self) -> bytes:
        shown = {"stop": sorted(STOP_WORDS), "words": self._vocabulary.words()}
        return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _messages(pipe: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The messages of a stream, in the order in which they come."""
    parts: list[bytes] = []
    while data := pipe.read1(1 << 20):  # type: ignore[attr-defined]
        first, *rest = data.split(b",")
        parts.append(first)
        for part in rest:
            yield json.loads(b64decode(b"".join(parts)))
            parts = [part]


def _page(sections: Sequence[Entry]) -> str:
    """Sections as Pagefind reads them, with weights as in the command's index; the first stands above the others."""
    first = sections[0]
    meta = {"url": first.url, "title": first.title, "document": first.document, "trail": first.trail}
    spans = "".join(f'<a data-pagefind-meta="{key}[title]" title="{escape(value)}"></a>' for key, value in meta.items())
    body = "".join(map(_section, sections))
    return f'<!doctype html><html lang="en"><body data-pagefind-body>{spans}{body}</body></html>'


def _section(entry: Entry) -> str:
    anchor = escape(entry.url.partition("#")[2]) or "top"
    names = "".join(f'<div id="name" data-pagefind-weight="9">{escape(name)}</div>' for name in entry.aliases)
    return (
        f'<h{entry.level} id="{anchor}" data-pagefind-weight="9">{escape(entry.title)}</h{entry.level}>'
        f"<p>{escape(entry.text)}</p>"
        f'<div id="end"></div>{names}'
        f'<div data-pagefind-weight="3">{escape(entry.document)}</div>'
    )
