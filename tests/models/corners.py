"""Runs a model at the ends of all its declared ranges: every answer is finite, or refused in words."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.declaration import inputs_of


def corners(function: Callable[..., Any], most: int = 4000) -> list[dict[str, Any]]:
    """Low, high and default of every input, in every combination (a fixed sample where that is too many)."""
    choices = {}
    for name, parameter in inputs_of(function).items():
        declared = parameter.input
        if parameter.kind == "word":
            choices[name] = list(parameter.words)
        elif parameter.kind in ("number", "integer"):
            ends = [declared.low, declared.high, declared.default]
            choices[name] = list(dict.fromkeys(end for end in ends if end is not None))
        else:
            choices[name] = [declared.default]
            if parameter.kind == "numbers":
                choices[name] += [(end,) * 2 for end in (declared.low, declared.high) if end is not None]
    everything = list(itertools.islice(itertools.product(*choices.values()), 200_000))
    generator = np.random.default_rng(1)
    if len(everything) > most:
        everything = [everything[at] for at in generator.choice(len(everything), most, replace=False)]
    return [dict(zip(choices, each, strict=True)) for each in everything]


def assert_finite_at_corners(function: Callable[..., Any], most: int = 4000) -> None:
    """No NaN, no infinity, no escape other than InvalidInput; at least the defaults give an answer."""
    answered = 0
    for inputs in corners(function, most):
        try:
            result = function(**inputs)
        except InvalidInput as refused:
            assert len(str(refused)) > 20, f"{inputs}: {refused}"
            continue
        answered += 1
        for field in fields(result):
            value = getattr(result, field.name)
            if isinstance(value, (int, float, np.ndarray, tuple, np.number)) and not isinstance(value, bool):
                array = np.asarray(value)
                if array.dtype.kind in "fi":
                    assert np.isfinite(array).all(), f"{function.__name__}({inputs}).{field.name} is {value}"
    assert answered > 0
    function(**{name: parameter.input.default for name, parameter in inputs_of(function).items()})


def assert_sentences(models: tuple[Any, ...]) -> None:
    """Every model says in one sentence or two what its defaults give, and every output is labeled."""
    from sysdesign.models.declaration import outputs_of, result_type_of

    for model in models:
        inputs = {name: parameter.input.default for name, parameter in inputs_of(model.function).items()}
        sentence = model.sentence(inputs, model.function(**inputs))
        assert sentence.endswith(".") and "nan" not in sentence.lower(), f"{model.name}: {sentence}"
        result_type = result_type_of(model.function)
        assert set(outputs_of(result_type)) == {field.name for field in fields(result_type)}, model.name
