"""A book as one HTML file that needs nothing beside it: read, follow links and search from disk."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from html import escape
from importlib import resources
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sysdesign import markup
from sysdesign.export.book import GLOSSARY, Book, Chapter, Place, words_of
from sysdesign.search.entries import Entry, entries, other_entries
from sysdesign.search.pages import search_files
from sysdesign.site.asset_files import assets

SCRIPTS = ("element.js", "spelling.js", "search.js")
_NO_REGION = ("tabindex", "data-title", "data-text")


def one_page(book: Book) -> bytes:
    """The whole file."""
    return "".join(_parts(book)).encode()


def _parts(book: Book) -> Iterator[str]:
    yield (
        '<!doctype html>\n<html lang="en" class="scripts">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        f'<title>{escape(book.title)}</title>\n<meta name="color-scheme" content="light dark">\n'
        f"<style>{assets()['site.css'].decode()}{_file('one_page.css')}</style>\n</head>\n<body>\n"
        '<header class="top"><a class="name" href="#top"><span>' + escape(book.title) + "</span></a>\n"
        '<form class="search" role="search"><input type="search" name="q" aria-label="Search" placeholder="Search" '
        'autocomplete="off" spellcheck="false"><kbd aria-hidden="true">/</kbd></form></header>\n'
        f'<main class="book document" id="top"><h1>{escape(book.title)}</h1>\n'
        f"<p>Facts checked until {escape(book.newest)}. Text and figures: CC BY 4.0.</p>\n"
    )
    yield _contents(book)
    for chapter in book.chapters:
        yield _chapter(book, chapter)
    if book.terms:
        yield _glossary(book)
    yield "</main>\n"
    yield f'<script type="application/json" id="search-files">{_search(book)}</script>\n'
    yield f'<script type="module">\n{_script()}</script>\n</body>\n</html>\n'


def _id(slug: str, anchor: str) -> str:
    return f"{slug}/{anchor}" if anchor else slug


def _contents(book: Book) -> str:
    items = []
    for chapter in book.chapters:
        inner = "".join(
            f'<li><a href="#{escape(_id(chapter.slug, heading.get("id", "")))}">{escape(words_of(heading))}</a></li>'
            for heading in chapter.body.iter("h2")
        )
        items.append(f'<li><a href="#{chapter.slug}">{escape(chapter.title)}</a><ul>{inner}</ul></li>')
    if book.terms:
        items.append(f'<li><a href="#{GLOSSARY}">Terms</a></li>')
    return f'<nav class="contents" aria-label="Contents"><h2>Contents</h2><ul>{"".join(items)}</ul></nav>\n'


def _chapter(book: Book, chapter: Chapter) -> str:
    body = _here(book, chapter, deepcopy(chapter.body))
    notes = "".join(_written(_here(book, chapter, deepcopy(note))) for note in chapter.notes)
    evidence = f'<section class="evidence"><h2>Evidence</h2><ol>{notes}</ol></section>\n' if notes else ""
    return (
        f'<article id="{escape(chapter.slug)}"><h1>{escape(chapter.title)}</h1><p class="lede">'
        f'{escape(chapter.sentence)}</p>\n<div class="prose">{_written(body)}</div>\n{evidence}</article>\n'
    )


def _glossary(book: Book) -> str:
    terms = book.reference.terms
    listed = "".join(
        f'<dt id="{escape(_id(GLOSSARY, "term:" + id_))}">{escape(terms[id_].term)}</dt>'
        f"<dd>{escape(terms[id_].sentence)}</dd>"
        for id_ in book.terms
    )
    return f'<article id="{GLOSSARY}"><h1>Terms</h1><dl>{listed}</dl></article>\n'


def _here(book: Book, chapter: Chapter, root: Element) -> Element:
    """The tree with its ids and links made those of one page, and drawings brought along."""
    for element in root.iter():
        for name in _NO_REGION:
            element.attrib.pop(name, None)
        if "id" in element.attrib:
            element.set("id", _id(chapter.slug, element.attrib["id"]))
        if element.tag == "a":
            _relink(book, chapter, element)
        elif element.tag == "img":
            drawn = base64.b64encode(book.drawing(element.get("src", ""))).decode()
            element.set("src", f"data:image/svg+xml;base64,{drawn}")
            element.set("loading", "lazy")
        elif element.tag == "figure":
            element.set("class", "figure")
        elif element.tag == "math":
            element.set("xmlns", markup.MATHML)
        elif element.get("class") == "frame":
            element.set("tabindex", "0")  # a frame scrolls
    return root


def _relink(book: Book, chapter: Chapter, link: Element) -> None:
    match book.target(link.attrib.pop("href", ""), chapter.slug):
        case Place(slug, anchor):
            link.set("href", f"#{_id(slug, anchor)}")
        case None:
            link.tag = "span"
            for name in ("role", "class"):
                link.attrib.pop(name, None)
        case address:
            link.set("href", str(address))


def _written(element: Element) -> str:
    element.tail = None
    return ElementTree.tostring(element, encoding="unicode", method="html")


def _search(book: Book) -> str:
    """The index over what stands in this book, its places made those of one page."""
    files = search_files(_placed(book, entries(book.reference)), _placed(book, other_entries(book.reference)))
    plain = {path: json.loads(content) for path, content in files}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _placed(book: Book, found: Iterator[Entry]) -> Iterator[Entry]:
    titles = {chapter.slug: chapter.title for chapter in book.chapters}
    terms = {f"term:{term}" for term in book.terms}
    for entry in found:
        folder, _, anchor = entry.url.partition("#")
        slug = book.folders.get(folder, "")
        if slug in titles:
            yield replace(entry, url=f"#{_id(slug, anchor if entry.level != 1 else '')}")
        elif folder == "glossary/" and f"term:{anchor}" in terms:
            yield replace(entry, url=f"#{_id(GLOSSARY, f'term:{anchor}')}")


def _script() -> str:
    """The scripts of the search as one, since a file from disk can load no other."""
    whole = "\n".join([*(assets()[name].decode() for name in SCRIPTS), _file("one_page.js")])
    alone = re.sub(r"^import .*?;$", "", whole, flags=re.MULTILINE)
    return re.sub(r"^export ", "", alone, flags=re.MULTILINE).replace("</", "<\\/")


def _file(name: str) -> str:
    return resources.files("sysdesign.export").joinpath(name).read_text(encoding="utf-8")
