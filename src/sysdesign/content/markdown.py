"""CommonMark with GFM tables, alerts, footnotes and `$math$`; raw HTML stays text.

The one parser that checks, pages, search and commands share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from sysdesign.errors import BadContent

# A footnote mark inside plain text, until the text is cut into sentences. Both are private-use characters.
MARK_OPEN, MARK_CLOSE = "\ue000", "\ue001"
MARK = re.compile(f"{MARK_OPEN}([^{MARK_CLOSE}]*){MARK_CLOSE}")

# Begins with the full stop itself: the engine looks for that much faster than for what stands before a place.
_SENTENCE_END = re.compile(rf"[.!?]([)\"”’*]?(?:{MARK_OPEN}[^{MARK_CLOSE}]*{MARK_CLOSE})*)\s+(?=[A-Z0-9(\"“$`*\[])")
_WORDS = frozenset(("text", "code_inline", "math_inline", "math_inline_double"))
_BREAKS = frozenset(("softbreak", "hardbreak"))
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|vs|al|cf|Fig|No|St|Dr|approx|ch|sec|p|pp)|(?<![A-Za-z])[A-Z])\.$")
PATH = "path"  # in a parse's environment: the name of the file, for errors
KNOWN = "known"  # there too: tokens of paragraphs and cells that were parsed before, by their text
LONGEST_PARAGRAPH = 8_000  # characters; five times the longest of ours
_LONGEST_ABBREVIATION = 12  # with its full stop and what stands before it


@cache
def parser() -> MarkdownIt:
    """The shared parser. It holds no state between documents."""
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False, "alerts": True})
    markdown.enable(["table", "strikethrough"])
    footnote_plugin(markdown, inline=False, move_to_end=False, always_match_refs=True)
    markdown.core.ruler.before("inline", "bounded", _bounded)
    markdown.core.ruler.at("inline", _inline)
    dollarmath_plugin(markdown, allow_space=False, allow_digits=False, double_inline=False)
    return markdown


def _bounded(state: StateCore) -> None:
    """Refuse what takes the square of its length to read: no person writes such a paragraph."""
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > LONGEST_PARAGRAPH:
            line = token.map[0] + 1 if token.map else 1
            found = f"a paragraph or cell of {len(token.content):,} characters"
            raise BadContent(str(state.env.get(PATH, "")), line, found, f"Keep it under {LONGEST_PARAGRAPH:,}")


def _inline(state: StateCore) -> None:
    """Parse what a reader sees: texts of footnotes stay as they are written.

    Paragraphs and cells whose text is known are not parsed again: without link definitions it says everything.
    """
    known = {} if state.env.get("references") else state.env.get(KNOWN, {})
    shown = True
    for token in state.tokens:
        if token.type == "inline" and shown:
            token.children = known.get(token.content)
            if token.children is None:
                token.children = []
                state.md.inline.parse(token.content, state.md, state.env, token.children)
        elif token.type in ("footnote_reference_open", "footnote_reference_close"):
            shown = token.nesting < 0


def anchor(title: str) -> str:
    """The anchor that GitHub gives a heading: lower case, spaces to hyphens, punctuation dropped."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def marked_text(children: Sequence[Token], *, hidden: bool = False) -> str:
    """Inline tokens as plain text: footnote marks kept between MARK_OPEN and MARK_CLOSE, images dropped.

    A line break in the source stays a newline, so that a sentence can be traced to its line. `hidden` puts an
    ellipsis for every character of code and formulas.
    """
    texts = []
    for token in children:
        kind = token.type
        if kind in _WORDS:
            texts.append("…" * len(token.content) if hidden and kind != "text" else token.content)
        elif kind in _BREAKS:
            texts.append("\n")
        elif kind == "footnote_ref":
            texts.append(f"{MARK_OPEN}{token.meta['label']}{MARK_CLOSE}")
    return "".join(texts)


def plain(text: str) -> str:
    """Marked text without its marks, with white space collapsed."""
    return " ".join((MARK.sub("", text) if MARK_OPEN in text else text).split())


def marks(text: str) -> tuple[str, ...]:
    """Ids of the footnotes whose marks stand in the marked text, in order."""
    return tuple(MARK.findall(text)) if MARK_OPEN in text else ()


def sentences(text: str) -> Iterator[tuple[str, int]]:
    """Marked text cut into sentences, each with the number of lines before it.

    Marks that follow the full stop belong to the sentence before it.
    """
    start = 0
    for end in _SENTENCE_END.finditer(text):
        stop = end.start() + 1
        if _ABBREVIATION.search(text[max(start, stop - _LONGEST_ABBREVIATION) : stop]):
            continue
        yield text[start : end.end(1)], text.count("\n", 0, start)
        start = end.end()
    if text[start:].strip():
        yield text[start:], text.count("\n", 0, start)
