"""Decisions kept: a record in MADR form with its workload inside, and whether it still holds.

The record is Markdown. Its front matter says what was decided, from which
framework (digest) and workload (digest), and when; the workload itself stands in
its last section, so that the record can be checked again with nothing else at hand.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sysdesign import __version__
from sysdesign.content.located import parse
from sysdesign.decide.answer import Answer, Regret, Verdict, fact_text
from sysdesign.decide.deciding import decide
from sysdesign.decide.field import Field, Number
from sysdesign.decide.framework import Framework
from sysdesign.decide.prose import deciding_facts, flip_text, reason_text, share_text, word_text
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload, parse_workload
from sysdesign.errors import BadContent, UnknownName, nearest
from sysdesign.units import PURE

_FRONT = re.compile(r"\A---\n(?P<front>.*?)\n---\n", re.DOTALL)
KEYS = ("status", "date", "decision", "first", "framework_digest", "workload_digest", "sysdesign")
LIMIT_CHARACTERS = 1_000_000


def record(answer: Answer, date: dt.date, status: str = "proposed") -> str:
    """The answer as a decision record (MADR), `date` being the day it was decided."""
    workload = _workload_yaml(answer.workload)
    front = {
        "status": status,
        "date": date.isoformat(),
        "decision": answer.framework.id,
        "first": answer.first or "none",
        "framework_digest": answer.framework.digest,
        "workload_digest": parse_workload(workload).digest,  # of what stands below, to which it is held
        "sysdesign": __version__,
    }
    head = "---\n" + "".join(f"{key}: {value}\n" for key, value in front.items()) + "---\n"
    return head + "\n" + "\n\n".join(_parts(answer)) + "\n"


def _parts(answer: Answer) -> Iterator[str]:
    first = answer.framework.options[answer.first].label if answer.first else "no option survives"
    yield f"# {answer.framework.question.rstrip('?')}: {first}"
    name = " ".join(answer.workload.name.split())
    yield f"## Context and Problem Statement\n\n{answer.framework.question}\nDecided for the workload below ({name})."
    yield "## Considered Options\n\n" + _bullets(verdict.label for verdict in answer.verdicts)
    yield "## Decision Outcome\n\n" + _outcome(answer)
    if answer.cautions or answer.interactions():
        yield "### Consequences\n\n" + _bullets(_consequences(answer))
    yield f"### Confirmation\n\nRun `sysdesign recheck` on this record with the workload as it then is.{_share(answer)}"
    yield "## Pros and Cons of the Options\n\n" + "\n\n".join(_option(verdict) for verdict in answer.verdicts)
    yield "## Revisit when\n\n" + (_bullets(_revisit(answer)) or "No single input, changed alone, changes the choice.")
    yield f"## Workload\n\n```yaml\n{_workload_yaml(answer.workload)}```"


def _outcome(answer: Answer) -> str:
    if not answer.first:
        wishes = ", ".join(f"{name} ({fact_text(name, answer.workload)})" for name in answer.contradiction)
        return f"No option survives. These wishes cannot hold together: {wishes}."
    facts = " ".join(deciding_facts(answer)) or "It is the plain answer and nothing forces another."
    return f'Chosen option: "{answer.framework.options[answer.first].label}", because: {facts}'


def _consequences(answer: Answer) -> Iterator[str]:
    for caution in answer.cautions:
        if caution.option in (answer.first, ""):
            yield f"Beware: {caution.because}"
    for edge in answer.interactions():
        yield f"{edge['kind'].capitalize()} {edge['target']}: {edge['because']}"


def _share(answer: Answer) -> str:
    found = answer.confidence
    if found is None or not found.open_inputs:
        return ""
    question = f" The fact to find out first: `{found.question}`." if found.question else ""
    return f" It stayed first in {share_text(found.share)} {found.worlds:,} sampled worlds.{question}"


def _option(verdict: Verdict) -> str:
    lines = [f"Verdict: {verdict.verdict}."]
    lines += [f"Bad, because {_lower(reason_text(reason))}" for reason in verdict.ruled_out_by]
    lines += [f"At risk, because {_lower(reason_text(reason))}" for reason in verdict.risks]
    lines += [f"Good, because {_lower(text)}" for text in verdict.liked_because]
    for regret in verdict.regrets:
        good = "Good" if regret.regret <= 0.25 else "Neutral" if regret.regret < 0.75 else "Bad"
        lines.append(f"{good}: {regret.criterion}: {_on_scale(regret)}")
    return f"### {verdict.label}\n\nSee {verdict.section}.\n\n" + _bullets(lines)


def _on_scale(regret: Regret) -> str:
    if regret.judged:
        return f"{regret.value.text} on a scale from {regret.target.text} to {regret.limit.text}"
    return f"{regret.value.text} ({regret.target.text} is fine, {regret.limit.text} the limit)"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[:2].istitle() else text


def _revisit(answer: Answer) -> Iterator[str]:
    for flip in answer.flips or ():
        yield flip_text(flip, answer)
    for change in answer.word_flips or ():
        label = answer.framework.options[change.becomes].label if change.becomes else "no option is left"
        yield f"{word_text(change.input, change.word)}: {label}"


def _bullets(lines: Any) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _workload_yaml(workload: Workload) -> str:
    lines = [f"name: {_scalar(workload.name)}"]
    for group, facts in workload.as_json().items():
        lines.append(f"{group}:")
        lines += [f"  {key}: {_with_unit(value, FIELDS[f'{group}.{key}'])}" for key, value in facts.items()]
    return "\n".join(lines) + "\n"


def _with_unit(value: Any, field: Field) -> str:
    """A value as the workload file takes it: with its unit, where that is one of time, size or money."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_with_unit(inner, field)}" for key, inner in value.items()) + "}"
    if not isinstance(field, Number) or "/" in field.unit or field.dimension == PURE:
        return _scalar(value)
    return f"{_scalar(value)} {field.unit}"


