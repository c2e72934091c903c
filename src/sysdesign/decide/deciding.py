"""A framework and a workload to an answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sysdesign.decide.answer import Answer, Caution, Cell, NotConsidered, Reason, Row, Verdict, fact_text
from sysdesign.decide.contradiction import smallest_conflict
from sysdesign.decide.evaluation import NONE, Evaluation, Part, evaluate
from sysdesign.decide.flips import Flip, WordFlip, flips
from sysdesign.decide.framework import Constraint, Framework
from sysdesign.decide.outcome import Outcome
from sysdesign.decide.prices import Prices
from sysdesign.decide.questions import question
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import COUNT, sampled, sampler_of

RANGE = (0.1, 0.5, 0.9)  # quantiles that a cell shows
MOST_CLOSE = 3  # options that a close call names; more would say nothing
MILLION = 1e6
MONEY = ("goals.cost_per_month",)


def decide(
    framework: Framework,
    workload: Workload,
    *,
    prices: Prices | None = None,
    with_flips: bool = True,
    worlds: int = COUNT,
    seed: int = 0,
) -> Answer:
    """Decide. The same framework, workload, worlds and seed give the same answer."""
    with np.errstate(all="ignore"):
        evaluation = evaluate(framework, sampled(workload, framework.derived, worlds, seed), prices)
        answer = _answer(evaluation, workload)
        if not with_flips:
            return answer
        numbers, words = flips(evaluation)
    settled_by = numbers[0].input if answer.either and answer.ask is None and numbers else ""
    return replace(answer, flips=numbers, word_flips=words, settled_by=settled_by)


def first_and_flips(framework: Framework, workload: Workload) -> tuple[str, tuple[Flip, ...], tuple[WordFlip, ...]]:
    """Of an answer what comes first, "" for nothing, and what would change that, without the work for the rest."""
    with np.errstate(all="ignore"):
        evaluation = evaluate(framework, sampled(workload, framework.derived))
        first = int(evaluation.firsts[0])
        return evaluation.options[first] if first != NONE else "", *flips(evaluation)


def _answer(evaluation: Evaluation, workload: Workload) -> Answer:
    framework, first = evaluation.framework, int(evaluation.firsts[0])
    either = _either(evaluation, first)
    name = evaluation.options[first] if first != NONE else ""
    return Answer(
        framework=framework,
        workload=workload,
        first=name,
        either=tuple(evaluation.options[at] for at in either),
        confidence=_confidence(evaluation, either or (first,)) if name else 0.0,
        worlds=evaluation.shape[1],
        rows=tuple(_row(evaluation, part, workload) for part in evaluation.parts.values()),
        verdicts=_verdicts(evaluation, first, either),
        contradiction=() if name else smallest_conflict(framework, evaluation.worlds),
        cautions=_cautions(evaluation),
        not_considered=_not_considered(evaluation, workload),
        notes=_notes(evaluation),
        ask=question(evaluation, either),
        prices=evaluation.prices.digest if evaluation.prices is not None else "",
        settled_by="",
    )


def _either(evaluation: Evaluation, first: int) -> tuple[int, ...]:
    """The first and what cannot be told from the leader, that which is best most often among it; or empty."""
    if first == NONE:
        return ()
    leader = int(evaluation.leaders[0])
    often = np.bincount(_best(evaluation), minlength=len(evaluation.options))
    near = [at for at in range(len(evaluation.options)) if evaluation.close(at)[0] or at == leader]
    close = [at for at in near if often[at] or at in (first, leader)]  # what is never best is no rival
    foremost = max(close, key=lambda at: often[at])
    close.sort(key=lambda at: (at != first, evaluation.means[at, 0]))
    named = close[:MOST_CLOSE]
    if foremost not in named:
        named[-1] = foremost
    return tuple(named) if len(named) > 1 else ()


def _confidence(evaluation: Evaluation, options: tuple[int, ...]) -> float:
    """Share of the worlds in which one of these has the least regret."""
    return float(np.mean(np.isin(_best(evaluation), options)))


def _best(evaluation: Evaluation) -> np.ndarray:
    """The option of least regret in each world, none that every world excludes; ties go to the order of the whole."""
    order = np.argsort(evaluation.means[:, 0], kind="stable")
    ruled_out = evaluation.excluded[order, 0].all(axis=1)
    ranked = np.where(ruled_out[:, None], np.inf, np.round(evaluation.totals[order, 0], 9))
    return order[np.argmin(ranked, axis=0)]


def _dominator(evaluation: Evaluation, at: int) -> str:
    """An option that in no world is worse in any outcome or excluded more often, and is better on the whole."""
    better = evaluation.means[:, 0] < evaluation.means[at, 0] - 1e-6
    found = np.flatnonzero(better & evaluation.nowhere_worse[:, at])
    return evaluation.options[found[0]] if len(found) else ""


def _verdicts(evaluation: Evaluation, first: int, either: tuple[int, ...]) -> tuple[Verdict, ...]:
    best = _best(evaluation)
    placed = {at: place for place, at in enumerate(either)}
    order = sorted(range(len(evaluation.options)), key=lambda at: (placed.get(at, 99), evaluation.means[at, 0]))
    if first != NONE and not either:
        order.sort(key=lambda at: at != first)
    return tuple(_verdict(evaluation, at, rank, first, either, best) for rank, at in enumerate(order, start=1))


def _verdict(
    evaluation: Evaluation, at: int, rank: int, first: int, either: tuple[int, ...], best: np.ndarray
) -> Verdict:
    option = evaluation.framework.options[evaluation.options[at]]
    dominated_by = _dominator(evaluation, at) if at != first else ""
    ruled_out = bool(evaluation.excluded[at].all())
    word = "behind"
    if ruled_out:
        word = "ruled out"
    elif at == first:
        word = "first"
    elif at in either:
        word = "either"
    elif dominated_by:
        word = "dominated"
    return Verdict(
        option=option.id,
        label=option.label,
        classes=option.classes,
        section=option.section,
        verdict=word,
        rank=rank,
        regret=round(float(evaluation.means[at, 0]), 6),
        best_in=float(np.mean(best == at)),
        excluded_by=tuple(_reasons(evaluation, option.id)),
        dominated_by=dominated_by if word == "dominated" else "",
        behind_by=_behind_by(evaluation, at, first) if at != first and not ruled_out else "",
        products=tuple((product.name, product.looked_at) for product in option.products),
    )


def _behind_by(evaluation: Evaluation, at: int, first: int) -> str:
    """The outcome in which an option regrets most more than the first; "" where it is nowhere worse."""
    if first == NONE:
        return ""
    gaps = {name: float(means[at] - means[first]) for name, means in evaluation.mean_regrets.items()}
    name = max(gaps, key=lambda name: gaps[name], default="")
    return name if name and gaps[name] > 0 else ""


def _reasons(evaluation: Evaluation, option: str) -> list[Reason]:
    """The rules that exclude an option in some world, most often first."""
    found = []
    for rule in evaluation.framework.constraints:
        if option in rule.rules_out and (share := _share(evaluation, rule)) > 0:
            facts = _facts(rule, sampler_of(evaluation.worlds).workload)
            found.append(Reason(rule.because, facts, share, rule.source, rule.text, rule.line))
    return sorted(found, key=lambda reason: -reason.share)


def _facts(rule: Constraint, workload: Workload) -> tuple[str, ...]:
    """The stated facts that a rule reads."""
    assert rule.when is not None
    names = sorted(rule.when.fields & workload.values.keys())
    return tuple(f"{FIELDS[name].label}: {fact_text(name, workload)}" for name in names)


def _share(evaluation: Evaluation, rule: Constraint) -> float:
    assert rule.when is not None
    return float(np.mean(rule.when.truth(evaluation.worlds)))


def _row(evaluation: Evaluation, part: Part, workload: Workload) -> Row:
    outcome = part.outcome
    counts = _counts(evaluation, part)
    return Row(
        outcome=outcome.id,
        name=outcome.label,
        suffix=outcome.suffix,
        label=outcome.heading,
        goal=_goal_text(outcome, evaluation, counts),
        counts=float(counts.mean()),
        goals=outcome.goals,
        stated=any(name in workload.values for name in outcome.goals),
        because=part.rule.because,
        source=part.rule.source,
        cells=_cells(evaluation, part, counts),
    )


def _counts(evaluation: Evaluation, part: Part) -> np.ndarray:
    """In which worlds the outcome applies and has weight."""
    held = part.applies & (part.outcome.weight.number(evaluation.worlds) > 0)
    return np.broadcast_to(np.ravel(held), evaluation.shape[1])


def _goal_text(outcome: Outcome, evaluation: Evaluation, counts: np.ndarray) -> str:
    """The goal in the middle world of those in which it counts; "" where none does, or nothing can miss the goal."""
    if outcome.goal is None or not counts.any():
        return ""
    goals = np.broadcast_to(np.ravel(outcome.goal.number(evaluation.worlds)), counts.shape)[counts]
    goal = float(np.quantile(goals, 0.5, method="higher"))
    return "" if outcome.suffix == "per million" and goal >= MILLION else outcome.text(goal)


def _cells(evaluation: Evaluation, part: Part, counts: np.ndarray) -> dict[str, Cell]:
    """The row of an outcome where it applies: the middle world, the range that holds most, and misses of the goal."""
    applies = np.broadcast_to(np.ravel(part.applies), counts.shape)
    values = np.broadcast_to(np.nan_to_num(part.values[:, 0], nan=np.inf), (len(part.names), len(counts)))
    values = np.sort(values[:, applies], axis=1)
    picked = values[:, [round(share * (values.shape[1] - 1)) for share in RANGE]]
    missed = (part.outcome.missed(part.values, evaluation.worlds) & counts).mean(axis=(1, 2))
    regrets = part.regrets.mean(axis=(1, 2))
    whole = evaluation.totals[[evaluation.places[name] for name in part.names], 0].mean(axis=1)
    return {
        name: _cell(part.outcome, picked[at], float(missed[at]), float(regrets[at]), float(whole[at]) or 1.0)
        for at, name in enumerate(part.names)
    }


def _cell(outcome: Outcome, values: np.ndarray, missed: float, regret: float, whole: float) -> Cell:
    low, value, high = map(float, values)
    return Cell(value, low, high, outcome.text(value), outcome.range_text(low, high), missed, regret, regret / whole)


def _cautions(evaluation: Evaluation) -> tuple[Caution, ...]:
    """Cautions that hold in at least half of the worlds, for every option they name."""
    found = []
    for caution in evaluation.framework.cautions:
        if caution.when is None or float(np.mean(caution.when.truth(evaluation.worlds))) >= 0.5:
            found += [Caution(option, caution.because, caution.source) for option in caution.options]
    return tuple(found)


def _notes(evaluation: Evaluation) -> tuple[str, ...]:
    found = (
        f"The model of {call.name.partition('.')[0].replace('_', ' ')} was asked for {' and '.join(outside).lower()} "
        "outside the range where it holds; the nearest value inside was used."
        for call in evaluation.framework.calls
        if (outside := call.outside(evaluation.worlds))
    )
    return tuple(dict.fromkeys(found))


def _not_considered(evaluation: Evaluation, workload: Workload) -> tuple[NotConsidered, ...]:
    """Stated facts that this decision does not read, and goals that it cannot weigh."""
    priced = evaluation.prices is not None
    read = set(evaluation.framework.fields_for(workload)) | set(evaluation.framework.warned_by)
    found = []
    for name in workload.values:
        if name in MONEY and not priced:
            found.append(NotConsidered(name, "it takes prices of your own (--prices); machines are shown instead"))
        elif name not in read:
            found.append(NotConsidered(name, "no effect on this decision"))
    return tuple(found)
