"""Models: list and run, with the reader's own numbers and files."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Sequence, Set
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from sysdesign.commands.console import AsJson, Root, out, print_json, print_lines, progress_console, say, table
from sysdesign.errors import InvalidInput

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from sysdesign.operations.modeling import InputLine, ModelLine
    from sysdesign.running.model_run import ModelRun, Value

Given = Annotated[
    list[str] | None,
    typer.Argument(
        help="Inputs as key=value, with or without a unit: arrivals_per_s=2000, rebuild_s='500 ms'; or a file, "
        "or - for a pipe, and how to read it: latency=results.jtl latency_column=Latency."
    ),
]


LONGEST_TABLE = 24  # rows of results that a person reads; --csv prints longer ones


def add_to(app: typer.Typer) -> None:
    """Add these commands to the application."""
    models = typer.Typer(help="List and run the models.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command("show")(show_model)
    models.command("run", cls=_Run)(run)
    app.add_typer(models, name="model")


def list_models(
    name: Annotated[str | None, typer.Argument(help="One model: the same as `model show`.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the models, grouped by the decision that they inform."""
    from sysdesign.operations import modeling

    if name:
        show_model(name, as_json)
        return
    lines = modeling.list_models()
    if as_json:
        print_json(lines)
        return
    console = out()
    for decision in dict.fromkeys(line.decision for line in lines):
        console.print(f"\n{decision}", style="bold", markup=False)
        shown = table(show_header=False)
        for line in lines:
            if line.decision == decision:
                shown.add_row(f"  {line.name}", line.title)
        console.print(shown)


def show_model(
    name: Annotated[str, typer.Argument(help="A model's name, as `model list` shows it.")], as_json: AsJson = False
) -> None:
    """Show a model: what it assumes, its inputs, its results and how its files are read."""
    from sysdesign.operations import modeling

    line = modeling.describe_model(name)
    print_json(line) if as_json else _print_model(line)


def _print_model(line: ModelLine) -> None:
    console = out()
    console.print(line.name, style="bold", markup=False)
    console.print(line.explanation, markup=False)
    shown = table("input", "what it is", "unit", "from", "to", "default")
    for each in line.inputs:
        words = ", ".join(map(str, each.words))
        shown.add_row(
            each.name, each.label, each.unit or words, _short(each.low), _short(each.high), _short(each.default)
        )
    console.print()
    console.print(shown)
    results = table("result", "what it is", "unit")
    for result, (label, unit) in line.results.items():
        results.add_row(result, label, unit)
    console.print()
    console.print(results)
    if line.choices:
        said = table("how a file is read", "")
        for name, what in line.choices.items():
            said.add_row(f"{name}=", what)
        console.print()
        console.print(said)


