"""How often the first choice stays first, over what is not known, and what to ask.

Worlds are drawn from the stated intervals and from the priors of what was left out.
The question is the input whose answer raises the expected share most: worlds are
sorted by its value (four groups for a number), and each group gets its own best choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sysdesign.decide.evaluation import evaluate
from sysdesign.decide.field import Word
from sysdesign.decide.framework import Framework
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import sampled_worlds

WORLDS = 1000
GROUPS = 4
WORTH_ASKING = 0.01  # a smaller gain is noise at this number of worlds


@dataclass(frozen=True)
class Confidence:
    """The share of sampled worlds in which the first stays first."""

    share: float
    worlds: int
    question: str  # the input to ask for, "" where no answer would help
    share_after: float  # expected share once it is answered
    rivals: tuple[tuple[str, float], ...]  # what is first in the other worlds, most often first; "" is nothing
    open_inputs: tuple[str, ...]  # inputs that were drawn


def confidence(framework: Framework, workload: Workload, first: str, worlds: int = WORLDS, seed: int = 0) -> Confidence:
    """Evaluate sampled worlds and find the one question worth asking."""
    views, draws = sampled_worlds(framework, workload, worlds, seed)
    outcome = np.broadcast_to(evaluate(framework, views).first, (worlds,))
    options = tuple(framework.options)
    base = options.index(first) if first else -1
    share = float(np.mean(outcome == base))
    question, after = _question(draws, outcome, len(options))
    counts = np.bincount(outcome + 1, minlength=len(options) + 1)
    rivals = [
        (options[at - 1] if at else "", float(counts[at] / worlds))
        for at in np.argsort(-counts, kind="stable")
        if counts[at]
    ]
    return Confidence(
        share,
        worlds,
        question,
        max(after, share),
        tuple(pair for pair in rivals if pair[0] != first),
        tuple(sorted(draws)),
    )


def _question(draws: dict[str, np.ndarray], outcome: np.ndarray, options: int) -> tuple[str, float]:
    best = float(np.bincount(outcome + 1).max() / len(outcome))
    asked = {name: _share_when_known(name, values, outcome, options) for name, values in draws.items()}
    if not asked:
        return "", best
    name = max(sorted(asked), key=lambda name: asked[name])
    return (name, asked[name]) if asked[name] - best > WORTH_ASKING else ("", best)


def _share_when_known(name: str, values: np.ndarray, outcome: np.ndarray, options: int) -> float:
    if isinstance(FIELDS[name], Word):
        groups, width = values, len(FIELDS[name].words)  # type: ignore[union-attr]
    else:
        groups, width = np.argsort(np.argsort(values, kind="stable"), kind="stable") * GROUPS // len(values), GROUPS
    table = np.bincount(groups * (options + 1) + outcome + 1, minlength=width * (options + 1)).reshape(
        width, options + 1
    )
    return float(table.max(axis=1).sum() / len(outcome))
