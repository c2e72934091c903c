"""Every fact of the reference holds, and none still holds once its check is falsified."""

from __future__ import annotations

import re

import pytest

from sysdesign.content import default_root, load
from sysdesign.content.records import Fact, FactCheck
from sysdesign.vendor import Snapshot, compare, read_snapshot

ROOT = default_root()
FACTS = tuple(load(ROOT).facts.values())
CHECKS = [(fact, check) for fact in FACTS for check in fact.check]


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return read_snapshot(ROOT)


def falsified(check: FactCheck, snapshot: Snapshot) -> list[FactCheck]:
    """The check with its expectation made false, in every way that its kind can be."""

    def with_(expected: object) -> FactCheck:
        return check.model_copy(update={"expected": expected})

    match check.kind:
        case "max" | "min":
            return [with_(check.expected + 1), with_(check.expected - 1), with_(check.expected * 10)]
        case "doc-regex":
            return [with_(pattern) for pattern in false_patterns(check.expected)]
        case "enum-eq":
            expected = list(check.expected)
            return [
                with_([*expected, "NoSuchValue"]),
                *(with_(expected[:at] + expected[at + 1 :]) for at in range(len(expected))),
            ]
        case "enum-lacks":
            return [with_([value]) for value in snapshot.models[check.service].limits[check.path]["enum"]]
        case "op-absent":
            return [with_([name]) for name in snapshot.models[check.service].limits[check.path]["operations"]]
        case "service-absent":
            return [with_(["s3"])]
        case _:
            names = list(check.expected)
            return [with_([*names[:at], f"{name}x", *names[at + 1 :]]) for at, name in enumerate(names)]


def false_patterns(pattern: str) -> list[str]:
    """The pattern with each of its digits changed, or where it has none, each of its words of three letters or more."""
    digits = [found.start() for found in re.finditer(r"(?<!\\)(?<!\{)\d(?![\d,]*\})", pattern)]
    if digits:
        return [f"{pattern[:at]}{(int(pattern[at]) + 1) % 10}{pattern[at + 1 :]}" for at in digits]
    words = [found.span() for found in re.finditer(r"(?<!\\)[A-Za-z]{3,}", pattern)]
    assert words, f"{pattern!r} has neither a digit nor a word to falsify"
    return [f"{pattern[:end]}zq{pattern[end:]}" for _, end in words]


def test_there_are_facts_to_check() -> None:
    assert len(CHECKS) >= 20


def test_every_check_holds_and_shows_what_the_model_says(snapshot: Snapshot) -> None:
    found = list(compare(FACTS, snapshot))
    assert len(found) == len(CHECKS)
    assert [(f.fact.id, f.reason) for f in found if not f.holds] == []
    assert all(f.said for f in found)


@pytest.mark.parametrize(("fact", "check"), CHECKS, ids=lambda value: getattr(value, "id", getattr(value, "kind", "")))
def test_a_falsified_check_fails(fact: Fact, check: FactCheck, snapshot: Snapshot) -> None:
    for false in falsified(check, snapshot):
        (found,) = compare([fact.model_copy(update={"check": (false,)})], snapshot)
        assert not found.holds, f"{fact.id} still holds with {false.expected!r}"
        assert found.reason


@pytest.mark.parametrize(("fact", "check"), CHECKS, ids=lambda value: getattr(value, "id", getattr(value, "kind", "")))
def test_a_check_of_a_place_that_is_not_there_fails(fact: Fact, check: FactCheck, snapshot: Snapshot) -> None:
    elsewhere = check.model_copy(update={"path": f"{check.path}x", "service": f"{check.service}x"})
    (found,) = compare([fact.model_copy(update={"check": (elsewhere,)})], snapshot)
    by_service = check.kind in ("service-exists", "service-absent", "partition-exists")
    assert found.holds == by_service  # those three read the lists, whatever the path
