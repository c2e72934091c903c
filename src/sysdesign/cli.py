"""The command `sysdesign`: the same operations as everywhere, printed for people or as JSON.

Exit codes: 0 fine, 1 errors found, 2 wrong use.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Annotated

import typer

from sysdesign import __version__
from sysdesign.commands import checking, console, deciding, exploring, exporting, modeling, reading, serving
from sysdesign.errors import BadContent, SysdesignError
from sysdesign.plain import visible

FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO))  # what a disk says that takes no more

app = typer.Typer(
    name="sysdesign",
    help="A system design reference that runs: read it, search it, run its models, argue with its decisions.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for family in (reading, modeling, deciding, exploring, checking, serving, exporting):
    family.add_to(app)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if show:
        print(__version__)
        raise typer.Exit


def _printable(argument: str) -> str:
    """An argument whose option's name, which errors of use say back, has nothing in it that a terminal obeys."""
    name, equals, value = argument.partition("=")
    return f"{visible(name)}{equals}{value}" if argument.startswith("-") else argument


def _open_what_is_closed() -> None:
    """Give a standard stream that the caller closed a place, so that no file opened later takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # the lowest free number is the next one's
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - open as long as the command runs


def main() -> None:
    """Run the command; what the caller can put right is one clear line, not a traceback."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # where the encoding lacks a character, as ASCII most
    try:
        try:
            app(list(map(_printable, sys.argv[1:])))
        finally:
            sys.stdout.flush()  # here, where a fault can be told
    except SysdesignError as error:
        print(visible(f"sysdesign: {error}"), file=sys.stderr)
        sys.exit(1 if isinstance(error, BadContent) else 2)
    except KeyboardInterrupt:
        sys.exit(130)  # as shells say it: ended by the user
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output left, as `head` does
        sys.exit(0)
    except OSError as error:
        if error.errno not in FULL:
            raise
        console.silence()
        print(f"sysdesign: the output could not be written: {error.strerror}", file=sys.stderr)
        sys.exit(1)
