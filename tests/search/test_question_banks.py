"""How the benchmark of the question banks counts, and that the project's own banks can be counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.questions import halves, rank, right_sections
from sysdesign.content import load
from sysdesign.content.records import BankQuestion
from sysdesign.search import Index
from tests.example import bank, write_example
from tests.reading import whole_reference

HOME = "05-Caching-Strategies"


def question(text: str, *sections: str) -> BankQuestion:
    return BankQuestion(question=text, sections=tuple(f"{HOME}#{section}" for section in sections), tuned=False)


@pytest.mark.parametrize(
    ("sections", "place"),
    [(["cache-stampede"], 1), (["overview", "cache-stampede"], 1), (["core-concepts"], 1), (["wiring"], 0)],
)
def test_a_hit_counts_in_a_named_section_or_inside_one(sections: list[str], place: int, tmp_path: Path) -> None:
    reference = load(write_example(tmp_path))
    assert rank(reference, Index(reference), question("XFETCH spreads", *sections)) == place


def test_halves_are_kept_apart(tmp_path: Path) -> None:
    reference = load(write_example(tmp_path, collected=bank(41, 20)))
    assert [(slug, tuned, len(found)) for slug, tuned, found in halves(reference)] == [
        ("05-caching", True, 20),
        ("05-caching", False, 21),
    ]


def test_every_bank_of_the_project_names_sections_that_are_there() -> None:
    reference = whole_reference()
    assert reference.questions, "tests/questions holds no bank"
    for _, _, questions in halves(reference):
        for each in questions:
            assert right_sections(reference, each)
