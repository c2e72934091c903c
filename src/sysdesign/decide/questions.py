"""Which unknown fact would help most, and which would settle a close call."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sysdesign import units
from sysdesign.decide.evaluation import Evaluation, mean_regret, regret_with_rules
from sysdesign.decide.field import Number, Word
from sysdesign.decide.node import Array
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Interval
from sysdesign.decide.worlds import sampler_of

GROUPS = 4  # parts of a number's range that its answer is sorted into
MOST = 20.0  # regret of a group in which nothing survives
WORTH_ASKING = 0.01  # regret saved on average; less is noise at this number of worlds


@dataclass(frozen=True)
class Question:
    """A fact to ask for, and the mean regret that knowing it would save."""

    input: str
    saves: float
    leads: tuple[tuple[str, str], ...] = ()  # answers, as text, and what each makes first


def open_inputs(evaluation: Evaluation) -> tuple[str, ...]:
    """Inputs that were drawn."""
    workload = sampler_of(evaluation.worlds).workload
    inputs = evaluation.framework.fields_for(workload)
    return tuple(n for n in inputs if isinstance(workload.values.get(n), Interval) or n not in workload.values)


def question(evaluation: Evaluation, among: tuple[int, ...] = ()) -> Question | None:
    """The input whose answer would save most, over all options or among some; none where no answer would help."""
    chosen = list(among) or list(range(len(evaluation.options)))
    regrets, excluded = evaluation.regrets[chosen, 0], evaluation.excluded[chosen, 0]
    best = mean_regret(regrets, excluded).min()
    known = _when_known(evaluation, open_inputs(evaluation), regrets, excluded)
    found = [Question(name, best - then) for name, then in known.items() if best - then > WORTH_ASKING]
    asked = max(found, key=lambda each: (each.saves, each.input), default=None)
    return None if asked is None else replace(asked, leads=_leads(evaluation, asked.input, chosen))


def _leads(evaluation: Evaluation, name: str, chosen: list[int]) -> tuple[tuple[str, str], ...]:
    """What is best by the answer: each likely word, or the lowest and the highest part of a number's range."""
    field, worlds = FIELDS[name], evaluation.shape[1]
    values = np.broadcast_to(evaluation.worlds.of(name), (worlds,))
    if isinstance(field, Word):
        groups = [(field.words[word][1], np.flatnonzero(values == code)) for code, word in enumerate(field.names)]
    else:
        parts = np.array_split(np.argsort(values, kind="stable"), GROUPS)
        groups = [(_ends(field, values[part]), part) for part in (parts[0], parts[-1])]
    found = [(text, _best(evaluation, chosen, part)) for text, part in groups if len(part)]
    return tuple(found) if len({option for _, option in found}) > 1 else ()


def _ends(field: Number, values: Array) -> str:
    texts = (units.text(float(end), field.dimension, field.unit, 2) for end in (values[0], values[-1]))
    return " to ".join(dict.fromkeys(texts))


def _best(evaluation: Evaluation, chosen: list[int], part: Array) -> str:
    means = mean_regret(evaluation.regrets[chosen, 0][:, part], evaluation.excluded[chosen, 0][:, part])
    return evaluation.options[chosen[int(np.argmin(means))]]


def _when_known(evaluation: Evaluation, names: tuple[str, ...], regrets: Array, excluded: Array) -> dict[str, float]:
    """For each input the mean regret where each group of worlds gets its own best option."""
    worlds = regrets.shape[1]
    if not names:
        return {}
    groups = np.array([_group_of_each(evaluation, name, worlds) for name in names])
    count = int(groups.max()) + 1
    members = (groups[:, :, None] == np.arange(count)).astype(float)  # inputs by worlds by groups
    sizes = members.sum(axis=1)
    at_least_one = np.maximum(sizes, 1.0)
    means, shares = (
        np.einsum("ow,iwg->oig", each, members) / at_least_one for each in (regrets, excluded.astype(float))
    )
    best = np.minimum(regret_with_rules(means, shares).min(axis=0), MOST)
    return dict(zip(names, (np.sum(best * sizes, axis=1) / worlds).tolist(), strict=True))


def _group_of_each(evaluation: Evaluation, name: str, worlds: int) -> Array:
    """The group of each world: the code of its word, or the part of the range that its number lies in."""
    values = np.broadcast_to(evaluation.worlds.of(name), (worlds,))
    if isinstance(FIELDS[name], Word):
        return values.astype(int)
    found, starts = np.empty(worlds, dtype=int), np.arange(GROUPS + 1) * worlds // GROUPS
    found[np.argsort(values, kind="stable")] = np.repeat(np.arange(GROUPS), np.diff(starts))
    return found
