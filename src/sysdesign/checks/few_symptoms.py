"""Fewer than eight error texts, log lines and metric names that lead to a document.

Whoever is in an incident pastes what the screen shows. A text that is nowhere named is found by nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, at
from sysdesign.content import Reference

CRITERION = "answers"
LEAST = 8
KINDS = ("error", "log", "metric")


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    named = (each.section.partition("#")[0].removesuffix(".md") for each in reference.symptoms if each.kind in KINDS)
    count = Counter(named)
    for document in context.chosen(reference):
        if count[document.name] < LEAST:
            message = f"has {count[document.name]} error texts, log lines and metrics; {LEAST} is the least"
            fix = "Add them to symptoms.yaml as they appear, each with its section"
            yield at(document, document.sections[0].line, "few-symptoms", message, fix)
