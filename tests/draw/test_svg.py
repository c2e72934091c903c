"""A finished drawing: plain, small, named, and readable in light and dark."""

from __future__ import annotations

import itertools
import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.draw import theme
from sysdesign.draw.svg import SVG, finish, tag

RAW = f"""<svg xmlns="{SVG}" viewBox="0 0 100 50" class="x"><style>.a {{fill:red}}</style>
<g class="deep"><g>
<rect class=" fill-B3 stroke-B1" style="stroke-width:2;" width="10" height="10" mask="url(#m1)"/></g></g>
<mask id="m1"><rect fill="white" width="5" height="5"/><rect fill="#000" width="5" height="5"/></mask>
<text class="text-bold fill-N1" style="text-anchor:middle;font-size:14px" x="3">a &lt; b</text>
<rect fill="#AbC" width="1" height="1"/><g class="empty"/></svg>"""


def finished(title: str = "A title", description: str = "What it shows") -> ElementTree.Element:
    root = ElementTree.fromstring(RAW)
    root.remove(root.find(tag("style")))  # type: ignore[arg-type]
    return ElementTree.fromstring(finish(root, "05-caching/a_b", title, description))


def test_it_says_what_it_is() -> None:
    root = finished("A & B", "B < C")
    assert root.get("role") == "img"
    titled = {element.get("id"): element.text for element in root if element.tag in (tag("title"), tag("desc"))}
    assert root.get("aria-labelledby", "").split() == list(titled)
    assert list(titled.values()) == ["A & B", "B < C"]
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("100", "50", "0 0 100 50")


def test_without_a_description_it_names_only_its_title() -> None:
    root = finished(description="")
    assert root.find(tag("desc")) is None
    assert root.get("aria-labelledby") == "f-05-caching-a-b-t"


def test_nothing_needs_a_style_sheet_or_a_class() -> None:
    root = finished()
    for element in root.iter():
        assert "class" not in element.attrib and "style" not in element.attrib
    rect = root.find(tag("rect"))
    assert rect is not None
    assert (rect.get("fill"), rect.get("stroke"), rect.get("stroke-width")) == ("#e3eaf3", "#3e4c59", "2")


def test_every_id_carries_the_name_of_the_figure() -> None:
    root = finished()
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(id_ is not None and id_.startswith("f-05-caching-a-b") for id_ in ids)
    rect = root.find(tag("rect"))
    assert rect is not None and rect.get("mask") == f"url(#{root.find(tag('mask')).get('id')})"  # type: ignore[union-attr]


def test_every_painted_color_has_its_dark_partner_and_masks_are_left_alone() -> None:
    root = finished()
    style = root.find(tag("style"))
    assert style is not None and style.text is not None
    rules = dict(re.findall(r'\[(?:fill|stroke)="(#[0-9a-f]{6})"\]\{(?:fill|stroke):(#[0-9a-f]{6})\}', style.text))
    assert set(rules) == {"#e3eaf3", "#3e4c59", theme.INK, "#aabbcc"}
    assert style.text.startswith("@media (prefers-color-scheme:dark){")
    assert style.text.count("{") == style.text.count("}")


def test_empty_and_nameless_groups_are_gone() -> None:
    assert finished().find(f".//{tag('g')}") is None


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_any_color_has_a_partner_of_the_opposite_lightness(color: str) -> None:
    partner = theme.dark_of(color)
    assert theme.is_hex(partner)
    assert theme.dark_of(color.upper()) == partner
    channels = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    if min(channels) >= 0xD8:  # a tint behind text
        assert contrast(theme.dark_of(theme.INK), partner) >= 4.5
    if max(channels) + min(channels) <= 0x140:  # a stroke on the page
        assert contrast(theme.DARK[theme.PAPER], partner) >= 3


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio as WCAG 2 defines it."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("color", theme.SERIES)
def test_a_line_stands_out_from_the_page_in_light_and_dark(color: str) -> None:
    assert contrast(color, theme.PAPER) >= 3
    assert contrast(theme.dark_of(color), theme.DARK[theme.PAPER]) >= 3


@pytest.mark.parametrize("color", [theme.INK, theme.MUTED])
def test_text_stands_out_from_the_page_in_light_and_dark(color: str) -> None:
    assert contrast(color, theme.PAPER) >= 4.5
    assert contrast(theme.dark_of(color), theme.DARK[theme.PAPER]) >= 4.5


@pytest.mark.parametrize("code", sorted(theme.DIAGRAM))
def test_text_stands_out_from_every_fill_of_a_diagram_in_light_and_dark(code: str) -> None:
    if code in ("N1", "N2", "N3", "N4", "B1", "B2", "AA2"):
        return  # strokes and text, never behind text
    fill = theme.DIAGRAM[code]
    assert contrast(theme.INK, fill) >= 4.5
    assert contrast(theme.dark_of(theme.INK), theme.dark_of(fill)) >= 4.5


# How colors look without one kind of cone, on linear sRGB (Machado, Oliveira and Fernandes 2009, severity 1).
SIGHT = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no long cones": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)
    ),
    "no medium cones": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)
    ),
}  # fmt: skip


def lab(color: str, sight: str) -> tuple[float, float, float]:
    """A color in CIELAB (D65) as that sight has it."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    seen = [min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in SIGHT[sight]]
    to_xyz = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.072175), (0.0193339, 0.119192, 0.9503041))
    white = (0.95047, 1.0, 1.08883)
    parts = [sum(a * b for a, b in zip(row, seen, strict=True)) / w for row, w in zip(to_xyz, white, strict=True)]
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("dark", [False, True])
def test_lines_differ_in_color_for_every_sight(sight: str, dark: bool) -> None:
    colors = [theme.dark_of(color) if dark else color for color in theme.SERIES]
    for first, second in itertools.combinations(colors, 2):
        assert math.dist(lab(first, sight), lab(second, sight)) >= 30, (first, second)


def test_the_measure_of_difference_sees_red_and_green_fall_together() -> None:
    red, green = "#c0392b", "#7a6a1f"
    assert math.dist(lab(red, "usual"), lab(green, "usual")) > 2 * math.dist(
        lab(red, "no medium cones"), lab(green, "no medium cones")
    )


def test_lines_differ_without_color() -> None:
    assert len(set(theme.DASHES)) == len(theme.DASHES) == len(theme.SERIES)
