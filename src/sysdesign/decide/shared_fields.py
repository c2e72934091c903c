"""Which facts of a workload are inputs of a model: those that decisions hand it as they are."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sysdesign.decide.framework import Framework
from sysdesign.decide.node import ModelCall, Node, NumberName


def fields_of_models(frameworks: Iterable[Framework]) -> dict[str, dict[str, str]]:
    """By model and input, the field that more than half of the formulas give it which give it anything."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for framework in frameworks:
        seen: set[int] = set()
        for call in _calls([*framework.nodes, *framework.derived.values()], seen):
            for argument in call.arguments:
                found[call.name, argument.name][_field(argument.node)] += 1
    shared: dict[str, dict[str, str]] = defaultdict(dict)
    for (model, name), counts in sorted(found.items()):
        field, times = counts.most_common(1)[0]
        if field and 2 * times > counts.total():
            shared[model][name] = field
    return dict(shared)


def _field(node: Node) -> str:
    """The field that an argument is; "" for what is computed."""
    return node.name if isinstance(node, NumberName) else ""


def _calls(value: Any, seen: set[int]) -> Iterator[ModelCall]:
    """Every call of a model in formulas, each node once."""
    if isinstance(value, Node):
        if id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, ModelCall):
            yield value
    if isinstance(value, dict):
        value = value.values()
    elif dataclasses.is_dataclass(value):
        value = [getattr(value, each.name) for each in dataclasses.fields(value)]
    elif not isinstance(value, (list, tuple)):
        return
    for each in value:
        yield from _calls(each, seen)
