"""What a stated fact says of one left out: never more than it may, and nothing at the usual values."""

import numpy as np
import pytest

from sysdesign.decide import decide, workload_of
from sysdesign.decide.field import Number, Word
from sysdesign.decide.inference import RELATIONS, FromNumbers, FromWord, sources_of
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.worlds import central_value, sampled_worlds, stated_world

TARGETS = sorted(RELATIONS)


@pytest.mark.parametrize("target", TARGETS)
def test_relations_join_fields_that_exist_and_stay_in_bounds(target):
    field = FIELDS[target]
    for relation in RELATIONS[target]:
        assert all(source in FIELDS for source in relation.sources)
        if isinstance(relation, FromNumbers):
            assert isinstance(field, Number) and relation.factor[0] <= relation.factor[1] <= relation.factor[2]
            continue
        for word, likely in relation.likely.items():
            assert word in FIELDS[relation.source].names
            assert word != FIELDS[relation.source].central, "stating the usual word must change nothing"
            if isinstance(field, Word):
                assert set(likely) <= set(field.names)
            else:
                low, central, high = (end * field.size for end in likely)
                assert field.bounds[0] <= low <= central <= high <= field.bounds[1]


@pytest.mark.parametrize("target", TARGETS)
def test_stating_the_usual_changes_nothing(target):
    for relation in RELATIONS[target]:
        if isinstance(relation, FromWord):
            facts = {relation.source: FIELDS[relation.source].central}
        else:
            facts = {name: FIELDS[name].central for name in relation.times[:1]}
        usual = central_value(target, workload_of({}))
        now = central_value(target, workload_of(facts))
        assert now == usual or now == pytest.approx(usual, rel=1e-9)


def test_size_follows_from_rows_and_bytes_and_back():
    rows = workload_of({"data": {"items": 1e12, "item_bytes": 400}})
    assert central_value("data.size", rows) == pytest.approx(4e14)
    size = workload_of({"data": {"size": "400 TB", "item_bytes": 400}})
    assert central_value("data.items", size) == pytest.approx(1e12)
    both = workload_of({"data": {"items": 1e6, "item_bytes": 400, "size": "9 TB"}})
    assert central_value("data.size", both) == pytest.approx(9e12), "what is stated is never replaced"


def test_it_follows_through_a_chain():
    bandwidth = central_value("network.bandwidth", workload_of({"traffic": {"reads_per_s": 1000, "shape": "steady"}}))
    assert bandwidth == pytest.approx(1000 * 5e3 * 1.5)
    assert central_value("cache.hot_bytes", workload_of({"data": {"items": 1e9, "item_bytes": 1000}})) == 1e11


def test_no_word_is_excluded_by_what_is_likely(decisions):
    known = decisions["database-class"]
    views = stated_world(known, workload_of({"data": {"shape": "measurements"}}))
    assert int(views.possible.words("data.transactions").bits[0]) == FIELDS["data.transactions"].all_bits
    field = FIELDS["data.transactions"]
    assert int(views.central.words("data.transactions").bits[0]) == 1 << field.code("none")


def test_worlds_are_drawn_from_what_follows(decisions):
    known = decisions["database-class"]
    _, draws = sampled_worlds(known, workload_of({"data": {"items": 1e12, "joins": "none"}}), 500, 0)
    assert draws["data.size"].min() > FIELDS["data.size"].prior[2], "a trillion rows are no small system"
    words = np.bincount(draws["data.transactions"].astype(int), minlength=4) / 500
    weights = np.array([4, 6, 1, 0.2])
    assert words == pytest.approx(weights / weights.sum(), abs=0.01)


def test_rows_alone_rule_out_one_machine(decisions):
    answer = decide(decisions["database-class"], workload_of({"data": {"items": 1e12}}), with_flips=False)
    assert answer.verdict("relational").verdict == "ruled out"


def test_sources_of_sources_count():
    assert {"traffic.reads_per_s", "traffic.shape", "traffic.peak_factor"} <= sources_of(["network.bandwidth"])
