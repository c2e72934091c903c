"""Every framework that is there: whole, reachable, monotone, and blind to options that do not matter."""

import dataclasses

import numpy as np
import pytest

from sysdesign.content import located
from sysdesign.content.parsing import parse_document
from sysdesign.decide import decide, framework, relevant_inputs, workload_of
from sysdesign.decide.evaluation import NONE, evaluate
from sysdesign.decide.field import Number, Word
from sysdesign.decide.framework import TOLERANCE
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.worlds import Setting, varied_worlds
from sysdesign.errors import UnknownName
from tests.decide.conftest import REFERENCE
from tests.decide.generated import NOTHING, around, columns, firsts, outcome, workload_at

NAMES = sorted(path.stem for path in (REFERENCE / "decisions").glob("*.yaml"))
WORLDS = 2000
pytestmark = pytest.mark.parametrize("name", NAMES)


def plainly(known, workload):
    return decide(known, workload, with_flips=False, with_confidence=False)


def test_its_examples_hold(name, decisions):
    known = decisions[name]
    assert known.examples, "a framework carries its own examples"
    for example in known.examples:
        answer = plainly(known, example.given)
        assert answer.first == example.first, (
            f"line {example.line}: {[(v.option, v.verdict, v.score) for v in answer.verdicts]}"
        )


def test_nothing_known_gives_the_default(name, decisions):
    assert plainly(decisions[name], workload_of({})).first == decisions[name].default


def test_its_sources_and_sections_exist(name, decisions):
    known = decisions[name]
    sources = located.read(REFERENCE / "sources.yaml", "sources.yaml").value
    planned = {entry["name"] for entry in located.read(REFERENCE / "plan.yaml", "plan.yaml").value["documents"]}
    for rule in (*known.constraints, *known.criteria, *known.cautions):
        assert rule.source in sources, f"line {rule.line}: {rule.because}"
    assert known.document in planned
    for option in known.options.values():
        document, anchor = option.section.split("#")
        assert document in planned and anchor
        if known.document != document:
            continue
        path = REFERENCE / f"{document}.md"
        if path.exists():
            assert anchor in anchors(path), f"{option.section} is no heading of {path.name}"


def anchors(path):
    document = parse_document(path.read_text(encoding="utf-8"), "", path.stem, path.name)
    return {section.anchor for section in document.sections}


def test_every_option_is_first_for_some_generated_workload(name, decisions):
    known = decisions[name]
    reached = set()
    for seed in range(4):
        reached |= set(firsts(known, columns(known, WORLDS, seed)).tolist())
    for seed, example in enumerate(known.examples):
        reached |= set(firsts(known, around(known, example.given, 300, seed)).tolist())
    missing = {option for at, option in enumerate(known.options) if at not in reached}
    assert not missing


def test_every_rule_fires_for_some_generated_workload(name, decisions):
    known = decisions[name]
    fired = np.zeros(len(known.constraints), dtype=bool)
    for seed in range(3):
        result = outcome(known, columns(known, WORLDS, seed, stated=0.6))
        fired |= np.array([bool(np.any(truth.sure)) for truth in result.fired])
    for seed, example in enumerate(known.examples):
        result = outcome(known, around(known, example.given, 300, seed))
        fired |= np.array([bool(np.any(truth.sure)) for truth in result.fired])
    silent = [known.constraints[at].text for at in np.flatnonzero(~fired)]
    assert not silent


def test_random_workloads_always_get_an_answer(name, decisions):
    known = decisions[name]
    worlds = columns(known, 12, seed=5, stated=0.7)
    for at in range(12):
        answer = plainly(known, workload_at(known, worlds, at))
        if answer.first:
            assert not answer.contradiction
            assert [v.verdict for v in answer.verdicts].count("first") == 1 and answer.verdicts[
                0
            ].option == answer.first
            assert answer.verdict(answer.first).verdict == "first"
        else:
            assert answer.contradiction, "nothing survives, so the wishes that cannot hold together are named"


def test_a_contradiction_is_smallest(name, decisions):
    known = decisions[name]
    worlds = columns(known, 400, seed=7, stated=0.5)
    for at in np.flatnonzero(firsts(known, worlds) == NONE)[:4]:
        workload = workload_at(known, worlds, at)
        conflict = plainly(known, workload).contradiction
        only = {key: workload.values[key] for key in conflict}
        assert plainly(known, dataclasses.replace(workload, values=only)).first == ""
        for dropped in conflict:
            fewer = {key: value for key, value in only.items() if key != dropped}
            assert plainly(known, dataclasses.replace(workload, values=fewer)).first != "", (
                f"{conflict} holds without {dropped}"
            )


def test_more_load_never_helps_a_single_machine(name, decisions):
    known = decisions[name]
    single = [at for at, option in enumerate(known.options.values()) if option.one_machine]
    worlds = columns(known, 800, seed=11)
    before, first = outcome(known, worlds), firsts(known, worlds)
    loads = [field for field in worlds if isinstance(FIELDS[field], Number) and FIELDS[field].load]
    for load in loads:
        for factor in (1.5, 30.0, 1e4):
            more = {**worlds, load: np.minimum(worlds[load] * factor, FIELDS[load].bounds[1])}
            after, now = outcome(known, more), firsts(known, more)
            for at in single:
                ruled_before, ruled_after = wide(before.ruled_out[at]), wide(after.ruled_out[at])
                assert not np.any(ruled_before & ~ruled_after), (load, factor)
                others = [other for other in single if other != at]
                gained = (now == at) & (first != at) & ~np.isin(first, others)
                assert not np.any(gained), (load, factor, list(known.options)[at])


