"""Drawings inside a page: the page's theme, no style sheet of their own, nothing that the policy refuses."""

from __future__ import annotations

import pytest

from sysdesign.site.drawing import DarkPartners, cell_text, drawing, with_attributes

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" id="f-a" viewBox="0 0 20 10" width="20" height="10" role="img" '
    'aria-labelledby="f-a-t" font-family="Arial">\n<title id="f-a-t">T</title>\n<desc id="f-a-d">D</desc>\n'
    '<style>@media (prefers-color-scheme:dark){#f-a [fill="#111111"]{fill:#eeeeee}'
    '#f-a [stroke="#222222"]{stroke:#dddddd}}</style>\n<rect fill="#111111" stroke="#222222"/>\n'
    '<metadata>{"model": "m", "inputs": {"a": "x &lt; y"}, "columns": ["x"], "rows": [[1]]}</metadata>\n</svg>\n'
)


def test_a_drawing_loses_its_sheet_and_its_own_title() -> None:
    drawn = drawing(SVG)
    for gone in ("<style", "<title", "<desc", "<metadata", "xmlns=", "font-family", "aria-labelledby"):
        assert gone not in drawn.markup
    assert '<rect fill="#111111" stroke="#222222" />' in drawn.markup
    assert (drawn.width, drawn.height) == (20, 10)
    assert drawn.data == {"model": "m", "inputs": {"a": "x < y"}, "columns": ["x"], "rows": [[1]]}


def test_the_root_takes_the_pages_attributes() -> None:
    assert with_attributes(drawing(SVG).markup, 'class="drawing"').startswith(
        '<svg class="drawing" id="f-a" viewBox="0 0 20 10" width="20" height="10">'
    )


def test_dark_partners_follow_the_pages_own_switch() -> None:
    partners = DarkPartners()
    partners.add(drawing(SVG))
    assert partners.sheet() == (
        '.drawing [fill="#111111"]{fill:light-dark(#111111,#eeeeee)}\n'
        '.drawing [stroke="#222222"]{stroke:light-dark(#222222,#dddddd)}\n'
    )


@pytest.mark.parametrize(
    "bad", ["<script>x</script>", "<foreignObject/>", '<g onclick="x()"/>', '<g style="fill:red"/>']
)
def test_what_the_policy_refuses_is_refused_at_build(bad: str) -> None:
    with pytest.raises(ValueError, match="page may not"):
        drawing(SVG.replace("<rect", f"{bad}<rect"))


def test_what_is_no_drawing_is_named() -> None:
    with pytest.raises(ValueError, match="no SVG"):
        drawing("<html></html>")
    with pytest.raises(ValueError, match="viewBox"):
        drawing('<svg xmlns="http://www.w3.org/2000/svg"></svg>')


@pytest.mark.parametrize(
    ("value", "text"), [(0.12345, "0.1235"), (1234.5, "1,234"), (123456.0, "123,456"), (None, ""), ("a", "a")]
)
def test_cells_are_short_numbers(value: object, text: str) -> None:
    assert cell_text(value) == text
