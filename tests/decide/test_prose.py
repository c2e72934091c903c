"""What an answer says: the reason that decided, numbers with their meaning, and no more certainty than there is."""

# Rows of examples read better whole.
# ruff: noqa: E501

import datetime as dt

import pytest

from sysdesign.decide import decide, parse_framework, prose, workload_of
from sysdesign.decide.prose import reason_text, share_text
from sysdesign.decide.record import read_record, record

DAY = dt.date(2026, 11, 23)
DISKS = """
question: Where should the files be?
document: 09-Storage-Systems
options:
  one:   {label: One disk, class: disk, section: "09-Storage-Systems#disks"}
  two:   {label: Two disks, class: disks, section: "09-Storage-Systems#disks"}
  cloud: {label: "Cloud: someone else's disks", class: object, section: "09-Storage-Systems#objects"}
default: one
derived: {filled: data.size / machine.disk}
constraints:
  - {when: machine.utilization > 85%, rules_out: one, because: There is no room for a bad day., source: x}
  - {when: durability.loss < 1 s, rules_out: [one, two], because: A disk may be lost., source: x, offered: the last backup}
  - {when: data.lifetime == recent, rules_out: cloud, because: It is paid by the month., source: x, offered: months}
criteria:
  - {name: Share of the disk, values: {one: filled, two: filled / 2}, target: 50%, limit: 100%, because: Full disks fragment., source: x}
  - {name: Care, values: {two: 1, cloud: 1.5}, target: 0, limit: 4, because: Someone must look., source: x}
preferences:
  - {option: cloud, when: places.residency == required, weight: 0.15, because: Nobody wants to.}
cautions:
  - {option: one, because: It is one., source: x}
  - {option: two, because: They are of one make., source: x}
  - {option: cloud, because: It is far., source: x}
"""


@pytest.fixture(scope="module")
def disks():
    return parse_framework(DISKS, "disks.yaml")


def test_the_reason_names_what_is_wrong_with_the_default_and_not_only_with_the_runner_up(disks):
    answer = decide(disks, workload_of({"data": {"size": "90 TB"}, "machine": {"disk": "100 TB"}}))
    assert [verdict.option for verdict in answer.verdicts] == ["two", "cloud", "one"]
    text = prose(answer)
    assert (
        "Because:\n- Share of the disk: 90% with “One disk” (50% is fine, 100% the limit), 45% with “Two disks”. Full disks"
        in text
    )
    assert "Care, on a scale from 0 to 4: 1.5 with “Cloud: someone else's disks”, 1 with “Two disks”. Someone" in text
    assert text.count("Someone must look.") == 1
    assert "Good: Share of the disk: 45% (50% is fine, 100% the limit)" in record(answer, DAY)
    assert "Good: Care: 1 on a scale from 0 to 4" in record(answer, DAY)


def test_shares_read_as_percentages_and_a_side_said_in_words_gets_no_factor(disks):
    full = decide(disks, workload_of({"machine": {"utilization": 0.9}}))
    assert reason_text(full.verdict("one").ruled_out_by[0]) == (
        "There is no room for a bad day. (Needed: 90%; offered: 85%, a factor of 1.06.)"
    )
    safe = decide(disks, workload_of({"durability": {"loss": 0}}))
    assert (
        reason_text(safe.verdict("two").ruled_out_by[0])
        == "A disk may be lost. (Needed: 0 s; offered: the last backup.)"
    )
    recent = decide(disks, workload_of({"data": {"lifetime": "recent"}}))
    reason = recent.verdict("cloud").ruled_out_by[0]
    assert (
        reason.stated and reason_text(reason) == "It is paid by the month. (data.lifetime is recent; offered: months.)"
    )


def test_a_default_that_wins_by_the_tolerance_alone_says_so(disks):
    answer = decide(disks, workload_of({"data": {"size": "64 TB"}, "machine": {"disk": "100 TB"}}))
    assert answer.first == "one" and answer.verdict("two").score < answer.verdict("one").score
    assert answer.binding.kind == "default"
    assert answer.binding.text.startswith("“Two disks” is better by less than is worth telling apart")
    assert set(answer.does_not_matter) == {"one", "two"}


def test_a_preference_is_named_where_it_tips_the_scale(disks):
    facts = {"data": {"size": "90 TB"}, "machine": {"disk": "100 TB"}}
    answer = decide(disks, workload_of({**facts, "places": {"residency": "required"}}))
    assert answer.first == "cloud" and answer.binding.kind == "preference"
    assert answer.binding.text == "Nobody wants to."


def test_cautions_are_told_of_the_first_and_of_its_rival_only(disks):
    text = prose(decide(disks, workload_of({"data": {"size": "90 TB"}, "machine": {"disk": "100 TB"}})))
    assert "Two disks: They are of one make." in text and "It is far." in text and "It is one." not in text


@pytest.mark.parametrize(
    ("share", "text"),
    [(1, "all"), (0, "none of the"), (0.9996, "99.9% of"), (0.994, "99.4% of"), (0.86, "86% of"), (0.004, "0.4% of")],
)
def test_all_worlds_are_all_and_no_fewer(share, text):
    assert share_text(share) == text


def test_nothing_is_told_twice(disks):
    text = prose(decide(disks, workload_of({"data": {"size": "60 TB"}, "machine": {"disk": "60 TB"}})))
    assert text.count("Full disks fragment.") == 1
    only = prose(
        decide(disks, workload_of({"data": {"size": "90 TB", "lifetime": "recent"}, "machine": {"disk": "100 TB"}}))
    )
    assert only.count("Share of the disk: 90%") == 1 and "The credible alternative: One disk.\n" in only


def test_a_record_gives_times_and_sizes_their_unit_and_reads_them_back(disks):
    workload = workload_of(
        {"data": {"size": {"low": "60 TB", "high": "80 TB"}}, "durability": {"loss": "5 min"}, "messages": {"per_s": 7}}
    )
    text = record(decide(disks, workload), DAY)
    assert "size: {low: 60000 GB, high: 80000 GB}" in text and "loss: 300 s" in text and "per_s: 7\n" in text
    assert read_record(text)[1].values == workload.values
