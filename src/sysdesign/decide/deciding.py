"""Framework and workload in, answer out."""

from __future__ import annotations

import numpy as np

from sysdesign import units
from sysdesign.decide.answer import Answer, Caution, Quantity, Reason, Regret, Verdict, fact_text
from sysdesign.decide.binding import binding
from sysdesign.decide.confidence import WORLDS, confidence
from sysdesign.decide.contradiction import smallest_conflict
from sysdesign.decide.evaluation import NONE, Outcome, evaluate
from sysdesign.decide.flips import flips
from sysdesign.decide.framework import TOLERANCE, Constraint, Criterion, Framework
from sysdesign.decide.node import Compare, Node, Worlds
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import Views, stated_world


def decide(
    framework: Framework,
    workload: Workload,
    *,
    with_flips: bool = True,
    with_confidence: bool = True,
    worlds: int = WORLDS,
    seed: int = 0,
) -> Answer:
    """The answer of one framework for one workload.

    Without flips and confidence it costs one evaluation; with them a few thousand
    worlds more. The same framework, workload, worlds and seed give the same answer.
    """
    views = stated_world(framework, workload)
    outcome = evaluate(framework, views)
    with np.errstate(all="ignore"):
        answer = _answer(framework, workload, views, outcome)
    changes = flips(framework, workload, answer.first) if with_flips else (None, None)
    share = confidence(framework, workload, answer.first, worlds, seed) if with_confidence else None
    return Answer(**{**vars(answer), "flips": changes[0], "word_flips": changes[1], "confidence": share})


def _answer(framework: Framework, workload: Workload, views: Views, outcome: Outcome) -> Answer:
    first = outcome.options[outcome.first[0]] if outcome.first[0] != NONE else ""
    verdicts = _verdicts(framework, workload, views, outcome, first)
    return Answer(
        framework=framework,
        workload=workload,
        first=first,
        verdicts=verdicts,
        binding=binding(framework, verdicts, first),
        does_not_matter=_alike(verdicts, first),
        contradiction=() if first else smallest_conflict(framework, workload),
        cautions=_cautions(framework, views),
        numbers=tuple((name, _quantity(node, views.central)) for name, node in framework.derived.items()),
        notes=_notes(framework, views.central),
    )


def _verdicts(
    framework: Framework, workload: Workload, views: Views, outcome: Outcome, first: str
) -> tuple[Verdict, ...]:
    order = np.argsort(outcome.placing[:, 0], kind="stable")
    dominators = {name: _dominator(outcome, at) for at, name in enumerate(outcome.options)}
    holding = _holding(framework, workload, views, outcome)
    found = []
    for rank, at in enumerate(order, start=1):
        option = framework.options[outcome.options[at]]
        reasons = [reason for rule, reason in holding if option.id in rule.rules_out]
        dominated_by = dominators[option.id] if option.id != first else ""
        verdict = (
            "ruled out"
            if outcome.ruled_out[at, 0]
            else "first"
            if option.id == first
            else "dominated"
            if dominated_by
            else "viable"
        )
        found.append(
            Verdict(
                option=option.id,
                label=option.label,
                classes=option.classes,
                section=option.section,
                verdict=verdict,
                rank=rank,
                score=float(outcome.score[at, 0]),
                ruled_out_by=tuple(reason for reason in reasons if reason.sure),
                risks=tuple(reason for reason in reasons if not reason.sure),
                regrets=tuple(_regrets(framework, views.central, outcome, int(at))),
                liked_because=_liked(framework, views.central, option.id),
                dominated_by=dominated_by if verdict == "dominated" else "",
            )
        )
    return tuple(found)


def _dominator(outcome: Outcome, at: int) -> str:
    """An option that survives, is nowhere worse, and is better by more than the tolerance."""
    for other, name in enumerate(outcome.options):
        if other == at or outcome.ruled_out[other, 0] or outcome.doubts[other, 0] > outcome.doubts[at, 0]:
            continue
        nowhere_worse = bool(np.all(outcome.regrets[:, other, 0] <= outcome.regrets[:, at, 0] + 1e-12))
        liked = outcome.liking[other, 0] >= outcome.liking[at, 0]
        if nowhere_worse and liked and outcome.score[other, 0] < outcome.score[at, 0] - TOLERANCE:
            return name
    return ""


