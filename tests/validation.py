"""Published numbers against the models: `make validate` prints them as a table.

Each entry of tests/published/*.yaml names a public function of a model, inputs,
what the source says, and how near the answer must come. An entry of kind
`reference` holds by direction or shape only; its tolerance says how.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sysdesign.content import located
from sysdesign.files import read_file
from sysdesign.model_run import read_value
from sysdesign.models.declaration import inputs_of

PUBLISHED = Path(__file__).parent / "published"
DATA = "SYSDESIGN_DATA"


@dataclass(frozen=True)
class Case:
    """One call, and what its source publishes of the answer."""

    id: str
    source: str
    kind: str  # exact | reference
    call: str
    inputs: dict[str, Any]
    expected: dict[str, Any]
    tolerance: dict[str, Any]
    data: tuple[str, ...] = ()  # files in the data folder without which it cannot be run
    number: int = 1  # among the entry's cases

    @property
    def missing_data(self) -> str:
        """Why the case cannot be run here, or ""."""
        if not self.data:
            return ""
        folder = os.environ.get(DATA)
        if not folder:
            return f"{DATA} is unset; it names the folder that holds {self.data[0]}"
        absent = [name for name in self.data if not Path(folder, name).is_file()]
        return f"{folder} holds no {absent[0]}" if absent else ""


@dataclass(frozen=True)
class Comparison:
    """One published value beside the model's."""

    case: Case
    field: str
    published: Any
    computed: Any
    holds: bool


def cases() -> Iterator[Case]:
    """Every case of every entry, in the order of the files."""
    for path in sorted(PUBLISHED.glob("*.yaml")):
        for entry in located.read(path, path.name).value:
            for number, case in enumerate(entry["cases"], start=1):
                yield Case(
                    id=entry["id"],
                    source=entry["source"],
                    kind=entry["kind"],
                    call=entry["call"],
                    inputs=case.get("inputs") or {},
                    expected=case["expected"],
                    tolerance=case["tolerance"],
                    data=_files(case, entry),
                    number=number,
                )


def _files(case: dict[str, Any], entry: dict[str, Any]) -> tuple[str, ...]:
    """The files that a case, or else its entry, needs: one name or a list."""
    named = case.get("data", entry.get("data", ()))
    return (named,) if isinstance(named, str) else tuple(named)


def compare(case: Case) -> Iterator[Comparison]:
    """Run a case; one comparison a published field."""
    module, _, name = case.call.rpartition(".")
    function = getattr(importlib.import_module(f"sysdesign.models.{module}"), name)
    result = function(**_inputs(case, function))
    for field, published in case.expected.items():
        computed = getattr(result, field)
        wanted = case.tolerance.get(field, case.tolerance)
        yield Comparison(case, field, published, computed, _holds(computed, published, wanted))


def _inputs(case: Case, function: Any) -> dict[str, Any]:
    parameters = inputs_of(function)
    inputs = {}
    for name, value in case.inputs.items():
        if name in parameters and parameters[name].kind == "file":
            value = str(Path(os.environ[DATA], value))
        inputs[name] = read_value(parameters[name], value, read_file) if name in parameters else value
    return inputs


def _holds(computed: Any, published: Any, tolerance: dict[str, Any]) -> bool:
    if isinstance(published, (str, bool)):
        return computed == published
    found, wanted = np.asarray(computed, dtype=float), np.asarray(published, dtype=float)
    if found.shape != wanted.shape:
        return False
    (kind, size), *others = tolerance.items()
    assert not others, f"one tolerance a field, not {tolerance}"
    match kind:
        case "relative":
            return bool(np.all(np.abs(found - wanted) <= size * np.abs(wanted)))
        case "absolute":
            return bool(np.all(np.abs(found - wanted) <= size))
        case "at_least":
            return bool(np.all(found >= wanted))
        case "at_most":
            return bool(np.all(found <= wanted))
    raise ValueError(f"the tolerance {kind!r} is none of relative, absolute, at_least, at_most")


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple, np.ndarray)):
        return ", ".join(_text(item) for item in value)
    return f"{value:.7g}" if isinstance(value, (int, float, np.number)) else str(value)


def main() -> int:
    """Print every comparison; 1 when one does not hold."""
    table = Table("entry", "call", "field", "published", "model", "", "source", box=None, pad_edge=False)
    failed = skipped = 0
    for case in cases():
        if case.missing_data:
            skipped += 1
            table.add_row(case.id, case.call, "", "", "", "not run", case.missing_data)
            continue
        for found in compare(case):
            failed += not found.holds
            word = ("holds" if case.kind == "exact" else "holds in direction") if found.holds else "DIFFERS"
            table.add_row(
                case.id, case.call, found.field, _text(found.published), _text(found.computed), word, case.source
            )
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    print(f"{failed} differ, {skipped} cases not run")
    return decisions() or (1 if failed else 0)


def decisions() -> int:
    """Print the published decisions beside the advisor's."""
    from tests.decide import published

    return published.main()


if __name__ == "__main__":
    sys.exit(main())
