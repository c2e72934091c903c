"""How a model declares itself: inputs on its signature, outputs on its result.

    def stampede(
        arrivals_per_s: Annotated[float, Input("Requests", "1/s", low=0.001, high=1e7, default=2000)],
        ...
    ) -> Stampede: ...

The label, unit, range and default of an input stand there and nowhere else;
command, service, page and checks read them with `inputs_of`. A parameter's
type says how a value is read:

    float, int                  a number in the input's unit
    Literal["a", "b"]           a word
    Distribution                a latency: "4 ms", "exponential(mean=4)", "lognormal(median=2, p99=10)", ...
    Samples                     the reader's own measurements (1-D float array), from a file or a list
    Numbers                     a short list of numbers, "3, 5, 7"
    Text                        a text that the model reads itself, such as a query
    OwnFile                     what a reader in `readers/` made of a file (a trace, a history); no path is read here
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from sysdesign.errors import InvalidInput
from sysdesign.models.wording import bound_text
from sysdesign.probability.distribution import Distribution
from sysdesign.units import finite

Samples = NewType("Samples", np.ndarray)
Numbers = NewType("Numbers", tuple)
Text = NewType("Text", str)
OwnFile = NewType("OwnFile", object)


@dataclass(frozen=True)
class AtMost:
    """A bound that another input sets, as nodes bound the zones they stand in. Defaults follow it both ways."""

    of: str  # the other input
    times: float = 1.0  # this one is at most so many times that one
    kept: float | None = None  # the share of it that a default takes which has to move; the bound itself if None


@dataclass(frozen=True)
class Input:
    """What a reader needs to know to fill in one input.

    `low` and `high` are inclusive and are the range in which the model holds;
    for Samples and Numbers they bound each value; for a Distribution `low` bounds
    the least value and `high` the median.
    """

    label: str
    unit: str = ""  # "" is a pure number, "share" is 0 to 1
    low: float | None = None
    high: float | None = None
    default: Any = None  # None: the reader must give it
    help: str = ""
    most: AtMost | None = None
    replaces: tuple[str, ...] = ()  # inputs that are not used where this one is given


@dataclass(frozen=True)
class Output:
    """Label and unit of one field of a result."""

    label: str
    unit: str = ""
    drawn: bool = False  # made for the chart: a listing for people leaves it out
    apart: bool = False  # a list of its own, never a column beside lists of the same length


@dataclass(frozen=True)
class Model:
    """A model that command, page and checks offer under its name."""

    function: Callable[..., Any]
    decision: str  # the question it informs
    sentence: Callable[[Mapping[str, Any], Any], str]  # what a result means, from inputs and result
    document: str  # slug of the document that explains it
    chart: str | None = None  # "05-caching/stampede": reference/figures/05-caching/stampede.yaml
    work: Callable[[Mapping[str, Any]], float] | None = None  # seconds that a run of these inputs takes, about
    subject: str = ""  # where the function stands in another file than its subject's

    @property
    def name(self) -> str:
        subject = self.subject or self.function.__module__.split(".models.")[-1].split(".")[0]
        return f"{subject}.{self.function.__name__}"

    @property
    def title(self) -> str:
        return (self.function.__doc__ or self.name).strip().splitlines()[0].rstrip(".")


@dataclass(frozen=True)
class Parameter:
    """One declared input of a function, with how its value is read."""

    name: str
    kind: Literal["number", "integer", "word", "distribution", "samples", "numbers", "text", "file"]
    input: Input
    words: tuple[str, ...] = ()
    required: bool = False


def inputs_of(function: Callable[..., Any]) -> dict[str, Parameter]:
    """The declared inputs of a model function, in signature order."""
    return dict(_inputs_of(inspect.unwrap(function)))


@functools.cache
def _hints_of(declared: Any) -> dict[str, Any]:
    """The types of a function's parameters or a result's fields; reading them anew would cost more than their page."""
    return get_type_hints(declared, include_extras=True)


@functools.cache
def _inputs_of(function: Callable[..., Any]) -> dict[str, Parameter]:
    hints = _hints_of(function)
    found = {}
    for name, parameter in inspect.signature(function).parameters.items():
        hint = hints.get(name)
        if get_origin(hint) is not Annotated:
            continue
        base, *extras = get_args(hint)
        declared = next((extra for extra in extras if isinstance(extra, Input)), None)
        if declared is None:
            continue
        kind, words = _kind(base)
        required = declared.default is None and parameter.default is inspect.Parameter.empty
        found[name] = Parameter(name, kind, declared, words, required)
    return found


def _kind(base: Any) -> tuple[Any, tuple[str, ...]]:
    if get_origin(base) is Literal:
        return "word", tuple(get_args(base))
    if base is Samples:
        return "samples", ()
    if base is Numbers:
        return "numbers", ()
    if base is Text:
        return "text", ()
    if base is int:
        return "integer", ()
    if base is float or base == float | None:
        return "number", ()
    if OwnFile in (base, *get_args(base)) or base is Path:
        return "file", ()
    if base is Distribution:
        return "distribution", ()
    raise TypeError(f"an input cannot be declared with type {base!r}")


def replaced(parameters: Mapping[str, Parameter], inputs: Mapping[str, Any]) -> dict[str, str]:
    """The inputs that are not used, each with the one given in its place."""
    taken = {name: each.input.replaces for name, each in parameters.items() if each.input.replaces}
    given = [name for name in taken if (value := inputs.get(name)) is not None and str(value) != ""]
    return {each: name for name in reversed(given) for each in taken[name]}


def outputs_of(result_type: type) -> dict[str, Output]:
    """The declared outputs of a result dataclass, in field order."""
    hints = _hints_of(result_type)
    found = {}
    for field in fields(result_type):
        extras = get_args(hints[field.name])[1:] if get_origin(hints[field.name]) is Annotated else ()
        declared = next((extra for extra in extras if isinstance(extra, Output)), None)
        if declared is not None:
            found[field.name] = declared
    return found


def result_type_of(function: Callable[..., Any]) -> type:
    """The dataclass that a model function returns."""
    return _plain_type(_hints_of(inspect.unwrap(function))["return"])


def type_of_output(result_type: type, name: str) -> Any:
    """The plain type of one field of a result."""
    return _plain_type(_hints_of(result_type)[name])


def _plain_type(hint: Any) -> Any:
    """A type without what is declared about it."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