def _holding(
    framework: Framework, workload: Workload, views: Views, outcome: Outcome
) -> list[tuple[Constraint, Reason]]:
    """The constraints that hold, surely or at the central values, each with its reason."""
    found = []
    for rule, truth in zip(framework.constraints, outcome.fired, strict=True):
        sure, central = bool(np.all(truth.sure)), bool(np.all(truth.possible))
        if sure or central:
            found.append((rule, _reason(rule, workload, views.central, sure)))
    return found


def _reason(rule: Constraint, workload: Workload, central: Worlds, sure: bool) -> Reason:
    """The rule with what it compares; where one side is said in words, so is the gap, and no factor is given."""
    needed, offered, gap, stated = rule.needed, rule.offered, "", False
    if rule.comparison is not None and not (needed and offered):
        left, right = _compared(rule.comparison, central)
        gap = "" if needed or offered else _gap(left, right)
        needed, offered = needed or left.text, offered or right.text
    elif rule.when is not None and not needed:
        facts = [f"{name} is {fact_text(name, workload)}" for name in sorted(rule.when.fields & workload.values.keys())]
        needed, stated = ", ".join(facts), bool(facts)
    return Reason(rule.because, rule.text, needed, offered, gap, rule.source, rule.line, sure, stated)


def _compared(comparison: Compare, central: Worlds) -> tuple[Quantity, Quantity]:
    """Both sides of a comparison, with the digits they need to differ."""
    left, right = (_value(node, central) for node in (comparison.left, comparison.right))
    unit = "share" if comparison.left.is_share or comparison.right.is_share else ""
    texts = units.texts_apart(left, right, comparison.left.dimension, unit)
    return Quantity(left, texts[0]), Quantity(right, texts[1])


def _gap(needed: Quantity, offered: Quantity) -> str:
    if needed.value > 0 and offered.value > 0 and np.isfinite(needed.value) and np.isfinite(offered.value):
        factor = max(needed.value / offered.value, offered.value / needed.value)
        return f"a factor of {units.number_text(factor)}"
    return f"{needed.text} against {offered.text}"


def _value(node: Node, worlds: Worlds) -> float:
    return float(np.ravel(node.number(worlds).low)[0])


def _quantity(node: Node, worlds: Worlds, share: bool = False) -> Quantity:
    value = _value(node, worlds)
    return Quantity(value, units.text(value, node.dimension, "share" if share or node.is_share else ""))


def _regrets(framework: Framework, central: Worlds, outcome: Outcome, at: int) -> list[Regret]:
    found = []
    for index, criterion in enumerate(framework.criteria):
        node = criterion.values.get(outcome.options[at])
        if node is None or not _counts(criterion, central):
            continue
        parts = (node, criterion.target, criterion.limit)
        value, target, limit = (_quantity(part, central, criterion.is_share) for part in parts)
        regret = float(np.round(outcome.regrets[index, at, 0], 6))
        found.append(
            Regret(
                criterion.name, value, target, limit, regret, criterion.because, criterion.source, criterion.is_judged
            )
        )
    return found


def _counts(criterion: Criterion, central: Worlds) -> bool:
    return criterion.when is None or bool(np.all(criterion.when.truth(central).sure))


def _liked(framework: Framework, central: Worlds, option: str) -> tuple[str, ...]:
    return tuple(
        preference.because
        for preference in framework.preferences
        if preference.option == option
        and preference.when is not None
        and bool(np.all(preference.when.truth(central).sure))
    )


def _cautions(framework: Framework, views: Views) -> tuple[Caution, ...]:
    """Cautions that hold at the central values, for every option they name."""
    found = []
    for caution in framework.cautions:
        if caution.when is None or bool(np.all(caution.when.truth(views.central).sure)):
            found += [Caution(option, caution.because, caution.source) for option in caution.options]
    return tuple(found)


def _notes(framework: Framework, central: Worlds) -> tuple[str, ...]:
    return tuple(
        f"{call.name} was asked outside the range where it holds ({', '.join(outside)}); "
        "the nearest input inside was used"
        for call in framework.calls
        if (outside := call.outside(central))
    )


def _alike(verdicts: tuple[Verdict, ...], first: str) -> tuple[str, ...]:
    if not first:
        return ()
    best = next(verdict for verdict in verdicts if verdict.option == first)
    near = [
        verdict.option
        for verdict in verdicts
        if verdict.verdict != "ruled out" and not verdict.risks and abs(verdict.score - best.score) <= TOLERANCE
    ]
    return tuple(near) if len(near) > 1 else ()
