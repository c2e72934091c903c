"""When nothing survives: the smallest set of stated wishes that cannot hold together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from sysdesign.decide.evaluation import NONE, evaluate
from sysdesign.decide.framework import Framework
from sysdesign.decide.node import Worlds
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import sampled, sampler_of

SEARCHED = 12  # stated facts for which every subset is tried, smallest first
LIMIT_TRIES = 300


def smallest_conflict(framework: Framework, worlds: Worlds) -> tuple[str, ...]:
    """Names of the fewest stated facts that, with all else unknown, leave no option in any world.

    Up to twelve facts that take part are searched by size, so the set is a smallest
    one; with more, facts are dropped one by one, and the set is one that nothing can
    be dropped from.
    """
    workload = sampler_of(worlds).workload
    candidates = _taking_part(framework, worlds, workload)
    if not _nothing_left(framework, workload, candidates):
        return candidates
    facts = _dropped(framework, workload, candidates)
    if len(candidates) > SEARCHED:
        return facts
    tries = itertools.islice(_subsets(candidates, len(facts) - 1), LIMIT_TRIES)
    return next((subset for subset in tries if _nothing_left(framework, workload, subset)), facts)


def _taking_part(framework: Framework, worlds: Worlds, workload: Workload) -> tuple[str, ...]:
    fired = [rule.when for rule in framework.constraints if rule.when is not None and np.any(rule.when.truth(worlds))]
    return tuple(sorted(frozenset().union(*(when.fields for when in fired)) & workload.values.keys()))


def _subsets(names: Sequence[str], most: int) -> Iterator[tuple[str, ...]]:
    for size in range(most + 1):
        yield from itertools.combinations(names, size)


def _dropped(framework: Framework, workload: Workload, names: tuple[str, ...]) -> tuple[str, ...]:
    kept = list(names)
    for name in names:
        without = [other for other in kept if other != name]
        if _nothing_left(framework, workload, tuple(without)):
            kept = without
    return tuple(kept)


def _nothing_left(framework: Framework, workload: Workload, names: tuple[str, ...]) -> bool:
    fewer = Workload({name: workload.values[name] for name in names}, {})
    return bool(evaluate(framework, sampled(fewer, framework.derived)).leaders[0] == NONE)
