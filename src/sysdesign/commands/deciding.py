"""Decisions: from a workload in numbers to a choice and its reasons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sysdesign.commands.console import AsJson, Root, out, print_json, say, table, today
from sysdesign.errors import BadContent, InvalidInput

if TYPE_CHECKING:
    from sysdesign.decide import Workload

WorkloadFile = Annotated[
    Path | None, typer.Option("--workload", "-w", help="A YAML or JSON file that describes the workload.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(decide)
    app.command()(recheck)
    workload = typer.Typer(help="The vocabulary in which workloads are described.", no_args_is_help=True)
    workload.command("fields")(fields)
    workload.command("schema")(schema)
    app.add_typer(workload, name="workload")


def decide(
    name: Annotated[str | None, typer.Argument(help="A decision; without it, all are listed.")] = None,
    workload: WorkloadFile = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help="One fact, over the file's: traffic.writes_per_s=40000. May repeat."),
    ] = None,
    as_json: AsJson = False,
    record: Annotated[
        Path | None, typer.Option("--record", help="Write a decision record (MADR) to this file.")
    ] = None,
    reference: Root = None,
) -> None:
    """Decide for a workload: the choice, what ruled out the others, what would flip it."""
    from sysdesign import decide as decisions
    from sysdesign.content import default_root

    if name is None:
        _list(as_json, reference)
        return
    chosen = decisions.framework(reference or default_root(), name)
    answer = decisions.decide(chosen, _workload(workload, given or []))
    if record is not None:
        _write(record, decisions.record(answer, today()))
    if as_json:
        print_json(answer.as_json())
        return
    say(decisions.prose(answer), end="")
    if record is not None:
        say(f"\nRecord: {record}")


def _write(path: Path, text: str) -> None:
    from sysdesign.content.tidy import write_atomically

    try:
        write_atomically(path.resolve(), text.encode())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}; name a file in a folder that exists") from None


def _list(as_json: bool, reference: Path | None) -> None:
    from sysdesign.content import load
    from sysdesign.operations import deciding

    lines = deciding.list_decisions(load(reference))
    if as_json:
        print_json(lines)
        return
    shown = table("decision", "question", "document")
    for line in lines:
        shown.add_row(line.name, line.question, line.document)
    out().print(shown)


def _workload(path: Path | None, given: list[str]) -> Workload:
    """The file's facts with those given on the command line over them."""
    from sysdesign.decide import load_workload, workload_of
    from sysdesign.operations import reading

    if path is not None and not path.is_file():
        raise InvalidInput(f"there is no file {str(path)!r}")
    if not given:
        return load_workload(path) if path is not None else workload_of({})
    if path is not None:
        load_workload(path)  # its own errors first, at their own lines
    facts: dict[str, Any] = (reading.read_yaml(path) or {}) if path is not None else {}
    for each in given:
        key, equals, value = each.partition("=")
        group, dot, field = key.partition(".")
        if not (equals and dot and field):
            raise InvalidInput(f"--set {each!r}: write it as group.field=value, as in traffic.writes_per_s=40000")
        facts.setdefault(group, {})[field] = _plain(value)
    try:
        return workload_of(facts, str(path) if path else "--set")
    except BadContent as error:  # the file was read before: what is wrong was given on the command line
        raise InvalidInput(f"--set: {error.found}. {error.fix}") from None


def _plain(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def recheck(
    record: Annotated[Path, typer.Argument(help="A record that `decide --record` wrote.")],
    workload: WorkloadFile = None,
    as_json: AsJson = False,
    reference: Root = None,
) -> None:
    """Say whether a recorded decision still holds, and what changed. Exits 1 when it does not."""
    from sysdesign import decide as decisions
    from sysdesign.content import default_root
    from sysdesign.content.located import read_text

    if not record.is_file():
        raise InvalidInput(f"{record} cannot be read: there is no such file")
    text = read_text(record, str(record))
    new = decisions.load_workload(workload) if workload is not None else None
    found = decisions.recheck(text, decisions.frameworks(reference or default_root()), new, str(record))
    if as_json:
        print_json(found.as_json())
    else:
        say(found.prose(), end="")
    if not found.holds:
        raise typer.Exit(1)


def fields(as_json: AsJson = False) -> None:
    """List the fields of a workload, with unit, bounds and meaning."""
    from sysdesign.decide import vocabulary_entries

    entries = vocabulary_entries()
    if as_json:
        print_json(entries)
        return
    shown = table("field", "takes", "meaning")
    for entry in entries:
        takes = ", ".join(entry["words"]) if entry.get("words") else str(entry.get("unit") or "number")
        shown.add_row(entry["name"], takes, entry["meaning"])
    out().print(shown)


def schema(as_json: AsJson = False) -> None:
    """Print the JSON Schema of a workload, for editors and programs."""
    from sysdesign.decide import workload_schema

    print_json(workload_schema())
