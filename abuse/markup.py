"""Markup that a stranger's reference may hold: no page may run it, nor ask another host for it.

`PAYLOADS` gives texts by the place where they stand. Each becomes a reference of its own; its page is
refused with file and line, or holds listed elements, attributes and addresses alone. The tests open the
pages that are written in a browser, with and without a policy.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from abuse.trials import Kind
from sysdesign import markup
from sysdesign.content import load
from sysdesign.errors import BadContent
from sysdesign.site.pages import document_pages, site_of

SMALL = Path(__file__).parents[1] / "tests" / "site" / "reference"
HOST = "https://other.example"
RUN = "window.ran=1"

_ADDRESSES = (
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}", f"javascript://x/%0A{RUN}", f"java&#x09;script:{RUN}",
    f"&#106;avascript:{RUN}", f"\x01javascript:{RUN}", f"vbscript:{RUN}", f"data:text/html,<script>{RUN}</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cucmFuPTE8L3NjcmlwdD4=", f"data:image/svg+xml,<svg onload='{RUN}'/>",
    "blob:https://other.example/1", "file:///etc/passwd", "filesystem:https://other.example/temporary/x",
    "view-source:https://other.example", "//other.example/x", "/\\other.example/x", "\\\\other.example\\x",
    f"javascript&colon;{RUN}", f"java&Tab;script:{RUN}", f"java&NewLine;script:{RUN}", f"\u2028javascript:{RUN}",
    "https:other.example", "https:/other.example", "http://", "ws://other.example", "ftp://other.example",
    "intent://other.example#Intent;end", "x\tjavascript:x", "https://other.example/\"onmouseover=\"window.ran=1",
    "https://other.example/'><img src=x onerror=window.ran=1>", "mailto:", "tel:1", "ms-word:ofe|u|x",
)  # fmt: skip
_TAGS = (
    f"<img src=x onerror={RUN}>", f"<script>{RUN}</script>", f"<svg onload={RUN}>", f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>", f"<body onload={RUN}>", f"<iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"<math><mtext><img src=x onerror={RUN}></mtext></math>", f"<details open ontoggle={RUN}>x</details>",
    f"<input autofocus onfocus={RUN}>", f"<video><source onerror={RUN}></video>", f"<base href='{HOST}/'>",
    f"<meta http-equiv=refresh content='0;url={HOST}/'>", f"<link rel=stylesheet href='{HOST}/x.css'>",
    f"<style>@import '{HOST}/x.css'</style>", f"<form action='{HOST}'><button>x</button></form>",
    f"<object data='{HOST}/x'></object>", f"<embed src='{HOST}/x'>", f"<img src='{HOST}/x.png'>",
    f"</title><script>{RUN}</script>", f"</textarea><script>{RUN}</script>", f"--><script>{RUN}</script>",
    f"\"><script>{RUN}</script>", f"'><img src=x onerror={RUN}>", f"{{{{ 7*7 }}}}{{% raw %}}<script>{RUN}</script>",
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={RUN}&gt;">',
    f'<svg></p><style><a id="</style><img src=1 onerror={RUN}>">', f"<template><script>{RUN}</script></template>",
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>", f"<a ping='{HOST}' href=#a>x</a>",
    f"<img srcset='{HOST}/x.png 2x'>", f"<button formaction='javascript:{RUN}'>x</button>", f"<a\x00onclick={RUN}>",
    f"<!--><img src=x onerror={RUN}>-->", f"<noscript><p title='</noscript><img src=x onerror={RUN}>'></noscript>",
)  # fmt: skip
_FORMULAS = (
    rf"\href{{javascript:{RUN}}}{{x}}", rf"\href{{{HOST}}}{{x}}", rf"\style{{background:url({HOST}/x)}}{{x}}",
    r"\class{alert}{x}", rf"\textcolor{{\"><img src=x onerror={RUN}>}}{{x}}", rf"\colorbox{{url({HOST}/x)}}{{x}}",
    rf"\fcolorbox{{red;background:url({HOST}/x)}}{{red}}{{x}}", rf"\color{{red\" onclick=\"{RUN}}}x",
    *(rf"\text{{{tag}}}" for tag in _TAGS[:12]), *(rf"\mathrm{{{tag}}}" for tag in _TAGS[:3]),
    rf"\text{{&lt;img src=x onerror={RUN}&gt;}}", rf"\text{{&#60;script&#62;{RUN}&#60;/script&#62;}}",
    rf"\operatorname{{<img src=x onerror={RUN}>}}", rf"\hspace{{1em\" onclick=\"{RUN}}}x",
    rf"\rule{{1em}}{{url({HOST})}}", r"\newcommand{\a}{\a\a}\a", r"\unicode{x3c}script\unicode{x3e}",
    rf"\begin{{array}}{{c\" onclick=\"{RUN}}}x\end{{array}}", rf"\label{{<img src=x onerror={RUN}>}}x",
    rf"\tag{{<img src=x onerror={RUN}>}}x", rf"\not<img src=x onerror={RUN}>", "{" * 2_000, r"\sqrt{" * 500,
)  # fmt: skip
_XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
_SHAPES = (
    f"<script>{RUN}</script>", f"<g onclick='{RUN}'/>", f"<rect width='9' height='9' onmouseover='{RUN}'/>",
    f"<image href='{HOST}/x.png' width='9' height='9'/>", f"<image {_XLINK} xlink:href='{HOST}/x.png' width='9'/>",
    f"<use href='{HOST}/x.svg#a'/>", f"<use {_XLINK} xlink:href='data:image/svg+xml,x#a'/>", "<use href='#f'/>",
    f"<rect width='9' height='9' fill='url({HOST}/x.svg#a)'/>", f"<rect fill='URL({HOST}/x)' width='9' height='9'/>",
    f"<rect fill='\\75rl({HOST}/x)' width='9' height='9'/>", f"<rect mask='url({HOST}/x#m)' width='9' height='9'/>",
    f"<path marker-end='url({HOST}/x#m)' d='M0 0L9 9'/>", f"<rect filter='url({HOST}/x#f)' width='9' height='9'/>",
    f"<rect clip-path='url({HOST}/x#f)' width='9' height='9'/>", f"<rect style='fill:url({HOST}/x)' width='9'/>",
    f"<style>@import '{HOST}/x.css'</style>", f"<style>*{{background:url({HOST}/x)}}</style>",
    f"<style>@media (prefers-color-scheme:dark){{#f [fill=\"#111\"]{{fill:url({HOST}/x)}}}}</style>",
    "<style>body{display:none}</style>", f"<a href='javascript:{RUN}'><text>x</text></a>",
    f"<a {_XLINK} xlink:href='javascript:{RUN}'><text>x</text></a>", f"<a href='{HOST}'><text>x</text></a>",
    f"<animate attributeName='href' to='javascript:{RUN}'/>", f"<set attributeName='onclick' to='{RUN}'/>",
    f"<foreignObject><img xmlns='http://www.w3.org/1999/xhtml' src='x' onerror='{RUN}'/></foreignObject>",
    f"<html xmlns='http://www.w3.org/1999/xhtml'><script>{RUN}</script></html>",
    f"<base xmlns='http://www.w3.org/1999/xhtml' href='{HOST}/'/>", f"<base href='{HOST}/'/>",
    f"<meta xmlns='http://www.w3.org/1999/xhtml' http-equiv='refresh' content='0;url={HOST}/'/>",
    f"<form xmlns='http://www.w3.org/1999/xhtml' action='{HOST}/'><button>x</button></form>",
    f"<link xmlns='http://www.w3.org/1999/xhtml' rel='stylesheet' href='{HOST}/x.css'/>",
    f"<text><textPath href='javascript:{RUN}'>x</textPath></text>", f"<discard onbegin='{RUN}'/>",
    f"<g xml:base='{HOST}/'><use href='#a'/></g>", f"<rect fill='image-set(\"{HOST}/x\" 1x)' width='9'/>",
    f"<svg:script xmlns:svg='http://www.w3.org/2000/svg'>{RUN}</svg:script>", f"<pattern href='{HOST}/x#p'/>",
    f"<iframe src='{HOST}/x'/>", f"<feImage href='{HOST}/x.png'/>", f"<handler>{RUN}</handler>",
    f"<!--><img src=x onerror={RUN}>--><rect width='1' height='1'/>", f"<![CDATA[<img src=x onerror={RUN}>]]>",
    f"<text>&lt;img src=x onerror={RUN}&gt;</text>", f"<text><![CDATA[<img src=x onerror={RUN}>]]></text>",
    f"<title><![CDATA[</title><img src=x onerror={RUN}>]]></title>", f"<desc><img src='x' onerror='{RUN}'/></desc>",
    f"<desc>&lt;img src=x onerror={RUN}&gt;</desc>", f"<title><style><img src='x' onerror='{RUN}'/></style></title>",
    f"<metadata><script>{RUN}</script></metadata>", "<metadata>" + "[" * 5_000 + "</metadata>",
    '<metadata>{"model":"a","inputs":"x","columns":[],"rows":[]}</metadata>',
    '<metadata>{"model":"&lt;img src=x&gt;","inputs":{"a":"javascript:x"},"columns":["&lt;b&gt;"],'
    '"rows":[["&lt;b&gt;"]]}</metadata>',
    '<metadata>{"model":"m","inputs":{},"columns":["x"],"rows":[[' + "9" * 5_000 + "]]}</metadata>",
    f"<?xml-stylesheet href='{HOST}/x.css'?><rect width='1' height='1'/>", f"<?php {RUN} ?>",
    "<g>" * 5_000 + "</g>" * 5_000, "<g>" * 50_000, "<rect", "<style>" * 9_000, f"<rect id='a\" onclick=\"{RUN}'/>",
)  # fmt: skip

PAYLOADS: dict[str, tuple[str, ...]] = {
    "text": _TAGS,
    "caption": tuple(tag for tag in _TAGS if '"' not in tag),
    "link": _ADDRESSES,
    "autolink": _ADDRESSES,
    "source": _ADDRESSES,
    "fact": _ADDRESSES,
    "title": _TAGS,
    "term": _TAGS[::3],
    "identifier": _TAGS[::5],
    "formula": _FORMULAS,
    "block formula": _FORMULAS,
    "code": _TAGS[:6],
    "language": tuple(tag.replace(" ", "") for tag in _TAGS[:6]),
    "drawing": _SHAPES,
}


def kinds() -> Iterator[Kind]:
    """One kind for each place."""
    for place, texts in PAYLOADS.items():
        yield Kind(f"markup in a {place}", lambda place=place, texts=texts: _inputs(place, texts), _attempt, few=6)  # type: ignore[misc]


def _inputs(place: str, texts: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, str]]]:
    return ((repr(text[:60]), (place, text)) for text in texts)


def _attempt(given: tuple[str, str]) -> None:
    for path, page in written_pages(*given).items():
        faults = Scan(page.decode()).faults
        if faults:
            raise AssertionError(f"{path} holds {faults[0]}")


def written_pages(place: str, text: str) -> dict[str, bytes]:
    """Pages of a small reference with the text in that place; none where it is refused with file and line."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "reference")
        shutil.copytree(SMALL, root)
        _place(root, place, text)
        try:
            site = site_of(load(root))
            return {path: page for path, page in document_pages(site, "05-caching") if path.endswith(".html")}
        except BadContent as error:
            if not (error.path.startswith("reference/") and error.line >= 1):
                raise
            return {}


