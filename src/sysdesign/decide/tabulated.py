"""Models over many worlds: called on arrays where they take them, else read off a lattice.

A model that works on one point at a time, or slowly, is computed at the nodes of a
lattice over its inputs and interpolated between them (linear in each input's
logarithm where it is above 0). Nodes are kept for the life of the process, so a
decision computes only those around its own worlds. With the default step of a
tenth, curves of the models listed differ from their tables by less than 1%.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sysdesign.decide.node import flat
from sysdesign.errors import InvalidInput, SysdesignError, Unstable
from sysdesign.models.declaration import Parameter, adapted

Array = np.ndarray
Words = tuple[tuple[str, str], ...]
STEP = math.log(1.1)  # between nodes, for inputs above 0
LINEAR_STEP = 0.05  # for inputs that may be 0
STEPS: dict[str, dict[str, float]] = {
    "caching.hit_ratio": {
        "capacity_keys": math.log(1.3),
        "catalog_keys": math.log(10),
        "requests_per_s": math.log(100),
    },
    "queueing.mmc": {"arrivals_per_s": math.log(1.05), "services_per_s": math.log(1.05)},  # steep near its limit
}  # of models that take arrays too slowly; each input's own step where the curve is smooth
SLOW = frozenset({"caching.hit_ratio", "hashing.hot_keys", "queueing.mmc", "graphql.depth_limit"})
SIMULATED = ("seed", "trials", "requests")  # inputs that only a simulation has
# What stands for a refused point: without end where the model has no steady state; else none, where inputs exclude each
# other, as more failed servers than there are.
REFUSED = {True: math.inf, False: math.nan}
MOST_NODES = 200_000  # that a table holds as one block of an array
_TABLES: dict[tuple[Any, ...], _Table] = {}


def elementwise(
    name: str,
    function: Callable[..., Any],
    result: str,
    words: Words,
    declared: Mapping[str, Parameter],
    names: tuple[str, ...],
) -> tuple[Callable[[Mapping[str, Array]], Array], Callable[[Mapping[str, Array]], Any]]:
    """The model as a function of arrays of one length: for the one result, and for all at once.

    The second gives None where it refuses an input, has but one result or takes no arrays: then the first
    answers. Raises InvalidInput for a simulation.
    """
    if any(key in declared for key in SIMULATED):
        raise InvalidInput(f"{name} is a simulation, too slow for many worlds at once. Use a closed-form model")

    def at(inputs: Mapping[str, Any]) -> Any:
        outcome = function(**inputs, **dict(words))
        return getattr(outcome, result) if result else outcome

    inner = inspect.unwrap(function)
    bounded = any(each.input.most is not None for each in declared.values())

    def whole(inputs: Mapping[str, Array]) -> Any:
        try:  # without the check of ranges: a call holds its inputs to them
            given: dict[str, Any] = {**inputs, **dict(words)}
            return inner(**given, **(adapted(declared, given) if bounded else {})) if result else None
        except SysdesignError:
            return None

    if name in SLOW or not _takes_arrays(at, declared, names):
        return lambda inputs: _interpolated((name, result, words), at, declared, inputs), lambda inputs: None
    if _takes_shapes(at, declared, names):
        return lambda inputs: _over_arrays(at, inputs), whole
    return lambda inputs: _over_arrays(at, inputs), lambda inputs: whole(flat(inputs))


def _over_arrays(at: Callable[[Mapping[str, Any]], Any], inputs: Mapping[str, Array]) -> Array:
    """All at once; without those that the model tells it refuses; where it refuses and tells none, each alone."""
    try:
        return np.asarray(at(inputs), dtype=float)
    except SysdesignError as error:
        refused = getattr(error, "where", None)
        if isinstance(refused, np.ndarray) and refused.shape == next(iter(inputs.values())).shape:
            return _others_alone(at, inputs, refused, REFUSED[isinstance(error, Unstable)])
        columns = zip(*(values.tolist() for values in inputs.values()), strict=True)
        return np.array([_one(at, dict(zip(inputs, point, strict=True))) for point in columns])


def _others_alone(
    at: Callable[[Mapping[str, Any]], Any], inputs: Mapping[str, Array], refused: Array, value: float
) -> Array:
    found = np.full(refused.shape, value)
    if not refused.all():
        found[~refused] = _over_arrays(at, {name: values[~refused] for name, values in inputs.items()})
    return found


def _takes_arrays(
    at: Callable[[Mapping[str, Any]], Any], declared: Mapping[str, Parameter], names: tuple[str, ...]
) -> bool:
    try:
        with np.errstate(all="ignore"):
            value = at({name: np.full(2, _typical(declared[name])) for name in names})
    except Exception:  # a scalar model complains in whatever way its first line does
        return False
    return np.shape(value) == (2,)


def _takes_shapes(
    at: Callable[[Mapping[str, Any]], Any], declared: Mapping[str, Parameter], names: tuple[str, ...]
) -> bool:
    """Whether inputs may differ in shape, as worlds and settings do, with the same result as arrays of one length."""
    inputs = {
        name: np.full((2, 1) if place % 2 else (3,), _typical(declared[name])) for place, name in enumerate(names)
    }
    try:
        with np.errstate(all="ignore"):
            apart, together = at(inputs), at(flat(inputs))
            apart = np.broadcast_to(apart, np.broadcast_shapes(*(value.shape for value in inputs.values())))
    except Exception:  # as above
        return False
    return np.array_equal(np.ravel(apart), together, equal_nan=True)


def _typical(parameter: Parameter) -> float:
    if isinstance(parameter.input.default, (int, float)):
        return float(parameter.input.default)
    return float(parameter.input.low if parameter.input.low is not None else 1.0)


def _interpolated(
    key: tuple[Any, ...],
    at_point: Callable[[Mapping[str, Any]], Any],
    declared: Mapping[str, Parameter],
    inputs: Mapping[str, Array],
) -> Array:
    """The weighted sum over the corners of each world's cell."""
    steps = STEPS.get(key[0], {})
    axes = [_Axis(name, declared[name], steps.get(name)) for name in inputs]
    places = [axis.places(values) for axis, values in zip(axes, inputs.values(), strict=True)]
    sides_of = [
        (0, 1) if share.any() else (0,) for _, share in places
    ]  # one where all stand on nodes, as whole numbers
    corners = list(itertools.product(*sides_of))
    weights = np.ones((len(corners), len(places[0][0])))
    nodes = np.empty((*weights.shape, len(axes)), dtype=np.int64)
    for at, (node, share) in enumerate(places):
        sides = np.array([corner[at] for corner in corners])[:, None]
        weights *= np.where(sides, share, 1 - share)
        nodes[:, :, at] = node + sides
    used = weights > 0
    found = np.zeros(weights.shape)
    found[used] = _table(key, at_point, axes).at(nodes[used])
    return np.sum(np.where(used, weights * found, 0.0), axis=0)


