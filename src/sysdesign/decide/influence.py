"""Which inputs a form should ask for first: those that change the choice most often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sysdesign.decide.evaluation import evaluate
from sysdesign.decide.field import Number, Word
from sysdesign.decide.framework import Framework
from sysdesign.decide.node import Array
from sysdesign.decide.schema import field_entry
from sysdesign.decide.vocabulary import FIELDS
from sysdesign.decide.workload import Workload
from sysdesign.decide.worlds import sampled

WORLDS = 256
WIDER = 300.0  # how far beyond its likely range a number is drawn, as a factor on a log scale


@dataclass(frozen=True)
class RelevantInput:
    """An input that a framework reads, and the share of worlds in which changing it alone changes the choice."""

    name: str
    influence: float

    def as_json(self) -> dict[str, Any]:
        """For a form: name, kind, unit, bounds or words, what unknown means, and influence."""
        return {**field_entry(FIELDS[self.name]), "influence": round(self.influence, 4)}


def relevant_inputs(framework: Framework, seed: int = 0) -> tuple[RelevantInput, ...]:
    """The inputs of a framework, most influential first.

    Worlds are drawn far wider than the priors, so that inputs count by what they can
    do and not by how a plain system looks; then each input alone is drawn again.
    """
    generator = np.random.default_rng(seed)
    base = {name: wide_draws(name, WORLDS, generator) for name in framework.fields}
    first = _best(framework, base)
    found = []
    for name in framework.fields:
        again = _best(framework, {**base, name: wide_draws(name, WORLDS, generator)})
        found.append(RelevantInput(name, float(np.mean(again != first))))
    return tuple(sorted(found, key=lambda item: (-item.influence, item.name)))


def _best(framework: Framework, values: dict[str, Array]) -> Array:
    """The option of least regret in each world."""
    evaluation = evaluate(framework, sampled(Workload({}, {}), framework.derived, WORLDS))
    with np.errstate(all="ignore"):
        varied = evaluation.setting({name: each[None, :] for name, each in values.items()})
        return np.argmin(varied.totals[:, 0], axis=0)


def wide_draws(name: str, count: int, generator: np.random.Generator) -> np.ndarray:
    """Values of a field far beyond its likely range, inside its bounds; words evenly, as codes."""
    field = FIELDS[name]
    if isinstance(field, Word):
        return generator.integers(0, len(field.words), count)
    assert isinstance(field, Number)
    low, high = field.bounds
    likely_low, central, likely_high = field.prior
    if likely_low == likely_high:
        return np.full(count, central)
    if field.scale == "log":
        low = max(low, (likely_low or central / WIDER) / WIDER, 1e-12)
        high = max(min(high, likely_high * WIDER), low)
    elif field.scale == "linear":
        low, high = max(low, likely_low - central), min(high, likely_high * 4 + central)
    values = field.between(low, high, generator.random(count))
    return np.clip(np.rint(values) if field.whole else values, *field.bounds)
