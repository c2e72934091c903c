"""The picture that a link to a page shows elsewhere: the title and one sentence, 1200 by 630 pixels."""

from __future__ import annotations

from textwrap import wrap
from xml.etree import ElementTree

CARD = "card.png"  # the name of its file
WIDTH, HEIGHT, EDGE = 1200, 630, 80
# As in the style sheet, light: other sites show the picture on their own ground.
PAPER, INK, MUTED, ACCENT = "#ffffff", "#1f2933", "#52606d", "#0b5f80"
FONTS = "Noto Sans, Liberation Sans, DejaVu Sans, Arial, sans-serif"
SVG = "http://www.w3.org/2000/svg"
TITLE, SENTENCE, NAME = 68, 34, 28  # sizes of letters
LETTER = 0.56  # mean width of a letter, of its size: on the safe side
MOST_LINES = 3
GAP = 24  # between title and sentence
BEYOND = " …"


def card(name: str, title: str, sentence: str) -> bytes:
    """A PNG. What is too long for its place ends with an ellipsis."""
    import vl_convert

    return vl_convert.svg_to_png(ElementTree.tostring(_drawn(name, title, sentence), encoding="unicode"))


def _drawn(name: str, title: str, sentence: str) -> ElementTree.Element:
    root = ElementTree.Element("svg", {"xmlns": SVG, "viewBox": f"0 0 {WIDTH} {HEIGHT}", "font-family": FONTS})
    root.attrib |= {"width": str(WIDTH), "height": str(HEIGHT)}
    ElementTree.SubElement(root, "rect", {"width": str(WIDTH), "height": str(HEIGHT), "fill": PAPER})
    ElementTree.SubElement(root, "rect", {"width": "14", "height": str(HEIGHT), "fill": ACCENT})
    below = _lines(root, title, EDGE + TITLE, TITLE, {"fill": INK, "font-weight": "700"})
    _lines(root, sentence, below - TITLE + SENTENCE + GAP, SENTENCE, {"fill": MUTED})
    _lines(root, name, HEIGHT - EDGE + NAME, NAME, {"fill": ACCENT, "font-weight": "700"})
    return root


def _lines(root: ElementTree.Element, text: str, top: int, size: int, look: dict[str, str]) -> int:
    """Writes a text from this base line on; gives the base line below it."""
    broad = int((WIDTH - 2 * EDGE) / (size * LETTER))
    shown = wrap(text, broad, max_lines=MOST_LINES, placeholder=BEYOND)
    for at, line in enumerate(shown):
        place = {"x": str(EDGE), "y": str(top + round(at * size * 1.3)), "font-size": str(size)}
        ElementTree.SubElement(root, "text", {**place, **look}).text = line
    return top + round(len(shown) * size * 1.3)
