"""Pages hold together: every link leads somewhere, ids are unique, nothing needs an exception of the policy."""

from __future__ import annotations

import json
import posixpath
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from brotli import compress

from sysdesign.content import Reference, default_root, load
from sysdesign.content.loading import with_document
from sysdesign.content.parsing import parse_document
from sysdesign.errors import BadContent
from sysdesign.site.asset_files import assets
from sysdesign.site.building import scoreboard_of, site_files
from sysdesign.site.code import highlighted
from sysdesign.site.document_page import terms_in_order
from sysdesign.site.pages import render
from tests.reading import whole_reference
from tests.site.conftest import SMALL

CACHING = "05-caching-strategies/index.html"
LINK = re.compile(r'<(?:a|link|script)\b[^>]*?\b(?:href|src)="([^"]*)"')
ID = re.compile(r'\sid="([^"]+)"')


def text(pages: dict[str, bytes], path: str) -> str:
    return pages[path].decode()


def html(pages: dict[str, bytes]) -> dict[str, str]:
    return {path: page.decode() for path, page in pages.items() if path.endswith(".html")}


def test_the_same_reference_gives_the_same_bytes(small: Reference, pages: dict[str, bytes]) -> None:
    assert render(small) == pages


def test_every_relative_link_leads_to_a_page_and_an_anchor(pages: dict[str, bytes]) -> None:
    ids = {path: set(ID.findall(page)) for path, page in html(pages).items()}
    for path, page in html(pages).items():
        for link in map(unquote, LINK.findall(page)):
            parts = urlsplit(link)
            if parts.scheme:
                continue
            assert not link.startswith("/"), f"{path}: {link} would break under a prefix"
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), parts.path)) if parts.path else path
            target = "index.html" if target == "." else target
            target = target if target in pages else f"{target}/index.html"
            assert target in pages, f"{path}: {link}"
            if parts.fragment:
                assert parts.fragment in ids[target], f"{path}: {link}"


def test_ids_are_unique_in_every_page(pages: dict[str, bytes]) -> None:
    for path, page in html(pages).items():
        ids = ID.findall(page)
        assert len(ids) == len(set(ids)), path


def test_no_page_needs_an_exception_of_the_policy(pages: dict[str, bytes]) -> None:
    for path, page in html(pages).items():
        assert (
            "<style" not in page
            and not re.search(r"<[^>]*\sstyle=\"", page)
            and not re.search(r"<[^>]*\son[a-z]+=", page)
        ), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path


def test_nothing_is_loaded_from_another_host(pages: dict[str, bytes]) -> None:
    for path, page in html(pages).items():
        loaded = re.findall(r'<(?:script|img|iframe|source)\b[^>]*\bsrc="([^"]*)"|<link\b[^>]*\bhref="([^"]*)"', page)
        assert not [link for pair in loaded for link in pair if "//" in link], path
    for name in ("site.css", "figures.css"):
        assert "url(" not in text(pages, f"assets/{name}") and "@import" not in text(pages, f"assets/{name}")


def test_a_planned_document_has_a_page_that_says_what_it_will_answer(small: Reference, pages: dict[str, bytes]) -> None:
    page = text(pages, CACHING)
    assert '<a href="../04-database-technologies/" class="doc planned" data-title="Database Technologies"' in page
    planned = text(pages, "04-database-technologies/index.html")
    assert all(topic.topic in planned for topic in small.planned("04-databases").topics)
    assert f"<h1>{small.planned('04-databases').title}</h1>" in planned


def test_the_phrase_is_the_handle_and_its_note_tells_how_it_was_made(pages: dict[str, bytes]) -> None:
    page = text(pages, CACHING)
    assert re.search(r'<a class="ev" id="use:stampede-requests"[^>]*>1,000 requests</a>', page)
    note = page[page.index('<li id="note:stampede-requests"') :].split("</li>")[0]
    assert 'href="../models/caching.stampede/?arrivals_per_s=2000&amp;rebuild_s=0.5"' in note
    assert "Queries per expiry" in note and "<dd>2,000/s</dd>" in note and "<dd>0.5 s</dd>" in note
    assert "Checked November 23, 2026" in page and "Nishtala, Fugal: " in page


def test_text_from_records_is_escaped(pages: dict[str, bytes]) -> None:
    page = text(pages, CACHING)
    assert "Scaling &lt;Memcache&gt;" in page and "<Memcache>" not in page
    assert 'href="https://example.org/a?b=1&amp;c=2"' in page


def test_terms_are_marked_once_a_section_and_not_where_they_are_explained(pages: dict[str, bytes]) -> None:
    body = text(pages, CACHING).split('<div class="prose">')[1].split("</article>")[0]
    overview, rest = body.split('id="core-concepts"')
    concepts, stampede = rest.split('id="cache-stampede"')
    assert 'href="#term:origin"' not in overview and 'href="#term:hit-ratio"' in overview
    assert concepts.count('href="#term:origin"') == 1 and 'href="#term:hit-ratio"' not in concepts
    assert stampede.count('href="#term:origin"') == 1 and 'href="#term:cache-stampede"' not in stampede


