"""What holds for every framework. `pytest -k NAME` runs one alone.

Samples are small, so that all frameworks together take minutes; whoever writes one
can raise `MANY` for a harder look.
"""

import dataclasses

import numpy as np
import pytest

from sysdesign import units
from sysdesign.decide import decide, worded, workload_of
from sysdesign.decide.answer import Answer
from sysdesign.decide.evaluation import evaluate
from sysdesign.decide.field import Number, Word
from sysdesign.decide.influence import wide_draws
from sysdesign.decide.outcome import outcomes
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import sampled
from tests.decide.conftest import REFERENCE
from tests.decide.generated import workloads

NAMES = sorted(path.stem for path in (REFERENCE / "decisions").glob("*.yaml"))
MANY = 6  # generated workloads that are answered in full
SOME = 8  # parts of options that are made cheaper
FEW, ENDS = 200, 400  # worlds
SLACK = 1e-6
GOALS = frozenset(name for outcome in outcomes().values() for name in outcome.goals)
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # a division by an absent load is infinite, as meant


@pytest.fixture(params=NAMES, scope="module")
def framework(request, decisions):
    return decisions[request.param]


@pytest.fixture(scope="module")
def answers(framework):
    return [decide(framework, given, with_flips=False) for given in workloads(framework, MANY, seed=2)]


def evaluated(framework, workload):
    return evaluate(framework, sampled(workload, framework.derived))


def test_every_framework_is_here(decisions):
    assert sorted(decisions) == NAMES


def test_what_its_options_touch_exists(framework):
    assert {each.target for each in framework.interactions} <= {*NAMES, *FIELDS}


def test_its_examples_come_out_as_they_say(framework):
    for example in framework.examples:
        answer = decide(framework, example.given, with_flips=False)
        close = answer.either or (answer.first,)
        if example.close:
            assert set(example.first) <= set(close), (example.line, close)
        else:
            assert answer.first in example.first, (example.line, answer.first, answer.either)


def test_every_option_is_first_for_some_workload(framework):
    seen = {decide(framework, example.given, with_flips=False).first for example in framework.examples}
    seen |= leaders_where_all_is_stated(framework, 3000)
    assert set(framework.options) <= seen, set(framework.options) - seen


def leaders_where_all_is_stated(framework, count):
    """What has the least regret in worlds drawn far wider than what is usual."""
    generator = np.random.default_rng(1)
    draws = {name: wide_draws(name, count, generator)[None, :] for name in framework.fields}
    evaluation = evaluate(framework, sampled(Workload({}, {}), framework.derived, count)).setting(draws)
    survives = ~evaluation.excluded[:, 0].all(axis=0)
    return {evaluation.options[at] for at in np.unique(np.argmin(evaluation.totals[:, 0], axis=0)[survives])}


def test_any_workload_gives_a_pick_a_close_call_or_a_contradiction(answers):
    for answer in answers:
        assert isinstance(answer, Answer) and bool(answer.first) != bool(answer.contradiction)
        assert not answer.either or answer.first == answer.either[0]
        assert 0 <= answer.confidence <= 1 and answer.as_json()["options"]


def test_what_is_divided_by_a_thousand_is_plain_again(framework):
    small = {
        name: FIELDS[name].prior[1] / 1000 for name in framework.fields if getattr(FIELDS[name], "load", False)
    }  # fmt: skip
    small = {name: max(value, FIELDS[name].bounds[0]) for name, value in small.items() if not FIELDS[name].whole}
    answer = decide(framework, Workload(small, {}), with_flips=False)
    assert framework.default in (answer.first, *answer.either)


def test_an_example_divided_by_a_thousand_is_plain_or_says_what_holds_it(framework):
    for example in framework.examples[:MANY]:
        answer = decide(framework, smaller(example.given), with_flips=False)
        plain = framework.default in (answer.first, *answer.either)
        assert plain or not answer.first or "The plain answer, " in worded(answer).why, example.line


def smaller(given):
    values = dict(given.values)
    for name, value in given.values.items():
        if getattr(FIELDS[name], "load", False) and isinstance(value, float) and not FIELDS[name].whole:
            values[name] = max(value / 1000, FIELDS[name].bounds[0])
    return Workload(values, {})


