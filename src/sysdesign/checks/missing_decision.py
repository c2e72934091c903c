"""A document without a decision that can be run.

Every trade-off that is told ends in a choice, and the choice can be argued with.
"""

from __future__ import annotations

from collections.abc import Iterator

from sysdesign.checks.findings import Context, Finding, Severity, at
from sysdesign.content import Reference

CRITERION = "decisions"


def check(reference: Reference, context: Context) -> Iterator[Finding]:
    for document in context.chosen(reference):
        home = document.by_anchor.get("trade-offs-and-considerations", document.sections[0])
        inside = {section.anchor for section in document.below(home.anchor)}
        linked = [link for link in document.links if link.target.startswith("decisions/") and link.section in inside]
        if not linked:
            # Until frameworks exist, none can be linked.
            severity: Severity = "error" if reference.decisions else "warning"
            message, fix = "links to no decision among its trade-offs", "Link one: [the decision](decisions/NAME.yaml)"
            yield at(document, home.line, "missing-decision", message, fix, severity)
