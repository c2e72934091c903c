"""The described workloads that ship with the reference: read, and answered as their descriptions promise."""

# Rows of examples read better whole.

import pytest

from sysdesign.decide import decide, load_workload
from tests.decide.conftest import REFERENCE

PATHS = sorted((REFERENCE / "workloads").glob("*.yaml"))
EXPECTED = {
    "chat": {"database-class": "wide_column", "push-style": "socket", "partitioning-key": "compound"},
    "order-events": {"message-handoff": "log", "delivery-and-ordering": "outbox", "process-coordination": "durable"},
    "public-api": {
        "load-shedding": "layered",
        "rate-limiter": "cost_bucket",
        "api-gateway": "full",
        "circuit-breaker": "sharded",
        "isolation-scope": "cells",
    },
}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_is_read_and_every_decision_answers(path, decisions):
    workload = load_workload(path)
    assert workload.values and workload.about["about"]
    for framework in decisions.values():
        answer = decide(framework, workload, with_flips=False, with_confidence=False)
        assert bool(answer.first) != bool(answer.contradiction)
        expected = EXPECTED.get(path.stem, {}).get(framework.id)
        assert expected in (None, answer.first), framework.id


def test_a_small_system_is_told_to_stay_plain(decisions):
    workload = load_workload(REFERENCE / "workloads" / "small-shop.yaml")
    plain = {
        name: decide(f, workload, with_flips=False, with_confidence=False).first == f.default
        for name, f in decisions.items()
    }
    assert sum(plain.values()) >= 0.9 * len(plain), sorted(name for name, stays in plain.items() if not stays)
