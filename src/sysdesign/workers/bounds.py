"""What a run in a page may take, and how to run the same without a bound."""

from __future__ import annotations

import shlex
from typing import Any

from sysdesign.errors import BudgetSpent, InvalidInput, SysdesignError, UnknownName
from sysdesign.plain import visible
from sysdesign.workers.frames import Request

SECONDS = 10.0  # that a run may take
COLD_SECONDS = 60.0  # and while kernels are still being compiled
MEGABYTES = 1000  # that it may take beyond what its process begins with
KINDS: tuple[type[SysdesignError], ...] = (UnknownName, BudgetSpent, InvalidInput, SysdesignError)
FAULT = "fault"  # the kind of error that is ours
IN_A_PAGE = "which is what a run in a page may take"
TOO_MUCH_MEMORY = f"took more than {MEGABYTES / 1000:g} GB of memory, {IN_A_PAGE}"


def without(request: Request) -> str:
    """How the same is run without a bound: the command line."""
    arguments = request.arguments
    if request.operation in ("run", "solve"):
        given = [f"{name}={_typed(value)}" for name, value in arguments["inputs"].items()]
        files = [f"{name}=FILE" for name in request.uploads]
        line = shlex.join(["sysdesign", "model", "run", arguments["name"], *given, *files, *_wanted(arguments)])
    elif request.operation == "decide":
        line = f"sysdesign decide {shlex.quote(arguments['name'])} --workload FILE"
    else:
        return "Ask again later."
    return f"Without that bound: {visible(line if len(line) < 1000 else line[:1000] + ' ...')}"


def _wanted(arguments: dict[str, Any]) -> list[str]:
    return ["--solve", arguments["solve"], "--for", arguments["for"]] if "solve" in arguments else []


def _typed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def why_ended(took_s: float, request: Request) -> str:
    """What a person is told of a run that ended without an answer."""
    if took_s >= request.seconds - 0.1:
        return f"the run was ended after {request.seconds:g} seconds, {IN_A_PAGE}. {without(request)}"
    return f"the run ended without an answer, most likely because it {TOO_MUCH_MEMORY}. {without(request)}"
