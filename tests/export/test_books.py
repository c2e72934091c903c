"""A book as EPUB, as one HTML file and as PDF: whole, linked, and the same each time."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pypdf
import pytest

from sysdesign.content import load
from sysdesign.errors import InvalidInput, UnknownName
from sysdesign.export.book import Book, Place, book, chosen, tree, words_of
from sysdesign.export.downloads import further
from sysdesign.export.epub import epub
from sysdesign.export.formulas import formula
from sysdesign.export.one_page import one_page
from sysdesign.export.typesetting import pdf, quoted, source
from sysdesign.site.building import build_site
from sysdesign.site.pages import site_of
from sysdesign.site.prose import mathml
from tests.reading import whole_reference
from tests.site.conftest import SMALL

ADDRESS = "https://example.org/design/"
XHTML = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture(scope="module")
def small_book() -> Book:
    site = site_of(load(SMALL))
    return book(site, chosen(site.reference, []))


@pytest.fixture(scope="module")
def whole_book() -> Book:
    """All of the real reference."""
    site = site_of(whole_reference())
    return book(site, chosen(site.reference, []))


@pytest.fixture(scope="module")
def small_epub(small_book: Book) -> bytes:
    return epub(small_book)


@pytest.fixture(scope="module")
def small_page(small_book: Book) -> str:
    return one_page(small_book).decode()


@pytest.fixture(scope="module")
def small_pdf(small_book: Book) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf(small_book)))


def test_names_choose_documents_in_reading_order() -> None:
    reference = load(SMALL)
    written = [slug for slug in reference.plan.reading_order if slug in reference.documents]
    assert chosen(reference, []) == written
    assert chosen(reference, list(reversed(written))) == written
    assert chosen(reference, ["05"]) == ["05-caching"]
    with pytest.raises(UnknownName):
        chosen(reference, ["99-Nowhere"])


def test_a_planned_document_is_no_book() -> None:
    with pytest.raises(InvalidInput, match="planned, not written yet"):
        chosen(load(SMALL), ["04-databases"])


def test_links_lead_within_the_book_or_to_the_site(small_book: Book) -> None:
    assert small_book.target("#stampede", "05-caching") == Place("05-caching", "stampede")
    assert small_book.target("#term:ttl", "05-caching") == Place("glossary", "term:ttl")
    assert small_book.target("./07-resilience-patterns/#retries", "05-caching") == Place("07-resilience", "retries")
    assert small_book.target("https://example.org/", "05-caching") == "https://example.org/"
    assert small_book.target("./models/caching.ttl/?ttl_s=60", "05-caching") is None
    site = site_of(load(SMALL))
    placed = book(site, ["05-caching"], address=ADDRESS)
    assert placed.target("./models/caching.ttl/?ttl_s=60", "05-caching") == f"{ADDRESS}models/caching.ttl/?ttl_s=60"
    assert (
        placed.target("./07-resilience-patterns/#retries", "05-caching") == f"{ADDRESS}07-resilience-patterns/#retries"
    )


def test_marks_that_touch_are_kept_apart(whole_book: Book) -> None:
    marks = [
        (one, other)
        for chapter in whole_book.chapters
        for parent in chapter.body.iter()
        for one, other in zip(list(parent), list(parent)[1:], strict=False)
        if one.get("class", "").startswith("ev") and other.get("class") == "ev mark" and not one.tail
    ]
    assert marks == []


def test_an_epub_begins_with_its_kind(small_epub: bytes) -> None:
    first = zipfile.ZipFile(io.BytesIO(small_epub)).infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert small_epub[30:58] == b"mimetypeapplication/epub+zip"


def test_every_link_of_an_epub_leads_somewhere(small_epub: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(small_epub))
    pages = {
        name.removeprefix("book/"): ElementTree.fromstring(archive.read(name))
        for name in archive.namelist() if name.endswith(".xhtml")
    }  # fmt: skip
    ids = {name: [element.get("id") for element in page.iter() if element.get("id")] for name, page in pages.items()}
    assert all(max(Counter(found).values(), default=1) == 1 for found in ids.values())
    links = [(name, link.get("href", "")) for name, page in pages.items() for link in page.iter(f"{XHTML}a")]
    inside = [(name, href) for name, href in links if "://" not in href and not href.startswith("mailto:")]
    assert len(inside) > 20
    for name, href in inside:
        page, _, anchor = href.partition("#")
        assert (page or name) in pages and (not anchor or anchor in ids[page or name]), (name, href)
    images = {image.get("src") for page in pages.values() for image in page.iter(f"{XHTML}img")}
    assert images and all(f"book/{source}" in archive.namelist() for source in images)
    assert all(image.get("alt") for page in pages.values() for image in page.iter(f"{XHTML}img"))


def test_the_same_book_gives_the_same_epub(small_book: Book, small_epub: bytes) -> None:
    assert epub(small_book) == small_epub


def test_epubcheck_accepts_every_document(whole_book: Book, tmp_path: Path) -> None:
    program = shutil.which("epubcheck")
    if program is None:
        pytest.skip("epubcheck is not installed")
    path = tmp_path / "whole.epub"
    path.write_bytes(epub(whole_book))
    is_jar = Path(program).read_bytes()[:2] == b"PK"
    quick = os.environ | {"JAVA_TOOL_OPTIONS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"}  # one run repays no more
    command = [*(["java", "-jar"] if is_jar else []), program, str(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=500, env=quick)
    assert ran.returncode == 0 and "0 fatals / 0 errors / 0 warnings" in ran.stdout, ran.stdout + ran.stderr


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name == "src":
                self.sources.append(value or "")


def test_one_page_needs_nothing_beside_it(small_page: str) -> None:
    page = _Page()
    page.feed(small_page)
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []
    inside = [link for link in page.links if not link.startswith(("https://", "http://", "mailto:"))]
    assert len(inside) > 20 and all(link.startswith("#") and link[1:] in page.ids for link in inside)
    assert page.sources and all(source.startswith("data:image/svg+xml;base64,") for source in page.sources)
    assert "import " not in re.sub(r"(?s).*<script type=\"module\">", "", small_page)


def test_search_in_one_page_finds_only_what_it_holds(small_page: str) -> None:
    page = _Page()
    page.feed(small_page)
    found = re.search(r'(?s)id="search-files">(.*?)</script>', small_page)
    assert found is not None
    files = json.loads(found[1])
    places = [row[2] for path, rows in files.items() if path.startswith("search/rows/") for row in rows]
    assert places and all(place.startswith("#") and place[1:] in page.ids for place in places)


def test_a_pdf_is_tagged_and_has_an_outline(small_book: Book, small_pdf: pypdf.PdfReader) -> None:
    root = small_pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] and "/StructTreeRoot" in root
    assert small_pdf.metadata is not None and small_pdf.metadata.title == small_book.title
    titles = [each.title for each in small_pdf.outline if not isinstance(each, list)]
    assert [chapter.title for chapter in small_book.chapters] == titles[: len(small_book.chapters)]


def test_links_within_a_pdf_lead_to_its_pages(small_pdf: pypdf.PdfReader) -> None:
    notes = [note.get_object() for page in small_pdf.pages for note in page.get("/Annots", [])]
    inside = [note for note in notes if "/Dest" in note or note.get("/A", {}).get("/S") == "/GoTo"]
    outside = [note["/A"]["/URI"] for note in notes if note.get("/A", {}).get("/S") == "/URI"]
    assert len(inside) > 20 and outside and all(address.startswith("https://") for address in outside)


def test_a_pdf_holds_the_text(small_book: Book, small_pdf: pypdf.PdfReader) -> None:
    text = " ".join(" ".join(page.extract_text().split()) for page in small_pdf.pages)
    for chapter in small_book.chapters:
        assert chapter.title in text
        for heading in chapter.body.iter("h3"):
            assert words_of(heading).split()[0] in text


def test_nothing_in_a_text_is_read_as_markup_of_the_typesetter(small_book: Book) -> None:
    hostile = 'x"); #read("/etc/passwd") \\ $ * _ ` @ < [ ] // /* \n\u2028'
    said = quoted(hostile)
    assert json.loads(said) == hostile and '"' not in re.sub(r"\\.", "", said[1:-1])
    assert "#chapter(" in source(small_book)


@pytest.mark.parametrize(
    ("latex", "parts"),
    [
        (r"\frac{a}{b}", ["frac("]),
        (r"\lambda^{2}_{i}", ["attach(", "b:", "t:"]),
        (r"\sqrt{2 c s}", ["sqrt("]),
        (r"\text{a \# b}", ['#"']),
        (r"e^{-1/T}", ["attach(", "t:"]),
    ],
)
def test_formulas_keep_their_form(latex: str, parts: list[str]) -> None:
    written = formula(tree(mathml(latex, "inline"))[0])
    assert all(part in written for part in parts), written


def test_every_formula_of_the_reference_is_set(whole_book: Book) -> None:
    formulas = [element for chapter in whole_book.chapters for element in chapter.body.iter("math")]
    lines = "".join(f"${formula(element)}$\n\n" for element in formulas)
    import typst

    assert len(formulas) > 20
    assert typst.compile(lines.encode(), ignore_system_fonts=True)[:4] == b"%PDF"


def test_a_site_holds_what_its_page_lists(tmp_path: Path) -> None:
    built = build_site(SMALL, tmp_path / "site", address=ADDRESS, further=further)
    folder = built.folder / "downloads"
    listed = _Page()
    listed.feed((folder / "index.html").read_text())
    files = {link.removeprefix("./") for link in listed.links if link.startswith("./system-design-reference")}
    assert files == {path.name for path in folder.iterdir()} - {"index.html"} and len(files) >= 5
    assert 'href="./downloads/"' in (built.folder / "index.html").read_text()


def test_headers_with_links_are_not_repeated(small_book: Book) -> None:
    heads = [cell for chapter in small_book.chapters for cell in chapter.body.iter("th")]
    tables = re.findall(r"#sheet\(\([^)]*\), \([^)]*\), (true|false), \((.*?),\), \(", source(small_book))
    assert len(tables) == sum(1 for chapter in small_book.chapters for _ in chapter.body.iter("thead"))
    assert [repeats == "false" for repeats, _ in tables] == ["#link(" in head for _, head in tables]
    assert heads
