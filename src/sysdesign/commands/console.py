"""What every command shares: options, and how results and progress are printed."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from sysdesign.plain import json_text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Root = Annotated[
    Path | None,
    typer.Option(
        "--reference", help="The folder that holds the reference; the checkout's, or the package's own, by default."
    ),
]


def out() -> Console:
    """The console of this call; wide enough in a pipe that no table is cut."""
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def progress_console() -> Console:
    """Progress goes to the terminal only, never into a pipe."""
    return Console(stderr=True, quiet=not sys.stderr.isatty())


def print_json(value: Any) -> None:
    """A frozen result as JSON."""
    print(json_text(value, indent=2))


def today() -> dt.date:
    """The date that ages are counted from: the one place where a command asks the clock for it."""
    return dt.date.today()
