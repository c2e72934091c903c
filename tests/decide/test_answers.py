"""Answers: verdicts with their reasons, unknowns that rule nothing out, confidence, conflicts, JSON that stays."""

# Rows of examples read better whole.
# ruff: noqa: E501

import json

import numpy as np
import pytest

from sysdesign.decide import decide, parse_framework, prose, workload_of
from sysdesign.decide.contradiction import smallest_conflict
from sysdesign.decide.evaluation import regret_of

SMALL = """
question: How should one service hand work to another?
document: 06-Messaging-Systems
options:
  call:  {label: Direct call, class: point_to_point, section: "06-Messaging-Systems#calls", machines: one}
  queue: {label: Work queue, class: queue_competing, section: "06-Messaging-Systems#queues"}
  log:   {label: Replayable log, class: partitioned_log, section: "06-Messaging-Systems#logs"}
default: call
derived: {peak: messages.per_s * messages.burst_factor}
constraints:
  - {when: peak > 1000 /s, rules_out: call, because: The caller cannot keep up., source: x}
  - {when: messages.readers > 1, rules_out: [call, queue], because: A queue gives each message to one reader., source: x}
  - {when: messages.answer == now, rules_out: [queue, log], because: The caller waits., source: x, offered: later}
criteria:
  - {name: parts, values: {queue: 1, log: 3}, target: 0, limit: 4, because: Parts are run., source: x}
  - {name: peak, values: {call: peak}, target: 100 /s, limit: 1000 /s, because: Work is lost., source: x}
preferences:
  - {option: log, when: team.runs == log, weight: 0.2, because: The team runs one.}
cautions:
  - {option: log, when: traffic.hottest_key_share > 10%, because: One partition takes the hot key., source: x}
interactions:
  - {option: queue, requires: delivery, because: Redelivery is certain.}
"""


@pytest.fixture(scope="module")
def small():
    return parse_framework(SMALL, "small.yaml")


def test_ruled_out_says_what_is_needed_offered_and_the_gap(small):
    answer = decide(small, workload_of({"messages": {"per_s": 500, "burst_factor": 10}}))
    assert answer.first == "queue"
    reason = answer.verdict("call").ruled_out_by[0]
    assert (reason.needed, reason.offered, reason.gap) == ("5,000/s", "1,000/s", "a factor of 5")
    assert reason.line == 11 and reason.sure
    assert dict(answer.numbers)["peak"].value == 5000


def test_unknown_rules_nothing_out_but_ranks_last_where_the_usual_value_would(small):
    wide = workload_of({"messages": {"per_s": {"low": 90, "high": 900}, "burst_factor": 2}})
    answer = decide(small, wide)
    call = answer.verdict("call")
    assert call.verdict != "ruled out" and not call.risks  # sqrt(90 * 900) * 2 = 569 a second
    over = decide(small, workload_of({"messages": {"per_s": {"low": 400, "high": 4000}, "burst_factor": 2}}))
    assert over.verdict("call").verdict == "viable" and over.verdict("call").risks and over.verdict("call").rank == 3
    surely = decide(small, workload_of({"messages": {"per_s": {"low": 600, "high": 4000}, "burst_factor": 2}}))
    assert surely.verdict("call").verdict == "ruled out"


def test_the_default_wins_within_the_tolerance_and_is_said_to_be_alike():
    known = parse_framework(SMALL.replace("queue: 1,", "queue: 0.1,"), "small.yaml")
    answer = decide(
        known, workload_of({"messages": {"answer": "later", "per_s": 13, "burst_factor": 10, "readers": 1}})
    )
    assert answer.first == "call" and set(answer.does_not_matter) == {"call", "queue"}
    clear = decide(known, workload_of({"messages": {"answer": "later", "per_s": 30, "burst_factor": 10, "readers": 1}}))
    assert clear.first == "queue" and clear.does_not_matter == ()


def test_dominated_is_never_first_and_names_its_better(small):
    answer = decide(
        small,
        workload_of({"messages": {"per_s": 500, "burst_factor": 10, "answer": "later"}, "team": {"runs": "queue"}}),
    )
    log = answer.verdict("log")
    assert (log.verdict, log.dominated_by) == ("dominated", "queue")
    liked = decide(
        small, workload_of({"messages": {"per_s": 500, "burst_factor": 10, "answer": "later"}, "team": {"runs": "log"}})
    )
    assert liked.verdict("log").verdict == "viable" and liked.first == "queue", "0.2 cannot close a gap of 0.5"


def test_wishes_that_cannot_hold_together_are_the_fewest(small):
    workload = workload_of(
        {"messages": {"answer": "now", "readers": 3, "per_s": 5, "burst_factor": 2}, "team": {"runs": "log"}}
    )
    answer = decide(small, workload)
    assert answer.first == "" and set(answer.contradiction) == {"messages.answer", "messages.readers"}
    assert "cannot hold together" in prose(answer)
    assert smallest_conflict(small, workload_of({})) == ()


