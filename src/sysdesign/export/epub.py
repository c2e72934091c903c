"""A book as EPUB 3: the small archive that the format is, written entry by entry.

The form is that of https://www.w3.org/TR/epub-33/. The same book gives the same bytes.
"""

from __future__ import annotations

import uuid
import zipfile
from collections.abc import Iterator
from copy import deepcopy
from io import BytesIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement
from xml.sax.saxutils import escape

from sysdesign import markup
from sysdesign.export.book import GLOSSARY, Book, Chapter, Place, words_of

XHTML = "http://www.w3.org/1999/xhtml"
OPS = "http://www.idpf.org/2007/ops"
SCREEN = ("tabindex", "data-n", "data-title", "data-text", "aria-label", "rel")  # what only a page in a browser needs
STYLE = """
body { line-height: 1.5; }
h1, h2, h3, h4, h5 { line-height: 1.2; }
p.lede { font-style: italic; }
table { border-collapse: collapse; width: 100%; font-size: .85em; }
th, td { border: 1px solid #8888; padding: .3em .5em; text-align: left; vertical-align: top; }
th.right, td.right { text-align: right; }
th.center, td.center { text-align: center; }
figure { margin: 1.5em 0; text-align: center; }
figure img { max-width: 100%; }
figcaption { font-size: .9em; text-align: left; }
pre { white-space: pre-wrap; font-size: .85em; }
sup { line-height: 0; }
.notes li { font-size: .9em; }
.notes p { margin: .2em 0; }
a { text-decoration: none; }
"""
CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/content.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""


def epub(book: Book) -> bytes:
    """The whole file."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, (path, content) in enumerate(_entries(book)):
            entry = zipfile.ZipInfo(path)  # dated 1980: a book has no hour of its making
            entry.compress_type = zipfile.ZIP_STORED if at == 0 else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def _entries(book: Book) -> Iterator[tuple[str, str | bytes]]:
    yield "mimetype", "application/epub+zip"
    yield "META-INF/container.xml", CONTAINER
    yield "book/content.opf", _package(book)
    yield "book/nav.xhtml", _contents(book)
    yield "book/style.css", STYLE
    yield "book/title.xhtml", _title_page(book)
    for chapter in book.chapters:
        yield f"book/{chapter.slug}.xhtml", _chapter(book, chapter)
    if book.terms:
        yield f"book/{GLOSSARY}.xhtml", _glossary(book)
    for name in book.figures:
        yield f"book/{_figure_path(name)}", book.drawing(name)


def _figure_path(name: str) -> str:
    return f"figures/{name.replace('/', '-')}.svg"


def _package(book: Book) -> str:
    names = "\n".join([book.title, *(chapter.slug for chapter in book.chapters)])
    dates = [fact.checked.isoformat() for fact in book.reference.facts.values()]
    pages = ["title", *(chapter.slug for chapter in book.chapters), *([GLOSSARY] if book.terms else [])]
    math = {
        chapter.slug: ' properties="mathml"' for chapter in book.chapters if chapter.body.find(".//math") is not None
    }
    items = "".join(
        f'<item id="page-{page}" href="{page}.xhtml" media-type="application/xhtml+xml"{math.get(page, "")}/>\n'
        for page in pages
    )
    items += "".join(
        f'<item id="figure-{at}" href="{escape(_figure_path(name))}" media-type="image/svg+xml"/>\n'
        for at, name in enumerate(book.figures)
    )
    spine = "".join(f'<itemref idref="page-{page}"/>' for page in pages)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, names)}</dc:identifier>
<dc:title>{escape(book.title)}</dc:title>
<dc:language>en</dc:language>
<dc:rights>CC BY 4.0</dc:rights>
<meta property="dcterms:modified">{max(dates, default="2000-01-01")}T00:00:00Z</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityHazard">none</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{items}</manifest>
<spine>{spine}</spine>
</package>
"""


def _contents(book: Book) -> str:
    parts = []
    for chapter in book.chapters:
        inner = "".join(
            f'<li><a href="{chapter.slug}.xhtml#{escape(str(heading.get("id")))}">{escape(words_of(heading))}</a></li>'
            for heading in chapter.body.iter("h2")
        )
        parts.append(f'<li><a href="{chapter.slug}.xhtml">{escape(chapter.title)}</a><ol>{inner}</ol></li>')
    if book.terms:
        parts.append(f'<li><a href="{GLOSSARY}.xhtml">Terms</a></li>')
    body = f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{"".join(parts)}</ol></nav>'
    return _page("Contents", body)


def _title_page(book: Book) -> str:
    listed = "".join(f"<li>{escape(chapter.title)}: {escape(chapter.sentence)}</li>" for chapter in book.chapters)
    return _page(
        book.title,
        f"<h1>{escape(book.title)}</h1><p>Facts checked until {book.newest}.</p><ul>{listed}</ul>"
        "<p>Text and figures: CC BY 4.0.</p>",
    )


def _chapter(book: Book, chapter: Chapter) -> str:
    body = _for_readers(book, chapter, deepcopy(chapter.body))
    notes = [_for_readers(book, chapter, deepcopy(note)) for note in chapter.notes]
    listed = "".join(_written(note) for note in notes)
    evidence = f'<section class="notes"><h2 id="evidence">Evidence</h2><ol>{listed}</ol></section>' if notes else ""
    return _page(
        chapter.title,
        f'<h1>{escape(chapter.title)}</h1><p class="lede">{escape(chapter.sentence)}</p>{_written(body)}{evidence}',
    )


def _glossary(book: Book) -> str:
    terms = book.reference.terms
    listed = "".join(
        f'<dt id="{escape("term:" + id_)}">{escape(terms[id_].term)}</dt><dd>{escape(terms[id_].sentence)}</dd>'
        for id_ in book.terms
    )
    return _page("Terms", f"<h1>Terms</h1><dl>{listed}</dl>")


def _for_readers(book: Book, chapter: Chapter, root: Element) -> Element:
    """The tree with links of the book, without what only a browser's page needs."""
    for element in root.iter():
        if element.tag == "a":
            _relink(book, chapter, element)
        for name in SCREEN:
            element.attrib.pop(name, None)
        if element.get("role") in ("region", "note", "group"):
            element.attrib.pop("role")
        if element.tag == "img":
            element.set("src", _figure_path(element.get("src", "")))
        elif element.tag == "math":
            element.set("xmlns", markup.MATHML)
    return root


def _relink(book: Book, chapter: Chapter, link: Element) -> None:
    number, href = link.get("data-n"), link.attrib.pop("href", "")
    kind = link.attrib.pop("class", "")
    if kind.startswith("ev") and number:
        SubElement(link, "sup").text = number
    elif kind == "permalink":
        link.tag = "span"
        link.attrib.pop("id", None)
        return
    match book.target(href, chapter.slug):
        case Place(slug, anchor):
            page = "" if slug == chapter.slug and anchor else f"{slug}.xhtml"
            link.set("href", f"{page}#{anchor}" if anchor else page)
        case None:
            link.tag = "span"
            link.attrib.pop("role", None)
        case address:
            link.set("href", str(address))


def _written(element: Element) -> str:
    tail, element.tail = element.tail, None
    text = ElementTree.tostring(element, encoding="unicode")
    element.tail = tail
    return text


def _page(title: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        f'<html xmlns="{XHTML}" xmlns:epub="{OPS}" lang="en" xml:lang="en">\n<head><title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="style.css"/></head>\n<body>{body}</body>\n</html>\n'
    )
