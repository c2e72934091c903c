"""An input found for a wanted result, against closed forms."""

from __future__ import annotations

import json

import pytest

from sysdesign.cli import app
from sysdesign.errors import InvalidInput
from sysdesign.operations.modeling import solve_model


def test_an_input_is_found_where_the_formula_says() -> None:
    solved = solve_model("queueing.mm1", {"services_per_s": 100}, "arrivals_per_s", "mean_time_s=0.05")
    assert solved.value == pytest.approx(80)  # 1 / (mu - lambda) = 50 ms
    assert solved.exact and solved.others == ()


def test_an_amount_is_read_as_people_write_it() -> None:
    solved = solve_model("queueing.mm1", {"services_per_s": 100}, "arrivals_per_s", "mean_time_s='50 ms'")
    assert solved.value == pytest.approx(80)
    solved = solve_model("queueing.mm1", {"services_per_s": 100}, "arrivals_per_s", "utilization=99.9%")
    assert solved.value == pytest.approx(99.9)


@pytest.mark.parametrize(
    ("wish", "servers"), [("mean_wait_s<=0.001", 14), ("mean_wait_s<0.001", 14), ("mean_wait_s>=0.001", 13)]
)
def test_a_whole_number_is_the_nearest_that_meets_the_wish(wish: str, servers: int) -> None:
    solved = solve_model("queueing.mmc", {"arrivals_per_s": 80, "services_per_s": 10}, "servers", wish)
    assert solved.value == servers and solved.exact


def test_a_whole_number_that_only_comes_near_says_so() -> None:
    solved = solve_model("queueing.mmc", {"arrivals_per_s": 80, "services_per_s": 10}, "servers", "mean_wait_s=0.001")
    assert solved.value in (13, 14) and not solved.exact


def test_a_result_that_passes_the_value_twice_names_both() -> None:
    given = {"alpha": 0.02, "beta": 0.005}
    solved = solve_model("scaling_laws.usl", given, "nodes", "capacity=5")
    # n / (1 + 0.02 (n - 1) + 0.005 n (n - 1)) = 5 is 0.025 n^2 - 0.925 n + 4.9 = 0.
    roots = ((0.925 - 0.365625**0.5) / 0.05, (0.925 + 0.365625**0.5) / 0.05)
    assert (solved.value, *solved.others) == pytest.approx(roots, rel=1e-6)
    assert "So does" in solved.sentence


@pytest.mark.parametrize(
    ("given", "unknown", "wish", "words"),
    [
        ({}, "arrivals_per_s", "mean_time_s", "names no result"),
        ({}, "arrivals_per_s", "speed=3", "gives no 'speed'"),
        ({}, "arival", "mean_time_s=1", "cannot be solved for 'arival'"),
        ({"arrivals_per_s": 5}, "arrivals_per_s", "mean_time_s=1", "given and solved for"),
        ({}, "arrivals_per_s", "utilization=3", "3 is not among them"),
        ({}, "arrivals_per_s", "mean_time_s=5 GB", "is not in s"),
    ],
)
def test_what_cannot_be_solved_is_said(given: dict[str, float], unknown: str, wish: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        solve_model("queueing.mm1", given, unknown, wish)


def test_the_command_prints_the_value_and_the_answer_there(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["model", "run", "retries.budget", "--solve", "budget_share", "--for", "calls_with=1.3"]
    app(arguments, standalone_mode=False)
    assert "30%" in capsys.readouterr().out.splitlines()[-1]
    app([*arguments, "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["value"] == pytest.approx(0.3, rel=1e-6)


def test_of_a_range_that_gives_the_wanted_result_the_end_is_found() -> None:
    """Every outage within the window of the attempts is outlived, and no longer one: the end is what was asked for."""
    waits = "10, 60, 30"
    for wish in ("delivered_share>=100%", "delivered_share=100%", "delivered_share<=0%", "delivered_share=0%"):
        found = solve_model("retries.ladder", {"waits_s": waits}, "outage_s", wish)
        assert found.value == pytest.approx(100, rel=1e-6) and found.others == () and found.exact, wish
