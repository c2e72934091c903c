"""The form: a complete small document passes, and each part that is taken away is missed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from sysdesign.checks import check
from sysdesign.checks.long_body import limit
from sysdesign.checks.rules import RULES
from sysdesign.content import load
from tests.example import RULES as OF_THE_FORM
from tests.example import bank, parts, symptoms, write_example
from tests.reading import PLAN, whole_reference

TODAY = dt.date(2026, 11, 23)
PIECES = parts()


def found(root: Path) -> list[str]:
    """What the rules of the form say, each with its rule and severity where that is a warning."""
    findings = check(load(root), today=TODAY, only=OF_THE_FORM)
    return [f"{f.rule}: {f.message}" + (" (warning)" if f.severity == "warning" else "") for f in findings]


def test_a_complete_document_passes(tmp_path: Path) -> None:
    assert found(write_example(tmp_path)) == []
    assert set(OF_THE_FORM) <= set(RULES)


def without(piece: str, text: str) -> dict[str, str]:
    assert text in PIECES[piece], "the change would change nothing"
    return {piece: PIECES[piece].replace(text, "", 1)}


def put(piece: str, old: str, new: str) -> dict[str, str]:
    assert old in PIECES[piece], "the change would change nothing"
    return {piece: PIECES[piece].replace(old, new, 1)}


WORDS = " ".join(["word"] * 33)
CASES = {
    "no answer of a concept": (
        without("concept", "**In short:** "), "late-answer: 'Cache stampede' does not open with its answer"),
    "no answer of a pattern": (
        without("pattern", "**In short:** "), "late-answer: 'Cache-aside' does not open with its answer"),
    "no answer of a service": (
        without("service", "**In short:** "), "late-answer: 'Amazon ElastiCache' does not open with its answer"),
    "43 words": (
        put("service", "Take it", f"{WORDS} it"),
        "late-answer: 'Amazon ElastiCache' opens with 43 words in 1 sentence"),
    "three sentences": (
        put("service", "lost; alarm", "lost. Or not. Alarm"),
        "late-answer: 'Amazon ElastiCache' opens with 13 words in 3 sentences"),
    "parts apart": ({"together": ""}, "parts-apart: has no section 'How the Parts Fit Together'"),
    "no lead": (
        without("pattern", "- **Not when** each read is of its own kind.\n"),
        "one-sided-pattern: the pattern 'Cache-aside' has no list item '- **Not when** ...'"),
    "a lead that says nothing": (
        without("pattern", " reads repeat."),
        "one-sided-pattern: the pattern 'Cache-aside' has no list item '- **Use when** ...'"),
    "no wiring": ({"wiring": ""}, "missing-wiring: has no section 'Wiring'"),
    "no limits": (
        {"service": PIECES["service"].replace("| Limit |", "| Quota |").replace("★ ", "")},
        "missing-limits: 'Amazon ElastiCache' has 0 tables of limits"),
    "a row without a number": (
        put("sizing", "expiry 3? | `rate` × rebuild | 1,000 requests[^requests]", "expiry 3? | none | many"),
        "thin-sizing: nothing computes the example of 'How many requests meet expiry 3?'"),
    "seven sums": (
        {"sizing": PIECES["sizing"].rsplit("| How", 1)[0]}, "thin-sizing: has 7 sums; 8 is the least"),
    "no sums": ({"sizing": "[^requests]\n"}, "thin-sizing: has no '### Sizing' with a table"),
    "no stars": (
        {"sizing": PIECES["sizing"].replace("| ★ ", "| ")}, "odd-stars: marks 0 sums for the brief; 1 to 8 work"),
    "a pitfall without other causes": (
        without("pitfalls", "- **Looks the same** A slow network.\n"),
        "few-pitfalls: the pitfall 'Pitfall 0' does not name: Looks the same"),
    "nine pitfalls": (
        {"pitfalls": PIECES["pitfalls"].partition("### Pitfall 9")[0]},
        "few-pitfalls: has 9 pitfalls; 10 is the least"),
    "seventeen questions": (
        {"questions": PIECES["questions"].replace("#### Why is it slow 0?\n\nShortly: it depends.\n\n", "", 1)},
        "few-questions: has 17 common questions; 18 is the least"),
    "a question without a section": (
        without("questions", "See [Cache stampede](#cache-stampede).\n"),
        "few-questions: 'Why is it slow 0?' names no section to read"),
    "two choices": (
        put("questions", "Redis or Memcached 2?", "Redis?"),
        "few-questions: has 2 questions of the kind 'X or Y'; 3 is the least"),
    "code in no language": (
        put("concept", "```text", "```"), "excess-code: a block of code in 'no language'"),
    "seven texts": ({"symptoms.yaml": symptoms(7)},
        "few-symptoms: has 7 error texts, log lines and metrics; 8 is the least"),
    "a section that is not there": (
        put("questions", "See [Cache stampede](#cache-stampede)", "See [Cache stampede](#stampede)"),
        "broken-link: '#stampede' has no such heading in 05-Caching-Strategies"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_part_that_is_taken_away_is_missed(case: str, tmp_path: Path) -> None:
    changed, message = CASES[case]
    assert found(write_example(tmp_path, **changed)) == [message]


@pytest.mark.parametrize(
    ("collected", "messages"),
    [
        (bank(41, 21), []),
        (bank(39, 19), ["thin-question-bank: has 39 collected questions; 40 is the least"]),
        (bank(40, 21), ["thin-question-bank: 21 of 40 questions are tuned on"]),
        ("", ["thin-question-bank: has 0 collected questions; 40 is the least"]),
    ],
)
def test_the_collected_questions(collected: str, messages: list[str], tmp_path: Path) -> None:
    assert found(write_example(tmp_path, collected=collected)) == messages


@pytest.mark.parametrize(("topics", "most"), [(6, 12_000), (7, 14_000)])
def test_many_topics_may_take_more_words(topics: int, most: int) -> None:
    planned = whole_reference().planned("04-databases")
    assert limit(planned.model_copy(update={"topics": planned.topics[:1] * topics, "most_words": None})) == most


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (0, []),
        (1, ["long-body: has a body of {body} words; {most} is the most (warning)"]),
        (87, ["long-body: has a body of {body} words; {most} is the most (warning)"]),
        (88, ["long-body: has a body of {body} words; {most} is the most"]),
    ],
)
def test_a_body_above_its_limit_is_a_warning_and_far_above_it_an_error(
    words: int, messages: list[str], tmp_path: Path
) -> None:
    most = 585
    plan = PLAN.replace("    topics:", f"    most_words: {most}\n    topics:", 1)
    root = write_example(tmp_path, overview=PIECES["overview"] + "word " * words, **{"plan.yaml": plan})
    assert found(root) == [message.format(body=most + words, most=most) for message in messages]
