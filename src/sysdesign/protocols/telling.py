"""How a protocol is told step by step: what a reader may break, and what each step shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from sysdesign.errors import InvalidInput, UnknownName, nearest


@dataclass(frozen=True)
class Fault:
    """Something that the reader chooses; each choice is a short word and what it means."""

    name: str
    label: str
    choices: Mapping[str, str]
    default: str


@dataclass(frozen=True)
class Part:
    """A machine or a program at one step: what it is, and what it holds."""

    name: str
    role: str = ""
    holds: str = ""
    mood: str = ""  # "", good, bad or away: a color beside the words, never instead of them


@dataclass(frozen=True)
class Message:
    """A message that is on its way in this step."""

    sender: str
    receiver: str
    text: str
    arrives: bool = True


@dataclass(frozen=True)
class Step:
    """One step; `course` has a value for each of the protocol's curves."""

    at_s: float
    says: str
    parts: tuple[Part, ...] = ()
    messages: tuple[Message, ...] = ()
    counts: tuple[tuple[str, str], ...] = ()
    broken: str = ""  # how the promise is broken; empty while it holds
    course: tuple[float, ...] = ()


@dataclass(frozen=True)
class Curve:
    """A rate or a count that is drawn over time."""

    label: str
    unit: str


@dataclass(frozen=True)
class Protocol:
    """Something that moves. `play` gives the steps for a choice of every fault, always the same for the same choice."""

    name: str
    title: str
    question: str
    section: str  # the address of the section that tells it
    promise: str  # what should hold at each step
    assumes: str
    faults: tuple[Fault, ...]
    play: Callable[[Mapping[str, str]], tuple[Step, ...]]
    curves: tuple[Curve, ...] = ()
    key: str = ""  # what a sign in what parts hold means

    @property
    def defaults(self) -> dict[str, str]:
        """The choice that is shown first."""
        return {fault.name: fault.default for fault in self.faults}

    def choices(self) -> Iterator[dict[str, str]]:
        """Every combination of choices."""
        for words in product(*(fault.choices for fault in self.faults)):
            yield dict(zip((fault.name for fault in self.faults), words, strict=True))

    def played(self, given: Mapping[str, str]) -> tuple[Step, ...]:
        """The steps with these choices, the others as they are first shown.

        Raises UnknownName for a fault that it does not have, InvalidInput for a word that is no choice.
        """
        known = {fault.name: fault for fault in self.faults}
        for name, word in given.items():
            if name not in known:
                raise UnknownName(f"{self.name} has no fault {name!r}. {nearest(name, known, 'faults')}")
            if word not in known[name].choices:
                words = nearest(word, known[name].choices, "choices")
                raise InvalidInput(f"{name} of {self.name} cannot be {word!r}. {words}")
        return self.play({**self.defaults, **given})


def paced(end_s: float, step_s: float, per_s: float) -> Iterator[tuple[float, range]]:
    """The time of each step, and the numbers of the requests that have come since the one before, evenly from 0 on."""
    first = 0
    for tick in range(round(end_s / step_s) + 1):
        now = tick * step_s
        beyond = math.floor(now * per_s + 1e-9) + 1
        yield now, range(first, beyond)
        first = beyond
