"""Decisions: from a workload in numbers to a choice and its reasons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sysdesign.commands.console import AsJson, Root, out, print_json, say, table, today
from sysdesign.errors import BadContent, InvalidInput, UnknownName, nearest

if TYPE_CHECKING:
    from sysdesign.decide import Workload

WorkloadFile = Annotated[
    Path | None, typer.Option("--workload", "-w", help="A YAML or JSON file that describes the workload.")
]


Prices = Annotated[Path | None, typer.Option("--prices", help="Prices of your own, so that cost counts.")]
Efforts = Annotated[Path | None, typer.Option("--efforts", help="Efforts of your own, over those of the reference.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(decide)
    app.command()(recheck)
    workload = typer.Typer(help="The vocabulary in which workloads are described.", no_args_is_help=True)
    workload.command("new")(new)
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
    explain: Annotated[bool, typer.Option("--explain", help="Say also how the answer is computed.")] = False,
    record: Annotated[
        Path | None, typer.Option("--record", help="Write a decision record (MADR) to this file.")
    ] = None,
    prices: Prices = None,
    efforts: Efforts = None,
    reference: Root = None,
) -> None:
    """Decide for a workload: the choice, what each option would bring, what would change it."""
    from sysdesign import decide as decisions
    from sysdesign.content import default_root

    if name is None:
        _list(as_json, reference)
        return
    chosen = decisions.framework(reference or default_root(), name, _efforts(efforts))
    answer = decisions.decide(chosen, _workload(workload, given or []), prices=_prices(prices))
    if record is not None:
        _write(record, decisions.record(answer, today()))
    if as_json:
        print_json(decisions.as_json(answer))
        return
    say(decisions.prose(answer, explain), end="")
    if record is not None:
        say(f"\nRecord: {record}")


def _efforts(path: Path | None) -> Any:
    from sysdesign.decide import own_efforts

    return own_efforts(_there(path)) if path is not None else None


def _prices(path: Path | None) -> Any:
    from sysdesign.decide import read_prices

    return read_prices(_there(path)) if path is not None else None


def _there(path: Path) -> Path:
    if not path.is_file():
        raise InvalidInput(f"there is no file {str(path)!r}")
    return path


def _write(path: Path, text: str) -> None:
    from sysdesign.content.tidy import write_atomically

    try:
        write_atomically(path.resolve(), text.encode())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror}; name a file in a folder that exists") from None


def recheck(
    record: Annotated[Path, typer.Argument(help="A record that `decide --record` wrote.")],
    workload: WorkloadFile = None,
    as_json: AsJson = False,
    prices: Prices = None,
    efforts: Efforts = None,
    reference: Root = None,
) -> None:
    """Say whether a recorded decision still holds, and what changed. Exits 1 when it does not."""
    from sysdesign import decide as decisions
    from sysdesign.content import default_root
    from sysdesign.content.located import read_text

    if not record.is_file():
        raise InvalidInput(f"{record} cannot be read: there is no such file")
    kept = decisions.read_record(read_text(record, str(record)), str(record))
    chosen = decisions.framework(reference or default_root(), kept.front["decision"], _efforts(efforts))
    new = _workload(workload, []) if workload is not None else None
    found = decisions.recheck(kept, chosen, new, _prices(prices))
    if as_json:
        print_json(found.as_json())
    else:
        say(found.prose(), end="")
    if not found.holds:
        raise typer.Exit(1)


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

    if path is not None:
        _there(path)
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
        facts.pop(key, None)
        facts[group] = {**(facts.get(group) or {}), field: _plain(value)}
    try:
        return workload_of(facts, str(path) if path else "--set")
    except BadContent as error:  # the file was read before: what is wrong was given on the command line
        raise InvalidInput(f"--set: {error.found}. {error.fix}") from None


def _plain(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def new(
    names: Annotated[list[str] | None, typer.Argument(help="Decisions to write the fields of; all by default.")] = None,
    reference: Root = None,
) -> None:
    """Print a workload file to begin with: the fields of those decisions, most influential first, with comments."""
    from sysdesign import decide as decisions
    from sysdesign.content import default_root

    root = reference or default_root()
    chosen = [decisions.framework(root, name) for name in names or []] or [*decisions.frameworks(root).values()]
    say(decisions.starter(chosen, all_of_them=not names), end="")


def fields(
    names: Annotated[
        list[str] | None, typer.Argument(help="Beginnings of names, as in traffic; all by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the fields of a workload, with bounds or words, meaning and an example."""
    from sysdesign.decide import vocabulary_entries

    known = vocabulary_entries()
    for name in names or []:
        if not any(entry["name"].startswith(name) for entry in known):
            raise UnknownName(f"no workload field begins with {name!r}. {nearest(name, _beginnings(known), 'fields')}")
    entries = [entry for entry in known if not names or entry["name"].startswith(tuple(names))]
    if as_json:
        print_json(entries)
        return
    shown = table("field", "name", "takes", "meaning", "example")
    for entry in entries:
        shown.add_row(entry["name"], entry["label"], entry["takes"], entry["meaning"], entry["example"])
    out().print(shown)


def _beginnings(entries: list[dict[str, Any]]) -> set[str]:
    """Names of fields, and of the groups that they stand in."""
    names = {entry["name"] for entry in entries}
    return names | {name.partition(".")[0] for name in names}


def schema(as_json: AsJson = False) -> None:
    """Print the JSON Schema of a workload, for editors and programs."""
    from sysdesign.decide import workload_schema

    print_json(workload_schema())
