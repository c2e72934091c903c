"""A workload file to begin with: the fields of some decisions, most influential first, all unknown."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from sysdesign.decide.field import Field, Word
from sysdesign.decide.framework import Framework
from sysdesign.decide.influence import relevant_inputs
from sysdesign.decide.vocabulary import FIELDS

WIDTH = 96
HEAD = """\
# What is known of a system. Replace `unknown` where you know better; leave the rest, or delete it.
# A number takes a unit and may be a range: 40/s, 3.5 million/day, 2 TB, 200 to 400, 5-10 ms.
# The fields are in order of influence: the first ones change an answer most often.
name: My workload
"""


def starter(frameworks: Sequence[Framework], all_of_them: bool = False) -> str:
    """A file that reads back as a workload without facts.

    With `all_of_them` the fields come in order of how many decisions read them, which
    is quick; else by how often each changes the answer of the decisions given.
    """
    names = _most_read(frameworks) if all_of_them else _most_influential(frameworks)
    title = "All decisions" if all_of_them else "; ".join(framework.question for framework in frameworks)
    entries = ["\n".join(_entry(FIELDS[name])) for name in names]
    return HEAD + "\n" + "\n".join(_comment(f"For: {title}")) + "\n\n" + "\n\n".join(entries) + "\n"


def _most_influential(frameworks: Sequence[Framework]) -> list[str]:
    found: dict[str, float] = {}
    for framework in frameworks:
        for each in relevant_inputs(framework):
            found[each.name] = max(found.get(each.name, 0.0), each.influence)
    return sorted(found, key=lambda name: (-found[name], name))


def _most_read(frameworks: Sequence[Framework]) -> list[str]:
    counts = Counter(name for framework in frameworks for name in framework.fields)
    return sorted(counts, key=lambda name: (-counts[name], name))


def _entry(field: Field) -> Iterator[str]:
    yield from _comment(f"{field.label}. {field.meaning}.")
    if isinstance(field, Word):
        for word, (_, meaning) in field.words.items():
            yield from _comment(f"  {word}: {meaning}")
    else:
        low, high = map(field.text, field.bounds)
        likely_low, _, likely_high = map(field.text, field.prior)
        yield from _comment(f"{low} to {high}; usually {likely_low} to {likely_high}")
    yield f"{field.name}: unknown"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH, subsequent_indent="  ")]
