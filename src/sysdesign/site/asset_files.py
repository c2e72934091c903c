"""The files that pages load: style sheets, scripts, the icon, and the chart engine."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata, resources

from sysdesign import kept

NAMES = (
    "site.css", "theme.js", "element.js", "site.js", "search.js", "spelling.js", "panel.js", "decide.js", "explorer.js",
    "progress.js", "filter.js", "values.js", "workload.js",
    "icon.svg",
)  # fmt: skip

# Draws through an interpreter of expressions, so that the page needs no `unsafe-eval`. Tooltips and styles are the
# page's own: the engine would inject a style sheet.
_ENGINE = """
window.sysdesignChart = (element, spec, options) => vegaEmbed(element, spec, {
  ast: true, actions: false, defaultStyle: false, tooltip: false, renderer: "svg", logLevel: 1, ...options,
});
"""


@cache
def assets() -> dict[str, bytes]:
    """Content of each hand-written file, by name."""
    folder = resources.files("sysdesign.site") / "assets"
    return {name: (folder / name).read_bytes() for name in NAMES}


def version(*contents: bytes) -> str:
    """A short name for contents, so that a browser never mixes two builds."""
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:10]


@cache
def chart_engine() -> bytes:
    """The chart library as one script, bundled by the drawing tool itself.

    Bundling takes over a second, so the result is kept in the user's cache folder.
    """
    import vl_convert

    edition = f"{metadata.version('vl-convert-python')}-{version(_ENGINE.encode())}"
    path = kept.home() / f"chart-engine-{edition}"
    content = kept.read(path)
    if content is None:
        content = vl_convert.javascript_bundle(_ENGINE).encode()
        kept.write(path, content)
    return content
