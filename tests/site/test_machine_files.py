"""What programs read: links hold, every record has an address that is there, the map names the pages."""

from __future__ import annotations

import json
import posixpath
import re
import struct
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from sysdesign.cli import app
from sysdesign.content import Reference
from sysdesign.errors import InvalidInput
from sysdesign.site import cards
from sysdesign.site.building import site_address
from sysdesign.site.machine_files import markdown
from sysdesign.site.pages import render
from tests.site.test_pages import ID

FOLDER = "05-caching-strategies"
LINK = re.compile(r"\]\(([^)\s]+)")
ADDRESS = "https://example.org/design/"


def reached(pages: dict[str, bytes], start: str, link: str) -> bool:
    """Whether a relative link from the file at `start` leads to a file of the site, and to its anchor."""
    path, _, anchor = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(start), path)) if path else start
    target = {".": "index.html"}.get(target, target)
    target = target if target in pages else f"{target}/index.html"
    if target.endswith("index.md"):  # a heading has its anchor on the page
        target = target.removesuffix("md") + "html"
    return target in pages and (not anchor or anchor in set(ID.findall(pages[target].decode())))


def test_each_figure_and_link_of_a_line_is_told_apart(small: Reference) -> None:
    text = '![a](x.svg "one \\" two")![](y.svg)[c](#d) [e](https://e.example/f_(g)) ![h]('
    told = '*Figure: one \\" two* a*Figure: *[c](#d) [e](https://e.example/f_(g)) ![h]('
    assert markdown(small, text, "../") == told


def test_links_in_markdown_lead_to_files_and_headings(pages: dict[str, bytes]) -> None:
    files = [path for path in pages if path.endswith((".md", "llms.txt"))]
    assert f"{FOLDER}/index.md" in files
    for path in files:
        for link in LINK.findall(pages[path].decode()):
            assert link.startswith("https:") or reached(pages, path, link), f"{path}: {link}"


def test_every_record_has_an_address_that_is_there(pages: dict[str, bytes], small: Reference) -> None:
    told = json.loads(pages[f"{FOLDER}/index.json"])
    kinds = ("sections", "claims", "numbers", "facts")
    found = [record["page"] for kind in kinds for record in told[kind]]
    assert len(found) > len(told["sections"]) > 0 and told["claims"] and told["numbers"]
    for page in found:
        assert reached(pages, f"{FOLDER}/index.html", page), page
    for name, ids in (("facts", small.facts), ("glossary", small.terms)):
        records = json.loads(pages[f"{name}/index.json"])
        assert [record["id"] for record in records] == list(ids)
        assert all(reached(pages, "facts/index.json", record["page"]) for record in records)


def test_the_sections_hold_the_whole_text(pages: dict[str, bytes]) -> None:
    told = json.loads(pages[f"{FOLDER}/index.json"])
    text = pages[f"{FOLDER}/index.md"].decode()
    whole = "".join(section["markdown"] for section in told["sections"])
    assert "".join(whole.split()) == "".join(text.split())


def test_code_is_left_as_it_is_and_figures_are_told_in_words(small: Reference) -> None:
    text = '![Two boxes.](figures/05-caching/x.svg "What to \\"see\\".")\n\n```text\n[a](b.md)\n```\n'
    assert markdown(small, text, "../") == '*Figure: What to \\"see\\".* Two boxes.\n\n```text\n[a](b.md)\n```\n'


def test_full_addresses_stand_where_the_address_is_known(small: Reference, pages: dict[str, bytes]) -> None:
    assert "sitemap.xml" not in pages and b"canonical" not in pages["index.html"]
    known = render(small, address=ADDRESS)
    rows = [row.text or "" for row in ElementTree.fromstring(known["sitemap.xml"]).iter() if row.tag.endswith("loc")]
    htmls = {path.removesuffix("index.html") for path in known if path.endswith("index.html")} - {"search/"}
    assert {row.removeprefix(ADDRESS) for row in rows} == htmls
    assert f'href="{ADDRESS}{FOLDER}/"'.encode() in known[f"{FOLDER}/index.html"]
    assert f"Sitemap: {ADDRESS}sitemap.xml" in known["robots.txt"].decode()


def test_a_link_to_a_page_shows_the_picture_of_its_document(small: Reference, pages: dict[str, bytes]) -> None:
    assert "card.png" not in pages and b"og:image" not in pages["index.html"]
    known = render(small, address=ADDRESS)
    htmls = {path: page.decode() for path, page in known.items() if path.endswith(".html")}
    shown = {
        path: page.partition(f'"og:image" content="{ADDRESS}')[2].partition('"')[0] for path, page in htmls.items()
    }
    assert shown["index.html"] == shown["facts/index.html"] == "card.png"
    assert shown[f"{FOLDER}/index.html"] == shown[f"{FOLDER}/evidence/index.html"] == f"{FOLDER}/card.png"
    for path in set(shown.values()):
        content = known[path]
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">II", content[16:24]) == (1200, 630)


def test_a_picture_holds_long_and_hostile_texts() -> None:
    drawn = cards._drawn("Name", "<script>&" + "word " * 100, "one " * 300)
    lines = [part.text or "" for part in drawn if part.tag == "text"]
    assert lines[0].startswith("<script>&word") and lines[2].endswith(cards.BEYOND) and len(lines) == 7
    assert lines[5].endswith(cards.BEYOND)
    assert cards.card("Name", "<script>&", "]]>")[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "address", ["example.org", "ftp://example.org/", "https://", "https://a.b/?x=1", "javascript:1"]
)
def test_an_address_that_is_none_of_a_site_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match=r"https://example\.org"):
        site_address(address)
    assert CliRunner().invoke(app, ["build", "--address", address]).exit_code != 0
