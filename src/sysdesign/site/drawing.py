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

_STYLE = re.compile(r"<style[^>]*>(.*?)</style>\s*", re.DOTALL)
_METADATA = re.compile(r"<metadata[^>]*>(.*?)</metadata>\s*", re.DOTALL)
_HEAD = re.compile(r"<(title|desc)\b[^>]*>.*?</\1>\s*", re.DOTALL)
_ROOT = re.compile(r"<svg\b[^>]*>")
_PARTNER = re.compile(r'\[(fill|stroke)="([^"]+)"\]\s*\{\s*\1\s*:\s*([^;}]+?)\s*;?\s*\}')
_UNSAFE = re.compile(r"<script|<foreignObject|<[^>]*\son[a-z]+=|javascript:|<[^>]*\sstyle=", re.IGNORECASE)
_OWN = ("role", "aria-labelledby", "font-family", "xmlns", "xmlns:xlink", "style")  # the page sets these itself


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
    root = _ROOT.search(svg)
    if root is None:
        raise ValueError("holds no SVG")
    unsafe = _UNSAFE.search(svg)
    if unsafe:
        raise ValueError(f"holds {unsafe.group().strip()!r}, which a page's security policy refuses")
    body = svg[root.end() :]
    css = "".join(_STYLE.findall(body))
    data = _metadata(body)
    for pattern in (_METADATA, _STYLE):
        body = pattern.sub("", body)
    body = _HEAD.sub("", body, count=2) if "<title" in body or "<desc" in body else body
    tag = root.group()
    for name in _OWN:
        tag = re.sub(rf'\s{name}="[^"]*"', "", tag)
    tag = re.sub(r"\b(xlink:)", "", tag)
    width, height = _size(tag)
    return Drawing(f"{tag[:-1]}\ue000>{body.strip()}", width, height, tuple(_PARTNER.findall(css)), data)


def _metadata(svg: str) -> Any:
    found = _METADATA.search(svg)
    if not found:
        return None
    text = found.group(1).strip().removeprefix("<![CDATA[").removesuffix("]]>").strip()
    for coded, plain in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(coded, plain)
    try:
        data = json.loads(text)
    except ValueError:
        return None  # metadata of another kind, such as a tool's name
    return data if isinstance(data, dict) and {"model", "inputs", "columns", "rows"} <= data.keys() else None


def _size(tag: str) -> tuple[float, float]:
    box = re.search(r'viewBox="[-\d.]+[ ,]+[-\d.]+[ ,]+([\d.]+)[ ,]+([\d.]+)"', tag)
    if box is None:
        raise ValueError("has no viewBox")
    return float(box.group(1)), float(box.group(2))


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
