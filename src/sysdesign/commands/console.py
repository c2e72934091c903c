"""What every command shares: options, and how results and progress are printed.

A command loads what it needs when it runs, so that `--help` and `read` do not wait
for what draws, computes or checks.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from sysdesign.plain import escaped, json_text, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Root = Annotated[
    Path | None,
    typer.Option(
        "--reference", help="The folder that holds the reference; the checkout's, or the package's own, by default."
    ),
]


def out() -> Console:
    """The console of this call; wide enough in a pipe that no table is cut. Text is printed as it is, brackets too."""
    return _console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False, emoji=False)


def table(*columns: str, show_header: bool = True) -> Table:
    """An empty table without lines."""
    from rich.table import Table

    return Table(*columns, box=None, pad_edge=False, show_header=show_header)


def progress_console() -> Console:
    """Progress goes to the terminal only, never into a pipe."""
    return _console(stderr=True, quiet=not sys.stderr.isatty(), markup=False)


def _console(**options: Any) -> Console:
    """A console that writes no text in which something else than itself would control the terminal."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Output(Console):
        def on_broken_pipe(self) -> None:
            end_quietly()

        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else visible(text), style, control)

    return Output(**options)


def say(text: str, *, end: str = "\n", to_errors: bool = False) -> None:
    """Print a text for people: whatever it was made of, it cannot control the terminal."""
    print(visible(text), end=end, file=sys.stderr if to_errors else sys.stdout, flush=True)


def print_json(value: Any) -> None:
    """A frozen result as JSON. What would control a terminal is written as JSON escapes, which read back the same."""
    print_lines([escaped(json_text(value, indent=2))])


def print_lines(lines: Iterable[str]) -> None:
    """Lines for programs, as they are."""
    try:
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        end_quietly()


def end_quietly() -> NoReturn:
    """Whoever read our output left, as `head` does: that is no error of ours."""
    silence()
    raise SystemExit(0)


def silence() -> None:
    """Let what is still to be printed go nowhere, where it can go to nobody."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def today() -> dt.date:
    """The date that ages are counted from: the one place where a command asks the clock for it."""
    return dt.date.today()