F = TypeVar("F", bound=Callable[..., Any])


def checked(function: F) -> F:
    """Refuse any input outside its declared range, before the function sees it.

    Raises InvalidInput, naming the input, the value and what would work.
    Numbers may be NumPy arrays where the function works elementwise.
    """
    declared = _inputs_of(function)
    signature = inspect.signature(function)
    names = signature.parameters.keys()
    needed = {name for name, each in signature.parameters.items() if each.default is inspect.Parameter.empty}

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if args or not needed <= kwargs.keys() <= names:
            try:
                kwargs = signature.bind(*args, **kwargs).arguments
            except TypeError as error:
                raise InvalidInput(
                    f"{function.__name__}: {error}; it takes {', '.join(signature.parameters)}"
                ) from None
        for name, parameter in declared.items():
            if name in kwargs:
                check_value(parameter, kwargs[name])
        return function(**{**kwargs, **adapted(declared, kwargs)})

    return call  # type: ignore[return-value]


def adapted(declared: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Defaults that would contradict what is given, moved so far that they fit, by name of the input.

    Two zones are the default of two nodes, where three zones are that of three nodes or more.
    """
    found: dict[str, Any] = {}
    while moved := _moved(declared, {**given, **found}):  # what moves may move others
        found |= moved
    return found


def _moved(declared: Mapping[str, Parameter], known: Mapping[str, Any]) -> dict[str, Any]:
    """The first default that contradicts a known value, where it fits."""
    for name, parameter in declared.items():
        bound = parameter.input.most
        if bound is None or bound.of not in declared:
            continue
        share = bound.times if bound.kept is None else bound.kept
        if name not in known and bound.of in known:
            most = float(np.min(known[bound.of]))
            if _default(parameter) > bound.times * most:
                return {name: _fitting(parameter, share * most, math.floor)}
        elif name in known and bound.of not in known:
            least = float(np.max(known[name]))
            if _default(declared[bound.of]) * bound.times < least:
                return {bound.of: _fitting(declared[bound.of], least / share, math.ceil)}
    return {}


def _default(parameter: Parameter) -> float:
    """The declared default; one that is missing contradicts nothing."""
    return math.nan if parameter.input.default is None else float(parameter.input.default)


def _fitting(parameter: Parameter, value: float, whole: Callable[[float], int]) -> float | int:
    least = parameter.input.low if parameter.input.low is not None else -math.inf
    exact = max(float(f"{value:.12g}"), least)
    return whole(exact) if parameter.kind == "integer" else exact


def check_value(parameter: Parameter, value: Any) -> None:
    """Raise InvalidInput unless `value` is what the parameter declares."""
    match parameter.kind:
        case "word":
            if value not in parameter.words:
                raise InvalidInput(f"{parameter.name} is {value!r}; it is one of {', '.join(parameter.words)}")
        case "number" | "integer":
            if value is not None or parameter.required or parameter.input.default is not None:
                _check_number(parameter, value)
        case "samples" | "numbers":
            array = np.asarray(value, dtype=float)
            if array.ndim != 1 or array.size == 0:
                raise InvalidInput(f"{parameter.name} has shape {array.shape}; it takes a list of one number or more")
            _check_bounds(parameter, array)
        case "distribution":
            _check_distribution(parameter, value)
        case "text":
            if not isinstance(value, str):
                raise InvalidInput(f"{parameter.name} is {value!r}; it takes a text")
        case _:
            return


def _check_distribution(parameter: Parameter, value: Any) -> None:
    """A model reads the value itself, with `Distribution.of(value, unit)`; here it only has to be one."""
    declared = parameter.input
    try:
        given = Distribution.of(value, declared.unit)
    except InvalidInput as error:
        raise InvalidInput(f"{parameter.name}: {error}") from None
    if declared.low is not None and given.least < declared.low:
        raise InvalidInput(
            f"{parameter.name} can fall to {given.least:g}, below {declared.low:g}; "
            "shift it, or wrap it in abs(...) if only its size counts"
        )
    median = given.median
    if declared.high is not None and median > declared.high:
        raise InvalidInput(
            f"{parameter.name} has a median of {median:g}; "
            f"it takes a distribution with a median{_range_text(parameter)}"
        )


def _check_number(parameter: Parameter, value: Any) -> None:
    if isinstance(value, np.ndarray) and value.dtype.kind in "if":
        _check_bounds(parameter, value)
        return
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InvalidInput(f"{parameter.name} is {value!r}; it takes a number{_range_text(parameter)}")
    finite(value)
    whole = isinstance(value, (int, np.integer)) or (math.isfinite(value) and value == math.floor(value))
    if parameter.kind == "integer" and not whole:
        raise InvalidInput(f"{parameter.name} is {value!r}; it takes a whole number{_range_text(parameter)}")
    declared = parameter.input
    below = declared.low is not None and value < declared.low
    above = declared.high is not None and value > declared.high
    if below or above or not math.isfinite(value):
        raise InvalidInput(f"{parameter.name} is {value!r}; it takes a number{_range_text(parameter)}")


def _check_bounds(parameter: Parameter, array: np.ndarray) -> None:
    declared = parameter.input
    low, high = declared.low, declared.high
    if low is not None and high is not None and array.size and low <= array.min() and array.max() <= high:
        return  # the common case, in two passes; no comparison holds for what is not a number
    bad = ~np.isfinite(array)
    if declared.low is not None:
        bad |= array < declared.low
    if declared.high is not None:
        bad |= array > declared.high
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise InvalidInput(
            f"{parameter.name} holds {array.flat[at]:g} at position {at}; "
            f"each value is a number{_range_text(parameter)}"
        )


def _range_text(parameter: Parameter) -> str:
    low, high, unit = parameter.input.low, parameter.input.high, parameter.input.unit
    unit = "" if unit in ("", "share") else unit[1:] if unit.startswith("1/") else f" {unit}"
    if low is not None and high is not None:
        return f" from {bound_text(low)} to {bound_text(high)}{unit}"
    if low is not None:
        return f" of {bound_text(low)}{unit} or more"
    if high is not None:
        return f" of {bound_text(high)}{unit} or less"
    return unit


def as_numbers(values: Sequence[float]) -> Numbers:
    """A tuple of floats, as a Numbers input takes it."""
    return Numbers(tuple(float(value) for value in values))
