"""A drawing is stale exactly when its source would give another one."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from sysdesign.checks import Finding, check
from sysdesign.content import load
from sysdesign.draw import diagrams
from sysdesign.draw.figures import draw
from sysdesign.errors import MissingTool

CHART = """title: One expiry, many queries
model: caching.stampede
sweep: {input: arrivals_per_s, from: 1, to: 1000, points: 10, scale: log}
x: arrivals_per_s
y: requests_per_expiry
marks: [{x: 100, label: "here"}]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A reference with one diagram and one chart, both drawn."""
    folder = tmp_path / "reference" / "figures" / "05-caching"
    folder.mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "plan.yaml", tmp_path / "reference" / "plan.yaml")
    (folder / "chart.yaml").write_text(CHART)
    (folder / "diagram.d2").write_text("a: Web\nb: Cache\na -> b: asks\n")
    (tmp_path / "reference" / "05-Caching-Strategies.md").write_text(
        '# Caching\n\n![Two boxes](figures/05-caching/diagram.svg "The cache answers.")\n'
    )
    draw(tmp_path / "reference")
    return tmp_path / "reference"


def stale(root: Path, *documents: str) -> list[Finding]:
    wanted = documents or None
    return list(check(load(root), today=dt.date(2026, 11, 23), documents=wanted, only=["stale-drawing"]))


def test_what_was_just_drawn_is_not_stale(root: Path) -> None:
    assert stale(root) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("diagram.d2", "Cache", "Caches"),
        ("diagram.d2", "asks", "ask"),
        ("chart.yaml", "One expiry", "An expiry"),
        ("chart.yaml", "here", "there"),
        ("chart.yaml", "to: 1000", "to: 2000"),
        ("chart.yaml", "y: requests_per_expiry", "y: duplicates_per_expiry"),
    ],
)
def test_one_edit_without_drawing_again_is_found(root: Path, name: str, old: str, new: str) -> None:
    source = root / "figures" / "05-caching" / name
    source.write_text(source.read_text().replace(old, new))
    assert [str(finding.place) for finding in stale(root)] == [f"reference/figures/05-caching/{name}:1"]
    assert stale(root, "04-databases") == []
    draw(root)
    assert stale(root) == []


def test_an_edited_drawing_is_found_though_its_source_is_as_it_was(root: Path) -> None:
    drawing = root / "figures" / "05-caching" / "chart.svg"
    drawing.write_bytes(drawing.read_bytes().replace(b"here", b"hexe"))
    assert [finding.place.path for finding in stale(root)] == ["reference/figures/05-caching/chart.yaml"]


def test_a_changed_description_is_found(root: Path) -> None:
    document = root / "05-Caching-Strategies.md"
    document.write_text(document.read_text().replace("Two boxes", "Two boxes and an arrow"))
    assert [finding.place.path for finding in stale(root)] == ["reference/figures/05-caching/diagram.d2"]


def test_a_drawing_without_a_source_is_found(root: Path) -> None:
    (root / "figures" / "05-caching" / "diagram.d2").unlink()
    assert [finding.message for finding in stale(root)] == ["the drawing has no source"]


def test_without_the_compiler_nothing_passes_for_checked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise MissingTool("the diagram compiler d2 is not installed. Install it")

    monkeypatch.setattr(diagrams, "compiler", missing)
    (finding,) = stale(root)
    assert (finding.severity, finding.fix) == ("error", "Install it")