def test_the_terms_of_a_page_stand_in_the_order_that_the_reader_sees() -> None:
    found = terms_in_order(whole_reference(), ["lru", "message-log", "cache-lease"])
    assert found == ["cache-lease", "message-log", "lru"]  # lease, log, LRU


def test_a_chart_has_its_data_and_its_panel(pages: dict[str, bytes]) -> None:
    page = text(pages, CACHING)
    figure = page[page.index('<figure class="figure chart"') :].split("</figure>")[0]
    assert 'data-model="caching.stampede"' in figure and "Use your numbers" in figure
    assert "<summary>Data as a table</summary>" in figure and figure.count("<tr>") > 40
    assert "No protection" in figure.split("<thead>")[1].split("</thead>")[0]


def test_tables_keep_their_sides_and_name_their_frame(pages: dict[str, bytes]) -> None:
    page = text(pages, CACHING)
    assert '<div class="frame" role="region" tabindex="0" aria-label="What each remedy costs">' in page
    assert '<th scope="col" class="right">Queries per expiry</th>' in page
    assert '<td class="center">no</td>' in page


def test_math_is_markup_of_the_browsers_own(pages: dict[str, bytes]) -> None:
    assert '<math display="block">' in text(pages, CACHING) and "$" not in text(pages, CACHING).split("<title>")[1]


def test_code_tells_its_kinds_of_words_apart_without_a_script(pages: dict[str, bytes]) -> None:
    page = text(pages, CACHING)
    assert '<span class="n">Cache-Control</span>: max-age=60' in page
    assert '<span class="n">"id"</span>: <span class="m">42</span>' in page
    assert '<span class="s">"&lt;b&gt;"</span>' in page
    assert "<code>GET /item/42\n</code>" in page


def test_code_is_kept_as_it_is_written() -> None:
    for language in ("http", "sql", "graphql", "text", "no-such-language", ""):
        for code in ("  a < b && 'c'\n\n", "\nGET / HTTP/1.1\n", "", 'é "x'):
            assert unescape(re.sub(r"<[^>]*>", "", highlighted(code, language))) == code


def test_the_home_page_lists_what_people_notice_and_no_program_text(pages: dict[str, bytes]) -> None:
    page = text(pages, "index.html")
    assert "The database falls over a minute after a deploy" in page and "WRONGTYPE" not in page


def test_the_home_page_has_three_ways_in(pages: dict[str, bytes]) -> None:
    page = text(pages, "index.html")
    for way in ('href="#map"', 'href="#decisions"', 'href="#symptoms"'):
        assert way in page
    assert 'href="./05-caching-strategies/#cache-stampede"' in page and 'href="./decisions/remedy/"' in page


def test_previous_and_next_follow_the_reading_order(pages: dict[str, bytes]) -> None:
    assert 'rel="next" href="../07-resilience-patterns/"' in text(pages, CACHING)
    assert 'rel="prev" href="../05-caching-strategies/"' in text(pages, "07-resilience-patterns/index.html")


def test_a_decision_page_says_its_rules(pages: dict[str, bytes]) -> None:
    page = text(pages, "decisions/remedy/index.html")
    assert "<code>traffic.reads_per_s &gt; 1000/s</code>" in page and "One expiry sends the origin more" in page
    assert 'data-option="lock" data-href="../../05-caching-strategies/#cache-stampede"' in page


def test_the_scoreboard_is_shown_as_the_checks_wrote_it(small: Reference) -> None:
    documents = [
        {"slug": "04-databases", "title": "", "written": False, "missing": {}},
        {"slug": "05-caching", "title": "", "written": True, "missing": {"links": 2, "facts": 0}},
    ]
    missing = [{"rule": "broken-link", "place": "a.md:3", "message": "<x>"}]
    board = {"criteria": ["links", "facts"], "documents": documents, "missing": missing}
    page = render(small, scoreboard=board)["checks/index.html"].decode()
    assert '<td class="missed">2 missing</td><td class="met">met</td>' in page
    assert "<code>a.md:3</code>" in page and "&lt;x&gt;" in page
    assert 'class="planned">planned</td>' in page and 'class="planned">not checked yet</td>' in page


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("See [it](04-Nowhere.md).", "04-Nowhere.md"),
        ("See [it](../secret.txt).", "secret.txt"),
        ("See [it](05-Caching-Strategies.md#nowhere).", "nowhere"),
        ("Text.[^nobody]\n\n[^nobody]: x", "nobody"),
        ('Before ![a](figures/05-caching/stampede-size.svg "b") after.', "image within a sentence"),
        ('![a](figures/05-caching/not-there.svg "b")', "not-there.svg"),
        ("A $\\left( x$ formula.", "formula"),
    ],
)
def test_what_would_break_a_page_is_refused_with_its_place(line: str, found: str, small: Reference) -> None:
    source = f"# Caching Strategies\n\n## Overview\n\n{line}\n"
    document = parse_document(source, "05-caching", "05-Caching-Strategies", "reference/05-Caching-Strategies.md")
    with pytest.raises(BadContent, match=re.escape(found)) as caught:
        render(with_document(replace(small, terms={}, symptoms=()), document))
    assert caught.value.path == "reference/05-Caching-Strategies.md" and caught.value.line == 5