class _Table:
    """The nodes of one lattice that were computed so far."""

    def __init__(self, at_point: Callable[[Mapping[str, Any]], Any], axes: list[_Axis]) -> None:
        self.at_point, self.axes = at_point, axes
        self.found: dict[tuple[int, ...], float] = {}
        self.low = np.zeros(len(axes), dtype=np.int64)
        self.block = np.zeros((0,) * len(axes))  # nodes from `low` on; NaN where not computed

    def at(self, nodes: Array) -> Array:
        """Values at rows of nodes."""
        if not len(nodes):
            return np.zeros(0)
        if not self._holds(nodes.min(axis=0), nodes.max(axis=0)):
            return self._one_by_one(nodes)
        places = tuple((nodes - self.low).T)
        found = self.block[places]
        missing = np.isnan(found)
        if missing.any():
            found[missing] = self._one_by_one(nodes[missing])
            self.block[places] = found
        return found

    def _holds(self, low: Array, high: Array) -> bool:
        """Whether the block spans these nodes, once it has grown to them where it may."""
        if self.block.size:
            low, high = np.minimum(low, self.low), np.maximum(high, self.low + self.block.shape - 1)
        shape = tuple((high - low + 1).tolist())
        if math.prod(shape) > MOST_NODES:
            return False
        if shape != self.block.shape:
            grown = np.full(shape, np.nan)
            before = self.low - low
            if self.block.size:
                inside = (slice(at, at + size) for at, size in zip(before.tolist(), self.block.shape, strict=True))
                grown[tuple(inside)] = self.block
            self.low, self.block = low, grown
        return True

    def _one_by_one(self, nodes: Array) -> Array:
        """Each node that occurs is looked up once."""
        _, first, where = np.unique(_codes(nodes), return_index=True, return_inverse=True)
        found = np.array([self._node(node) for node in map(tuple, nodes[first].tolist())])
        return found[where]

    def _node(self, node: tuple[int, ...]) -> float:
        if node not in self.found:
            values = {axis.name: axis.value(step) for axis, step in zip(self.axes, node, strict=True)}
            self.found[node] = _one(self.at_point, values)
        return self.found[node]


def _table(key: tuple[Any, ...], at_point: Callable[[Mapping[str, Any]], Any], axes: list[_Axis]) -> _Table:
    """The same for calls of the same model, result, words and inputs."""
    place = *key, tuple(axis.name for axis in axes)
    if place not in _TABLES:
        _TABLES[place] = _Table(at_point, axes)
    return _TABLES[place]


def _codes(nodes: Array) -> Array:
    """One whole number for each row, alike where rows are."""
    codes = np.zeros(len(nodes), dtype=np.int64)
    for column in nodes.T:
        codes = codes * (np.ptp(column) + 1) + (column - column.min()) if len(column) else codes
    return codes


def _one(at: Callable[[Mapping[str, Any]], Any], values: Mapping[str, Any]) -> float:
    try:
        return float(at(values))
    except SysdesignError as error:
        return REFUSED[isinstance(error, Unstable)]


class _Axis:
    """Nodes of one input: by factors where it is above 0, evenly where it may be 0; whole numbers as they are."""

    def __init__(self, name: str, parameter: Parameter, step: float | None) -> None:
        self.name, self.whole = name, parameter.kind == "integer"
        self.low = float(parameter.input.low if parameter.input.low is not None else 0.0)
        self.high = float(parameter.input.high if parameter.input.high is not None else math.inf)
        self.log = self.low > 0 and not self.whole
        self.step = step or (1.0 if self.whole else STEP if self.log else LINEAR_STEP)

    def places(self, values: Array) -> tuple[Array, Array]:
        """The node below each value, and how far each is on the way to the next one."""
        exact = (np.log(values) if self.log else values) / self.step
        near = np.rint(exact)
        exact = np.where(np.abs(exact - near) < 1e-9, near, exact)
        node = np.floor(exact)
        return node, exact - node

    def value(self, node: int) -> float | int:
        value = math.exp(node * self.step) if self.log else node * self.step
        held = min(max(value, self.low), self.high)
        return round(held) if self.whole else held
