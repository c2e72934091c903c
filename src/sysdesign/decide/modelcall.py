"""Calls of models inside expressions: found, checked and made elementwise at load time."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import sysdesign.models
from sysdesign import units
from sysdesign.decide.node import Argument, ModelCall, Node, Run
from sysdesign.decide.tabulated import elementwise
from sysdesign.errors import InvalidInput, UnknownName, nearest
from sysdesign.models.declaration import Output, Parameter, inputs_of, outputs_of

WIDEST = 1e300


def model_call(name: str, arguments: Mapping[str, Node | str], result: str) -> Node:
    """A call of the model `subject.function`, units checked. Raises InvalidInput."""
    try:
        function = _function(name)
    except UnknownName as error:
        raise InvalidInput(str(error)) from None
    declared = inputs_of(function)
    _check_names(name, declared, arguments)
    numbers = tuple(_argument(name, declared[key], node) for key, node in arguments.items() if isinstance(node, Node))
    words = tuple((key, _word(name, declared[key], word)) for key, word in arguments.items() if isinstance(word, str))
    output = _output(name, function, result)
    size, dimension = _unit(output.unit)
    over_worlds, whole = elementwise(name, function, result, words, declared, tuple(a.name for a in numbers))
    run = Run(name, whole, numbers, words)
    return ModelCall(name, over_worlds, numbers, size, dimension, run, output.unit == "share", (result, words))


@cache
def _function(name: str) -> Callable[..., Any]:
    subject, _, function = name.partition(".")
    subjects = [module.name for module in pkgutil.iter_modules(sysdesign.models.__path__)]
    if not function or subject not in subjects:
        raise UnknownName(f"there is no model {name!r}. {nearest(subject, subjects, 'subjects')}")
    module = importlib.import_module(f"sysdesign.models.{subject}")
    public = {key: value for key, value in vars(module).items() if not key.startswith("_") and _is_model(value, module)}
    public |= {model.function.__name__: model.function for model in getattr(module, "MODELS", ())}
    if function not in public:
        raise UnknownName(f"there is no model {name!r}. {nearest(function, public, f'models of {subject}')}")
    return public[function]


def _is_model(value: object, module: object) -> bool:
    if not inspect.isfunction(value) or value.__module__ != module.__name__:  # type: ignore[attr-defined]
        return False
    try:
        return bool(inputs_of(value))
    except (TypeError, NameError):
        return False


def _check_names(name: str, declared: Mapping[str, Parameter], given: Mapping[str, object]) -> None:
    for key in given:
        if key not in declared:
            raise InvalidInput(f"{name} takes no {key!r}. {nearest(key, declared, 'inputs')}")
    missing = [key for key, parameter in declared.items() if parameter.required and key not in given]
    if missing:
        raise InvalidInput(f"{name} needs {', '.join(missing)}. Give each by name")


def _argument(name: str, parameter: Parameter, node: Node) -> Argument:
    if parameter.kind not in ("number", "integer"):
        raise InvalidInput(
            f"{parameter.name} of {name} takes a {parameter.kind}, not a number. Leave it to its default"
        )
    size, dimension = _unit(parameter.input.unit)
    if dimension != node.dimension:
        raise InvalidInput(
            f"{parameter.name} of {name} is in {parameter.input.unit or 'pure numbers'}, "
            "which is of another kind than the value given. Mend the formula"
        )
    low = -WIDEST if parameter.input.low is None else float(parameter.input.low)
    high = WIDEST if parameter.input.high is None else float(parameter.input.high)
    return Argument(parameter.name, node, low, high, size, parameter.kind == "integer", parameter.input.label)


def _word(name: str, parameter: Parameter, word: str) -> str:
    """The model's own word; an expression writes its spaces as underscores."""
    known = {each.replace(" ", "_"): each for each in parameter.words}
    if parameter.kind != "word" or word not in known:
        raise InvalidInput(f"{parameter.name} of {name} is {word!r}. {nearest(word, known, 'words')}")
    return known[word]


def _output(name: str, function: Callable[..., Any], result: str) -> Output:
    returned = get_type_hints(inspect.unwrap(function), include_extras=True).get("return")
    if get_origin(returned) is Annotated:
        found = next((extra for extra in get_args(returned)[1:] if isinstance(extra, Output)), None)
        if found is not None and not result:
            return found
    try:
        outputs = outputs_of(returned) if isinstance(returned, type) else {}
    except TypeError:
        outputs = {}
    if result not in outputs:
        raise InvalidInput(
            f"{name} gives no {result!r}. {nearest(result, outputs, 'results')} "
            "Write it after the call, as in f(...).result"
        )
    return outputs[result]


def _unit(text: str) -> tuple[float, units.Dimension]:
    try:
        return units.unit(text)
    except InvalidInput:
        return 1.0, units.PURE  # a unit of the field's own, such as erlangs: a pure number here
