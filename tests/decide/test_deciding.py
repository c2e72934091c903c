"""The engine on a small framework whose numbers can be checked by hand."""

import os

import numpy as np
import pytest

from sysdesign import units
from sysdesign.decide import decide, flips, frameworks, own_efforts, parse_framework, prose, read_prices, workload_of
from sysdesign.decide.effort import efforts
from sysdesign.decide.node import Argument
from sysdesign.decide.outcome import regret_of
from sysdesign.errors import BadContent

SMALL = """\
question: One or two?
document: 06-Messaging-Systems
options:
  one:
    label: One
    class: a
    section: "06-Messaging-Systems#calls"
  two:
    label: Two
    class: b
    section: "06-Messaging-Systems#queues"
    components: {managed_queue: 1}
    products: [{name: A product, looked_at: 2026-11-29}]
default: one
derived: {load: traffic.reads_per_s / 1000 /s}
outcomes:
  capacity:
    because: One takes a thousand.
    values: {one: load, two: load / 2}
constraints:
  - {when: data.joins == across, rules_out: two, because: Two cannot join.}
  - {when: data.size > 1 PB, rules_out: [one, two], because: Too much for either.}
cautions:
  - {option: two, because: Mind the gap.}
examples:
  - {given: {}, first: one}
"""
PLAIN = {"goals": {"headroom": 0.4}, "team": {"engineers": 8, "operators": 1}}


@pytest.fixture(scope="module")
def small():
    return parse_framework(SMALL, "small.yaml")


def answer(small, **facts):
    return decide(small, workload_of({**PLAIN, **facts}))


@pytest.mark.parametrize(
    ("value", "regret"),
    [(0.3, 0.0), (0.6, 0.0), (0.8, 0.5), (1.0, 1.0), (1.4, 1.0 + 0.6931472), (float("nan"), 14.8155)],
)
def test_regret_is_zero_at_the_target_one_at_the_limit_and_goes_on(value, regret):
    assert regret_of(value, 0.6, 1.0) == pytest.approx(regret, abs=1e-4)


def test_the_table_holds_what_the_formulas_give(small):
    found = answer(small, traffic={"reads_per_s": 800})
    assert found.row("capacity").cells["one"].text == "80%" and found.row("capacity").cells["two"].text == "40%"
    assert found.row("capacity").stated and found.first == "two"
    assert found.verdict("one").behind_by == "capacity"


def test_a_load_that_either_carries_leaves_the_plain_answer(small):
    found = answer(small, traffic={"reads_per_s": 100})
    assert found.first == "one" and not found.contradiction
    assert "Choose: One" in prose(found)


def test_what_rules_out_is_told_with_the_stated_facts(small):
    found = answer(small, traffic={"reads_per_s": 2000}, data={"joins": "across", "size": "1 GB"})
    assert found.first == "one" and found.verdict("two").verdict == "ruled out"
    assert found.verdict("two").excluded_by[0].facts == ("Joins: combined across all customers",)


def test_wishes_that_leave_nothing_are_named(small):
    found = answer(small, data={"size": "2 PB"})
    assert not found.first and found.contradiction == ("data.size",)


def test_the_flip_is_where_the_formulas_say(small):
    found = answer(small, traffic={"reads_per_s": 100}, data={"joins": "none"})
    flip = next(flip for flip in found.flips if flip.input == "traffic.reads_per_s")
    assert flip.direction == "up" and 600 < flip.value < 800 and flip.becomes == "two"


@pytest.mark.parametrize("name", ["message-handoff", "timeouts-and-retries", "storage-tier"])
def test_a_search_that_leaves_values_out_finds_the_same_flips(name, monkeypatch):
    framework = frameworks()[name]
    given = [workload_of({}), *(example.given for example in framework.examples[:2])]
    sparing = [decide(framework, workload).flips for workload in given]
    monkeypatch.setattr(flips, "SURE", float("inf"))  # every value of every grid
    monkeypatch.setattr(flips, "FEW", 1000)  # and of every round
    assert [decide(framework, workload).flips for workload in given] == sparing
    assert any(sparing)


