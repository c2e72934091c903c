"""Decision records: written in MADR form, read back whole, and rechecked against what changed."""

# Rows of examples read better whole.
# ruff: noqa: E501

import contextlib
import dataclasses
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.decide import decide, parse_framework, recheck, record, workload_of
from sysdesign.decide.record import read_record
from sysdesign.errors import BadContent, SysdesignError, UnknownName
from tests.decide.generated import columns, workload_at
from tests.decide.test_answers import SMALL

DAY = dt.date(2026, 11, 23)


@pytest.fixture(scope="module")
def known():
    return {"small": parse_framework(SMALL, "small.yaml")}


@pytest.fixture(scope="module")
def written(known):
    workload = workload_of(
        {
            "name": 'Mail "fast": lane',
            "messages": {"per_s": {"low": 400, "high": 600}, "burst_factor": 10, "answer": "later", "readers": 1},
        }
    )
    return record(decide(known["small"], workload), DAY)


def test_it_has_the_parts_of_madr(written):
    for part in (
        "status: proposed", "date: 2026-11-23", "# How should one service hand work to another: Work queue",
        "## Context and Problem Statement", "## Considered Options", "## Decision Outcome", 'Chosen option: "Work queue"',
        "## Pros and Cons of the Options", "### Confirmation", "## Revisit when", "## Workload", "The caller cannot keep up.",
    ):  # fmt: skip
        assert part in written.replace("the caller", "The caller")


def test_the_workload_inside_reads_back_the_same(known, decisions):
    for framework in decisions.values():
        workload = workload_at(framework, columns(framework, 1, seed=3, stated=0.7), 0)
        front, back = read_record(record(decide(framework, workload, with_flips=False, with_confidence=False), DAY))
        assert back.digest == workload_of(workload.as_json()).digest
        assert front["decision"] == framework.id


def test_unchanged_it_still_holds(written, known):
    again = recheck(written, known)
    assert again.holds and not again.changes and not again.rules_changed and "Still holds" in again.prose()


def test_a_changed_workload_is_named_and_judged(written, known):
    newer = workload_of({"messages": {"per_s": 500, "burst_factor": 10, "answer": "later", "readers": 4}})
    again = recheck(written, known, newer)
    assert (again.holds, again.then, again.now) == (False, "queue", "log")
    changed = {change.input: (change.then, change.now) for change in again.changes}
    assert changed == {"messages.readers": ("1", "4"), "messages.per_s": ("400/s to 600/s", "500/s")}
    assert "No longer holds" in again.prose() and "messages.readers: 1, now 4" in again.prose()


def test_facts_that_the_decision_does_not_read_are_only_counted(written, known):
    facts = {"messages": {"per_s": 500, "burst_factor": 10, "answer": "later", "readers": 4}}
    beside = recheck(written, known, workload_of({**facts, "edge": {"purge": "at_once"}, "team": {"engineers": 9}}))
    text = beside.prose()
    assert "messages.readers: 1, now 4" in text and "edge.purge" not in text and "2 other facts changed" in text
    assert len(beside.changes) == 4, "the data keeps them all"
    assert "“Work queue” was chosen, “Replayable log” is first now." in text


def test_changed_rules_are_told_apart_from_a_changed_workload(written):
    stricter = parse_framework(SMALL.replace("messages.readers > 1", "messages.readers > 0"), "small.yaml")
    again = recheck(written, {"small": stricter})
    assert again.rules_changed and again.by_rules and not again.holds and not again.changes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("---\n", ""),
        ("## Workload", "## Werkload"),
        ("decision: small\n", ""),
        ("per_s:", "per_m:"),
        ("```yaml", "```yml"),
    ],
)
def test_a_damaged_record_is_refused(written, known, old, new):
    with pytest.raises(BadContent):
        recheck(written.replace(old, new), known)


def test_a_record_of_another_decision_names_the_nearest(written, known):
    with pytest.raises(UnknownName, match="smell"):
        recheck(written, {"smell": dataclasses.replace(known["small"], id="smell")})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 300), st.text(max_size=5))
def test_cut_or_overwritten_records_give_errors_of_ours(written, known, at, length, text):
    with contextlib.suppress(SysdesignError):
        recheck(written[:at] + text + written[at + length :], known)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_name_survives_the_record(known, name):
    workload = dataclasses.replace(workload_of({"messages": {"per_s": 5}}), about={"name": name})
    text = record(decide(known["small"], workload, with_flips=False, with_confidence=False), DAY)
    assert read_record(text)[1].values == workload.values


def test_a_workload_edited_after_its_record_does_not_hold(written, known):
    edited = written.replace("answer: later", "answer: now")
    assert edited != written
    again = recheck(edited, known)
    assert again.edited and not again.holds and "edited after it was recorded" in again.prose()
    assert not recheck(written, known).edited


def test_the_digest_is_that_of_what_stands_inside(decisions):
    for framework in decisions.values():
        workload = workload_at(framework, columns(framework, 1, seed=5, stated=0.7), 0)
        front, back = read_record(record(decide(framework, workload, with_flips=False, with_confidence=False), DAY))
        assert front["workload_digest"] == back.digest


@pytest.mark.parametrize("middle", ["\n" * 900_000, "## Workload\n```yaml\n" * 40_000, "---\n" * 200_000])
def test_a_record_of_many_lines_is_read_in_one_pass(middle, written):
    head, _, tail = written.partition("## Workload")
    with contextlib.suppress(BadContent):
        read_record(head + middle + "## Workload" + tail)
