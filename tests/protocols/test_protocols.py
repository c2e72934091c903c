"""What the explorers tell, held against models, closed forms and the protocols' own rules."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sysdesign.errors import InvalidInput, UnknownName
from sysdesign.models.caching import stampede as stampede_model
from sysdesign.models.push import reconnect
from sysdesign.models.retries import metastable_loop
from sysdesign.operations.exploring import explore, list_explorers
from sysdesign.protocols import PROTOCOLS, breaker, protocol, quorum_read, raft, reconnect_storm, retry_storm, stampede
from sysdesign.site.explorer_pages import steps_file


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_choice_can_be_told(name):
    told = protocol(name)
    runs = [(given_, told.play(given_)) for given_ in told.choices()]
    assert told.defaults in [given_ for given_, _ in runs]
    for _, steps in runs:
        assert len(steps) >= 5 and steps[0].says
        assert all(a.at_s <= b.at_s for a, b in itertools.pairwise(steps))
        assert {len(step.course) for step in steps} == {len(told.curves)}
        assert all([part.name for part in step.parts] == [part.name for part in steps[0].parts] for step in steps)
        assert all(part.mood in ("", "good", "bad", "away") for step in steps for part in step.parts)
    assert any(not any(step.broken for step in steps) for _, steps in runs), "a choice that keeps the promise"
    assert len(steps_file(name)) < 300_000


def test_all_but_raft_can_break_their_promise():
    breaks = {name for name, each in PROTOCOLS.items() if any(s.broken for g in each.choices() for s in each.play(g))}
    assert breaks == set(PROTOCOLS) - {"raft"}


def test_overlapping_quorums_find_the_last_write_and_others_may_not():
    broken = {
        (int(each["w"]), int(each["r"]))
        for each in quorum_read.PROTOCOL.choices()
        if any(step.broken for step in quorum_read.play(each))
    }
    assert broken == {(w, r) for w in (1, 2, 3) for r in (1, 2, 3) if w + r <= 3}


def test_a_write_without_its_quorum_is_refused_and_may_be_read():
    steps = quorum_read.play({"w": "3", "r": "1", "replica_c": "down"})
    assert any("refused" in step.says and "A and B stored it" in step.says for step in steps)
    assert dict(steps[-1].counts)["Last confirmed"] == "version 1"
    assert dict(steps[-1].counts)["The read found"] == "version 2"


CUTS = st.lists(
    st.tuples(st.integers(0, 250), st.integers(5, 80), st.sets(st.sampled_from(raft.SERVERS), min_size=1, max_size=4)),
    max_size=6,
)


@given(CUTS, st.lists(st.integers(1, 300), max_size=12), st.integers(0, 2**20))
def test_raft_keeps_its_promise_under_any_partition(cuts, asks, mask):
    cluster = raft.Cluster()

    def passes(letter: raft.Letter) -> bool:
        split = any(
            begin <= cluster.now < begin + length and (letter.sender in away) != (letter.receiver in away)
            for begin, length, away in cuts
        )
        lost = (hash((cluster.now, letter.sender, letter.receiver)) ^ mask) % 11 == 0
        return not (split or lost)

    cluster.passes = passes
    leaders, committed = {}, []
    for now in range(320):
        for name in [s.name for s in cluster.servers.values() if s.role == "leader"]:
            if now in asks:
                cluster.ask(name, f"{name}{now}")
        cluster.tick()
        for server in cluster.servers.values():
            if server.role == "leader":
                assert leaders.setdefault(server.term, server.name) == server.name
            known = server.log[: server.commit]
            assert known == committed[: len(known)] or committed == known[: len(committed)]
            committed = max(committed, known, key=len)
    assert not cluster.broken and cluster.committed == committed
    logs = [server.log for server in cluster.servers.values()]
    for one in logs:
        for other in logs:
            for at in range(min(len(one), len(other))):
                if one[at][0] == other[at][0]:
                    assert one[: at + 1] == other[: at + 1]


def test_the_majority_goes_on_and_the_cut_leaders_write_is_dropped():
    steps = explore("raft", {"cut": "leader_and_one"}).steps
    assert dict(steps[-1].counts) == {"Committed": "x=1, x=3", "Leaders so far": "A in term 1, C in term 2"}
    assert any("A drops x=2, which was never committed" in step.says for step in steps)
    assert any("2 of 5 hold x=2, no majority" in step.says for step in steps)
    assert all(part.holds == "x=1, x=3" for part in steps[-1].parts)
    kept = explore("raft", {"cut": "followers"}).steps
    assert dict(kept[-1].counts)["Committed"] == "x=1, x=2, x=3"


def test_what_was_lost_to_the_cut_is_told_as_lost_also_when_it_has_healed():
    cut = raft.CUTS["leader_and_one"]
    steps = explore("raft", {"cut": "leader_and_one"}).steps
    healed = next(step for step in steps if "heals" in step.says)
    across = [each for each in healed.messages if (each.sender in cut) != (each.receiver in cut)]
    assert across and not any(each.arrives for each in across)
    assert all(each.arrives for each in healed.messages if each not in across)


def test_without_a_breaker_as_many_wait_as_littles_law_says():
    steps = breaker.play({"breaker": "off", "failing": "timeouts"})
    assert max(step.course[2] for step in steps) == pytest.approx(breaker.most_waiting()) == pytest.approx(20)


def test_a_breaker_counts_failures_in_a_row_so_every_second_one_never_opens_it():
    def states(failing: str) -> set[str]:
        return {step.parts[1].role for step in breaker.play({"breaker": "on", "failing": failing})}

    assert states("half") == {"closed"} and states("timeouts") == {"closed", "open", "half open"}
    for each in breaker.PROTOCOL.choices():
        last = dict(breaker.play(each)[-1].counts)
        assert int(last["Sent"]) + int(last["Refused at once"]) == breaker.END_S * breaker.CALLS_PER_S + 1
    errors = dict(breaker.play({"breaker": "on", "failing": "errors"})[-1].counts)
    assert int(errors["Sent while it failed"]) < 0.1 * 12 * breaker.CALLS_PER_S


@pytest.mark.parametrize("protection", ["none", "locking", "leases"])
@pytest.mark.parametrize("rebuild", ["2", "12"])
def test_a_stampede_sends_the_queries_that_the_model_says(protection, rebuild):
    steps = stampede.play({"protection": protection, "rebuild_s": rebuild, "first": "finishes"})
    model = stampede_model(
        stampede.ARRIVALS_PER_S, float(rebuild), protection, token_interval_s=stampede.TOKEN_S, arrivals="even"
    )
    assert int(dict(steps[-1].counts)["Queries sent to the origin"]) == model.requests_per_expiry

    between = stampede.STEP_S * stampede.ARRIVALS_PER_S  # who comes after the last step before the rebuild
    assert max(step.course[1] for step in steps) == pytest.approx(model.waiting_requests, abs=between)


def test_one_that_dies_delays_a_lock_by_its_life_and_leases_by_their_interval():
    def built(protection: str) -> float:
        steps = stampede.play({"protection": protection, "rebuild_s": "2", "first": "dies"})
        return next(step.at_s for step in steps if step.parts[1].role == "holds the entry")

    assert built("none") == pytest.approx(2.1, abs=0.5)
    assert built("locking") == pytest.approx(stampede.LOCK_S + 2, abs=0.5)
    assert built("leases") == pytest.approx(stampede.TOKEN_S + 2, abs=0.5)


@pytest.mark.parametrize("given_", list(retry_storm.PROTOCOL.choices()), ids=str)
def test_a_retry_storm_ends_as_the_model_says(given_):
    steps = retry_storm.play(given_)
    state = metastable_loop(
        float(given_["load"]), 300.0, int(given_["retries"]), 1.0, float(given_["backoff_s"]), 3.0, 0.0, 60.0
    )
    assert bool(steps[-1].broken) == (state.state == "stays down" or state.recovery_s > 60 - 9)


def test_a_reconnect_storm_is_over_when_the_model_says():
    for given_ in reconnect_storm.PROTOCOL.choices():
        steps = reconnect_storm.play(given_)
        taken = 5_000.0 * (0.5 if given_["servers"] == "half" else 1)
        model = reconnect(100_000.0, taken, float(given_["spread_s"]), 1.0, 30.0, given_["jitter"])
        connected = np.array([step.course[2] for step in steps])
        back = np.flatnonzero(connected >= 99_000)
        assert (back[0] if back.size else np.inf) == pytest.approx(model.back_s, abs=1.01) or model.back_s > 60


def test_what_is_no_choice_is_said():
    with pytest.raises(UnknownName, match="Did you mean raft"):
        explore("raf", {})
    with pytest.raises(UnknownName, match="no fault 'cuts'"):
        explore("raft", {"cuts": "leader"})
    with pytest.raises(InvalidInput, match="leader_and_one"):
        explore("raft", {"cut": "leader_and_two"})
    assert [line.name for line in list_explorers()] == list(PROTOCOLS)


def test_an_old_leader_is_told_from_the_new_one_and_who_voted():
    for chosen in PROTOCOLS["raft"].choices():
        steps = PROTOCOLS["raft"].played(chosen)
        assert all(sum(part.role.startswith("leader, term") for part in step.parts) <= 1 for step in steps)
    steps = PROTOCOLS["raft"].played({"cut": "leader_and_one"})
    [elected] = [step for step in steps if "it leads term 2" in step.says]
    assert "3 of 5 votes (C, D, E)" in elected.says and "A, cut off, has not heard of term 2" in elected.says
    assert elected.parts[0].role == "leader of old term 1, cut off"
