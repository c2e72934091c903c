"""Small histories as people type them: `A w x=1; B r x=nothing`, and back.

A step names its process, r or w, the key and the value. Steps follow one another; two overlap where
their times are given, as in `A w x=1 @0-3; B r x=1 @1-2`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from sysdesign.errors import InvalidInput
from sysdesign.models.consistency.history import Operation, ordered

MOST_STEPS = 40
HOW = "write A w x=1; B r x=1; B r x=nothing, with times where steps overlap: A w x=1 @0-3; B r x=1 @1-2"
NOTHING = ("nothing", "nil", "null", "-")
STEP = re.compile(
    r"(?P<process>\w{1,20}):?\s+(?P<kind>r|w|read|write)\s+(?P<key>\w{1,20})\s*=\s*(?P<value>[\w.+-]{1,20})"
    r"(?:\s*@\s*(?P<start>\d{1,6})\s*-\s*(?P<end>\d{1,6}|\?))?"
)


def history_of(text: str) -> tuple[Operation, ...]:
    """The operations of a text. Raises InvalidInput naming the step that cannot be read."""
    parts = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
    if not parts:
        raise InvalidInput(f"the notation holds no step; {HOW}")
    if len(parts) > MOST_STEPS:
        raise InvalidInput(f"the notation holds {len(parts)} steps; give at most {MOST_STEPS}, or a file to check")
    found: list[Operation] = []
    for part in parts:
        step = STEP.fullmatch(part)
        if step is None:
            raise InvalidInput(f"{part[:40]!r} is no step of a history; {HOW}")
        found.append(_operation(step, found))
    operations = tuple(ordered(found))
    _check_values(operations)
    return operations


def text_of(operations: Sequence[Operation]) -> str:
    """The shortest text that `history_of` reads as these operations, times given only where some overlap, as places."""
    in_turn = all(one.returned < two.invoked for one, two in itertools.pairwise(operations))
    moments = {each.invoked for each in operations} | {each.returned for each in operations if not each.open}
    place = {moment: at for at, moment in enumerate(sorted(moments))}
    parts = []
    for each in operations:
        value = "nothing" if each.value is None else each.value
        times = "" if in_turn else f" @{place[each.invoked]}-{place.get(each.returned, '?')}"
        parts.append(f"{each.process} {each.kind[0]} {each.key}={value}{times}")
    return "; ".join(parts)


def _operation(step: re.Match[str], before: Sequence[Operation]) -> Operation:
    latest = max((each.invoked if each.open else each.returned for each in before), default=-1)
    start = latest + 1 if step["start"] is None else float(step["start"])
    end = start + 1 if step["end"] is None else float("inf") if step["end"] == "?" else float(step["end"])
    kind = "read" if step["kind"][0] == "r" else "write"
    return Operation(step["process"], kind, step["key"], _value(step["value"]), start, end)  # type: ignore[arg-type]


def _value(text: str) -> Any:
    if text.lower() in NOTHING:
        return None
    return int(text) if re.fullmatch(r"-?\d{1,18}", text) else text


def _check_values(operations: Sequence[Operation]) -> None:
    written = {(each.key, each.value) for each in operations if each.kind == "write"}
    for each in operations:
        if each.kind == "write" and each.value is None:
            raise InvalidInput(f"{each.text} writes nothing; give what is written a value")
        if each.kind == "read" and each.value is not None and (each.key, each.value) not in written:
            raise InvalidInput(f"{each.text}, which nobody writes; no level allows that. Add its write")
