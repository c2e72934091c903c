"""Tables of models: a block of nodes gives what single nodes give."""

import numpy as np
import pytest

from sysdesign.decide import tabulated
from sysdesign.decide.expression import number
from sysdesign.models import queueing
from sysdesign.models.retries import budget

CALL = "retries.budget(attempts=5, failed_attempts=failures.share, budget_share=10%).calls_with"


def _called(shares, monkeypatch, most):
    monkeypatch.setattr(tabulated, "MOST_NODES", most)
    monkeypatch.setattr(tabulated, "_TABLES", {})
    call = number(CALL.replace("failures.share", "share"), {"share": number("0.5", {})})
    return np.concatenate([call.at([np.array([5.0]), each, np.array([0.1])]) for each in shares])


def test_a_table_gives_the_same_as_one_block_and_node_by_node(monkeypatch):
    """The block grows both ways; the second and third calls reach beyond the first."""
    shares = (np.array([0.42, 0.58]), np.array([0.93, 0.44]), np.linspace(0, 1, 37))
    block = _called(shares, monkeypatch, 200_000)
    assert np.array_equal(block, _called(shares, monkeypatch, 0))
    assert np.array_equal(block, _called(shares, monkeypatch, 8))
    assert block[-1] == pytest.approx(budget(5, 1.0, 0.1).calls_with, rel=1e-12)


def test_points_that_are_refused_leave_the_others_as_they_are():
    """An unstable queue waits without end; its neighbors in the array are answered together, as each would be alone."""
    call = number(
        "queueing.mm1(arrivals_per_s=offered, services_per_s=100 /s).mean_wait_s", {"offered": number("5 /s", {})}
    )
    offered = np.array([50.0, 100.0, 99.0, 250.0, 1.0])
    found = call.at([offered, np.array([100.0])])
    assert np.isinf(found[[1, 3]]).all()
    for at in (0, 2, 4):
        assert found[at] == queueing.mm1(float(offered[at]), 100).mean_wait_s