def test_more_load_never_makes_the_plain_answer_look_better(framework):
    """Each load alone, doubled."""
    for given in workloads(framework, 2, seed=7, stated=0.8):
        evaluation = evaluated(framework, given)
        plain = evaluation.places[framework.default]
        for name, field, value in stated_numbers(framework, given):
            if field.load and value > 0:
                more = evaluation.setting({name: np.array([[min(value * 2, field.bounds[1])]])})
                change = more.regrets[plain, 0].mean() - evaluation.regrets[plain, 0].mean()
                assert change >= -SLACK, (name, value, change)


def stated_numbers(framework, given):
    for name in framework.fields:
        field, value = FIELDS[name], given.values.get(name)
        if isinstance(field, Number) and isinstance(value, float) and not field.whole:
            yield name, field, value


def test_a_looser_goal_never_eliminates_more_nor_costs_more(framework):
    for given in workloads(framework, 2, seed=9, stated=0.8):
        evaluation = evaluated(framework, given)
        for name, field, value in stated_numbers(framework, given):
            if field.looser:
                low, high = field.bounds
                looser = min(value * 2, high) if field.looser == "higher" else max(value / 2, low)
                if field.scale == "nines":
                    looser = 1 - min(1, (1 - value) * 2)
                changed = evaluation.setting({name: np.array([[looser]])})
                assert not np.any(changed.excluded & ~evaluation.excluded), (name, value)
                if name in GOALS:
                    assert np.all(changed.regrets.mean(axis=2) <= evaluation.regrets.mean(axis=2) + SLACK), name
        for name, field, loose in looser_words(framework, given):
            changed = evaluation.setting({name: np.array([[field.code(loose)]])})
            assert not np.any(changed.excluded & ~evaluation.excluded), (name, loose)


def looser_words(framework, given):
    for name in framework.fields:
        field = FIELDS[name]
        for strict, loose in field.looser_pairs if isinstance(field, Word) else ():
            if given.values.get(name) == strict:
                yield name, field, loose


def test_the_same_facts_in_other_units_are_the_same_answer(framework):
    [given] = workloads(framework, 1, seed=10, stated=0.8)
    facts = {name: in_base_units(name, value) for name, value in given.values.items()}
    other = workload_of(facts)
    plain = workload_of(given.as_json())
    first, second = (decide(framework, each, with_flips=False).as_json() for each in (plain, other))
    assert first["options"] == second["options"] and first["outcomes"] == second["outcomes"]


def in_base_units(name, value):
    field = FIELDS[name]
    unit = {(1.0, 0.0, 0.0): "s", (0.0, 1.0, 0.0): "B"}.get(getattr(field, "dimension", None))
    if unit is None:
        return value if isinstance(value, str) else units.in_unit(value, field.unit)
    return f"{units.clean(units.in_unit(value, field.unit) * field.size)!r} {unit}"


def test_every_formula_holds_at_the_ends_of_what_it_reads(framework):
    """Each field at the low or the high end of what is likely, in every mixture: a number, and none below zero."""
    generator = np.random.default_rng(11)
    draws = {name: ends(name, generator)[None, :] for name in framework.fields}
    evaluation = evaluate(framework, sampled(Workload({}, {}), framework.derived, ENDS)).setting(draws)
    for rule in framework.consequences:
        applies = np.ones(1, bool) if rule.when is None else rule.when.truth(evaluation.worlds)
        for option, node in rule.values.items():
            values = np.broadcast_to(node.number(evaluation.worlds), (1, ENDS))[np.broadcast_to(applies, (1, ENDS))]
            assert not np.any(np.isnan(values)) and np.all(values >= -1e-9), (rule.outcome.id, option)


def ends(name, generator):
    field = FIELDS[name]
    if isinstance(field, Number):
        return np.array(field.prior)[generator.integers(0, 2, ENDS) * 2]
    return generator.integers(0, len(field.words), ENDS)


def test_what_a_model_gives_appears_in_the_answer(framework):
    """Each call, answering otherwise, changes a cell of the table or an effort."""
    before = table(framework)
    alike = {}
    for call in framework.calls:
        alike.setdefault(call.token, []).append(call)
    for calls in alike.values():
        kept = [(call.function, call.run) for call in calls]
        for call, (function, run) in zip(calls, kept, strict=True):
            alone = dataclasses.replace(run, words=(("asked", "alone"),), function=lambda inputs: None)
            answer(call, lambda inputs, function=function: np.abs(function(inputs)) * 0.5 + 0.01, alone)
        try:
            after = table(framework)
        finally:
            for call, (function, run) in zip(calls, kept, strict=True):
                answer(call, function, run)
        assert any(not np.allclose(before[key], after[key], equal_nan=True) for key in before), calls[0].name


