"""What holds of every model in the registry: a chart that draws, a sentence, and finite answers at the ends."""

from __future__ import annotations

import json
import math
import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from sysdesign.content import default_root
from sysdesign.draw.chart_rows import chart_rows, chart_table, table_rows
from sysdesign.draw.chart_spec import chart_spec
from sysdesign.draw.charts import vega_lite
from sysdesign.draw.figures import sources
from sysdesign.errors import BudgetSpent, InvalidInput, Unstable
from sysdesign.models.declaration import Model, Parameter, inputs_of, outputs_of, result_type_of
from sysdesign.models.registry import models
from sysdesign.running.model_run import read_inputs, run

MODELS = models()
FIGURES = sources(default_root())
# How much work a simulation may do is not what a model is about; at their ends these take minutes, or say nothing.
CEILING_S = 30  # of processor time
BUDGETS = ("most_", "trials", "relative_width", "half_width", "precision", "seed", "requests", "keys", "customers")


@pytest.fixture(scope="module", params=MODELS.values(), ids=MODELS.keys())
def model(request: pytest.FixtureRequest) -> Model:
    """Each model in turn."""
    return request.param


def test_it_has_a_chart_of_its_own_that_draws(model: Model) -> None:
    assert model.chart in FIGURES, f"{model.name} has no chart"
    spec = chart_spec(FIGURES[model.chart], model.chart)
    assert spec.model == model.name
    rows = chart_rows(spec, seconds=0.05)
    assert len(rows) > 1
    assert len({row["y"] for row in rows}) > 1, "a picture of one flat line says nothing"
    json.dumps(vega_lite(spec, rows), allow_nan=False)
    shown = table_rows(spec, chart_table(spec, rows))
    place = {(row["x"], row["y"]) for row in rows}
    assert {(row["x"], row["y"]) for row in shown} == place


def test_what_an_input_replaces_is_an_input(model: Model) -> None:
    parameters = inputs_of(model.function)
    assert {each for given in parameters.values() for each in given.input.replaces} <= parameters.keys()


def test_it_says_what_its_defaults_give(model: Model) -> None:
    answer = run(model.name, {})
    assert (answer.sentence[0].isupper() or answer.sentence[0].isdigit()) and answer.sentence.endswith("."), (
        answer.sentence
    )
    assert "nan" not in answer.sentence.lower() and "inf " not in answer.sentence
    assert answer.sentence.count("  ") == 0
    assert outputs_of(result_type_of(model.function))
    assert (model.function.__doc__ or "").count(" ") > 20


def ends(model: Model) -> Iterator[dict[str, Any]]:
    """Each input in turn at its low end, its high end and each of its words, the others at their defaults."""
    for name, parameter in inputs_of(model.function).items():
        declared = parameter.input
        if parameter.kind == "word":
            yield from ({name: word} for word in parameter.words)
        elif parameter.kind in ("number", "integer") and not name.startswith(BUDGETS):
            yield from ({name: end} for end in (declared.low, declared.high) if end is not None)
        elif parameter.kind in ("numbers", "samples"):
            yield from ({name: (end, end)} for end in (declared.low, declared.high) if end is not None)
        elif parameter.kind == "distribution":
            yield from ({name: f"constant({end:g})"} for end in (declared.low, declared.high) if end is not None)


def test_each_end_of_its_inputs_gives_a_finite_answer_or_a_reason(model: Model) -> None:
    cheaper = budgets(model)
    for given in ends(model):
        try:
            result = model.function(**read_inputs(model, {**cheaper, **given}))
        except (InvalidInput, BudgetSpent) as refused:
            assert len(str(refused)) > 20, given
            continue
        for field in fields(result):
            value = np.asarray(getattr(result, field.name))
            if value.dtype.kind in "fi":
                assert np.isfinite(value).all(), f"{model.name}({given}).{field.name} is {value}"
        sentence = model.sentence(read_inputs(model, {**cheaper, **given}), result)
        assert "nan" not in sentence.lower(), f"{model.name}({given}): {sentence}"


