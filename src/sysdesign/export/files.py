"""Every form in which a reader takes the reference along, as bytes with a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sysdesign.export.book import TITLE, Book, book
from sysdesign.export.cards import anki_cards, cards, csv_cards
from sysdesign.export.epub import epub
from sysdesign.export.one_page import one_page
from sysdesign.export.typesetting import pdf
from sysdesign.site.layout import Site

KINDS = {"pdf": ".pdf", "epub": ".epub", "html": ".html", "csv": "-cards.csv", "anki": "-cards.apkg"}
NAME = "system-design-reference"
_BOOKS: dict[str, Callable[[Book], bytes]] = {"pdf": pdf, "epub": epub, "html": one_page}


def content(site: Site, kind: str, slugs: Sequence[str], *, briefs: bool = False, address: str = "") -> bytes:
    """These documents in one of KINDS. Raises InvalidInput, BadContent, MissingTool."""
    if kind in _BOOKS:
        return _BOOKS[kind](book(site, slugs, briefs=briefs, address=address))
    found = cards(site.reference, slugs)
    return csv_cards(found) if kind == "csv" else anki_cards(found, TITLE, address)


def name_of(kind: str, slugs: Sequence[str], *, briefs: bool = False, whole: bool = True) -> str:
    """A file name: system-design-reference.pdf, 05-caching-briefs.epub."""
    start = NAME if whole else "-".join(slugs[:3]) + (f"-and-{len(slugs) - 3}-more" if len(slugs) > 3 else "")
    return start + ("-briefs" if briefs and kind in _BOOKS else "") + KINDS[kind]