def test_confidence_is_the_share_of_worlds_and_asks_what_decides(small):
    exact = decide(
        small,
        workload_of(
            {"messages": {"per_s": 1, "burst_factor": 2, "readers": 1, "answer": "later"}, "team": {"runs": "nothing"}}
        ),
    )
    assert exact.confidence.share == 1.0 and exact.confidence.open_inputs == () and exact.confidence.question == ""
    half = workload_of(
        {
            "messages": {"per_s": {"low": 10, "high": 1000}, "burst_factor": 1, "readers": 1, "answer": "later"},
            "team": {"runs": "nothing"},
        }
    )
    answer = decide(small, half)
    threshold = 100 + 0.3 * 900  # call's regret is the queue's 0.25 plus the default's tolerance of 0.05
    share = np.log(threshold / 10) / np.log(100)  # even on the log scale
    assert answer.first == "call" and answer.confidence.share == pytest.approx(share, abs=0.01)
    assert answer.confidence.question == "messages.per_s" and answer.confidence.share_after > answer.confidence.share


def test_the_same_seed_gives_the_same_answer(small):
    one, two = (json.dumps(decide(small, workload_of({}), seed=4).as_json()) for _ in range(2))
    assert one == two


def test_json_keeps_its_shape(small):
    answer = decide(small, workload_of({"messages": {"per_s": 500, "burst_factor": 10}})).as_json()
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert set(answer) == {
        "schema", "decision", "question", "document", "framework_digest", "workload", "first", "default", "options", "binding",
        "does_not_matter", "contradiction", "cautions", "interactions", "numbers", "notes", "flips", "word_flips", "confidence",
    }  # fmt: skip
    assert set(answer["options"][0]) == {
        "option", "label", "section", "verdict", "rank", "score", "dominated_by", "classes", "ruled_out_by", "risks", "regrets",
        "liked_because",
    }  # fmt: skip
    assert set(answer["flips"][0]) == {
        "input", "direction", "unit", "now", "now_text", "value", "value_base", "value_text", "factor", "becomes",
    }  # fmt: skip
    assert answer["interactions"][0]["target"] == "delivery"


def test_regret_is_0_at_the_target_and_1_at_the_limit():
    value = np.array([0.0, 100.0, 550.0, 1000.0, 1e9, np.inf, np.nan])
    got = regret_of(value, np.float64(100), np.float64(1000))
    assert got.tolist() == [0, 0, 0.5, 1, 1, 1, 0]
    assert regret_of(
        np.array([10.0, 100.0, 1000.0]), np.float64(10), np.float64(1000), log=True
    ).tolist() == pytest.approx([0, 0.5, 1])
    falling = regret_of(np.array([0.9, 0.99, 0.999]), np.float64(0.99), np.float64(0.9))
    assert falling.tolist() == pytest.approx([1, 0, 0])
    assert regret_of(np.array([4.0, 6.0]), np.float64(5), np.float64(5)).tolist() == [0, 1]


def test_prose_names_choice_distance_and_question(small):
    text = prose(
        decide(small, workload_of({"name": "Mail", "messages": {"per_s": 500, "burst_factor": 10, "answer": "later"}}))
    )
    assert text.startswith("How should one service")
    for part in (
        "Choose: Work queue.",
        "(Needed: 5,000/s; offered: 1,000/s, a factor of 5.)",
        "Ruled out:",
        "messages.readers at 2",
        "sampled worlds",
    ):
        assert part in text


def test_a_change_reads_as_a_distance_and_its_two_numbers_never_look_alike(small):
    facts = {"messages": {"burst_factor": 2, "readers": 1, "answer": "later"}}
    call = decide(small, workload_of({**facts, "messages": {**facts["messages"], "per_s": 140}}))
    assert call.first == "call"
    assert "- messages.per_s at 185/s, 1.32 times your 140/s: Work queue" in prose(call)
    queue = decide(small, workload_of({**facts, "messages": {**facts["messages"], "per_s": 185.2}}))
    assert queue.first == "queue"
    assert "- messages.per_s at 185/s, 99.9% of your 185.2/s: Direct call" in prose(queue)
    edge = decide(small, workload_of({**facts, "messages": {**facts["messages"], "per_s": 185}}))
    assert "- messages.per_s just above your 185/s: Work queue" in prose(edge)
    unknown = decide(small, workload_of({"messages": {"burst_factor": 10, "answer": "later"}}))
    assert "at 37/s, 3.7 times the 10/s assumed: Work queue" in prose(unknown)
    ranged = decide(small, workload_of({"messages": {"per_s": {"low": 4000, "high": 16000}, "answer": "later"}}))
    assert "at 74/s, 1/108 of 8,000/s, the middle of your range: Direct call" in prose(ranged)


def test_a_rule_that_is_barely_broken_shows_both_numbers(small):
    answer = decide(small, workload_of({"messages": {"per_s": 1000.4, "burst_factor": 1}}))
    assert answer.verdict("call").ruled_out_by[0].needed == "1,000.4/s"
    assert answer.verdict("call").ruled_out_by[0].offered == "1,000/s"
