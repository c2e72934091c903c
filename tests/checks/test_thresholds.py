"""Where a rule asks for a number of things: that many are enough, one fewer is found."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from sysdesign.checks import check
from sysdesign.content import load
from tests.reading import write_reference

TODAY = dt.date(2026, 11, 23)
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"/>'
SOURCED = "As the paper has it.[^paper]"


def found(rule: str, root: Path, text: str, **files: str) -> list[str]:
    """What the rule says of a document with this text."""
    write_reference(root, **{"05-Caching-Strategies.md": f"# Caching Strategies\n\n{text}\n", **files})
    return [finding.message for finding in check(load(root), today=TODAY, only=[rule])]


def drawings(diagrams: int, charts: int) -> dict[str, str]:
    names = [(f"d{n}", ".d2") for n in range(diagrams)] + [(f"c{n}", ".yaml") for n in range(charts)]
    return {
        f"figures/05-caching/{name}{suffix}": text
        for name, kind in names
        for suffix, text in ((kind, "a: b\n"), (".svg", DRAWING))
    }


def picture(name: str) -> str:
    return f'![A client asks a cache](figures/05-caching/{name}.svg "See this.")\n\n'


TABLE = "| A | B |\n| - | - |\n| x | y |\n\n"
QUESTION = "#### Redis or Memcached {n}?\n\n{answer}\n\nSee [Common questions](#common-questions).\n\n"


@pytest.mark.parametrize(
    ("words", "message"), [(60, []), (61, ["'Redis or Memcached 0?' has a short answer of 61 words"])]
)
def test_a_short_answer(tmp_path: Path, words: int, message: list[str]) -> None:
    answers = [" ".join(["word"] * words)] + ["Either."] * 17
    questions = "".join(QUESTION.format(n=n, answer=answer) for n, answer in enumerate(answers))
    text = f"## Common Pitfalls\n\n### Common Questions\n\n{questions}"
    assert found("few-questions", tmp_path, text) == message


@pytest.mark.parametrize(
    ("diagrams", "charts", "tables", "message"),
    [
        (6, 2, 5, []),
        (5, 2, 5, ["has 5 diagrams; 6 is the least"]),
        (6, 1, 5, ["has 1 charts; 2 is the least"]),
        (6, 2, 4, ["has 4 tables; 5 is the least"]),
    ],
)
def test_visuals(tmp_path: Path, diagrams: int, charts: int, tables: int, message: list[str]) -> None:
    names = [f"d{n}" for n in range(diagrams)] + [f"c{n}" for n in range(charts)]
    text = "## Overview\n\n" + "".join(map(picture, names)) + TABLE * tables
    assert found("few-visuals", tmp_path, text, **drawings(diagrams, charts)) == message


@pytest.mark.parametrize(("words", "short"), [(600, False), (599, True)])
def test_words_of_a_topic(tmp_path: Path, words: int, short: bool) -> None:
    text = f"## Core Concepts\n\n### Caching patterns\n\n{' '.join(['word'] * words)}\n\n### Another\n\nMore words.\n"
    said = found("thin-topic", tmp_path, text)
    assert said == ["05-caching: the topic 'Caching patterns' has 599 words of prose; the plan asks for 600"] * short


@pytest.mark.parametrize(("count", "message"), [(3, []), (2, ["has 2 use cases; 3 is the least"])])
def test_use_cases(tmp_path: Path, count: int, message: list[str]) -> None:
    cases = "".join(f"### Case {n}\n\n{SOURCED}\n\n{picture(f'd{n}')}" for n in range(count))
    text = f"## Overview\n\n### Elsewhere\n\nText.\n\n## Use Cases\n\n{cases}"
    assert found("thin-use-case", tmp_path, text, **drawings(count, 0)) == message


def test_what_a_use_case_lacks(tmp_path: Path) -> None:
    whole = f"{SOURCED}\n\n{{}}"
    cases = [whole.format(picture("d0")), f"Nobody says so.\n\n{picture('d1')}", whole.format(picture("c0"))]
    text = "## Use Cases\n\n" + "".join(f"### Case {n}\n\n{case}\n" for n, case in enumerate(cases))
    said = found("thin-use-case", tmp_path, text, **drawings(2, 1))
    assert said == ["the use case 'Case 1' has no source", "the use case 'Case 2' has no diagram"]


@pytest.mark.parametrize(("count", "message"), [(30, []), (29, ["has 29 claims in its ledger; 30 is the least"])])
def test_claims(tmp_path: Path, count: int, message: list[str]) -> None:
    claim = "{statement: A copy is old, section: overview, source: paper, passage: P, verdict: holds, date: 2026-11-23}"
    ledger = "".join(f"c{n}: {claim}\n" for n in range(count))
    text = "## Overview\n\nText.\n"
    assert found("thin-ledger", tmp_path, text, **{"claims/05-caching.yaml": ledger}) == message


@pytest.mark.parametrize(("alt", "bare"), [("A client asks everyone", False), ("A client asks", True)])
def test_words_of_a_description(tmp_path: Path, alt: str, bare: bool) -> None:
    text = f'## Overview\n\n![{alt}](figures/05-caching/d0.svg "See this.")\n'
    said = found("bare-figure", tmp_path, text, **drawings(1, 0))
    assert said == ["figures/05-caching/d0.svg has the description 'A client asks'"] * bare


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (["5", "slow", "fast"], False),  # words mostly
        (["5", "7", "slow", "fast"], True),  # half of them are bare numbers
        (["5"], True),  # though there is but one row
        ([], False),
    ],
)
def test_bare_numbers_of_a_column(tmp_path: Path, rows: list[str], named: bool) -> None:
    body = "".join(f"| {n} | {cell} |\n" for n, cell in enumerate(rows))
    said = found("unitless-column", tmp_path, f"## Overview\n\n| 1 | Wait |\n| - | - |\n{body}")
    assert said == ["the column 'Wait' holds bare numbers"] * named


@pytest.mark.parametrize(("words", "thin"), [("What it tells us", False), ("What it tells", True)])
def test_words_of_a_reference(tmp_path: Path, words: str, thin: bool) -> None:
    text = f"## References\n\n- Author, [Title](https://example.com/x), 2001. {words}\n"
    said = found("incomplete-reference", tmp_path, text)
    assert said == ["the entry 'Title' lacks author, year or what it supports"] * thin


def test_a_missing_decision_is_an_error_once_there_is_one(tmp_path: Path) -> None:
    decision = (Path(__file__).parents[1] / "site" / "reference" / "decisions" / "remedy.yaml").read_text("utf-8")
    severities = []
    for name, files in (("without", {}), ("with", {"decisions/remedy.yaml": decision})):
        write_reference(tmp_path / name, **{"05-Caching-Strategies.md": "# Caching\n\n## Overview\n\nText.\n", **files})
        reference = load(tmp_path / name)
        severities += [finding.severity for finding in check(reference, today=TODAY, only=["missing-decision"])]
    assert severities == ["warning", "error"]
