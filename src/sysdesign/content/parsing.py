"""Markdown text to a Document: one walk over the token stream."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it.token import Token

from sysdesign.content.document import (
    QUESTIONS,
    Document,
    Figure,
    FootnoteUse,
    Kind,
    Lead,
    Link,
    Question,
    Section,
    Statement,
    Table,
)
from sysdesign.content.markdown import PATH, anchor, marked_text, marks, parser, plain, sentences
from sysdesign.errors import BadContent

_IN_SHORT = re.compile(r"\*\*In short:\*\*\s+(?=\S)")
_LINK = re.compile(r"\]\(((?:(?!\]\()[^)\s])+)\)")  # never past where the next one begins
_LEAD = re.compile(r"\*\*(.+?)\*\*\s*(.*)", re.DOTALL)
MOST_LINES = 20_000
MOST_FORMULAS = 1_000
_NOTHING: dict[str, Any] = {}


def parse_document(text: str, slug: str, name: str, path: str) -> Document:
    """Parse one document. Raises BadContent when it has no title or its nesting is beyond reason."""
    refuse_costly(text, path)
    try:
        tokens = parser().parse(text, {PATH: path})
    except RecursionError:
        raise BadContent(path, 1, "is nested too deeply to parse", "Flatten its lists and quotes") from None
    kept, footnote_texts = _split_footnotes(tokens)
    headings = headings_of(kept)
    if not headings or kept[headings[0]].tag != "h1":
        raise BadContent(path, 1, "does not begin with a title", "Begin with one '# Title' heading")
    walk = Walk(tuple(kept), headings, text.count("\n") + 1)
    walk.run()
    return Document(
        slug=slug,
        name=name,
        title=walk.sections[0].title,
        path=path,
        source=text,
        sections=tuple(walk.sections),
        figures=tuple(walk.figures),
        tables=tuple(walk.tables),
        links=tuple(walk.links),
        footnote_uses=tuple(walk.uses),
        footnote_texts=footnote_texts,
        statements=tuple(walk.statements),
        questions=tuple(questions_of(walk.sections)),
        tokens=tuple(kept),
    )


def refuse_costly(text: str, path: str) -> None:
    """Refuse what the parser reads in the square of its number: lines, formulas on lines of their own, items."""
    starts = 0
    for number, line in enumerate(text.split("\n"), start=1):
        starts += line.lstrip(" >*-").startswith("$$")
        if number > MOST_LINES or starts > MOST_FORMULAS:
            what = "lines" if number > MOST_LINES else "lines that begin with $$"
            most = MOST_LINES if number > MOST_LINES else MOST_FORMULAS
            raise BadContent(path, number, f"holds more than {most:,} {what}", "Split the document")


def _split_footnotes(tokens: list[Token]) -> tuple[list[Token], dict[str, tuple[str, int]]]:
    """Tokens without footnote definitions, and the definitions' texts with their lines."""
    kept: list[Token] = []
    texts: dict[str, tuple[str, int]] = {}
    label = ""
    for token in tokens:
        share_empties(token)
        if token.type == "footnote_reference_open":
            label = token.meta["label"]
        elif token.type == "footnote_reference_close":
            label = ""
        elif not label:
            kept.append(token)
        elif token.type == "inline" and token.map:
            texts.setdefault(label, (token.content, token.map[0] + 1))
    return kept, texts


def headings_of(tokens: Sequence[Token]) -> list[int]:
    """Indices of the headings that stand outside of everything else."""
    return [at for at, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0]


def share_empties(token: Token) -> None:
    """One empty mapping for all tokens: nobody writes to them, and two of their own are a third of their size."""
    if not token.attrs:
        token.attrs = _NOTHING
    if not token.meta:
        token.meta = _NOTHING
    for child in token.children or ():
        if not child.attrs:
            child.attrs = _NOTHING
        if not child.meta:
            child.meta = _NOTHING
        elif child.type == "footnote_ref" and len(child.meta) > 1:
            child.meta = {"label": child.meta["label"]}  # not which use of which footnote it is: that is the page's


