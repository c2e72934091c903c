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
from itertools import groupby
from pathlib import Path
from textwrap import fill, shorten
from typing import Any

import numpy as np

from sysdesign.content import located
from sysdesign.models.declaration import inputs_of
from sysdesign.readers.files import read_file
from sysdesign.running.model_run import Reading, read_value

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
        inputs[name] = read_value(parameters[name], value, Reading(read_file)) if name in parameters else value
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


WIDTH = 100
FIELD, VALUE = 30, 26  # columns of a comparison
WORDS = {("exact", True): "holds", ("reference", True): "holds in direction"}


def lines(case: Case) -> Iterator[str]:
    """A case as it is printed: the inputs that it is about, then a line for each published field."""
    inputs = "  ".join(f"{name}={_text(value)}" for name, value in case.inputs.items())
    yield f"  {shorten(inputs, WIDTH - 2, placeholder=' ...')}" if inputs else "  at the defaults"
    if case.missing_data:
        yield f"    not run: {case.missing_data}"
        return
    for found in compare(case):
        word = WORDS.get((case.kind, found.holds), "DIFFERS")
        published, computed = (_cut(_text(value)) for value in (found.published, found.computed))
        yield f"    {found.field:<{FIELD}}{published:<{VALUE}}{computed:<{VALUE}}{word}"


def _cut(text: str) -> str:
    return text if len(text) < VALUE else f"{text[: VALUE - 6]} ..."


def heading(case: Case) -> str:
    """An entry and where its numbers are from."""
    return fill(f"{case.id}  {case.call}  {case.source}", WIDTH, subsequent_indent=" " * (len(case.id) + 2))


def main() -> int:
    """Print every comparison; 1 when one does not hold."""
    print(f"    {'':<{FIELD}}{'published':<{VALUE}}{'model':<{VALUE}}".rstrip())
    compared = failed = skipped = 0
    for _, found in groupby(cases(), key=lambda case: (case.id, case.call)):
        for at, case in enumerate(found):
            if not at:
                print(f"\n{heading(case)}")
            skipped += bool(case.missing_data)
            for line in lines(case):
                print(line)
                compared += line.endswith(tuple(WORDS.values()))
                failed += line.endswith("DIFFERS")
    print(f"\n{compared + failed} published values: {compared} hold, {failed} differ; {skipped} cases not run")
    return decisions() or (1 if failed else 0)


def decisions() -> int:
    """Print the published decisions beside the advisor's."""
    from tests.decide import published

    return published.main()


if __name__ == "__main__":
    sys.exit(main())