def answer(call, function, run):
    object.__setattr__(call, "function", function)
    object.__setattr__(call, "run", run)


def table(framework):
    """Every value of every option over worlds drawn far apart."""
    generator = np.random.default_rng(12)
    draws = {name: wide_draws(name, FEW, generator)[None, :] for name in framework.fields}
    evaluation = evaluate(framework, sampled(Workload({}, {}), framework.derived, FEW)).setting(draws)
    values = {rule.outcome.id: rule.values for rule in framework.weighed}
    return {
        (outcome, option): node.number(evaluation.worlds)
        for outcome, nodes in values.items()
        for option, node in nodes.items()
    } | {("", at): rule.when.truth(evaluation.worlds) for at, rule in enumerate(framework.constraints) if rule.when}


def test_options_do_not_meddle_with_each_other(framework):
    """An option taken away leaves the regret of the others as it was."""
    for given in workloads(framework, 1, seed=3):
        whole = evaluated(framework, given)
        for gone in framework.options:
            if gone == framework.default:
                continue
            rest = evaluated(without(framework, gone), given)
            kept = [at for at, name in enumerate(whole.options) if name != gone]
            np.testing.assert_allclose(rest.means, whole.means[kept], rtol=1e-9)


def without(framework, gone):
    options = {name: option for name, option in framework.options.items() if name != gone}
    rules = tuple(
        dataclasses.replace(rule, values={name: node for name, node in rule.values.items() if name != gone})
        for rule in framework.consequences
    )
    limits = tuple(
        dataclasses.replace(rule, rules_out=tuple(name for name in rule.rules_out if name != gone))
        for rule in framework.constraints
    )
    return dataclasses.replace(framework, options=options, consequences=rules, constraints=limits)


def test_a_dominated_option_is_never_first_nor_close(answers):
    for answer in answers:
        for verdict in answer.verdicts:
            assert not (verdict.verdict == "dominated" and verdict.option in (answer.first, *answer.either))


def test_flips_are_real(framework):
    for example in framework.examples[:1]:
        answer = decide(framework, example.given)
        for flip in answer.flips[:3]:
            assert first_at(framework, example.given, flip.input, flip.value) == flip.becomes != answer.first
            if not FIELDS[flip.input].whole:
                near = flip.now + 0.99 * (flip.value - flip.now)
                assert first_at(framework, example.given, flip.input, near) == answer.first, flip
        for flip in answer.word_flips[:2]:
            changed = Workload({**example.given.values, flip.input: flip.word}, {})
            assert decide(framework, changed, with_flips=False).first == flip.becomes != answer.first


def first_at(framework, given, name, value):
    return decide(framework, Workload({**given.values, name: value}, {}), with_flips=False).first


def test_one_percent_more_of_anything_is_no_cliff(framework):
    """Constraints and words apart, no number moves an option's regret by more than a small amount."""
    for given in workloads(framework, 2, seed=5):
        evaluation = evaluated(framework, given)
        for name in framework.fields:
            field, value = FIELDS[name], given.values.get(name)
            if not isinstance(field, Number) or not isinstance(value, float) or field.whole or value == 0:
                continue
            more = 1 - (1 - value) * 0.99 if field.scale == "nines" else min(value * 1.01, field.bounds[1])
            moved = evaluation.setting({name: np.array([[more]])})
            change = np.abs(moved.regrets - evaluation.regrets).mean(axis=2).max()
            assert change < 0.15, (name, value, change)


def test_a_cheaper_part_never_costs_an_option_its_place(framework):
    [given] = workloads(framework, 1, seed=6)
    before = evaluated(framework, given)
    pairs = [(name, part) for name, option in framework.options.items() for part in option.components]
    for at in np.random.default_rng(6).permutation(len(pairs))[:SOME]:
        name, part = pairs[at]
        after = evaluated(cheaper(framework, name, part), given)
        place = before.places[name]
        assert after.means[place, 0] <= before.means[place, 0] + 1e-9


def cheaper(framework, name, part):
    """The framework with half of that part in one option."""
    from sysdesign.decide.node import Arithmetic, Literal

    option = framework.options[name]
    count = Arithmetic("*", option.components[part], Literal(0.5), option.components[part].dimension)
    changed = dataclasses.replace(option, components={**option.components, part: count})
    return dataclasses.replace(framework, options={**framework.options, name: changed})