@dataclass
class Walk:
    """Sections and what stands in them, from the tokens of a document."""

    tokens: tuple[Token, ...]
    headings: list[int]
    last_line: int
    sections: list[Section] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    uses: list[FootnoteUse] = field(default_factory=list)
    _anchors: dict[str, int] = field(default_factory=dict)
    _open: list[tuple[int, str]] = field(default_factory=list)  # level and anchor of the headings above
    _section: str = ""
    _prose: list[str] = field(default_factory=list)
    _caption: str = ""  # marked text of the paragraph just above, when it ends with a colon

    def run(self, first: int = 0, last: int | None = None) -> None:
        """Take in the sections of those headings, all by default; those before them must have been passed by."""
        for order in range(first, len(self.headings) if last is None else last):
            at = self.headings[order]
            title = plain(marked_text(self.tokens[at + 1].children or ()))
            level = int(self.tokens[at].tag[1:])
            parents = self.pass_by(title, level)
            self._prose, self._caption = [], ""
            body = self.body_of(order)
            self._collect_links(self.tokens[at + 1])
            self._body(body)
            end = self._end_of(order)
            next_line = self._line(self.tokens[end]) if end < len(self.tokens) else self.last_line + 1
            self.sections.append(
                Section(
                    title=title,
                    anchor=self._section,
                    level=level,
                    line=self._line(self.tokens[at]),
                    end_line=next_line - 1,
                    parents=parents,
                    text="\n".join(self._prose),
                    tokens=body,
                    in_short=_in_short(body),
                    leads=tuple(_leads(body)),
                )
            )

    def pass_by(self, title: str, level: int) -> tuple[str, ...]:
        """Open the section of a heading; gives the anchors of those that it stands in."""
        self._open = [pair for pair in self._open if pair[0] < level]
        parents = tuple(name for _, name in self._open)
        self._section = self._unique(anchor(title))
        self._open.append((level, self._section))
        return parents

    def body_of(self, order: int) -> tuple[Token, ...]:
        """Tokens below that heading."""
        return self.tokens[self.headings[order] + 3 : self._end_of(order)]

    def _end_of(self, order: int) -> int:
        return self.headings[order + 1] if order + 1 < len(self.headings) else len(self.tokens)

    def _unique(self, name: str) -> str:
        seen = self._anchors.get(name, 0)
        self._anchors[name] = seen + 1
        return f"{name}-{seen}" if seen else name

    @staticmethod
    def _line(token: Token) -> int:
        return token.map[0] + 1 if token.map else 1

    def _body(self, body: tuple[Token, ...]) -> None:
        at = 0
        while at < len(body):
            token = body[at]
            if token.type == "table_open":
                at = self._table(body, at)
                self._caption = ""
                continue
            if token.type == "inline" and body[at - 1].type != "alert_title_open":
                self._inline(token)
            at += 1

    def _inline(self, token: Token) -> None:
        children = token.children or []
        line = self._line(token)
        self._collect_links(token)
        text = marked_text(children)
        shown = plain(text)
        images = [child for child in children if child.type == "image"]
        alone = bool(images) and not shown
        for image in images:
            caption = str(image.attrs.get("title", ""))
            src = str(image.attrs.get("src", ""))
            self.figures.append(Figure(src, image.content, caption, line, self._section, alone))
            beside = text.strip() if alone else ""
            self._state(caption + beside, "caption", line)
        if alone:
            return
        self._prose.append(shown)
        self._caption = text if shown.endswith(":") else ""
        for sentence, lines_before in sentences(text):
            self._state(sentence, "sentence", line + lines_before)

    def _state(self, marked: str, kind: Kind, line: int, caption_marks: tuple[str, ...] = ()) -> None:
        """Take in a statement in whose text the footnote marks still stand."""
        text, used = plain(marked), marks(marked)
        for id_ in used:
            self.uses.append(FootnoteUse(id_, line, self._section, text))
        backing = tuple(dict.fromkeys((*used, *caption_marks))) if used or caption_marks else ()
        self.statements.append(Statement(text, kind, line, self._section, backing))

    def _collect_links(self, token: Token) -> None:
        children = token.children or []
        for at, child in enumerate(children):
            if child.type != "link_open":
                continue
            inside: list[Token] = []
            for later in children[at + 1 :]:
                if later.type == "link_close":
                    break
                inside.append(later)
            breaks = sum(1 for earlier in children[:at] if earlier.type in ("softbreak", "hardbreak"))
            target = str(child.attrs.get("href", ""))
            self.links.append(Link(target, plain(marked_text(inside)), self._line(token) + breaks, self._section))

    def _table(self, body: tuple[Token, ...], at: int) -> int:
        """Read the table that opens at `at`; gives the index after its end."""
        caption = self._caption
        caption_marks = marks(caption)
        start = self._line(body[at])
        rows: list[list[str]] = []
        written: list[list[str]] = []
        lines: list[int] = []
        header = True
        while body[at].type != "table_close":
            token = body[at]
            if token.type == "tr_open":
                rows.append([])
                written.append([])
                lines.append(self._line(token))
            elif token.type == "tbody_open":
                header = False
            elif token.type == "inline":
                self._collect_links(token)
                text = marked_text(token.children or ())
                rows[-1].append(plain(text))
                written[-1].append(token.content)
                kind: Kind = "header" if header else "cell"
                self._state(text, kind, lines[-1], caption_marks)
            at += 1
        self.tables.append(
            Table(
                header=tuple(rows[0]),
                rows=tuple(tuple(row) for row in rows[1:]),
                row_lines=tuple(lines[1:]),
                line=start,
                section=self._section,
                caption=plain(caption),
                markdown=tuple(map(tuple, written[1:])),
            )
        )
        return at + 1


