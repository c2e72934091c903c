"""Exploring: a protocol step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sysdesign.protocols import PROTOCOLS, protocol
from sysdesign.protocols.telling import Fault, Step


@dataclass(frozen=True)
class ExplorerLine:
    """An explorer as a list shows it; `faults` gives the words that each fault takes, the first shown first."""

    name: str
    title: str
    question: str
    faults: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Played:
    """The steps of one run, with the choice of every fault."""

    name: str
    title: str
    promise: str
    key: str  # what a sign in what parts hold means
    assumes: str
    given: dict[str, str]
    steps: tuple[Step, ...]


def list_explorers() -> tuple[ExplorerLine, ...]:
    """All explorers."""
    return tuple(
        ExplorerLine(each.name, each.title, each.question, {fault.name: _words(fault) for fault in each.faults})
        for each in PROTOCOLS.values()
    )


def _words(fault: Fault) -> tuple[str, ...]:
    return fault.default, *(word for word in fault.choices if word != fault.default)


def explore(name: str, given: Mapping[str, str]) -> Played:
    """The steps with these faults, the others as they are shown first. Raises UnknownName, InvalidInput."""
    found = protocol(name)
    steps = found.played(given)
    return Played(found.name, found.title, found.promise, found.key, found.assumes, {**found.defaults, **given}, steps)