@pytest.mark.parametrize(
    ("file", "old"),
    [
        ("symptoms.yaml", "04-Database-Technologies#reads"),
        ("glossary.yaml", "05-Caching-Strategies#cache-stampede"),
        ("decisions/remedy.yaml", "05-Caching-Strategies"),
    ],
)
@pytest.mark.parametrize("new", ["99-Nothing#a", "05-Caching-Strategies#nothing", "<img src=x>", "javascript:x"])
def test_a_record_that_names_no_section_is_told_with_its_line(file: str, old: str, new: str, tmp_path: Path) -> None:
    root = tmp_path / "reference"
    shutil.copytree(SMALL, root)
    text = (root / file).read_text(encoding="utf-8")
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(BadContent, match=r"there is no|has no section|does not hold") as caught:
        site_files(load(root))
    assert (caught.value.path, caught.value.line) == (f"reference/{file}", line)


def test_raw_html_stays_text(small: Reference) -> None:
    line = "<script>alert(1)</script> and [x](javascript:alert(1)) <b>y</b>"
    source = f"# Caching Strategies\n\n## Overview\n\n{line}\n\n## Cache stampede\n"
    document = parse_document(source, "05-caching", "05-Caching-Strategies", "reference/05-Caching-Strategies.md")
    page = render(with_document(replace(small, terms={}, symptoms=()), document))[CACHING].decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and 'href="javascript:' not in page


def test_our_scripts_stay_small() -> None:
    scripts = {name: content for name, content in assets().items() if name.endswith(".js")}
    weights = {name: len(compress(content)) for name, content in scripts.items()}
    engine = ("search.js", "spelling.js")  # as the chart engine, at first use
    assert sum(weights.values()) - sum(weights[name] for name in engine) < 28_000
    at_once = ("site.js", "element.js", "theme.js", "progress.js")  # by a document, before anything is clicked
    assert sum(weights[name] for name in at_once) < 8_000


def test_documents_stay_within_their_weight(whole_pages: dict[str, bytes]) -> None:
    reference = whole_reference()
    shared = sum(len(compress(whole_pages[f"assets/{name}"])) for name in SHARED)
    for slug in reference.documents:
        path = f"{reference.planned(slug).name.lower()}/index.html"
        page = whole_pages[path].decode()
        bare = re.sub(r'<svg\b[^>]*class="drawing".*?</svg>', "", page, flags=re.DOTALL)
        assert can_be_sent_in(90_000 - shared, bare), path
        assert can_be_sent_in(200_000 - shared, page), path


def can_be_sent_in(most: int, page: str) -> bool:
    """The best quality takes twenty times as long; it is tried where a lower one does not do."""
    return any(len(compress(page.encode(), quality=quality)) <= most for quality in (5, 11))


SHARED = ("site.css", "figures.css", "theme.js", "site.js", "element.js", "icon.svg")


def test_the_assets_that_pages_name_are_there(pages: dict[str, bytes]) -> None:
    folder = Path(__file__).parents[2] / "src" / "sysdesign" / "site" / "assets"
    assert sorted(path.name for path in folder.iterdir()) == sorted(assets())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<<<<<<< ours", "Invalid JSON"),
        ("[]", "object"),
        ('{"criteria": [], "documents": [{"slug": "05-caching"}], "missing": []}', "documents.0.title: Field required"),
        ('{"criteria": [], "documents": [], "missing": [7]}', "missing.0: "),
        ('{"criteria": [], "documents": []}', "missing: Field required"),
    ],
)
def test_a_damaged_scoreboard_is_named(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "scoreboard.json").write_text(text)
    with pytest.raises(BadContent, match=re.escape(found)):
        scoreboard_of(tmp_path)


def test_the_scoreboard_that_check_writes_is_read(tmp_path: Path) -> None:
    assert scoreboard_of(tmp_path) is None
    assert scoreboard_of(default_root()) == json.loads((default_root() / "scoreboard.json").read_text())


def test_long_code_is_in_one_color_whatever_its_language() -> None:
    """Some languages' patterns take the square of a text."""
    assert "<span" in highlighted("int a = 1; // one\n", "java")
    assert highlighted("// one\n" * 20_000, "java") == "// one\n" * 20_000


def test_no_heading_can_take_the_place_of_a_part_of_the_page(pages):
    """Whatever a heading says, its anchor has no colon, and a page's own parts have one."""
    page = pages["05-caching-strategies/index.html"].decode()
    headings = set(re.findall(r'<h[1-6] id="([^"]+)"', page))
    parts = set(re.findall(r'<(?:main|nav|dialog|form|section)\b[^>]* id="([^"]+)"', page))
    assert {"page:main", "page:outline", "page:documents"} <= parts and all(":" in part for part in parts - headings)