def test_a_whole_number_is_the_same_with_and_without_a_point(model: Model) -> None:
    """Where a kernel is compiled for each, it may hold times as integers, or is compiled twice for nothing."""
    given = read_inputs(model, budgets(model))
    numbers = [name for name, parameter in inputs_of(model.function).items() if parameter.kind == "number"]
    whole = [name for name in numbers if isinstance(given.get(name), (int, float)) and float(given[name]).is_integer()]
    plain = model.function(**given | {name: int(given[name]) for name in whole})
    pointed = model.function(**given | {name: float(given[name]) for name in whole})
    for field in fields(plain):
        np.testing.assert_equal(getattr(plain, field.name), getattr(pointed, field.name))


def budgets(model: Model) -> dict[str, Any]:
    """Simulations on a small budget: their ends are about answers, not about precision."""
    found = {}
    for name, parameter in inputs_of(model.function).items():
        low, default = parameter.input.low, parameter.input.default
        if name.startswith(("most_", "trials")) and low is not None and low > 0:
            found[name] = max(low, min(default, round(math.sqrt(low * default))))
    return found


def _tried(parameter: Parameter) -> Iterator[float]:
    """A few values within an input's range, plain ones among them."""
    declared = parameter.input
    if parameter.kind not in ("number", "integer") or declared.low is None or declared.high is None:
        return
    default = declared.default or declared.low
    for value in (declared.low, default / 4, default / 2, default * 2, default * 4, 1, 2, 3):
        if declared.low <= value <= declared.high and (parameter.kind == "number" or value == int(value)):
            yield int(value) if parameter.kind == "integer" else value


def test_no_default_contradicts_what_is_given(model: Model) -> None:
    parameters = inputs_of(model.function)
    bounds = {name: each.input.most.of for name, each in parameters.items() if each.input.most is not None}
    cheaper = budgets(model)
    for name in {*bounds, *bounds.values()} & set(parameters):
        for value in _tried(parameters[name]):
            with suppress(Unstable, BudgetSpent):  # a queue that grows without end is an answer
                run(model.name, {**cheaper, name: value})


def test_a_default_gives_way_as_far_as_it_must() -> None:
    assert models()["quorum.availability"].function(nodes=2, node_availability=0.99) is not None
    assert read_inputs(models()["quorum.availability"], {"nodes": 2})["zones"] == 2
    assert read_inputs(models()["quorum.availability"], {"nodes": 7})["zones"] == 3
    assert read_inputs(models()["quorum.availability"], {"zones": 5})["nodes"] == 5
    assert read_inputs(models()["consensus.election"], {"servers": 2})["failed"] == 0
    with pytest.raises(InvalidInput, match="zones is 3"):
        run("quorum.availability", {"nodes": 2, "zones": 3})


def at_its_most(model: Model) -> dict[str, Any]:
    """Everything at its high end, but how closely a result is to be known."""
    found = {}
    for name, parameter in inputs_of(model.function).items():
        declared = parameter.input
        if parameter.kind in ("number", "integer") and declared.high is not None:
            found[name] = declared.low if name.endswith(("_width", "precision")) else declared.high
    return found


def test_what_draws_declares_its_work(model: Model) -> None:
    """By which the service refuses what is too much for a page before it begins."""
    if "seed" not in inputs_of(model.function):
        return
    assert model.work is not None, f"{model.name} takes draws and declares no work"
    least = model.work(read_inputs(model, {}))
    parameters = inputs_of(model.function).items()
    narrow = {name: each.input.low for name, each in parameters if name.endswith(("_width", "precision"))}
    counted = {name: each.input.high for name, each in parameters if name.startswith((*BUDGETS, "draws"))}
    assert 0 <= least < 1
    assert model.work(read_inputs(model, counted | narrow)) >= max(10 * least, 0.1) * (1 - 1e-9)


def test_what_declares_no_work_has_little(model: Model) -> None:
    """In a process of its own, which is ended after 25 times of what the slowest of them takes."""
    if model.work is not None:
        return
    most = at_its_most(model)
    words = {name: each.words for name, each in inputs_of(model.function).items() if each.kind == "word"}
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            resource.setrlimit(resource.RLIMIT_CPU, (CEILING_S, CEILING_S))
            for given in ({}, most, *({**most, name: word} for name in words for word in words[name])):
                with suppress(Exception):
                    model.function(**read_inputs(model, given))
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    assert ended == 0, f"{model.name} takes more than {CEILING_S} s at its most, and declares no work"
