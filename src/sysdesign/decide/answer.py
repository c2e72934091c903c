"""What a decision answers, as frozen values and as JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sysdesign import units
from sysdesign.decide.confidence import Confidence
from sysdesign.decide.field import Number
from sysdesign.decide.flips import Flip, WordFlip
from sysdesign.decide.framework import Framework
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval, Workload

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Quantity:
    """A number with the unit and text people read."""

    value: float  # base units
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"value": self.value if math.isfinite(self.value) else None, "text": self.text}


@dataclass(frozen=True)
class Reason:
    """A rule that holds: what the workload needs, what the option offers, and the gap between."""

    because: str
    condition: str
    needed: str
    offered: str
    gap: str
    source: str
    line: int
    sure: bool  # in every world; otherwise only at the central values
    stated: bool = False  # `needed` tells stated facts, as the rule compares no numbers and names no need

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Regret:
    """One criterion for one option: its value on the scale from target to limit."""

    criterion: str
    value: Quantity
    target: Quantity
    limit: Quantity
    regret: float
    because: str
    source: str
    judged: bool = False  # the value is points on a scale, no quantity

    def as_json(self) -> dict[str, Any]:
        ends = {"value": self.value.as_json(), "target": self.target.as_json(), "limit": self.limit.as_json()}
        return {
            "criterion": self.criterion,
            **ends,
            "regret": self.regret,
            "because": self.because,
            "source": self.source,
            "judged": self.judged,
        }


@dataclass(frozen=True)
class Verdict:
    """How one option fares."""

    option: str
    label: str
    classes: tuple[str, ...]
    section: str
    verdict: str  # first | viable | dominated | ruled out
    rank: int  # 1 is first; ruled out options come last, in the file's order
    score: float
    ruled_out_by: tuple[Reason, ...]
    risks: tuple[Reason, ...]  # would rule it out if the unknown turned out as usual
    regrets: tuple[Regret, ...]
    liked_because: tuple[str, ...]
    dominated_by: str = ""

    def as_json(self) -> dict[str, Any]:
        plain = {
            key: getattr(self, key)
            for key in ("option", "label", "section", "verdict", "rank", "score", "dominated_by")
        }
        lists = {key: [item.as_json() for item in getattr(self, key)] for key in ("ruled_out_by", "risks", "regrets")}
        return {**plain, "classes": list(self.classes), **lists, "liked_because": list(self.liked_because)}


@dataclass(frozen=True)
class Binding:
    """What separates the first from the second."""

    kind: str  # constraint | criterion | preference | default | none
    between: tuple[str, str]
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "between": list(self.between), "text": self.text}


@dataclass(frozen=True)
class Caution:
    option: str
    because: str
    source: str

    def as_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Answer:
    """The whole answer to one question for one workload."""

    framework: Framework
    workload: Workload
    first: str  # "" where nothing survives
    verdicts: tuple[Verdict, ...]  # in order of rank
    binding: Binding
    does_not_matter: tuple[
        str, ...
    ]  # options within tolerance of the first, the first included; empty where it stands alone
    contradiction: tuple[str, ...]  # stated facts that cannot hold together
    cautions: tuple[Caution, ...]
    numbers: tuple[tuple[str, Quantity], ...]  # derived numbers at the central values
    notes: tuple[str, ...]  # model inputs outside the range where the model holds
    flips: tuple[Flip, ...] | None = None  # None where they were not asked for
    word_flips: tuple[WordFlip, ...] | None = None
    confidence: Confidence | None = None

    def verdict(self, option: str) -> Verdict:
        return next(verdict for verdict in self.verdicts if verdict.option == option)

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
            "default": self.framework.default,
            "options": [verdict.as_json() for verdict in self.verdicts],
            "binding": self.binding.as_json(),
            "does_not_matter": list(self.does_not_matter),
            "contradiction": [{"input": name, "value": fact_text(name, self.workload)} for name in self.contradiction],
            "cautions": [caution.as_json() for caution in self.cautions],
            "interactions": self.interactions(),
            "numbers": {name: number.as_json() for name, number in self.numbers},
            "notes": list(self.notes),
            "flips": None if self.flips is None else [flip_json(flip) for flip in self.flips],
            "word_flips": None if self.word_flips is None else [_word_flip_json(flip) for flip in self.word_flips],
            "confidence": None if self.confidence is None else _confidence_json(self.confidence),
        }

    def interactions(self) -> list[dict[str, str]]:
        """What the first choice asks of other decisions."""
        return [
            {"option": edge.option, "kind": edge.kind, "target": edge.target, "because": edge.because}
            for edge in self.framework.interactions
            if edge.option == self.first
        ]


def fact_text(name: str, workload: Workload) -> str:
    """A fact of the workload for people: 40/s, 1 TB to 2 TB, a word, or unknown."""
    field, value = FIELDS[name], workload.values.get(name)
    if value is None:
        return "unknown"
    if isinstance(field, Number):
        if isinstance(value, Interval):
            return " to ".join(field.texts_apart(value.low, value.high))
        assert isinstance(value, float)
        return field.text(value)
    return str(value)


def flip_texts(flip: Flip) -> tuple[str, str]:
    """The value at which the choice changes and the present one, for people; alike only where nearly equal."""
    field = FIELDS[flip.input]
    assert isinstance(field, Number)
    return field.texts_apart(flip.value, flip.now)


def flip_json(flip: Flip) -> dict[str, Any]:
    field = FIELDS[flip.input]
    assert isinstance(field, Number)
    factor = flip.factor if math.isfinite(flip.factor) else None
    value_text, now_text = flip_texts(flip)
    return {
        "input": flip.input,
        "direction": flip.direction,
        "unit": field.unit,
        "now": units.in_unit(flip.now, field.unit),
        "now_text": now_text,
        "value": units.in_unit(flip.value, field.unit),
        "value_base": flip.value,
        "value_text": value_text,
        "factor": factor,
        "becomes": flip.becomes or None,
    }


def _word_flip_json(flip: WordFlip) -> dict[str, Any]:
    return {"input": flip.input, "now": flip.now, "word": flip.word, "becomes": flip.becomes or None}


def _confidence_json(found: Confidence) -> dict[str, Any]:
    return {
        "share": found.share,
        "worlds": found.worlds,
        "question": found.question or None,
        "meaning": FIELDS[found.question].meaning if found.question else None,
        "share_after": found.share_after,
        "rivals": [{"option": option or None, "share": share} for option, share in found.rivals],
        "open_inputs": list(found.open_inputs),
    }
