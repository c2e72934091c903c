"""Rules at their thresholds: what holds exactly there, just beyond, and what the mechanism behind them says."""

# Rows of examples read better whole.
# ruff: noqa: E501

import pytest

from sysdesign.decide import decide, workload_of
from sysdesign.decide.worlds import central_value


def answered(known, **facts):
    return decide(known, workload_of(facts), with_flips=False, with_confidence=False)


def regret(answer, option, criterion):
    """The regret of an option in the criterion whose name begins so; None where it does not concern the option."""
    found = [item for item in answer.verdict(option).regrets if item.criterion.startswith(criterion)]
    return found[0].regret if found else None


@pytest.mark.parametrize(("per_s", "out"), [(400, False), (400.1, True), (40_000, True)])
@pytest.mark.parametrize("name", ["message-handoff", "queue-isolation"])
def test_a_job_table_ends_where_five_writes_a_job_are_all_that_the_database_does(name, per_s, out, decisions):
    messages = {"answer": "later", "per_s": per_s, "burst_factor": 5, "noise": "noisy"}
    answer = answered(decisions[name], messages=messages, machine={"writes_per_s": 10_000})
    assert any(reason.source == "leach-2015" for reason in answer.verdict("table").ruled_out_by) is out


@pytest.mark.parametrize(("per_s", "expected"), [(0.5, 0.0), (20, 0.0), (400, 1.0)])
def test_jobs_cost_nothing_worth_telling_below_a_twentieth_of_the_writes(per_s, expected, decisions):
    messages = {"answer": "later", "per_s": per_s, "burst_factor": 5}
    answer = answered(decisions["message-handoff"], messages=messages, machine={"writes_per_s": 10_000})
    assert regret(answer, "table", "Share of the database's writes") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reply", "runs", "first"),
    [("none", "nothing", "table"), ("none", "queue", "queue"), ("with_database", "nothing", "table"), ("with_database", "queue", "table")],
)  # fmt: skip
def test_at_small_rates_what_the_team_runs_decides_unless_job_and_row_must_be_one(reply, runs, first, decisions):
    messages = {"answer": "later", "per_s": 5, "reply": reply}
    facts = {"messages": messages, "team": {"runs": runs}, "availability": {"outage": "1 h"}}
    answer = answered(decisions["message-handoff"], durability={"messages": "keep"}, **facts)
    assert answer.first == first
    if (reply, runs) == ("none", "nothing"):
        assert {"table", "queue"} <= set(answer.does_not_matter), "at such rates either will do, and the answer says so"


@pytest.mark.parametrize(
    ("order", "waits", "single"), [("none", None, 0.25), ("per_key", 1.0, None), ("total", 1.0, None)]
)
def test_a_log_waits_for_a_slow_message_only_where_order_must_be_kept(order, waits, single, decisions):
    messages = {"answer": "later", "ack": "each", "handle": "10 s", "readers": 3, "per_s": 0.001, "burst_factor": 1}
    answer = answered(decisions["message-handoff"], messages=messages, consistency={"order": order})
    assert regret(answer, "log", "Wait behind one slow message") == waits
    assert regret(answer, "log", "Single messages confirmed on a log") == single
    told = [caution.because for caution in answer.cautions if caution.option == "log"]
    assert any("share group" in text for text in told) is (order == "none")
    assert any("holds up those behind it" in text for text in told) is (order != "none")


@pytest.mark.parametrize(("kinds", "share"), [(2, 1 / 2), (5, 1 / 5), (12, 1 / 12)])
def test_a_stuck_kind_holds_up_its_part_of_the_work(kinds, share, decisions):
    facts = {"messages": {"noise": "noisy", "kinds": kinds}, "overload": {"tenants": 300}}
    answer = answered(decisions["queue-isolation"], data={"tenants": "many_small"}, **facts)
    name = "Others' work that one stuck kind"
    assert regret(answer, "classes", name) == pytest.approx(share, abs=1e-6)
    assert regret(answer, "shared", name) == 1
    assert regret(answer, "per_unit", name) == 1, "the kind that sticks is at the head of every customer's queue"