def _in_short(body: tuple[Token, ...]) -> str:
    if len(body) < 2 or body[0].type != "paragraph_open":
        return ""
    mark = _IN_SHORT.match(body[1].content)
    return body[1].content[mark.end() :] if mark else ""


def _leads(body: tuple[Token, ...]) -> Iterator[Lead]:
    """The leads among the list items of a section, lists within items left to their item."""
    at = 0
    while at < len(body):
        if body[at].type != "list_item_open":
            at += 1
            continue
        end = next(later for later in range(at, len(body)) if _closes(body[later], body[at]))
        texts = [token.content for token in body[at:end] if token.type == "inline"]
        lead = _LEAD.match("\n\n".join(texts))
        if lead:
            yield Lead(lead[1].rstrip(".:"), lead[2], Walk._line(body[at]))
        at = end


def _closes(token: Token, opening: Token) -> bool:
    return token.type == "list_item_close" and token.level == opening.level


def questions_of(sections: Sequence[Section]) -> Iterator[Question]:
    home = next((section for section in sections if section.title == QUESTIONS), None)
    for section in sections:
        if home is None or home.anchor not in section.parents:
            continue
        texts = [token for token in section.tokens if token.type == "inline"]
        short, see = (_short_answer(texts[0]), _see(texts[-1])) if texts else ("", ())
        yield Question(section.title, short, section.anchor, section.line, see)


def _short_answer(paragraph: Token) -> str:
    bold = re.match(r"\*\*(.+?)\*\*", paragraph.content, re.DOTALL)
    return plain(bold.group(1) if bold else marked_text(paragraph.children or ()))


def _see(paragraph: Token) -> tuple[str, ...]:
    last = paragraph.content.rsplit("\n", 1)[-1]
    return tuple(_LINK.findall(last)) if last.startswith("See [") else ()
