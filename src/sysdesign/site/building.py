"""From the folder reference/ to a published site, when anything changed."""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from sysdesign import __version__, kept
from sysdesign.content import Reference, load, located
from sysdesign.content.loading import PACKAGE, cache_folder, collection_paused
from sysdesign.errors import BadContent, InvalidInput
from sysdesign.search.entries import entries, other_entries
from sysdesign.search.pages import search_files
from sysdesign.site import document_page
from sysdesign.site.layout import Page, Site
from sysdesign.site.pages import FIGURES, Part, pages, pages_beside, parts, site_of
from sysdesign.site.publish import publish, stamp
from sysdesign.site.search_entries import further_entries
from sysdesign.site.unfinished import Unfinished

SCOREBOARD = "scoreboard.json"  # beside plan.yaml; `tidy` writes it

Progress = Callable[[str], None]
Further = Callable[[Site, Progress], Iterable[Page]]


def _say_nothing(what: str) -> None:
    """For builds that nobody watches."""


@dataclass(frozen=True)
class Built:
    """What a build did."""

    folder: Path
    pages: int
    files: int
    seconds: float
    changed: bool


def build_site(
    root: Path,
    out: Path,
    *,
    force: bool = True,
    before: Reference | None = None,
    progress: Progress = _say_nothing,
    address: str = "",
    further: Further | None = None,
) -> Built:
    """Build the site and swap it in; without `force` only when something changed.

    `progress` hears what is being read or written; documents that stand unchanged in `before` are not parsed again.
    `address` is where the site will stand, for what needs a full address. `further` gives files to take along.
    Raises BadContent for content that would give a broken page, BuildFailed when it
    cannot be written. The site before is untouched until the new one is whole.
    """
    started = time.perf_counter()
    digest = content_digest(root)
    if not force and stamp(out) == digest:
        return Built(out.resolve(), 0, 0, time.perf_counter() - started, changed=False)
    written: list[str] = []

    def counted(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        for path, content in files:
            progress(f"Writing {path}")
            written.append(path)
            yield path, content

    with collection_paused():
        reference = load(root, heard=lambda document: progress(f"Reading {document.name}"), before=before)
        site = site_of(reference, address, takes_along=further is not None)
        files = itertools.chain(_files(site, scoreboard_of(root)), further(site, progress) if further else ())
        folder = publish(out, counted(files), digest)
    page_count = sum(path.endswith(".html") for path in written)
    return Built(folder, page_count, len(written), time.perf_counter() - started, changed=True)


def site_files(reference: Reference, scoreboard: Any = None) -> dict[str, bytes]:
    """Every file of the site by path."""
    with collection_paused():
        return dict(_files(site_of(reference), scoreboard))


def unfinished_site(root: Path, reference: Reference) -> Unfinished:
    """The site of this reference, which was read from the root, with nothing of it made yet."""
    with collection_paused():
        site = site_of(reference)
    search = Part(("search/",), _search_files(site))
    return Unfinished((*parts(site, scoreboard_of(root)), search))


def _files(site: Site, scoreboard: Any) -> Iterator[tuple[str, bytes]]:
    """One file after the other, so that a large site never stands in memory whole."""
    yield from pages(site, scoreboard)
    yield from _search_files(site)


def _search_files(site: Site) -> Iterator[tuple[str, bytes]]:
    others = (*other_entries(site.reference), *further_entries(site.decisions, site.models))
    yield from search_files(entries(site.reference), others)


def changed_pages(reference: Reference, before: Reference) -> Iterator[tuple[str, bytes]]:
    """The pages of the documents whose text changed, and what hangs on them."""
    slugs = changed_documents(reference, before)
    if slugs:
        site = site_of(reference)
        yield from first_pages(site, slugs)
        for slug in slugs:
            yield from pages_beside(site, slug)


def changed_documents(reference: Reference, before: Reference) -> list[str]:
    """Slugs of the documents whose text changed."""
    return [slug for slug in reference.documents if _source(reference, slug) != _source(before, slug)]


def first_pages(site: Site, slugs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The documents' own pages, and the style sheet that figures share."""
    for slug in slugs:
        yield document_page.page(site, slug)
    yield FIGURES, site.figures_sheet


def _source(reference: Reference, slug: str) -> str | None:
    document = reference.documents.get(slug)
    return document.source if document else None


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    slug: str
    title: str
    written: bool
    missing: dict[str, int]


class _Missing(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    rule: str
    place: str
    message: str


class _Board(BaseModel):
    """The form in which `tidy` writes what the checks found."""

    model_config = ConfigDict(extra="forbid", strict=True)
    criteria: list[str]
    documents: list[_Row]
    missing: list[_Missing]


def scoreboard_of(root: Path) -> dict[str, Any] | None:
    """What the last `tidy` wrote, or None before the first. Raises BadContent for what it never writes."""
    path = root / SCOREBOARD
    shown = f"{root.name}/{SCOREBOARD}"
    if not located.is_there(path, shown):
        return None
    try:
        return _Board.model_validate_json(located.read_text(path, shown)).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        found = f"{where}: {first['msg']}" if where else first["msg"]
        raise BadContent(shown, 1, found, "Delete it, or run `sysdesign tidy`, which writes it anew") from None


def content_digest(root: Path) -> str:
    """One hash of everything that the site is made from: the reference and this package."""
    digest = hashlib.sha256(__version__.encode())
    for base in (root, PACKAGE):
        for path in _sources(base):
            digest.update(os.fsencode(path.relative_to(base)) + b"\0" + _file_digest(path))
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    """Of a regular file; pipes and devices have no content, and loading names them where they matter."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            return hashlib.file_digest(file, "sha256").digest() if regular else b""
    except OSError as error:
        return str(error.errno).encode()


def _sources(base: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(base):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if not name.startswith(".") and not name.endswith((".pyc", ".nbi", ".nbc", "~")):
                yield Path(folder, name)


def site_address(text: str) -> str:
    """The address at which a site will stand, ending in a slash; "" for none. Raises InvalidInput."""
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise InvalidInput(f"the address {text[:80]!r} is none of a site. Give one such as https://example.org/design/")
    return text.rstrip("/") + "/"


def default_out(root: Path) -> Path:
    """site/ in a checkout; elsewhere a cache folder of the user's, one for each place of the reference.

    Raises InvalidInput where that is not the user's own; what others could have put there is thrown away.
    """
    if (root.parent / "pyproject.toml").is_file():
        return root.parent / "site"
    out = cache_folder("site", root)
    with suppress(OSError):
        out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (out.parent, out.parent / f".{out.name}"):
        if os.path.lexists(folder) and not kept.closed(folder):
            raise InvalidInput(
                f"{folder} is a link or not yours, so the site in it is not trusted. Name one with --out"
            )
    return out
