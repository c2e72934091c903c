"""Texts for reading are what a full load gives, kept or not, and nothing odd in the cache folder matters."""

from __future__ import annotations

import io
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from sysdesign.content import load, texts
from sysdesign.content.document import Document
from sysdesign.content.texts import load_texts
from sysdesign.errors import BadContent, UnknownName


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def _without_tokens(document: Document) -> Document:
    return replace(document, tokens=(), sections=tuple(replace(section, tokens=()) for section in document.sections))


def _kept(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


def test_texts_are_those_of_a_full_load_before_and_after_they_are_kept(home: Path) -> None:
    whole = load()
    expected = {slug: _without_tokens(document) for slug, document in whole.documents.items()}
    assert load_texts().documents == expected
    assert [path.name for path in _kept(home)] == sorted(expected)
    again = load_texts()
    assert again.documents == expected
    assert (again.plan, again.terms) == (whole.plan, whole.terms)


def test_kept_texts_are_read_without_parsing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_texts(only="05")
    monkeypatch.setattr(texts, "load_document", lambda *given: pytest.fail("parsed again"))
    assert load_texts(only="05-Caching-Strategies#leases").documents["05-caching"].by_anchor["leases"]


def test_a_changed_document_or_parser_is_parsed_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_texts(only="05")
    [path] = _kept(home)
    before = path.read_bytes()
    monkeypatch.setattr(texts, "_parsers", lambda: b"another")
    assert load_texts(only="05").documents.keys() == {"05-caching"}
    assert path.read_bytes()[:32] != before[:32]


class _Meddled:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path, ("/",)


def _named(name: str) -> bytes:
    """A pickle that asks for one name of the module whose values are kept, through a dot or not."""
    return b"".join(
        (pickle.PROTO, b"\x05", *map(_short, ("sysdesign.content.document", name)), b"\x93", b")", b"R", b".")
    )


def _short(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


@pytest.mark.parametrize("name", ["dataclass", "Document.__init__", "Document.__eq__.__globals__", "nothing"])
def test_only_the_values_of_a_document_are_made(name: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match="no part of a document"):
        texts._Texts(io.BytesIO(_named(name))).load()


@pytest.mark.parametrize("rest", [b"", b"\x80", pickle.dumps(7), pickle.dumps(_Meddled())])
def test_a_damaged_file_is_parsed_anew(home: Path, rest: bytes) -> None:
    expected = load_texts(only="05").documents
    [path] = _kept(home)
    path.write_bytes(path.read_bytes()[:32] + rest)
    assert load_texts(only="05").documents == expected


def test_a_home_that_cannot_be_written_to_is_no_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "file"))
    assert load_texts(only="05").documents


def test_a_folder_of_the_readers_is_not_kept(home: Path, tmp_path: Path) -> None:
    root = tmp_path / "reference"
    root.mkdir()
    (root / "plan.yaml").write_text((Path(__file__).parents[1] / "checks" / "plan.yaml").read_text())
    (root / "05-Caching-Strategies.md").write_text("No title.\n")
    with pytest.raises(BadContent, match="title"):
        load_texts(root)
    with pytest.raises(UnknownName):
        load_texts(root, "nothing")
    assert len(_kept(home)) == 2
