"""A document's tokens as HTML.

One pass over the token stream that the loader made. Everything is escaped; the
only markup comes from the rules below and from the project's own drawings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html import escape
from typing import Any

from markdown_it.token import Token

from sysdesign import markup
from sysdesign.content import Reference
from sysdesign.content.document import Document, Section
from sysdesign.errors import BadContent, UnknownName
from sysdesign.site.addresses import Target, link_target
from sysdesign.site.code import highlighted
from sysdesign.site.evidence import Notes, handle_label, record_of, with_handles
from sysdesign.site.figures import FigureRoom
from sysdesign.site.terms import finder

_PLAIN_TAGS = {
    "em_open": "<em>", "em_close": "</em>", "strong_open": "<strong>", "strong_close": "</strong>",
    "s_open": "<s>", "s_close": "</s>", "softbreak": "\n", "hardbreak": "<br>\n",
    "bullet_list_open": "<ul>\n", "bullet_list_close": "</ul>\n", "ordered_list_close": "</ol>\n",
    "list_item_open": "<li>", "list_item_close": "</li>\n",
    "blockquote_open": "<blockquote>\n", "blockquote_close": "</blockquote>\n", "hr": "<hr>\n",
    "alert_title_open": '<p class="alert-title">', "alert_title_close": "</p>\n", "alert_close": "</div>\n",
    "thead_open": "<thead>\n", "thead_close": "</thead>\n", "tbody_open": "<tbody>\n", "tbody_close": "</tbody>\n",
    "tr_open": "<tr>", "tr_close": "</tr>\n", "th_close": "</th>", "td_close": "</td>",
    "table_close": "</table></div>\n",
}  # fmt: skip
WORD_JOINER = "&#8288;"  # keeps a mark on the line of its word
_IMAGE_LINE = {"image", "softbreak", "footnote_ref", "evidence_open", "evidence_close"}


@dataclass
class Prose:
    """Renders one document and keeps what its page needs beside the text."""

    reference: Reference
    document: Document
    root: str
    figures: FigureRoom
    steps: Mapping[str, Target] = field(default_factory=dict)  # by anchor: where a section's protocol is played
    notes: Notes = field(default_factory=Notes)
    terms: dict[str, None] = field(default_factory=dict)  # ids of the terms that were marked
    outside: dict[str, int] = field(default_factory=dict)  # addresses for the printed page, numbered

    def __post_init__(self) -> None:
        self._finder = finder(self.reference.terms, self.document.slug)
        self._seen: set[str] = set()
        self._section: Section = self.document.sections[0]
        self._labels: dict[str, int] = {}  # of tables, and how often each was given
        self._line = 1
        self._player: Target | None = None  # of the section whose first paragraph has not ended
        self._quiet = 0  # above 0 inside a heading, link or handle: no term is marked there
        self._tables = iter(self.document.tables)

    def body(self) -> str:
        """The document below its title."""
        out: list[str] = []
        sections = iter(self.document.sections)
        tokens = self.document.tokens
        at = 0
        while at < len(tokens):
            token = tokens[at]
            kind = token.type
            plain = _PLAIN_TAGS.get(kind)
            if plain is not None:
                out.append(plain)
                at += 1
                continue
            if token.map:
                self._line = token.map[0] + 1
            if kind == "heading_open" and token.level == 0:
                out.append(self._heading(next(sections), tokens[at + 1]))
                at += 3
            elif kind == "paragraph_open" and self._is_figure(tokens[at + 1]):
                out.append(self._figure(tokens[at + 1]))
                at += 3
            else:
                out.append(self._block(token))
                at += 1
        return "".join(out)

    def _heading(self, section: Section, title: Token) -> str:
        self._section = section
        self._player = self.steps.get(section.anchor)
        if section.level <= 3:
            self._seen = set()
        self._seen |= {id_ for id_, home in self._homes.items() if home == section.anchor}
        if section.level == 1:
            return ""  # the page sets its own title
        self._quiet += 1
        text = self._inline(title.children or [])
        self._quiet -= 1
        tag = f"h{min(section.level, 6)}"
        name = escape(section.title)
        return (
            f'<div class="head head-{tag}"><{tag} id="{escape(section.anchor)}">{text}</{tag}>'
            f'<a class="permalink" href="#{escape(section.anchor)}" aria-label="Link to “{name}”"></a></div>\n'
        )

    @cached_property
    def _homes(self) -> dict[str, str]:
        """Anchors of the sections of this document that explain a term, by the term's id."""
        prefix = f"{self.document.name}#"
        terms = self.reference.terms.values()
        return {term.id: term.home.removeprefix(prefix) for term in terms if term.home.startswith(prefix)}

    @staticmethod
    def _is_figure(inline: Token) -> bool:
        if "![" not in inline.content:
            return False  # most paragraphs hold no image, and this tells it at once
        children = inline.children or []
        kinds = {child.type for child in children if child.type != "text" or child.content.strip()}
        return "image" in kinds and kinds <= _IMAGE_LINE

    def _figure(self, inline: Token) -> str:
        children = inline.children or []
        marks = "".join(self._mark(child.meta["label"]) for child in children if child.type == "footnote_ref")
        images = [child for child in children if child.type == "image"]
        return "".join(self._image(image, marks if image is images[-1] else "") for image in images)

    def _image(self, image: Token, marks: str) -> str:
        figure = next((f for f in self.document.figures if f.src == image.attrs.get("src")), None)
        if figure is None:
            raise self._bad(
                f"an image {image.attrs.get('src')!r} that is no figure", "Put it in a paragraph of its own"
            )
        return self.figures.html(figure, marks, self.document.path, self.root)

    def _block(self, token: Token) -> str:
        rule = _BLOCKS.get(token.type)
        if rule is None:
            raise self._bad(f"{token.type.replace('_', ' ')} that the page cannot show", "Write it as plain Markdown")
        return rule(self, token)

    def _bad(self, found: str, fix: str) -> BadContent:
        return BadContent(self.document.path, self._line, found, fix)

    def _paragraph_open(self, token: Token) -> str:
        return "" if token.hidden else "<p>"

    def _paragraph_close(self, token: Token) -> str:
        if token.hidden:
            return ""
        player, self._player = self._player, None
        if player is None:
            return "</p>\n"
        link = f'<a href="{escape(player.href)}">Step through it: {escape(player.title)}</a>'
        return f'</p>\n<p class="play">{link}</p>\n'

    def _ordered_list_open(self, token: Token) -> str:
        start = token.attrs.get("start", 1)
        return "<ol>\n" if start == 1 else f'<ol start="{start}">\n'

    def _alert_open(self, token: Token) -> str:
        kind = str(token.meta.get("kind", token.info or "note")).lower()
        return f'<div class="alert alert-{escape(kind)}" role="note">\n'

    def _code_block(self, token: Token) -> str:
        return f'<pre tabindex="0"><code>{highlighted(token.content, token.info.strip())}</code></pre>\n'

    def _math_block(self, token: Token) -> str:
        formula = self._mathml(token.content, "block")
        return f'<div class="math" tabindex="0" role="group" aria-label="Formula">{formula}</div>\n'

    def _table_open(self, token: Token) -> str:
        table = next(self._tables, None)
        label = (table.caption.rstrip(":") if table else "") or f"Table in {self._section.title}"
        self._labels[label] = self._labels.get(label, 0) + 1
        if self._labels[label] > 1:  # regions are told apart by their names
            label = f"{label}, {self._labels[label]}"
        return f'<div class="frame" role="region" tabindex="0" aria-label="{escape(label)}"><table>\n'

    def _cell_open(self, token: Token) -> str:
        side = str(token.attrs.get("style", "")).removeprefix("text-align:")
        aligned = f' class="{side}"' if side in ("right", "center") else ""
        return f'<th scope="col"{aligned}>' if token.tag == "th" else f"<td{aligned}>"

    def _inline_block(self, token: Token) -> str:
        return self._inline(token.children or [])

    def _inline(self, children: Sequence[Token]) -> str:
        for child in children:
            if child.type == "footnote_ref":
                children = with_handles(children, self.reference)
                break
        out = []
        for child in children:
            kind = child.type
            if kind == "text":
                out.append(self._text(child))
            elif kind in _PLAIN_TAGS:
                out.append(_PLAIN_TAGS[kind])
            else:
                out.append(_INLINES.get(kind, Prose._unknown)(self, child))
        return "".join(out)

    def _unknown(self, token: Token) -> str:
        raise self._bad(f"{token.type.replace('_', ' ')} that the page cannot show", "Write it as plain Markdown")

    def _text(self, token: Token) -> str:
        text = token.content
        if self._quiet or not self._finder.finds:
            return escape(text, quote=False)
        out, done = [], 0
        for start, end, id_ in self._finder.first_uses(text, self._seen):
            self.terms[id_] = None
            out.append(escape(text[done:start], quote=False))
            out.append(f'<a class="term" href="#term:{escape(id_)}">{escape(text[start:end], quote=False)}</a>')
            done = end
        out.append(escape(text[done:], quote=False))
        return "".join(out)

    def _code_inline(self, token: Token) -> str:
        return f"<code>{escape(token.content, quote=False)}</code>"

    def _math_inline(self, token: Token) -> str:
        return self._mathml(token.content, "inline")

    def _mathml(self, latex: str, display: str) -> str:
        try:
            return mathml(latex.strip(), display)
        except Exception as error:  # the converter raises whatever its parser meets
            raise self._bad(f"the formula {latex.strip()[:80]!r}: {error}", "Write it in plain LaTeX math") from None

    def _inline_image(self, token: Token) -> str:
        raise self._bad("an image within a sentence", "Put it in a paragraph of its own")

    def _evidence_open(self, token: Token) -> str:
        self._quiet += 1
        if not token.meta["mark"]:
            note, use = self.notes.use(token.meta["id"])
            target = escape(f"note:{note.id}")
            return f'<a class="ev" id="{escape(use)}" href="#{target}" role="doc-noteref" data-n="{note.number}">'
        return self._mark(token.meta["id"])

    def _evidence_close(self, token: Token) -> str:
        self._quiet -= 1
        return "" if token.meta["mark"] else "</a>"

    def _mark(self, id_: str) -> str:
        if record_of(self.reference, id_) is None:
            raise self._bad(f"the footnote [^{id_}] without a record", "Add it to numbers, facts or sources")
        note, use = self.notes.use(id_)
        label = escape(handle_label(self.reference, id_))
        return (
            f'{WORD_JOINER}<a class="ev mark" id="{escape(use)}" href="#note:{escape(id_)}" role="doc-noteref" '
            f'aria-label="{label}" data-n="{note.number}"></a>'
        )

    def _link_open(self, token: Token) -> str:
        self._quiet += 1
        href = str(token.attrs.get("href", ""))
        try:
            target = link_target(self.reference, href, self.root)
        except UnknownName as error:
            raise self._bad(f"a link to {href!r}", str(error)) from None
        return f'<a href="{escape(target.href)}"{self._link_attributes(target)}>'

    def _link_attributes(self, target: Target) -> str:
        match target.kind:
            case "outside":
                number = self.outside.setdefault(target.href, len(self.outside) + 1)
                return f' class="outside" rel="noreferrer" data-n="{number}"'
            case "planned":
                return f' class="doc planned" data-title="{escape(target.title)}" data-text="{escape(target.sentence)}"'
            case "document" | "section" if target.title:
                return f' class="doc" data-title="{escape(target.title)}" data-text="{escape(target.sentence)}"'
            case _:
                return ""

    def _link_close(self, token: Token) -> str:
        self._quiet -= 1
        return "</a>"


@lru_cache(maxsize=4096)
def mathml(latex: str, display: str) -> str:
    """A formula as MathML."""
    return markup.formula(latex, display)


_BLOCKS: dict[str, Callable[[Prose, Token], str]] = {
    "inline": Prose._inline_block,
    "paragraph_open": Prose._paragraph_open,
    "paragraph_close": Prose._paragraph_close,
    "ordered_list_open": Prose._ordered_list_open,
    "alert_open": Prose._alert_open,
    "code_block": Prose._code_block,
    "fence": Prose._code_block,
    "math_block": Prose._math_block,
    "math_block_label": Prose._math_block,
    "table_open": Prose._table_open,
    "th_open": Prose._cell_open,
    "td_open": Prose._cell_open,
}
_INLINES: dict[str, Callable[[Prose, Any], str]] = {
    "text": Prose._text,
    "code_inline": Prose._code_inline,
    "math_inline": Prose._math_inline,
    "math_inline_double": Prose._math_inline,
    "image": Prose._inline_image,
    "evidence_open": Prose._evidence_open,
    "evidence_close": Prose._evidence_close,
    "link_open": Prose._link_open,
    "link_close": Prose._link_close,
}
