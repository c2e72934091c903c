"""A vendor fact that lacks what makes it one: a value, an official address, a check that names its number.

A fact of the class `model` carries at least one check against the vendor's service
model. Its value stands in what it shows or in what a check expects, so that
neither can change alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlparse

from sysdesign.checks.computation import equals_value
from sysdesign.checks.findings import Context, Finding
from sysdesign.checks.quantities import all_numbers
from sysdesign.content import Reference
from sysdesign.content.records import Fact

CRITERION = "facts"
OFFICIAL = "aws.amazon.com"
_LOCALE = re.compile(r"/[a-z]{2}_[a-z]{2}/")


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for fact in reference.facts.values():
        for message, fix in _faults(fact):
            yield Finding("incomplete-fact", fact.place, f"{fact.id} {message}", fix)


def _faults(fact: Fact) -> Iterator[tuple[str, str]]:
    if not fact.says.strip() or fact.value is None:
        yield "has no statement or no value", "Fill in `says` and `value`"
    if fact.class_ == "model" and not fact.check:
        yield "is of class model and has no check", "Name the place in the service model, or make it class page"
    if fact.class_ != "model" and fact.check:
        yield f"is of class {fact.class_} and has a check", "Make it class model, or take the check out"
    address = urlparse(fact.url)
    host = address.hostname or ""
    if address.scheme != "https" or not (host == OFFICIAL or host.endswith(f".{OFFICIAL}")):
        yield f"cites {fact.url!r}", f"Cite the vendor's own page, https://docs.{OFFICIAL}/..."
    elif _LOCALE.search(address.path):
        yield f"cites a translation, {fact.url}", "Cite the English page"
    if not fact.seen.url.strip():
        yield "does not say what was read", "Fill in `seen`"
    if isinstance(fact.value, (int, float)) and not isinstance(fact.value, bool) and not _value_stands_somewhere(fact):
        yield f"has the value {fact.value:,}, which neither `shows` nor a check holds", "Mend the one that is wrong"


def _value_stands_somewhere(fact: Fact) -> bool:
    shown = all_numbers(fact.shows)
    if any(equals_value(number, fact.value, fact.unit) for number in shown):
        return True
    return any(_number_in(fact, item) for check in fact.check for item in _items(check.expected))


def _items(expected: object) -> list[object]:
    return list(expected) if isinstance(expected, list) else [expected]


def _number_in(fact: Fact, expected: object) -> bool:
    """Whether what a check expects holds the value, as such or in the base unit of its unit (14 days: 1,209,600 s)."""
    plain = re.sub(r"\\(.)", r"\1", str(expected))  # a pattern's own escapes taken off
    numbers = [float(found.replace(",", "")) for found in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", plain)]
    sized = all_numbers(f"{fact.value} {fact.unit}")
    wanted = {float(fact.value), *(number.base for number in sized)}
    worded = any(equals_value(number, fact.value, fact.unit) for number in all_numbers(plain))
    return worded or any(number in wanted for number in numbers)
