"""Published decisions beside the advisor's and those of advisers that know nothing: part of `make validate`.

Only the facts of a case are given to the advisor. A case is strong where the first
choice is of a class that was chosen and everything rejected is below it, close where
one of the options of a close call is, wrong otherwise, and not covered where the
decision is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sysdesign.content.located import Located, read
from sysdesign.decide import Answer, Framework, Workload, decide, frameworks
from sysdesign.decide.field import Number
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.wording import worded
from sysdesign.decide.workload import Interval, Value, from_located
from sysdesign.errors import BadContent, nearest

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "published.yaml"
DIVISOR = 1000.0
BETTER = 1.5  # times as many cases as every null adviser
CASE_FIELDS = ("id", "title", "source", "label", "decision", "said", "facts", "of_size", "expect")
EXPECT_FIELDS = ("first_any", "not_first", "reject", "warn", "both")
NULLS = {
    "the default": lambda framework: framework.default,
    "the first listed": lambda framework: next(iter(framework.options)),
    "the most popular": lambda framework: framework.popular,
}


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
class Judged:
    """How the advisor and the null advisers did on one case."""

    case: Case
    word: str  # strong | close | wrong | not covered
    said: str
    faults: tuple[str, ...]
    small: str  # the choice at a thousandth of load and size, and why where that is not the plain one
    nulls: Mapping[str, bool]


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
                fix = nearest(str(key), known, "fields")
                raise BadContent(located.path, located.line((at,)), f"unknown field {key!r}", fix)
    return Case(
        id=str(entry["id"]),
        title=str(entry.get("title", "")),
        label=str(entry.get("label", "strong")),
        decision=str(entry["decision"]),
        workload=from_located(located, (at, "facts")),
        of_size=tuple(entry.get("of_size", ())),
        expect={key: tuple(expect.get(key, ())) for key in EXPECT_FIELDS},
    )


def judge(case: Case, framework: Framework | None) -> Judged:
    """One case; no framework means not covered."""
    if framework is None:
        return Judged(case, "not covered", "", (), "", {})
    answer = decide(framework, case.workload, with_flips=False)
    faults = tuple(_faults(case, answer))
    near = answer.either and any(_wanted(case, answer.verdict(option).classes) for option in answer.either)
    word = "strong" if not faults else "close" if near else "wrong"
    nulls = {name: _null_passes(case, framework, choose(framework)) for name, choose in NULLS.items()}
    return Judged(case, word, worded(answer).choice, faults, _small(case, framework), nulls)


def _wanted(case: Case, classes: tuple[str, ...]) -> bool:
    return bool(set(classes) & set(case.expect["first_any"])) and not set(classes) & set(case.expect["not_first"])


def _faults(case: Case, answer: Answer) -> Iterator[str]:
    first, expect = set(answer.classes), case.expect
    if not _wanted(case, answer.classes):
        yield f"first is {answer.first or 'nothing'}, chosen was one of {', '.join(expect['first_any'])}"
    if not set(expect["both"]) <= first:
        yield f"first lacks one of {', '.join(expect['both'])}"
    for name in expect["reject"]:
        if not _rejected(name, case, answer):
            yield f"{name} is neither ruled out nor below"
    said = " ".join(caution.because.lower() for caution in answer.framework.cautions)
    for word in expect["warn"]:
        if word.lower() not in said:
            yield f"does not warn of {word}"


def _rejected(name: str, case: Case, answer: Answer) -> bool:
    wanted = set(case.expect["first_any"])
    standing = [verdict for verdict in answer.verdicts if verdict.verdict != "ruled out"]
    lowest = max((verdict.rank for verdict in standing if set(verdict.classes) & wanted), default=0)
    return all(
        verdict.rank > lowest for verdict in standing if name in verdict.classes and not set(verdict.classes) & wanted
    )


def _null_passes(case: Case, framework: Framework, option: str) -> bool:
    """A null adviser passes by its pick alone: it rules nothing out and warns of nothing."""
    classes = framework.options[option].classes
    refused = set(classes) & set(case.expect["reject"])
    return _wanted(case, classes) and not refused and set(case.expect["both"]) <= set(classes)


def _small(case: Case, framework: Framework) -> str:
    answer = decide(framework, divided(case), with_flips=False)
    said = worded(answer)
    if answer.first == framework.default or framework.default in answer.either:
        return "the plain answer is back"
    return f"{said.choice} {said.why}"


def divided(case: Case) -> Workload:
    """The case's facts with load and size a thousandth, and what is there only because of size left out."""
    values: dict[str, Value] = {}
    for name, value in case.workload.values.items():
        if name not in case.of_size:
            known = FIELDS[name]
            values[name] = _smaller(value, known) if isinstance(known, Number) and known.load else value
    return Workload(values, case.workload.about)


def _smaller(value: Value, known: Number) -> Value:
    low, _ = known.bounds
    if isinstance(value, Interval):
        return Interval(max(value.low / DIVISOR, low), max(value.high / DIVISOR, low))
    assert isinstance(value, float)
    return max(round(value / DIVISOR) if known.whole else value / DIVISOR, low)


def judged(known: Mapping[str, Framework], cases: Path = CASES) -> tuple[Judged, ...]:
    """Every case of a file."""
    return tuple(judge(case, known.get(case.decision)) for case in load_cases(cases))


def lines(found: tuple[Judged, ...]) -> Iterator[str]:
    """The comparison as it is printed."""
    for each in found:
        yield f"{each.case.id}  {each.word:11}  {each.case.decision}: {each.said}  ({each.case.title})"
        yield from (f"     {fault}" for fault in each.faults)
    covered = [each for each in found if each.nulls]
    yield ""
    counts = {word: sum(each.word == word for each in found) for word in ("strong", "close", "wrong", "not covered")}
    yield "Advisor: " + ", ".join(f"{count} {word}" for word, count in counts.items())
    yield from (f"Always {name}: {passed(found, name)} of {len(covered)}" for name in NULLS)
    yield "\nAt a thousandth of load and size:"
    yield from (f"{each.case.id}  {each.small}" for each in covered)


def passed(found: tuple[Judged, ...], null: str) -> int:
    """Cases that a null adviser passes."""
    return sum(each.nulls.get(null, False) for each in found)


def beats_nulls(found: tuple[Judged, ...]) -> bool:
    """Whether the advisor is strong in at least half as many cases again as every null adviser passes."""
    strong = sum(each.word == "strong" for each in found)
    return strong > 0 and all(strong >= BETTER * passed(found, name) for name in NULLS)


def main() -> int:
    """Print the comparison; 1 where a case is wrong or a null adviser comes near."""
    found: Any = judged(frameworks(ROOT / "reference"))
    print("\nPublished decisions\n")
    print("\n".join(lines(found)))
    return 0 if beats_nulls(found) and not any(each.word == "wrong" for each in found) else 1