def _scalar(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    if re.fullmatch(r"[a-z][a-z_]*", text):
        return text
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]|[\ud800-\udfff]", " ", text).replace("`", "'")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True)
class Change:
    """A fact that is no longer what it was."""

    input: str
    then: str
    now: str


@dataclass(frozen=True)
class Recheck:
    """Whether a recorded decision still holds."""

    decision: str
    decided: str  # the record's date
    then: str  # option, or "none"
    now: str
    changes: tuple[Change, ...]
    edited: bool  # the workload inside is not the one that was recorded
    rules_changed: bool  # the framework is another one than the record's
    by_rules: bool  # the choice differs for the recorded workload already
    answer: Answer

    @property
    def holds(self) -> bool:
        return self.then == self.now and not self.edited

    def as_json(self) -> dict[str, Any]:
        plain = {
            key: getattr(self, key)
            for key in ("decision", "decided", "then", "now", "holds", "edited", "rules_changed", "by_rules")
        }
        return {**plain, "changes": [vars(change) for change in self.changes], "answer": self.answer.as_json()}

    def prose(self) -> str:
        options = self.answer.framework.options
        then, now = (options[name].label if name in options else name for name in (self.then, self.now))
        changed = f"No longer holds: \u201c{then}\u201d was chosen, \u201c{now}\u201d is first now."
        edited = (
            f"Does not hold: its workload was edited after it was recorded. For what it says now: \u201c{now}\u201d."
        )
        verdict = edited if self.edited else f"Still holds: {now}." if self.holds else changed
        parts = [verdict, *self._what_changed()]
        if self.rules_changed:
            parts.append(
                "The framework's rules have changed since"
                + (", and that alone changes the choice." if self.by_rules else ".")
            )
        return "\n\n".join(parts) + "\n"

    def _what_changed(self) -> Iterator[str]:
        """The facts that changed; those that the decision does not read are only counted."""
        read = self.answer.framework.warned_by
        lines = [f"{change.input}: {change.then}, now {change.now}" for change in self.changes if change.input in read]
        if lines:
            yield "What changed:\n" + _bullets(lines)
        others = len(self.changes) - len(lines)
        if others:
            which = f"{'other ' if lines else ''}fact{'' if others == 1 else 's'}"
            yield f"{others} {which} changed that this decision does not read."
        elif not lines:
            yield "No fact of the workload changed."


def recheck(
    text: str, frameworks: Mapping[str, Framework], workload: Workload | None = None, shown: str = "record"
) -> Recheck:
    """Decide a record again, for its own workload or a newer one. Raises SysdesignError."""
    front, then_workload = read_record(text, shown)
    name = front["decision"]
    if name not in frameworks:
        raise UnknownName(
            f"{shown} decides {name!r}, which is no decision here. {nearest(name, frameworks, 'decisions')}"
        )
    framework = frameworks[name]
    answer = decide(framework, workload or then_workload)
    same = decide(framework, then_workload, with_flips=False, with_confidence=False)
    return Recheck(
        decision=name,
        decided=front["date"],
        then=front["first"],
        now=answer.first or "none",
        changes=tuple(_changed(then_workload, workload or then_workload)),
        edited=front["workload_digest"] != then_workload.digest,
        rules_changed=front["framework_digest"] != framework.digest,
        by_rules=(same.first or "none") != front["first"],
        answer=answer,
    )


def read_record(text: str, shown: str = "record") -> tuple[dict[str, str], Workload]:
    """The front matter and the workload of a record. Raises BadContent."""
    if len(text) > LIMIT_CHARACTERS:
        raise BadContent(shown, 1, f"has {len(text):,} characters", f"A record has at most {LIMIT_CHARACTERS:,}")
    text = text.replace("\r\n", "\n")
    front, workload = _FRONT.match(text), _workload_inside(text)
    if front is None or workload is None:
        missing = "front matter" if front is None else "a Workload section with a yaml block"
        raise BadContent(shown, 1, f"has no {missing}", "Give a record that sysdesign decide --record wrote")
    located = parse(front["front"], shown)
    values = located.value if isinstance(located.value, dict) else {}
    for key in KEYS:
        if key not in values:
            raise BadContent(
                shown, 1, f"the front matter has no {key!r}", "Give a record that sysdesign decide --record wrote"
            )
    return {key: str(values[key]) for key in KEYS}, parse_workload(workload, shown)


def _workload_inside(text: str) -> str | None:
    """The yaml block that follows the last section's heading, read line by line; None where there is none."""
    lines = iter(text.splitlines())
    if not any(line.rstrip() == "## Workload" for line in lines):
        return None
    if next((line for line in lines if line.strip()), "") != "```yaml":
        return None
    found: list[str] = []
    for line in lines:
        if line.startswith("```"):
            return "\n".join(found)
        found.append(line)
    return None


def _changed(then: Workload, now: Workload) -> Iterator[Change]:
    for name in sorted({*then.values, *now.values}):
        before, after = then.values.get(name), now.values.get(name)
        if before != after and not _equal(before, after):
            yield Change(name, *_apart(name, then, now))


def _apart(name: str, then: Workload, now: Workload) -> tuple[str, str]:
    """The fact in both workloads; two numbers with the digits they need to differ."""
    field, before, after = FIELDS[name], then.values.get(name), now.values.get(name)
    if isinstance(field, Number) and isinstance(before, float) and isinstance(after, float):
        return field.texts_apart(before, after)
    return fact_text(name, then), fact_text(name, now)


def _equal(before: Any, after: Any) -> bool:
    return isinstance(before, float) and isinstance(after, float) and math.isclose(before, after, rel_tol=1e-11)
