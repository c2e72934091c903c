"""Prices that a reader brings, since none are shipped.

machine: 300 USD/month            # a machine of the size in use
components: {managed_queue: 40 USD/month}      # for each one that an option counts
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sysdesign import units
from sysdesign.content.located import parse, read_text
from sysdesign.decide.effort import Component
from sysdesign.decide.entry import Entry
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

    def number(self, worlds: Worlds) -> Array:
        return worlds.kept(self, self._number)

    def _number(self, worlds: Worlds) -> Array:
        return self.prices.cost(self.component, self.count.number(worlds), worlds)


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
