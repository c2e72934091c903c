"""Bad input never gets a traceback: file, line, what was found and what would work."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sysdesign.content import load, located
from sysdesign.content.parsing import parse_document
from sysdesign.errors import BadContent, InvalidInput, SysdesignError, UnknownName

PLAN = (Path(__file__).parents[1] / "checks" / "plan.yaml").read_text()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "reference"
    folder.mkdir()
    (folder / "plan.yaml").write_text(PLAN)
    return folder


def refused(root: Path) -> BadContent:
    with pytest.raises(BadContent) as caught:
        load(root)
    return caught.value


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"plan\.yaml"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "line", "says"),
    [
        ("glossary.yaml", "hit: {term: hit, sentence: S.}\n", 1, "'home' is missing"),
        ("glossary.yaml", "<b>: {term: a, sentence: S., home: x}\n", 1, "letters and digits, joined by hyphens"),
        ("symptoms.yaml", f"{'a' * 101}: {{notice: a, kind: error, section: x}}\n", 1, "letters and digits"),
        ("glossary.yaml", "a: {term: a, sentence: S., home: x}\nb: {term: b, sentense: S., home: x}\n", 2, "sentence"),
        ("glossary.yaml", "a: {term: a, sentence: S., home: x}\n\na: {term: b, sentence: S., home: x}\n", 3, "twice"),
        ("glossary.yaml", "a: {term: a, sentence: S., home: x, linked_in: {b: []}}\n", 1, "'b' is no name"),
        ("glossary.yaml", "a: {term: a, sentence: S., home: x, linked_in: {a: [77-x]}}\n", 1, "document '77-x'"),
        ("glossary.yaml", "a: {term: cell, sentence: S., home: x, other_senses: [jail]}\n", 1, "'jail' holds no name"),
        ("glossary.yaml", "- one\n", 1, "not a mapping"),
        ("glossary.yaml", "a: {term: [1}\n", 1, "not YAML"),
        ("glossary.yaml", "a: !!python/object:os.system x\n", 1, "tag"),
        ("sources.yaml", "p: {author: A, title: T, year: soon, kind: paper, url: u, seen: {url: u, read: full}}\n", 1, "year"),  # noqa: E501
        ("facts/aws-x.yaml", "f: {says: S, class: rumor, url: u, checked: 2026-01-01, seen: {url: u, read: full}}\n", 1, "class"),  # noqa: E501
        ("numbers/05-caching.yaml", "n: {formula: '1', shows: '1', extra: 2}\n", 1, "extra"),
        ("numbers/99-nothing.yaml", "n: {formula: '1', shows: '1'}\n", 1, "belongs to no document"),
        ("claims/05-caching.yaml", "c: {statement: S, section: s, verdict: maybe, date: 2026-01-01}\n", 1, "verdict"),
        ("symptoms.yaml", "a: {notice: N, kind: rumor, section: s}\n", 1, "kind is 'rumor'"),
        ("05-Caching-Strategies.md", "No title here.\n", 1, "title"),
        ("asked/05.yaml", "- everybody at once\n", 1, "not a mapping of anchors to lines"),
        ("asked/05.yaml", "a: everybody at once\n", 1, "'everybody at once' stands where a list of lines"),
        ("asked/05.yaml", "a: []\n", 1, "[] stands where a list of lines"),
        ("asked/05.yaml", "a:\n- slow\nb:\n- 504\n", 4, "the line 504"),
        ("asked/05.yaml", f"a:\n- {'x' * 101}\n", 2, "100 characters at most"),
        ("asked/77.yaml", "a: [slow]\n", 1, "belongs to no document"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_and_remedy(root: Path, name: str, text: str, line: int, says: str) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(text)
    error = refused(root)
    assert (error.path, error.line) == (f"reference/{name}", line)
    assert says in str(error) and error.fix


@pytest.mark.parametrize(
    ("name", "text", "line", "says"),
    [
        ("05.yaml", "- {question: Q, sections: [a#b], tuned: true}\n- {question: Q, tuned: true}\n", 2, "'sections'"),
        ("05.yaml", "- {question: Q, sections: [], tuned: true}\n", 1, "at least 1 item"),
        ("05.yaml", "q: {question: Q, sections: [a#b], tuned: true}\n", 1, "not a list"),
        ("05.yaml", "- Why?\n", 1, "'Why?' stands where"),
        ("77.yaml", "[]\n", 1, "belongs to no document"),
    ],
)
def test_a_faulty_question_bank_is_refused(root: Path, name: str, text: str, line: int, says: str) -> None:
    banks = root.parent / "tests" / "questions"
    banks.mkdir(parents=True)
    (banks / name).write_text(text)
    error = refused(root)
    assert (error.path, error.line) == (f"tests/questions/{name}", line)
    assert says in str(error) and error.fix


def test_question_banks_are_read_by_document(root: Path) -> None:
    assert load(root).questions == {}
    banks = root.parent / "tests" / "questions"
    banks.mkdir(parents=True)
    (banks / "05.yaml").write_text("# Asked in public.\n- {question: Why so?, sections: [05#a, 05#b], tuned: false}\n")
    [question] = load(root).questions["05-caching"]
    assert (question.sections, question.tuned, question.place.line) == (("05#a", "05#b"), False, 2)


def test_how_people_ask_is_read_by_section(root: Path) -> None:
    assert load(root).asked == ()
    (root / "asked").mkdir()
    (root / "asked" / "05.yaml").write_text("# In their words.\na:\n- everybody at once\n- '504'\nb:\n- slow\n")
    first, second = load(root).asked
    assert (first.address, first.lines) == ("05-Caching-Strategies#a", ("everybody at once", "504"))
    assert [place.line for place in (first.place, *first.places)] == [2, 3, 4]
    assert (second.address, second.lines) == ("05-Caching-Strategies#b", ("slow",))


def test_broken_utf8_names_the_line(root: Path) -> None:
    (root / "05-Caching-Strategies.md").write_bytes(b"# Title\n\nfine\n\xff\n")
    error = refused(root)
    assert error.line == 4 and "0xff" in error.found


def test_an_id_in_two_files_is_refused(root: Path) -> None:
    (root / "sources.yaml").write_text(
        "x: {author: A, title: T, year: 2000, kind: paper, url: u, seen: {url: u, read: full}}\n"
    )
    (root / "numbers").mkdir()
    (root / "numbers" / "05-caching.yaml").write_text("x: {formula: '1', shows: '1'}\n")
    assert "stands in reference/sources.yaml:1 too" in str(refused(root))


def test_what_is_quoted_of_a_file_is_shortened(root: Path) -> None:
    (root / "plan.yaml").write_text("?" + " a" * 100_000 + "\n: 1\n")
    with pytest.raises(
        BadContent, match=r"plan\.yaml:1: unknown field 'a a .* … .* The fields are: .*reading_order"
    ) as told:
        load(root)
    assert len(str(told.value)) < 2_000


def test_a_circular_prerequisite_is_refused(root: Path) -> None:
    text = PLAN.replace("prerequisites: []", "prerequisites: [04-databases]", 1)
    head, tail = text.rsplit("prerequisites: []", 1)
    (root / "plan.yaml").write_text(head + "prerequisites: [05-caching]" + tail)
    error = refused(root)
    assert "05-caching -> 04-databases -> 05-caching" in error.found and error.line > 1


@pytest.mark.parametrize("change", ["prerequisites: [none]", "group: other"])
def test_an_unknown_name_in_the_plan_is_refused(root: Path, change: str) -> None:
    key = change.split(":")[0]
    (root / "plan.yaml").write_text(re.sub(rf"{key}: .*", change, PLAN, count=1))
    assert refused(root).path == "reference/plan.yaml"


@pytest.mark.parametrize(
    ("documents", "found"),
    [
        ("[]", "leads nowhere"),
        ("[05-cachin]", "unknown document '05-cachin'"),
        ("[05-caching, 05-caching]", "stands twice"),
        ("[04-databases, 05-caching]", "puts 04-databases before 05-caching"),
    ],
)
def test_a_path_that_leads_astray_is_refused(root: Path, documents: str, found: str) -> None:
    head, tail = PLAN.rsplit("prerequisites: []", 1)
    path = f"paths:\n  - {{id: p, title: P, by: role, sentence: S., documents: {documents}}}\n"
    (root / "plan.yaml").write_text(f"{path}{head}prerequisites: [05-caching]{tail}")
    error = refused(root)
    assert found in error.found and (error.path, error.line) == ("reference/plan.yaml", 2)


def test_planned_documents_are_not_pages(root: Path) -> None:
    (root / "05-Caching-Strategies.md").write_text("# Caching\n\n## Overview\n\nText.\n")
    reference = load(root)
    assert list(reference.documents) == ["05-caching"]
    with pytest.raises(UnknownName, match="planned, not written"):
        reference.section("04-Database-Technologies#sharding")
    with pytest.raises(UnknownName, match="overview"):
        reference.section("05-Caching-Strategies#overvew")
    assert reference.section("caching#overview")[1].title == "Overview"


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_parses_or_is_bad_content(text: str) -> None:
    try:
        located.parse(text, "x.yaml")
    except BadContent as error:
        assert error.line >= 1
    try:
        parse_document(text, "05-caching", "05", "x.md")
    except BadContent as error:
        assert error.fix


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_plan_is_refused_or_read(data: st.DataObject, tmp_path: Path) -> None:
    """Any slice of the plan cut out gives a clear error or a plan, never another exception."""
    start = data.draw(st.integers(0, len(PLAN) - 1))
    end = data.draw(st.integers(start, min(len(PLAN), start + 80)))
    root = tmp_path / "reference"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    (root / "plan.yaml").write_text(PLAN[:start] + PLAN[end:])
    try:
        load(root)
    except SysdesignError as error:
        assert str(error)


@pytest.mark.parametrize(
    "text", ["- x\n" * 120_000, "[" + "{}," * 120_000 + "]", "- &a [" + "x, " * 400 + "]\n" + "- *a\n" * 200]
)
def test_more_values_than_a_file_may_hold_are_refused(text: str) -> None:
    with pytest.raises(BadContent, match="holds more than 50,000 values") as found:
        located.parse(text, "reference/facts/x.yaml")
    assert found.value.line >= 1


def test_a_file_is_read_again_only_after_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(located, "SETTLED_NS", 0)
    path = tmp_path / "a.yaml"
    path.write_text("a: 1")
    times = path.stat()
    assert located.read_text(path, "a.yaml") == "a: 1"
    with monkeypatch.context() as reading:
        reading.setattr(located, "read_bytes", lambda *_: pytest.fail("read again"))
        assert located.read_text(path, "a.yaml") == "a: 1"
    with pytest.raises(BadContent, match="is 4 bytes long"):
        located.read_text(path, "a.yaml", 3)
    time.sleep(0.02)  # a tick of the system's clock
    path.write_text("a: 2")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert located.read_text(path, "a.yaml") == "a: 2"


def test_a_file_that_has_just_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for at in range(50):
        path.write_text(f"a: {at:02}")
        assert located.read_text(path, "a.yaml") == f"a: {at:02}"
