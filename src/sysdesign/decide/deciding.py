"""Framework and workload in, answer out."""

from __future__ import annotations

import numpy as np

from sysdesign.decide import quantity
from sysdesign.decide.answer import Answer, Binding, Caution, Quantity, Reason, Regret, Verdict, fact_text
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
        binding=_binding(framework, verdicts, first),
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
    needed, offered, gap = rule.needed, rule.offered, ""
    if rule.comparison is not None:
        left, right = _compared(rule.comparison, central)
        needed, offered, gap = needed or left.text, offered or right.text, _gap(left, right)
    elif rule.when is not None:
        stated = [
            f"{name} is {fact_text(name, workload)}" for name in sorted(rule.when.fields) if name in workload.values
        ]
        needed = needed or ", ".join(stated)
    return Reason(rule.because, rule.text, needed, offered, gap, rule.source, rule.line, sure)


def _compared(comparison: Compare, central: Worlds) -> tuple[Quantity, Quantity]:
    """Both sides of a comparison, with the digits they need to differ."""
    left, right = _quantity(comparison.left, central), _quantity(comparison.right, central)
    texts = quantity.texts_apart(left.value, right.value, comparison.left.dimension)
    return Quantity(left.value, texts[0]), Quantity(right.value, texts[1])


def _gap(needed: Quantity, offered: Quantity) -> str:
    if needed.value > 0 and offered.value > 0 and np.isfinite(needed.value) and np.isfinite(offered.value):
        factor = max(needed.value / offered.value, offered.value / needed.value)
        return f"a factor of {quantity.number_text(factor)}"
    return f"{needed.text} against {offered.text}"


def _quantity(node: Node, worlds: Worlds) -> Quantity:
    value = float(np.ravel(node.number(worlds).low)[0])
    return Quantity(value, quantity.text(value, node.dimension))


def _regrets(framework: Framework, central: Worlds, outcome: Outcome, at: int) -> list[Regret]:
    found = []
    for index, criterion in enumerate(framework.criteria):
        node = criterion.values.get(outcome.options[at])
        if node is None or not _counts(criterion, central):
            continue
        value, target, limit = (_quantity(part, central) for part in (node, criterion.target, criterion.limit))
        regret = float(np.round(outcome.regrets[index, at, 0], 6))
        found.append(Regret(criterion.name, value, target, limit, regret, criterion.because, criterion.source))
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


def _binding(framework: Framework, verdicts: tuple[Verdict, ...], first: str) -> Binding:
    if not first:
        return Binding("none", ("", ""), "Nothing survives.")
    best, second = verdicts[0], verdicts[1]
    pair = (best.option, second.option)
    if second.verdict == "ruled out":
        rival = next(v for v in verdicts if v.option == framework.default) if first != framework.default else second
        return Binding(
            "constraint", (best.option, rival.option), rival.ruled_out_by[0].because if rival.ruled_out_by else ""
        )
    if second.risks and not best.risks:
        return Binding("constraint", pair, second.risks[0].because)
    return _scored_binding(framework, best, second)


def _scored_binding(framework: Framework, best: Verdict, second: Verdict) -> Binding:
    pair = (best.option, second.option)
    ours = {regret.criterion: regret for regret in best.regrets}
    theirs = {regret.criterion: regret for regret in second.regrets}
    differences = {name: _of(theirs, name) - _of(ours, name) for name in (*ours, *theirs)}
    name = max(differences, key=lambda name: differences[name], default="")
    if name and differences[name] > 0:
        shown = [
            f"{label}: {side[name].value.text}" if name in side else f"{label}: not concerned"
            for label, side in ((best.label, ours), (second.label, theirs))
        ]
        why = (theirs if name in theirs else ours)[name].because
        return Binding("criterion", pair, f"{name} ({'; '.join(shown)}){'. ' + why if why else ''}")
    if best.liked_because:
        return Binding("preference", pair, best.liked_because[0])
    return Binding(
        "default",
        pair,
        "Nothing separates them, and the default is the plainer answer."
        if best.option == framework.default
        else "Nothing separates them but their order.",
    )


def _of(regrets: dict[str, Regret], name: str) -> float:
    return regrets[name].regret if name in regrets else 0.0
