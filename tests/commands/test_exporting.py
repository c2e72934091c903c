"""`sysdesign export`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sysdesign.cli import app
from sysdesign.errors import InvalidInput, MissingTool
from sysdesign.export import cards
from tests.site.conftest import SMALL

CALL = ["--reference", str(SMALL)]


def run(*given: str) -> str:
    result = CliRunner().invoke(app, ["export", *given, *CALL], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_all_kinds_into_a_folder(tmp_path: Path) -> None:
    told = json.loads(run("all", "--out", str(tmp_path / "new"), "--json"))
    assert [each["kind"] for each in told] == ["pdf", "epub", "html", "csv", "anki"]
    assert all(Path(each["path"]).stat().st_size == each["bytes"] > 100 for each in told)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        Path(each["path"]).name for each in told
    )


def test_one_document_into_a_file(tmp_path: Path) -> None:
    run("epub", "05", "--out", str(tmp_path / "caching.epub"))
    assert (tmp_path / "caching.epub").read_bytes()[:2] == b"PK"


def test_a_name_that_ends_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"end it in \.pdf"):
        run("pdf", "--out", str(tmp_path / "book.docx"))
    assert list(tmp_path.iterdir()) == []


def test_a_document_without_a_brief_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="brief"):
        run("pdf", "07", "--briefs", "--out", str(tmp_path))


def test_all_without_the_extra_writes_what_needs_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.setattr(cards, "find_spec", lambda name: None)
    with pytest.raises(MissingTool, match=r"PDF needs(.|\n)*Anki need"):
        run("all", "--out", str(tmp_path))
    assert {path.suffix for path in tmp_path.iterdir()} == {".epub", ".html", ".csv"}
