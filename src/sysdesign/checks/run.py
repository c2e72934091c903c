"""Runs every rule over the reference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial

from sysdesign.checks.findings import Context, Finding
from sysdesign.checks.rules import rules
from sysdesign.content import Reference
from sysdesign.content.records import Place
from sysdesign.errors import BadContent


def check(
    reference: Reference,
    *,
    today: dt.date,
    documents: Iterable[str] | None = None,
    only: Iterable[str] | None = None,
    progress: Callable[[str], None] = lambda rule: None,
) -> tuple[Finding, ...]:
    """Findings of all rules (or of those in `only`), by file and line.

    `documents` (slugs) narrows the findings to those documents and what they share.
    """
    chosen = tuple(documents) if documents is not None else None
    wanted = set(only) if only is not None else None
    found: list[Finding] = []
    unreadable: dict[str, Finding] = {}  # several rules stumble over one file
    for name, rule in rules().items():
        if wanted is not None and name not in wanted:
            continue
        progress(name)
        context = Context(today, chosen, partial(_within, progress, name))
        try:
            found.extend(rule.findings(reference, context))
        except BadContent as error:
            unreadable.setdefault(str(error), broken(error, name))
    found.extend(unreadable.values())
    return tuple(sorted(found, key=lambda f: (f.place.path, f.place.line, f.rule, f.message)))


def _within(progress: Callable[[str], None], rule: str, what: str) -> None:
    progress(f"{rule}, {what}")


def broken(error: BadContent, rule: str = "unreadable") -> Finding:
    """What cannot be read, as a finding like any other."""
    return Finding(rule, Place(path=error.path, line=error.line), error.found, error.fix)
