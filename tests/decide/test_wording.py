"""The answer in words: as sure as the worlds are, and without a name that only files use."""

import datetime as dt
import re
from dataclasses import replace

import pytest

from sysdesign.decide import (
    as_json,
    decide,
    parse_framework,
    parse_workload,
    prose,
    record,
    starter,
    worded,
    workload_of,
)
from sysdesign.decide.answer import Caution
from sysdesign.decide.flips import Flip
from sysdesign.decide.outcome import outcomes
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.wording import any_of, number_change
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


def test_an_option_that_is_best_more_often_and_yet_not_first_is_told(small):
    answer = decide(small, workload_of({**PLAIN, "traffic": {"reads_per_s": 900}, "data": {"joins": "none"}}))
    often = {"One": 0.31, "Two": 0.3}
    told = [replace(each, best_in=often.get(each.label, each.best_in)) for each in answer.verdicts]
    sure = worded(replace(answer, verdicts=tuple(told))).sure
    assert sure.endswith(
        "One is best in more, 31%, but loses more where it is not: on average over all cases the first loses least."
    )
    assert "is best in more" not in worded(answer).sure


def test_a_contradiction_names_the_facts(small):
    found = said(small, data={"size": "2 PB"})
    assert found.choice == "Nothing fits." and found.sure == "These cannot hold together: Data size: 2 PB."
    assert not found.columns and not found.cautions


def test_the_plain_answer_says_where_it_falls_short(small):
    found = said(small, traffic={"reads_per_s": 900}, data={"joins": "none"})
    assert found.why == "The plain answer, One, is behind in capacity used at the peak: 90% against 45%."
    assert found.others[0].about == "One" and found.cautions[0].text == "Mind the gap."
    missed = said(small, traffic={"reads_per_s": 1500}, data={"joins": "none"})
    assert missed.why == "The plain answer, One, falls short: behind in capacity used at the peak: 150% against 75%."


def test_what_rules_an_option_out_comes_with_the_fact(small):
    found = said(small, data={"joins": "across"}, traffic={"reads_per_s": 10})
    assert found.others[0].text == "Ruled out. Two cannot join. (Joins: combined across all customers)"
    assert found.columns == ("One",)


def test_changes_are_factors_of_what_is_stated(small):
    found = said(small, traffic={"reads_per_s": 100}, data={"joins": "none"})
    change = found.changes[0]
    assert re.fullmatch(r"Read rate [67]\.?\d? times higher: 6\d\d/s instead of the 100/s stated", change.about), change
    assert change.text == "Two"


def test_where_nothing_would_change_the_choice_the_answer_says_so(small, decisions):
    sparse = decide(decisions["call-balancing"], workload_of({}))
    assert not sparse.flips and not sparse.word_flips
    steady = worded(sparse).steady
    assert steady.startswith("No single fact") and steady.endswith("Little is stated; what else you know may.")
    assert f"What would change it: {steady}" in " ".join(prose(sparse).split()) and steady in record(
        sparse, dt.date(2026, 1, 1)
    )
    assert said(small, traffic={"reads_per_s": 100}, data={"joins": "none"}).steady == "", "it has changes to show"
    assert worded(decide(decisions["call-balancing"], workload_of({}), with_flips=False)).steady == "", (
        "none was sought"
    )
    assert said(small, data={"size": "2 PB"}).steady == "", "there is no choice to change"


def test_an_option_that_is_often_best_says_so_and_where_it_gains(decisions):
    """Nobody should read of a rival's losses alone, and find in the table that it is the cheaper one."""
    facts = {"clients": {"who": "services"}, "team": {"languages": 1}}
    answer = decide(decisions["call-balancing"], workload_of(facts))
    rival = next(each for each in worded(answer).others if each.about.startswith("Clients that take turns"))
    best = answer.verdict("names").best_in
    assert 0.1 < best < 0.5 and rival.text.endswith(f"Best in {round(100 * best)}% of the likely cases.")
    told = [
        (answer, verdict, text)
        for framework in list(decisions.values())[::9]
        for answer in [decide(framework, framework.examples[-1].given, with_flips=False)]
        for text in [worded(answer)]
        for verdict in answer.verdicts
        if verdict.verdict == "behind" and verdict.behind_by
    ]
    gains = 0
    for answer, verdict, text in told:
        reason = next(each.text for each in text.others if verdict.label in each.about.split("; "))
        pairs = [
            (row.cells[answer.first], row.cells[verdict.option])
            for row in answer.rows
            if {answer.first, verdict.option} <= row.cells.keys()
        ]
        apart = [
            first.regret - own.regret
            for first, own in pairs
            if (first.range or first.text) != (own.range or own.text)
            or (own.value < first.value and own.text != first.text)
        ]
        assert ("; ahead in " in reason) == (max(apart, default=0) >= 0.02), reason
        if "; ahead in " in reason:
            mine, _, other = reason.partition("; ahead in ")[2].split(". ")[0].partition(": ")[2].partition(" against ")
            assert not mine.startswith(other.rstrip(".")), f"nobody sees what is ahead: {reason}"
            gains += 1
    assert gains > 0


def test_servers_are_told_by_their_number(decisions):
    """Who knows that there are six servers need not know what a call takes."""
    few, many = (
        decide(decisions["call-balancing"], workload_of({"compute": {"servers": n}}), with_flips=False).row("machines")
        for n in (6, 60)
    )
    assert few.cells["beside"].low == pytest.approx(6, rel=0.01)
    assert many.cells["beside"].low == pytest.approx(60, rel=0.01)


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


def test_labels_tell_fields_apart():
    labels = [field.label for field in FIELDS.values()]
    assert len(set(labels)) == len(labels), sorted(label for label in set(labels) if labels.count(label) > 1)


