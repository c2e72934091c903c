"""Whether a recorded decision still holds, and what has changed since."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sysdesign import __version__
from sysdesign.decide.answer import Answer, fact_text
from sysdesign.decide.deciding import decide
from sysdesign.decide.field import Number
from sysdesign.decide.framework import Framework
from sysdesign.decide.prices import Prices
from sysdesign.decide.record import NONE, Cells, Kept, outcomes_of
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.wording import any_of, label
from sysdesign.decide.workload import Workload

SHOWN = 12  # changed outcomes that are told one by one


@dataclass(frozen=True)
class Change:
    """A fact, or a cell of the outcome table, that is no longer what it was; "" where there was or is none."""

    what: str
    then: str
    now: str
    read: bool = True  # whether the decision reads it


@dataclass(frozen=True)
class Recheck:
    """A recorded decision beside the same decision today."""

    kept: Kept
    facts: tuple[Change, ...]
    outcomes: tuple[Change, ...]
    edited: bool  # the workload inside is another one than when the record was written
    sources: tuple[str, ...]  # what else is not as it was: rules, efforts, prices, version
    by_sources: bool  # the choice differs for the recorded workload already
    answer: Answer

    @property
    def then(self) -> str:
        return self.kept.front["first"]

    @property
    def now(self) -> str:
        return self.answer.first or NONE

    @property
    def holds(self) -> bool:
        """Whether the choice is what was recorded, for a workload that was not edited since."""
        return not self.edited and self.then == self.now and set(self.kept.either) == set(self.answer.either)

    def as_json(self) -> dict[str, Any]:
        plain = {key: getattr(self, key) for key in ("then", "now", "holds", "edited", "by_sources")}
        changes = {key: [dict(vars(each)) for each in getattr(self, key)] for key in ("facts", "outcomes")}
        front = {"decision": self.kept.front["decision"], "decided": self.kept.front["date"]}
        return {**front, **plain, **changes, "sources": list(self.sources), "answer": self.answer.as_json()}

    def prose(self) -> str:
        return "\n\n".join([self._verdict(), *self._changed()]) + "\n"

    def _verdict(self) -> str:
        if self.edited:
            return (
                "Does not hold: the workload in the record was edited after the record was written, so it is not what "
                "was decided for. Decide again, and write a new record."
            )
        then = self._named(self.then, self.kept.either)
        now = self._named(self.now, self.answer.either)
        return f"Still holds: {now}." if self.holds else f"No longer holds: then {then}; now {now}."

    def _named(self, first: str, either: tuple[str, ...]) -> str:
        known = self.answer.framework.options
        names = [f"“{label(self.answer, name) if name in known else name}”" for name in either or (first,)]
        return f"either {any_of(names)}" if either else names[0]

    def _changed(self) -> Iterator[str]:
        read = [change for change in self.facts if change.read]
        if read:
            yield "Facts that changed:\n" + _lines(read)
        unread = len(self.facts) - len(read)
        if unread:
            which = f"{'other ' if read else ''}fact{'' if unread == 1 else 's'}"
            yield f"{unread} {which} changed that this decision does not read."
        if self.outcomes:
            told = sorted(self.outcomes, key=lambda each: _middle(each.then) == _middle(each.now))
            yield "Outcomes that changed:\n" + _lines(told[:SHOWN])
        if len(self.outcomes) > SHOWN:
            yield f"{len(self.outcomes) - SHOWN} other outcomes changed."
        if self.sources:
            alone = " That alone changes the choice." if self.by_sources else ""
            yield f"Not as it was when decided: {', '.join(self.sources)}.{alone}"
        if self.outcomes and not (self.facts or self.sources or self.edited):
            yield (
                "Facts, rules, efforts, prices and version are as they were: either the table was edited after the "
                "record was written, or the models changed."
            )
        if not (self.facts or self.outcomes or self.sources or self.edited):
            yield "Nothing changed: facts, outcomes, rules, efforts and version are the same."


def _middle(cell: str) -> str:
    """A cell without its range: where that alone changed, others are told first."""
    return cell.partition(" (")[0]


def _lines(changes: tuple[Change, ...] | list[Change]) -> str:
    return "\n".join(f"- {each.what}: {each.then or 'not there'}, now {each.now or 'not there'}" for each in changes)


def recheck(
    kept: Kept, framework: Framework, workload: Workload | None = None, prices: Prices | None = None
) -> Recheck:
    """Decide a record again by its framework, for its own workload or a newer one."""
    now = workload or kept.workload
    answer = decide(framework, now, prices=prices)
    same = decide(framework, kept.workload, prices=prices, with_flips=False) if workload is not None else answer
    return Recheck(
        kept=kept,
        facts=tuple(_facts(kept.workload, now, framework)),
        outcomes=tuple(_outcomes(kept.outcomes, outcomes_of(answer))),
        edited=kept.workload.digest != kept.front["workload_digest"],
        sources=tuple(_sources(kept.front, answer)),
        by_sources=(same.first or NONE) != kept.front["first"],
        answer=answer,
    )


def _sources(front: Mapping[str, str], answer: Answer) -> Iterator[str]:
    """What the answer came from besides the workload, where it is not what it was."""
    then_and_now = (
        ("framework_digest", answer.framework.digest, "the rules of the decision"),
        ("efforts_digest", answer.framework.efforts.digest, "the catalog of efforts"),
        ("prices_digest", answer.prices or NONE, "the prices"),
        ("sysdesign", __version__, f"the version of sysdesign ({front['sysdesign']}, now {__version__})"),
    )
    for key, now, said in then_and_now:
        if front[key] != now:
            yield said


def _outcomes(then: Cells, now: Cells) -> Iterator[Change]:
    for key in [*now, *(key for key in then if key not in now)]:
        before, after = then.get(key, ""), now.get(key, "")
        if before != after:
            yield Change(f"{key[1]}, {key[0][:1].lower()}{key[0][1:]}", before, after)


def _facts(then: Workload, now: Workload, framework: Framework) -> Iterator[Change]:
    for name in sorted({*then.values, *now.values}):
        before, after = then.values.get(name), now.values.get(name)
        if before != after and not _equal(before, after):
            yield Change(FIELDS[name].label, *_apart(name, then, now), read=name in framework.warned_by)


def _apart(name: str, then: Workload, now: Workload) -> tuple[str, str]:
    """The fact in both workloads; two numbers with the digits they need to differ."""
    field, before, after = FIELDS[name], then.values.get(name), now.values.get(name)
    if isinstance(field, Number) and isinstance(before, float) and isinstance(after, float):
        return field.texts_apart(before, after)
    return fact_text(name, then), fact_text(name, now)


def _equal(before: Any, after: Any) -> bool:
    return isinstance(before, float) and isinstance(after, float) and math.isclose(before, after, rel_tol=1e-11)
