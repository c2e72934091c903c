"""Tables of models: a block of nodes gives what single nodes give."""

import numpy as np
import pytest

from sysdesign.decide import tabulated
from sysdesign.decide.expression import number
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
