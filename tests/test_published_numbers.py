"""The models reproduce what others published, within the tolerance stated beside each number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.validation import Case, cases, compare

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[f"{case.id}-{case.number}" for case in CASES])
def test_reproduces(case: Case) -> None:
    if case.missing_data:
        pytest.skip(case.missing_data)
    differing = [f"{c.field}: published {c.published}, model {c.computed}" for c in compare(case) if not c.holds]
    assert not differing


def test_the_comparison_can_fail() -> None:
    case = next(case for case in CASES if case.id == "QUEUE-1")
    wrong = replace(case, expected={name: value * 1.01 for name, value in case.expected.items()})
    assert not any(found.holds for found in compare(wrong))
