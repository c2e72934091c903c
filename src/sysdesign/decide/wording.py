"""What an answer says, in its readers' words: one frozen value that command, page, JSON and record show alike.

No name of a field, option or expression stands in it: those are in the answer itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sysdesign import units
from sysdesign.decide.answer import Answer, Cell, Reason, Row, Verdict, fact_text, flip_texts
from sysdesign.decide.flips import Flip, WordFlip
from sysdesign.decide.framework import Framework
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval, Workload

SURE = ((0.9, "Choose: {}."), (0.6, "Probably: {}."), (0.0, "Leaning to: {}."))  # by the share of the worlds
WORTH_SAYING = 0.1  # share of the worlds in which a rule that excludes an option is worth telling
WORTH_GAINING = 0.02  # of mean regret, that an option has less in one outcome than the first
MOSTLY = 0.5  # of the worlds, from which on a goal counts as missed
SHOWN_FLIPS = 6
FEW_STATED = 4  # facts
ALMOST = 1.5  # factors below this read better as a percentage
NEAR = 1.005  # factors below this say less than the two values: 99.99% instead of 99.9%
PARTS = re.compile(r"[,;:]| or ")  # in a label: would part it from the next in a sentence
FARTHEST = 1e4  # a factor beyond this says nothing


@dataclass(frozen=True)
class Told:
    """A remark, and whom it is about: an option, a fact; "" for the answer as a whole."""

    about: str
    text: str


@dataclass(frozen=True)
class TableCell:
    text: str
    range: str  # "" where the value is the same in nearly every likely case
    missed: bool  # whether the goal is missed in most of them


@dataclass(frozen=True)
class TableRow:
    """One outcome; a cell for each column, None where the option has no part in it."""

    label: str
    goal: str  # "" where there is none
    stated: bool  # whether the workload states the goal, or there is none
    differs: bool  # whether it tells the options apart
    cells: tuple[TableCell | None, ...]


@dataclass(frozen=True)
class Wording:
    """The answer in parts, in the order in which they are read."""

    question: str
    choice: str
    sure: str
    why: str
    columns: tuple[str, ...]  # options in order of rank, those ruled out left away
    plain: int  # the column of the plain answer; -1 where it is ruled out
    rows: tuple[TableRow, ...]
    others: tuple[Told, ...]
    changes: tuple[Told, ...]  # a change, and what would come first
    steady: str  # in their place where there are none
    ask: Told | None
    leads: tuple[Told, ...]  # what the answer to the question would lead to
    cautions: tuple[Told, ...]
    next: tuple[Told, ...]  # decisions that this one brings
    not_considered: tuple[Told, ...]
    notes: tuple[str, ...]
    products: tuple[Told, ...]

    def as_json(self) -> dict[str, Any]:
        plain = {key: getattr(self, key) for key in ("question", "choice", "sure", "why", "plain", "steady")}
        told = ("others", "changes", "leads", "cautions", "next", "not_considered", "products")
        lists: dict[str, Any] = {key: [dict(vars(each)) for each in getattr(self, key)] for key in told}
        rows = [
            {**vars(row), "cells": [None if cell is None else dict(vars(cell)) for cell in row.cells]}
            for row in self.rows
        ]
        ask = None if self.ask is None else dict(vars(self.ask))
        return {**plain, **lists, "columns": list(self.columns), "rows": rows, "ask": ask, "notes": list(self.notes)}


def worded(answer: Answer) -> Wording:
    """The answer in words."""
    shown = [verdict for verdict in answer.verdicts if verdict.verdict != "ruled out"]
    names = [verdict.option for verdict in shown]
    default = answer.framework.default
    return Wording(
        question=answer.framework.question,
        choice=_choice(answer),
        sure=_sure(answer),
        why=_why(answer),
        columns=tuple(verdict.label for verdict in shown),
        plain=names.index(default) if default in names else -1,
        rows=tuple(_row(row, names) for row in answer.rows),
        others=tuple(_others(answer)),
        changes=tuple(_changes(answer)),
        steady=_steady(answer),
        ask=_asked(answer),
        leads=tuple(Told(text, label(answer, option)) for text, option in (answer.ask.leads if answer.ask else ())),
        cautions=tuple(_cautions(answer)),
        next=tuple(Told(_named(each["target"]), each["because"]) for each in answer.interactions()),
        not_considered=tuple(_not_considered(answer)),
        notes=answer.notes,
        products=tuple(_products(answer)),
    )


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer as plain values, its words included."""
    return {**answer.as_json(), "words": worded(answer).as_json()}


