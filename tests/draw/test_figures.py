"""The figures of the reference: from sources to committed drawings, and a changed label that is found."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sysdesign.checks import stale_drawing
from sysdesign.content import default_root, load
from sysdesign.draw import figures
from sysdesign.draw.chart_rows import Row, table_rows
from sysdesign.draw.chart_spec import chart_spec, parse
from sysdesign.draw.charts import chart_svg
from sysdesign.draw.figures import draw, redrawn, sources, words_of
from sysdesign.draw.svg import tag
from sysdesign.errors import BadContent, UnknownName

ROOT = default_root()
SOURCES = sources(ROOT)
DIAGRAMS = sorted(name for name, path in SOURCES.items() if path.suffix == ".d2")
CHARTS = sorted(name for name, path in SOURCES.items() if path.suffix == ".yaml")
WORDS = words_of(load(ROOT).documents.values())
# Labels that a reader sees: after a colon, between quotes or bare, on a line that opens or names something.
LABEL = re.compile(
    r'^(?P<before>[^#\n|]*?(?<![.\w])[\w.<>\- "]+: )(?P<label>(?:"\s*[A-Za-z0-9]|[A-Z0-9])[A-Za-z ]+)', re.MULTILINE
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A reference with two figures and a document that shows them."""
    folder = tmp_path / "reference" / "figures" / "05-caching"
    folder.mkdir(parents=True)
    (folder.parent / "style.d2").write_text("classes: {cache: {shape: hexagon}}\n")
    (folder / "one.d2").write_text("...@../style\na: Web -> b: Cache {class: cache}\n".replace(" -> b", "\nb"))
    (folder / "two.d2").write_text("x -> y: asks\n")
    (tmp_path / "reference" / "05-Caching-Strategies.md").write_text(
        '# Caching\n\n![Two boxes](figures/05-caching/one.svg "A cache stands behind.")\n'
    )
    return tmp_path / "reference"


def test_only_what_changed_is_written(copy: Path) -> None:
    assert [(drawn.name, drawn.changed) for drawn in draw(copy)] == [("05-caching/one", True), ("05-caching/two", True)]
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*.svg")}
    assert [drawn.changed for drawn in draw(copy)] == [False, False]
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*.svg")} == before
    (copy / "figures" / "05-caching" / "two.d2").write_text("x -> y: answers\n")
    assert [drawn.name for drawn in draw(copy) if drawn.changed] == ["05-caching/two"]
    assert not list(copy.rglob(".*"))


def test_the_document_gives_title_and_description(copy: Path) -> None:
    root = ElementTree.fromstring(redrawn(copy, "05-caching/one"))
    assert [root.findtext(tag(name)) for name in ("title", "desc")] == ["A cache stands behind.", "Two boxes"]
    assert ElementTree.fromstring(redrawn(copy, "05-caching/two")).findtext(tag("title")) == "05-caching/two"


def test_a_changed_style_changes_every_figure_that_uses_it(copy: Path) -> None:
    draw(copy)
    (copy / "figures" / "style.d2").write_text("classes: {cache: {shape: cylinder}}\n")
    assert [drawn.name for drawn in draw(copy) if drawn.changed] == ["05-caching/one"]


def test_one_bad_figure_does_not_keep_the_others_from_being_drawn(copy: Path) -> None:
    (copy / "figures" / "05-caching" / "one.d2").write_text("a: {shape: nothing}\n")
    with pytest.raises(BadContent, match="05-caching/one"):
        draw(copy)
    assert (copy / "figures" / "05-caching" / "two.svg").is_file()
    assert not (copy / "figures" / "05-caching" / "one.svg").exists()


