"""The frame: each input is tried in a process of its own kind, under a ceiling of time and memory.

A kind's inputs share one process until one of them ends it; the next goes on with the input after.
So an input that hangs, crashes or eats memory costs itself alone, and is told by its label.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import resource
import select
import signal
import struct
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

MODULES = ("texts", "readers", "requests", "markup", "content", "edits")
PATIENT = 6  # times as long beside other tests
FEW = 4  # inputs of a kind that `make test` tries
SHOWN = 160  # characters of what an input did


@dataclass(frozen=True)
class Kind:
    """Inputs of one kind, and what bearing one means.

    `attempt` takes an input and returns when it is borne: an answer, or an error that says what
    would work. It raises, or ends its process, where the input is not borne. `inputs` gives pairs of
    a label and an input, the same ones at each call.
    """

    name: str
    inputs: Callable[[], Iterable[tuple[str, Any]]]
    attempt: Callable[[Any], object]
    seconds: float = 10.0  # for one input; many times what it takes, so that a busy machine changes nothing
    megabytes: int = 2000  # that the process may have beyond what it begins with
    few: int = FEW
    at_once: int = 1  # inputs tried beside each other, where they wait more than they work


@dataclass
class Outcome:
    """How many inputs were tried and survived, and a line on each that was not."""

    tried: int = 0
    fallen: list[str] = field(default_factory=list)

    @property
    def survived(self) -> int:
        return self.tried - len(self.fallen)


def kinds_of(module: str) -> Iterator[Kind]:
    """The kinds of one module of this folder; what it started for them ends with the iteration."""
    found: Generator[Kind, None, None] = importlib.import_module(f"abuse.{module}").kinds()
    with closing(found):
        yield from found


def outcome(kind: Kind, *, few: bool = False) -> Outcome:
    """Try the inputs of a kind, or a few spread evenly over them."""
    inputs = list(kind.inputs())
    if few:  # beside other tests on all cores, so that an answer may take longer
        inputs = inputs[:: max(1, len(inputs) // kind.few)][: kind.few]
        kind = replace(kind, seconds=PATIENT * kind.seconds)
    found = Outcome(len(inputs))
    start = 0
    while start < len(inputs):
        start = _from(kind, inputs, start, found)
    return found


def _from(kind: Kind, inputs: Sequence[tuple[str, Any]], start: int, found: Outcome) -> int:
    """Try inputs in one process until one ends it; the place of the next input to try."""
    receiving, sending = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(receiving)
        _attempts(kind, inputs[start:], sending)
    os.close(sending)
    at, ended = start, ""
    try:
        while at < len(inputs):
            told = _told(receiving, kind.seconds)
            if told is None:
                ended = f"no answer after {kind.seconds:g} s"
                break
            if told == "end":
                break
            if told:
                found.fallen.append(f"{inputs[at][0]}: {told}")
            at += 1
    finally:
        os.close(receiving)
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
    if at == len(inputs):
        return at
    found.fallen.append(f"{inputs[at][0]}: {ended or f'the process ended with {os.waitstatus_to_exitcode(status)}'}")
    return at + 1


def _told(pipe: int, seconds: float) -> str | None:
    """What the process tells of one input ("" where it survived), "end" when it is gone, None when time is up."""
    ready, _, _ = select.select([pipe], [], [], seconds)
    if not ready:
        return None
    head = os.read(pipe, 2)
    return os.read(pipe, struct.unpack("H", head)[0]).decode(errors="replace")[1:] if len(head) == 2 else "end"


def _attempts(kind: Kind, inputs: Iterable[tuple[str, Any]], pipe: int) -> None:
    """In the process: each input in turn, a line to the pipe after each."""
    faulthandler.disable()  # a crash is told by how the process ended
    try:
        _limit_memory(kind.megabytes)
        tried = map if kind.at_once == 1 else ThreadPoolExecutor(kind.at_once).map
        for told in tried(partial(_borne, kind), [given for _, given in inputs]):
            data = ("+" + told).encode(errors="backslashreplace")
            os.write(pipe, struct.pack("H", len(data)) + data)
    finally:
        os._exit(0)


def _borne(kind: Kind, given: Any) -> str:
    """What went wrong with an input, or "" where it survived."""
    try:
        kind.attempt(given)
    except BaseException as error:  # whatever it is, it is told
        return f"{type(error).__name__}: {error}"[:SHOWN]
    return ""


def _limit_memory(megabytes: int) -> None:
    """Bound the process to what it has and so much more, where the system counts it (Linux)."""
    try:
        with open("/proc/self/status") as lines:
            held = next(int(line.split()[1]) for line in lines if line.startswith("VmData")) * 1024
    except OSError:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (held + megabytes * 1_000_000,) * 2)