def _named(target: str) -> str:
    """A decision, or a field that the choice changes, as people call it."""
    return FIELDS[target].label if target in FIELDS else target.replace("-", " ")


def label(answer: Answer, option: str) -> str:
    return option_label(answer.framework, option)


def option_label(framework: Framework, option: str) -> str:
    return framework.options[option].label if option else "nothing fits"


def any_of(labels: Sequence[str]) -> str:
    """A, B or C; in quotation marks where a label holds what would part them."""
    told = _quoted(labels)
    return " or ".join(part for part in (", ".join(told[:-1]), told[-1]) if part)


def _quoted(labels: Sequence[str]) -> list[str]:
    """Labels as they stand in a row; all in quotation marks where one could be read as two."""
    joined = len(labels) > 1 and any(PARTS.search(each) and not each.startswith("“") for each in labels)
    return [f"“{each}”" if joined else each for each in labels]


def _listed(labels: Sequence[str]) -> str:
    return "; ".join(_quoted(labels) if any(";" in each for each in labels) else labels)


def _choice(answer: Answer) -> str:
    if not answer.first:
        return "Nothing fits."
    if answer.either:
        return f"Either: {any_of([label(answer, option) for option in answer.either])}."
    return next(text for least, text in SURE if answer.confidence >= least).format(label(answer, answer.first))


def _sure(answer: Answer) -> str:
    """How sure the choice is, and why nothing fits where nothing does."""
    if not answer.first:
        facts = "; ".join(f"{FIELDS[n].label}: {fact_text(n, answer.workload)}" for n in answer.contradiction)
        return f"These cannot hold together: {facts}."
    if answer.either:
        return f"They are too close to tell apart. {_close(answer)}"
    best = f"It does best in {share_text(answer.confidence)}, given what is stated and what is usual for the rest."
    other = max(answer.verdicts, key=lambda verdict: verdict.best_in)
    if other.best_in <= answer.verdict(answer.first).best_in:
        return best
    loses = "but loses more where it is not: on average over all cases the first loses least"
    return f"{best} {other.label} is best in more, {_best_in(answer, other.option)}, {loses}."


def _close(answer: Answer) -> str:
    """How often each of a close call is best, and why the first leads where another is best more often."""
    often = sorted(answer.either, key=lambda name: -answer.verdict(name).best_in)
    labels = _quoted([label(answer, name) for name in often])
    shares = [f"{name} in {_best_in(answer, option)}" for name, option in zip(labels, often, strict=True)]
    rest = 1 - sum(answer.verdict(name).best_in for name in often)
    shares += [f"another option in {round(100 * rest)}%"] if rest >= WORTH_SAYING else []
    found = f"Best in the likely cases: {', '.join(shares)}."
    first = f"{labels[often.index(answer.first)]} stands first"
    if _least_on_average(answer):
        told = f" {first} because it loses least on average over all of them."
        return found if often[0] == answer.first else found + told
    return (
        f"{found} {first} as the plain answer: nothing stated speaks for another by more than the efforts are in doubt."
    )


def _least_on_average(answer: Answer) -> bool:
    """Whether the first has the least mean regret; else it leads as the default."""
    return answer.verdict(answer.first).regret <= min(answer.verdict(name).regret for name in answer.either)


def _best_in(answer: Answer, option: str) -> str:
    share = answer.verdict(option).best_in
    return f"{round(100 * share)}%" if share == 0 or share >= 0.005 else "under 1%"


def share_text(share: float) -> str:
    """A share of the worlds: in 63% of the likely cases."""
    if share > 0.995:
        return "nearly all likely cases" if share < 1 else "all likely cases"
    return f"{round(100 * share)}% of the likely cases"


def _why(answer: Answer) -> str:
    """Where the plain answer falls behind, or that nothing forces another one."""
    default = answer.framework.default
    if not answer.first or (answer.either and answer.first == default):
        return ""
    if answer.first == default:
        return "It is the plain answer, and nothing stated forces another."
    verdict = answer.verdict(default)
    if verdict.verdict == "ruled out" and verdict.excluded_by:
        return f"The plain answer, {verdict.label}, is ruled out: {_rule(verdict.excluded_by[0])}"
    how = "falls short:" if _misses(answer, verdict) else "is"
    return f"The plain answer, {verdict.label}, {how} {_lower(_short(answer, verdict))}"