def test_values_of_a_search_are_spaced_as_numpy_spaces_them():
    for now, end in np.random.default_rng(0).uniform(-6, 9, (200, 2)):
        low, high = 10.0**now, 10.0**end
        assert flips._by_factors(low, high) == pytest.approx(np.geomspace(low, high, flips.GRID + 1)[1:], rel=1e-12)


def test_what_was_stated_and_not_used_is_said(small):
    found = answer(
        small, traffic={"reads_per_s": 100}, goals={"headroom": 0.4, "cost_per_month": 2000}, edge={"logic": "none"}
    )
    assert {item.name for item in found.not_considered} == {"goals.cost_per_month", "edge.logic"}
    assert "--prices" in prose(found)


def test_prices_make_cost_count(small, tmp_path):
    path = tmp_path / "prices.yaml"
    path.write_text("machine: 300 USD/month\ncomponents: {managed_queue: 5000 USD/month}\n")
    facts = workload_of({**PLAIN, "traffic": {"reads_per_s": 800}, "goals": {"cost_per_month": 1000, "headroom": 0.4}})
    assert decide(small, facts).first == "two"
    priced = decide(small, facts, prices=read_prices(path))
    assert priced.first == "one" and priced.row("cost").cells["two"].missed == 1.0


PAID = """\
own_outcomes:
  paid: {label: Machines paid for, unit: count, machines: true, target: 0, limit: 10, weight: weights.cost}
outcomes:
  paid: {because: Each is paid for., values: {one: load * 4, two: load * 5}}
"""


def test_the_cost_stands_for_machines_paid_for(tmp_path):
    """Three machines stand behind the component with a price of its own; what is paid for beyond them is machines."""
    framework = parse_framework(
        SMALL.replace("outcomes:\n", PAID, 1).replace("managed_queue: 1", "log_broker: 3"), "small.yaml"
    )
    facts = workload_of({**PLAIN, "traffic": {"reads_per_s": 1000}, "goals": {"cost_per_month": 1000}})
    assert "cost" not in {row.outcome for row in decide(framework, facts).rows}
    path = tmp_path / "prices.yaml"
    for own, costs in (("", (400, 500)), ("components: {log_broker: 300 USD/month}\n", (400, 3 * 300 + (5 - 3) * 100))):
        path.write_text(f"machine: 100 USD/month\n{own}")
        priced = decide(framework, facts, prices=read_prices(path))
        assert "paid" not in {row.outcome for row in priced.rows}
        found = [priced.row("cost").cells[name].value * units.unit("month")[0] for name in ("one", "two")]
        assert found == pytest.approx(costs)


def test_what_every_case_rules_out_is_best_in_none(small):
    """A load so far beyond both that what a rule adds in one case would be the smaller evil."""
    text = SMALL.replace("when: data.size > 1 PB, rules_out: [one, two]", "when: data.size > 1 PB, rules_out: two")
    found = answer(parse_framework(text, "small.yaml"), data={"size": "2 PB"}, traffic={"reads_per_s": "50 million/s"})
    assert found.first == "one" and found.confidence == 1.0 and found.verdict("two").best_in == 0.0


def test_only_a_count_is_of_machines():
    with pytest.raises(BadContent, match="machines: true at a count"):
        parse_framework(SMALL.replace("outcomes:\n", PAID.replace("unit: count", "unit: s"), 1), "small.yaml")


def test_an_own_outcome_that_no_option_has_is_an_error():
    """It would weigh nothing, and the goal that it names would be left aside in silence."""
    never_given = PAID[: PAID.index("  paid: {because")]
    with pytest.raises(BadContent, match="no option is told what it has of 'paid'"):
        parse_framework(SMALL.replace("outcomes:\n", never_given, 1), "small.yaml")


def test_a_fraction_of_a_server_is_within_the_range():
    """A model of whole servers is asked for 2.5 of them: that is no note to the reader, and a billion is."""
    whole = Argument("servers", None, 1.0, 1e6, 1.0, whole=True)
    assert not whole.outside(np.array([2.5])) and whole.outside(np.array([1e9])) and whole.outside(np.array([0.2]))


