"""A book as PDF, set by Typst: outline, links within, figures whole, tagged after PDF/UA-1.

Every text of the book goes in as a string in quotes, so that nothing in it is read as markup. The language is that of
https://typst.app/docs/reference/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree.ElementTree import Element

from sysdesign.errors import InvalidInput, MissingTool
from sysdesign.export.book import GLOSSARY, Book, Chapter, Place, words_of
from sysdesign.export.formulas import formula

FONTS = "font_source_sans_pro"  # on any machine the same letters, and the ones that drawings were measured with
NEEDED = "a PDF needs the packages of the extra `export`: pip install 'sysdesign[export]'"
_NAMED = {"em": "emph", "i": "emph", "cite": "emph", "strong": "strong", "b": "strong", "s": "strike", "sup": "super"}
_SIDES = {"right": "right", "center": "center"}


def pdf(book: Book) -> bytes:
    """The whole file. Raises MissingTool without Typst."""
    if find_spec("typst") is None or find_spec(FONTS) is None:
        raise MissingTool(NEEDED)
    import typst

    with TemporaryDirectory(prefix="sysdesign-pdf-") as folder:
        root = Path(folder)
        for name in book.figures:
            path = root / _figure_path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(book.drawing(name))
        (root / "main.typ").write_text(source(book), encoding="utf-8")
        try:
            return typst.compile(
                str(root / "main.typ"), root=str(root), font_paths=[str(resources.files(FONTS) / "files")],
                ignore_system_fonts=True, pdf_standards="ua-1",
            )  # fmt: skip
        except typst.TypstError as error:
            raise InvalidInput(f"the PDF could not be set: {error.message}") from None


def source(book: Book) -> str:
    """The book in Typst's language."""
    setting = _Setting(book)
    style = resources.files("sysdesign.export").joinpath("book.typ").read_text(encoding="utf-8")
    told = f"Facts checked until {book.newest}. Text and figures: CC BY 4.0."
    head = f"#show: book.with(title: {quoted(book.title)}, told: {quoted(told)})\n"
    return style + head + "".join(setting.parts())


def quoted(text: str) -> str:
    """A text as a string of Typst."""
    return json.dumps(text, ensure_ascii=False).replace("\\b", "").replace("\\f", "")


def _figure_path(name: str) -> str:
    return f"figures/{name}.svg"


