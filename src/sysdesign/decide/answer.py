"""What a decision answers, as a frozen value and as JSON.

An answer holds values and names; what is said about them is `prose` and `record`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sysdesign import units
from sysdesign.decide.field import Number
from sysdesign.decide.flips import Flip, WordFlip
from sysdesign.decide.framework import Framework
from sysdesign.decide.questions import Question
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval, Workload

SCHEMA_VERSION = 2


@dataclass(frozen=True)
class Cell:
    """One outcome of one option: the middle world, the range that holds 80% of them, and where the goal is missed."""

    value: float  # base units
    low: float
    high: float
    text: str
    range: str  # "" where the ends read like the value
    missed: float  # share of the worlds in which the goal is missed
    regret: float  # weighted, mean over the worlds
    share: float  # of the option's regret

    def as_json(self) -> dict[str, Any]:
        ends = {name: _finite(getattr(self, name)) for name in ("value", "low", "high")}
        return {**ends, "text": self.text, "range": self.range, "missed": self.missed, "regret": round(self.regret, 6)}


@dataclass(frozen=True)
class Row:
    """One outcome over the options."""

    outcome: str
    name: str
    suffix: str  # what bare numbers count, and over what time
    label: str  # both together
    goal: str  # as text; "" where the outcome is only shown
    goals: tuple[str, ...]  # the fields that hold the goal
    counts: float  # share of the worlds in which it applies and has weight
    stated: bool  # whether the workload states one of them
    because: str
    source: str
    cells: dict[str, Cell]

    def as_json(self) -> dict[str, Any]:
        plain = {
            key: getattr(self, key) for key in ("outcome", "label", "suffix", "goal", "stated", "because", "source")
        }
        cells = {name: cell.as_json() for name, cell in self.cells.items()}
        return {**plain, "counts": self.counts, "goals": list(self.goals), "cells": cells}


@dataclass(frozen=True)
class Reason:
    """A rule that excludes an option, and in what share of the worlds."""

    because: str
    facts: tuple[str, ...]  # stated facts that it reads
    share: float
    source: str
    condition: str
    line: int

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "facts": list(self.facts)}


@dataclass(frozen=True)
class Verdict:
    """How one option fares."""

    option: str
    label: str
    classes: tuple[str, ...]
    section: str
    verdict: str  # first | either | behind | dominated | ruled out
    rank: int
    regret: float  # mean over the worlds
    best_in: float  # share of the worlds in which it has the least regret
    excluded_by: tuple[Reason, ...]
    dominated_by: str
    behind_by: str  # the outcome in which it loses most against the first
    products: tuple[tuple[str, str], ...]  # examples, and when they were looked at

    def as_json(self) -> dict[str, Any]:
        names = ("option", "label", "section", "verdict", "rank", "regret", "best_in", "dominated_by", "behind_by")
        lists = {"excluded_by": [reason.as_json() for reason in self.excluded_by], "classes": list(self.classes)}
        products = [{"name": name, "looked_at": date} for name, date in self.products]
        return {**{key: getattr(self, key) for key in names}, **lists, "products": products}


@dataclass(frozen=True)
class Caution:
    option: str
    because: str
    source: str

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class NotConsidered:
    """A stated fact, or a goal, that plays no part here, and what to give so that it does."""

    name: str
    why: str

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Answer:
    """The whole answer to one question for one workload."""

    framework: Framework
    workload: Workload
    first: str  # "" where nothing survives
    either: tuple[str, ...]  # the first and those that cannot be told from it; empty where it stands alone
    confidence: float  # share of the worlds in which the first (or one of the close ones) has the least regret
    worlds: int
    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]  # in order of rank
    contradiction: tuple[str, ...]  # stated facts that cannot hold together
    cautions: tuple[Caution, ...]
    not_considered: tuple[NotConsidered, ...]
    notes: tuple[str, ...]  # model inputs outside the range where the model holds
    ask: Question | None  # the unknown fact that would help most; in a close call, that would settle it
    prices: str  # digest of the prices used; "" for none
    settled_by: str  # in a close call without unknowns: the nearest number that tells the two apart
    flips: tuple[Flip, ...] | None = None  # None where they were not asked for
    word_flips: tuple[WordFlip, ...] | None = None

    def verdict(self, option: str) -> Verdict:
        return next(verdict for verdict in self.verdicts if verdict.option == option)

    def row(self, outcome: str) -> Row:
        return next(row for row in self.rows if row.outcome == outcome)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the first choice."""
        return self.framework.options[self.first].classes if self.first else ()

    def as_json(self) -> dict[str, Any]:
        """Plain values with a stable shape; `schema` changes when the shape does."""
        return {
            "schema": SCHEMA_VERSION,
            "decision": self.framework.id,
            "question": self.framework.question,
            "document": self.framework.document,
            "framework_digest": self.framework.digest,
            "workload": {"name": self.workload.name, "digest": self.workload.digest, "facts": self.workload.as_json()},
            "first": self.first or None,
            "either": list(self.either),
            "confidence": self.confidence,
            "worlds": self.worlds,
            "default": self.framework.default,
            "options": [verdict.as_json() for verdict in self.verdicts],
            "outcomes": [row.as_json() for row in self.rows],
            "contradiction": [{"input": name, "value": fact_text(name, self.workload)} for name in self.contradiction],
            "cautions": [caution.as_json() for caution in self.cautions],
            "interactions": self.interactions(),
            "not_considered": [item.as_json() for item in self.not_considered],
            "notes": list(self.notes),
            "ask": None if self.ask is None else self._ask_json(self.ask),
            "settled_by": self.settled_by or None,
            "efforts_digest": self.framework.efforts.digest,
            "prices_digest": self.prices or None,
            "flips": None if self.flips is None else [flip_json(flip) for flip in self.flips],
            "word_flips": None if self.word_flips is None else [dict(vars(flip)) for flip in self.word_flips],
        }

    def _ask_json(self, ask: Question) -> dict[str, Any]:
        leads = [{"answer": text, "first": option} for text, option in ask.leads]
        return {"input": ask.input, "label": FIELDS[ask.input].label, "saves": round(ask.saves, 6), "leads": leads}

    def interactions(self) -> list[dict[str, str]]:
        """What the first choice asks of other decisions."""
        return [
            {"option": edge.option, "kind": edge.kind, "target": edge.target, "because": edge.because}
            for edge in self.framework.interactions
            if edge.option == self.first
        ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def fact_text(name: str, workload: Workload) -> str:
    """A fact of the workload for people: 40/s, 1 TB to 2 TB, what a word means, or unknown."""
    field, value = FIELDS[name], workload.values.get(name)
    if value is None:
        return "unknown"
    if isinstance(field, Number):
        if isinstance(value, Interval):
            return " to ".join(field.texts_apart(value.low, value.high))
        assert isinstance(value, float)
        return field.text(value)
    return field.words[str(value)][1]


def flip_texts(flip: Flip) -> tuple[str, str]:
    """The value at which the choice changes and the present one, for people; alike only where nearly equal."""
    field = FIELDS[flip.input]
    assert isinstance(field, Number)
    return field.texts_apart(flip.value, flip.now)


def flip_json(flip: Flip) -> dict[str, Any]:
    field = FIELDS[flip.input]
    assert isinstance(field, Number)
    value_text, now_text = flip_texts(flip)
    return {
        "input": flip.input,
        "label": field.label,
        "stated": flip.stated,
        "direction": flip.direction,
        "unit": field.unit,
        "now": units.in_unit(flip.now, field.unit),
        "now_text": now_text,
        "value": units.in_unit(flip.value, field.unit),
        "value_base": flip.value,
        "value_text": value_text,
        "factor": _finite(flip.factor),
        "becomes": flip.becomes or None,
    }
