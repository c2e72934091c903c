"""Workload files: what is read, and that what is refused names file, line and what would work."""

# Rows of examples read better whole.
# ruff: noqa: E501

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sysdesign.decide import parse_workload, vocabulary_entries, workload_of, workload_schema
from sysdesign.decide.field import Number, Word
from sysdesign.decide.vocabulary import FIELDS, GROUPS
from sysdesign.decide.workload import Interval
from sysdesign.errors import BadContent, SysdesignError, UnknownName


def test_an_availability_may_be_so_many_nines():
    for text, value in (("3 nines", 0.999), ("four nines", 0.9999), ("99.95%", 0.9995)):
        assert workload_of({"availability.target": text}).values["availability.target"] == pytest.approx(value)
    with pytest.raises(BadContent, match="nines"):
        workload_of({"traffic.reads_per_s": "3 nines"})


def test_a_name_that_is_not_whole_finds_those_it_begins():
    with pytest.raises(BadContent, match=r"Did you mean traffic.reads_per_s\?"):
        workload_of({"traffic.reads": 5})


def test_numbers_texts_intervals_words_and_unknown():
    workload = parse_workload(
        "name: Chat\ntraffic: {writes_per_s: 3.5 million/day, reads_per_s: {low: 100, high: 400/s}, growth_per_year: unknown}\n"
        "data: {size: 2 TB, joins: none}\n"
    )
    assert workload.values == {
        "traffic.writes_per_s": pytest.approx(40.5092592593),
        "traffic.reads_per_s": Interval(100.0, 400.0),
        "data.size": 2e12,
        "data.joins": "none",
    }
    assert workload.name == "Chat"


def test_json_is_read_as_well():
    facts = {"data": {"size": "2 TB"}, "name": "x"}
    assert parse_workload(json.dumps(facts)).values == workload_of(facts).values


@pytest.mark.parametrize(
    ("text", "line", "found", "fix"),
    [
        ("data:\n  sise: 3\n", 2, "data.sise", "data.size"),
        ("name: x\ndatas:\n  size: 3\n", 2, "datas", "data"),
        ("data:\n  size: 1\n  size: 2\n", 3, "twice", "Keep one"),
        ("data:\n  size: 10 ms\n", 2, "another kind", "GB"),
        ("data:\n  joins: yes\n", 2, "yes", "none, within_key, across"),
        ("data:\n  joins: true\n", 2, "True", "none, within_key, across"),
        ("data:\n  size: -1\n", 2, "-1", "from 0"),
        ("data:\n  size: .inf\n", 2, "inf", "from 0"),
        ("data:\n  size: {low: 5, high: 1}\n", 2, "above", "Swap"),
        ("data:\n  size: {low: 5}\n", 2, "low", "low and high"),
        ("clients:\n  kinds: 2.5\n", 2, "2.5", "whole number"),
        ("data:\n  size:\n", 2, "no value", "unknown"),
        ("- 3\n", 1, "stands where a workload", "groups"),
        ("data: 3\n", 1, "stands where the facts of data", "size"),
        ("data: [\n", 1, "not YAML", "Mend"),
    ],
)
def test_what_is_refused_says_where_and_what_works(text, line, found, fix):
    with pytest.raises(BadContent) as caught:
        parse_workload(text, "file.yaml")
    message = str(caught.value)
    assert "file.yaml" in message and found in message and fix in message
    assert abs(caught.value.line - line) <= (1 if "YAML" in found else 0)


def test_the_digest_is_of_the_facts_not_of_their_units():
    in_days = workload_of({"traffic": {"writes_per_s": "86400/day"}, "data": {"size": "0.1 TB"}})
    in_seconds = workload_of({"data": {"size": "100 GB"}, "traffic": {"writes_per_s": 1}})
    assert in_days.digest == in_seconds.digest
    assert in_days.digest != workload_of({"data": {"size": "101 GB"}}).digest


def test_settings_replace_and_unknown_removes():
    workload = workload_of({"data": {"size": "1 TB", "joins": "none"}})
    changed = workload.with_values({"data.size": "2 TB", "data.joins": "unknown"})
    assert changed.values == {"data.size": 2e12}
    with pytest.raises(UnknownName, match=r"data\.size"):
        workload.with_values({"data.sizes": 1})


def test_the_vocabulary_is_whole():
    for name, field in FIELDS.items():
        assert name.split(".")[0] in GROUPS and field.meaning
        if isinstance(field, Word):
            assert field.central in field.words and all(weight > 0 for weight, _ in field.words.values())
            assert not {"yes", "no", "true", "false"} & set(field.words), f"{name}: words, never yes or no"
        else:
            assert field.low <= field.likely_low <= field.central <= field.likely_high <= field.high
            assert field.looser in ("", "higher", "lower")
    assert len(vocabulary_entries()) == len(FIELDS)
    assert {name.split(".")[0] for name in FIELDS} == set(GROUPS)


def test_every_field_is_read_by_some_decision(decisions):
    used = frozenset().union(*(framework.warned_by for framework in decisions.values()))
    assert set(FIELDS) - used == LATER


# Fields that documents not written yet will decide by; each must leave this set when one does.
LATER = {"data.key_values", "data.lifetime", "present.clients_change"}


def test_schema_takes_what_the_reader_takes():
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(workload_schema())
    assert validator.is_valid(
        {"name": "x", "data": {"size": "2 TB", "joins": "none"}, "traffic": {"reads_per_s": {"low": 1, "high": 2}}}
    )
    assert validator.is_valid({"data": {"size": "unknown"}})
    for wrong in (
        {"data": {"sise": 3}},
        {"data": {"joins": "nonne"}},
        {"data": {"size": -1}},
        {"clients": {"kinds": 2.5}},
    ):
        assert not validator.is_valid(wrong)


def test_schema_has_every_field_with_its_bounds():
    groups = workload_schema()["properties"]
    for name, field in FIELDS.items():
        group, key = name.split(".")
        entry = groups[group]["properties"][key]
        assert field.meaning in entry["description"]
        if isinstance(field, Number):
            assert (entry["anyOf"][0]["minimum"], entry["anyOf"][0]["maximum"]) == (field.low, field.high)
        else:
            assert entry["enum"] == [*field.words, "unknown"]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["unknown", "5 ms", "3 TB", "none", "across"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
names = st.one_of(st.sampled_from([*FIELDS, *GROUPS, "name"]), st.text(max_size=8))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(names, values, max_size=5))
def test_any_values_give_a_workload_or_an_error_of_ours(facts):
    try:
        workload = workload_of(facts)
    except SysdesignError:
        return
    assert workload_of(workload.as_json()).digest == workload.digest


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=80), st.text(alphabet="data:size{}[],- \n\t0123456789.&*!|>'\"%", max_size=60)))
def test_any_text_gives_a_workload_or_an_error_of_ours(text):
    try:
        parse_workload(text, "file.yaml")
    except SysdesignError as error:
        assert "file.yaml" in str(error)