def _short(answer: Answer, verdict: Verdict) -> str:
    """Why the plain answer is not first, without what the list of the others says of it after that."""
    return _shortfall(answer, verdict) if verdict.behind_by and not verdict.dominated_by else _reason(answer, verdict)


def _misses(answer: Answer, verdict: Verdict) -> bool:
    """Whether it misses a goal, in most likely cases, where it is most behind."""
    cell = answer.row(verdict.behind_by).cells.get(verdict.option) if verdict.behind_by else None
    return cell is not None and cell.missed > MOSTLY


def _not_considered(answer: Answer) -> Iterator[Told]:
    """Facts with the same reason together."""
    found: dict[str, list[str]] = {}
    for item in answer.not_considered:
        found.setdefault(item.why, []).append(FIELDS[item.name].label)
    for why, labels in found.items():
        yield Told("; ".join(labels), why)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _row(row: Row, names: list[str]) -> TableRow:
    cells = tuple(_cell(row.cells.get(name)) for name in names)
    goal = ", ".join(part for part in (f"at most {row.goal}" if row.goal else "", _seldom(row.counts)) if part)
    differs = len(cells) == 1 or len({cell and (cell.text, cell.range) for cell in cells}) > 1
    return TableRow(row.label, goal, row.stated or not row.goal, differs, cells)


def _seldom(counts: float) -> str:
    """For an outcome that counts in some of the worlds only."""
    return f"counted in {max(1, round(100 * counts))}% of the cases" if 0 < counts < MOSTLY else ""


def _cell(cell: Cell | None) -> TableCell | None:
    return None if cell is None else TableCell(cell.text, cell.range, cell.missed > MOSTLY)


def _others(answer: Answer) -> Iterator[Told]:
    """Options with the same reason together, in the order of the best of them."""
    found: dict[str, list[str]] = {}
    for verdict in answer.verdicts:
        if verdict.verdict not in ("first", "either"):
            found.setdefault(_reason(answer, verdict), []).append(verdict.label)
    for reason, labels in found.items():
        yield Told(_listed(labels), reason)


def _reason(answer: Answer, verdict: Verdict) -> str:
    """Why an option is not first."""
    rules = [reason for reason in verdict.excluded_by if reason.share >= 1] or list(verdict.excluded_by[:1])
    if verdict.verdict == "ruled out" and rules:
        return f"Ruled out. {_rule(rules[0])}"
    risk = ""
    if rules and rules[0].share >= WORTH_SAYING:
        risk = f" In {share_text(rules[0].share)} it is ruled out: {rules[0].because}"
    if verdict.dominated_by:
        return f"Nowhere better than {label(answer, verdict.dominated_by)}, and worse on the whole.{risk}"
    return f"{_behind(answer, verdict)}{risk}".strip()


def _rule(reason: Reason) -> str:
    facts = f" ({'; '.join(reason.facts)})" if reason.facts else ""
    return f"{reason.because}{facts}"


def _behind(answer: Answer, verdict: Verdict) -> str:
    """Where it loses most against the first and where it gains most, with both values, and how often it is best."""
    if not verdict.behind_by or not answer.first:
        return "" if verdict.excluded_by else "Equal, with more effort to run."
    behind = _shortfall(answer, verdict)
    ahead = _ahead(answer, verdict) if behind else ""
    ahead = f"; ahead in {ahead}" if ahead else ""
    often = f" Best in {share_text(verdict.best_in)}." if verdict.best_in >= WORTH_SAYING else ""
    return f"{behind.removesuffix('.')}{ahead}.{often}" if behind else ""


def _shortfall(answer: Answer, verdict: Verdict) -> str:
    """Where it loses most against the first."""
    row = answer.row(verdict.behind_by)
    own, first = row.cells.get(verdict.option), row.cells.get(answer.first)
    if own is None:
        return ""
    if first is None:
        return (
            f"Behind in {_lower(row.name)}: {_counted(own.text, row)}; {label(answer, answer.first)} has no part in it."
        )
    return f"Behind in {_compared(row, own, first, own.value > first.value)}."


def _ahead(answer: Answer, verdict: Verdict) -> str:
    """The outcome in which an option gains most against the first, where that is worth telling and shows."""
    gains = []
    for row in answer.rows:
        own, first = row.cells.get(verdict.option), row.cells.get(answer.first)
        if own is not None and first is not None and first.regret - own.regret >= WORTH_GAINING:
            mine, other = _told_apart(own, first, own.value < first.value)
            if mine != other:
                gains.append((first.regret - own.regret, _compared(row, own, first, own.value < first.value)))
    return max(gains, key=lambda each: each[0])[1] if gains else ""


