"""A computed number that its model or formula does not give.

Every number record is computed again. What it shows must be the result rounded
to the digits shown, or lie in the interval of a simulated result; any other
number that it shows must be one of its inputs.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.computation import compute, shows_it, strange_numbers
from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.content.records import Number
from sysdesign.errors import SysdesignError

CRITERION = "numbers"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for slug, ids in reference.numbers_of.items():
        if not context.covers(slug):
            continue
        for id_ in ids:
            number = reference.numbers[id_]
            for message, fix in faults(number):
                yield Finding("wrong-number", number.place, f"{id_}: {message}", fix)


def faults(number: Number) -> Iterator[tuple[str, str]]:
    """What is wrong with one record, and what would mend it."""
    try:
        computed = compute(number)
    except SysdesignError as error:
        yield str(error), "Mend the record"
        return
    if not shows_it(number, computed):
        yield f"shows {number.shows!r}; computed is {computed.text}", "Mend `shows` and the sentence, or the inputs"
        return
    for strange in strange_numbers(number, computed):
        yield (
            f"shows {strange.text!r}, which is neither the result ({computed.text}) nor an input",
            "Show the result and inputs only",
        )
