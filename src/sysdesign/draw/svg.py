"""A drawing as small, self-contained SVG that reads well on light and dark pages.

Both drawing engines hand over SVG of their own habits: embedded fonts, style
sheets, classes, styles in attributes. Here it becomes plain shapes whose light
colors stand in attributes (so that any program can show them), one media rule
for the dark colors, one face for all text, a title, a description, and short
ids that no other figure of the page bears. Equal input gives equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from sysdesign.draw.theme import DIAGRAM, FACE, MONO, dark_of, is_hex, normal

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_COLOR_CLASS = re.compile(r"^(fill|stroke|color)-([A-Z]+\d)$")
_DROPPED = (
    "class",
    "style",
    "shape-rendering",
    "font-family",
    "aria-roledescription",
    "aria-label",
    "aria-hidden",
    "role",
)
_KEPT_STYLES = {
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill-opacity", "opacity",
    "text-anchor", "font-size", "font-weight", "font-style", "text-decoration", "dominant-baseline",
}  # fmt: skip

# What an attribute says anyway where it is not written.
_IDLE = {"opacity": "1", "font-weight": "normal", "pointer-events": "none", "stroke-dasharray": "1,0"}

for _prefix, _uri in (("", SVG), ("xlink", XLINK)):
    ElementTree.register_namespace(_prefix, _uri)


def tag(name: str) -> str:
    """The qualified name of an SVG element."""
    return f"{{{SVG}}}{name}"


def finish(root: ElementTree.Element, name: str, title: str, description: str, data: str = "") -> bytes:
    """The finished bytes of a drawing whose root has a viewBox; `name` is the figure's ("05-caching/stampede").

    `data` goes into the drawing's metadata.
    """
    prefix = "f-" + re.sub(r"[^a-z0-9]+", "-", name.lower())
    _shorten_ids(root, prefix)
    for element in root.iter():
        _plain_attributes(element)
    _drop_groups(root)
    _root_attributes(root, prefix, bool(description))
    _head(root, prefix, title, description)
    _spread(root)
    if data:
        metadata = ElementTree.SubElement(root, tag("metadata"))
        metadata.text, metadata.tail = data, "\n"
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True).encode() + b"\n"


def styles_of(element: ElementTree.Element) -> dict[str, str]:
    """The declarations of an element's style attribute."""
    pairs = (part.partition(":") for part in element.get("style", "").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}


def number(value: float) -> str:
    """A coordinate, to a hundredth."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _plain_attributes(element: ElementTree.Element) -> None:
    """Classes and styles of one element as attributes; no style sheet is left to need."""
    classes = element.get("class", "").split()
    for name, value in styles_of(element).items():
        if name in _KEPT_STYLES:
            element.set(name, value)
    for found in filter(None, map(_COLOR_CLASS.match, classes)):
        if found[1] in ("fill", "stroke") and found[2] in DIAGRAM:
            element.set(found[1], DIAGRAM[found[2]])
    for name, value in (("font-weight", "bold"), ("font-style", "italic"), ("font-family", MONO)):
        if {"bold": "text-bold", "italic": "text-italic", MONO: "text-mono"}[value] in classes:
            element.set(name, value)
    for name, value in _IDLE.items():
        if element.get(name) == value:
            del element.attrib[name]
    mono = element.get("font-family") == MONO or "mono" in element.get("font-family", "")
    for name in _DROPPED:
        element.attrib.pop(name, None)
    if mono:
        element.set("font-family", MONO)
    for name in ("fill", "stroke"):
        if name in element.attrib:
            element.set(name, normal(element.attrib[name]))


def _shorten_ids(root: ElementTree.Element, prefix: str) -> None:
    """Ids that carry the figure's name, since several drawings stand in one page."""
    ids: dict[str, str] = {}
    for element in root.iter():
        if "id" in element.attrib:
            ids[element.attrib["id"]] = f"{prefix}-{len(ids) + 1}"
            element.set("id", ids[element.attrib["id"]])
    for element in root.iter():
        for name, value in element.attrib.items():
            if "url(#" in value:
                element.set(name, _REFERENCE.sub(lambda m: f"url(#{ids.get(m[1], m[1])})", value))
            elif name.endswith("href") and value.startswith("#"):
                element.set(name, f"#{ids.get(value[1:], value[1:])}")


def _drop_groups(parent: ElementTree.Element) -> None:
    """Take away groups that say nothing: empty ones, and those without attributes."""
    for child in list(parent):
        _drop_groups(child)
        if child.tag != tag("g"):
            continue
        at = list(parent).index(child)
        if not len(child):
            parent.remove(child)
        elif not child.attrib:
            parent.remove(child)
            for offset, grandchild in enumerate(list(child)):
                parent.insert(at + offset, grandchild)


def _root_attributes(root: ElementTree.Element, prefix: str, described: bool) -> None:
    box = root.attrib["viewBox"]
    width, height = box.split()[2:]
    root.attrib.clear()
    root.attrib.update(
        {
            "id": prefix,
            "viewBox": box,
            "width": width,
            "height": height,
            "role": "img",
            "aria-labelledby": f"{prefix}-t {prefix}-d" if described else f"{prefix}-t",
            "font-family": FACE,
            "stroke-linejoin": "round",
        }
    )


def _head(root: ElementTree.Element, prefix: str, title: str, description: str) -> None:
    head = [("title", f"{prefix}-t", title)]
    if description:
        head.append(("desc", f"{prefix}-d", description))
    dark = dark_rules(root, prefix)
    for name, id_, text in reversed(head):
        element = ElementTree.Element(tag(name), {"id": id_})
        element.text = text
        root.insert(0, element)
    if dark:
        style = ElementTree.Element(tag("style"))
        style.text = f"@media (prefers-color-scheme:dark){{{dark}}}"
        root.insert(len(head), style)


def dark_rules(root: ElementTree.Element, prefix: str) -> str:
    """The rules that give every light color of the drawing its dark partner."""
    seen = sorted({pair for element in _visible(root) for pair in _colors(element)})
    return "".join(f'#{prefix} [{name}="{color}"]{{{name}:{dark_of(color)}}}' for name, color in seen)


def _visible(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Elements that are painted: what stands in a mask is not a color but a degree."""
    if element.tag == tag("mask"):
        return
    yield element
    for child in element:
        yield from _visible(child)


def _colors(element: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for name in ("fill", "stroke"):
        if is_hex(element.get(name, "")):
            yield name, element.attrib[name]


def _spread(root: ElementTree.Element) -> None:
    """One top-level element a line, so that a changed drawing has a readable difference."""
    for element in root.iter():
        if element.tag not in (tag("text"), tag("tspan"), tag("title"), tag("desc"), tag("style")):
            element.text = None
        if element.tag != tag("tspan"):
            element.tail = None
    root.text = "\n"
    for child in root:
        child.tail = "\n"