def test_a_failed_write_leaves_the_old_drawing(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(copy)
    old = (copy / "figures" / "05-caching" / "two.svg").read_bytes()
    (copy / "figures" / "05-caching" / "two.d2").write_text("x -> y: answers\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figures.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        draw(copy)
    assert (copy / "figures" / "05-caching" / "two.svg").read_bytes() == old
    assert not list(copy.rglob(".*"))


@pytest.mark.parametrize(
    "name", ["05-caching/one", "figures/05-caching/one.svg", "reference/figures/05-caching/one.d2"]
)
def test_a_figure_is_named_in_any_usual_way(copy: Path, name: str) -> None:
    assert [drawn.name for drawn in draw(copy, [name])] == ["05-caching/one"]


def test_an_unknown_figure_names_the_nearest(copy: Path) -> None:
    with pytest.raises(UnknownName, match="05-caching/one"):
        draw(copy, ["05-caching/on"])
    with pytest.raises(UnknownName, match="05-caching/two"):
        redrawn(copy, "05-caching/tow")


def test_a_name_for_both_a_diagram_and_a_chart_is_refused(copy: Path) -> None:
    (copy / "figures" / "05-caching" / "one.yaml").write_text("title: x\n")
    with pytest.raises(BadContent, match="same name"):
        redrawn(copy, "05-caching/one")


@pytest.mark.parametrize("name", SOURCES)
def test_every_drawing_is_what_its_source_gives(name: str) -> None:
    """One by one, so that the cores share them."""
    assert stale_drawing.fault(ROOT, name, SOURCES[name], WORDS) is None


def test_every_drawing_has_a_source() -> None:
    drawings = (path.relative_to(ROOT / "figures").with_suffix("") for path in (ROOT / "figures").glob("*/*.svg"))
    assert {name.as_posix() for name in drawings} == set(SOURCES)


@pytest.mark.parametrize("name", DIAGRAMS)
def test_every_diagram_is_drawn_again_when_one_label_changes(name: str, tmp_path: Path) -> None:
    root = tmp_path / "reference"
    source = root / "figures" / f"{name}.d2"
    source.parent.mkdir(parents=True)
    shutil.copy(ROOT / "figures" / "style.d2", root / "figures" / "style.d2")
    shutil.copy(SOURCES[name], source)
    text = source.read_text(encoding="utf-8")
    labels = list(LABEL.finditer(text))
    assert labels, f"no label found in {name}.d2"
    source.write_text(text[: labels[-1].end()] + "s" + text[labels[-1].end() :], encoding="utf-8")
    # that what is committed is what the label as it stands gives, the test above says
    assert redrawn(root, name, WORDS) != SOURCES[name].with_suffix(".svg").read_bytes()


def rows_of(name: str) -> list[Row]:
    """The rows that the committed drawing carries."""
    data = json.loads(ElementTree.parse(SOURCES[name].with_suffix(".svg")).getroot().findtext(tag("metadata")) or "")
    return table_rows(chart_spec(SOURCES[name], name), data["rows"])


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_drawn_again_when_one_label_changes(name: str) -> None:
    rows = rows_of(name)
    text = SOURCES[name].read_text(encoding="utf-8")
    before = chart_svg(parse(text, name), rows, name)
    labels = list(re.finditer(r"^title: (.+)$|label: \"?([^\",}]+)", text, re.MULTILINE))
    assert labels
    for label in {labels[0], labels[-1]}:
        at = label.end(1) if label[1] else label.end(2)
        end = at - 1 if text[at - 1] in "\"'" else at
        changed = parse(f"{text[:end]}s{text[end:]}", name)
        assert chart_svg(changed, rows, name) != before, label.group()


def test_every_drawing_is_whole_and_asks_no_other_host() -> None:
    for name, source in SOURCES.items():
        content = source.with_suffix(".svg").read_bytes()
        root = ElementTree.fromstring(content)
        assert root.get("role") == "img" and root.findtext(tag("title")), name
        assert all(float(size) > 0 for size in root.attrib["viewBox"].split()[2:]), name
        for refused in (b"@font-face", b"base64", b"<script", b"<image", b"foreignObject", b"url(http"):
            assert refused not in content, name
        assert len(content) < 60_000, name


def test_every_figure_that_a_document_shows_has_a_source() -> None:
    assert set(WORDS) <= set(load(ROOT).figures)