class _Setting:
    """Writes one book."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.labels = set(_labels(book))
        self._chapter = book.chapters[0]
        self._level = 0

    def parts(self) -> Iterator[str]:
        for chapter in self.book.chapters:
            self._chapter = chapter
            yield f"#chapter({quoted(chapter.title)}, {quoted(chapter.sentence)}, {self._name('')})\n\n"
            yield self._content(chapter.body)
            if chapter.notes:
                yield f"\n\n#heading(level: 2, {quoted('Evidence')})\n\n#notes("
                yield ", ".join(f"[{self._note(note)}]" for note in chapter.notes)
                yield ",)\n\n"
        if self.book.terms:
            yield from self._terms()

    def _terms(self) -> Iterator[str]:
        terms = self.book.reference.terms
        yield f"#chapter({quoted('Terms')}, {quoted('What the marked words mean.')}, {quoted(f'{GLOSSARY}:')})\n\n"
        for id_ in self.book.terms:
            mark = quoted(f"{GLOSSARY}:term:{id_}")
            yield f"#term({quoted(terms[id_].term)}, {quoted(terms[id_].sentence)}, {mark})\n\n"

    def _note(self, note: Element) -> str:
        return f"{self._content(note)}#metadata(none){self._label(note.get('id', ''))}"

    def _name(self, anchor: str) -> str:
        return quoted(f"{self._chapter.slug}:{anchor}")

    def _label(self, anchor: str) -> str:
        return f"#label({self._name(anchor)})"

    def _content(self, element: Element) -> str:
        out = [self._words(element.text)]
        for child in element:
            out += [self._element(child), self._words(child.tail)]
        return "".join(out)

    @staticmethod
    def _words(text: str | None) -> str:
        plain = re.sub(r"[ \t\r\n]+", " ", text or "")
        return f"#{quoted(plain)};" if plain.strip() else plain and " "

    def _element(self, element: Element) -> str:
        rule = getattr(self, f"_{element.tag}", None)
        if rule is not None:
            return str(rule(element))
        if element.tag in _NAMED:
            return f"#{_NAMED[element.tag]}[{self._content(element)}]"
        return self._content(element)

    def _p(self, element: Element) -> str:
        return f"\n\n{self._content(element)}\n\n"

    def _dl(self, element: Element) -> str:
        return "\n\n" + "; ".join(f"{self._content(row[0])}: {self._content(row[1])}" for row in element) + "\n\n"

    def _span(self, element: Element) -> str:
        return "" if element.get("class") == "backs" else self._content(element)

    def _heading(self, element: Element) -> str:
        level = int(element.tag[1:])
        return f"\n\n#heading(level: {level})[{self._content(element)}]{self._label(element.get('id', ''))}\n\n"

    _h2 = _h3 = _h4 = _h5 = _h6 = _heading

    def _a(self, element: Element) -> str:
        kind = element.get("class", "")
        if kind == "permalink":
            return ""
        number = element.get("data-n", "") if kind.startswith("ev") else ""
        said = self._content(element) + (f"#super({quoted(number)})" if number else "")
        match self.book.target(element.get("href", ""), self._chapter.slug):
            case Place(slug, anchor) if f"{slug}:{anchor}" in self.labels:
                inner = f"#link(label({quoted(f'{slug}:{anchor}')}))[{said}]"
                return f"#quiet[{inner}]" if kind.startswith("ev") or kind == "term" else inner
            case str(address):
                return f"#link({quoted(address)})[{said}]"
        return said

    def _ul(self, element: Element) -> str:
        return f"\n\n#list({self._items(element)})\n\n"

    def _ol(self, element: Element) -> str:
        return f"\n\n#enum(start: {int(element.get('start', '1'))}, {self._items(element)})\n\n"

    def _items(self, element: Element) -> str:
        return "".join(f"[{self._content(item)}], " for item in element)

    def _code(self, element: Element) -> str:
        return f"#raw({quoted(words_of(element))})"

    def _pre(self, element: Element) -> str:
        return f"\n\n#raw({quoted(words_of(element).rstrip())}, block: true)\n\n"

    def _br(self, _: Element) -> str:
        return "#linebreak()"

    def _hr(self, _: Element) -> str:
        return "\n\n#line(length: 100%)\n\n"

    def _blockquote(self, element: Element) -> str:
        return f"\n\n#quote(block: true)[{self._content(element)}]\n\n"

    def _div(self, element: Element) -> str:
        inner = self._content(element)
        return f"\n\n#aside[{inner}]\n\n" if element.get("class", "").startswith("alert") else inner

    def _math(self, element: Element) -> str:
        block = "true" if element.get("display") == "block" else "false"
        said = quoted(words_of(element))
        return f"#math.equation(block: {block}, alt: {said}, ${formula(element)}$)"

    def _figure(self, element: Element) -> str:
        image, caption = element.find("img"), element.find("figcaption")
        if image is None or caption is None:
            return self._content(element)
        name, alt = image.get("src", ""), quoted(image.get("alt", ""))
        width, height = self.book.size(name)
        drawn = f"{quoted(_figure_path(name))}, {alt}, {width:g}, {height:g}, [{self._content(caption)}]"
        return f"\n\n#drawing({drawn}, {self._name(element.get('id', ''))})\n\n"

    def _table(self, element: Element) -> str:
        head = list(element.iter("th"))
        sides = ", ".join(_SIDES.get(cell.get("class", ""), "left") for cell in head)
        heads = ", ".join(f"[{self._content(cell)}]" for cell in head)
        widths = ", ".join(f"{share}fr" for share in _shares(element, len(head)))
        repeats = "false" if any(cell.find(".//a") is not None for cell in head) else "true"
        cells = ", ".join(f"[{self._content(cell)}]" for cell in element.iter("td"))
        return f"\n\n#sheet(({widths},), ({sides},), {repeats}, ({heads},), ({cells},))\n\n"


def _shares(table: Element, columns: int) -> list[int]:
    """Widths of columns: by the square root of their text's length, no less than their longest word needs."""
    lengths, longest = [0] * columns, [0] * columns
    for row in table.iter("tr"):
        for at, cell in enumerate(row):
            text = words_of(cell)
            lengths[at] += len(text)
            longest[at] = max([longest[at], *(len(word) for word in text.split())])
    rows = max(1, sum(1 for _ in table.iter("tr")))
    return [
        max(round(10 * (length / rows + 1) ** 0.5), 4 * word) for length, word in zip(lengths, longest, strict=True)
    ]


def _labels(book: Book) -> Iterator[str]:
    for chapter in book.chapters:
        yield f"{chapter.slug}:"
        for element in _labeled(chapter):
            yield f"{chapter.slug}:{element.get('id', '')}"
    if book.terms:
        yield f"{GLOSSARY}:"
        yield from (f"{GLOSSARY}:term:{id_}" for id_ in book.terms)


def _labeled(chapter: Chapter) -> Iterator[Element]:
    yield from (each for each in chapter.body.iter() if each.tag in ("h2", "h3", "h4", "h5", "h6", "figure"))
    yield from chapter.notes
