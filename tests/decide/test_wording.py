"""The answer in words: as sure as the worlds are, and without a name that only files use."""

import re

import pytest

from sysdesign.decide import as_json, decide, parse_framework, parse_workload, prose, starter, worded, workload_of
from sysdesign.decide.vocabulary import FIELDS
from tests.decide.generated import workloads
from tests.decide.test_deciding import PLAIN, SMALL

NAMES = re.compile(r"\b[a-z]+(\.[a-z]+_?)[a-z_0-9]*\b|\b[a-z]+_[a-z_]+\b")


@pytest.fixture(scope="module")
def small():
    return parse_framework(SMALL, "small.yaml")


def said(small, **facts):
    return worded(decide(small, workload_of({**PLAIN, **facts})))


@pytest.mark.parametrize(
    ("reads", "choice"), [(100, "Choose: One."), (900, "Choose: Two."), ({"low": 500, "high": 2000}, "Probably: Two.")]
)
def test_the_sentence_is_as_sure_as_the_worlds(small, reads, choice):
    assert said(small, traffic={"reads_per_s": reads}, data={"joins": "none"}).choice == choice


def test_a_contradiction_names_the_facts(small):
    found = said(small, data={"size": "2 PB"})
    assert found.choice == "Nothing fits." and found.sure == "These cannot hold together: Data size: 2 PB."
    assert not found.columns and not found.cautions


def test_the_plain_answer_says_where_it_falls_short(small):
    found = said(small, traffic={"reads_per_s": 900}, data={"joins": "none"})
    assert found.why == ("The plain answer, One, falls short: behind in capacity used at the peak: 90% against 45%.")
    assert found.others[0].about == "One" and found.cautions[0].text == "Mind the gap."


def test_what_rules_an_option_out_comes_with_the_fact(small):
    found = said(small, data={"joins": "across"}, traffic={"reads_per_s": 10})
    assert found.others[0].text == "Ruled out. Two cannot join. (Joins: combined across all customers)"
    assert found.columns == ("One",)


def test_changes_are_factors_of_what_is_stated(small):
    found = said(small, traffic={"reads_per_s": 100}, data={"joins": "none"})
    change = found.changes[0]
    assert re.fullmatch(r"Read rate [67]\.?\d? times higher: 6\d\d/s instead of the 100/s stated", change.about), change
    assert change.text == "Two"


def test_only_the_explanation_shows_names_and_formulas(decisions):
    explanations = 0
    for framework in decisions.values():
        for given in workloads(framework, 1, seed=8):
            answer = decide(framework, given)
            text = prose(answer)
            assert not [name for name in FIELDS if name in text]
            assert not NAMES.search(re.sub(r"--\w+", "", text)), NAMES.search(text)
            explained, shown = prose(answer, explain=True), {row.outcome for row in answer.rows}
            applying = [rule for rule in framework.consequences if rule.outcome.id in shown]
            assert all(text in explained for rule in applying for text in rule.texts.values())
            explanations += len(applying)
    assert explanations > len(decisions)


def test_the_words_stand_in_the_json(small):
    answer = decide(small, workload_of({**PLAIN, "traffic": {"reads_per_s": 100}}))
    found = as_json(answer)["words"]
    assert found["choice"] == worded(answer).choice and found["rows"][0]["cells"][0]["text"] == "10%"


def test_no_line_of_the_text_is_wider_than_a_terminal(decisions):
    for framework in decisions.values():
        assert max(map(len, prose(decide(framework, workload_of({}), with_flips=False)).splitlines())) <= 100


def test_a_starter_reads_back_without_facts_and_asks_for_what_decides_first(small, decisions):
    text = starter([small])
    assert not parse_workload(text).values
    assert re.search(r"^(\S+): unknown", text, re.MULTILINE)[1] in ("traffic.reads_per_s", "data.size", "data.joins")
    every = starter(list(decisions.values()), all_of_them=True)
    assert not parse_workload(every).values
    assert all(f"\n{name}: unknown" in every for framework in decisions.values() for name in framework.fields)
    filled = parse_workload(text.replace("traffic.reads_per_s: unknown", "traffic.reads_per_s: 40 to 60/s"))
    assert filled.values["traffic.reads_per_s"].low == 40
