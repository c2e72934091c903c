"""What a worker does: one operation after another, each under a bound of time that the kernel keeps."""

from __future__ import annotations

import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sysdesign.content import Reference
from sysdesign.errors import BudgetSpent, SysdesignError
from sysdesign.operations import deciding, describing, modeling
from sysdesign.plain import json_text, visible
from sysdesign.workers.bounds import FAULT, KINDS, MEGABYTES, TOO_MUCH_MEMORY, without
from sysdesign.workers.frames import Answer, Request, packed_answer, received_request

MEGABYTES_KEPT = 300  # a worker that has grown by more makes room for another
MOST_ANSWER = 16_000_000  # bytes


def _run(reference: Reference, request: Request) -> Any:
    name, given = request.arguments["name"], request.arguments["inputs"]
    if not request.uploads:  # how long a file takes nobody knows before it is read
        _refuse_heavy(request)
    return modeling.panel(reference, name, given, chart=request.arguments["chart"], uploads=request.uploads)


def _solve(reference: Reference, request: Request) -> Any:
    asked = request.arguments
    name, given, unknown = asked["name"], asked["inputs"], asked["solve"]
    if not request.uploads:
        _refuse_heavy(request, unknown)
    return modeling.solve_model(name, given, unknown, asked["for"], uploads=request.uploads)


def _refuse_heavy(request: Request, unknown: str = "") -> None:
    name, given = request.arguments["name"], request.arguments["inputs"]
    try:
        modeling.refuse_heavy(name, given, seconds=request.seconds, unknown=unknown)
    except BudgetSpent as error:
        raise BudgetSpent(f"{error}. {without(request)}") from None


def _decide(reference: Reference, request: Request) -> Any:
    return deciding.decide(reference, request.arguments["name"], request.arguments["workload"])


OPERATIONS: dict[str, Callable[[Reference, Request], Any]] = {
    "run": _run,
    "solve": _solve,
    "decide": _decide,
    "description": lambda reference, request: describing.description(),
    "models": lambda reference, request: modeling.list_models(),
    "model": lambda reference, request: modeling.describe_model(request.arguments["name"]),
    "decisions": lambda reference, request: deciding.list_decisions(reference),
    "decision": lambda reference, request: deciding.describe_decision(reference, request.arguments["name"]),
}


def work(connection: socket.socket, reference: Reference) -> None:
    """Answer requests until the service leaves."""
    held = limit_memory(MEGABYTES)
    while (request := received_request(connection)) is not None:
        with _ended_after(request.seconds):
            answer = performed(reference, request, held)
        connection.sendall(packed_answer(answer))


def performed(reference: Reference, request: Request, held: int = 0) -> Answer:
    """The answer to one request; what goes wrong is an answer too."""
    try:
        body = json_text(OPERATIONS[request.operation](reference, request)).encode(errors="backslashreplace")
        if len(body) > MOST_ANSWER:
            raise BudgetSpent(f"the answer holds {len(body) / 1e6:.0f} MB, more than a page takes. {without(request)}")
        return Answer("", body, retire=_grown(held))
    except MemoryError:
        return _failed(BudgetSpent(f"the run {TOO_MUCH_MEMORY}. {without(request)}"), retire=True)
    except SysdesignError as error:
        return _failed(error, retire=_grown(held))
    except Exception:
        print(visible(traceback.format_exc()), file=sys.stderr, end="", flush=True)
        return Answer(FAULT, b"this is a fault of the service; what it printed says where", retire=True)


def _failed(error: SysdesignError, *, retire: bool) -> Answer:
    kind = next(kind for kind in KINDS if isinstance(error, kind))
    return Answer(kind.__name__, str(error).encode(errors="backslashreplace"), retire)


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """The kernel ends this process when time is up, whatever holds the interpreter."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def limit_memory(megabytes: int) -> int:
    """Bound this process to so much more than it has, where the system tells (Linux); gives what it has, in bytes."""
    held = _held()
    if held:
        resource.setrlimit(resource.RLIMIT_DATA, (held + megabytes * 1_000_000,) * 2)
    return held


def _held() -> int:
    """Private memory of this process in bytes, 0 where the system does not tell."""
    try:
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))
    except (OSError, StopIteration):
        return 0


def _grown(held: int) -> bool:
    return bool(held) and _held() - held > MEGABYTES_KEPT * 1_000_000
