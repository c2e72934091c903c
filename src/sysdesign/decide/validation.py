"""Does the advisor agree with decisions that others published, and beat advisers that know nothing?

Cases are files of published decisions with their facts translated into the
workload vocabulary. Only the facts are given to the advisor. Three null advisers
are run beside it: always the default, always the first listed, always the most popular.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sysdesign.content.located import Located, read
from sysdesign.decide.answer import Answer
from sysdesign.decide.binding import separation
from sysdesign.decide.deciding import decide
from sysdesign.decide.field import Number
from sysdesign.decide.framework import Framework
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval, Value, Workload, from_located
from sysdesign.errors import BadContent, nearest

DIVISOR = 1000.0
CASE_FIELDS = ("id", "title", "source", "label", "decision", "said", "facts", "of_size", "expect")
EXPECT_FIELDS = ("first_any", "not_first", "reject", "warn", "both")


@dataclass(frozen=True)
class Case:
    """A published decision."""

    id: str
    title: str
    label: str  # strong | moderate
    decision: str
    workload: Workload
    of_size: tuple[str, ...]
    expect: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Verdict:
    """How the advisor did on one case."""

    case: Case
    first: str
    faults: tuple[str, ...]
    small_first: str  # the first choice at a thousandth of load and size
    small_holds: str  # what still rules the default out there, "" where the default is back
    nulls: Mapping[str, bool]  # null adviser: whether it passes

    @property
    def passes(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class Validation:
    """All cases together."""

    verdicts: tuple[Verdict, ...]
    skipped: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> int:
        return sum(verdict.passes for verdict in self.verdicts)

    def null_passed(self, name: str) -> int:
        return sum(verdict.nulls[name] for verdict in self.verdicts)

    @property
    def beats_nulls(self) -> bool:
        """Whether the advisor passes at least half as many cases again as every null adviser."""
        return all(self.passed >= 1.5 * self.null_passed(name) for name in NULLS)

    def prose(self) -> str:
        lines = [
            f"{v.case.id}  {_mark(v)}  {v.case.decision}: {v.first or 'nothing'}  ({v.case.title})"
            for v in self.verdicts
        ]
        lines += [f"      {fault}" for verdict in self.verdicts for fault in verdict.faults]
        lines.append("")
        total = len(self.verdicts)
        lines.append(f"Advisor: {self.passed} of {total}")
        lines += [f"Always {name}: {self.null_passed(name)} of {total}" for name in NULLS]
        lines.append("")
        lines.append("At a thousandth of load and size:")
        for verdict in self.verdicts:
            state = (
                "the default is back"
                if not verdict.small_holds
                else f"{verdict.small_first or 'nothing'}, since: {verdict.small_holds}"
            )
            lines.append(f"{verdict.case.id}  {state}")
        if self.skipped:
            lines.append(f"Not run, no such decision here: {', '.join(self.skipped)}")
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        return {
            "cases": [
                {
                    "id": v.case.id,
                    "decision": v.case.decision,
                    "first": v.first,
                    "passes": v.passes,
                    "faults": list(v.faults),
                    "small_first": v.small_first,
                    "small_holds": v.small_holds,
                }
                for v in self.verdicts
            ],
            "passed": self.passed,
            "total": len(self.verdicts),
            "nulls": {name: self.null_passed(name) for name in NULLS},
        }


NULLS = {
    "the default": lambda framework: framework.default,
    "the first listed": lambda framework: next(iter(framework.options)),
    "the most popular": lambda framework: framework.popular,
}


def _mark(verdict: Verdict) -> str:
    return "pass" if verdict.passes else "FAIL"


def validate(cases: Path | str, frameworks: Mapping[str, Framework]) -> Validation:
    """Run the advisor and the null advisers on a file of cases. Raises BadContent."""
    known = load_cases(Path(cases))
    verdicts = tuple(judge(case, frameworks[case.decision]) for case in known if case.decision in frameworks)
    return Validation(verdicts, tuple(case.id for case in known if case.decision not in frameworks))


def load_cases(path: Path) -> tuple[Case, ...]:
    """Read a file of cases. Raises BadContent."""
    located = read(path, str(path))
    if not isinstance(located.value, list):
        raise BadContent(located.path, 1, "the file holds no list", "Write one entry for each case")
    return tuple(_case(located, at) for at in range(len(located.value)))


def _case(located: Located, at: int) -> Case:
    entry = located.value[at]
    expect = entry.get("expect", {}) if isinstance(entry, dict) else {}
    for known, value in ((CASE_FIELDS, entry), (EXPECT_FIELDS, expect)):
        for key in value if isinstance(value, dict) else ["no mapping"]:
            if key not in known:
                raise BadContent(
                    located.path, located.line((at,)), f"unknown field {key!r}", nearest(str(key), known, "fields")
                )
    return Case(
        id=str(entry["id"]),
        title=str(entry.get("title", "")),
        label=str(entry.get("label", "strong")),
        decision=str(entry["decision"]),
        workload=from_located(located, (at, "facts")),
        of_size=tuple(entry.get("of_size", ())),
        expect={key: tuple(expect.get(key, ())) for key in EXPECT_FIELDS},
    )


def judge(case: Case, framework: Framework) -> Verdict:
    """The advisor and the null advisers on one case."""
    answer = decide(framework, case.workload, with_flips=False, with_confidence=False)
    small = decide(framework, divided(case), with_flips=False, with_confidence=False)
    holds = "" if small.first == framework.default else _holding(small)
    nulls = {name: _null_passes(case, framework, choose(framework)) for name, choose in NULLS.items()}
    return Verdict(case, answer.first, tuple(_faults(case, answer)), small.first, holds, nulls)


def divided(case: Case) -> Workload:
    """The case's facts with load and size a thousandth, and what is there only because of size left out."""
    values: dict[str, Value] = {}
    for name, value in case.workload.values.items():
        if name in case.of_size:
            continue
        known = FIELDS[name]
        values[name] = _smaller(value) if isinstance(known, Number) and known.load else value
    return Workload(values, case.workload.about)


