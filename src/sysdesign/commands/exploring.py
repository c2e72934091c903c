"""Explore: a protocol step by step."""

from __future__ import annotations

from typing import Annotated

import typer

from sysdesign.commands.console import AsJson, out, print_json, say, table
from sysdesign.errors import InvalidInput


def add_to(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(explore)


def explore(
    name: Annotated[str | None, typer.Argument(help="An explorer; without a name they are listed.")] = None,
    given: Annotated[
        list[str] | None, typer.Argument(metavar="[FAULT=WORD]...", help="What fails: cut=leader replica_c=slow.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a protocol step by step, with faults of your choice."""
    from sysdesign.operations import exploring

    if name is None:
        _list(as_json)
        return
    found = exploring.explore(name, dict(map(_pair, given or [])))
    if as_json:
        print_json(found)
        return
    say("\n".join(filter(None, (found.title, f"Promise: {found.promise}", found.key))) + "\n")
    for step in found.steps:
        if step.says or step.broken:
            broken = f"\n{'':>11}Broken: {step.broken}." if step.broken else ""
            say(f"{step.at_s:>8.2f} s  {step.says}{broken}")
    count = sum(bool(step.broken) for step in found.steps)
    say(f"\nThe promise {f'is broken in {count} of {len(found.steps)} steps' if count else 'holds at every step'}.")
    say(f"It assumes: {found.assumes}")
    say("Chosen: " + " ".join(f"{fault}={word}" for fault, word in found.given.items()))


def _pair(text: str) -> tuple[str, str]:
    name, equals, word = text.partition("=")
    if not equals:
        raise InvalidInput(f"{text[:80]!r} is no choice. Give fault=word, such as cut=leader")
    return name, word


def _list(as_json: bool) -> None:
    from sysdesign.operations import exploring

    lines = exploring.list_explorers()
    if as_json:
        print_json(lines)
        return
    shown = table("explorer", "what it answers", "faults")
    for line in lines:
        faults = "\n".join(f"{fault}={'|'.join(words)}" for fault, words in line.faults.items())
        shown.add_row(line.name, line.question, faults)
    out().print(shown)
