"""Decisions kept: a record in MADR form with its workload and outcomes inside.

The record is Markdown. Its front matter says what was decided, from which files
(digests) and when; the outcome table and the workload stand in sections of their
own, so that `recheck` needs nothing else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sysdesign import __version__
from sysdesign.content.located import parse
from sysdesign.decide.answer import Answer, fact_text
from sysdesign.decide.field import Field, Number
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.wording import TableCell, Told, Wording, worded
from sysdesign.decide.workload import Workload, parse_workload
from sysdesign.errors import BadContent
from sysdesign.units import PURE

KEYS = (
    "status", "date", "decision", "first", "either", "framework_digest", "efforts_digest", "prices_digest",
    "workload_digest", "sysdesign",
)  # fmt: skip
NONE = "none"
LIMIT_CHARACTERS = 1_000_000
FIX = "Give a record that sysdesign decide --record wrote"
OUTCOMES, WORKLOAD = "## Outcomes", "## Workload"
MISS = "✗"
Cells = dict[tuple[str, str], str]  # by outcome and option


@dataclass(frozen=True)
class Kept:
    """What a record holds for a program."""

    front: Mapping[str, str]
    workload: Workload
    outcomes: Cells

    @property
    def either(self) -> tuple[str, ...]:
        """Options of a close call; none where one stands alone."""
        return () if self.front["either"] == NONE else tuple(self.front["either"].split())


def record(answer: Answer, date: dt.date, status: str = "proposed") -> str:
    """The answer as a decision record (MADR), `date` being the day it was decided."""
    front = {
        "status": status,
        "date": date.isoformat(),
        "decision": answer.framework.id,
        "first": answer.first or NONE,
        "either": " ".join(answer.either) or NONE,
        "framework_digest": answer.framework.digest,
        "efforts_digest": answer.framework.efforts.digest,
        "prices_digest": answer.prices or NONE,
        "workload_digest": answer.workload.digest,
        "sysdesign": __version__,
    }
    head = "---\n" + "".join(f"{key}: {front[key]}\n" for key in KEYS) + "---\n"
    return head + "\n" + "\n\n".join(_parts(answer, worded(answer))) + "\n"


def _parts(answer: Answer, said: Wording) -> Iterator[str]:
    yield f"# {said.question} {said.choice.rstrip('.')}"
    yield f"## Context and Problem Statement\n\n{_context(answer)}"
    yield "## Considered Options\n\n" + _bullets(verdict.label for verdict in answer.verdicts)
    yield "## Decision Outcome\n\n" + " ".join(part for part in (said.choice, said.sure, said.why) if part)
    after = [f"Take care: {_about(each)}" for each in said.cautions]
    after += [f"To decide next: {_about(each)}" for each in said.next]
    if after:
        yield "### Consequences\n\n" + _bullets(after)
    yield "### Confirmation\n\nRun `sysdesign recheck` on this record, with the workload as it then is." + _asked(said)
    yield from _table(said)
    if said.others:
        yield "## Pros and Cons of the Options\n\n" + _bullets(map(_about, said.others))
    changes = _bullets(f"{each.about} → {each.text}" for each in said.changes)
    yield "## Revisit when\n\n" + (changes or said.steady or "Nothing was looked for.")
    if said.not_considered:
        yield "## Not considered\n\n" + _bullets(map(_about, said.not_considered))
    if said.products:
        yield "## Examples of products\n\n" + _bullets(map(_about, said.products))
    yield f"{WORKLOAD}\n\n```yaml\n{workload_yaml(answer.workload)}```"


def _context(answer: Answer) -> str:
    """What is stated, in the words of the vocabulary, so that a reader need not know the file's."""
    name = _cell_safe(" ".join(answer.workload.name.split()))
    facts = [f"{FIELDS[each].label}: {fact_text(each, answer.workload)}" for each in answer.workload.values]
    stated = "What is stated:\n\n" + _bullets(facts) if facts else "Nothing is stated: each fact is what is usual."
    return f"{answer.framework.question}\nDecided for the workload below ({name}). {stated}"


def _about(told: Told) -> str:
    return f"{told.about}: {told.text}" if told.about else told.text


def _asked(said: Wording) -> str:
    return f" Find out first: {said.ask.about}. {said.ask.text}".rstrip() if said.ask is not None else ""


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(said: Wording) -> Iterator[str]:
    if not said.columns:
        return
    head = ["Outcome", *said.columns, "Goal"]
    rows = [[row.label, *map(_cell_text, row.cells), _goal(row.goal, row.stated)] for row in said.rows]
    lines = [_line(head), _line(["---"] * len(head)), *map(_line, rows)]
    yield f"{OUTCOMES}\n\n{MISS} misses the goal in most likely cases.\n\n" + "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(map(_cell_safe, cells)) + " |"


