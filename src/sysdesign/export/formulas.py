"""Formulas: MathML, as sysdesign.markup lets it through, in the language of Typst's math."""

from __future__ import annotations

import json
from xml.etree.ElementTree import Element

_SCRIPTS = {"msub": "_", "munder": "_", "msup": "^", "mover": "^"}
_BOTH = ("msubsup", "munderover")


def formula(element: Element) -> str:
    """One element and all within. Texts go in as strings, so that none is read as markup."""
    tag, parts = element.tag, list(element)
    if tag in ("mi", "mn", "mo", "mtext"):
        return _leaf(tag, element.text or "")
    if tag == "mspace":
        return "space "
    if tag == "mfrac":
        return f"frac({formula(parts[0])}, {formula(parts[1])}) "
    if tag == "msqrt":
        return f"sqrt({_row(parts)}) "
    if tag == "mroot":
        return f"root({formula(parts[1])}, {formula(parts[0])}) "
    if tag in _SCRIPTS:
        return f"attach({formula(parts[0])}, {'b' if _SCRIPTS[tag] == '_' else 't'}: {formula(parts[1])}) "
    if tag in _BOTH:
        return f"attach({formula(parts[0])}, b: {formula(parts[1])}, t: {formula(parts[2])}) "
    if tag == "mtable":
        return f"mat(delim: #none, {'; '.join(', '.join(formula(cell) for cell in row) for row in parts)}) "
    return _row(parts)


def _row(parts: list[Element]) -> str:
    return "".join(formula(part) for part in parts)


def _leaf(tag: str, text: str) -> str:
    """A letter is a variable, a sign keeps its spacing, everything longer is upright text."""
    said = json.dumps(text, ensure_ascii=False)
    if tag == "mi" and len(text) == 1:
        return f"#math.italic({said}) " if text.isascii() else f"{text} "
    if tag == "mo" and len(text) == 1 and text not in '"#$&/\\_^,;()[]{}|':
        return f"{text} "
    if tag == "mo":
        return f"#math.class({json.dumps(_CLASSES.get(text, 'normal'))}, {said}) "
    return f"#{said} "


_CLASSES = {"(": "opening", "[": "opening", "{": "opening", ")": "closing", "]": "closing", "}": "closing",
            ",": "punctuation", ";": "punctuation", "/": "binary", "|": "fence"}  # fmt: skip