def _compared(row: Row, own: Cell, first: Cell, by_middle: bool) -> str:
    """An outcome of an option and the first's."""
    mine, other = _told_apart(own, first, by_middle)
    return f"{_lower(row.name)}: {_counted(mine, row)} against {other}"


def _told_apart(own: Cell, first: Cell, by_middle: bool) -> tuple[str, str]:
    """The middles of two values where these tell, else their ranges."""
    return (own.text, first.text) if by_middle and own.text != first.text else (_ends(own), _ends(first))


def _counted(text: str, row: Row) -> str:
    return f"{text} {row.suffix}".strip()


def _ends(cell: Cell) -> str:
    return cell.range or cell.text


def _changes(answer: Answer) -> Iterator[Told]:
    """Numbers by distance, then words by likelihood."""
    for flip in (answer.flips or ())[:SHOWN_FLIPS]:
        yield Told(number_change(flip, answer.workload), label(answer, flip.becomes))
    words: dict[tuple[str, str], list[str]] = {}
    for word in (answer.word_flips or ())[:SHOWN_FLIPS]:
        words.setdefault((word.input, word.becomes), []).append(word_meaning(word))
    for (name, becomes), meanings in words.items():
        yield Told(f"{FIELDS[name].label}: {', or '.join(meanings)}", label(answer, becomes))


def _steady(answer: Answer) -> str:
    """What is said where the search for changes has found none."""
    if answer.flips is None or answer.flips or answer.word_flips or not answer.first:
        return ""
    few = " Little is stated; what else you know may." if len(answer.workload.values) < FEW_STATED else ""
    return f"No single fact, changed within what is plausible, was found to change the choice; two together may.{few}"


def number_change(flip: Flip, workload: Workload) -> str:
    """Read rate 2.4 times higher: 48/s instead of the 20/s assumed."""
    value, now = flip_texts(flip)
    if isinstance(workload.values.get(flip.input), Interval):
        now = fact_text(flip.input, workload)
    how = _times(flip)
    kind = "stated" if flip.stated else "assumed"
    return f"{FIELDS[flip.input].label}{' ' + how if how else ''}: {value} instead of the {now} {kind}"


def _times(flip: Flip) -> str:
    if not 0 < flip.factor < math.inf:
        return "higher" if flip.direction == "up" else "lower"
    times = max(flip.factor, 1 / flip.factor)
    way = "higher" if flip.direction == "up" else "lower"
    if times < NEAR:
        return way
    if times < ALMOST:
        return f"{round(100 * abs(flip.factor - 1))}% {way}"
    return f"{units.number_text(times, 2)} times {way}" if times < FARTHEST else f"far {way}"


def word_meaning(flip: WordFlip) -> str:
    return FIELDS[flip.input].words[flip.word][1]  # type: ignore[union-attr]


def _asked(answer: Answer) -> Told | None:
    """What to find out first; of what is stated already, how sure it is."""
    name = answer.ask.input if answer.ask is not None else answer.settled_by
    if not name:
        return None
    field = FIELDS[name]
    meaning = (
        "" if field.meaning.lower() in (field.label.lower(), f"the {field.label.lower()}") else f"{field.meaning}."
    )
    stated = name in answer.workload.values
    sure = f"Stated is {fact_text(name, answer.workload)}; how sure is that?" if stated else ""
    return Told(field.label, " ".join(filter(None, (meaning, sure))))


def _cautions(answer: Answer) -> Iterator[Told]:
    """Each once, with the options that it is about; all of them need no name."""
    options = answer.either or (answer.first,)
    found: dict[str, list[str]] = {}
    for option in options:
        for caution in answer.cautions:
            if caution.option == option:
                found.setdefault(caution.because, []).append(label(answer, option))
    for because, labels in found.items():
        yield Told(_listed(labels) if len(labels) < len(options) else "", because)


def _products(answer: Answer) -> Iterator[Told]:
    for option in answer.either or ((answer.first,) if answer.first else ()):
        products = answer.verdict(option).products
        if products:
            names = ", ".join(name for name, _ in products)
            yield Told(label(answer, option), f"{names} (looked at {_dates(date for _, date in products)})")


def _dates(dates: Iterable[str]) -> str:
    ends = sorted(set(dates))
    return ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"
