"""Code with its kinds of words told apart by classes, which the style sheet colors in light and dark: no script."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import Comment, Keyword, Literal, Name, Token, _TokenType
from pygments.util import ClassNotFound

# The nearest of these above a token's kind decides its class; what has none stays in the color of text.
_CLASSES = {
    Comment: "c", Keyword: "k", Literal.String: "s", Literal.Number: "m",
    Name.Attribute: "n", Name.Function: "n", Name.Label: "n", Name.Tag: "n",
}  # fmt: skip


LONGEST = 4_000  # characters; three times the longest of ours, and some languages take the square of it


@lru_cache(maxsize=1024)
def highlighted(text: str, language: str) -> str:
    """The text as HTML; all of it is in one color where the language is not known, or the text is very long."""
    language = language if len(text) <= LONGEST else ""
    parts: list[tuple[str, str]] = []
    for kind, word in _lexer(language).get_tokens(text):
        name = _class(kind)
        if parts and parts[-1][0] == name:
            word = parts.pop()[1] + word
        parts.append((name, word))
    return "".join(_part(name, word) for name, word in parts)


def known(language: str) -> bool:
    """Whether that language's words can be told apart."""
    try:
        get_lexer_by_name(language)
    except ClassNotFound:
        return False
    return True


def _lexer(language: str) -> Lexer:
    kept = {"stripnl": False, "ensurenl": False}
    return get_lexer_by_name(language, **kept) if known(language) else TextLexer(**kept)


def _class(kind: _TokenType) -> str:
    while kind is not Token and kind not in _CLASSES:
        kind = kind.parent
    return _CLASSES.get(kind, "")


def _part(name: str, word: str) -> str:
    shown = escape(word, quote=False)
    return f'<span class="{name}">{shown}</span>' if name else shown
