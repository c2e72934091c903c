"""The answer as text: the choice and how sure it is, the table, and what would change it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from sysdesign.decide.answer import Answer
from sysdesign.decide.explanation import explained
from sysdesign.decide.wording import TableCell, TableRow, Told, Wording, worded

WIDTH = 100
COLUMNS = 4  # options that the table of a terminal shows
LABEL, GOAL = 20, 13  # widths of the first and the last column
GAP = 2  # between columns
MISS = "✗"


def prose(answer: Answer, explain: bool = False) -> str:
    """The whole answer for a terminal; with `explain`, also how it is computed."""
    said = worded(answer)
    opening = " ".join(part for part in (said.choice, said.sure, said.why) if part)
    blocks = [said.question, _wrapped(opening), *_table(said), *_lists(said)]
    if explain:
        blocks.append("How this is computed:\n\n" + explained(answer))
    return "\n\n".join(blocks) + "\n"


def _wrapped(text: str, lead: str = "") -> str:
    return textwrap.fill(text, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False)


def _lists(said: Wording) -> Iterator[str]:
    settles = said.choice.startswith("Either")
    yield from _list("Why not the others:", said.others)
    changes = [Told("", f"{each.about} → {each.text}") for each in said.changes]
    yield from _list("What would change it, nearest first:", changes)
    if said.steady:
        yield _wrapped(f"What would change it: {said.steady}")
    if said.ask is not None:
        lead = "What would settle it" if settles else "What would help most to know"
        lines = [_wrapped(f"{lead}: {said.ask.about}. {said.ask.text}".strip())]
        yield "\n".join(lines + [_wrapped(f"{each.about} → {each.text}", "- ") for each in said.leads])
    yield from _list("Take care:", said.cautions)
    yield from _list("To decide next:", said.next)
    yield from _list("Not considered here:", said.not_considered)
    yield from _list("Beyond what a model covers:", [Told("", note) for note in said.notes])
    yield from _list("Examples of products:", said.products)


def _list(title: str, remarks: Iterable[Told]) -> Iterator[str]:
    lines = [_wrapped(f"{each.about}: {each.text}" if each.about else each.text, "- ") for each in remarks]
    if lines:
        yield "\n".join([title, *lines])


def _table(said: Wording) -> Iterator[str]:
    columns = _shown(said)
    if not columns:
        return
    rows = [row for row in said.rows if row.differs and _tells_apart(row, columns)]
    head = ["", *(said.columns[at] for at in columns), "goal"]
    lines = [head, *([row.label, *_cells(row, columns), _goal(row)] for row in rows)]
    room = (WIDTH - LABEL - GOAL - GAP) // len(columns) - GAP
    widths = [LABEL, *[min(room, 26)] * len(columns), GOAL]
    printed = [line for cells in lines for line in _line(cells, widths)]
    legend = [f"{MISS} misses the goal in most likely cases"] if any(MISS in line for line in printed) else []
    yield "\n".join([*printed, *legend])


def _shown(said: Wording) -> list[int]:
    """The best few columns, the plain answer among them."""
    found = list(range(min(COLUMNS, len(said.columns))))
    if found and said.plain >= len(found):
        found[-1] = said.plain
    return found


def _tells_apart(row: TableRow, columns: list[int]) -> bool:
    """Whether the columns shown differ in it, or miss its goal."""
    cells = _cells(row, columns)
    return len(cells) == 1 or len(set(cells)) > 1 or any(MISS in cell for cell in cells)


def _cells(row: TableRow, columns: list[int]) -> list[str]:
    return [_cell_text(row.cells[at]) for at in columns]


def _cell_text(cell: TableCell | None) -> str:
    if cell is None:
        return "–"
    value = f"{cell.text} {MISS}" if cell.missed else cell.text
    return f"{value}\n{cell.range}" if cell.range else value


def _goal(row: TableRow) -> str:
    return row.goal if row.stated or not row.goal else f"{row.goal} (usual)"


def _line(cells: list[str], widths: list[int]) -> Iterator[str]:
    """A row whose cells take as many lines as they need."""
    parts = [_folded(text, width) for text, width in zip(cells, widths, strict=True)]
    for at in range(max(map(len, parts))):
        pieces = (part[at] if at < len(part) else "" for part in parts)
        yield (" " * GAP).join(piece.ljust(width) for piece, width in zip(pieces, widths, strict=True)).rstrip()


def _folded(text: str, width: int) -> list[str]:
    long = any(len(word) > width for word in text.split())
    return [line for part in text.split("\n") for line in textwrap.wrap(part, width, break_on_hyphens=long)] or [""]
