"""When nothing survives: the smallest set of stated wishes that cannot hold together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from sysdesign.decide.evaluation import NONE, evaluate
from sysdesign.decide.framework import Framework
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import stated_world

SEARCHED = 12  # stated facts for which every subset is tried, smallest first
LIMIT_TRIES = 600


def smallest_conflict(framework: Framework, workload: Workload) -> tuple[str, ...]:
    """Names of the fewest stated facts that, with all else unknown, leave no option.

    Up to twelve facts that take part are searched by size, so the set is a smallest
    one; with more, facts are dropped one by one, and the set is one that nothing can
    be dropped from. Empty where something survives.
    """
    if not _nothing_left(framework, workload, tuple(workload.values)):
        return ()
    facts = _dropped(framework, workload, _taking_part(framework, workload))
    candidates = _taking_part(framework, workload)
    if len(candidates) > SEARCHED:
        return facts
    tries = itertools.islice(_subsets(candidates, len(facts) - 1), LIMIT_TRIES)
    return next((subset for subset in tries if _nothing_left(framework, workload, subset)), facts)


def _taking_part(framework: Framework, workload: Workload) -> tuple[str, ...]:
    outcome = evaluate(framework, stated_world(framework, workload))
    fired = [rule for rule, truth in zip(framework.constraints, outcome.fired, strict=True) if np.all(truth.sure)]
    fields = frozenset().union(*(rule.when.fields for rule in fired if rule.when is not None))
    return tuple(sorted(name for name in fields if name in workload.values))


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
    fewer = Workload({name: workload.values[name] for name in names if name in workload.values}, {})
    return bool(evaluate(framework, stated_world(framework, fewer)).first[0] == NONE)