def test_a_goal_that_few_cases_have_says_so_and_is_not_missed(small):
    rows = {row.label: row for row in said(small, goals={**PLAIN["goals"], "change": "unlikely"}).rows}
    assert rows["Effort to change it later, engineer-days"].goal == ""
    rows = {row.label: row for row in said(small).rows}
    assert re.fullmatch(
        r"at most 100, counted in \d+% of the cases", rows["Effort to change it later, engineer-days"].goal
    )
    likely = {row.label: row for row in said(small, goals={**PLAIN["goals"], "change": "likely"}).rows}
    assert likely["Effort to change it later, engineer-days"].goal == "at most 100"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9999, "Availability target higher: 99.99% instead of the 99.9% stated"),
        (0.90, "Availability target 10% lower: 90% instead of the 99.9% stated"),
    ],
)
def test_a_change_too_small_for_a_factor_shows_the_values_alone(value, text):
    flip = Flip("availability.target", "up" if value > 0.999 else "down", 0.999, value, "two", True)
    assert number_change(flip, workload_of({"availability": {"target": 0.999}})) == text


def test_facts_without_effect_stand_together(small):
    found = said(small, latency={"read_p99": "1 s"}, edge={"logic": "none"})
    assert [(each.about, each.text) for each in found.not_considered] == [
        (f"{FIELDS['latency.read_p99'].label}; {FIELDS['edge.logic'].label}", "no effect on this decision")
    ]


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.9, 91.0, "90 to 9,100%"),
        (0.2, 0.4, "20 to 40%"),
        (2e-7, 0.05, "<0.01 to 5%"),
        (2e-7, 3e-6, ""),
        (11.0, 91.0, "11 to 91 times"),
    ],
)
def test_a_range_keeps_to_one_unit(low, high, text):
    assert outcomes()["capacity"].range_text(low, high) == text


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["One"], "One"),
        (["One", "Two"], "One or Two"),
        (["One", "Two", "Three"], "One, Two or Three"),
        (["Store, then answer", "Two"], "“Store, then answer” or “Two”"),
        (["Work here or there", "Two", "Three"], "“Work here or there”, “Two” or “Three”"),
    ],
)
def test_options_in_a_row_can_be_told_apart(labels, text):
    assert any_of(labels) == text


def close_call(small, regrets, shares):
    """A close call of both options, the plain one first, with these mean regrets and shares of the worlds."""
    answer = decide(small, workload_of({**PLAIN, "traffic": {"reads_per_s": 100}, "data": {"joins": "none"}}))
    told = [replace(v, regret=regrets[v.option], best_in=shares[v.option]) for v in answer.verdicts]
    names = tuple(sorted(regrets, key=lambda name: name != answer.framework.default))
    return worded(replace(answer, first=names[0], either=names, verdicts=tuple(told)))


def test_a_close_call_says_why_the_plain_answer_leads_another_that_is_best_more_often(small):
    sure = close_call(small, {"one": 0.3, "two": 0.2}, {"one": 0.2, "two": 0.5}).sure
    assert "Two in 50%, One in 20%, another option in 30%." in sure
    assert sure.endswith(
        "stands first as the plain answer: nothing stated speaks for another by more than the efforts are in doubt."
    )
    sure = close_call(small, {"one": 0.2, "two": 0.3}, {"one": 0.4, "two": 0.6}).sure
    assert "another option" not in sure
    assert sure.endswith("One stands first because it loses least on average over all of them.")
    assert "stands first" not in close_call(small, {"one": 0.2, "two": 0.3}, {"one": 0.6, "two": 0.4}).sure


def test_what_holds_for_all_of_a_close_call_is_said_once(small):
    answer = decide(small, workload_of({**PLAIN, "traffic": {"reads_per_s": 100}, "data": {"joins": "none"}}))
    cautions = (Caution("one", "Alarm.", ""), Caution("two", "Alarm.", ""), Caution("two", "Count.", ""))
    found = worded(replace(answer, either=("one", "two"), cautions=cautions)).cautions
    assert [(each.about, each.text) for each in found] == [("", "Alarm."), ("Two", "Count.")]


def test_the_plain_answer_is_not_told_twice_in_full(decisions):
    """What it gains stands in the list of the others alone."""
    facts = workload_of({"traffic": {"writes_per_s": 300}, "events": {"commands_per_s": 2}})
    found = worded(decide(decisions["event-store"], facts, with_flips=False))
    plain = next(each for each in found.others if each.about == "A table in the relational database")
    assert "; ahead in " in plain.text
    assert found.why.endswith(plain.text[1:].split(";")[0] + ".")


def test_losses_that_no_model_can_tell_are_told_as_next_to_none():
    lost = outcomes()["lost_messages"]
    assert lost.text(2.3e-23) == "<0.000001" and lost.text(0.000047) == "0.000047" and lost.text(0) == "0"
    assert lost.range_text(1e-30, 590) == "<0.000001 to 590" and lost.range_text(1e-30, 1e-9) == ""


def test_what_would_settle_it_says_what_is_stated_and_nothing_twice(decisions):
    """A fact that was given is not asked for again without a word."""
    stated = worded(decide(decisions["webhook-retries"], workload_of({"push": {"outage": "6 h"}}))).ask
    assert stated.about == "Outage of a webhook receiver" and stated.text.endswith("Stated is 6 h; how sure is that?")
    for framework in list(decisions.values())[::12]:
        ask = worded(decide(framework, workload_of({}))).ask
        if ask is not None:
            assert "Stated" not in ask.text and ask.text.lower() not in (ask.about.lower(), f"the {ask.about.lower()}.")
            assert not ask.text or (ask.text[-1] in ".?" and ".." not in ask.text)