def test_a_looser_target_never_rules_out_more(name, decisions):
    known = decisions[name]
    worlds = columns(known, 1500, seed=13, stated=0.5)
    before = outcome(known, worlds)
    for field_name in worlds:
        for looser in looser_columns(field_name, worlds[field_name]):
            after = outcome(known, {**worlds, field_name: looser})
            more = wide2(after.ruled_out, 1500) & ~wide2(before.ruled_out, 1500)
            assert not np.any(more), (
                f"{field_name} looser rules out {[list(known.options)[at] for at in set(np.nonzero(more)[0])]}"
            )


def looser_columns(name, values):
    field = FIELDS[name]
    if isinstance(field, Word):
        for strict, loose in field.looser_pairs:
            yield np.where(values == field.code(strict), field.code(loose), values)
    elif field.looser:
        low, high = field.bounds
        if field.looser == "higher":
            yield from (np.minimum(np.maximum(values, 1e-9) * factor, high) for factor in (1.3, 20, 1e5))
        else:
            yield from (np.maximum(values - step * (values - low), low) for step in (0.001, 0.1, 0.9))


def wide(row):
    return np.broadcast_to(row, (800,))


def wide2(array, count):
    return np.broadcast_to(array, (len(array), count))


def test_an_option_added_removed_or_renamed_reorders_nothing(name, decisions):
    known = decisions[name]
    worlds = columns(known, 500, seed=17)
    order = placing(known, worlds)
    for gone in known.options:
        if gone == known.default:
            continue
        fewer = without(known, gone)
        keep = [at for at, option in enumerate(known.options) if option != gone]
        assert np.array_equal(
            np.argsort(order[keep], axis=0, kind="stable"), np.argsort(placing(fewer, worlds), axis=0, kind="stable")
        )
    renamed = dataclasses.replace(
        known, options={key: dataclasses.replace(o, label=f"zz {o.label}"[::-1]) for key, o in known.options.items()}
    )
    assert np.array_equal(placing(renamed, worlds), order)


def placing(known, worlds):
    views = varied_worlds(known, NOTHING, [Setting(n, 0, v) for n, v in worlds.items()], 500)
    return evaluate(known, views).placing


def without(known, gone):
    """The framework with one option taken out of every rule."""
    return dataclasses.replace(
        known,
        options={key: option for key, option in known.options.items() if key != gone},
        constraints=tuple(
            dataclasses.replace(c, rules_out=tuple(o for o in c.rules_out if o != gone)) for c in known.constraints
        ),
        criteria=tuple(
            dataclasses.replace(c, values={k: v for k, v in c.values.items() if k != gone}) for c in known.criteria
        ),
        preferences=tuple(p for p in known.preferences if p.option != gone),
    )


def test_units_change_nothing(name, decisions):
    known = decisions[name]
    worlds = columns(known, 6, seed=19, stated=0.6)
    for at in range(6):
        workload = workload_at(known, worlds, at)
        in_other_units = {key: other_unit(key, value) for key, value in workload.values.items()}
        converted = workload_of(in_other_units)
        ours, theirs = plainly(known, workload_of(plain_units(workload))), plainly(known, converted)
        assert (ours.first, [v.option for v in ours.verdicts]) == (theirs.first, [v.option for v in theirs.verdicts])


def plain_units(workload):
    facts = workload.as_json()
    return {f"{group}.{key}": value for group, inner in facts.items() for key, value in inner.items()}


def other_unit(name, value):
    field = FIELDS[name]
    if isinstance(value, str):
        return value
    other = {
        (1, 0, 0): ("min", 60),
        (0, 1, 0): ("MiB", 1024**2),
        (-1, 0, 0): ("/h", 1 / 3600),
        (0, 0, 1): ("USD", 1),
        (-1, 0, 1): ("USD/day", 1 / 86400),
    }
    unit, size = other.get(field.dimension, (field.unit if "/" in field.unit else "", field.size))
    low, high = field.bounds
    text = f"{value / size!r} {unit}".strip()
    return text if low < value < high else float(value) / field.size


def test_preferences_cannot_overturn_a_clear_gap(name, decisions):
    known = decisions[name]
    worlds = columns(known, 1500, seed=23)
    plain = dataclasses.replace(known, preferences=())
    with_, without_ = outcome(known, worlds), outcome(plain, worlds)
    first, before = firsts(known, worlds), firsts(plain, worlds)
    for at in np.flatnonzero((first != before) & (first != NONE) & (before != NONE)):
        score = wide2(without_.score, 1500)[:, at]
        assert score[first[at]] - score[before[at]] <= 0.2 + TOLERANCE + 1e-9
    assert np.array_equal(wide2(with_.ruled_out, 1500), wide2(without_.ruled_out, 1500))


def test_inputs_come_in_order_of_influence(name, decisions):
    inputs = relevant_inputs(decisions[name])
    assert {item.name for item in inputs} == set(decisions[name].fields)
    shares = [item.influence for item in inputs]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0


def test_one_can_be_loaded_by_name(name, decisions):
    assert framework(REFERENCE, name).digest == decisions[name].digest
    with pytest.raises(UnknownName, match=name):
        framework(REFERENCE, name + "x")
