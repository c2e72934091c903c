"""Each kind of check on a small snapshot written out here, true and false."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, get_args

import pytest

from sysdesign.content.records import Fact, FactCheck
from sysdesign.vendor import Comparison, Snapshot, compare
from sysdesign.vendor.compare import _KINDS
from sysdesign.vendor.snapshot import ServiceSnapshot

NAMES = tuple(sorted({"s3", "sqs", *(f"service-{at}" for at in range(405))}))
SQS = ServiceSnapshot(
    date="2012-11-05",
    limits={
        "Timeout": {"min": 1, "max": 43200},
        "Mode": {"enum": ["FAST", "SAFE"]},
        "CreateQueueRequest": {"members": ["Attributes", "QueueName"]},
        "operations": {"operations": ["CreateQueue", "SendMessage"]},
        "Gone": None,
    },
    texts={"op:CreateQueue": "Kept for up to 14 days (1,209,600 seconds) , never longer.", "Gone.member": None},
)
SNAPSHOT = Snapshot("1.0", NAMES, {"aws": ["eu-west-1"], "aws-cn": ["cn-north-1"]}, {"sqs": SQS})


def compared(
    kind: str, expected: Any, path: str = "", service: str = "sqs", snapshot: Snapshot = SNAPSHOT
) -> Comparison:
    fact = Fact.model_validate(
        {
            "id": "a",
            "says": "x",
            "class": "model",
            "url": "https://docs.aws.amazon.com/x",
            "checked": dt.date(2026, 11, 23),
            "seen": {"url": "x", "read": "full"},
            "check": [{"data": "botocore", "service": service, "path": path, "kind": kind, "expected": expected}],
        }
    )
    (found,) = compare([fact], snapshot)
    return found


@pytest.mark.parametrize(
    ("kind", "path", "true", "false"),
    [
        ("max", "Timeout", 43200, 900),
        ("min", "Timeout", 1, 0),
        ("enum-eq", "Mode", ["SAFE", "FAST"], ["FAST"]),
        ("enum-eq", "Mode", ["FAST", "SAFE"], ["FAST", "SAFE", "NEW"]),
        ("enum-eq", "Mode", ["FAST", "SAFE"], ["FAST", "FAST", "SAFE"]),
        ("enum-has", "Mode", ["FAST"], ["fast"]),
        ("enum-lacks", "Mode", ["SLOW"], ["SLOW", "FAST"]),
        ("op-exists", "operations", ["CreateQueue"], ["CreateQueues"]),
        ("op-absent", "operations", ["PurgeAll"], ["SendMessage"]),
        ("member-exists", "CreateQueueRequest", ["QueueName"], ["queueName"]),
        ("service-exists", "", ["sqs"], ["sqs", "sqx"]),
        ("service-absent", "", ["evidently"], ["s3"]),
        ("region-exists", "aws", ["eu-west-1"], ["eu-west-9"]),
        ("region-exists", "aws", ["eu-west-1"], ["cn-north-1"]),
        ("partition-exists", "", ["aws-cn"], ["aws-eu"]),
        ("doc-regex", "op:CreateQueue", r"up to 14 days", r"up to 4 days"),
        ("doc-regex", "op:CreateQueue", r"1,209,600 seconds\), never", r"1,209,600 minutes"),
    ],
)
def test_each_kind_of_check(kind: str, path: str, true: Any, false: Any) -> None:
    assert compared(kind, true, path).holds
    failed = compared(kind, false, path)
    assert not failed.holds
    assert failed.reason


@pytest.mark.parametrize("kind", ["max", "enum-eq", "enum-lacks", "op-absent", "member-exists", "doc-regex"])
@pytest.mark.parametrize("path", ["Nowhere", "Gone", "Gone.member"])
def test_what_leads_nowhere_never_holds(kind: str, path: str) -> None:
    assert not compared(kind, ["X"] if kind != "max" else 1, path).holds


@pytest.mark.parametrize(
    "kind", ["enum-has", "enum-lacks", "op-absent", "service-absent", "service-exists", "member-exists"]
)
@pytest.mark.parametrize("expected", [[], None, [""], [3], ""])
def test_an_expectation_of_nothing_never_holds(kind: str, expected: Any) -> None:
    assert not compared(kind, expected, "Mode").holds


@pytest.mark.parametrize("pattern", ["", ".", ".*?", r"\d", "(unclosed"])
def test_a_pattern_that_says_nothing_never_holds(pattern: str) -> None:
    assert not compared("doc-regex", pattern, "op:CreateQueue").holds


@pytest.mark.parametrize("services", [(), ("s3", "sqs"), tuple(n for n in NAMES if n != "s3")])
def test_absence_from_a_list_that_is_not_whole_proves_nothing(services: tuple[str, ...]) -> None:
    broken = replace(SNAPSHOT, services=services)
    found = compared("service-absent", ["evidently"], snapshot=broken)
    assert not found.holds
    assert "proves nothing" in found.reason


def test_the_report_shows_the_matched_words() -> None:
    assert compared("doc-regex", r"up to \d+ days", "op:CreateQueue").said == "up to 14 days"
    assert compared("enum-eq", ["FAST"], "Mode").reason == "the list differs (added: SAFE)"
    assert compared("max", 900, "Timeout").reason == "the max is 43,200, not 900"


def test_every_kind_that_a_record_may_name_is_compared() -> None:
    assert set(_KINDS) == set(get_args(FactCheck.model_fields["kind"].annotation))


@pytest.mark.parametrize(
    "pattern", [r"(\w+\s?)+$", r"(a|a)*b", r"(.*)*x$", r".*.*.*.*.*x#", r"(?:a?){50}b", r"(?i)up.*.*.*.*#", "(" * 5_000]
)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    found = compared("doc-regex", pattern, "op:CreateQueue")
    assert not found.holds and ("may take very long" in found.reason or "is not a regular" in found.reason)
