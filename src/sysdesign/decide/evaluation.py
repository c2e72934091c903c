"""Rules over worlds: what is ruled out, how much each option regrets, what is first.

Each option's place depends on that option alone: a fixed scale, a fixed bonus for
the default (the tolerance within which it is preferred), and the order of the file
for exact ties. So an option added or removed never reorders the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sysdesign.decide.framework import PREFERENCE_LIMIT, TOLERANCE, Criterion, Framework
from sysdesign.decide.node import Node, Worlds
from sysdesign.decide.span import Truth
from sysdesign.decide.worlds import Views

NONE = -1
RULED_OUT = 1e9
DOUBT = 1e3  # an option that a rule would rule out at the central values comes after all others


@dataclass(frozen=True)
class Outcome:
    """Arrays of options by worlds, but for `fired`, which has a Truth for each constraint."""

    options: tuple[str, ...]
    ruled_out: np.ndarray
    doubts: np.ndarray  # rules that hold at the central values, though not in every world
    regrets: np.ndarray  # criteria by options by worlds, weighted; 0 where a criterion does not concern an option
    liking: np.ndarray  # preferences for each option, bounded
    score: np.ndarray  # regret less liking; lower is better
    placing: np.ndarray  # what the order follows
    first: np.ndarray  # index of the first option, NONE where nothing survives
    fired: tuple[Truth, ...]


def evaluate(framework: Framework, views: Views) -> Outcome:
    """Run every rule of the framework over the worlds."""
    with np.errstate(all="ignore"):
        return _evaluate(framework, views)


def _evaluate(framework: Framework, views: Views) -> Outcome:
    options = tuple(framework.options)
    shape = (len(options), views.count)
    fired = tuple(_truth(rule.when, views) for rule in framework.constraints)
    ruled_out, doubts = _ruled_out(framework, fired, options, shape)
    regrets = np.zeros((len(framework.criteria), *shape))
    for at, criterion in enumerate(framework.criteria):
        _add_regret(regrets[at], criterion, options, views.central)
    liking = _liking(framework, options, views, shape)
    score = np.round(regrets.sum(axis=0) - liking, 9)
    placing = score + DOUBT * doubts + RULED_OUT * ruled_out
    placing[options.index(framework.default)] -= TOLERANCE
    first = np.where(ruled_out.all(axis=0), NONE, np.argmin(np.round(placing, 9), axis=0))
    return Outcome(options, ruled_out, doubts, regrets, liking, score, placing, first, fired)


def _truth(node: Node | None, views: Views) -> Truth:
    """`sure` over everything the worlds may be, `possible` at the central values."""
    assert node is not None
    central = node.truth(views.central)
    if views.possible is views.central:
        return central
    return Truth(node.truth(views.possible).sure, central.sure)


def _ruled_out(
    framework: Framework, fired: tuple[Truth, ...], options: tuple[str, ...], shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    ruled_out, doubts = np.zeros(shape, dtype=bool), np.zeros(shape)
    for rule, truth in zip(framework.constraints, fired, strict=True):
        for name in rule.rules_out:
            at = options.index(name)
            ruled_out[at] |= truth.sure
            doubts[at] += truth.possible & ~truth.sure
    return ruled_out, doubts


def _add_regret(regret: np.ndarray, criterion: Criterion, options: tuple[str, ...], worlds: Worlds) -> None:
    target, limit = criterion.target.number(worlds).low, criterion.limit.number(worlds).low
    counts = 1.0 if criterion.when is None else criterion.when.truth(worlds).sure
    known: dict[int, np.ndarray] = {}
    for name, node in criterion.values.items():
        if id(node) not in known:
            known[id(node)] = (
                regret_of(node.number(worlds).low, target, limit, criterion.log) * counts * criterion.weight
            )
        regret[options.index(name)] = known[id(node)]


def regret_of(value: np.ndarray, target: np.ndarray, limit: np.ndarray, log: bool = False) -> np.ndarray:
    """0 at the target or better, 1 at the limit or worse, straight between (by factors where `log`)."""
    if log:
        tiny = 1e-300
        value, target, limit = (np.log(np.maximum(x, tiny)) for x in (value, target, limit))
    width = limit - target
    share = (value - target) / np.where(width == 0, 1.0, width)
    share = np.where(width == 0, (value > target) * 1.0, share)
    return np.minimum(np.fmax(share, 0.0), 1.0)  # fmax: what is undefined counts for nothing


def _liking(framework: Framework, options: tuple[str, ...], views: Views, shape: tuple[int, int]) -> np.ndarray:
    liking = np.zeros(shape)
    for preference in framework.preferences:
        assert preference.when is not None
        liking[options.index(preference.option)] += preference.weight * preference.when.truth(views.central).sure
    return np.minimum(liking, PREFERENCE_LIMIT)
