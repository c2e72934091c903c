"""Prices that a reader brings, since none are shipped.

machine: 300 USD/month            # a machine of the size in use
components: {managed_queue: 40 USD/month}      # for each one that an option counts
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sysdesign import units
from sysdesign.content.located import parse, read_text
from sysdesign.decide.effort import Component, Effort, Total
from sysdesign.decide.entry import Entry
from sysdesign.decide.framework import Consequence, Framework
from sysdesign.decide.node import Array, Node, Worlds
from sysdesign.errors import InvalidInput

MONEY_RATE = units.unit("USD/month")[1]


@dataclass(frozen=True, eq=False)
class Prices:
    """US dollars a second."""

    machine: float
    components: Mapping[str, float]
    digest: str  # SHA-256 of the file

    def cost(self, component: Component, count: Array, worlds: Worlds) -> Array:
        """Of so many: at the component's own price, or as the machines that it takes."""
        if component.id in self.components:
            return count * self.components[component.id]
        return component.effort("machines", count, worlds) * self.machine


@dataclass(frozen=True, eq=False)
class Cost(Node):
    """What so many of a component cost, in US dollars a second."""

    prices: Prices
    component: Component
    count: Node

    @property
    def dimension(self) -> units.Dimension:
        return MONEY_RATE

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.count, *(each.when for each in self.component.reduced))

    def _number(self, worlds: Worlds) -> Array:
        return self.prices.cost(self.component, self.count.number(worlds), worlds)


@dataclass(frozen=True, eq=False)
class MachineCost(Node):
    """What machines cost that an outcome counts, less those of components that have a price of their own."""

    price: float
    machines: Node
    priced: tuple[Effort, ...]  # machines of those components

    @property
    def dimension(self) -> units.Dimension:
        return MONEY_RATE

    @property
    def parts(self) -> tuple[Node, ...]:
        return (self.machines, *self.priced)

    def _number(self, worlds: Worlds) -> Array:
        left = self.machines.number(worlds) - Total(self.priced).number(worlds)
        return np.maximum(left, 0.0) * self.price


def priced(framework: Framework, prices: Prices) -> tuple[Consequence, ...]:
    """What a framework compares where machines have a price: the cost stands for the rows that count them."""
    paid = [rule for rule in framework.consequences if rule.outcome.machines]
    components = framework.efforts.components
    if not paid:
        cost = framework.by_components("cost", lambda name, count: Cost(prices, components[name], count))
        return (*framework.weighed, cost)
    values = {name: _cost_of(framework, prices, name, paid[0].values.get(name)) for name in framework.options}
    cost = replace(paid[0], outcome=framework.efforts_weighed["cost"], values=values, texts={})
    return (*(rule for rule in framework.weighed if not rule.outcome.machines), cost)


def _cost_of(framework: Framework, prices: Prices, option: str, machines: Node | None) -> Node:
    """Components at their own prices, and the machines that the option is said to pay for."""
    known, counts = framework.efforts.components, framework.options[option].components
    own = {name: count for name, count in counts.items() if name in prices.components}
    costs = tuple(Cost(prices, known[name], count) for name, count in own.items())
    if machines is None:
        return Total(costs)
    taken = tuple(Effort(known[name], "machines", count) for name, count in own.items())
    return Total((*costs, MachineCost(prices.machine, machines, taken)))


def read_prices(path: Path) -> Prices:
    """Read a file of prices. Raises BadContent."""
    text = read_text(path, str(path))
    root = Entry(parse(text, str(path)), ())
    root.fields(("machine", "components"), ("machine",))
    own = root.inner("components") if "components" in root.value else None
    components = {str(key): own.told(key, partial(_price, own.value[key])) for key in own.value} if own else {}
    machine = root.told("machine", lambda: _price(root.value["machine"]))
    return Prices(machine, components, hashlib.sha256(text.encode()).hexdigest())


def _price(value: Any) -> float:
    found, dimension, _ = units.parse(str(value))
    if dimension != MONEY_RATE:
        raise InvalidInput(f"{value!r} is no price for a time. Write one as in 300 USD/month")
    return found
