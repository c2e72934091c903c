"""Decision records: written in MADR form, read back whole, and rechecked against what changed."""

import contextlib
import dataclasses
import datetime as dt
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.decide import decide, parse_framework, read_prices, read_record, recheck, record, workload_of
from sysdesign.decide.rechecking import Change
from sysdesign.decide.record import LIMIT_CHARACTERS, outcomes_of
from sysdesign.errors import BadContent, SysdesignError
from tests.decide.generated import workloads
from tests.decide.test_deciding import PLAIN, SMALL

DAY = dt.date(2026, 11, 23)
FACTS = {**PLAIN, "traffic": {"reads_per_s": {"low": 750, "high": 850}}, "data": {"joins": "none"}}


@pytest.fixture(scope="module")
def small():
    return parse_framework(SMALL, "small.yaml")


@pytest.fixture(scope="module")
def written(small):
    return record(decide(small, workload_of({"name": 'Mail "fast": lane | x', **FACTS})), DAY)


def again(text, framework, workload=None, **more):
    return recheck(read_record(text), framework, workload, **more)


def test_it_has_the_parts_of_madr(written):
    for part in (
        "status: proposed", "date: 2026-11-23", "# One or two? ", "## Context and Problem Statement",
        "## Considered Options", "## Decision Outcome", "### Consequences", "### Confirmation", "## Outcomes",
        "## Pros and Cons of the Options", "## Revisit when", "## Workload", "Mind the gap.",
    ):  # fmt: skip
        assert part in written


def test_the_outcome_table_reads_back(written, small):
    kept = read_record(written)
    answer = decide(small, kept.workload)
    assert kept.outcomes == outcomes_of(answer) and kept.outcomes["Capacity used at the peak", "One"].startswith("80%")


def test_the_workload_inside_reads_back_the_same(decisions):
    for framework in decisions.values():
        [drawn] = workloads(framework, 1, seed=3, stated=0.7)
        workload = workload_of(drawn.as_json())  # as a reader's file gives it
        kept = read_record(record(decide(framework, workload, with_flips=False), DAY))
        assert kept.workload.digest == kept.front["workload_digest"]
        assert kept.front["decision"] == framework.id


def test_unchanged_it_still_holds(written, small):
    found = again(written, small)
    assert found.holds and not (found.facts or found.outcomes or found.sources or found.edited)
    assert "Still holds" in found.prose() and "Nothing changed" in found.prose()


def test_an_edited_workload_no_longer_holds(written, small):
    """Whatever the choice would be now: it is not what was decided for."""
    edited = written.replace("high: 850", "high: 851")
    found = again(edited, small)
    assert edited != written and found.edited and not found.holds and found.then == found.now
    assert "Does not hold: the workload in the record was edited" in found.prose()


def test_an_edited_table_is_told_from_changed_rules(written, small):
    cell = re.search(r"\| ([0-9.]+)[^|]* \|", written.partition("## Outcomes")[2])
    start = len(written.partition("## Outcomes")[0]) + len("## Outcomes")
    edited = f"{written[: start + cell.start(1)]}9{cell[1]}{written[start + cell.end(1) :]}"
    prose = recheck(read_record(edited), small).prose()
    assert "Outcomes that changed" in prose and "the table was edited after the record was written" in prose
    assert "was edited" not in recheck(read_record(edited.replace("sysdesign: ", "sysdesign: 0")), small).prose()


def test_a_byte_order_mark_and_line_ends_change_nothing(written, small):
    assert (
        recheck(read_record("\ufeff" + written.replace("\n", "\r\n")), small).prose()
        == recheck(read_record(written), small).prose()
    )


def test_a_changed_workload_is_named_and_judged(written, small):
    newer = workload_of({**FACTS, "traffic": {"reads_per_s": 100}, "edge": {"purge": "at_once"}})
    found = again(written, small, newer)
    assert (found.holds, found.then, found.now) == (False, "two", "one")
    assert [(change.what, change.then, change.now) for change in found.facts if change.read] == [
        ("Read rate", "750/s to 850/s", "100/s")
    ]
    text = found.prose()
    assert "No longer holds: then “Two”; now “One”" in text and "1 other fact changed" in text
    assert "One, capacity used at the peak: 80%" in text and "now 10%" in text