def _place(root: Path, place: str, text: str) -> None:
    document = root / "05-Caching-Strategies.md"
    line = _LINES[place].replace("TEXT", text) if place in _LINES else ""
    head, marks = document.read_text(encoding="utf-8").split("[^daily-to-rate]: x", 1)
    document.write_text(f"{head}{line}\n\n[^daily-to-rate]: x{marks}", encoding="utf-8")
    quoted = _quoted(text)
    match place:
        case "drawing":
            drawn = root / "figures" / "05-caching" / "pattern-cache-aside.svg"
            drawn.write_text(drawn.read_text(encoding="utf-8").replace("</svg>", f"{text}\n</svg>"), encoding="utf-8")
        case "source":
            _replace(root / "sources.yaml", '"https://example.org/a?b=1&c=2"', quoted)
        case "title":
            _replace(root / "sources.yaml", '"Scaling <Memcache>"', quoted)
        case "term":
            _replace(root / "glossary.yaml", "[dogpile]", f"[dogpile, {quoted}]")
            _replace(root / "glossary.yaml", "Many requests miss the same expired entry at once.", quoted)
            _replace(root / "symptoms.yaml", '"The database falls over a minute after a deploy"', quoted)
            _replace(root / "plan.yaml", '"Where to keep copies."', quoted)
        case "identifier":
            _replace(root / "glossary.yaml", "cache-stampede:", f"{quoted}:")
        case "fact":
            _replace(
                root / "facts" / "aws-elasticache.yaml", "url: https://docs.aws.amazon.com/limits", f"url: {quoted}"
            )