@pytest.mark.parametrize(("tenants", "share"), [(2, 1 / 2), (300, 1 / 300)])
def test_a_flooding_customer_holds_up_its_part_of_the_work(tenants, share, decisions):
    facts = {"messages": {"noise": "noisy", "kinds": 5}, "overload": {"tenants": tenants}}
    answer = answered(decisions["queue-isolation"], data={"tenants": "isolated"}, **facts)
    name = "Others' work that one flooding customer"
    assert regret(answer, "per_unit", name) == pytest.approx(share, abs=1e-6)
    assert regret(answer, "table", name) == pytest.approx(share, abs=1e-6)
    assert regret(answer, "shared", name) == regret(answer, "classes", name) == 1


def test_one_kind_cannot_be_kept_apart_by_kind(decisions):
    one = answered(decisions["queue-isolation"], messages={"noise": "noisy", "kinds": 1})
    assert one.verdict("classes").verdict == "ruled out" and one.first != "classes"
    assert (
        answered(
            decisions["queue-isolation"], messages={"noise": "noisy", "kinds": 4}, overload={"tenants": 5000}
        ).first
        == "classes"
    )


@pytest.mark.parametrize(("order", "first", "asked"), [("none", "dedup", 0.25), ("per_key", "ordered", None)])
def test_order_is_kept_where_it_is_asked_for(order, first, asked, decisions):
    facts = {"messages": {"per_s": 25_000, "burst_factor": 2, "handle": "1 ms", "reply": "none"}}
    durability = {"messages": "keep", "duplicates": "harmful"}
    answer = answered(decisions["delivery-and-ordering"], durability=durability, consistency={"order": order}, **facts)
    assert answer.first == first and regret(answer, "ordered", "An order kept") == asked


@pytest.mark.parametrize(("tenants", "expected"), [(100, 0.0), (1000, 0.6), (10_000, 1.2), (100_000, 1.2)])
def test_queues_by_the_thousand_are_more_than_a_service_gives_out(tenants, expected, decisions):
    answer = answered(decisions["queue-isolation"], overload={"tenants": tenants})
    assert regret(answer, "per_unit", "Queues to create") == pytest.approx(expected)


@pytest.mark.parametrize(("failed", "expected"), [(0.00025, 0.0), (0.001, 1.0), (0.02, 1.0)])
def test_failures_that_nobody_retries_count_against_the_promise(failed, expected, decisions):
    dependency = {"repeat": "read", "atomic": "one", "failed_share": failed, "layers_that_retry": 0}
    answer = answered(decisions["timeouts-and-retries"], dependency=dependency, availability={"target": 0.999})
    assert regret(answer, "once", "Single failures that users see") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("layers", "first"), [(0, "backoff"), (1, "once"), (3, "once")])
def test_one_layer_owns_the_retries(layers, first, decisions):
    dependency = {"repeat": "read", "atomic": "one", "failed_share": 0.01, "layers_that_retry": layers}
    answer = answered(decisions["timeouts-and-retries"], dependency=dependency, availability={"target": 0.999})
    assert answer.first == first
    assert (regret(answer, "once", "Single failures that users see") is None) is (layers > 0)


def test_an_unknown_rate_of_failures_does_not_unsettle_a_harmless_retry(decisions):
    dependency = {"repeat": "read", "atomic": "one", "layers_that_retry": 0}
    answer = decide(
        decisions["timeouts-and-retries"], workload_of({"dependency": dependency, "latency": {"read_p99": 500}})
    )
    assert answer.first == "backoff" and answer.confidence.share > 0.95
    unsaid = decide(decisions["timeouts-and-retries"], workload_of({"dependency": {"repeat": "read", "atomic": "one"}}))
    assert unsaid.first == "backoff" and unsaid.confidence.question == "dependency.layers_that_retry"


@pytest.mark.parametrize(
    ("offered", "blind", "bounded"), [(0.33, 0.0, 0.0), (2 / 3, 0.5, 0.0), (1.0, 1.0, 0.05), (3.0, 1.0, 1.0)]
)
def test_three_attempts_are_three_times_the_load_and_a_budget_a_tenth_more(offered, blind, bounded, decisions):
    answer = answered(decisions["timeouts-and-retries"], overload={"offered_share": offered})
    assert regret(answer, "blind", "Load added") == pytest.approx(blind, abs=1e-6)
    assert regret(answer, "backoff", "Load added") == pytest.approx(bounded, abs=1e-6)


