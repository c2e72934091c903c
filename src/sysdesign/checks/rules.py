"""The literal list of rules; a test holds it against the folder.

A rule is a file beside this one, named after the fault it finds (`stale_fact.py`
finds `stale-fact`). Its docstring says why the fault matters, and `CRITERION`
names the column of the scoreboard that it decides.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from sysdesign.checks.findings import Check, Context, Finding
from sysdesign.content import Reference
from sysdesign.errors import UnknownName, nearest

RULES: tuple[str, ...] = (
    "section-order",
    "code-in-aws-section",
    "heading-level",
    "long-body",
    "long-path",
    "heavy-concepts",
    "excess-code",
    "missing-topic",
    "thin-topic",
    "few-visuals",
    "bare-figure",
    "stale-drawing",
    "blank-header",
    "unitless-column",
    "thin-use-case",
    "one-sided-pattern",
    "parts-apart",
    "few-pitfalls",
    "few-questions",
    "late-answer",
    "few-symptoms",
    "idle-asking",
    "thin-question-bank",
    "thin-sizing",
    "missing-limits",
    "missing-wiring",
    "odd-stars",
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
    "unsafe-markup",
    "vendor-name-outside",
    "odd-spelling",
    "unused-term",
    "empty-phrase",
)

# The columns of the scoreboard: what a complete document is, in the order in which a reader would ask.
CRITERIA = (
    "structure",  # the nine sections, headings
    "length",  # body, share of the concepts, code
    "topics",  # every topic of the plan has a home
    "visuals",  # diagrams, charts, tables, captions, drawings as their source gives
    "answers",  # what stands first in short, error texts, collected questions
    "practice",  # use cases, patterns, pitfalls, common questions
    "sizing",  # everyday sums, limits that bind, wiring
    "decisions",  # a runnable framework
    "numbers",  # every quantity sourced, computed or assumed
    "facts",  # vendor facts complete and true of the snapshot
    "evidence",  # sources, footnotes, claim ledger
    "language",  # terms, links, vendor names, phrases
)


@dataclass(frozen=True)
class Rule:
    """One rule: its name, its reason, its criterion and its function.

    Reason and criterion are read from its file; what it computes with is loaded only when it runs.
    """

    name: str

    @property
    def module_name(self) -> str:
        return self.name.replace("-", "_")

    @cached_property
    def _source(self) -> ast.Module:
        return ast.parse((Path(__file__).parent / f"{self.module_name}.py").read_text(encoding="utf-8"))

    @property
    def criterion(self) -> str:
        values = (node.value for node in self._source.body if isinstance(node, ast.Assign) and _names_criterion(node))
        return str(ast.literal_eval(next(values)))

    @property
    def explanation(self) -> str:
        return ast.get_docstring(self._source) or ""

    def findings(self, reference: Reference, context: Context) -> Iterable[Finding]:
        check: Check = importlib.import_module(f"sysdesign.checks.{self.module_name}").check
        return check(reference, context)


def _names_criterion(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "CRITERION" for target in node.targets)


@cache
def rules() -> dict[str, Rule]:
    """All rules by name, in the order of RULES."""
    return {name: Rule(name) for name in RULES}


def rule(name: str) -> Rule:
    """The rule of that name. Raises UnknownName, naming the nearest."""
    if name not in RULES:
        raise UnknownName(f"there is no rule {name!r}. {nearest(name, RULES, 'rules')}")
    return rules()[name]
