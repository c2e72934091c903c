"""The colors and type of every drawing, in light and in dark.

A drawing is written in its light colors; each has a dark partner, and one media
rule inside the SVG switches them. The partner of a color that is not in the
palette (one that a style file chose) has the same hue and the opposite lightness.
"""

from __future__ import annotations

import colorsys
import re

FACE = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, Liberation Mono, monospace"

INK, MUTED, RULE, GRID, PAPER = "#1f2933", "#52606d", "#7b8794", "#dde3ea", "#ffffff"

# Told apart by hue and lightness, also with the common color deficiencies: found by search, and a test measures it.
SERIES = ("#0f49f2", "#62310a", "#04a271", "#d23fbc", "#a18402", "#1b1e27")
DASHES: tuple[tuple[int, ...], ...] = ((), (7, 3), (2, 3), (10, 3, 2, 3), (5, 2, 2, 2, 2, 2), (14, 4))

DARK = {
    INK: "#e6eaf0",
    MUTED: "#a9b4c0",
    RULE: "#8793a1",
    GRID: "#2f3945",
    PAPER: "#14181d",
    "#0f49f2": "#2c73f2",
    "#62310a": "#d64818",
    "#04a271": "#38eeac",
    "#d23fbc": "#feadf6",
    "#a18402": "#fddc32",
    "#1b1e27": "#6e7a83",
    # The strokes of reference/figures/style.d2.
    "#6b7684": "#909cab",
    "#c97700": "#e9a63f",
    "#2f7dc1": "#6bb2f0",
    "#8b62c4": "#b795ec",
    "#d14859": "#f4808d",
}

# What the diagram compiler's own color classes stand for: neutrals, base fills, two accents.
DIAGRAM = {
    "N1": INK,
    "N2": MUTED,
    "N3": RULE,
    "N4": "#c3ccd6",
    "N5": GRID,
    "N6": "#eef2f6",
    "N7": PAPER,
    "B1": "#3e4c59",
    "B2": "#3e4c59",
    "B3": "#e3eaf3",
    "B4": "#f3f6fa",
    "B5": "#e9eff6",
    "B6": "#f3f6fa",
    "AA2": "#8a5a00",
    "AA4": "#fbefd5",
    "AA5": "#fdf6e7",
    "AB4": "#dff3ec",
    "AB5": "#eef9f5",
}

_HEX = re.compile(r"#(?:[0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)


def is_hex(color: str) -> bool:
    """Whether a color is written as #rgb or #rrggbb."""
    return _HEX.fullmatch(color) is not None


def normal(color: str) -> str:
    """A hex color as #rrggbb in lower case; anything else as it is."""
    if not is_hex(color):
        return color
    lower = color.lower()
    return lower if len(lower) == 7 else "#" + "".join(digit * 2 for digit in lower[1:])


def dark_of(color: str) -> str:
    """The partner of a light color on a dark page: from the palette, else same hue and opposite lightness."""
    color = normal(color)
    if color in DARK:
        return DARK[color]
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    # Strong colors stay strong and become lighter; pale tints become dark, and less saturated lest they glow.
    turned = 0.92 - 0.4 * lightness if lightness <= 0.65 else 0.66 - (lightness - 0.65) * 0.5 / 0.35
    dark = colorsys.hls_to_rgb(hue, turned, min(saturation, 0.3 + 0.6 * (1 - lightness)))
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in dark)
