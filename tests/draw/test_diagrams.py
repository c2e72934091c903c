"""Diagrams: from a source to SVG without fonts, style sheets, animation or other hosts."""

from __future__ import annotations

import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sysdesign.draw import diagrams
from sysdesign.draw.diagrams import compiler, diagram
from sysdesign.draw.svg import tag
from sysdesign.errors import BadContent, MissingTool

SOURCE = """...@../style
client: Client {class: client}
zone: Zone A {
  cache: "A cache\\nof two lines" {class: cache}
}
client -> zone.cache: get {style.animated: true}
note: |md
  **Bold** and *plain* words
|
"""
STYLE = """classes: {
  client: {shape: oval; style: {stroke: "#6b7684"}}
  cache: {shape: hexagon; style: {stroke: "#c97700"; font-size: 18}}
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "style.d2").write_text(STYLE)
    (tmp_path / "05-caching").mkdir()
    return tmp_path / "05-caching"


def drawn(folder: Path, source: str = SOURCE, name: str = "a") -> bytes:
    path = folder / f"{name}.d2"
    path.write_text(source)
    return diagram(path, f"05-caching/{name}", "A caption", "A description")


def test_it_is_plain_and_small(folder: Path) -> None:
    content = drawn(folder)
    for refused in (b"@font-face", b"base64", b"keyframes", b"animation", b"<image", b"http://www.w3.org/1999/xhtml"):
        assert refused not in content
    assert content.count(b"http") == content.count(b"http://www.w3.org/")
    assert len(content) < 8000
    texts = "".join(ElementTree.fromstring(content).itertext())
    for label in ("Client", "Zone A", "A cache", "of two lines", "get", "Bold", " words"):
        assert label in texts


def test_the_same_source_gives_the_same_bytes(folder: Path) -> None:
    assert drawn(folder) == drawn(folder)


def test_a_changed_label_gives_other_bytes(folder: Path) -> None:
    assert drawn(folder) != drawn(folder, SOURCE.replace("Client {", "Clients {"))


def test_two_figures_share_no_id(folder: Path) -> None:
    ids = [
        {element.get("id") for element in ElementTree.fromstring(drawn(folder, name=name)).iter() if element.get("id")}
        for name in ("a", "b")
    ]
    assert not ids[0] & ids[1]


def test_text_is_set_smaller_than_it_was_measured(folder: Path) -> None:
    root = ElementTree.fromstring(drawn(folder))
    sizes = {"".join(text.itertext()): float(text.get("font-size", "0")) for text in root.iter(tag("text"))}
    assert sizes["Client"] == pytest.approx(16 * diagrams.TEXT_SCALE)
    assert sizes["Zone A"] == diagrams.LARGEST_TEXT
    assert max(sizes.values()) <= diagrams.LARGEST_TEXT


def test_runs_of_one_line_follow_each_other(folder: Path) -> None:
    root = ElementTree.fromstring(drawn(folder))
    line = next(text for text in root.iter(tag("text")) if "words" in "".join(text.itertext()))
    assert "".join(line.itertext()) == "Bold and plain words"
    assert [span.get("font-weight") for span in line] == ["bold", *[None] * (len(line) - 1)]


@pytest.mark.parametrize(
    ("source", "line", "found"),
    [
        ("a: {\n  b\n", 1, "terminated"),
        ("a\nb -> c: {style.opacity: 7}\n", 2, "opacity"),
        ("...@../nothing\n", 1, "nothing"),
        ("a\nb: {shape: octagon}\n", 2, "octagon"),
    ],
)
def test_a_bad_source_is_an_error_at_its_line(folder: Path, source: str, line: int, found: str) -> None:
    with pytest.raises(BadContent, match=found) as caught:
        drawn(folder, source)
    assert (caught.value.path, caught.value.line) == ("reference/figures/05-caching/a.d2", line)


def test_an_error_in_the_style_file_names_the_style_file(folder: Path) -> None:
    (folder.parent / "style.d2").write_text('classes: {\n  client: {style.fill: "no color"}\n}\n')
    with pytest.raises(BadContent) as caught:
        drawn(folder)
    assert (caught.value.path, caught.value.line) == ("reference/figures/style.d2", 2)


def test_without_the_compiler_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    compiler.cache_clear()
    try:
        with pytest.raises(MissingTool, match=r"pip install"):
            compiler()
    finally:
        compiler.cache_clear()


@pytest.mark.parametrize("script", ["#!/bin/sh\necho v0.1.0\n", "#!/bin/sh\nexit 3\n"])
def test_another_version_of_the_compiler_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str
) -> None:
    (tmp_path / "d2").write_text(script)
    (tmp_path / "d2").chmod(stat.S_IRWXU)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    compiler.cache_clear()
    try:
        with pytest.raises(MissingTool, match=diagrams.VERSION.replace(".", r"\.")):
            compiler()
    finally:
        compiler.cache_clear()


def test_settings_of_the_environment_do_not_change_a_drawing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawn(folder)
    for name, value in (("D2_LAYOUT", "dagre"), ("D2_SKETCH", "true"), ("D2_PAD", "90"), ("D2_THEME", "4")):
        monkeypatch.setenv(name, value)
    assert drawn(folder) == before
