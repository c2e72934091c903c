"""What markup may stand in a page: one allow-list each for addresses, formulas and drawings.

A page must be safe on a host that sends no policy. So what comes from content goes through here just
before it is written: it is read into a tree, the tree is held against the list, and only the tree is
written again. What a browser reads is then what was looked at, whatever the source tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from xml.etree import ElementTree

SCHEMES = ("http", "https", "mailto")
MATHML = "http://www.w3.org/1998/Math/MathML"
SVG = "http://www.w3.org/2000/svg"
MOST_DEPTH = 60  # of elements in elements
MOST_CHARACTERS = 2_000_000  # of a drawing; the largest of ours has a tenth
MOST_LATEX = 4_000  # characters of a formula

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_OUTSIDE = re.compile(r"(?:https?://[^/?#\s]+(?:[/?#]\S*)?|mailto:\S+)", re.IGNORECASE)
_ODD = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"\u2028\u2029\ud800-\udfff]")

_MACRO = re.compile(r"\\(?:(?:re)?new|provide)command|\\(?:g|e|x)?def(?![a-z])|\\let(?![a-z])")
_FORMULA_ELEMENTS = frozenset(
    "math mrow mi mn mo mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup msubsup munder mover"
    " munderover mmultiscripts mprescripts none mtable mtr mlabeledtr mtd".split()
)
_FORMULA_ATTRIBUTES = frozenset(
    "display displaystyle scriptlevel mathvariant mathsize mathcolor mathbackground stretchy fence separator form"
    " lspace rspace minsize maxsize accent accentunder movablelimits largeop symmetric linebreak linethickness width"
    " height depth voffset notation columnalign columnlines columnspacing rowalign rowlines rowspacing framespacing"
    " frame columnspan rowspan side".split()
)
_FORMULA_VALUE = re.compile(r"[\w \-+.,#%]*")

_SHAPES = "g path line rect ellipse circle polygon polyline text tspan"
_DRAWING_ELEMENTS = frozenset(f"svg {_SHAPES} marker mask clipPath title desc style metadata".split())
_TEXT_ALONE = frozenset("title desc style metadata".split())
_DRAWING_ATTRIBUTES = frozenset(
    "id viewBox width height role aria-labelledby aria-describedby font-family font-size font-style font-weight"
    " text-anchor text-decoration dominant-baseline fill fill-opacity fill-rule stroke stroke-width stroke-opacity"
    " stroke-dasharray stroke-linecap stroke-linejoin stroke-miterlimit opacity transform x y x1 y1 x2 y2 dx dy cx cy"
    " r rx ry d points mask clip-path marker-start marker-mid marker-end markerWidth markerHeight markerUnits refX"
    " refY orient maskUnits overflow pointer-events preserveAspectRatio rotate".split()
)
_OWN_PART = re.compile(r"url\(#[\w-]+\)")
_REFERRING = frozenset("fill stroke mask clip-path marker-start marker-mid marker-end".split())
_DRAWING_VALUE = re.compile(r"[^:<>\\&\x00-\x08\x0b\x0c\x0e-\x1f]*")
_RULE = r'#[\w-]+ \[(?:fill|stroke)="[#\w]+"\]\{(?:fill|stroke):[#\w]+\}'
_SHEET = re.compile(rf"\s*@media \(prefers-color-scheme:dark\)\{{(?:{_RULE})*\}}\s*")


class Refused(ValueError):
    """Markup that no page may hold; `line` is where in its file it stands, as far as that is known."""

    def __init__(self, found: str, line: int = 1) -> None:
        super().__init__(found)
        self.line = line


def address_fault(address: str) -> str:
    """What is wrong with an address that a link may lead to; "" for http, https, mailto and places on the site."""
    odd = _ODD.search(address)
    if odd:
        return f"holds the character {odd.group()!r}, which no address may hold"
    scheme = _SCHEME.match(address)
    if scheme is None:
        return "names a host without saying how to ask it" if address.startswith("//") else ""
    if scheme[1].lower() not in SCHEMES:
        return f"begins with {scheme.group()!r}"
    return "" if _OUTSIDE.fullmatch(address) else "is no whole address"


def address(text: str) -> str:
    """The address itself. Raises ValueError where no link may lead there."""
    fault = address_fault(text)
    if fault:
        raise ValueError(f"the address {text[:80]!r} {fault}; write one that begins with https://")
    return text


def formula(latex: str, display: str) -> str:
    """A formula as MathML. Raises ValueError for what it may not hold, and whatever the converter meets."""
    from latex2mathml.converter import convert_to_element

    if len(latex) > MOST_LATEX:
        raise ValueError(f"has {len(latex):,} characters; at most {MOST_LATEX:,} work")
    if _MACRO.search(latex):
        raise ValueError("defines a macro, which may grow without bound")
    root = convert_to_element(latex, display=display)
    root.attrib.pop("xmlns", None)
    for element, _ in _nested(root):
        _hold(element, str(element.tag), _FORMULA_ELEMENTS, _FORMULA_ATTRIBUTES)
        for name, value in element.attrib.items():
            if not _FORMULA_VALUE.fullmatch(value):
                raise ValueError(f"holds {name}={value[:40]!r}, which a formula may not")
        element.text = unescape(element.text or "")  # the converter writes signs as references
        element.tail = unescape(element.tail or "")
    return ElementTree.tostring(root, encoding="unicode")


def drawing(text: str) -> ElementTree.Element:
    """A drawing as a tree whose elements bear plain names. Raises Refused for what it may not hold."""
    if len(text) > MOST_CHARACTERS:
        raise Refused(f"has {len(text):,} characters; at most {MOST_CHARACTERS:,} work")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise Refused("declares a document type, which no drawing needs", _line(text, "<!DOCTYPE"))
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise Refused(f"is no well-formed SVG: {error}", error.position[0]) from None
    except ValueError as error:
        raise Refused(f"is no well-formed SVG: {error}") from None
    if root.tag != f"{{{SVG}}}svg":
        raise Refused("holds no SVG")
    for element, parent in _nested(root):
        name = str(element.tag).removeprefix(f"{{{SVG}}}")
        try:
            _hold_element(element, name, parent)
        except ValueError as error:
            raise Refused(str(error), _line(text, *element.attrib.values(), f"<{name.rsplit('}')[-1]}")) from None
        element.tag = name
    return root


def _line(text: str, *words: str) -> int:
    """The line of the rarest of these words, since what is odd is rare."""
    found = [(text.count(word), text.find(word)) for word in words if word and word in text]
    return text.count("\n", 0, min(found)[1]) + 1 if found else 1


def _hold_element(element: ElementTree.Element, name: str, parent: str) -> None:
    _hold(element, name, _DRAWING_ELEMENTS, _DRAWING_ATTRIBUTES)
    if parent in _TEXT_ALONE:
        raise ValueError(f"holds <{name}> in <{parent}>, which may hold text alone")
    if name == "style" and not _SHEET.fullmatch(element.text or ""):
        raise ValueError("holds a style sheet other than that of its dark colors")
    for attribute, value in element.attrib.items():
        _hold_value(attribute, value)


def written(tree: ElementTree.Element) -> str:
    """A tree as a page holds it."""
    return ElementTree.tostring(tree, encoding="unicode", short_empty_elements=True)


def _nested(root: ElementTree.Element) -> Iterator[tuple[ElementTree.Element, str]]:
    """Every element with the name of the one around it, which was given before it. Raises ValueError where too deep."""
    waiting: list[tuple[ElementTree.Element, ElementTree.Element | None, int]] = [(root, None, 0)]
    while waiting:
        element, parent, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise Refused(f"is nested more than {MOST_DEPTH} deep")
        yield element, "" if parent is None else str(parent.tag)
        waiting.extend((child, element, depth + 1) for child in element)


def _hold(element: ElementTree.Element, name: str, elements: frozenset[str], attributes: frozenset[str]) -> None:
    if name not in elements:
        raise ValueError(f"holds <{name[:60]}>, which a page may not")
    for attribute in element.attrib:
        if attribute not in attributes:
            raise ValueError(f"holds {attribute[:60]!r} at <{name}>, which a page may not")


def _hold_value(attribute: str, value: str) -> None:
    if attribute in _REFERRING and _OWN_PART.fullmatch(value):
        return
    if "url" in value.lower() or not _DRAWING_VALUE.fullmatch(value):
        raise ValueError(f"holds {attribute}={value[:40]!r}; a drawing may name its own parts alone")
