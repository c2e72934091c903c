"""What the checks find, and the scoreboard that a checkout keeps of it for the site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sysdesign.checks import Finding, Scoreboard, check, scoreboard
from sysdesign.content import Reference, located
from sysdesign.content.records import Place
from sysdesign.content.tidy import write_atomically
from sysdesign.operations.reading import in_checkout
from sysdesign.plain import json_text

FILE = "scoreboard.json"  # beside plan.yaml
NOT_WRITTEN = "the scoreboard stays as it is, since not every rule could look here"


def board_of(reference: Reference, today: dt.date, progress: Callable[[str], None] = lambda what: None) -> Scoreboard:
    """What every rule finds in every document."""
    return scoreboard(reference, check(reference, today=today, progress=progress))


def lasting(board: Scoreboard) -> dict[str, Any]:
    """What a scoreboard says that time alone does not change: what the page shows and the repository keeps."""
    rows = [
        {"slug": row.slug, "title": row.title, "written": row.written, "missing": row.errors if row.written else {}}
        for row in board.rows
    ]
    missing = [
        {"rule": each.rule, "place": str(each.place), "message": each.message}
        for each in board.findings
        if each.severity == "error"
    ]
    return {"criteria": list(board.criteria), "documents": rows, "missing": missing}


def kept_is_stale(reference: Reference, board: Scoreboard) -> Finding | None:
    """The kept scoreboard of a checkout, where it is not what every rule together just found."""
    if not (board.whole and in_checkout(reference.root)) or _kept(reference) == _text(board):
        return None
    place = Place(path=f"{reference.root.name}/{FILE}")
    return Finding("stale-scoreboard", place, "is not what the checks find", "Run `sysdesign tidy`, which writes it")


def keep(reference: Reference, board: Scoreboard, *, write: bool = True) -> bool:
    """Write a checkout's scoreboard where it changed; whether it did, or would. The board must be whole."""
    if kept_is_stale(reference, board) is None:
        return False
    if write:
        write_atomically(reference.root / FILE, _text(board).encode())
    return True


def _text(board: Scoreboard) -> str:
    return json_text(lasting(board), indent=1) + "\n"


def _kept(reference: Reference) -> str:
    path, shown = reference.root / FILE, f"{reference.root.name}/{FILE}"
    return located.read_text(path, shown) if located.is_there(path, shown) else ""
