"""The literal list of rules; a test holds it against the folder.

A rule is a file beside this one, named after the fault it finds (`stale_fact.py`
finds `stale-fact`). Its docstring says why the fault matters, and `CRITERION`
names the column of the scoreboard that it decides.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from sysdesign.checks.findings import Context, Finding
from sysdesign.content import Reference
from sysdesign.errors import UnknownName, nearest

RULES: tuple[str, ...] = (
    "section-order",
    "code-in-aws-section",
    "heading-level",
    "missing-topic",
    "thin-topic",
    "few-visuals",
    "bare-figure",
    "stale-drawing",
    "unitless-column",
    "thin-use-case",
    "one-sided-pattern",
    "few-pitfalls",
    "few-questions",
    "missing-decision",
    "unbacked-quantity",
    "wrong-number",
    "incomplete-fact",
    "false-fact",
    "stale-fact",
    "footnote-unknown",
    "footnote-undefined",
    "footnote-unused",
    "stale-footnote",
    "thin-ledger",
    "incomplete-reference",
    "broken-link",
    "broken-address",
    "vendor-name-outside",
    "odd-spelling",
    "unused-term",
    "empty-phrase",
)

# The columns of the scoreboard: what a complete document is, in the order in which a reader would ask.
CRITERIA = (
    "structure",  # the nine sections, headings
    "topics",  # every topic of the plan has a home
    "visuals",  # diagrams, charts, tables, captions, drawings as their source gives
    "practice",  # use cases, patterns, pitfalls, common questions
    "decisions",  # a runnable framework
    "numbers",  # every quantity sourced, computed or assumed
    "facts",  # vendor facts complete and true of the snapshot
    "evidence",  # sources, footnotes, claim ledger
    "language",  # terms, links, vendor names, phrases
)


@dataclass(frozen=True)
class Rule:
    """One rule: its name, its reason, its criterion and its function."""

    name: str
    module: ModuleType

    @property
    def criterion(self) -> str:
        return self.module.CRITERION

    @property
    def explanation(self) -> str:
        return inspect.cleandoc(self.module.__doc__ or "")

    def findings(self, reference: Reference, context: Context) -> Iterable[Finding]:
        return self.module.check(reference, context)


@cache
def rules() -> dict[str, Rule]:
    """All rules by name, in the order of RULES."""
    return {name: _rule(name) for name in RULES}


def _rule(name: str) -> Rule:
    return Rule(name, importlib.import_module(f"sysdesign.checks.{name.replace('-', '_')}"))


def rule(name: str) -> Rule:
    """The rule of that name. Raises UnknownName, naming the nearest."""
    if name not in RULES:
        raise UnknownName(f"there is no rule {name!r}. {nearest(name, RULES, 'rules')}")
    return _rule(name)
