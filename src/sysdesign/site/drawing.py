"""Drawings, made ready to stand inside a page.

A committed drawing is a whole file: plain shapes whose light colors stand in
attributes, and one media rule that gives each its dark partner. Inside a page
the drawing follows the page's own theme and face instead, and the partners of
all drawings form one shared sheet, so that the content security policy needs no
exception for inline styles and ten drawings weigh little more than one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

from pydantic import BaseModel, ConfigDict, ValidationError

from sysdesign import markup

_PARTNER = re.compile(r'\[(fill|stroke)="([^"]+)"\]\{\1:([^}]+)\}')
_BOX = re.compile(r"-?[\d.]+[ ,]+-?[\d.]+[ ,]+(\d+(?:\.\d+)?)[ ,]+(\d+(?:\.\d+)?)")
_OWN = ("role", "aria-labelledby", "aria-describedby", "font-family")  # the page sets these itself
_HEAD = ("title", "desc")


@dataclass(frozen=True)
class Drawing:
    """A drawing without its style sheet, the dark partners of its colors, and what its metadata holds."""

    markup: str  # "\ue000" stands where attributes of the root go
    width: float
    height: float
    partners: tuple[tuple[str, str, str], ...]  # fill or stroke, light color, dark color
    data: Any = None  # of a chart: its model, inputs, columns and rows


@lru_cache(maxsize=1024)
def drawing(svg: str) -> Drawing:
    """Read one committed drawing. Raises ValueError when it is no SVG or holds what a page cannot."""
    root = markup.drawing(svg)
    css, data = _taken_out(root, "style"), _data(_taken_out(root, "metadata"))
    for child in [child for child in root if child.tag in _HEAD][:2]:
        root.remove(child)
    for name in _OWN:
        root.attrib.pop(name, None)
    width, height = _size(root.get("viewBox", ""))
    root.text = "".join((root.text or "").split("\n"))
    shown = markup.written(root).removeprefix("<svg")
    return Drawing(f"<svg\ue000{shown}", width, height, tuple(_PARTNER.findall(css)), data)


def _taken_out(root: Element, name: str) -> str:
    """The text of all elements of that name, which are not in the drawing any more."""
    texts = []
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag == name]:
            texts.append(child.text or "")
            parent.remove(child)
    return "".join(texts)


class _Data(BaseModel):
    """What a chart carries of its source and rows; only the last is shown, all of it is linked."""

    model_config = ConfigDict(extra="ignore", strict=True)
    model: str
    inputs: dict[str, Any]
    columns: list[str]
    rows: list[list[float | int | str | bool | None]]


def _data(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None  # none, or metadata of another kind, such as a tool's name
    if not (isinstance(found, dict) and _Data.model_fields.keys() <= found.keys()):
        return None
    try:
        return _Data.model_validate(found).model_dump()
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"has data that no chart has: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _size(box: str) -> tuple[float, float]:
    found = _BOX.fullmatch(box)
    if found is None:
        raise ValueError("has no viewBox")
    return float(found[1]), float(found[2])


def with_attributes(markup: str, attributes: str) -> str:
    """The drawing with these attributes on its root element."""
    return markup.replace("\ue000", f" {attributes}", 1)


@dataclass
class DarkPartners:
    """The dark partners of all drawings' colors. The first drawing decides; the theme is one for all."""

    found: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, drawn: Drawing) -> None:
        """Take in a drawing's colors."""
        for name, light, dark in drawn.partners:
            self.found.setdefault((name, light), dark)

    def sheet(self) -> str:
        """The style sheet."""
        return "".join(
            f'.drawing [{name}="{light}"]{{{name}:light-dark({light},{dark})}}\n'
            for (name, light), dark in sorted(self.found.items())
        )  # fmt: skip


def cell_text(value: Any) -> str:
    """A chart's value as a table cell holds it."""
    if value is None:
        return ""
    if isinstance(value, (int, float)):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return str(value)