def _cell_safe(text: str) -> str:
    return text.replace("|", "/")


def _goal(goal: str, stated: bool) -> str:
    return f"{goal} (usual)" if goal and not stated else goal


def _cell_text(cell: TableCell | None) -> str:
    if cell is None:
        return "–"
    ends = f" ({cell.range})" if cell.range else ""
    return f"{cell.text}{ends}{' ' + MISS if cell.missed else ''}"


def outcomes_of(answer: Answer) -> Cells:
    """The outcome table of an answer, as a record keeps it."""
    said = worded(answer)
    return {
        (_cell_safe(row.label), _cell_safe(column)): _cell_safe(_cell_text(cell))
        for row in said.rows
        for column, cell in zip(said.columns, row.cells, strict=True)
    }


def workload_yaml(workload: Workload) -> str:
    """The workload as its file is written; reads back with the same digest."""
    lines = [f"name: {_scalar(workload.name)}"]
    for group, facts in workload.as_json().items():
        lines.append(f"{group}:")
        lines += [f"  {key}: {_with_unit(value, FIELDS[f'{group}.{key}'])}" for key, value in facts.items()]
    return "\n".join(lines) + "\n"


def _with_unit(value: Any, field: Field) -> str:
    """A value as the workload file takes it: with its unit, where that is one of time, size or money."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_with_unit(inner, field)}" for key, inner in value.items()) + "}"
    if not isinstance(field, Number) or "/" in field.unit or field.dimension == PURE:
        return _scalar(value)
    return f"{_scalar(value)} {field.unit}"


def _scalar(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    if re.fullmatch(r"[a-z][a-z_]*", text):
        return text
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]|[\ud800-\udfff]", " ", text).replace("`", "'")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def read_record(text: str, shown: str = "record") -> Kept:
    """A record as it was written. Reads line by line, once. Raises BadContent."""
    if len(text) > LIMIT_CHARACTERS:
        raise BadContent(shown, 1, f"has {len(text):,} characters", f"A record has at most {LIMIT_CHARACTERS:,}")
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    front = _front(lines, shown)
    workload = parse_workload("\n".join(_fenced(lines, shown)), shown)
    return Kept(front, workload, _outcomes(lines, shown))


def _front(lines: list[str], shown: str) -> dict[str, str]:
    if lines[0] != "---" or "---" not in lines[1:]:
        raise BadContent(shown, 1, "has no front matter", FIX)
    values = parse("\n".join(lines[1 : lines.index("---", 1)]), shown).value
    for key in KEYS:
        if not isinstance(values, dict) or key not in values:
            raise BadContent(shown, 1, f"the front matter has no {key!r}", FIX)
    return {key: str(values[key]) for key in KEYS}


def _section(lines: list[str], heading: str, shown: str) -> int | None:
    """The line after a heading. Raises BadContent for a second one: people might read that, and programs this."""
    found = [at for at, line in enumerate(lines) if line.rstrip() == heading]
    if len(found) > 1:
        raise BadContent(shown, found[1] + 1, f"has a second section {heading.lstrip('# ')!r}", FIX)
    return found[0] + 1 if found else None


def _fenced(lines: list[str], shown: str) -> list[str]:
    """The lines of the yaml block under the workload's heading."""
    start = _section(lines, WORKLOAD, shown)
    while start is not None and start < len(lines) and not lines[start].strip():
        start += 1
    if start is None or start == len(lines) or lines[start].rstrip() != "```yaml":
        raise BadContent(shown, 1, "has no Workload section with a yaml block", FIX)
    end = next((at for at in range(start + 1, len(lines)) if lines[at].startswith("```")), None)
    if end is None:
        raise BadContent(shown, start + 1, "the yaml block does not end", FIX)
    return lines[start + 1 : end]


def _outcomes(lines: list[str], shown: str) -> Cells:
    start = _section(lines, OUTCOMES, shown)
    if start is None:
        return {}
    rows: list[list[str]] = []
    for line in lines[start:]:
        if line.startswith("## "):
            break
        if line.startswith("| "):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    if not rows:
        return {}
    columns = rows[0][1:-1]
    return {(row[0], name): cell for row in rows[2:] for name, cell in zip(columns, row[1:], strict=False)}