_LINES = {
    "text": "See TEXT here.",
    "caption": '![TEXT](figures/05-caching/pattern-cache-aside.svg "TEXT")',
    "link": "See [here](<TEXT>) and [there][x].\n\n[x]: <TEXT>",
    "autolink": "See <TEXT> and TEXT here.",
    "formula": "So $TEXT$ holds.",
    "block formula": "$$\nTEXT\n$$",
    "code": "```html\nTEXT\n```\n\nand `TEXT`",
    "language": "```TEXT\nx\n```",
}


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} holds no {old}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def _quoted(text: str) -> str:
    escaped = "".join(f"\\x{ord(sign):02x}" if ord(sign) < 32 else sign for sign in text.replace("\\", "\\\\"))
    return '"' + escaped.replace('"', '\\"') + '"'


class Scan(HTMLParser):
    """What a page holds that none may: elements that run or ask, handlers, styles, addresses off the list."""

    REFUSED = frozenset("iframe object embed base frame frameset image use a:href foreignobject animate set".split())

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag in self.REFUSED or (tag == "meta" and values.get("http-equiv", "").lower() == "refresh"):
            self.faults.append(f"<{tag}>")
        if tag == "script" and not values.get("src", "").startswith("../"):
            self.faults.append("a script that is not the site's")
        for name, value in values.items():
            if name.startswith("on") or name == "style":
                self.faults.append(f"{name} at <{tag}>")
            if name in ("href", "src", "action", "xlink:href", "formaction") and markup.address_fault(value):
                self.faults.append(f"{name}={value!r}")

    handle_startendtag = handle_starttag
