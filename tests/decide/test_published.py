"""Decisions that others published: the advisor agrees, and beats advisers that know nothing."""

import pytest

from sysdesign.decide.validation import load_cases, validate
from sysdesign.errors import BadContent
from tests.decide import published
from tests.decide.published import CASES

SIZE_DECIDED = {"s01", "s02", "s38"}  # what bound them was load or size, and nothing else holds when they are small


@pytest.fixture(scope="module")
def result(decisions):
    return validate(CASES, decisions)


def test_every_strong_case_passes(result):
    failed = {
        verdict.case.id: verdict.faults
        for verdict in result.verdicts
        if not verdict.passes and verdict.case.label == "strong"
    }
    assert not failed and not result.skipped


def test_moderate_cases_pass_too(result):
    assert not {verdict.case.id: verdict.faults for verdict in result.verdicts if not verdict.passes}


def test_the_advisor_clearly_beats_advisers_that_know_nothing(result):
    assert result.beats_nulls
    assert all(
        name in result.prose() for name in ("Always the default", "Always the first listed", "Always the most popular")
    )


def test_a_thousandth_of_the_load_brings_the_plain_default_back(result):
    back = {verdict.case.id for verdict in result.verdicts if not verdict.small_holds}
    assert back >= SIZE_DECIDED
    for verdict in result.verdicts:
        if verdict.case.id not in back:
            assert verdict.small_holds, "what still holds is named"


def test_users_all_over_the_world_still_want_copies_near_them_when_they_are_few(result):
    """A thousandth of Wikimedia's reads would fit on one machine; its users would be as far from it as before."""
    small = next(verdict for verdict in result.verdicts if verdict.case.id == "s39")
    assert small.small_first == "cdn" and small.small_holds.startswith("Distance of users from the answer: 150 ms")


def test_it_is_printed_with_the_rest_of_validation(capsys):
    assert published.main() == 0
    assert "Advisor: 18 of 18" in capsys.readouterr().out


def test_cases_name_no_framework_fact_that_was_not_said(result):
    for case in load_cases(CASES):
        assert case.workload.values and case.expect["first_any"]


def test_a_case_with_an_unknown_field_is_refused(tmp_path):
    path = tmp_path / "cases.yaml"
    path.write_text("- {id: x, decision: y, fact: {}}\n")
    with pytest.raises(BadContent, match="facts"):
        load_cases(path)