@pytest.mark.parametrize(
    ("places", "distance_ms"),
    [
        ({}, 30),
        ({"users": "one_region"}, 30),
        ({"users": "continent"}, 45),
        ({"users": "worldwide"}, 150),
        ({"users": "worldwide", "regions": 4}, 75),
        ({"users": "worldwide", "distance": "60 ms"}, 60),
    ],
)
def test_users_all_over_the_world_are_far_unless_said_otherwise(places, distance_ms, decisions):
    assert central_value("places.distance", workload_of({"places": places})) == pytest.approx(distance_ms / 1000)


def test_worldwide_without_a_distance_decides_as_far_and_with_many_regions_as_near(decisions):
    edge = {"content": "cacheable"}
    assert answered(decisions["cdn-and-edge"], places={"users": "worldwide"}, edge=edge).first == "cdn"
    far = answered(decisions["cdn-and-edge"], places={"users": "worldwide"}, edge=edge)
    near = answered(decisions["cdn-and-edge"], places={"users": "worldwide", "regions": 25}, edge=edge)
    name = "Distance of users from the answer"
    assert regret(far, "origin", name) == 1 and regret(near, "origin", name) == 0


def test_who_hands_work_over_for_later_is_not_told_to_call(decisions):
    later = answered(decisions["message-handoff"], messages={"answer": "later", "per_s": 3, "readers": 1})
    assert later.first in ("table", "queue") and set(later.does_not_matter) == {"table", "queue"}
    assert answered(decisions["message-handoff"], messages={"answer": "now", "per_s": 3}).first == "call"
    assert central_value("messages.answer", workload_of({"messages": {"replay": "needed"}})) == "later"
    assert central_value("messages.answer", workload_of({"messages": {"target": "subscribers"}})) == "later"
    assert central_value("messages.answer", workload_of({"messages": {"per_s": 9}})) == "now"


def test_a_lifetime_that_nobody_stated_keeps_the_bound_on_staleness(decisions):
    bounded = {"consistency": {"reads": "bounded", "staleness": "5 s"}}
    assert central_value("cache.entry_lifetime", workload_of(bounded)) == 5
    assert central_value("cache.entry_lifetime", workload_of({"consistency": {"staleness": "5 s"}})) == 300
    assert not answered(decisions["cache-placement"], **bounded).verdict("edge").risks
    longer = answered(decisions["cache-placement"], cache={"entry_lifetime": "6 s"}, **bounded)
    assert longer.verdict("edge").verdict == "ruled out"


@pytest.mark.parametrize("resources", [3, 8, 16, 40])
def test_a_wide_screen_is_no_reason_against_a_graph(resources, decisions):
    facts = {"api": {"owners": 30, "resources_per_screen": resources}, "team": {"releases": "apart", "operators": 4}}
    answer = answered(decisions["graph-ownership"], **facts)
    assert answer.first == "federated"
    name = "Hops that one query makes"
    assert regret(answer, "rest", name) == regret(answer, "federated", name)


def test_a_standby_region_does_not_drain_a_zone(decisions):
    facts = {"data": {"tenants": "many_small"}, "places": {"regions": 1}}
    costly = answered(
        decisions["isolation-scope"], availability={"survive": "zone", "gray_failures": "costly"}, **facts
    )
    assert costly.first == "az_cells" and "standby" not in costly.does_not_matter
    usual = answered(decisions["isolation-scope"], availability={"survive": "zone"}, **facts)
    assert regret(usual, "standby", "A whole region switched") is None


@pytest.mark.parametrize(("reads", "expected"), [(300, 0.0), (3000, 0.5), (30_000, 1.0)])
def test_a_columnar_store_is_not_asked_for_rows_by_the_ten_thousand(reads, expected, decisions):
    answer = answered(decisions["database-class"], traffic={"reads_per_s": reads})
    assert regret(answer, "columnar", "Reads a second") == pytest.approx(expected)


def test_screens_do_not_count_between_services(decisions):
    api = {"shapes": "differ", "change": "constant"}
    apps = answered(decisions["api-style"], clients={"who": "own", "kinds": 3}, api=api)
    services = answered(decisions["api-style"], clients={"who": "services", "kinds": 3}, api=api)
    for name in ("Fields sent and not shown", "Server changes for each change"):
        assert regret(apps, "rest", name) is not None and regret(services, "rest", name) is None