def _smaller(value: Value) -> Value:
    if isinstance(value, Interval):
        return Interval(value.low / DIVISOR, value.high / DIVISOR)
    assert isinstance(value, float)
    return value / DIVISOR


def _holding(small: Answer) -> str:
    default = small.verdict(small.framework.default)
    reasons = [reason.because for reason in (*default.ruled_out_by, *default.risks)]
    if reasons or not small.first:
        return (*reasons, small.binding.text)[0]
    return separation(small.framework, small.verdict(small.first), default).text


def _faults(case: Case, answer: Answer) -> list[str]:
    first = set(answer.classes)
    expect, faults = case.expect, []
    if not first & set(expect["first_any"]):
        faults.append(f"first is {answer.first or 'nothing'}, expected one of {', '.join(expect['first_any'])}")
    if first & set(expect["not_first"]):
        faults.append(f"first is {answer.first}, which must not be first")
    if not set(expect["both"]) <= first:
        faults.append(f"first lacks one of {', '.join(expect['both'])}")
    faults += [
        f"{name} is neither ruled out nor below" for name in expect["reject"] if not _rejected(name, case, answer)
    ]
    said = " ".join(caution.because.lower() for caution in answer.cautions)
    faults += [f"does not warn of {word}" for word in expect["warn"] if word.lower() not in said]
    return faults


def _rejected(name: str, case: Case, answer: Answer) -> bool:
    wanted = [
        verdict
        for verdict in answer.verdicts
        if set(verdict.classes) & set(case.expect["first_any"]) and verdict.verdict != "ruled out"
    ]
    lowest = max((verdict.rank for verdict in wanted), default=0)
    bearers = [
        verdict
        for verdict in answer.verdicts
        if name in verdict.classes and not set(verdict.classes) & set(case.expect["first_any"])
    ]
    return all(verdict.verdict == "ruled out" or verdict.rank > lowest for verdict in bearers)


def _null_passes(case: Case, framework: Framework, option: str) -> bool:
    """A null adviser passes by its pick alone: it rules nothing out and warns of nothing."""
    classes = set(framework.options[option].classes)
    wrong = classes & {*case.expect["not_first"], *case.expect["reject"]}
    return bool(classes & set(case.expect["first_any"])) and not wrong and set(case.expect["both"]) <= classes
