"""Sampled worlds: what is stated stays, what depends is drawn together, and draws belong to their field."""

import numpy as np

from sysdesign.decide.evaluation import evaluate
from sysdesign.decide.varied import varied
from sysdesign.decide.workload import workload_of
from sysdesign.decide.worlds import Sampler, following, sampled


def drawn(name, **facts):
    return Sampler(workload_of(facts)).of(name)


def test_a_stated_fact_is_the_same_in_every_world():
    assert drawn("traffic.reads_per_s", traffic={"reads_per_s": 7}).tolist() == [7.0]


def test_an_unknown_number_has_its_usual_value_in_the_middle_and_stays_in_its_range():
    values = drawn("traffic.reads_per_s")
    assert values.min() >= 1 and values.max() <= 500 and 18 < np.median(values) < 22


def test_words_come_in_the_share_of_their_weights():
    codes = drawn("consistency.reads")
    assert abs(np.mean(codes == 1) - 6 / 11) < 0.02


def test_a_lifetime_lies_under_the_staleness_of_its_own_world():
    sampler = Sampler(workload_of({}))
    assert np.all(sampler.of("cache.entry_lifetime") <= sampler.of("consistency.staleness") * (1 + 1e-9))
    assert np.unique(sampler.of("consistency.staleness")).size > 100


def test_what_follows_from_a_stated_fact_is_drawn_near_it():
    far = drawn("places.distance", places={"users": "worldwide", "regions": 1})
    assert far.min() >= 0.08 and far.max() <= 0.25


def test_records_to_analyze_follow_from_the_writes_that_are_stated():
    a_day = drawn("analytics.events_per_day", traffic={"writes_per_s": 2000})  # kept a second, as the writes are
    assert a_day.min() >= 600 * 0.999 and a_day.max() <= 6000 * 1.001
    stated = drawn(
        "analytics.events_per_day", traffic={"writes_per_s": 2000}, analytics={"events_per_day": "86400/day"}
    )
    assert np.allclose(stated, 1)


def test_two_fields_that_follow_from_each_other_do_not_go_round():
    sizes = drawn("data.size", data={"items": 1e9, "item_bytes": 1000})
    assert sizes.min() >= 1e12 * 0.999 and sizes.max() <= 2.5e12 * 1.001
    assert np.all(np.isfinite(Sampler(workload_of({})).of("data.size")))


def test_stating_one_field_leaves_the_draws_of_others_alone():
    one, other = Sampler(workload_of({})), Sampler(workload_of({"team": {"engineers": 3}}))
    assert np.array_equal(one.of("traffic.writes_per_s"), other.of("traffic.writes_per_s"))


def test_setting_a_field_draws_again_only_what_follows_from_it():
    worlds = sampled(workload_of({}), {})
    changed = varied(worlds, [{"consistency.staleness": np.array([[1.0], [100.0]])}])
    assert changed.of("cache.entry_lifetime").shape == (2, 128)
    assert changed.of("traffic.reads_per_s") is worlds.of("traffic.reads_per_s")
    assert "cache.entry_lifetime" in following(["consistency.staleness"], workload_of({}))


SETTINGS = (
    {"consistency.staleness": np.array([[1.0], [100.0]])},
    {"traffic.reads_per_s": np.array([[1.0], [50.0], [1e5]])},
    {"data.size": np.array([[1e12]])},
    {"consistency.staleness": np.array([[60.0], [5.0]]), "traffic.writes_per_s": np.array([[1.0], [1e4]])},
)


def test_settings_evaluated_together_are_as_each_alone(decisions):
    framework = decisions["cache-placement"]
    base = evaluate(framework, sampled(workload_of({"traffic": {"reads_per_s": 3000}}), framework.derived))
    with np.errstate(all="ignore"):
        together = base.settings(SETTINGS)
        alone = [base.setting(each) for each in SETTINGS]
        assert np.array_equal(together.firsts, np.concatenate([each.firsts for each in alone]))
        assert np.allclose(together.totals, np.concatenate([each.totals for each in alone], axis=1), rtol=1e-12)
        assert not np.allclose(alone[1].totals, np.broadcast_to(base.totals, alone[1].totals.shape))


def test_a_field_in_rows_of_settings_that_leave_it_alone_is_what_it_was():
    worlds = sampled(workload_of({}), {})
    changed = varied(worlds, SETTINGS[:2])
    reads = changed.of("traffic.reads_per_s")
    assert np.array_equal(reads[0], worlds.of("traffic.reads_per_s"))
    assert reads[2:, 0].tolist() == [1.0, 50.0, 1e5]