@pytest.mark.parametrize("heading", ["## Workload", "## Outcomes"])
def test_a_section_that_stands_twice_is_refused(written, heading):
    """Which of two a person reads is not which a program reads."""
    start = written.index(f"{heading}\n")
    end = written.find("\n## ", start)
    section = written[start : end if end > 0 else len(written)].rstrip() + "\n\n"
    for twice in (written + "\n" + section, written[:start] + section + written[start:]):
        with pytest.raises(BadContent, match=f"second section '{heading[3:]}'"):
            read_record(twice)


def test_changed_rules_are_told_apart_from_a_changed_workload(written):
    stricter = parse_framework(SMALL.replace("data.joins == across", "data.joins != across"), "small.yaml")
    found = again(written, stricter)
    assert found.by_sources and not found.holds and not found.facts and "the rules of the decision" in found.prose()


def test_changed_efforts_prices_and_version_are_said(written, small, tmp_path):
    path = tmp_path / "prices.yaml"
    path.write_text("machine: 1 USD/month\n")
    other = dataclasses.replace(small, efforts=dataclasses.replace(small.efforts, digest="other"))
    text = written.replace("sysdesign: ", "sysdesign: 0.0.1+")
    said = again(text, other, prices=read_prices(path)).prose()
    assert "the catalog of efforts, the prices, the version of sysdesign (0.0.1+" in said


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("---\n", ""),
        ("## Workload", "## Werkload"),
        ("decision: small\n", ""),
        ("reads_per_s:", "reads_per_m:"),
        ("```yaml", "```yml"),
    ],
)
def test_a_damaged_record_is_refused(written, old, new):
    with pytest.raises(BadContent):
        read_record(written.replace(old, new))


@pytest.mark.parametrize("run", ["\n", " \n", "---\n", "```yaml\n", "## Workload\n", "| \n"])
def test_long_runs_are_read_in_one_pass(written, run):
    """As many as a record may hold; a reader that looks back at each would not end."""
    many = run * ((LIMIT_CHARACTERS - len(written)) // len(run))
    for text in (many, written.replace("## Workload\n", "## Workload\n" + many), written + many):
        with contextlib.suppress(SysdesignError):
            read_record(text)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3000), st.integers(0, 300), st.text(max_size=5))
def test_cut_or_overwritten_records_give_errors_of_ours(written, at, length, text):
    with contextlib.suppress(SysdesignError):
        read_record(written[:at] + text + written[at + length :])


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_name_survives_the_record(small, name):
    workload = dataclasses.replace(workload_of({"traffic": {"reads_per_s": 5}}), about={"name": name})
    text = record(decide(small, workload, with_flips=False), DAY)
    assert read_record(text).workload.values == workload.values


def test_the_context_says_what_is_stated_in_the_words_of_the_vocabulary(small):
    written = record(decide(small, workload_of({"name": "Mail", "traffic": {"reads_per_s": 40}})), DAY)
    context = written.partition("## Context and Problem Statement")[2].partition("## Considered")[0]
    assert "workload below (Mail). What is stated:\n\n- Read rate: 40/s\n" in context
    bare = record(decide(small, workload_of({})), DAY)
    assert "Nothing is stated: each fact is what is usual." in bare


def test_a_recheck_tells_values_that_changed_before_ranges_that_did(small):
    found = recheck(read_record(record(decide(small, workload_of({})), DAY)), small)
    changes = (Change("A", "1 (1 to 2)", "1 (1 to 3)"), Change("B", "1 (1 to 2)", "2 (1 to 2)"))
    prose = replace(found, outcomes=changes).prose()
    assert prose.index("- B: 1 (1 to 2), now 2 (1 to 2)") < prose.index("- A: 1 (1 to 2), now 1 (1 to 3)")


def test_a_recheck_of_a_close_call_names_each_option_apart(small):
    found = recheck(read_record(record(decide(small, workload_of({})), DAY)), small)
    options = {name: replace(each, label=f"{each.label}, say") for name, each in small.options.items()}
    answer = replace(found.answer, framework=replace(small, options=options))
    prose = replace(found, answer=replace(answer, either=("one", "two"))).prose()
    assert "either “One, say” or “Two, say”" in prose
