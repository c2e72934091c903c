"""The engine that draws Vega-Lite: a specification to SVG, and SVG to PNG."""

from __future__ import annotations

from importlib import metadata
from typing import Any
from xml.etree import ElementTree

from sysdesign.draw.svg import tag
from sysdesign.draw.vega_lite import VEGA_LITE
from sysdesign.errors import MissingTool

VL_CONVERT = "1.9.0"


def drawn(specification: dict[str, Any]) -> ElementTree.Element:
    """The engine's drawing, without paint that cannot be seen. Raises MissingTool."""
    try:
        import vl_convert
    except ImportError:
        raise MissingTool(
            f'the chart engine is not installed. Install it with: pip install "vl-convert-python=={VL_CONVERT}.post1"'
        ) from None
    found = metadata.version("vl-convert-python")
    if found.split(".post")[0] != VL_CONVERT:
        raise MissingTool(f"vl-convert is {found}, which may draw differently; install {VL_CONVERT}.post1")
    return _bare(ElementTree.fromstring(vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE)))


def _bare(root: ElementTree.Element) -> ElementTree.Element:
    for parent in list(root.iter()):
        for child in list(parent):
            unseen = child.get("fill") in (None, "none", "transparent") and child.get("stroke") in (None, "none")
            if child.tag in (tag("path"), tag("rect")) and (unseen or child.get("class") == "background"):
                parent.remove(child)
    return root


def picture(svg: bytes, scale: float = 2.0) -> bytes:
    """A finished drawing as PNG on white, for programs that take no SVG."""
    import vl_convert

    root = ElementTree.fromstring(svg)
    width, height = root.get("viewBox", "0 0 1 1").split()[2:]
    root.insert(0, ElementTree.Element(tag("rect"), {"width": width, "height": height, "fill": "white"}))
    return vl_convert.svg_to_png(ElementTree.tostring(root, encoding="unicode"), scale=scale)
