"""A document after an edit: what the edit left alone is taken from its last reading.

Between two headings that stand outside of everything else, a stretch of a document is parsed as the whole
would parse it, unless it reaches beyond: by a fence or formula that is not closed, by link definitions, or by
footnotes, whose texts may stand anywhere. Then the whole is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from markdown_it.token import Token

from sysdesign.content.document import Document, Section
from sysdesign.content.markdown import KNOWN, PATH, parser
from sysdesign.content.parsing import Walk, headings_of, questions_of, refuse_costly, share_empties
from sysdesign.errors import BadContent

# A label in brackets and a colon, where a line or a list item begins; what begins with ^ is a footnote. A label
# holds no open bracket of its own, so that lines of them are not each read to the end.
_LINK_DEFINITION = re.compile(r"^[ \t>*+\d.)-]*\[(?!\^[^\s\]]+\]:)(?:\\.|[^\[\]\\]){0,999}\]:", re.MULTILINE)
_FOOTNOTE = re.compile(r"^[ \t>*+\d.)-]*\[\^", re.MULTILINE)
T = TypeVar("T")


@dataclass(frozen=True)
class _Stretch:
    """What is parsed again, from a heading's line to the next heading's that follows the edit; lines from 0."""

    start: int  # line of the heading before the edit
    end: int  # line of the heading behind it, in the new text
    moved: int  # lines by which what follows has moved
    first: int  # indices of those headings among the document's sections, and among its tokens
    last: int
    first_token: int
    last_token: int


def reparsed(before: Document, text: str) -> Document | None:
    """The document with that text; None where all of it has to be read. The same as `parse_document` gives.

    Raises BadContent where that refuses to parse at all.
    """
    refuse_costly(text, before.path)
    if "\r" in text or any(map(_LINK_DEFINITION.search, (before.source, text))):
        return None
    stretch = _stretch(before, text)
    if stretch is None:
        return None
    tokens = _stretch_tokens(before, text, stretch)
    if tokens is None:
        return None
    behind = _moved_tokens(before.tokens[stretch.last_token :], stretch.moved)
    kept = (*before.tokens[: stretch.first_token], *tokens, *behind)
    walk = Walk(kept, headings_of(kept), text.count("\n") + 1)
    last = len(walk.headings) - (len(before.sections) - stretch.last)
    _begin(walk, before.sections[: stretch.first])
    walk.run(stretch.first, last)
    again = _titles(before.sections[stretch.first : stretch.last]) == _titles(walk.sections)
    if not again:  # other sections may have other anchors and parents now
        walk.run(last, len(walk.headings))
    return _joined(before, text, walk, stretch, kept, len(before.sections) if not again else stretch.last)


def _stretch(before: Document, text: str) -> _Stretch | None:
    old, new = before.source.split("\n"), text.split("\n")
    shorter = min(len(old), len(new))
    same = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    tail = next((at for at in range(shorter - same) if old[-1 - at] != new[-1 - at]), shorter - same)
    at = headings_of(before.tokens)
    lines = [section.line - 1 for section in before.sections]
    ends_others = [order for order, token in enumerate(at) if before.tokens[token].markup.startswith("#")]
    first = max((order for order in ends_others if lines[order] < same), default=None)
    last = min((order for order in ends_others if lines[order] >= len(old) - tail), default=None)
    changed = "\n".join(old[same : len(old) - tail] + new[same : len(new) - tail])
    if first is None or last is None or "$$" in changed:  # it may close a formula that nothing closed before
        return None
    moved = len(new) - len(old)
    found = _Stretch(lines[first], lines[last] + moved, moved, first, last, at[first], at[last])
    footnotes = _FOOTNOTE.search("\n".join(old[found.start : lines[last]] + new[found.start : found.end]))
    return None if footnotes else found


def _stretch_tokens(before: Document, text: str, stretch: _Stretch) -> list[Token] | None:
    """Tokens of the stretch in the new text; None where the heading behind it is none of its own any more."""
    lines = text.split("\n")[stretch.start : stretch.end + 1]
    old = before.tokens[stretch.first_token : stretch.last_token]
    known = {token.content: token.children for token in old if token.type == "inline" and token.children}
    try:  # two dollars at the end close a formula that is open
        tokens = parser().parse("\n".join([*lines, "", "$$"]), {PATH: before.path, KNOWN: known})
    except (BadContent, RecursionError):
        return None  # told with its line when the whole is read
    end = next((at for at in headings_of(tokens) if (tokens[at].map or [0])[0] == len(lines) - 1), None)
    if end is None:
        return None
    for token in tokens[:end]:
        share_empties(token)
        if token.map:
            token.map = [line + stretch.start for line in token.map]
    return tokens[:end]


def _moved_tokens(tokens: Sequence[Token], lines: int) -> Iterable[Token]:
    return tokens if not lines else map(_moved_token, tokens, [lines] * len(tokens))


def _moved_token(token: Token, lines: int) -> Token:
    if not token.map:
        return token
    start, end = token.map
    return Token(
        token.type, token.tag, token.nesting, token.attrs, [start + lines, end + lines], token.level, token.children,
        token.content, token.markup, token.info, token.meta, token.block, token.hidden,
    )  # fmt: skip


def _begin(walk: Walk, sections: Sequence[Section]) -> None:
    for section in sections:
        walk.pass_by(section.title, section.level)


def _titles(sections: Iterable[Section]) -> list[tuple[str, int]]:
    return [(section.title, section.level) for section in sections]


def _joined(before: Document, text: str, walk: Walk, stretch: _Stretch, kept: tuple[Token, ...], last: int) -> Document:
    """The parts of the sections before, then those that were walked, then those behind, from section `last` on."""
    ahead, behind = before.sections[: stretch.first], before.sections[last:]
    sections = (*ahead, *walk.sections, *_moved_sections(behind, walk, stretch.moved))
    names, later = {section.anchor for section in ahead}, {section.anchor for section in behind}

    def joined(old: Sequence[Any], new: Sequence[Any]) -> tuple[Any, ...]:
        moved = _moved((each for each in old if each.section in later), stretch.moved)
        return (*(each for each in old if each.section in names), *new, *moved)

    return Document(
        slug=before.slug,
        name=before.name,
        title=sections[0].title,
        path=before.path,
        source=text,
        sections=sections,
        figures=joined(before.figures, walk.figures),
        tables=joined(before.tables, walk.tables),
        links=joined(before.links, walk.links),
        footnote_uses=joined(before.footnote_uses, walk.uses),
        footnote_texts={
            label: (told, line + stretch.moved * (line > stretch.start))
            for label, (told, line) in before.footnote_texts.items()
        },
        statements=joined(before.statements, walk.statements),
        questions=tuple(questions_of(sections)),
        tokens=kept,
    )


def _moved(parts: Iterable[T], lines: int) -> Iterator[T]:
    for each in parts:
        changed = {"line": each.line + lines}  # type: ignore[attr-defined]
        if rows := getattr(each, "row_lines", None):
            changed["row_lines"] = tuple(line + lines for line in rows)
        yield replace(each, **changed) if lines else each  # type: ignore[type-var]


def _moved_sections(sections: Sequence[Section], walk: Walk, lines: int) -> Iterator[Section]:
    if not lines:
        yield from sections
        return
    for order, section in enumerate(sections, start=len(walk.headings) - len(sections)):
        yield replace(
            section, line=section.line + lines, end_line=section.end_line + lines, tokens=walk.body_of(order),
            leads=tuple(_moved(section.leads, lines)),
        )  # fmt: skip
