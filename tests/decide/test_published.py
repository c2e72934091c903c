"""Decisions that others published: the advisor agrees, and beats advisers that know nothing."""

import pytest

from sysdesign.errors import BadContent
from tests.decide import published


@pytest.fixture(scope="module")
def found(decisions):
    return published.judged(decisions)


def test_no_case_that_is_covered_comes_out_wrong(found):
    assert not {each.case.id: each.faults for each in found if each.word == "wrong"}
    assert any(each.word == "strong" for each in found)


def test_the_advisor_beats_advisers_that_know_nothing(found):
    assert published.beats_nulls(found)


def test_a_thousandth_of_the_load_is_plain_or_says_what_holds_it(found):
    for each in found:
        if each.nulls:
            assert each.small == "the plain answer is back" or "The plain answer, " in each.small, each.case.id


def test_every_case_states_facts_and_what_was_chosen():
    for case in published.load_cases(published.CASES):
        assert case.workload.values and case.expect["first_any"]


def test_a_case_with_an_unknown_field_is_refused(tmp_path):
    path = tmp_path / "cases.yaml"
    path.write_text("- {id: x, decision: y, fact: {}}\n")
    with pytest.raises(BadContent, match="facts"):
        published.load_cases(path)