class _Run(TyperCommand):
    """`model run`, whose help says of the model named what it takes and gives."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta["given"] = [each for each in args if not each.startswith("-")]
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        from sysdesign.operations import modeling

        if not ctx.meta.get("given"):
            return
        line = modeling.describe_model(ctx.meta["given"][0])
        for heading, rows in _listed(line).items():
            with formatter.section(heading):
                formatter.write_dl(rows)


def _listed(line: ModelLine) -> dict[str, list[tuple[str, str]]]:
    """What a model takes and gives, as headings and what stands under them."""
    found = {
        f"Inputs of {line.name}": [(each.name, _told(each)) for each in line.inputs],
        "Results, by the names that --for takes": [
            (name, f"{label} ({unit})" if unit else label) for name, (label, unit) in line.results.items()
        ],
        "How a file is read": [(f"{name}=", what) for name, what in line.choices.items()],
    }
    return {heading: rows for heading, rows in found.items() if rows}


def _told(each: InputLine) -> str:
    """An input in a line: what it is, its unit or words, its range and its default."""
    label = f"{each.label} ({each.unit})" if each.unit else each.label
    span = f"{_short(each.low)} to {_short(each.high)}" if each.low is not None and each.high is not None else ""
    default = "needed" if each.required else f"default {_short(each.default)}" if each.default not in (None, "") else ""
    return "; ".join(part for part in (label, ", ".join(each.words), span, default, each.help) if part)


def _short(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def run(
    name: Annotated[str, typer.Argument(help="A model's name, as `model list` shows it.")],
    given: Given = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            "--sweep", help="Run over a range: key=low:high:points[:log], or words: policy=lru|fifo. May repeat."
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: AsJson = False,
    chart: Annotated[
        Path | None, typer.Option("--chart", help="Draw the model's chart with these inputs to this .svg or .png.")
    ] = None,
    solve: Annotated[
        str | None, typer.Option("--solve", help="Find this input, so that the result is what --for says.")
    ] = None,
    wanted: Annotated[
        str | None, typer.Option("--for", help="With --solve: calls_with=1.3, 'wait_s<=20 ms', 'available>=99.9%'.")
    ] = None,
    dask: Annotated[str | None, typer.Option("--dask", help="Address of a Dask scheduler to sweep on.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", help="Local processes for a sweep; -1 is all cores.")] = -1,
    reference: Root = None,
) -> None:
    """Run a model: results with units, and the sentence that says what they mean."""
    from sysdesign.operations import modeling

    inputs = _inputs(given or [])
    if chart is not None:
        modeling.draw_chart(name, inputs, chart, root=reference)
    if solve or wanted:
        _solve(name, inputs, solve, wanted, as_json=as_json)
        return
    if sweep:
        _sweep(name, inputs, sweep, as_csv=as_csv, as_json=as_json, dask=dask, jobs=jobs)
        return
    if dask:
        raise InvalidInput("--dask spreads a sweep; give one with --sweep key=low:high:points")
    answer = modeling.run_model(name, inputs, files=True)
    if as_json:
        print_json(
            {
                "model": answer.model,
                "inputs": answer.inputs,
                "results": answer.results,
                "sentence": answer.sentence,
                "notes": answer.notes,
            }
        )
    elif as_csv:
        columns = answer.table()
        _print_csv(list(columns), zip(*columns.values(), strict=True))
        for note in answer.notes:
            say(note, to_errors=True)
    else:
        _print_run(answer)
    if chart is not None and not (as_json or as_csv):
        say(f"\nChart: {chart}")


def _solve(name: str, inputs: dict[str, Any], unknown: str | None, wanted: str | None, *, as_json: bool) -> None:
    from sysdesign.operations import modeling

    if unknown is None or wanted is None:
        raise InvalidInput("--solve and --for go together: --solve budget_share --for calls_with=1.3")
    solved = modeling.solve_model(name, inputs, unknown, wanted, files=True)
    if as_json:
        print_json(solved)
        return
    _print_run(solved.run)
    say(f"\n{solved.sentence}")


def _inputs(given: list[str]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise InvalidInput(f"{each!r} is not an input; write it as key=value, as in arrivals_per_s=2000")
        if key in inputs:
            raise InvalidInput(f"{key} is given twice")
        inputs[key] = value
    return inputs


def _print_run(answer: ModelRun) -> None:

    from sysdesign.models.declaration import outputs_of

    console = out()
    drawn = {name for name, output in outputs_of(type(answer.result)).items() if output.drawn}
    printed = [value for value in answer.results if value.name not in drawn]
    apart = {name for name, output in outputs_of(type(answer.result)).items() if output.apart}
    lists = _lists(printed, apart)
    _print_values("Inputs", answer.inputs)
    _print_values("Results", [value for value in printed if value not in lists])
    for together in _tables(lists, apart):
        console.print()
        console.print(_columns(together))
    console.print(f"\n{answer.sentence}", markup=False)
    for note in answer.notes:
        console.print(f"Note: {note}", style="dim", markup=False)


def _print_values(heading: str, values: Sequence[Value]) -> None:
    from rich.text import Text

    shown = table(show_header=False)
    for value in values:
        shown.add_row(Text(f"  {value.label}"), Text(value.text), Text(value.name, style="dim"))
    if values:
        out().print(heading, style="bold")
        out().print(shown)


def _tables(lists: list[Value], apart: Set[str]) -> list[list[Value]]:
    """The lists that stand side by side: those of one length, but each of `apart` by itself."""
    found: dict[tuple[int, str], list[Value]] = {}
    for value in lists:
        found.setdefault((len(value.value), value.name if value.name in apart else ""), []).append(value)
    return list(found.values())


def _lists(values: list[Value], apart: Set[str]) -> list[Value]:
    """The results that are columns of a table: lines of text, and numbers with others beside them."""
    found = [value for value in values if isinstance(value.value, list) and value.value]
    lengths = [len(value.value) for value in found if value.name not in apart]
    return [value for value in found if lengths.count(len(value.value)) > 1 or isinstance(value.value[0], str)]


def _columns(values: list[Value]) -> Table | Text:
    """Results of one length as columns, or what they are called where they are too long to read."""
    from rich.table import Column, Table
    from rich.text import Text

    from sysdesign.running.model_run import text_of

    length = len(values[0].value)
    if length > LONGEST_TABLE:
        return Text(f"{', '.join(value.label for value in values)}: {length:,} values, which --csv prints", style="dim")
    shown = Table(*(Column(Text(value.label)) for value in values), box=None, pad_edge=False)
    columns = [
        _aligned(value.value)
        if isinstance(value.value[0], str)
        else [text_of(each, value.unit) for each in value.value]
        for value in values
    ]
    for row in zip(*columns, strict=True):
        shown.add_row(*map(Text, row))
    return shown


def _aligned(lines: list[str]) -> list[str]:
    """Lines of the form `who, when: what` with what they say below each other."""
    heads = [line.partition(": ")[0].split(", ") for line in lines]
    if not all(": " in line for line in lines) or len({len(head) for head in heads}) > 1:
        return lines
    widths = [max(map(len, column)) for column in zip(*heads, strict=True)]
    return [
        "  ".join(part.ljust(width) for part, width in zip(head, widths, strict=True)) + "  " + line.partition(": ")[2]
        for head, line in zip(heads, lines, strict=True)
    ]


def _print_csv(header: list[str], rows: Iterable[Iterable[Any]]) -> None:
    print_lines(_csv_line(row) for row in (header, *rows))


def _csv_line(row: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(row)
    return line.getvalue()


def _sweep(
    name: str, inputs: dict[str, Any], axes: list[str], *, as_csv: bool, as_json: bool, dask: str | None, jobs: int
) -> None:
    from rich.progress import Progress

    from sysdesign.operations.modeling import run_model
    from sysdesign.readers.source import is_pipe
    from sysdesign.running.model_run import text_of
    from sysdesign.running.sweeps import axis
    from sysdesign.running.sweeps import sweep as run_sweep

    if any(is_pipe(value) for value in inputs.values()):
        jobs = 1  # other processes cannot read it
    with Progress(console=progress_console(), transient=True) as bar:
        task = bar.add_task(name, total=None)
        swept = run_sweep(
            name,
            inputs,
            [axis(name, text) for text in axes],
            jobs=jobs,
            dask=dask,
            run=partial(run_model, files=True, once=True),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    columns = list(dict.fromkeys(key for row in swept.rows for key in row))
    for note in () if as_json else swept.notes:
        say(note, to_errors=True)
    if as_json:
        print_json(swept)
    elif as_csv:
        _print_csv(columns, ([row.get(column, "") for column in columns] for row in swept.rows))
    else:
        _print_rows(columns, [[text_of(row.get(column), "") for column in columns] for row in swept.rows])


def _print_rows(columns: list[str], rows: list[list[str]]) -> None:
    """As many columns as the console is wide; the others are named, never cut."""
    console = out()
    widths = [max(len(cell) for cell in column) + 2 for column in zip(columns, *rows, strict=True)]
    fitting = max(1, sum(end <= console.width for end in itertools.accumulate(widths)))
    shown = table(*columns[:fitting])
    for row in rows:
        shown.add_row(*row[:fitting])
    console.print(shown)
    if columns[fitting:]:
        console.print(f"\n--csv prints also: {', '.join(columns[fitting:])}", markup=False)
