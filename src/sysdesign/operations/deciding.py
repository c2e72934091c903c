"""Decisions: what there is, what one asks, and its answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sysdesign.content import Reference
from sysdesign.decide import as_json, frameworks, prose, record, relevant_inputs, workload_of
from sysdesign.decide import decide as run_decision
from sysdesign.decide import framework as framework_named
from sysdesign.decide.explanation import explained
from sysdesign.decide.framework import Framework


@dataclass(frozen=True)
class DecisionLine:
    """One decision that can be run."""

    name: str
    question: str
    document: str
    options: Mapping[str, str]
    default: str


def list_decisions(reference: Reference) -> tuple[DecisionLine, ...]:
    """All decisions, by document."""
    found = [_decision_line(each) for each in frameworks(reference.root).values()]
    return tuple(sorted(found, key=lambda line: (line.document, line.name)))


def _decision_line(framework: Framework) -> DecisionLine:
    labels = {name: option.label for name, option in framework.options.items()}
    return DecisionLine(framework.id, framework.question, framework.document, labels, framework.default)


@dataclass(frozen=True)
class DecisionForm:
    """A decision with the inputs that it reads, most influential first."""

    decision: DecisionLine
    inputs: tuple[dict[str, Any], ...]


def describe_decision(reference: Reference, name: str) -> DecisionForm:
    """What a decision asks. Raises UnknownName."""
    chosen = framework_named(reference.root, name)
    return DecisionForm(_decision_line(chosen), tuple(each.as_json() for each in relevant_inputs(chosen)))


def decide(reference: Reference, name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a decision for a workload given as nested facts: as JSON, in words, explained, and as a record.

    Raises UnknownName, BadContent for a fact that cannot be read.
    """
    answer = run_decision(framework_named(reference.root, name), workload_of(facts))
    return {
        **as_json(answer),
        "prose": prose(answer),
        "explanation": explained(answer),
        "record": record(answer, dt.date.today()),
    }
