"""A formula in a file: an expression, or a list of cases with the plain one last.

downtime: 4 min
loss:
  - {when: consistency.reads == strong, is: 0 s}
  - {is: latency.between_regions}
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sysdesign.decide import expression
from sysdesign.decide.entry import Entry
from sysdesign.decide.node import Cases, Literal, Node
from sysdesign.units import Dimension


def formula(entry: Entry, key: str, derived: Mapping[str, Node], dimension: Dimension) -> Node:
    """The formula at `key`, of that dimension. Raises BadContent."""
    value = entry.value[key]
    if isinstance(value, list):
        return _cases(entry, key, derived, dimension)
    node = entry.told(key, partial(expression.number, value, derived))
    return _of_kind(entry, key, node, dimension)


def _of_kind(entry: Entry, key: str, node: Node, dimension: Dimension) -> Node:
    if isinstance(node, Literal) and node.value == 0:
        return Literal(0.0, dimension)
    if node.dimension != dimension:
        wanted, found = expression.kind_text(dimension), expression.kind_text(node.dimension)
        raise entry.wrong(f"{key} is {found}, where {wanted} is expected", "Mend the formula or its unit", key)
    return node


def _cases(entry: Entry, key: str, derived: Mapping[str, Node], dimension: Dimension) -> Node:
    found: list[tuple[Node | None, Node]] = []
    count = len(entry.value[key])
    for at in range(count):
        case = entry.inner(key, at)
        case.fields(("when", "is"), ("is",))
        if ("when" in case.value) == (at == count - 1):
            raise case.wrong("every case but the last has `when`", "Put the plain case last, without `when`")
        when = None
        if "when" in case.value:
            when = case.told("when", partial(expression.condition, case.value["when"], derived))
        value = case.told("is", partial(expression.number, case.value["is"], derived))
        found.append((when, _of_kind(case, "is", value, dimension)))
    return found[0][1] if len(found) == 1 else Cases(tuple(found))


def formula_text(value: object) -> str:
    """A formula as it was written, cases in one line."""
    if not isinstance(value, list):
        return " ".join(str(value).split())
    cases = [(str(case.get("when", "")), " ".join(str(case.get("is")).split())) for case in value]
    return "; ".join(f"{text} when {when}" if when else f"otherwise {text}" for when, text in cases)
