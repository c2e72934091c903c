"""Number records computed again, and what they may show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sysdesign.checks import wrong_number
from sysdesign.checks.computation import compute, equals_input, shows_it, strange_numbers
from sysdesign.checks.quantities import quantities
from sysdesign.content.records import Number
from sysdesign.content.tidy import number_text
from sysdesign.errors import InvalidInput, UnknownName
from tests.reading import whole_reference

REFERENCE = whole_reference()


def number(**fields: Any) -> Number:
    return Number.model_validate({"shows": "1", **fields})


STAMPEDE = {"model": "caching.stampede", "inputs": {"arrivals_per_s": 2000, "rebuild_s": 0.5}}
REPLAY = {"policy": "fifo", "capacity_keys": 500, "catalog_keys": 5000, "requests": 20000, "precision": 0, "seed": 1}


@pytest.mark.parametrize(
    ("formula", "inputs", "shows"),
    [
        ("requests_per_day / 1 day", {"requests_per_day": "3.5 million"}, "41 requests a second"),
        ("requests_per_day / 1 day", {"requests_per_day": "3.5 million"}, "2,400 requests a minute"),
        ("stored / servers", {"stored": "14.3 PB", "servers": 22000}, "650 GB"),
        ("a / b", {"a": 1, "b": 3}, "a third"),
        ("a / b", {"a": 1, "b": 3}, "33%"),
        ("a / b", {"a": 17000, "b": 1300}, "13 times"),
        ("hop * hops", {"hop": "30 ms", "hops": 3}, "0.09 s"),
    ],
)
def test_a_formula_shows_its_rounded_value(formula: str, inputs: dict[str, Any], shows: str) -> None:
    record = number(formula=formula, inputs=inputs, shows=shows)
    assert shows_it(record, compute(record))
    assert strange_numbers(record, compute(record)) == []


@pytest.mark.parametrize(
    ("formula", "inputs", "shows"),
    [
        ("requests_per_day / 1 day", {"requests_per_day": "3.5 million"}, "40 requests a second"),
        ("requests_per_day / 1 day", {"requests_per_day": "3.5 million"}, "41 requests a minute"),
        ("requests_per_day / 1 day", {"requests_per_day": "3.5 million"}, "41 ms"),
        ("a / b", {"a": 1, "b": 3}, "34%"),
        ("a / b", {"a": 1, "b": 3}, "half"),
        ("hop * hops", {"hop": "30 ms", "hops": 3}, "90 s"),
        ("hop * hops", {"hop": "30 ms", "hops": 3}, "none"),
    ],
)
def test_a_formula_shows_nothing_else(formula: str, inputs: dict[str, Any], shows: str) -> None:
    record = number(formula=formula, inputs=inputs, shows=shows)
    assert not shows_it(record, compute(record))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, InvalidInput),
        ({**STAMPEDE, "formula": "1 + 1", "result": "requests_per_expiry"}, InvalidInput),
        ({**STAMPEDE}, InvalidInput),
        ({**STAMPEDE, "result": "requests"}, UnknownName),
        ({**STAMPEDE, "result": "requests_per_expiry[3]"}, UnknownName),
        ({**STAMPEDE, "model": "caching.stampd", "result": "requests_per_expiry"}, UnknownName),
        ({"model": "caching.stampede", "inputs": {"rate": 3}, "result": "requests_per_expiry"}, InvalidInput),
        ({"formula": "a / b", "inputs": {"a": 1, "b": 0}}, InvalidInput),
        ({"formula": "a + b", "inputs": {"a": "1 s", "b": "1 GB"}}, InvalidInput),
        ({"formula": "a", "inputs": {"a": 1, "b": 2}}, InvalidInput),
        ({"formula": "a +", "inputs": {"a": 1}}, InvalidInput),
        ({"formula": "a", "inputs": {"a": True}}, InvalidInput),
        ({"formula": "__import__", "inputs": {}}, InvalidInput),
    ],
)
def test_a_bad_record_is_a_clear_error(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        compute(number(**fields))


def test_a_simulated_value_may_be_anywhere_in_its_interval() -> None:
    record = number(model="caching.replay", inputs=REPLAY, result="hit_ratio")
    computed = compute(record)
    assert computed.low < computed.value < computed.high
    middle = (computed.low + computed.value) / 2
    assert shows_it(record.model_copy(update={"shows": f"{middle:.6f}"}), computed)
    beyond = computed.high + (computed.high - computed.low)
    assert not shows_it(record.model_copy(update={"shows": f"{beyond:.6f}"}), computed)


MEASURED = {
    "benchmark": "layouts", "result": "sum of 1 column of 20", "machine": "2 cores", "versions": {"DuckDB": "2.0.1"},
    "dated": "2026-11-30", "runs": 3, "low": "1.9 ms", "high": "2.4 ms",
}  # fmt: skip


@pytest.mark.parametrize(("shows", "holds"), [("2 ms", True), ("2.2 ms", True), ("2.6 ms", False), ("2 s", False)])
def test_a_measured_value_may_be_anywhere_between_its_runs(shows: str, holds: bool) -> None:
    record = number(measured=MEASURED, shows=shows)
    assert shows_it(record, compute(record)) is holds


def test_a_measurement_says_where_and_when_and_is_no_formula_too() -> None:
    text = number_text(number(measured=MEASURED))
    assert "`python -m benchmarks layouts`" in text
    assert "1.9 ms to 2.4 ms in 3 runs, DuckDB 2.0.1, 2 cores, 2026-11-30" in text
    for wrong in ({"low": "3 ms"}, {"high": "2 GB"}):
        with pytest.raises(InvalidInput, match="low end first"):
            compute(number(measured={**MEASURED, **wrong}))
    with pytest.raises(InvalidInput, match="one of the three"):
        compute(number(measured=MEASURED, formula="1 + 1"))


def test_the_benchmarks_of_measured_numbers_are_there() -> None:
    folder = Path(__file__).parents[2] / "benchmarks"
    for record in REFERENCE.numbers.values():
        if record.measured is not None:
            assert record.measured.result in (folder / f"{record.measured.benchmark}.py").read_text(), record.id


def test_an_input_is_recognized_in_any_unit() -> None:
    record = number(**STAMPEDE, result="requests_per_expiry")
    for text in ("500 ms", "0.5 s", "half a second", "2,000 requests a second", "120,000 a minute", "2 thousand"):
        assert [equals_input(found, record) for found in quantities(text)] == [True], text
    for text in ("501 ms", "0.5 minutes", "2,001 requests a second", "2,000 a minute", "2,000 ms", "0.5%"):
        assert [equals_input(found, record) for found in quantities(text)] == [False], text


def test_a_rate_is_also_its_time_between() -> None:
    record = number(model="caching.ttl", inputs={"requests_per_s": 0.1}, result="hit_ratio")
    assert equals_input(quantities("once in ten seconds")[0], record)
    assert not equals_input(quantities("once in eleven seconds")[0], record)


@pytest.mark.parametrize("id_", sorted(REFERENCE.numbers))
def test_every_number_of_the_reference_is_computed_and_no_other_digit_would_do(id_: str) -> None:
    record = REFERENCE.numbers[id_]
    assert list(wrong_number.faults(record)) == []
    computed = compute(record)
    if not computed.words:
        far = 2 * max(computed.high, 0.001)
        assert not shows_it(record, replace(computed, value=far, low=far, high=far)), f"{id_} shows any value"