def test_a_close_call_is_led_by_the_least_mean_regret_where_facts_speak_for_it(small):
    """Rates from far below what one carries to far above: one does better in many worlds, two on the whole."""
    found = answer(small, traffic={"reads_per_s": {"low": 100, "high": 2500}})
    assert found.either == ("two", "one")
    assert found.verdict("one").best_in > 1 / 3 and found.verdict("one").regret > 1.5 * found.verdict("two").regret
    said = " ".join(prose(found).split())
    assert "cases: One in 63%, Two in 37%. Two stands first because it loses least on average over all of them." in said


def test_what_is_better_in_one_value_is_not_called_dominated(small):
    """Both loads are far below the goal: no regret, and yet two carries its load with half the capacity."""
    found = answer(small, traffic={"reads_per_s": 300})
    assert found.verdict("two").verdict == "behind" and not found.verdict("two").dominated_by


def test_what_nobody_states_forces_nothing():
    """A load that is large in some of the usual cases leaves the plain answer; the same load stated does not."""
    tight = parse_framework(SMALL.replace("/ 1000 /s", "/ 40 /s"), "tight.yaml")
    unsaid = answer(tight)
    assert unsaid.verdict("two").regret < unsaid.verdict("one").regret and unsaid.first == "one"
    assert answer(tight, traffic={"reads_per_s": {"low": 4, "high": 100}}).first == "two"


def test_what_is_nearly_never_best_is_not_close(small):
    """The efforts of two are uncertain, and yet it is worse in every likely case."""
    found = answer(small, traffic={"reads_per_s": 300})
    assert found.first == "one" and not found.either


def test_the_same_facts_in_other_units_give_the_same_answer(small):
    one = answer(small, traffic={"reads_per_s": "864 thousand/day"}, data={"size": "1 TB"})
    other = answer(small, traffic={"reads_per_s": 10}, data={"size": 1000})
    assert one.as_json() == other.as_json()


def test_products_and_cautions_belong_to_the_option(small):
    found = answer(small, traffic={"reads_per_s": 900})
    assert found.verdict("two").products == (("A product", "2026-11-29"),) and "Mind the gap." in prose(found)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("managed_queue: 1", "managd_queue: 1", 12, "managed_queue"),
        ("capacity:", "capacty:", 17, "capacity"),
        ("one: load,", "one: traffic.reads_per_s,", 19, "a rate"),
        ("two: load / 2", "tow: load / 2", 19, "two"),
        ("default: one", "default: on", 14, "one"),
        ("looked_at: 2026-11-29", "looked_at: lately", 13, "date"),
        ("derived: {load:", "derived: {max:", 15, "cannot name"),
        ("rules_out: two", "rules_out: tow", 21, "two"),
        ("    class: a", "    klass: a", 6, "klass"),
        ("  capacity:\n", "  build:\n", 17, "no outcome that a framework gives"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(old, new, line, message):
    assert old in SMALL
    with pytest.raises(BadContent) as caught:
        parse_framework(SMALL.replace(old, new, 1), "small.yaml")
    assert message in str(caught.value) and caught.value.line == line


def test_efforts_of_ones_own_stand_over_those_of_the_reference(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("cache_node: {label: Cache node, build: [500, 600], run: [1, 2], basis: ours}\n", encoding="utf-8")
    mine = own_efforts(path)
    assert mine.components["cache_node"].first["build"] == (500.0, 600.0)
    assert mine.components.keys() == efforts().components.keys() and mine.digest != efforts().digest
    path.write_text("cache_nodes: {label: Cache node, build: 1, run: 1, basis: ours}\n", encoding="utf-8")
    with pytest.raises(BadContent, match="Did you mean cache_node"):
        own_efforts(path)


def test_a_name_that_cannot_be_printed_is_told_in_letters_that_can(tmp_path):
    (tmp_path / "decisions").mkdir()
    (tmp_path / "decisions" / os.fsdecode(b"\xff.yaml")).write_text("{}", encoding="utf-8")
    with pytest.raises(BadContent, match="not UTF-8") as caught:
        frameworks(tmp_path)
    str(caught.value).encode()
